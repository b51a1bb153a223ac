"""Prints as JSON what one job costs us, in microseconds of CPU and wall, in a bare loop and in the executor.

Started by the interpreter that has Gatekeeper installed. Only our own CPU counts: that of the children is the jobs' business.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable

from gatekeeper.execute.line import Capacity
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.run import Control, RunOptions, run_plan
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role

_JOBS = 1000
_TRUE = "/bin/true"


def _bare() -> None:
    for _ in range(_JOBS):
        subprocess.Popen([_TRUE], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True).wait()


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


def _measured(work: Callable[[], None]) -> tuple[float, float]:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _JOBS * 1e6, wall / _JOBS * 1e6


def main() -> None:
    """Measures both, one after the other, in one process."""
    bare_cpu, bare_wall = _measured(_bare)
    plan_cpu, plan_wall = _measured(_planned)
    print(json.dumps({"bare_cpu": bare_cpu, "bare_wall": bare_wall, "plan_cpu": plan_cpu, "plan_wall": plan_wall}))


if __name__ == "__main__":
    main()
