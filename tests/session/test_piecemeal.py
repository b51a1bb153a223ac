"""Results that are kept file by file: what they say together, and when they say nothing."""

from __future__ import annotations

import marshal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Metric, Parsed, Severity
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import FailsAt, Role
from gatekeeper.model.value import replace
from gatekeeper.session.piecemeal import by_file, exit_code, known_files, lost_files, merged, updated

JOB = Job(id="B2/x@a", task="B2", batch="beta", command="x.y", tool_id="x", role=Role.LINT, component="a", argv=("x",), cwd=".", files=("a", "b"),
          reason=Reason(kind="used", detail="CI"))
DIGESTS: dict[str, str | None] = {"a": "1", "b": "2"}


def finding(file: str | None, line: int = 1, level: Level = Level.ERROR) -> Finding:
    return Finding(tool="x", message="m", level=level, severity=Severity.HIGH, category=Category.LINT, file=file, line=line)


def found(*findings: Finding) -> Parsed:
    return Parsed(meaning=Meaning.FINDINGS if findings else Meaning.CLEAN, findings=findings)


def pack(parsed: Parsed, code: int) -> dict[str, Any]:
    rows = by_file(JOB, parsed, code, list(DIGESTS))
    assert rows is not None
    kept = updated(None, rows, DIGESTS, whole=True)
    loaded = marshal.loads(marshal.dumps(kept, 4))
    assert isinstance(loaded, dict)
    return loaded


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 9), st.sampled_from(list(Level)))))
def test_what_is_kept_comes_back_whole(places: list[tuple[str, int, Level]]) -> None:
    findings = [finding(file, line, level) for file, line, level in places]
    kept = pack(found(*findings), 1 if findings else 0)
    known = known_files(kept, DIGESTS)
    assert known is not None
    assert sorted(map(repr, (each for several in known.values() for each in several))) == sorted(map(repr, findings))


def test_a_file_with_another_content_is_not_known() -> None:
    kept = pack(found(finding("a")), 1)
    assert set(known_files(kept, {"a": "9", "b": "2"}) or {}) == {"b"}
    assert set(known_files(kept, {"a": None, "c": "3"}) or {}) == set()


@pytest.mark.parametrize("entry", [{}, {"files": 7}, {"files": {"a": [["1", [{"no": "finding"}]]]}}, {"files": {"a": 7}}, {"files": {"a": [["1", 7]]}}])
def test_an_entry_that_makes_no_sense_is_of_no_use(entry: dict[str, Any]) -> None:
    assert not known_files(entry, {"a": "1"})


@pytest.mark.parametrize(("parsed", "code"), [
    (found(finding(None)), 1), (found(finding("elsewhere")), 1), (Parsed(meaning=Meaning.TOOL_ERROR), 1), (Parsed(meaning=Meaning.NOTHING_CHECKED), 0),
    (Parsed(meaning=Meaning.CLEAN, problems=(Problem(file="a", line=1, message="unread"),)), 0), (Parsed(meaning=Meaning.CLEAN, metrics=(Metric(name="x", value=1),)), 0),
    (found(), 1), (found(), 7), (found(finding("a")), 7)],
    ids=["no file", "another file", "broke", "nothing", "problem", "number", "bad end without a reason", "unknown end", "unknown end with findings"])
def test_what_cannot_be_told_apart_is_not_kept(parsed: Parsed, code: int) -> None:
    assert by_file(JOB, parsed, code, ["a", "b"]) is None


def test_an_exit_code_that_says_more_than_the_findings_is_not_kept() -> None:
    """A limit of the project's own (`--max-warnings`): no file is to blame for it."""
    job = replace(JOB, fails_at=FailsAt.ERROR)
    assert by_file(job, found(finding("a", level=Level.WARNING)), 1, ["a"]) is None
    assert by_file(job, found(finding("a", level=Level.WARNING)), 0, ["a"]) is not None


def test_fewer_files_and_what_is_known_say_what_all_would() -> None:
    together = merged(found(finding("b", 2)), {"a": (finding("a", 9), finding("a", 3))})
    assert [(each.file, each.line) for each in together.findings] == [("a", 3), ("a", 9), ("b", 2)]
    assert merged(found(), {"a": ()}).meaning is Meaning.CLEAN
    assert merged(found(), {"a": (finding("a"),)}).meaning is Meaning.FINDINGS


def test_where_the_tool_leaves_out_the_changed_file_the_others_speak() -> None:
    assert merged(Parsed(meaning=Meaning.NOTHING_CHECKED), {"a": (finding("a"),)}).meaning is Meaning.FINDINGS
    assert merged(Parsed(meaning=Meaning.NOTHING_CHECKED), {}).meaning is Meaning.NOTHING_CHECKED


def test_a_run_that_broke_stays_broken_and_hides_nothing() -> None:
    broken = merged(Parsed(meaning=Meaning.TOOL_ERROR, message="syntax"), {"a": (finding("a"),)})
    assert (broken.meaning, broken.message, len(broken.findings)) == (Meaning.FINDINGS_AND_TOOL_ERROR, "syntax", 1)
    assert merged(Parsed(meaning=Meaning.TOOL_ERROR), {"a": ()}).meaning is Meaning.TOOL_ERROR


def test_a_file_that_is_gone_is_missed() -> None:
    kept = pack(found(), 0)
    assert lost_files(kept, {"a": "1"})
    assert not lost_files(kept, {"a": "9", "b": "9", "c": "9"})


def test_the_last_contents_of_a_file_are_remembered_and_no_more() -> None:
    kept = pack(found(), 0)
    for number in range(5):
        kept = updated(kept, {"a": []}, {"a": f"new{number}"}, whole=False)
    assert [known for known, _findings in kept["files"]["a"]] == ["new4", "new3", "new2"]
    assert kept["all"] == ["a", "b"]
    assert set(updated(kept, {"c": []}, {"c": "3"}, whole=True)["files"]) == {"c"}


@pytest.mark.parametrize(("level", "code"), [(Level.ERROR, 1), (Level.WARNING, 0)])
def test_the_answer_is_bad_only_for_what_the_project_fails_at(level: Level, code: int) -> None:
    assert exit_code(replace(JOB, fails_at=FailsAt.ERROR), [finding("a", level=level)]) == code
