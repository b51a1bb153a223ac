"""Prints as JSON what one of a thousand jobs costs, in milliseconds of CPU, its own and that of its processes: in a bare loop or in the executor.

Started by the interpreter that has Gatekeeper installed: `executor.py bare|plan`. What loading and starting up costs is not counted.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable

from gatekeeper.execute.control import Control
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.run import RunOptions, run_plan
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role

_JOBS = 1000
_TRUE = "/bin/true"


def _bare() -> None:
    """Two at once, as cheaply as Python can."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    running = 0
    for _ in range(_JOBS):
        if running == 2:
            os.wait()
            running -= 1
        os.posix_spawn(_TRUE, [_TRUE], os.environ, file_actions=actions, setsid=True)
        running += 1
    for _ in range(running):
        os.wait()


def _planned() -> None:
    jobs = tuple(Job(id=f"T/{number}", task="T", batch="alpha", command="true", tool_id="true", role=Role.LINT, component=None, argv=(_TRUE,), cwd=".",
                     reason=Reason(kind="asked", detail="")) for number in range(_JOBS))
    with tempfile.TemporaryDirectory() as folder, ProcessPool(run_id="benchmark") as pool:
        plan = Plan(root=folder, pipeline="benchmark", batches=(PlannedBatch(id="alpha", title="A"),), jobs=jobs)
        results = run_plan(plan, clock=time.monotonic, pool=pool, conclude=_conclude, publish=lambda _: None, folder=os.path.join(folder, "run"),
                           control=Control(), options=RunOptions(capacity=Capacity(cpu=2, memory_mb=10_000)))
    if any(result.status is not Status.PASSED for result in results) or len(results) != _JOBS:
        raise RuntimeError("not every job passed")


def _conclude(job: Job, attempt: Attempt) -> Result:
    return Result(job=job.id, status=Status.PASSED if attempt.exit_code == 0 else Status.ERRORED, attempts=(attempt,))


def _used() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _measured(work: Callable[[], None]) -> float:
    before = _used()
    work()
    return (_used() - before) / _JOBS * 1000


def main() -> None:
    """Measures the one that is named."""
    print(json.dumps({"cpu": _measured({"bare": _bare, "plan": _planned}[sys.argv[1]])}))


if __name__ == "__main__":
    main()
