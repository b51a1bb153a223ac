"""Looks for a seed whose simulated run breaks a promise, and for the fewest happenings and jobs with which it still does.

    python -m tests.fakes.simulator --seeds 20000
    python -m tests.fakes.simulator --from 1234 --seeds 1

What is simulated, and what is checked, is in `simulation`; what a seed stands for is in `scenario`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from gatekeeper.model.event import Event, JobFinished
from gatekeeper.model.plan import Job
from tests.fakes.scenario import Scenario, scenario
from tests.fakes.simulation import Simulation
from tests.fakes.world import BrokenError


@contextlib.contextmanager
def scratch() -> Iterator[str]:
    """A folder in memory, where the system has such."""
    folder = tempfile.mkdtemp(prefix="gatekeeper-simulator-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What does not hold, and the smallest scenario in which it does not."""

    error: BaseException
    scenario: Scenario
    events: tuple[Event, ...]

    def __str__(self) -> str:
        jobs = "\n".join(f"  {_described(job, self.scenario)}" for job in self.scenario.plan.jobs)
        told = "\n".join(f"  {_told(event)}" for event in self.events)
        happened = "\n".join(f"  {_brief(one)}" for one in self.scenario.happenings)
        return (f"seed {self.scenario.seed}: {type(self.error).__name__}: {': '.join(map(str, self.error.args))}\n"
                f"cores {self.scenario.cores}, memory {self.scenario.memory_mb}, fail fast {self.scenario.fail_fast}, timeout {self.scenario.plan.timeout}, "
                f"batches {[(batch.id, batch.timeout) for batch in self.scenario.plan.batches if batch.timeout]}\njobs\n{jobs}\nhappenings\n{happened}\nevents\n{told}")


def _described(job: Job, one: Scenario) -> str:
    goes = "; ".join(_brief(go) for go in one.goes[job.id])
    declared = [_brief(part) for part in (job.resources, job.retry, job.recovery)]
    words = ["blocking" if job.blocking else "advisory", *(["unavailable"] if job.unavailable else []), *(["with a fallback"] if job.fallback else []), *job.services]
    return f"{job.id} [{goes}] {job.batch} needs={job.needs} after={job.after} timeout={job.timeout} {' '.join([*declared, *words])}"


def _brief(one: object) -> str:
    """A value, without what is as usual."""
    told = [f"{part.name}={f'{got:.3f}' if isinstance(got, float) else got}" for part in fields(one) if (got := getattr(one, part.name)) != part.default]  # type: ignore[arg-type]
    return f"{type(one).__name__}({', '.join(told)})"


def _told(event: Event) -> str:
    more = getattr(event, "message", "") or getattr(event, "action", "") or getattr(event, "reason", "")
    if isinstance(event, JobFinished):
        more = f"{event.result.status} {event.result.cause or ''} {event.result.message}"
    return f"{event.at:10.3f} {type(event).__name__} {getattr(event, 'job', None) or ''} {more}".rstrip()


def failure_of(one: Scenario, folder: str, seen: Counter[str] | None = None) -> Failure | None:
    """What does not hold in a scenario; None where all does, and then `seen` counts what happened in it."""
    simulation = Simulation(one, folder)
    try:
        simulation.run()
    except Exception as error:  # noqa: BLE001 - whatever the engine raises is a failure
        return Failure(error=error, scenario=one, events=tuple(simulation.told))
    if seen is not None:
        seen.update(simulation.seen)
    return None


def shrunk(found: Failure, folder: str) -> Failure:
    """The same failure with as few happenings and jobs as a greedy search finds."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(found.scenario):
            again = failure_of(candidate, folder)
            if again is not None and _kind(again.error) == _kind(found.error):
                found, smaller = again, True
                break
    return found


def _smaller(one: Scenario) -> Iterator[Scenario]:
    for number in range(len(one.happenings)):
        yield replace(one, happenings=one.happenings[:number] + one.happenings[number + 1:])
    for job in one.plan.jobs if len(one.plan.jobs) > 1 else ():
        yield one.without(job.id)


def _kind(error: BaseException) -> tuple[str, str]:
    return type(error).__name__, str(error.args[0]) if isinstance(error, BrokenError) else ""


def search(seeds: range, seen: Counter[str], *, most: int = 1) -> list[Failure]:
    """The first failures among these seeds, each of another kind, shrunk; `seen` counts what happened in how many of them."""
    found: dict[tuple[str, str], Failure] = {}
    with scratch() as place:
        folder = os.path.join(place, "run")
        for seed in seeds:
            failure = failure_of(scenario(seed), folder, seen)
            if failure is not None and _kind(failure.error) not in found:
                found[_kind(failure.error)] = shrunk(failure, folder)
            if len(found) >= most:
                break
    return list(found.values())


def main() -> int:
    """Run many seeds and tell the first failures, or what was seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--most", type=int, default=5, help="kinds of failures after which to stop")
    words = parser.parse_args()
    began, seen = time.monotonic(), Counter[str]()
    found = search(range(words.first, words.first + words.seeds), seen, most=words.most)
    for failure in found:
        print(failure, end="\n\n")
    print(f"{words.seeds} seeds, {len(found)} kinds of failures, {time.monotonic() - began:.0f} s; of the sound ones so many had:\n{dict(seen.most_common())}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
