"""The HTML report: one file that needs nothing else, neither network nor script. Knows no file but its own style and script.

A strict policy stands in its head: nothing is loaded, only this style and this script (by their hashes) count, no form is sent. The script adds sorting and
filters to tables that are complete without it. Sources of the tables are `html_tables`, of the charts `html_charts`; `html_text` makes texts safe.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from functools import cache
from importlib.resources import files

from gatekeeper.judge.counters import APART, SIX, apart_text, counters, total
from gatekeeper.model.assessment import ConditionStatus, EndKind
from gatekeeper.model.duration import spoken
from gatekeeper.model.result import RunRecord
from gatekeeper.model.wording import count_text, size_text
from gatekeeper.report.html_charts import severity_chart, time_chart
from gatekeeper.report.html_tables import (
    conditions_table,
    findings_table,
    fixed_list,
    jobs_table,
    scores_table,
    tests_table,
    unmeasured_table,
)
from gatekeeper.report.html_text import Column, cell, code, folded, number, section, table, tag, text
from gatekeeper.report.markdown import WORDS
from gatekeeper.report.standing import compared_words
from gatekeeper.report.summary import severity_counts, test_counts

MOST_LINES = 200
Parts = tuple[tuple[str, str, str], ...]


def render(record: RunRecord) -> bytes:
    """The report of a run as one HTML page in UTF-8."""
    parts = _parts(record)
    style, script = asset("page.css"), asset("page.js")
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{WORDS[record.verdict.outcome]} - {text(record.plan.root.rsplit("/", 1)[-1] or "run", 80)} - Gatekeeper</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
{_header(record)}
<nav aria-label="Sections"><ul>{"".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title, _ in parts)}</ul></nav>
<main id="main" tabindex="-1">
{_tiles(record)}
{chr(10).join(section(anchor, title, body) for anchor, title, body in parts)}
</main>
<footer><p>Gatekeeper {text(record.version)}, run {code(record.run_id)} on {code(record.hostname)}.</p></footer>
<script>{script}</script>
</body>
</html>
"""
    return page.encode()


@cache
def asset(name: str) -> str:
    """The style or the script of the page."""
    return files("gatekeeper.report").joinpath("assets", name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """The content security policy: nothing but this very style and script."""
    return (f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'")


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _parts(record: RunRecord) -> Parts:
    """The sections with anchor, title and body, without those that have nothing to say."""
    tests = sum(len(result.tests) for _, result in record.pairs())
    found = sum(len(result.findings) for _, result in record.pairs())
    every = (
        ("decides", "What decides", _decisive(record)), ("compared", "Compared", _compared(record)), ("conditions", "Conditions", conditions_table(record)),
        ("severity", "Severity by component", severity_chart(record)), ("unmeasured", "Could not be measured", unmeasured_table(record)),
        ("findings", f"Findings ({found:,})", findings_table(record)), ("tests", f"Tests ({tests:,})", tests_table(record)),
        ("jobs", f"Jobs ({len(record.results):,})", jobs_table(record)), ("time", "Time by job", time_chart(record)),
        ("batches", "Batches", _batches(record)), ("scores", "Scores", scores_table(record)), ("fixed", "Fixed", fixed_list(record)),
        ("notes", "Notes", _notes(record)), ("files", "Files", _files(record)),
    )
    return tuple(part for part in every if part[2])


def _header(record: RunRecord) -> str:
    verdict, ending = record.verdict, record.ending
    ended = f", {ending.kind.replace('_', ' ')}" if ending is not None and ending.kind is not EndKind.COMPLETED else ""
    return f"""<header class="{verdict.outcome}">
<p class="brand">Gatekeeper</p>
<h1><span class="verdict">{WORDS[verdict.outcome]}</span> <span class="said">{text(verdict.message)}</span></h1>
<p>{code(record.plan.root)} · pipeline {code(record.plan.pipeline)} · {text(record.plan.scope)} · started {text(record.started_at)} · took {spoken(record.wall_seconds)}
 · exit code {verdict.exit_code}{ended}</p>
</header>"""


def _tiles(record: RunRecord) -> str:
    whole = total(counters(record.plan, record.results).values())
    findings = [finding for result in record.results for finding in result.findings]
    tests = test_counts(test for result in record.results for test in result.tests)
    apart = sum(getattr(whole, name) for name in APART)
    tiles = [("jobs", whole.total, f"{whole.completed} passed, {whole.failed} failed, {whole.blocked} blocked, {apart} apart")]
    states = Counter(str(finding.state or "not compared") for finding in findings)
    said = ", ".join(f"{number} {word}" for word, number in (states if record.delta is not None else severity_counts(findings)).items())
    tiles.append(("findings", len(findings), said or "none"))
    tiles.append(("tests", tests["total"], f"{tests['passed']} passed, {tests['failed'] + tests['errors']} failed, {tests['skipped']} skipped"))
    if record.assessments:
        holding = sum(one.status is ConditionStatus.PASSED for one in record.assessments)
        apart = sum(one.status is ConditionStatus.NOT_JUDGED for one in record.assessments)
        tiles.append(("condition" if len(record.assessments) == 1 else "conditions", len(record.assessments), f"{holding} hold, {len(record.assessments) - holding - apart} do not{f', {apart} not judged' if apart else ''}"))
    items = "".join(f"<li><b>{count:,}</b> {title} <small>{text(words)}</small></li>" for title, count, words in tiles)
    return f'<ul class="tiles">{items}</ul>'


def _decisive(record: RunRecord) -> str:
    conditions = record.verdict.conditions
    items = "".join(f"<li>{tag(str(one.outcome), str(one.outcome))} {code(one.subject)} {text(one.message)}"
                    f"{f' <span class=note>to do: {code(one.hint)}</span>' if one.hint else ''}</li>" for one in conditions[:MOST_LINES])
    more = f"<li>and {len(conditions) - MOST_LINES} more, see summary.json</li>" if len(conditions) > MOST_LINES else ""
    return f'<ul class="plain">{items}{more}</ul>' if conditions else ""


def _compared(record: RunRecord) -> str:
    delta = record.delta
    if delta is None:
        return ""
    return f"<p>With {text(delta.against)}: <strong>{text(compared_words(record))}</strong>.</p>{_lines(delta.notes)}"


def _batches(record: RunRecord) -> str:
    parts, seconds = counters(record.plan, record.results), dict(record.batch_seconds)
    columns = [Column(title="batch"), *(Column(title=name, number=True) for name in SIX), Column(title="apart"), Column(title="took", number=True),
               Column(title="target")]
    rows = [[cell(f"{text(batch.id)} {text(batch.title)}"), *(number(getattr(parts[batch.id], name)) for name in SIX), cell(text(apart_text(parts[batch.id]))),
             number(seconds.get(batch.id, 0.0), spoken(seconds[batch.id]) if batch.id in seconds else ""),
             cell(_target(batch.target, seconds.get(batch.id)))] for batch in record.plan.batches if parts[batch.id].total]
    return table("Batches", columns, rows) if rows else ""


def _target(target: float | None, took: float | None) -> str:
    return "" if target is None else spoken(target) + (" (missed)" if took is not None and took > target else "")


def _notes(record: RunRecord) -> str:
    gaps = record.ending.gaps if record.ending is not None else ()
    problems = (f"{problem.file}:{problem.line or 1}: {problem.message}" for problem in record.problems)
    said = _lines([*record.plan.notes, *record.notes, *(f"gap: {gap}" for gap in gaps), *(f"changed: {name}" for name in record.changed_files), *problems])
    left = [f"{skipped.id} ({skipped.reason.detail or skipped.reason.kind})" for skipped in record.plan.skipped]
    return said + (folded(f"{count_text(len(left), 'job')} left out, with the reason", _lines(left)) if left else "")


def _lines(lines: tuple[str, ...] | list[str]) -> str:
    items = "".join(f"<li>{text(line)}</li>" for line in lines[:MOST_LINES])
    more = f"<li>and {count_text(len(lines) - MOST_LINES, 'more line')}, see summary.json</li>" if len(lines) > MOST_LINES else ""
    return f"<ul>{items}{more}</ul>" if lines else ""


def _files(record: RunRecord) -> str:
    rows = [[cell(text(artifact.kind)), cell(code(artifact.path)), number(artifact.size, size_text(artifact.size))] for artifact in record.artifacts[:MOST_LINES]]
    return table("Files", [Column(title="what"), Column(title="file", wide=True), Column(title="size", number=True)], rows) if rows else ""
