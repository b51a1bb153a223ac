"""JUnit XML in two profiles: `ci` (what CI systems read best) and `strict` (valid against the xUnit and the Ant schema).

Written line by line: libraries for it follow neither schema (`disabled`, long times, order of children), drop illegal characters silently, and
would take 6 ms of each run to load. Tries before the last are `flakyFailure` and `rerunFailure`, which the Ant schema does not know: there they
are lines of the suite's output. Knows no file and no CI, and nothing of what counts (`junit_cases`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from gatekeeper.model.late import late
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line, xml_text
from gatekeeper.report.issues import cut
from gatekeeper.report.junit_cases import MOST_TRIES, Case, Mark, Suite, suites, token


class Profile(StrEnum):
    CI = "ci"
    STRICT = "strict"


#: bodies are read by people; the summary JSON has everything
LONGEST_TEXT = 60_000
LONGEST_MESSAGE = 2_000
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
#: blanks would be taken for spaces by whoever reads the file
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"})
_MOMENT = late(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")


def render(record: RunRecord, profile: Profile = Profile.CI) -> bytes:
    """The report of a run as UTF-8 XML; equal records give equal bytes."""
    found = suites(record)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', _tag("testsuites", _totals(found) if profile is Profile.CI else {})]
    for number, suite in enumerate(found):
        lines += _suite(suite, record, number, profile)
    return "\n".join((*lines, "</testsuites>\n")).encode()


def render_strict(record: RunRecord) -> bytes:
    """The report in the profile that is valid against both schemas."""
    return render(record, Profile.STRICT)


def _suite(suite: Suite, record: RunRecord, number: int, profile: Profile) -> Iterator[str]:
    yield "  " + _tag("testsuite", {
        "name": token(suite.name) or "-", "package": "gatekeeper", "id": str(number), "hostname": token(record.hostname) or "localhost",
        "timestamp": _timestamp(record.started_at), **_counted(suite.cases), "time": _time(_seconds(suite))})
    if suite.properties:
        yield "    <properties>"
        yield from (_element(6, "property", {"name": name, "value": value}) for name, value in dict(suite.properties).items())
        yield "    </properties>"
    else:
        yield "    <properties />"
    for case in suite.cases:
        yield from _case(case, profile)
    told = [line for case in suite.cases for line in _told_tries(case, profile)]
    yield _element(4, "system-out", {}, cut("\n".join(told), LONGEST_TEXT))
    yield "    <system-err />"
    yield "  </testsuite>"


def _case(case: Case, profile: Profile) -> Iterator[str]:
    """A test case; `file` and `line` are read by GitLab and by GitHub's reporters and known to neither schema."""
    given = {"classname": case.classname, "name": case.name, "time": _time(case.seconds)}
    if profile is Profile.CI:
        given |= {"file": cut(case.file, LONGEST_MESSAGE)} if case.file else {}
        given |= {"line": str(case.line)} if case.line else {}
    children = [*_ending(case), *_tries(case, profile)]
    if children:
        yield from ("    " + _tag("testcase", given), *children, "    </testcase>")
    else:
        yield _element(4, "testcase", given)


def _ending(case: Case) -> Iterator[str]:
    """What became of a case that did not pass."""
    if case.mark is None:
        return
    kind = {} if case.mark is Mark.SKIPPED else {"type": case.kind or str(case.mark)}
    message = cut(case.message, LONGEST_MESSAGE)
    yield _element(6, case.mark, {**kind, **({"message": message} if message else {})}, cut(case.text or case.message, LONGEST_TEXT))  # GitLab shows the text only


def _as_lines(case: Case, profile: Profile) -> bool:
    return profile is Profile.STRICT or case.mark is Mark.SKIPPED


def _tries(case: Case, profile: Profile) -> Iterator[str]:
    """Tries that failed before the one that counts, where readers know elements for them."""
    if not _as_lines(case, profile):
        name = "flakyFailure" if case.mark is None else "rerunFailure"
        for message in case.earlier[:MOST_TRIES]:
            yield _element(6, name, {"message": cut(message, LONGEST_MESSAGE), "type": "failed"}, cut(message, LONGEST_TEXT))


def _told_tries(case: Case, profile: Profile) -> Iterator[str]:
    """Those for which there are no elements, as lines."""
    if _as_lines(case, profile):
        for message in case.earlier[:MOST_TRIES]:
            yield f"{case.classname} {case.name}: an earlier try failed: {cut(one_line(message), LONGEST_MESSAGE)}"
    if len(case.earlier) > MOST_TRIES:
        yield f"{case.classname} {case.name}: and {len(case.earlier) - MOST_TRIES} earlier tries more"


def _totals(found: tuple[Suite, ...]) -> dict[str, str]:
    counted = _counted([case for suite in found for case in suite.cases])
    counted.pop("skipped")
    return {"name": "gatekeeper", **counted, "time": _time(sum(float(_time(_seconds(suite))) for suite in found))}


def _counted(cases: tuple[Case, ...] | list[Case]) -> dict[str, str]:
    marks = [case.mark for case in cases]
    return {"tests": str(len(marks)), "failures": str(marks.count(Mark.FAILURE)), "errors": str(marks.count(Mark.ERROR)), "skipped": str(marks.count(Mark.SKIPPED))}


def _seconds(suite: Suite) -> float:
    """The times of the cases as they are written, so that they add up."""
    return sum(float(_time(case.seconds)) for case in suite.cases)


def _time(seconds: float) -> str:
    return f"{min(max(0.0, seconds), 31_536_000.0):.3f}"  # readers clamp to a year and refuse minus; 0.0 stands first because of NaN


def _timestamp(started_at: str) -> str:
    """ISO 8601 without fraction and zone, as the Ant schema wants it."""
    match = _MOMENT.match(started_at)
    return f"{match[1]}T{match[2]}" if match else "1970-01-01T00:00:00"


def _element(indent: int, name: str, given: Mapping[str, str], text: str = "") -> str:
    """An element without children on a line of its own."""
    opened = " " * indent + _tag(name, given)
    return f"{opened}{xml_text(text).translate(_TEXT)}</{name}>" if text else f"{opened[:-1]} />"


def _tag(name: str, given: Mapping[str, str]) -> str:
    return f"<{name}{''.join(f' {key}={chr(34)}{xml_text(value).translate(_ATTRIBUTE)}{chr(34)}' for key, value in given.items())}>"
