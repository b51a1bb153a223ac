"""How a run stands beside its verdict, as Markdown: what changed, conditions, scores, how it ended. For every page that people read.

Each function gives nothing where nothing was judged: no comparison, no policy, no scores. Knows no file and no limit of a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatekeeper.judge.excerpt import finding_line, test_name
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, EndKind
from gatekeeper.model.finding import Finding, State, TestCase
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Condition, RunRecord
from gatekeeper.model.sanitize import markdown_code, markdown_text
from gatekeeper.model.wording import count_text

#: rows of one table; whatever is more is counted, and the summary JSON has it
MOST_ROWS = 50
#: characters of one text in a table
LONGEST_CELL = 500
NOT_HOLDING = (ConditionStatus.FAILED, ConditionStatus.UNMEASURED, ConditionStatus.REQUIRES_REVIEW, ConditionStatus.WARNING)
_ORDER = {status: rank for rank, status in enumerate((*NOT_HOLDING, ConditionStatus.NOT_JUDGED, ConditionStatus.PASSED))}
Row = tuple[Job, Finding]


def new_findings(record: RunRecord) -> tuple[Row, ...]:
    """Findings that were compared and are new, with their jobs, what blocks and what is gravest first."""
    rows = [(job, finding) for job, result in record.pairs() for finding in result.findings if finding.state is State.NEW]
    ranks = {severity: rank for rank, severity in enumerate(("critical", "high", "medium", "low", "info"))}
    return tuple(sorted(rows, key=lambda row: (not row[0].blocking, ranks[row[1].severity], row[1].file or "", row[1].line or 0)))


def delta_words(delta: Delta, tests: int = 0) -> str:
    """`3 new, 10 unchanged, 1 moved, 2 fixed`; moved ones and tests only where there are any. `tests` of what is new are tests that fail."""
    of_which = f" ({count_text(delta.new - tests, 'finding')}, {count_text(tests, 'test')})" if 0 < tests <= delta.new else ""
    parts = [f"{delta.new} new{of_which}", f"{delta.unchanged} unchanged"]
    parts += [f"{delta.moved} moved"] if delta.moved else []
    parts += [f"{len(delta.fixed)} fixed"]
    parts += [f"{count_text(len(delta.fixed_tests), 'test')} fixed"] if delta.fixed_tests else []
    return ", ".join(parts)


def compared_words(record: RunRecord) -> str:
    """What changed against what was known, findings and tests together; nothing where nothing was compared."""
    tests = sum(test.state is State.NEW for result in record.results for test in result.tests)
    return delta_words(record.delta, tests) if record.delta is not None else ""


def ordered(assessments: Iterable[Assessment]) -> list[Assessment]:
    """Conditions with those that do not hold first, what blocks before what warns."""
    ranks = {"blocking": 0, "warning": 1, "advisory": 2}
    return sorted(assessments, key=lambda one: (_ORDER[one.status], ranks[one.enforcement], one.component or "", one.id))


def score_text(value: float | None) -> str:
    """A score of 0 to 100 without decimals, or that it was not measured."""
    return "not measured" if value is None else str(int(value))


def comparison_section(record: RunRecord) -> Iterator[str]:
    """What the findings were compared with and how many are new, unchanged and fixed; notes on the comparison below."""
    delta = record.delta
    if delta is None:
        return
    yield "## Compared"
    yield ""
    yield f"With {cell(delta.against)}: {compared_words(record)}."
    if delta.notes:
        yield ""
        yield from (f"- {cell(note)}" for note in delta.notes[:MOST_ROWS])
        yield from _more(len(delta.notes), "note")


def new_section(record: RunRecord, most: int = MOST_ROWS) -> Iterator[str]:
    """The new findings as a table."""
    rows = new_findings(record)
    if not rows:
        return
    yield f"## New findings ({len(rows)})"
    yield ""
    yield from table(["severity", "where", "rule", "says", "counts"], [
        [finding.severity, place(finding.file, finding.line), markdown_code(cut(finding.rule or finding.tool)), cell(finding.message),
         "blocking" if job.blocking else "advisory"] for job, finding in rows[:most]])
    yield from _more(len(rows), "new finding", most)


def fixed_section(record: RunRecord, most: int = MOST_ROWS) -> Iterator[str]:
    """What was known and is no longer there."""
    fixed: tuple[Finding | TestCase, ...] = (*record.delta.fixed, *record.delta.fixed_tests) if record.delta is not None else ()
    if not fixed:
        return
    yield f"## Fixed ({len(fixed)})"
    yield ""
    yield from (f"- {markdown_code(cut(finding_line(one) if isinstance(one, Finding) else test_name(one)))}" for one in fixed[:most])
    yield from _more(len(fixed), "fixed", most)


def conditions_section(record: RunRecord) -> Iterator[str]:
    """The conditions of the policy as a table, those that do not hold first and with what violates them and what to do."""
    conditions = ordered(record.assessments)
    if not conditions:
        return
    failing = sum(one.status in NOT_HOLDING for one in conditions)
    yield f"## Conditions ({len(conditions) - failing} of {len(conditions)} hold)"
    yield ""
    yield from table(["condition", "status", "counts", "score", "says"], [
        [f"{cell(one.title)}{f' in {markdown_code(cut(one.component))}' if one.component else ''}", one.status.replace("_", " "), one.enforcement,
         score_text(one.score), cell(one.message)] for one in conditions[:MOST_ROWS]])
    yield from _more(len(conditions), "condition")
    for one in conditions[:MOST_ROWS]:
        if one.status is not ConditionStatus.PASSED:
            yield from _why(one)


def _why(one: Assessment) -> Iterator[str]:
    lines = [f"- {markdown_code(cut(line))}" for line in one.violations[:10]]
    lines += [f"- ... and {len(one.violations) - 10} more"] if len(one.violations) > 10 else []
    lines += [f"- to do: {cell(line)}" for line in one.recommendations[:5]]
    if lines:
        yield from ("", f"**{cell(one.title) or '(no title)'}**", "", *lines)


def scores_section(record: RunRecord) -> Iterator[str]:
    """Scores by dimension with what they are made from; they inform, conditions decide."""
    if record.scores:
        yield "## Scores"
        yield ""
        yield from table(["dimension", "score", "from"], [[score.dimension, score_text(score.value), cell(score.basis)] for score in record.scores])


def ending_section(record: RunRecord) -> Iterator[str]:
    """How the run ended, where it did not simply complete, with its gaps."""
    ending = record.ending
    if ending is None or ending.kind is EndKind.COMPLETED:
        return
    yield f"## Ended: {ending.kind.replace('_', ' ')}"
    yield ""
    yield f"{cell(ending.reason) or 'No reason was given.'} {'(recoverable)' if ending.recoverable else ''}".rstrip()
    if ending.gaps:
        yield ""
        yield from (f"- {_gap(gap, record)}" for gap in ending.gaps[:MOST_ROWS])
        yield from _more(len(ending.gaps), "gap")


def _gap(gap: str, record: RunRecord) -> str:
    """A gap with its job as code: as text it would be kept from calling people by `@name`, and could not be copied."""
    job, _, rest = gap.partition(": ")
    return f"{markdown_code(job)}: {cell(rest)}" if rest and record.plan.job(job) is not None else cell(gap)


def decided(condition: Condition) -> str:
    """What one condition of the verdict says, and what to do, as one line of a list."""
    said = cell(condition.message)
    hint = f"{'' if said.endswith(('.', '!', '?')) or not said else '.'} To do: {markdown_code(condition.hint)}" if condition.hint else ""
    return f"- **{condition.outcome}** {markdown_code(condition.subject)}: {said}{hint}"


def place(file: str | None, line: int | None) -> str:
    """A file with its line as a code span; empty where there is no file."""
    return markdown_code(cut(file if line is None else f"{file}:{line}")) if file is not None else ""


def cut(text: str, longest: int = LONGEST_CELL) -> str:
    """A text of bearable length, that says what is missing."""
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text) - longest} more characters)"


def cell(text: str) -> str:
    """A text of bearable length that shows itself literally."""
    return markdown_text(cut(text))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(text or ' ' for text in row)} |"


def _more(number: int, noun: str, most: int = MOST_ROWS) -> Iterator[str]:
    if number > most:
        yield ""
        yield f"... and {number - most} more ({noun}), see the summary JSON."
