"""The final summary: verdict first and last, batches, failures with the lines that matter, what could not be measured, artifacts. Knows no stream."""

from __future__ import annotations

import os.path
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from gatekeeper.display.spans import Line, Look, Span, Style, bad, cells, clipped, dim, good, line, padded, strong, text_of, warn
from gatekeeper.display.standing import condition_lines, delta_text, ending_text, score_lines
from gatekeeper.display.timings import timing_line
from gatekeeper.display.words import BROKEN, CUT, NOT_MEASURED, WORDS, detail_lines, result_line, verdict_span
from gatekeeper.judge.counters import SIX, apart_text, counters, total
from gatekeeper.judge.excerpt import finding_line
from gatekeeper.model.duration import spoken
from gatekeeper.model.finding import Finding, Severity
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Condition, Counters, Result, RunRecord
from gatekeeper.model.status import Status
from gatekeeper.model.wording import count_text, size_text

Pair = tuple[Job, Result]

EXIT_CODES = {0: "pass", 1: "fail", 2: "usage or configuration error", 3: "incomplete",
              4: "a bug in Gatekeeper", 129: "ended by a hang-up", 130: "interrupted", 143: "terminated"}
#: more failures than this are counted, not shown, unless asked for (`--verbose`): the reports have them all
MOST = 20
#: from here on the counters stand in a table with whole words, then with cut ones; narrower terminals get a sentence per batch
TABLE_WIDTH = 96
CUT_WIDTH = 72


def summary_text(record: RunRecord, look: Look) -> str:
    """The summary of a run as terminal text that ends in a newline."""
    return text_of(summary_lines(record, look), look)


def summary_lines(record: RunRecord, look: Look) -> Iterator[Line]:
    """The summary of a run, section by section, with an empty line between sections; for who wants it quiet only what led to the verdict, and the verdict."""
    if not look.quiet:
        yield from _head(record)
        yield ()
    for section in _DECISIVE if look.quiet else _SECTIONS:
        content = list(section(record, look))
        if content:
            yield from content
            yield ()
    yield from _foot(record, look)


def _head(record: RunRecord) -> Iterator[Line]:
    yield line(verdict_span(record.verdict), f"  {record.verdict.message}")
    yield line(dim(f"run {record.run_id} of {record.plan.root}; pipeline {record.plan.pipeline}, {record.plan.scope}"))
    if record.delta is not None:
        yield line(delta_text(record.delta))


def _foot(record: RunRecord, look: Look) -> Iterator[Line]:
    code = record.verdict.exit_code
    jobs = count_text(len(record.plan.jobs), "job")
    parts = (record.verdict.message, f"{jobs} in {spoken(record.wall_seconds)} ({record.wall_seconds / 60:.2f} min)",
             f"exit code {code} ({EXIT_CODES.get(code, 'ended by a signal')})", *((ended,) if (ended := ending_text(record)) else ()))
    verdict = verdict_span(record.verdict)
    for number, text in enumerate(_packed(parts, max(20, look.width - cells(verdict.text) - 2))):
        yield line(verdict if number == 0 else " " * cells(verdict.text), f"  {text}")


def _packed(parts: Sequence[str], room: int) -> Iterator[str]:
    """The parts with semicolons between them, in lines of at most `room` cells that end with a part where that is possible."""
    packed = parts[0]
    for part in parts[1:]:
        if cells(f"{packed}; {part}") <= room:
            packed = f"{packed}; {part}"
        else:
            yield from _wrapped(f"{packed};", room)
            packed = part
    yield from _wrapped(packed, room)


def _batches(record: RunRecord, look: Look) -> Iterator[Line]:
    """Batches that have jobs, with their counters, times and targets; all of them together last."""
    if not record.plan.jobs:
        return
    parts = counters(record.plan, record.results)
    rows = [(batch.id, batch.title, parts[batch.id], _time(record, batch.id, batch.target)) for batch in record.plan.batches if parts[batch.id].total]
    rows.append(("all", "", total(parts.values()), line(spoken(record.wall_seconds))))
    if look.width >= CUT_WIDTH:
        yield from _table(rows, look.width, SIX if look.width >= TABLE_WIDTH else CUT)
    else:
        yield from _sentences(rows, look.width)


#: id, title, counters, and the time with the target where there is one
_Row = tuple[str, str, Counters, Line]


def _time(record: RunRecord, batch: str, target: float | None) -> Line:
    seconds = dict(record.batch_seconds).get(batch)
    if seconds is None:
        return ()
    if target is None:
        return line(spoken(seconds))
    wished = spoken(target).removesuffix(" 00s").removesuffix(" 00m")
    return line(spoken(seconds), warn(f" (target {wished} missed)") if seconds > target else dim(f" (target {wished})"))


def _table(rows: Sequence[_Row], width: int, titles: Sequence[str]) -> Iterator[Line]:
    names = min(24, max(cells(f"{row[0]} {row[1]}") for row in rows))
    times = max(sum(cells(span.text) for span in row[3][:1]) for row in rows)
    yield line(strong(f"{'batch':<{names}}  {'  '.join(titles)}  {'time':>{times}}"))
    for batch, title, part, took in rows:
        numbers = [Span(text=f"  {getattr(part, name):>{len(shown)}}", style=_style(name, getattr(part, name))) for name, shown in zip(SIX, titles, strict=True)]
        time = f"  {took[0].text if took else '':>{times}}"
        apart = apart_text(part)
        yield from _fitted(line(padded(f"{batch} {title}"[:names], names), *numbers, time), took[1:], dim(f"  {apart}" if apart else ""), width)


def _fitted(row: Line, target: Line, apart: Span, width: int) -> Iterator[Line]:
    """The row with its remarks. Where there is no room for all, a target that was kept is left out; what still does not fit follows below."""
    for remarks in ((*target, apart), (*(span for span in target if span.style is Style.WARN), apart)):
        if sum(cells(span.text) for span in (*row, *remarks)) <= width:
            yield (*row, *remarks)
            return
    yield from (row, line("  ", *(span for span in target if span.style is Style.WARN), apart))


def _style(name: str, number: int) -> Style:
    if not number:
        return Style.DIM
    return {"failed": Style.BAD, "blocked": Style.WARN, "completed": Style.GOOD}.get(name, Style.PLAIN)


def _wrapped(text: str, room: int, indent: str = "") -> list[str]:
    """A text in lines of at most `room` characters, each behind the indent."""
    if len(indent) + len(text) <= room and text.isprintable() and text.strip() == text != "":
        return [indent + text]
    import textwrap  # lazy: most lines fit

    return textwrap.wrap(text, room, initial_indent=indent, subsequent_indent=indent)


def _sentences(rows: Sequence[_Row], width: int) -> Iterator[Line]:
    for batch, title, part, took in rows:
        yield line(strong(f"{batch} {title}".rstrip()), "  " if took else "", *took)
        words = ", ".join(f"{getattr(part, name)} {name}" for name in SIX) + (f"; {apart_text(part)}" if apart_text(part) else "")
        yield from (line(text) for text in _wrapped(words, max(20, width - 2), "  "))


def _timing(record: RunRecord, _look: Look) -> Iterator[Line]:
    if (told := timing_line(record)) is not None:
        yield told


def _failures(record: RunRecord, look: Look) -> Iterator[Line]:
    yield from _ended_badly([pair for pair in record.pairs() if pair[0].blocking and pair[1].status is Status.FAILED], look, bad("Failed"))


def _errors(record: RunRecord, look: Look) -> Iterator[Line]:
    """Jobs that broke, what blocks first; also what only advises, because its silence would read as "nothing found"."""
    pairs = sorted((pair for pair in record.pairs() if pair[1].status in BROKEN), key=lambda pair: not pair[0].blocking)
    yield from _ended_badly(pairs, look, (bad if any(job.blocking for job, _ in pairs) else warn)("Could not do their work"))


def _ended_badly(pairs: Sequence[Pair], look: Look, title: Span) -> Iterator[Line]:
    shown = pairs if look.verbose else pairs[:MOST]
    if pairs:
        yield line(title, f" ({len(pairs)})")
    for job, result in shown:
        yield line("  ", *result_line(job, result))
        yield from detail_lines(job, result, indent="      ")
    if len(shown) < len(pairs):
        yield line(dim(f"  ... and {len(pairs) - len(shown)} more; --verbose shows them"))


def _not_measured(record: RunRecord, look: Look) -> Iterator[Line]:
    """What did not measure anything, one entry per reason, what blocks first."""
    pairs = sorted((pair for pair in record.pairs() if pair[1].status in NOT_MEASURED), key=lambda pair: not pair[0].blocking)
    pairs = [pair for pair in pairs if pair[0].blocking] if look.quiet else pairs
    groups: dict[tuple[Status, str, str | None, bool], list[str]] = {}
    for job, result in pairs:
        groups.setdefault((result.status, result.message, result.hint, job.blocking), []).append(job.id)
    if groups:
        yield line(warn(f"Could not be measured ({len(pairs)})"))
    for (status, message, hint, blocking), ids in groups.items():
        yield line("  ", warn(WORDS[status]), f"  {_listed(ids, look)}", dim("" if blocking else "  (advisory)"))
        if message:
            yield line(f"      {clipped(message.splitlines()[0])}")
        if hint:
            yield line("      ", dim("to do: "), hint)


def _listed(ids: Sequence[str], look: Look) -> str:
    shown = ids if look.verbose else ids[:6]
    return ", ".join(shown) + (f" and {len(ids) - len(shown)} more" if len(shown) < len(ids) else "")


def _conditions(record: RunRecord, _look: Look) -> Iterator[Line]:
    """What decided the verdict and is neither job nor condition of the policy: rules of the run itself."""
    told = {*(job.id for job in record.plan.jobs), *(one.subject for one in record.assessments)}
    others = [condition for condition in record.verdict.conditions if condition.subject not in told]
    if others:
        yield line(warn("Also decisive"))
    for condition in others:
        yield from _condition(condition)


def _condition(condition: Condition) -> Iterator[Line]:
    yield line("  ", warn(str(condition.outcome)), f"  {condition.subject}: {condition.message}")
    if condition.hint:
        yield line("      ", dim("to do: "), condition.hint)


def _spared(record: RunRecord, look: Look) -> Iterator[Line]:
    """Findings with which blocking jobs pass: they are known, suppressed, or below what makes the job fail."""
    pairs = [(job, result) for job, result in record.pairs() if job.blocking and result.status is Status.PASSED and result.findings]
    yield from _findings_of(pairs, look, f"Passed with findings ({len(pairs)})", "these do not make their job fail")


def _advice(record: RunRecord, look: Look) -> Iterator[Line]:
    """Findings of jobs that only advise."""
    pairs = [(job, result) for job, result in record.pairs()
             if not job.blocking and (result.status is Status.FAILED or (result.status is Status.PASSED and result.findings))]
    yield from _findings_of(pairs, look, f"Advice ({len(pairs)})", "never makes the verdict fail")


def _findings_of(pairs: Sequence[Pair], look: Look, title: str, remark: str) -> Iterator[Line]:
    if pairs:
        yield line(strong(title), dim(f"  {remark}"))
    for job, result in pairs:
        told = result.message.splitlines()[0] if result.message else ""  # says, too, why findings do not count
        said = (_severities(result.findings) if all(finding.counts for finding in result.findings) else told) or told
        only = f": {finding_line(result.findings[0])}" if len(result.findings) == 1 else ""
        yield line(f"  {padded(WORDS[result.status], 9)}  {job.id}  ", clipped(f"{said}{only}"))
        if look.verbose:
            yield from detail_lines(job, result, indent="      ")


def _severities(findings: Sequence[Finding]) -> str:
    counted = [(severity, sum(finding.severity is severity for finding in findings)) for severity in Severity]
    parts = ", ".join(f"{number} {severity}" for severity, number in counted if number)
    return f"{count_text(len(findings), 'finding')} ({parts})" if parts else ""


def _passed(record: RunRecord, look: Look) -> Iterator[Line]:
    """Every job that passed, for those who ask: the way to see all jobs of a past run."""
    pairs = [pair for pair in record.pairs() if pair[1].status is Status.PASSED] if look.verbose else []
    if pairs:
        yield line(good(f"Passed ({len(pairs)})"))
        yield from (line("  ", *result_line(job, result)) for job, result in pairs)


def _notes(record: RunRecord, look: Look) -> Iterator[Line]:
    notes = [*record.plan.notes, *record.notes, *(record.delta.notes if record.delta is not None else ())]
    notes += [f"{problem.file}{f':{problem.line}' if problem.line else ''}: {problem.message}" for problem in record.problems]
    notes += [f"{result.job}: {attempt.dropped:,} bytes of its output were left out; its beginning and its end are kept"
              for result in record.results for attempt in result.attempts[-1:] if attempt.dropped]
    notes += [f"{result.job} is flaky: {result.message.partition(chr(10))[0]}" for result in record.results if result.flaky and result.status is Status.PASSED]
    if record.changed_files:
        notes.append(f"changed: {_listed(record.changed_files, look)}")
    if record.plan.skipped:
        notes.append(f"{count_text(len(record.plan.skipped), 'job')} left out; gatekeeper plan --verbose says why")
    if notes:
        yield line(strong("Notes"))
        yield from (line(f"  {clipped(note)}") for note in notes)


def _artifacts(record: RunRecord, look: Look) -> Iterator[Line]:
    """Files with their sizes, by the folder that most of them are in; pages with nothing to tell share one line."""
    if not record.artifacts:
        return
    folder, _ = Counter(os.path.dirname(artifact.path) for artifact in record.artifacts).most_common(1)[0]
    yield line(strong("Artifacts"), dim(f"  in {_below(folder, record.plan.root)}") if folder != record.plan.root else "")
    telling = [artifact for artifact in record.artifacts if not artifact.empty or look.verbose]
    kinds = max((cells(artifact.kind) for artifact in telling), default=0)
    for artifact in telling:
        name = artifact.path.removeprefix(f"{folder}/")
        place = _below(name, record.plan.root)
        yield line(f"  {padded(artifact.kind, kinds)}  {size_text(artifact.size):>8}  {place if place == name or '/' in place else f'./{place}'}")
    if silent := [artifact.path.rpartition("/")[2] for artifact in record.artifacts if artifact not in telling]:
        yield line(dim(f"  {', '.join(silent)}: nothing was planned for {'it' if len(silent) == 1 else 'them'}"))


def _below(path: str, root: str) -> str:
    """Shorter where the file lies in the tree."""
    return path.removeprefix(f"{root.rstrip('/')}/")


_Section = Callable[[RunRecord, Look], Iterator[Line]]
#: what led to the verdict, and beside it what else there is to know, in the order in which they are shown
_DECISIVE: tuple[_Section, ...] = (_failures, _errors, _not_measured, _conditions, condition_lines)
_SECTIONS: tuple[_Section, ...] = (_batches, _timing, *_DECISIVE, _spared, _advice, score_lines, _passed, _notes, _artifacts)
