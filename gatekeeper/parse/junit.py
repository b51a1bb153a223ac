"""JUnit XML of any producer: test cases are counted, never believed from attributes.

Understands `testsuites` or one `testsuite` at the top, cases at any depth (node --test puts them anywhere), errors of a whole
suite, and `file`/`line` attributes where a producer writes them (1-based here; pytest's are 0-based, see `pytest_junit`).
Recorded from node 20 and 24 (`node --test --test-reporter=junit`), vitest 1, 4 and 5, forge 1.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.stack import node_spot, pytest_spot
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import capped, report_of, strip_escapes
from gatekeeper.parse.threshold import missed_coverage
from gatekeeper.parse.xml import load_xml

ROOTS = frozenset({"testsuites", "testsuite"})
_OUTCOMES = {"failure": TestOutcome.FAILED, "error": TestOutcome.ERROR, "skipped": TestOutcome.SKIPPED}
_TRIES = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_NOT_RUN = frozenset({"notrun", "skipped", "ignored", "disabled"})
#: forge names suites `FILE.sol:Contract`
_CONTRACT = re.compile(r"(?<=\.sol):\w+$")
_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".rs", ".sol")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of any JUnit file."""
    tests = tuple(cases(raw, load_xml(report_of(raw), ROOTS)))
    return conclude(raw, exits, Account(tests=tests, findings=missed_coverage(raw, "junit"), nothing=nothing_ran(tests)))


def cases(raw: RawOutput, root: Element) -> Iterator[TestCase]:
    """Every test case below `root`, and one for each suite that failed as a whole."""
    for suite in root.iter("testsuite"):
        for child in suite:
            if child.tag in {"error", "failure"}:
                yield _case(raw, suite, suite.get("name", ""), suite)
                break
    suites = {case: suite for suite in root.iter("testsuite") for case in suite if case.tag == "testcase"}
    for case in root.iter("testcase"):
        yield _case(raw, case, case.get("name", ""), suites.get(case))


def verdict_of(case: Element) -> tuple[TestOutcome, Element | None]:
    """Outcome of a case and the element that explains it; a failure counts before an error of its teardown, what is still to do not at all."""
    todo = case.find("skipped")
    if todo is not None and todo.get("type") == "todo":  # node --test: it may fail, and then has a failure beside
        return TestOutcome.SKIPPED, todo
    for tag, outcome in _OUTCOMES.items():
        reason = case.find(tag)
        if reason is not None:
            return outcome, reason
    if case.get("status", "").lower() in _NOT_RUN or case.get("result", "").lower() in _NOT_RUN:
        return TestOutcome.SKIPPED, None
    return TestOutcome.PASSED, None


def explanation(reason: Element | None) -> tuple[str | None, str | None]:
    """(one line, whole text) of what a failure, error or skip element says."""
    if reason is None:
        return None, None
    text = strip_escapes("".join(reason.itertext())).strip("\n")
    message = reason.get("message") or text or reason.get("type")
    if message == "true":  # node --test: todo without a reason
        message = reason.get("type")
    line = headline(message)
    return line, capped(text) if text.strip() and text.strip() not in {line, (reason.get("message") or "").strip()} else None


def seconds(case: Element) -> float | None:
    """The `time` attribute in seconds, also with thousands separators."""
    try:
        value = float(case.get("time", "").replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _case(raw: RawOutput, case: Element, name: str, suite: Element | None) -> TestCase:
    outcome, reason = verdict_of(case)
    message, detail = explanation(reason)
    file, line = _place(raw, case, suite, f"{detail or ''}\n{reason.get('message', '') if reason is not None else ''}")
    named = relative(raw, name) if name.startswith("/") and name.endswith(_CODE) else name
    return TestCase(name=named or name, classname=_classname(case, suite) if case is not suite else "", outcome=outcome, file=file, line=line,
                    seconds=seconds(case), message=message, detail=detail, earlier=tuple(_earlier(case)))


def _earlier(case: Element) -> Iterator[str]:
    """What tries before the last said, as surefire, Gradle and nextest write them."""
    for child in case:
        if child.tag in _TRIES:
            yield explanation(child)[0] or "failed"


def _classname(case: Element, suite: Element | None) -> str:
    """The case's own class; forge names it in the suite only, and each contract has its own `setUp()`."""
    home = suite.get("name", "") if suite is not None else ""
    return case.get("classname") or (home if _CONTRACT.search(home) else "")


def _place(raw: RawOutput, case: Element, suite: Element | None, text: str) -> tuple[str | None, int | None]:
    named = case.get("file") or case.get("filepath") or (suite.get("file") or suite.get("filepath") if suite is not None else None)
    line = case.get("line") or case.get("lineno") or ""
    spot = node_spot(raw, text) or pytest_spot(raw, text)
    if named:
        file = relative(raw, named)
        told = int(line[:9]) if line.isascii() and line.isdigit() and int(line[:9]) > 0 else None
        return file, told or (spot[1] if spot and spot[0] == file else None)
    if spot:
        return spot
    names = (case.get("classname", ""), case.get("name", ""), _CONTRACT.sub("", suite.get("name", "") if suite is not None else ""))
    return next((relative(raw, name) for name in names if name.endswith(_CODE)), None), None
