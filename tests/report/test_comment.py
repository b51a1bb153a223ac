from __future__ import annotations

import re
from dataclasses import replace

from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Dimension, Ending, EndKind, Enforcement, Score
from gatekeeper.model.finding import State
from gatekeeper.model.result import Condition, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.report.comment import COMMENT_BYTES, MARKER, STEP_BYTES, fitted, render, step_summary
from gatekeeper.report.markdown import render as render_page
from tests.fakes.nasty import nasty
from tests.fakes.record import TESTS, finding, job, mixed, record, result


def judged() -> RunRecord:
    new, known = replace(finding("planted"), state=State.NEW), replace(finding("old one", line=8), state=State.UNCHANGED)
    lint = job()
    condition = Assessment(id="c1", title="no new high findings", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, message="1, at most 0",
                           score=0.0, violations=("api/main.py:3 F401",), recommendations=("fix it",))
    held = replace(condition, id="c2", title="coverage", status=ConditionStatus.PASSED, message="91 %", score=91.4, violations=(), recommendations=())
    return replace(record([(lint, result(lint, Status.FAILED, findings=[new, known]))]), assessments=(held, condition),
                   scores=(Score(dimension=Dimension.STYLE, value=87.4, basis="2 findings"), Score(dimension=Dimension.DOCS, value=None, basis="no docs job")),
                   delta=Delta(against="merge-base with main", new=1, unchanged=1, fixed=(finding("gone", file="api/old.py"),), notes=("ruff 1 became 2",)),
                   ending=Ending(kind=EndKind.PARTIALLY_COMPLETED, reason="no time left", recoverable=True, gaps=("B1/cargo.test@core",)))


def test_the_comment_opens_with_its_hidden_marker_and_the_verdict() -> None:
    text = render(judged()).decode()
    assert text.startswith(f"{MARKER}\n\n# Gatekeeper: PASS\n\nevery blocking job passed (1 new, 1 unchanged, 1 fixed)\n")


def test_tests_among_what_is_new_are_told_apart_because_the_table_has_findings_only() -> None:
    tests = job("pytest.test")
    cases = [replace(TESTS[1], state=State.NEW), replace(TESTS[1], name="other", state=State.NEW)]
    of = replace(record([(tests, result(tests, Status.FAILED, tests=cases))]), delta=Delta(against="known.jsonl", new=5))
    assert "With known.jsonl: 5 new (3 findings, 2 tests), 0 unchanged, 0 fixed." in render(of).decode()


def test_what_is_new_fixed_and_judged_stands_in_both_pages() -> None:
    for text in (render(judged()).decode(), render_page(judged()).decode()):
        assert "With merge-base with main: 1 new, 1 unchanged, 1 fixed." in text
        assert "- ruff 1 became 2" in text
        assert "## New findings (1)\n\n| severity | where | rule | says | counts |\n| --- | --- | --- | --- | --- |\n| high | `api/main.py:3` | `F401` | planted | blocking |" in text
        assert "- `api/old.py:3:1 F401 gone`" in text
        assert "## Conditions (1 of 2 hold)" in text
        assert text.index("| no new high findings | failed | blocking | 0 | 1, at most 0 |") < text.index("| coverage | passed | blocking | 91 | 91 % |")
        assert "- to do: fix it" in text
        assert "| style | 87 | 2 findings |" in text
        assert "| docs | not measured | no docs job |" in text
        assert "## Ended: partially completed\n\nno time left (recoverable)\n\n- B1/cargo.test@\u200bcore" in text


def test_a_run_that_was_compared_with_nothing_says_nothing_of_it() -> None:
    text = render(mixed()).decode()
    assert "Compared" not in text
    assert "Conditions" not in text
    assert "new, " not in text


def test_failures_and_what_could_not_be_measured_are_in_the_comment() -> None:
    text = render(mixed()).decode()
    assert "## Failed (3)\n\n### `B2/ruff.lint@api` failed" in text
    assert "api/main.py:3:1 F401 `os` imported but unused" in text
    assert "| `B3/eslint.lint@web` | unavailable | blocking | project dependencies are not installed | `npm ci` |" in text


def many(number: int) -> RunRecord:
    jobs = [job(f"t{index}.run") for index in range(number)]
    return record([(one, result(one, Status.FAILED, findings=[finding("é" * 300, line=index + 1) for index in range(20)])) for one in jobs])


def test_a_page_that_is_too_long_leaves_out_whole_jobs_and_says_how_many() -> None:
    text = render(many(60)).decode()
    assert len(text.encode()) < COMMENT_BYTES
    shown = len(re.findall("^### ", text, re.MULTILINE))
    assert 0 < shown < 60
    assert f"**{60 - shown} parts of this page left out: the limit is 65,000 bytes." in text
    assert text.count("\n```") % 2 == 0
    assert "Gatekeeper 0.1.0" in text


def test_the_summary_of_a_step_stays_below_its_limit_too() -> None:
    data = step_summary(many(600))
    assert len(data) < STEP_BYTES
    assert data.rstrip().endswith(b"`report.md` and `summary.json` of the run have all.**")
    assert len(step_summary(many(600), 5_000)) < 5_000


def test_a_piece_that_has_no_room_does_not_keep_out_the_smaller_ones_after_it() -> None:
    assert fitted(["a" * 10_000, "kept"], 5_000).startswith(b"kept\n\n**1 part of this page left out")


def test_the_nasty_run_makes_no_mention_no_link_no_image_and_no_tag_of_its_own() -> None:
    for text in (render(nasty()).decode(), render_page(nasty()).decode(), step_summary(nasty()).decode()):
        outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text.removeprefix(MARKER))
        outside = re.sub(r"</?(?:details|summary)>", "", outside)
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
        assert not re.search(r"(?<!\\)[<\[]|@\w|://|#\d|(?<!\\)!\[", outside)
        assert not re.search(r"(?m)^ {0,3}([-*_=] *){3,}$", outside)
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in section_rows(text, "New")} <= {6}


def section_rows(text: str, title: str) -> list[str]:
    body = text.partition(f"## {title} (")[2].partition("\n## ")[0]
    return [line for line in body.splitlines() if line.startswith("|")]


def test_a_gap_names_its_job_as_code_and_a_hint_begins_a_sentence_of_its_own() -> None:
    lint = job()
    verdict = Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=(Condition(subject="coverage", outcome=Outcome.FAIL, message="80 % of 90 %", hint="write tests"),))
    of = replace(record([(lint, result(lint, Status.ERRORED))], verdict), ending=Ending(kind=EndKind.PARTIALLY_COMPLETED, reason="x", gaps=(f"{lint.id}: errored: crashed",)))
    for text in (render(of).decode(), render_page(of).decode()):
        assert f"- `{lint.id}`: errored: crashed" in text
        assert "- **fail** `coverage`: 80 % of 90 %. To do: `write tests`" in text
