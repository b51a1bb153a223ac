"""jest's text output: `PASS|FAIL FILE`, with `--verbose` or a single file the tree of its tests, `● TITLE` for each failure, and counts.

The counts at the end decide: failures that the text does not name are an error, tests that it does not name (those of passing files, unless
verbose) stand in the result without a name, so that their number is right. Printed to standard error; a package manager may have merged the
streams. Recorded from jest 24 and 30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.stack import node_spot
from gatekeeper.parse.tally import UNNAMED, headline, nothing_ran
from gatekeeper.parse.text import capped, complaint, decode, lines_of
from gatekeeper.parse.threshold import missed_coverage

_FILE = re.compile(r"^ ?(?P<verdict>PASS|FAIL) +(?P<path>\S.*?)(?: \([\d.]+ ?m?s(?:, .*)?\))?$")
_TEST = re.compile(r"^(?P<indent> {2,200})(?P<mark>[\u2713\u2714\u221a\u2715\u2716\u00d7\u25cb\u270e]) (?P<name>.*?)(?: \((?P<time>[\d.]{1,12}) ?(?P<unit>m?s)\))?$")
_SUITE = re.compile(r"^(?P<indent> {2,200})(?P<name>[^\s\u25cf].*)$")
_FAILURE = re.compile(r"^  \u25cf (?P<title>\S.*)$")
_TOTAL = re.compile(r"^Tests: +(?P<counts>\d.*)$")
_COUNT = re.compile(r"(?P<count>\d{1,9}) (?P<word>failed|skipped|todo|passed|total)\b")
_SUITES = re.compile(r"^Test Suites: +(?P<counts>\d.*)$")
#: with many files jest prints the failures again
_AGAIN = "Summary of all failing tests"
_RETRIED = re.compile(r"^ ?LOGGING RETRY ERRORS +(?P<title>\S.*?) *$")
_TRY = re.compile(r"^ ?RETRY \d+ *$")
_NO_TESTS = re.compile(r"^No tests? found", re.MULTILINE)
_REFUSED = re.compile(r"^\u25cf (?P<title>(?:Deprecation |Multiple |)\w* ?Error):\n+ *(?P<why>\S.*)$", re.MULTILINE)
_UNRUN = "Test suite failed to run"
_NO_TEST = ("Console", "Cannot log after tests are done", "process.exit called with")
_MARKS = {"\u2713": TestOutcome.PASSED, "\u2714": TestOutcome.PASSED, "\u221a": TestOutcome.PASSED, "\u25cb": TestOutcome.SKIPPED, "\u270e": TestOutcome.SKIPPED}
#: more unnamed tests than any repository has are no count but noise
_MOST = 100_000


@dataclass(slots=True)
class _File:
    """The part of one test file while it is read."""

    path: str
    failed: bool
    lines: list[str] = field(default_factory=list)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of jest's default reporter."""
    text = decode(raw.stderr) + "\n" + decode(raw.stdout)
    lines = lines_of(text)
    counts, suites = _counts(lines, _TOTAL), _counts(lines, _SUITES)
    tries = _tries(lines)
    named = tuple(replace(case, earlier=tries.get(_title(case), ())) for one in _files(raw, lines) for case in _cases(raw, one))
    if counts is None or suites is None:
        return conclude(raw, exits, _without_counts(raw, text, named))
    tests = (*named, *_unnamed(counts, named))
    return conclude(raw, exits, Account(tests=tests, findings=missed_coverage(raw, "jest"), nothing=nothing_ran(tests),
                                        error=_missing(counts, suites, named)))


def _without_counts(raw: RawOutput, text: str, named: tuple[TestCase, ...]) -> Account:
    refused = _REFUSED.search(text)
    if _NO_TESTS.search(text) and not named:
        return Account(nothing=nothing_ran(()))
    why = refused["why"] if refused else complaint(raw) if raw.exit_code and not named else None
    return Account(tests=named, error=(why or "").removeprefix("\u25cf").strip() or "the output is not jest's, or cut off before its counts")


def _counts(lines: list[str], head: re.Pattern[str]) -> dict[str, int] | None:
    """The counts of all runs in the output, by jest's word; None when there is none that ends with the total."""
    found: dict[str, int] | None = None
    for line in lines:
        if (told := head.match(line)) and line.endswith(" total"):
            found = found or {}
            for count in _COUNT.finditer(told["counts"]):
                found[count["word"]] = found.get(count["word"], 0) + int(count["count"])
    return found


def _files(raw: RawOutput, lines: list[str]) -> list[_File]:
    files: list[_File] = []
    again = False
    for line in lines:
        head = _FILE.match(line)
        again = line.startswith(_AGAIN) or (again and not _SUITES.match(line))
        if _SUITES.match(line) or again:
            files.append(_File("", failed=False))  # what follows belongs to no file
        elif head:
            files.append(_File(_path(raw, head["path"]), failed=head["verdict"] == "FAIL"))
        elif files:
            files[-1].lines.append(line)
    return [one for one in files if one.path]


def _path(raw: RawOutput, text: str) -> str:
    """The file of a `PASS` line; a project's name may stand before it."""
    words = text.split(" ")
    candidates = [" ".join(words[at:]).strip() for at in range(min(len(words), 5))]
    read = next((path for path in candidates if path and raw.read(relative(raw, path) or "") is not None), None)
    return read or next((path for path in candidates if "/" in path.partition(" ")[0]), text)


def _cases(raw: RawOutput, one: _File) -> Iterator[TestCase]:
    file = relative(raw, one.path)
    failures = dict(_failures(one))
    unrun = failures.pop(_UNRUN, None)
    if unrun is not None:
        spot = node_spot(raw, "\n".join(unrun))
        yield TestCase(name=file or one.path, outcome=TestOutcome.ERROR, file=file, line=spot[1] if spot and spot[0] == file else None,
                       message=_message(unrun), detail=_detail(unrun))
    for case in _tree(file, one):
        yield _failed(raw, file, case, failures.pop(_title(case), [])) if case.outcome is TestOutcome.FAILED else case
    for title, body in failures.items() if one.failed else ():
        suite, _, name = title.rpartition(" \u203a ")
        yield _failed(raw, file, TestCase(name=name, classname=suite.replace(" \u203a ", " > "), outcome=TestOutcome.FAILED, file=file), body)


def _title(case: TestCase) -> str:
    """A test as jest calls it outside of the tree."""
    return f"{case.classname} > {case.name}".replace(" > ", " \u203a ") if case.classname else case.name


def _tries(lines: list[str]) -> dict[str, tuple[str, ...]]:
    """By title the messages of tries that failed and were repeated; jest prints them ahead of the file."""
    found: dict[str, tuple[str, ...]] = {}
    title: str | None = None
    for at, line in enumerate(lines):
        if retried := _RETRIED.match(line):
            title = retried["title"]
        elif _FILE.match(line):
            title = None
        elif title is not None and _TRY.match(line):
            found[title] = (*found.get(title, ()), headline("\n".join(lines[at + 1:at + 6])) or "")
    return found


def _tree(file: str | None, one: _File) -> Iterator[TestCase]:
    """The tests of a file where jest lists them: the lines right below it, suites by their indentation."""
    suites: list[tuple[int, str]] = []
    for line in one.lines:
        test, suite = _TEST.match(line), _SUITE.match(line)
        if not line.strip() or not (test or suite):
            return
        indent = len((test or suite or {"indent": ""})["indent"])
        suites = [known for known in suites if known[0] < indent]
        if test:
            yield _listed(file, test, " > ".join(name for _, name in suites))
        elif suite:
            suites.append((indent, suite["name"]))


def _listed(file: str | None, test: re.Match[str], classname: str) -> TestCase:
    outcome = _MARKS.get(test["mark"], TestOutcome.FAILED)
    name = test["name"].removeprefix("skipped ").removeprefix("todo ") if outcome is TestOutcome.SKIPPED else test["name"]
    return TestCase(name=name, classname=classname, outcome=outcome, file=file, seconds=_seconds(test))


def _seconds(test: re.Match[str]) -> float | None:
    try:
        value = float(test["time"])
    except (TypeError, ValueError):
        return None
    return round(value / 1000, 6) if test["unit"] == "ms" else value


def _failures(one: _File) -> Iterator[tuple[str, list[str]]]:
    """(title, lines below it) of each failure of a file; a title that comes again is a retry of the same test, whose last try counts."""
    title, body = None, list[str]()
    for line in [*one.lines, "  \u25cf Console"]:
        head = _FAILURE.match(line)
        if head is None:
            body.append(line)
            continue
        if title is not None:
            yield title, body
        title, body = (None if head["title"].startswith(_NO_TEST) else head["title"]), []


def _failed(raw: RawOutput, file: str | None, case: TestCase, body: list[str]) -> TestCase:
    spot = node_spot(raw, "\n".join(body))
    return TestCase(name=case.name, classname=case.classname, outcome=TestOutcome.FAILED, file=file, line=spot[1] if spot and spot[0] == file else None,
                    seconds=case.seconds, message=_message(body), detail=_detail(body))


def _message(body: list[str]) -> str | None:
    return headline("\n".join(body))


def _detail(body: list[str]) -> str | None:
    return capped("\n".join(line.removeprefix("    ") for line in body).strip("\n")) or None


def _unnamed(counts: dict[str, int], named: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    """The tests that jest only counts."""
    wanted = {TestOutcome.PASSED: counts.get("passed", 0), TestOutcome.SKIPPED: counts.get("skipped", 0) + counts.get("todo", 0)}
    left = {outcome: min(max(count - sum(test.outcome is outcome for test in named), 0), _MOST) for outcome, count in wanted.items()}
    return tuple(case for outcome, count in left.items() for case in (TestCase(name=UNNAMED, outcome=outcome),) * count)


def _missing(counts: dict[str, int], suites: dict[str, int], named: tuple[TestCase, ...]) -> str | None:
    """That jest counts more failures than the output names."""
    failed, known = counts.get("failed", 0), sum(test.outcome is TestOutcome.FAILED for test in named)
    if failed > known:
        return f"jest counts {failed} failed tests, and the output names {known}"
    files = {test.file for test in named if test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR}}
    broken = suites.get("failed", 0)
    return f"jest counts {broken} failed test files, and the output names {len(files)}" if broken > len(files) else None
