"""The Markdown report: verdict, batches, failures with the lines that matter, what could not be measured, tests, tools. Knows no file.

Everything that tools said stands in code spans and fences that it cannot close (`model.sanitize`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatekeeper.judge.counters import SIX, apart_text, counters, total
from gatekeeper.judge.excerpt import excerpt, repeat_command, test_name
from gatekeeper.model.duration import spoken
from gatekeeper.model.finding import TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Counters, Result, RunRecord
from gatekeeper.model.sanitize import markdown_code, markdown_fence, markdown_text
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.wording import count_text, size_text
from gatekeeper.report.standing import (
    cell,
    comparison_section,
    conditions_section,
    cut,
    decided,
    ending_section,
    fixed_section,
    new_section,
    scores_section,
    table,
)
from gatekeeper.report.summary import severity_counts, test_counts

WORDS = {Outcome.PASS: "PASS", Outcome.FAIL: "FAIL", Outcome.INCOMPLETE: "INCOMPLETE", Outcome.INTERRUPTED: "INTERRUPTED"}
BROKEN = frozenset({Status.ERRORED, Status.TIMED_OUT})
NOT_MEASURED = frozenset({Status.UNMEASURED, Status.UNAVAILABLE, Status.BLOCKED, Status.NOT_RUN, Status.CANCELLED})
MOST_JOBS = 50
MOST_SKIPPED = 30
#: characters of one line of a block
LONGEST_LINE = 2_000

Pair = tuple[Job, Result]


def render(record: RunRecord) -> bytes:
    """The report as UTF-8 Markdown (GitHub flavour)."""
    sections = (_head, comparison_section, new_section, conditions_section, _batches, _failures, _errors, _not_measured, ending_section, _spared, _advice,
                fixed_section, scores_section, _tests, _tools, _notes, _artifacts)
    return joined(section(record) for section in sections)


def joined(sections: Iterable[Iterable[str]]) -> bytes:
    """Sections of lines as one page, empty ones left out."""
    blocks = ["\n".join(lines) for section in sections if (lines := list(section))]
    return ("\n\n".join(blocks) + "\n").encode()


def _head(record: RunRecord) -> Iterator[str]:
    verdict = record.verdict
    yield f"# {WORDS[verdict.outcome]}"
    yield ""
    if verdict.message:
        yield markdown_text(verdict.message)
        yield ""
    yield (f"Run {markdown_code(record.run_id)} of {markdown_code(record.plan.root)}, started {markdown_text(record.started_at)}, "
           f"took {spoken(record.wall_seconds)}; pipeline {markdown_code(record.plan.pipeline)}, {markdown_text(record.plan.scope)}; "
           f"{count_text(len(record.results), 'job')}, at most {record.plan.pool_size} at once; exit code {verdict.exit_code}.")
    for number, condition in enumerate(verdict.conditions):
        yield from () if number else ("",)
        yield decided(condition)


def _batches(record: RunRecord) -> Iterator[str]:
    parts = counters(record.plan, record.results)
    seconds = dict(record.batch_seconds)
    rows = []
    for batch in record.plan.batches:
        took = seconds.get(batch.id)
        target = "" if batch.target is None else spoken(batch.target) + (" (missed)" if took is not None and took > batch.target else "")
        rows.append([f"{markdown_text(batch.id)} {markdown_text(batch.title)}", *_counts(parts[batch.id]), "" if took is None else spoken(took), target])
    rows.append(["all", *_counts(total(parts.values())), spoken(record.wall_seconds), ""])
    yield "## Batches"
    yield ""
    yield from table(["batch", *SIX, "apart", "time", "target"], rows)


def _counts(part: Counters) -> list[str]:
    return [*(str(getattr(part, name)) for name in SIX), apart_text(part)]


def _failures(record: RunRecord) -> Iterator[str]:
    yield from job_sections("Failed", [pair for pair in record.pairs() if pair[1].status is Status.FAILED and pair[0].blocking])


def _errors(record: RunRecord) -> Iterator[str]:
    pairs = sorted((pair for pair in record.pairs() if pair[1].status in BROKEN), key=lambda pair: not pair[0].blocking)
    yield from job_sections("Could not do their work", pairs)


def _not_measured(record: RunRecord) -> Iterator[str]:
    yield from unmeasured_section([pair for pair in record.pairs() if pair[1].status in NOT_MEASURED])


def unmeasured_section(pairs: Sequence[Pair]) -> Iterator[str]:
    """What measured nothing, why, and what to do; nothing where there is nothing of it."""
    if not pairs:
        return
    yield "## Could not be measured"
    yield ""
    yield from table(["job", "status", "counts", "why", "what to do"], [
        [markdown_code(job.id), result.status, "blocking" if job.blocking else "advisory",
         cell(result.message or (result.cause or "")), markdown_code(cut(result.hint or ""))] for job, result in pairs[:MOST_JOBS]])
    if len(pairs) > MOST_JOBS:
        yield from ("", f"... and {len(pairs) - MOST_JOBS} more, see the summary JSON.")


def _spared(record: RunRecord) -> Iterator[str]:
    """Blocking jobs that pass with findings: known, suppressed, or below what makes the job fail."""
    pairs = [(job, result) for job, result in record.pairs() if job.blocking and result.status is Status.PASSED and result.findings]
    yield from job_sections("Passed with findings", pairs)


def _advice(record: RunRecord) -> Iterator[str]:
    pairs = [(job, result) for job, result in record.pairs()
             if not job.blocking and (result.status is Status.FAILED or (result.status is Status.PASSED and result.findings))]
    yield from job_sections("Advice (never red)", pairs)


def job_sections(title: str, pairs: Sequence[Pair]) -> Iterator[str]:
    """A heading, and per job what it says, the lines that matter and how to repeat it; nothing where there are no jobs."""
    if not pairs:
        return
    yield f"## {title}"
    for job, result in pairs[:MOST_JOBS]:
        yield ""
        yield from job_section(job, result)
    if len(pairs) > MOST_JOBS:
        yield from ("", f"... and {len(pairs) - MOST_JOBS} more, see the summary JSON.")


def job_section(job: Job, result: Result) -> Iterator[str]:
    """One job under its heading: what it says, the lines that matter, what to do and how to repeat it."""
    yield from (f"### {markdown_code(cut(job.id))} {result.status}{'' if job.blocking else ' (advisory)'}", "", _what(result))
    if lines := excerpt(job, result):
        yield from ("", markdown_fence("\n".join(cut(text, LONGEST_LINE) for text in lines), "diff" if _is_diff(lines) else "text"))
    if result.hint:
        yield from ("", f"To do: {markdown_code(cut(result.hint))}")
    if result.attempts:
        yield from ("", "Repeat it:", "", markdown_fence(repeat_command(job), "sh"))


def _what(result: Result) -> str:
    parts = [cell(result.message)] if result.message else []
    if result.findings:
        severities = ", ".join(f"{number} {severity}" for severity, number in severity_counts(result.findings).items())
        parts.append(severities if "finding" in result.message else f"{count_text(len(result.findings), 'finding')} ({severities})")
    last = result.attempts[-1] if result.attempts else None
    if result.status not in {Status.PASSED, Status.FAILED} and last is not None:
        parts.append(f"signal {last.signal}" if last.signal else f"exit code {last.exit_code}" if last.exit_code is not None else "")
    parts.append(f"{spoken(result.wall_seconds)}{', from cache' if result.from_cache else ''}")
    return "; ".join(part for part in parts if part)


def _is_diff(lines: Sequence[str]) -> bool:
    return any(line.startswith("@@") for line in lines)


def _tests(record: RunRecord) -> Iterator[str]:
    pairs = [pair for pair in record.pairs() if pair[1].tests]
    if not pairs:
        return
    yield "## Tests"
    yield ""
    names = ("total", "passed", "failed", "errors", "skipped")
    yield from table(["job", *names, "time"], [
        [markdown_code(job.id), *(str(test_counts(result.tests)[name]) for name in names), spoken(result.wall_seconds)] for job, result in pairs])
    failing = [(job, test) for job, result in pairs for test in result.tests if test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR}]
    yield from ("",) if failing else ()
    for job, test in failing[:MOST_JOBS]:
        yield f"- {test.outcome} {markdown_code(test_name(test))} in {markdown_code(job.id)}: {markdown_code((test.message or '')[:500])}"
    if len(failing) > MOST_JOBS:
        yield f"- ... and {len(failing) - MOST_JOBS} more"


def _tools(record: RunRecord) -> Iterator[str]:
    rows = sorted({(job.tool_id, job.tool.version or "unknown", job.tool.source) for job in record.plan.jobs if job.tool is not None})
    if rows:
        yield "## Tools"
        yield ""
        yield from table(["tool", "version", "from"], [[markdown_text(cell) for cell in row] for row in rows])


def _notes(record: RunRecord) -> Iterator[str]:
    lines = [markdown_text(note) for note in (*record.plan.notes, *record.notes)]
    lines += [f"{markdown_code(f'{problem.file}:{problem.line or 1}')}: {markdown_text(problem.message)}" for problem in record.problems]
    lines += [f"changed: {markdown_code(name)}" for name in record.changed_files]
    skipped = record.plan.skipped
    lines += [f"left out: {markdown_code(item.id)} ({markdown_text(item.reason.detail or item.reason.kind)})" for item in skipped[:MOST_SKIPPED]]
    lines += [f"left out: {len(skipped) - MOST_SKIPPED} more jobs"] if len(skipped) > MOST_SKIPPED else []
    if lines:
        yield "## Notes"
        yield ""
        yield from (f"- {line}" for line in lines)


def _artifacts(record: RunRecord) -> Iterator[str]:
    if record.artifacts:
        yield "## Artifacts"
        yield ""
        yield from table(["what", "file", "size"], [
            [markdown_text(artifact.kind), markdown_code(artifact.path), size_text(artifact.size)] for artifact in record.artifacts])

