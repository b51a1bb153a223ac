"""pytest's terminal output: the short summary (`FAILED NODE - why`), the lines of `-v` and of xdist, the sections of failures, and the counts.

Tests that the output only counts are counted without a name, failed ones too; those that ended well are named by `-v` or `-rA`. What
stands in captured output is not mistaken for the summary, which is the last one. Without its counts pytest did not come to its end; `-qq`
leaves them out, where only the exit code tells. Does not know the lines of test definitions: places are those of the failures.
Recorded from pytest 6.2, 7.4 and 9.2, with xdist and rerunfailures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from gatekeeper.model.finding import Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, replace
from gatekeeper.parse.meaning import Account, conclude, finds_at, idle_at
from gatekeeper.parse.place import nearest
from gatekeeper.parse.pytest_junit import NO_TESTS, RERUN, STOPPED, ending, merged, rerun_names, unnamed_reruns
from gatekeeper.parse.stack import pytest_spot
from gatekeeper.parse.tally import UNNAMED, headline, nothing_ran
from gatekeeper.parse.text import capped, complaint, decode, lines_of
from gatekeeper.parse.threshold import missed_coverage

_COUNTS = re.compile(r"^=* ?(?P<counts>no tests ran|no tests collected|\d{1,9} [a-z]+(?: [a-z]+)?(?:, \d{1,9} [a-z]+(?: [a-z]+)?)*) in \d[\d.]* ?s(?:econds)?\b.*$")
_COUNT = re.compile(r"(?P<count>\d{1,9}) (?P<word>[a-z]+(?: passed)?)")
_SUMMARY = re.compile(r"^=+ (?:short|rerun) test summary info =+$")
_SECTION = re.compile(r"^=+ (?:ERRORS|FAILURES|PASSES|XPASSES|warnings summary.*|(?:short|rerun) test summary info) =+$")
_TROUBLES = re.compile(r"^=+ (?:ERRORS|FAILURES) =+$")
_TITLE = re.compile(r"^_+ (?P<title>\S.*?) _+$")
_WHEN = re.compile(r"^(?:ERROR (?P<when>at setup of|at teardown of|collecting) )?(?P<title>.+)$")
_NODE = re.compile(r"^(?P<word>FAILED|ERROR|PASSED|XFAIL|XPASS|SUBFAIL(?:ED)?\S*) (?P<node>[^\s:].*?(?:::[^\s\[]+(?:\[.*?\])?)*?)(?: - (?P<why>.*))?$")
_SKIPPED = re.compile(r"^SKIPPED \[(?P<count>\d{1,9})\] (?P<path>[^\s:][^:]*)(?::(?P<line>\d{1,9}))?: (?P<why>.*)$")
_VERBOSE = re.compile(r"^(?P<node>[^\s:][^:]*::.+?) (?P<word>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: \((?P<why>.*)\))? +\[ *\d{1,3}%\]$")
_WORKER = re.compile(r"^\[gw\d+\] \[ *\d{1,3}%\] (?P<word>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (?P<node>[^\s:][^:]*::.+?)\s*$")
_LETTERS = re.compile(r"^(?:\S.* )?(?P<letters>[.sxX]+) +\[ *\d{1,3}%\]$")
_RED = re.compile(r"^(?:\S.* )?(?=\S*[FE])[.sxXFER]+ +\[ *\d{1,3}%\]$")
_CUT_OFF = "the output is not pytest's, or cut off before its counts"
_RAISED = re.compile(r"^E   +(?P<why>\S.*)$")
_STOP = re.compile(r"^!+ (?:KeyboardInterrupt|_pytest\.outcomes\.Exit.*|.*Exit: .*) !+$")
_UNCOLLECTED = re.compile(r"^!+ Interrupted: \d+ errors? during collection !+$")
_INTERNAL = "INTERNALERROR>"
_TORN = "at teardown of"
_SELECTED = re.compile(r"^(?:collecting \.\.\. +)?collected (?P<all>\d{1,9}) items?(?:.* / (?P<left>\d{1,9}) selected)?|^\d+ workers? \[(?P<shared>\d{1,9}) items?\]")
_OUTCOMES = {"FAILED": TestOutcome.FAILED, "ERROR": TestOutcome.ERROR, "PASSED": TestOutcome.PASSED, "XPASS": TestOutcome.PASSED,
             "XFAIL": TestOutcome.SKIPPED, "SKIPPED": TestOutcome.SKIPPED}
_COUNTED = {"failed": TestOutcome.FAILED, "error": TestOutcome.ERROR, "errors": TestOutcome.ERROR, "passed": TestOutcome.PASSED,
            "xpassed": TestOutcome.PASSED, "skipped": TestOutcome.SKIPPED, "xfailed": TestOutcome.SKIPPED}
#: more unnamed tests than any repository has are no count but noise
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One section below ERRORS or FAILURES: its title without `ERROR at setup of`, its text, and when it happened (`at teardown of`; empty: in the test)."""

    title: str
    text: str
    when: str


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Test results of a pytest run."""
    lines = lines_of(decode(raw.stdout))
    counts = _counts(lines)
    troubles = list(_troubles(lines))
    words, named = _words(lines), tuple(_named(raw, lines, list(troubles)))
    skips = _skips(raw, lines, words)
    unnamed = _unnamed(_letters(lines) if counts is None else counts, words, troubles, len(skips))
    tests = (*named, *skips, *unnamed[_surplus(lines, (*named, *skips, *unnamed)):])
    uncollected = any(_UNCOLLECTED.match(line) for line in lines)
    exits = finds_at(exits, STOPPED) if uncollected else replace(exits, findings=exits.findings - {STOPPED})
    error = _error(raw, lines, counts, uncollected=uncollected) or _unsaid(raw, lines, counts, tests)
    return conclude(raw, idle_at(exits, NO_TESTS), Account(
        tests=tests, findings=missed_coverage(raw, "pytest"), problems=unnamed_reruns("\n".join(lines), named), nothing=None if error else nothing_ran(tests), error=error))


def _counts(lines: list[str]) -> Counter[str] | None:
    """The last counts, by pytest's word; None where pytest did not print them."""
    told = next((match for line in reversed(lines) if (match := _COUNTS.match(line))), None)
    return Counter({one["word"]: int(one["count"]) for one in _COUNT.finditer(told["counts"])}) if told else None


def _summary(lines: list[str]) -> list[str]:
    """The lines from the last summary on; the section of reruns stands right above the short one."""
    starts = [at for at, line in enumerate(lines) if _SUMMARY.match(line)]
    if not starts:
        return []
    near = next((at for at in starts if not any(line.startswith("=") for line in lines[at + 1:starts[-1]])), starts[-1])
    return lines[near + 1:]


def _named(raw: RawOutput, lines: list[str], troubles: list[_Trouble]) -> Iterator[TestCase]:
    """The tests that the summary or the lines of `-v` name, each once."""
    again = rerun_names("\n".join(lines))
    waiting: dict[tuple[str, bool], list[_Trouble]] = {}
    for trouble in troubles:
        waiting.setdefault((trouble.title, bool(trouble.when)), []).append(trouble)
    found: dict[tuple[str, str, str], list[TestCase]] = {}
    for match in _mentions(lines):
        case = _case(raw, match, waiting)
        found.setdefault((case.file or "", case.classname, case.name), []).append(case)
    for group in found.values():
        case = merged(group)
        yield replace(case, earlier=(RERUN,) * again[f"{case.classname}.{case.name}"])


def _mentions(lines: list[str]) -> Iterator[re.Match[str]]:
    """What names a test: failures of the summary first, as they say why; then what else `-v` or the summary name."""
    summary = [match for line in _summary(lines) if (match := _NODE.match(line))]
    first = next((at for at, line in enumerate(lines) if _SECTION.match(line)), len(lines))
    verbose = [match for line in lines[:first] if (match := _VERBOSE.match(line) or _WORKER.match(line))]
    told = {(match["node"].strip(), match["word"]) for match in summary}
    yield from summary
    yield from (match for match in verbose if (match["node"], match["word"]) not in told)


def _case(raw: RawOutput, match: re.Match[str], waiting: dict[tuple[str, bool], list[_Trouble]]) -> TestCase:
    outcome = _OUTCOMES.get(match["word"], TestOutcome.FAILED)
    path, *parts = _split(match["node"].strip())
    module = path.removesuffix(".py").replace("/", ".")
    classname, name = (".".join([module, *parts[:-1]]), parts[-1]) if parts else ("", path)
    file, why = nearest(raw, path), match.groupdict().get("why")
    case = TestCase(name=name, classname=classname, outcome=outcome, file=file, message=headline(why))
    if outcome not in {TestOutcome.FAILED, TestOutcome.ERROR}:
        return case
    trouble = _taken(waiting.get((_title(match["node"].strip()), outcome is TestOutcome.ERROR), []), path)
    return _explained(raw, case, trouble) if trouble else case


def _split(node: str) -> list[str]:
    """The parts of a node id; `::` within parameters does not part."""
    plain, bracket, rest = node.partition("[")
    *parts, last = plain.split("::")
    return [*parts, last + bracket + rest]


def _taken(troubles: list[_Trouble], path: str) -> _Trouble | None:
    """The section of a test, which is then no longer waiting: of tests with one title in several files that which names the file."""
    at = next((at for at, trouble in enumerate(troubles) if path in trouble.text), 0)
    return troubles.pop(at) if troubles else None


def _explained(raw: RawOutput, case: TestCase, trouble: _Trouble) -> TestCase:
    spot = pytest_spot(raw, trouble.text)
    file, line = spot if spot and (spot[0] == case.file or case.classname) else (case.file, None)
    return replace(case, file=file, line=line, message=headline(_raised(trouble.text)) or case.message or headline(trouble.text), detail=capped(trouble.text))


def _raised(text: str) -> str | None:
    """The first line of the last exception."""
    last, before = None, False
    for line in text.split("\n"):
        raised = _RAISED.match(line)
        if raised and not before:
            last = raised["why"]
        before = line.startswith("E ") or line == "E"
    return last


def _troubles(lines: list[str]) -> Iterator[_Trouble]:
    """The sections below the last ERRORS and FAILURES."""
    title, within = "", False
    body: list[str] = []
    for line in [*lines, "=== end ==="]:
        head = _TITLE.match(line) if within else None
        if title and (head or line.startswith("===")):
            when = _WHEN.match(title)
            assert when is not None
            yield _Trouble(when["title"], "\n".join(body).strip("\n"), when["when"] or "")
            title, body = "", []
        within = (within and not line.startswith("===")) or bool(_TROUBLES.match(line))
        if head:
            title, body = head["title"], []
        elif title:
            body.append(line)


def _skips(raw: RawOutput, lines: list[str], words: dict[str, set[str]]) -> tuple[TestCase, ...]:
    """The skipped tests that the summary lists by place, unless `-v` named them."""
    if any("SKIPPED" in told for told in words.values()):
        return ()
    return tuple(TestCase(name=UNNAMED, outcome=TestOutcome.SKIPPED, file=nearest(raw, found["path"]), line=int(found["line"]) if found["line"] else None,
                          message=headline(found["why"]))
                 for line in _summary(lines) if (found := _SKIPPED.match(line)) for _ in range(min(int(found["count"]), _MOST)))


def _words(lines: list[str]) -> dict[str, set[str]]:
    """What was said of each test that is named: one that cannot be torn down is PASSED or FAILED, and ERROR."""
    found: dict[str, set[str]] = {}
    for match in _mentions(lines):
        found.setdefault(match["node"].strip(), set()).add(match["word"])
    return found


def _unnamed(counts: Counter[str], words: dict[str, set[str]], troubles: list[_Trouble], listed: int) -> tuple[TestCase, ...]:
    """The tests that pytest only counts."""
    wanted: Counter[TestOutcome] = Counter()
    for word, count in counts.items():
        if word in _COUNTED:
            wanted[_COUNTED[word]] += count
    for told in words.values():
        wanted.subtract({_OUTCOMES.get(word, TestOutcome.FAILED) for word in told})
    torn = {trouble.title for trouble in troubles if trouble.when == _TORN}
    # these ran well, are among the passed, and are named only with the error of their teardown
    wanted[TestOutcome.PASSED] -= sum(told == {"ERROR"} and _title(node) in torn for node, told in words.items())
    wanted[TestOutcome.SKIPPED] -= listed
    return tuple(TestCase(name=UNNAMED, outcome=outcome) for outcome in TestOutcome for _ in range(min(max(wanted[outcome], 0), _MOST)))


def _surplus(lines: list[str], tests: tuple[TestCase, ...]) -> int:
    """How many unnamed tests are too many: without the sections nobody tells which errors are of a teardown, whose test has passed, too."""
    told = next((match for line in lines if (match := _SELECTED.match(line))), None)
    if told is None:
        return 0
    ran = [test for test in tests if test.classname or test.name == UNNAMED]
    passed = sum(test.name == UNNAMED and test.outcome is TestOutcome.PASSED for test in tests)
    return min(max(len(ran) - int(told["left"] or told["all"] or told["shared"]), 0), passed)


def _title(node: str) -> str:
    """How the section of a test is called."""
    path, *parts = _split(node)
    return ".".join(parts) or path


def _letters(lines: list[str]) -> Counter[str]:
    words = {".": "passed", "s": "skipped", "x": "xfailed", "X": "xpassed"}
    return Counter(words[letter] for line in lines if (match := _LETTERS.match(line)) for letter in match["letters"])


def _error(raw: RawOutput, lines: list[str], counts: Counter[str] | None, *, uncollected: bool) -> str | None:
    broken = any(line.startswith(_INTERNAL) or _STOP.match(line) for line in lines)
    if broken or (raw.exit_code == STOPPED and not uncollected) or raw.exit_code in {3, 4}:
        return ending(raw) or f"pytest ended with exit code {raw.exit_code}"
    if counts is not None or _summary(lines) or raw.exit_code in {0, 1, NO_TESTS}:
        return None
    return complaint(raw) if raw.stderr.strip() else _CUT_OFF


def _unsaid(raw: RawOutput, lines: list[str], counts: Counter[str] | None, tests: tuple[TestCase, ...]) -> str | None:
    """That the dots tell of a failure which nothing names or counts: what would is cut off."""
    if counts is not None or raw.exit_code is not None or any(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in tests):
        return None
    return _CUT_OFF if any(_RED.match(line) for line in lines) else None
