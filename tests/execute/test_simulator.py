"""Simulated runs of the whole engine with everything that can go wrong; what holds in each is in tests/fakes. Many more by hand:

    python -m tests.fakes.simulator --seeds 20000
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.model import value
from gatekeeper.model.event import Event
from gatekeeper.model.plan import Resources
from gatekeeper.model.status import Outcome, Status
from tests.fakes.scenario import Scenario, scenario
from tests.fakes.simulation import Simulation
from tests.fakes.simulator import failure_of, search, shrunk

pytestmark = pytest.mark.faults

SEEDS = 200
#: what happens in so many runs, or they prove little
SEEN = {"tried again", "fell back", "held", "service", "again: from cache", "crash", "resumed", "no journal", "journal lost", "flaky", "from cache", "RunPaused", "RunResumed", "JobPaused", "Intervened", "Pressure",
        *Status.__members__.values()} - {Status.PENDING, Status.QUEUED, Status.RUNNING, Status.PAUSED, Status.SKIPPED}


def test_no_promise_is_broken_in_any_of_many_simulated_runs() -> None:
    seen = Counter[str]()
    assert [str(failure) for failure in search(range(SEEDS), seen)] == []
    assert SEEN - set(seen) == set()


def told(one: Scenario, folder: Path) -> tuple[list[Event], Outcome]:
    simulation = Simulation(one, str(folder / "run"))
    simulation.run()
    assert simulation.verdict is not None
    return simulation.told, simulation.verdict.outcome


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_stands_for_one_run(tmp_path: Path, seed: int) -> None:
    assert scenario(seed) == scenario(seed)
    assert told(scenario(seed), tmp_path) == told(scenario(seed), tmp_path)


def test_a_failure_is_told_with_the_fewest_happenings_and_jobs(tmp_path: Path) -> None:
    """Jobs that all want one name, in a scenario that says that they want nothing but cores: they wait although there is room."""
    one = next(one for seed in range(100) if (one := scenario(seed)).plain and one.happenings and one.cores > 1)
    jobs = tuple(value.replace(job, needs=(), after=(), unavailable=None, resources=Resources(exclusive=("port",))) for job in one.plan.jobs)
    failure = failure_of(replace(one, plan=value.replace(one.plan, jobs=jobs)), str(tmp_path / "run"))
    assert failure is not None
    smallest = shrunk(failure, str(tmp_path / "run"))
    assert (len(smallest.scenario.plan.jobs), smallest.scenario.happenings) == (2, ())
    assert str(smallest).startswith(f"seed {one.seed}: BrokenError: a job waits although there is room")
