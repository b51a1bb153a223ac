"""One run of jobs on a pool without processes: what a test of the run loop needs."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.execute.control import Action, Control, Request
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.ports import RunOptions
from gatekeeper.execute.run import run_plan
from gatekeeper.model.finding import Category, Finding, Level, Severity
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import replace
from tests.fakes.clock import ManualClock
from tests.fakes.events import RecordedEvents
from tests.fakes.pool import FakePool, Script, Scripts

PLAIN = Job(id="T/a", task="T", batch="alpha", command="c", tool_id="t", role=Role.LINT, component=None, argv=("tool",), cwd=".",
            reason=Reason(kind="asked", detail=""))


def job(name: str, **fields: object) -> Job:
    return replace(PLAIN, id=f"T/{name}", **fields)  # type: ignore[arg-type]


def conclude(job: Job, attempt: Attempt) -> Result:
    """As the session would, in short."""
    if attempt.timed_out:
        return Result(job=job.id, status=Status.TIMED_OUT, cause=Cause.TIMEOUT, attempts=(attempt,))
    if attempt.spawn_error:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.SPAWN, message=attempt.spawn_error, attempts=(attempt,))
    if attempt.lost:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.LOST, attempts=(attempt,))
    if attempt.signal is not None:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.SIGNAL, message=f"ended by signal {attempt.signal}", attempts=(attempt,))
    if attempt.exit_code in _ERRORS:
        return Result(job=job.id, status=Status.ERRORED, cause=_ERRORS[attempt.exit_code], message=f"exit code {attempt.exit_code}", attempts=(attempt,))
    if attempt.exit_code == NOTHING:
        return Result(job=job.id, status=Status.UNMEASURED, cause=Cause.NOTHING_CHECKED, message="checked nothing", attempts=(attempt,))
    if attempt.exit_code == FOUND:
        found = Finding(tool="t", message="bad", level=Level.ERROR, severity=Severity.HIGH, category=Category.STYLE)
        return Result(job=job.id, status=Status.FAILED, cause=Cause.FINDINGS, message="1 finding", attempts=(attempt,), findings=(found,))
    return Result(job=job.id, status=Status.PASSED if attempt.exit_code == 0 else Status.FAILED, attempts=(attempt,))


#: exit codes of the jobs of this house
CRASHED, MISUSED, HUNGRY, NOTHING, FOUND = 70, 64, 137, 5, 3
_ERRORS = {CRASHED: Cause.CRASH, MISUSED: Cause.USAGE, HUNGRY: Cause.OUT_OF_MEMORY}


class House:
    """One run of `jobs` on a fake pool."""

    def __init__(self, folder: Path, *jobs: Job, scripts: Scripts | None = None, timeout: float = 3600.0,
                 batch: PlannedBatch | None = None, fail_fast: bool = False, cores: int = 2) -> None:
        self.clock, self.events, self.control = ManualClock(), RecordedEvents(), Control()
        self.pool = FakePool(self.clock, scripts)
        self.plan = Plan(root=str(folder), pipeline="default", batches=(batch or PlannedBatch(id="alpha", title="A"),), jobs=jobs, timeout=timeout)
        self.folder = str(folder / "run")
        self.options = RunOptions(capacity=Capacity(cpu=cores, memory_mb=1000), environment={"BASE": "1"}, fail_fast=fail_fast)

    def ask(self, moment: float, action: Action, subject: str = "", **more: str) -> None:
        """Somebody asks something of the run at that moment."""
        request = Request(action=action, subject=subject, **more)
        self.pool.at(moment, lambda: self.control.ask(request))

    def run(self) -> tuple[Result, ...]:
        return run_plan(self.plan, clock=self.clock, pool=self.pool, conclude=conclude, publish=self.events, folder=self.folder,
                        control=self.control, options=self.options)

    def said(self) -> list[tuple[str, Status, Cause | None, str]]:
        return [(result.job, result.status, result.cause, result.message) for result in self.run()]


FAILS = Script(attempt=Attempt(exit_code=1))


def ends(exit_code: int, seconds: float = 1.0, stderr: bytes = b"") -> Script:
    """A job that ends so."""
    return Script(attempt=Attempt(exit_code=exit_code), seconds=seconds, stderr=stderr)
