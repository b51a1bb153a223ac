"""How a run stands beside its verdict, for a terminal: what changed, conditions with their scores, scores by dimension, how it ended. Knows no stream.

Short: conditions that hold are counted, and listed only where somebody asks for more; the reports have everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.display.spans import Line, Look, Span, bad, clipped, dim, good, line, padded, strong, warn
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, EndKind, Enforcement
from gatekeeper.model.result import RunRecord

#: conditions that do not hold and are shown; violations of each
MOST = 20
VIOLATIONS = 3
_WORDS = {ConditionStatus.PASSED: "holds", ConditionStatus.FAILED: "fails", ConditionStatus.WARNING: "warns", ConditionStatus.UNMEASURED: "unmeasured",
          ConditionStatus.REQUIRES_REVIEW: "to review", ConditionStatus.NOT_JUDGED: "not judged"}
_QUIET = frozenset({ConditionStatus.PASSED, ConditionStatus.NOT_JUDGED})


def delta_text(delta: Delta) -> str:
    """`compared with ...: 9 new, 21 unchanged, 2 fixed`; moved ones are unchanged that stand elsewhere."""
    fixed = len(delta.fixed) + len(delta.fixed_tests)
    parts = [f"{delta.new} new", f"{delta.unchanged + delta.moved} unchanged", f"{fixed} fixed"]
    return f"compared with {delta.against}: {', '.join(parts)}"


def condition_lines(record: RunRecord, look: Look) -> Iterator[Line]:
    """The conditions of the policy that do not hold, with score, violations and what to do; all of them where more is asked for."""
    if not record.assessments:
        return
    if look.quiet and all(one.status in _QUIET for one in record.assessments):
        return
    holding = sum(one.status is ConditionStatus.PASSED for one in record.assessments)
    apart = sum(one.status is ConditionStatus.NOT_JUDGED for one in record.assessments)
    yield line(strong("Conditions"), f" ({holding} of {len(record.assessments)} hold{f', {apart} not judged' if apart else ''})")
    shown = [one for one in record.assessments if look.verbose or one.status not in _QUIET]
    for one in shown if look.verbose else shown[:MOST]:
        yield from _condition(one)
    if len(shown) > MOST and not look.verbose:
        yield line(dim(f"  ... and {len(shown) - MOST} more; --verbose shows them"))


def _condition(one: Assessment) -> Iterator[Line]:
    score = f"  score {int(one.score)}" if one.score is not None else ""
    kind = "" if one.enforcement is Enforcement.BLOCKING else f"  ({one.enforcement})"
    word = padded(_WORDS[one.status], 10)
    yield line("  ", _style(one, word), f"  {one.subject}  ", clipped(f"{one.title}: {one.message}" if one.message else one.title), dim(f"{score}{kind}"))
    if one.status in _QUIET:
        return
    yield from (line("      ", clipped(text)) for text in one.violations[:VIOLATIONS])
    if len(one.violations) > VIOLATIONS:
        yield line(dim(f"      ... and {len(one.violations) - VIOLATIONS} more"))
    for text in one.recommendations[:1]:
        yield line("      ", dim("to do: "), clipped(text))


def _style(one: Assessment, word: str) -> Span:
    if one.status is ConditionStatus.PASSED:
        return good(word)
    if one.status is ConditionStatus.NOT_JUDGED:
        return dim(word)
    return bad(word) if one.status is ConditionStatus.FAILED and one.enforcement is Enforcement.BLOCKING else warn(word)


def score_lines(record: RunRecord, _look: Look) -> Iterator[Line]:
    """All scores on one line, rounded down so that 100 means all; what was not measured is left out."""
    told = [f"{score.dimension} {int(score.value)}" for score in record.scores if score.value is not None]
    if told:
        yield line(strong("Scores"), f"  {', '.join(told)}", dim("  of 100; they inform, conditions decide"))


def ending_text(record: RunRecord) -> str:
    """How the run ended where it did not simply complete; else empty. A reason that is the verdict's own is not said twice."""
    ending = record.ending
    if ending is None or ending.kind is EndKind.COMPLETED:
        return ""
    reason = "" if ending.reason == record.verdict.message else ending.reason
    told = ", ".join(word for word in (reason, "recoverable" if ending.recoverable else "") if word)
    return f"{ending.kind.replace('_', ' ')}{f' ({told})' if told else ''}"
