"""unittest's verbose text on standard error (`python -m unittest -v`): one line per test, then a block per failure, then the count.

Knows the format of Python 3.11 to 3.14 (`TextTestResult`): `NAME (MODULE.CLASS.NAME) ... ok|FAIL|ERROR|skipped 'WHY'|expected failure`,
where a docstring's first line may stand between the name and the dots. Does not know which files the modules are.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.meaning import Account, conclude, failed
from gatekeeper.parse.place import relative
from gatekeeper.parse.tally import headline, nothing_ran
from gatekeeper.parse.text import blocks, capped, decode, lines_of

_CASE = re.compile(r"^(?P<name>[\w<>.]+) \((?P<where>[^()]+)\)(?: \[.*\])?(?P<rest>.*)$")
_OUTCOME = re.compile(r"(?:^|.* )\.\.\. (?P<word>ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$")
_BLOCK = re.compile(r"^(?:FAIL|ERROR): (?P<name>[\w<>.]+)(?: \((?P<where>[^()]+)\))?")
_RAN = re.compile(r"^Ran (?P<count>\d+) tests? in ")
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)')
_RULE = re.compile(r"^={70}$")
_OUTCOMES = {"ok": TestOutcome.PASSED, "expected failure": TestOutcome.PASSED, "FAIL": TestOutcome.FAILED,
             "unexpected success": TestOutcome.FAILED, "ERROR": TestOutcome.ERROR}


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """The tests that ran; without unittest's own count at the end nothing was measured."""
    lines = lines_of(decode(raw.stderr))
    ran = next((match for line in reversed(lines) if (match := _RAN.match(line))), None)
    if ran is None:
        return failed(raw, "unittest did not come to its end")
    troubles = _troubles(lines, raw)
    tests = [_with_trouble(case, troubles) for case in _cases(lines)]
    # what broke outside a test (an import, setUpClass) has a block and no line
    tests += list(troubles.values())
    return conclude(raw, exits, Account(tests=tuple(tests), nothing=nothing_ran(tests)))


def _cases(lines: list[str]) -> list[TestCase]:
    cases: list[TestCase] = []
    pending: re.Match[str] | None = None
    for line in lines:
        if _RULE.match(line):
            break
        start = _CASE.match(line)
        pending = start or pending
        end = _OUTCOME.match(start["rest"] if start else line)
        if end and pending:
            cases.append(_case(pending, end["word"]))
            pending = None
    return cases


def _case(start: re.Match[str], word: str) -> TestCase:
    outcome = _OUTCOMES.get(word, TestOutcome.SKIPPED)
    message = word.removeprefix("skipped ").strip("'\"") if outcome is TestOutcome.SKIPPED else None
    return TestCase(name=start["name"], classname=_class(start["name"], start["where"]), outcome=outcome, message=message)


def _class(name: str, where: str) -> str:
    """`module.Class`; since 3.11 the place ends in the test's own name."""
    return where.removesuffix(f".{name}")


def _troubles(lines: list[str], raw: RawOutput) -> dict[tuple[str, str], TestCase]:
    found: dict[tuple[str, str], TestCase] = {}
    for block in blocks(lines, _BLOCK):
        head = _BLOCK.match(block[0])
        assert head is not None
        body = [line for line in block[2:] if not _RULE.match(line)]
        end = next((number for number, line in enumerate(body) if _RAN.match(line)), len(body))
        text = "\n".join(body[:end]).rstrip("-\n ")
        where = _class(head["name"], head["where"] or "")
        file, line = _place(text, raw)
        outcome = TestOutcome.FAILED if block[0].startswith("FAIL") else TestOutcome.ERROR
        found[head["name"], where] = TestCase(name=head["name"], classname=where, outcome=outcome, message=headline(_raised(text)),
                                              detail=capped(text), file=file, line=line)
    return found


def _raised(text: str) -> str:
    """The exception's line: the first after the last frame that is not indented."""
    lines = text.split("\n")
    last = max((at for at, line in enumerate(lines) if _FRAME.match(line)), default=-1)
    return next((line for line in lines[last + 1:] if line and not line.startswith(" ")), lines[-1])


def _place(text: str, raw: RawOutput) -> tuple[str | None, int | None]:
    """The last frame inside the tree: where the assertion stands."""
    for frame in reversed([match for line in text.split("\n") if (match := _FRAME.match(line))]):
        path = relative(raw, frame["file"])
        if path is not None and not path.startswith("/"):
            return path, int(frame["line"])
    return None, None


def _with_trouble(case: TestCase, troubles: dict[tuple[str, str], TestCase]) -> TestCase:
    return troubles.pop((case.name, case.classname), case) if case.outcome in (TestOutcome.FAILED, TestOutcome.ERROR) else case
