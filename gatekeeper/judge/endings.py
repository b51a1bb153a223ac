"""Which of the five ends a run came to. Pure; knows results and verdict.

completed: every job did its work, whatever it found. partially_completed: some did not, they are the gaps. failed: none did, or the run could
not say what it found. cancelled: somebody stopped it. escalated: everything is done but what waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.model.assessment import Assessment, ConditionStatus, Ending, EndKind, Enforcement
from gatekeeper.model.result import Result, Verdict
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.model.wording import count_text

_DONE = frozenset({Status.PASSED, Status.FAILED, Status.SKIPPED})
#: what another try, more time, or an installation may mend
_PASSING = frozenset({Cause.TIMEOUT, Cause.BUDGET, Cause.OUT_OF_MEMORY, Cause.SIGNAL, Cause.SPAWN, Cause.LOST, Cause.MISSING_TOOL, Cause.MISSING_DEPENDENCIES,
                      Cause.NEED, Cause.INTERRUPT, Cause.FAIL_FAST, Cause.SERVICE, Cause.ABORT})


def ending(results: Sequence[Result], verdict: Verdict, assessments: Sequence[Assessment] = (), *, lost: str | None = None) -> Ending:
    """How the run ended. `lost` says why it could not leave what it found (reports that could not be written)."""
    open_ = [result for result in results if result.status not in _DONE]
    gaps = tuple(_gap(result) for result in open_)
    if verdict.outcome is Outcome.INTERRUPTED:
        return Ending(kind=EndKind.CANCELLED, reason=verdict.conditions[0].message if verdict.conditions else "interrupted", recoverable=True, gaps=gaps)
    if lost is not None:
        return Ending(kind=EndKind.FAILED, reason=lost, recoverable=True, gaps=gaps)
    mendable = all(result.cause in _PASSING for result in open_)
    if open_ and len(open_) == len(results):
        return Ending(kind=EndKind.FAILED, reason="no job did its work", recoverable=mendable, gaps=gaps)
    if open_:
        return Ending(kind=EndKind.PARTIALLY_COMPLETED, reason=f"{count_text(len(open_), 'job')} of {len(results)} did not do {'its' if len(open_) == 1 else 'their'} work",
                      recoverable=mendable, gaps=gaps)
    waiting = [one for one in assessments if one.status is ConditionStatus.REQUIRES_REVIEW and one.enforcement is Enforcement.BLOCKING]
    if waiting and verdict.outcome is not Outcome.FAIL:
        return Ending(kind=EndKind.ESCALATED, reason="; ".join(f"{one.id}: {one.message}" for one in waiting), recoverable=True)
    return Ending(kind=EndKind.COMPLETED)


def _gap(result: Result) -> str:
    said = str(result.status).replace("_", " ")
    return f"{result.job}: {said}{f': {result.message}' if result.message else ''}"
