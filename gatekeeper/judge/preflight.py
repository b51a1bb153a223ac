"""Whether a planned run could measure what it is to, told before anything runs: five checks, each with one of four results. Pure.

Knows the plan and what the machine has; does not know how either was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from gatekeeper.judge.policy.assess import condition_ids
from gatekeeper.model.component import Problem
from gatekeeper.model.duration import spoken
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text, size_text

#: bytes that reports, logs and backups of a run may need
_ROOM = 200 * 1024 * 1024


class CheckResult(StrEnum):
    """What a check says; `REQUIRES_REVIEW`: a person must look before the answer means something."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    REQUIRES_REVIEW = "requires_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name, its result, one line, and what it is about."""

    check: str
    result: CheckResult
    message: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What the checks look at. Memory in MB, disk in bytes (None: unknown). `executes` are jobs that run code of the repository; `proposed` are files
    that decide the run and that the change under judgement touches; over a proposal that is not trusted, those that stay its own."""

    plan: Plan
    settings: Settings
    problems: tuple[Problem, ...] = ()
    executes: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    memory_mb: int = 0
    free_bytes: int | None = None


def preflight(prospect: Prospect) -> tuple[Check, ...]:
    """The five checks, in order."""
    return tuple(check(prospect) for check in CHECKS)


def worst(checks: Sequence[Check]) -> CheckResult:
    """The result that weighs most: failed, then requires_review, warning, passed."""
    order = (CheckResult.FAILED, CheckResult.REQUIRES_REVIEW, CheckResult.WARNING)
    return next((result for result in order if any(check.result is result for check in checks)), CheckResult.PASSED)


def unreadable(message: str) -> tuple[Check, ...]:
    """The checks where the configuration itself cannot be read: nothing else can be told."""
    return (Check(check="description", result=CheckResult.FAILED, message=message),)


def _description(prospect: Prospect) -> Check:
    grave = tuple(f"{problem.file}: {problem.message}" for problem in prospect.problems if not problem.harmless)
    if grave:
        return Check(check="description", result=CheckResult.FAILED, message=f"{count_text(len(grave), 'file')} could not be read", details=grave)
    origins = {origin.partition(":")[0] for origin in prospect.settings.origins.values() if origin.partition(":")[0].endswith(".yaml")}
    said = f"{' and '.join(sorted(origins))} valid" if origins else "no configuration that sets anything, the defaults hold"
    return Check(check="description", result=CheckResult.PASSED, message=said)


def _requirements(prospect: Prospect) -> Check:
    lacking = [job for job in prospect.plan.jobs if job.unavailable is not None]
    details = tuple(f"{job.id}: {job.unavailable.detail}: {job.unavailable.hint}" for job in lacking if job.unavailable is not None)
    blocking = sum(job.blocking for job in lacking)
    if blocking:
        return Check(check="requirements", result=CheckResult.FAILED, message=f"{count_text(blocking, 'blocking job')} cannot run", details=details)
    if lacking:
        return Check(check="requirements", result=CheckResult.WARNING, message=f"{count_text(len(lacking), 'advisory job')} cannot run", details=details)
    return Check(check="requirements", result=CheckResult.PASSED, message=f"every tool of {count_text(len(prospect.plan.jobs), 'job')} is there")


def _security(prospect: Prospect) -> Check:
    if prospect.proposed:
        said = "what tools obey, which --trust base leaves to it: review it" if prospect.settings.trusted else "what judges it: review it, or run with --trust base"
        return Check(check="security", result=CheckResult.REQUIRES_REVIEW, details=prospect.proposed, message=f"the change under judgement touches {said}")
    if prospect.executes:
        return Check(check="security", result=CheckResult.WARNING, details=prospect.executes,
                     message=f"{count_text(len(prospect.executes), 'job')} would execute code that the repository brings")
    return Check(check="security", result=CheckResult.PASSED, message="nothing would execute code that the repository brings")


def _feasibility(prospect: Prospect) -> Check:
    plan = prospect.plan
    if not plan.jobs and not plan.scoped:
        return Check(check="feasibility", result=CheckResult.FAILED, message="there is nothing to run")
    late = [f"{batch.id}: about {spoken(seconds)}, its timeout is {spoken(batch.timeout)}" for batch in plan.batches
            if batch.timeout is not None and (seconds := _longest(plan, batch.id)) > batch.timeout]
    if plan.estimated_seconds > plan.timeout:
        late.insert(0, f"the run: about {spoken(plan.estimated_seconds)}, its timeout is {spoken(plan.timeout)}")
    if late:
        return Check(check="feasibility", result=CheckResult.FAILED, message="there is not enough time", details=tuple(late))
    given = {text.partition("=")[0] for text in prospect.settings.approvals}
    pairs = zip(condition_ids(prospect.settings.conditions), prospect.settings.conditions, strict=True)
    waiting = tuple(name for name, condition in pairs if condition.kind == "approval" and name not in given and not condition.files)
    if waiting:
        return Check(check="feasibility", result=CheckResult.REQUIRES_REVIEW, details=waiting,
                     message=f"{count_text(len(waiting), 'condition')} would wait for an approval: --approve ID=NAME")
    return Check(check="feasibility", result=CheckResult.PASSED,
                 message=f"{count_text(len(plan.jobs), 'job')} in about {spoken(plan.estimated_seconds)}, within {spoken(plan.timeout)}")


def _longest(plan: Plan, batch: str) -> float:
    return max((job.estimated_seconds for job in plan.jobs if job.batch == batch), default=0.0)


def _resources(prospect: Prospect) -> Check:
    wide: list[Job] = [job for job in prospect.plan.jobs if prospect.memory_mb and job.resources.memory_mb > prospect.memory_mb]
    if prospect.free_bytes is not None and prospect.free_bytes < _ROOM:
        return Check(check="resources", result=CheckResult.FAILED, message=f"{size_text(prospect.free_bytes)} of disk are free, {size_text(_ROOM)} are wanted")
    if wide:
        return Check(check="resources", result=CheckResult.WARNING, message=f"{count_text(len(wide), 'job')} may want more than the {prospect.memory_mb} MB that are free",
                     details=tuple(f"{job.id}: {job.resources.memory_mb} MB" for job in wide))
    disk = f", {size_text(prospect.free_bytes)} of disk" if prospect.free_bytes is not None else ""
    return Check(check="resources", result=CheckResult.PASSED, message=f"{prospect.plan.pool_size} at once, {prospect.memory_mb} MB of memory{disk}")


CHECKS: tuple[Callable[[Prospect], Check], ...] = (_description, _requirements, _security, _feasibility, _resources)
