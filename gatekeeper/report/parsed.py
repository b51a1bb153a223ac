"""A parsed output as the JSON document of `gatekeeper parse`, and as lines for people. Pure: knows nothing of where the output came from.

`severity` is the tool's own word (error, warning, info), as other converters of outputs print it; `grade` is Gatekeeper's, critical to info, by which
conditions count. A `file` whose name is no UTF-8 is shown with `\\xff` for the odd bytes, and `file_uri` beside it leads back to the name.
What is printed is itself a valid `gatekeeper-json` document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gatekeeper.model.document import to_document
from gatekeeper.model.finding import Finding, Level, Parsed, Severity, TestCase, TestOutcome
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.wording import count_text

SCHEMA = 1
_COUNTED = {TestOutcome.PASSED: "passed", TestOutcome.FAILED: "failed", TestOutcome.ERROR: "errors", TestOutcome.SKIPPED: "skipped"}


def parsed_document(parsed: Parsed, format_id: str, root: str | None = None) -> dict[str, object]:
    """The document; `root` is the one that the output itself spoke of, where it was another than expected."""
    return {
        "schema": SCHEMA, "format": format_id, "status": parsed.meaning.value, "message": parsed.message, "recorded_root": root,
        "findings": [_finding(finding) for finding in parsed.findings], "tests": [_test(test) for test in parsed.tests],
        "counts": counts(parsed), "metrics": [to_document(metric) for metric in parsed.metrics],
        "problems": [{"file": problem.file, "line": problem.line, "message": problem.message} for problem in parsed.problems],
        **({"facts": parsed.facts} if parsed.facts is not None else {}),
    }


def counts(parsed: Parsed) -> dict[str, object]:
    """How many findings by the tool's word and by ours, and how many tests by how they ended."""
    levels = Counter(finding.level for finding in parsed.findings)
    grades = Counter(finding.severity for finding in parsed.findings)
    outcomes = Counter(test.outcome for test in parsed.tests)
    return {
        "findings": len(parsed.findings),
        "by_severity": {level.value: levels[level] for level in Level},
        "by_grade": {grade.value: grades[grade] for grade in Severity},
        "tests": {"total": len(parsed.tests)} | {name: outcomes[outcome] for outcome, name in _COUNTED.items()},
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "tool": finding.tool, "file": finding.file, "line": finding.line, "column": finding.column, "end_line": finding.end_line,
        "end_column": finding.end_column, "rule": finding.rule, "severity": finding.level.value, "grade": finding.severity.value,
        "category": finding.category.value, "message": finding.message, "fixable": finding.fixable, "cell": finding.cell, "detail": finding.detail,
        "url": finding.url, "score": finding.score, "fixes": [to_document(fix) for fix in finding.fixes], **_uri(finding.file),
    }


def _test(test: TestCase) -> dict[str, object]:
    return {
        "name": test.name, "classname": test.classname, "file": test.file, "line": test.line, "status": test.outcome.value,
        "outcome": test.outcome.value, "seconds": test.seconds, "message": test.message, "detail": test.detail, "earlier": list(test.earlier),
        **_uri(test.file),
    }


def _uri(file: str | None) -> dict[str, object]:
    """The way back to a name that JSON cannot hold: its bytes, percent-encoded."""
    try:
        (file or "").encode()
    except UnicodeEncodeError:
        from urllib.parse import quote  # lazy: only such names pay 3 ms

        return {"file_uri": quote((file or "").encode("utf-8", "surrogateescape" if _escaped(file or "") else "surrogatepass"), safe="/")}
    return {}


def _escaped(name: str) -> bool:
    """Whether every lone surrogate stands for a byte."""
    return all(not "\ud800" <= character <= "\udfff" or "\udc80" <= character <= "\udcff" for character in name)


def parsed_lines(parsed: Parsed) -> Iterator[str]:
    """The same for people: findings, tests that did not pass, what could not be read, and the sum."""
    for finding in parsed.findings:
        rule = f" [{finding.rule}]" if finding.rule else ""
        yield one_line(f"{place_text(finding)}{finding.level}: {finding.message}{rule}")
    for test in parsed.tests:
        if test.outcome is not TestOutcome.PASSED:
            name = f"{test.classname}.{test.name}" if test.classname else test.name
            yield one_line(f"{test.outcome}: {name}" + (f" ({test.file}:{test.line or 1})" if test.file else "") + (f": {test.message}" if test.message else ""))
    for problem in parsed.problems:
        yield one_line(f"note: {problem.file}{f':{problem.line}' if problem.line else ''}: {problem.message}")
    yield one_line(_sum(parsed))


def place_text(finding: Finding) -> str:
    """`file:line:column: ` as far as it is known, as editors read it."""
    if finding.file is None:
        return ""
    cell = f" (cell {finding.cell})" if finding.cell else ""
    return f"{finding.file}{cell}{f':{finding.line}' if finding.line else ''}{f':{finding.column}' if finding.column else ''}: "


def _sum(parsed: Parsed) -> str:
    levels = Counter(finding.level for finding in parsed.findings)
    outcomes = Counter(test.outcome for test in parsed.tests)
    said = [count_text(len(parsed.findings), "finding") + _listed({level.value: levels[level] for level in Level})] if parsed.findings else []
    said += [count_text(len(parsed.tests), "test") + _listed({name: outcomes[outcome] for outcome, name in _COUNTED.items()})] if parsed.tests else []
    said += [parsed.message] if parsed.message else []
    return f"{parsed.meaning.value.replace('_', ' ')}: {'; '.join(said)}" if said else parsed.meaning.value.replace("_", " ")


def _listed(numbers: dict[str, int]) -> str:
    return " (" + ", ".join(f"{number} {name}" for name, number in numbers.items() if number) + ")"
