"""What starting a job costs a runner: CPU seconds of everything, less those of a bare loop that spawns and waits."""

from __future__ import annotations

import json
import os
import random
import statistics
from collections.abc import Callable, Sequence

from measure import Contestant, Row, Told, run_once
from places import Place, run, write

_JOBS = 1000
_TRUE = "/bin/true"


def thousand(place: Place, repeats: int) -> Told:
    """A thousand jobs that do nothing, two at once: CPU of the runner for each, over that of a loop that only spawns. Ours is the executor alone."""
    folder = os.path.join(place.folder, "thousand", "work")
    _lay_out(folder)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "executor.py")
    ways: dict[str, Callable[[], float]] = {name: _started(place, folder, argv) for name, argv in _runners(place).items()}
    for name, key in (("bare loop: spawn, wait", "bare"), ("gatekeeper, run_plan", "plan")):
        ways[name] = _told(place, script, key)
    costs: dict[str, list[float]] = {name: [] for name in ways}
    chance = random.Random(_JOBS)
    for number in range(repeats + 1):
        for name in chance.sample(list(ways), len(ways)):
            cost = ways[name]()
            if number:
                costs[name].append(cost)
    middle = {name: statistics.median(found) for name, found in costs.items()}
    bare = middle["bare loop: spawn, wait"]
    over = middle["gatekeeper, run_plan"] - bare
    return Told(_rows(middle, bare, costs), f"{over:.2f} ms per job", over <= 0.25)


def _rows(middle: dict[str, float], bare: float, costs: dict[str, list[float]]) -> list[Row]:
    return [("what", "CPU ms per job (least to most)", "over the bare loop"),
            *((name, f"{cost:.2f} ({min(costs[name]):.2f} to {max(costs[name]):.2f})", f"{cost - bare:+.2f}") for name, cost in sorted(middle.items(), key=lambda item: item[1]))]


def _runners(place: Place) -> dict[str, Sequence[str]]:
    """The peers that are there; `parallel` and `make` come with the machine, or not."""
    found: dict[str, Sequence[str]] = {"ninja -j2": [place.peer("ninja"), "-j2"]}
    if xargs := place.system("xargs"):
        found["xargs -P2"] = [xargs, "-a", "numbers", "-P2", "-n1", _TRUE]
    if make := place.system("make"):
        found["make -j2"] = [make, "-s", "-j2"]
    if parallel := place.system("parallel"):
        found["GNU parallel -j2"] = [parallel, "--will-cite", "-j2", "-a", "numbers", _TRUE]
    return found


def _lay_out(folder: str) -> None:
    jobs = range(_JOBS)
    write(os.path.join(folder, "numbers"), "".join(f"{number}\n" for number in jobs))
    write(os.path.join(folder, "Makefile"), f"all: {' '.join(f'j{number}' for number in jobs)}\n.PHONY: all\n" + "".join(f"j{number}:\n\t@{_TRUE}\n" for number in jobs))
    write(os.path.join(folder, "build.ninja"), f"rule r\n  command = {_TRUE}\n" + "".join(f"build j{number}: r\n" for number in jobs))


def _started(place: Place, folder: str, argv: Sequence[str]) -> Callable[[], float]:
    def forget() -> None:
        for name in (".ninja_log", ".ninja_deps"):
            if os.path.exists(path := os.path.join(folder, name)):
                os.unlink(path)

    def once() -> float:
        forget()
        return run_once(Contestant(name=argv[0], argv=argv, cwd=folder, env=place.env)).cpu / _JOBS * 1000

    return once


def _told(place: Place, script: str, key: str) -> Callable[[], float]:
    return lambda: float(json.loads(run([place.program("python"), script, key], cwd=place.folder, env=place.env))["cpu"])
