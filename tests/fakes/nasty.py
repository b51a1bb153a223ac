"""The nasty corpus: texts that break careless reports, and a run that has one of them in every place where a text can stand.

Every report format has to render it: valid for its readers, bounded in size, nothing obeyed, nothing dropped without a word.
"""

from __future__ import annotations

from dataclasses import replace

from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Dimension, Ending, EndKind, Enforcement, Score
from gatekeeper.model.component import Problem
from gatekeeper.model.finding import (
    Category,
    Edit,
    Finding,
    Fix,
    Level,
    Metric,
    Safety,
    Severity,
    State,
    Suppression,
    SuppressionKind,
    TestCase,
    TestOutcome,
)
from gatekeeper.model.plan import Job, Reason, SkippedJob
from gatekeeper.model.result import Artifact, Condition, Result, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.tool import LocatedTool, Role
from tests.fakes.record import NASTY, job, record, result

#: what no line, cell, attribute, property, URL, label or page may obey, nor stumble over
TEXTS = (
    *NASTY,
    "", " ", "\n", "\t\ttabs\t", "a\x00b\x01c\x0b\x0c\x1f\x7f\x85\x9b31mc1", "\ud800 lone high", "lone low \udfff", "\ud83d\ude00 as two surrogates",
    "]]>]]&gt;<![CDATA[x]]>", "<!-- x --> <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;", "\"quoted\" 'both' `ticks` ```fence```",
    "=1+1", "=cmd|'/C calc'!A0", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "a,b;c\td", "::set-output name=x::y", "::warning file=a,line=1::%0A%25",
    "::stop-commands::t", "##vso[task.complete result=Failed;]", "##teamcity[testFailed name='x']", "##[error]x", "%0A%0D%25%3A%2C", "100% ~!@#$%^&*()",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "</style></script></title>", "{{7*7}} ${7*7} <%= 7 %>",
    "| pipe | table |\n| --- | --- |", "# heading", "* list\n* list", "[link](javascript:alert(1)) ![image](http://x.invalid/i.png)", "@user #1 http://x.invalid",
    "\u202egnp.exe\u202c \u2066\u2069 \u200e\u200f", "\u2028\u2029\u0085", "\ufeffbom", "e\u0301 \u00e9 \u1100\u1161", "\U0001f469\u200d\U0001f4bb \U0001f600",
    "\U0010ffff\ufdd0\ufffe\uffff", "C:\\dir\\file.py", "../../etc/passwd", "/absolute/path", "a b?c#d%41&e=f;g", "name\nwith newline", "--option=x", "-rf",
    "\\u0000 \\x1b \\n", "null", "NaN", "1e999", "__proto__", "# EOF", "x\\", 'x"\n# HELP y z\ny 1',
)

#: longer than any reader shows, with something at its end that must not be cut in two
LONG = "word ]]> \U0001f600 <b> " * 20_000
LONG_LINE = "x" * 1_000_000


def finding_with(text: str, number: int = 0) -> Finding:
    """A finding with this text in every place that takes one, and with each of the enums in turn."""
    file = text.replace("\x00", "") or None  # no file system has a NUL in a name; every other byte may stand there
    edit = Edit(file=file or "f", line=1, column=1, end_line=1, end_column=2, content=text)
    states, severities, categories = (None, *State), tuple(Severity), tuple(Category)
    state = states[number % len(states)]
    suppression = Suppression(kind=tuple(SuppressionKind)[number % 3], reason=text, owner=text, expires=text, where=text) if state is State.SUPPRESSED else None
    return Finding(
        tool=text, message=text, level=tuple(Level)[number % 3], severity=severities[number % len(severities)], category=categories[number % len(categories)],
        file=file, line=(1, None, 2_000_000_000)[number % 3], column=(1, None, 5)[number % 3], end_line=(1, None, 2_000_000_000)[number % 3],
        end_column=(9, None, 6)[number % 3], rule=text or None, fixable=True, cell=(None, 1)[number % 2], detail=text, url=text,
        fixes=(Fix(safety=tuple(Safety)[number % 3], message=text, edits=(edit, edit)), Fix(safety=Safety.SAFE)), score=(None, 0.1, 10.0)[number % 3],
        fingerprints=(("gatekeeper/exact/v1", f"{number:064x}"), ("primaryLocationLineHash", f"{number:x}:1")) if number % 2 else (), state=state,
        suppression=suppression, on_changed_line=(None, True, False)[number % 3])


def case_with(text: str, number: int = 0) -> TestCase:
    """A test case with this text in every place that takes one."""
    return TestCase(name=text, classname=text, outcome=tuple(TestOutcome)[number % 4], message=text, detail=text, file=text, line=(1, None)[number % 2],
                    seconds=(None, 0.1, float("nan"), float("inf"), -1.0)[number % 5], earlier=(text, "again")[:number % 3],
                    state=(None, State.NEW, State.UNCHANGED)[number % 3])


def _jobs_with(text: str, number: int) -> tuple[tuple[Job, Result], tuple[Job, Result]]:
    statuses = tuple(status for status in Status if status.final)
    lint = job(f"tool.{text}", component=text or None, suffix=f"#{number}", argv=("/bin/x", text), cwd=text or ".", role=tuple(Role)[number % len(Role)])
    lint = replace(lint, tool=LocatedTool(path=text, version=text, source="path"), reason=Reason(kind="used", detail=text), blocking=bool(number % 2))
    problems = (Problem(file=text, line=1, message=text),)
    ended = replace(result(lint, statuses[number % len(statuses)], findings=[finding_with(text, number), finding_with(text, number)], message=text, hint=text,
                           tail=text), problems=problems, log=text, metrics=(Metric(name=text, value=float("nan"), unit=text, file=text, subject=text),))
    tests = job("pytest.test", component=text or None, suffix=f"#t{number}", role=Role.TEST)
    return (lint, ended), (tests, result(tests, Status.FAILED, tests=[case_with(text, number), case_with(text, number + 1)], message=text, tail=text))


def _assessment(text: str, number: int) -> Assessment:
    return Assessment(id=text, title=text, enforcement=tuple(Enforcement)[number % 3], status=tuple(ConditionStatus)[number % 5], message=text,
                      score=(None, 0.0, 99.5)[number % 3], component=text or None, violations=(text, text), recommendations=(text,), evidence=(text,))


def nasty() -> RunRecord:
    """A run with each of `TEXTS` in every place, findings and tests of a megabyte, findings without a place, and all that a run can say of itself."""
    pairs = [pair for number, text in enumerate(TEXTS) for pair in _jobs_with(text, number)]
    big = job("big.lint", suffix="#big")
    bare = Finding(tool="big", message="no place at all", level=Level.INFO, severity=Severity.INFO, category=Category.STYLE)
    pairs.append((big, result(big, Status.FAILED, message=LONG_LINE, hint=LONG_LINE, tail=LONG, findings=[
        bare, replace(bare, message=LONG_LINE, detail=LONG, rule=LONG_LINE, file="big.py", line=1, url=f"https://x.invalid/{LONG_LINE}"),
        replace(bare, message=LONG, file=f"{'d' * 200}/" * 20 + "deep.py", line=1)], tests=[case_with(LONG, 1), case_with(LONG_LINE, 2)])))
    conditions = tuple(Condition(subject=text, outcome=Outcome.FAIL, message=text, hint=text) for text in TEXTS)
    of = record(pairs, Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=conditions, message=TEXTS[1]), notes=TEXTS,
                artifacts=tuple(Artifact(kind=text, path=text, size=1) for text in TEXTS),
                skipped=tuple(SkippedJob(id=text, reason=Reason(kind="stale", detail=text)) for text in TEXTS))
    return replace(
        of, assessments=tuple(_assessment(text, number) for number, text in enumerate(TEXTS)), changed_files=TEXTS,
        scores=tuple(Score(dimension=dimension, value=(None, 50.0)[number % 2], basis=TEXTS[number]) for number, dimension in enumerate(Dimension)),
        delta=Delta(against=TEXTS[1], new=1, unchanged=2, moved=3, fixed=tuple(finding_with(text) for text in TEXTS),
                    fixed_tests=tuple(case_with(text) for text in TEXTS), notes=TEXTS),
        ending=Ending(kind=EndKind.FAILED, reason=TEXTS[1], recoverable=True, gaps=TEXTS), problems=(Problem(file=TEXTS[1], line=None, message=TEXTS[3]),),
        metrics=(Metric(name="coverage.lines", value=87.5, unit="%"),), hostname=TEXTS[2], facts=(("A2/health", {text: [text] for text in TEXTS}),))
