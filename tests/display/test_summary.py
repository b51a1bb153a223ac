from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gatekeeper.display.spans import Look
from gatekeeper.display.summary import summary_text
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Dimension, Ending, EndKind, Enforcement, Score
from gatekeeper.model.result import Artifact, Condition, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from tests.fakes.record import finding, hostile, job, mixed, record, result


def summary(look: Look | None = None) -> str:
    return summary_text(mixed(), look or Look())


def section(title: str, text: str) -> str:
    return next(part for part in text.split("\n\n") if part.startswith(title))


def test_the_verdict_stands_first_and_last_with_time_and_exit_code() -> None:
    lines = summary().splitlines()
    assert lines[0] == "FAIL  3 blocking jobs failed"
    assert lines[-1] == "FAIL  3 blocking jobs failed; 14 jobs in 2.5s (0.04 min); exit code 1 (fail)"


@pytest.mark.parametrize("width", [60, 100])
def test_every_batch_has_its_six_counters_at_any_width(width: int) -> None:
    text = summary(Look(width=width))
    if width >= 96:
        rows = {line.split()[0]: re.findall(r"\s(\d+)(?=\s)", line) for line in section("batch", text).splitlines()[1:] if line[0] != " "}
        assert rows["alpha"][:6] == ["1", "1", "0", "0", "0", "0"]
        assert rows["beta"][:6] == ["9", "0", "0", "5", "2", "0"]
        assert rows["all"][:6] == ["14", "2", "0", "6", "2", "0"]
    else:
        assert "9 total, 0 completed, 0 running, 5 failed, 2 blocked, 0 pending; 1 unavailable, 1 skipped" in " ".join(text.split())
        assert max(len(line) for line in section("alpha", text).splitlines()) <= width
    for batch in ("alpha Core", "beta Language validation", "gamma Infrastructure", "delta Analytics"):
        assert batch in text


def test_a_missed_target_is_said_and_a_kept_one_too() -> None:
    assert "5m 01s (target 5m missed)" in summary(Look(width=140))
    assert "0.5s (target 3m)" in summary()


def test_failures_show_their_lines_and_the_command_to_repeat_them() -> None:
    text = section("Failed (3)", summary())
    assert "      api/main.py:3:1 F401 `os` imported but unused" in text
    assert "      +const a = 1;" in text
    assert "\n      repeat: cd api && /v/bin/pytest -q\n" in text
    assert "bandit" not in text


def test_what_broke_stands_apart_from_what_failed() -> None:
    text = section("Could not do their work (2)", summary())
    assert "mypy ended with exit code 2\n      INTERNAL ERROR\n      last words" in text
    assert "timed out" in text


def test_what_only_advises_and_broke_is_said_too_after_what_blocks() -> None:
    audit, types = job("pip-audit.audit", blocking=False), job("mypy.check")
    run = record([(audit, result(audit, Status.ERRORED, message="no network")), (types, result(types, Status.ERRORED, message="crashed"))])
    lines = section("Could not do their work (2)", summary_text(run, Look())).splitlines()
    assert lines[1].startswith("  error       beta   B2/mypy.check@api  0.3s  crashed")
    assert lines[3].endswith("no network  (advisory)")


def test_a_row_that_does_not_fit_goes_on_in_the_next_line() -> None:
    assert max(len(line) for line in section("batch", summary(Look(width=100))).splitlines()) <= 100


def test_what_could_not_be_measured_says_what_to_do_and_equal_reasons_are_one_entry() -> None:
    assert "  unavailable  B3/eslint.lint@web\n      project dependencies are not installed\n      to do: npm ci" in section("Could not be measured (5)", summary())
    jobs = [job(f"t{number}.run", component="web") for number in range(9)]
    text = summary_text(record([(entry, result(entry, Status.UNAVAILABLE, message="missing", hint="npm ci")) for entry in jobs]), Look())
    assert text.count("npm ci") == 1
    assert "and 3 more" in text


def test_advice_is_short() -> None:
    assert section("Advice (1)", summary()).splitlines()[1] == "  fail       C3/bandit.scan@api  1 finding (1 medium): api/main.py:3:1 B101 use of assert"


def test_findings_with_which_a_blocking_job_passes_are_told_apart_from_advice() -> None:
    lint, health = job("eslint.lint"), job("health.run", blocking=False)
    text = summary_text(record([(each, result(each, Status.PASSED, findings=[finding()])) for each in (lint, health)]), Look())
    assert section("Passed with findings (1)  these do not make their job fail", text).splitlines()[1].startswith("  pass       B2/eslint.lint@api  1 finding (1 high)")
    assert section("Advice (1)  never makes the verdict fail", text).splitlines()[1].startswith("  pass       B2/health.run@api  1 finding (1 high)")


def test_artifacts_come_with_their_sizes() -> None:
    assert section("Artifacts", summary()) == "Artifacts\n  junit    2.0 KB  junit.xml"


def test_artifacts_stand_below_their_folder_and_pages_that_tell_nothing_share_a_line() -> None:
    def artifact(kind: str, name: str, *, empty: bool = False) -> Artifact:
        return Artifact(kind=kind, path=f"/repo/.gatekeeper/{name}", size=100, empty=empty)

    asked = Artifact(kind="junit", path="/repo/junit.xml", size=100)
    written = (asked, artifact("junit", "runs/1/junit.xml"), artifact("json", "runs/1/summary.json"), artifact("backup", "backups/b.tar.gz"),
               artifact("documentation", "runs/1/documentation.md", empty=True), artifact("analysis", "runs/1/analysis.md", empty=True))
    told = section("Artifacts", summary_text(replace(mixed(), artifacts=written), Look()))
    assert told.splitlines() == ["Artifacts  in .gatekeeper/runs/1", "  junit      100 B  ./junit.xml", "  junit      100 B  junit.xml", "  json       100 B  summary.json",
                                 "  backup     100 B  .gatekeeper/backups/b.tar.gz", "  documentation.md, analysis.md: nothing was planned for them"]


def test_who_asks_for_more_sees_what_passed_too() -> None:
    assert "Passed" not in summary()
    assert section("Passed (2)", summary(Look(verbose=True))).count("\n  pass ") == 2


def test_what_passed_only_at_another_try_is_named() -> None:
    unsteady, steady = job("pytest.test"), job("ruff.lint")
    text = summary_text(record([(unsteady, replace(result(unsteady), flaky=True, message="8 passed; passed only at try 2")), (steady, result(steady))]), Look())
    notes = section("Notes", text)
    assert "  B2/pytest.test@api is flaky: 8 passed; passed only at try 2" in notes.splitlines()
    assert "ruff" not in notes


def test_batches_without_jobs_have_no_row() -> None:
    lint = job()
    text = summary_text(record([(lint, result(lint))]), Look())
    assert "beta Language validation" in text
    assert "gamma" not in text


def test_a_kept_target_gives_way_where_a_row_would_break_and_a_missed_one_does_not() -> None:
    rows = section("batch", summary(Look(width=96))).splitlines()
    assert any(row.startswith("beta") and "5m 01s" in row for row in rows)
    assert any("target 5m missed" in row for row in rows)
    kept = replace(mixed(), batch_seconds=(("beta", 2.5),))
    rows = section("batch", summary_text(kept, Look(width=112))).splitlines()
    assert [row.split()[-4:] for row in rows if row.startswith("beta")] == [["1", "unavailable,", "1", "skipped"]]
    assert "target" not in "".join(rows)


def test_a_terminal_of_eighty_cells_gets_a_table_that_fits() -> None:
    rows = section("batch", summary(Look(width=80))).splitlines()
    assert rows[0].split() == ["batch", "total", "compl", "run", "fail", "block", "pend", "time"]
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_last_line_breaks_between_words(width: int) -> None:
    foot = summary(Look(width=width)).rstrip("\n").rpartition("\n\n")[2]
    assert " ".join(foot.split()) == "FAIL 3 blocking jobs failed; 14 jobs in 2.5s (0.04 min); exit code 1 (fail)"
    assert max(map(len, foot.splitlines())) <= width


def test_conditions_that_are_no_jobs_are_named() -> None:
    verdict = Verdict(outcome=Outcome.INCOMPLETE, exit_code=3, message="the tree changed",
                      conditions=(Condition(subject="tree", outcome=Outcome.INCOMPLETE, message="a.py changed", hint="run again"),))
    text = summary_text(replace(mixed(), verdict=verdict), Look())
    assert section("Also decisive", text) == "Also decisive\n  incomplete  tree: a.py changed\n      to do: run again"
    assert text.splitlines()[-1].endswith("exit code 3 (incomplete)")


def judged() -> RunRecord:
    new = Assessment(id="new-high", title="new findings of high severity", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, message="4, at most 0",
                     score=20.0, violations=("a.py:1 F401", "b.py:2 F401", "c.py:3 F401", "d.py:4 F401"), recommendations=("fix them",))
    cover = replace(new, id="coverage", title="coverage", status=ConditionStatus.WARNING, enforcement=Enforcement.WARNING, message="71 %, at least 80 %", score=71.4,
                    component="api", violations=(), recommendations=())
    held = replace(new, id="tests", title="tests failed", status=ConditionStatus.PASSED, message="0", score=100.0, violations=(), recommendations=())
    verdict = Verdict(outcome=Outcome.FAIL, exit_code=1, message="1 condition failed",
                      conditions=(Condition(subject="new-high", outcome=Outcome.FAIL, message="new findings of high severity: 4, at most 0"),))
    return replace(mixed(), verdict=verdict, assessments=(new, cover, held, replace(held, id="size", status=ConditionStatus.NOT_JUDGED)),
                   delta=Delta(against="merge-base with main", new=4, unchanged=20, moved=1, fixed=(finding(),), notes=("ruff 1 became 2",)),
                   scores=(Score(dimension=Dimension.STYLE, value=87.9, basis="x"), Score(dimension=Dimension.DOCS, value=None, basis="y")),
                   ending=Ending(kind=EndKind.PARTIALLY_COMPLETED, reason="6 jobs of 14 did not do their work", recoverable=True, gaps=("x",)))


def test_what_is_new_unchanged_and_fixed_stands_below_the_verdict() -> None:
    text = summary_text(judged(), Look())
    assert text.splitlines()[2] == "compared with merge-base with main: 4 new, 21 unchanged, 1 fixed"
    assert "  ruff 1 became 2" in section("Notes", text)


def test_conditions_that_do_not_hold_come_with_their_score_and_what_to_do_and_the_others_are_counted() -> None:
    text = summary_text(judged(), Look(width=140))
    assert section("Conditions", text).splitlines() == [
        "Conditions (1 of 4 hold, 1 not judged)", "  fails       new-high  new findings of high severity: 4, at most 0  score 20", "      a.py:1 F401", "      b.py:2 F401",
        "      c.py:3 F401", "      ... and 1 more", "      to do: fix them", "  warns       coverage@api  coverage: 71 %, at least 80 %  score 71  (warning)"]
    assert "Also decisive" not in text
    assert "  holds       tests  tests failed: 0  score 100" in summary_text(judged(), Look(verbose=True, width=140))


def test_scores_are_one_line_and_the_end_of_the_run_stands_in_the_last() -> None:
    text = summary_text(judged(), Look(width=200))
    assert section("Scores", text) == "Scores  style 87  of 100; they inform, conditions decide"
    assert text.splitlines()[-1].endswith("; partially completed (6 jobs of 14 did not do their work, recoverable)")


def test_more_than_twenty_failures_are_counted_unless_asked_for() -> None:
    jobs = [job(f"t{number}.run") for number in range(25)]
    run = record([(entry, result(entry, Status.FAILED, message="no")) for entry in jobs])
    assert "  ... and 5 more; --verbose shows them" in summary_text(run, Look())
    assert summary_text(run, Look(verbose=True)).count("\n  fail ") == 25


def test_a_clean_run_is_short() -> None:
    lint = job()
    text = summary_text(record([(lint, result(lint))]), Look())
    assert text.startswith("PASS  every blocking job passed\n")
    assert re.findall("^[A-Z][a-z]+", text, re.MULTILINE) == []


def test_no_colour_unless_asked_and_hostile_texts_stay_harmless() -> None:
    assert "\x1b" not in summary()
    assert "\x1b[1;31mFAIL\x1b[0m" in summary(Look(color=True))
    text = summary_text(hostile(), Look(verbose=True))
    assert not [char for char in text if ord(char) < 32 and char != "\n"]


def test_colour_changes_no_words() -> None:
    colored = re.sub("\x1b\\[[0-9;]*m", "", summary(Look(color=True)))
    assert [line.rstrip() for line in colored.splitlines()] == summary().splitlines()


def test_why_a_run_was_ended_is_not_said_twice_in_its_last_line() -> None:
    one = job("t.run")
    verdict = Verdict(outcome=Outcome.INTERRUPTED, exit_code=130, message="cancelled by ann: enough")
    run = replace(record([(one, result(one, Status.CANCELLED))]), verdict=verdict,
                  ending=Ending(kind=EndKind.CANCELLED, reason="cancelled by ann: enough", recoverable=True))
    assert summary_text(run, Look(width=300)).splitlines()[-1].endswith("; exit code 130 (interrupted); cancelled (recoverable)")


def test_a_quiet_summary_of_a_pass_is_one_line() -> None:
    one = job("t.run")
    (line,) = summary_text(record([(one, result(one))], notes=("a note",), artifacts=(Artifact(kind="junit", path="/r/junit.xml", size=3),)), Look(quiet=True, width=200)).splitlines()
    assert line.startswith("PASS  every blocking job passed; 1 job in 2.5s")


def test_a_quiet_summary_names_everything_that_led_to_the_verdict_and_nothing_else() -> None:
    quiet, full = (summary_text(judged(), Look(quiet=quiet, width=140)) for quiet in (True, False))
    for title in ("Failed (", "Could not do their work (", "Could not be measured (", "Conditions ("):
        assert title in quiet
    for title in ("batch  ", "Scores", "Notes", "Advice", "Artifacts", "(advisory)\n      no"):
        assert title not in quiet
    assert {line for line in quiet.splitlines() if line.startswith("  fail ")} == {line for line in section("Failed", full).splitlines() if line.startswith("  fail ")}


def test_conditions_that_all_hold_are_no_part_of_a_quiet_summary() -> None:
    held = tuple(one for one in judged().assessments if one.status is ConditionStatus.PASSED)
    assert held
    assert "Conditions" not in summary_text(replace(judged(), assessments=held), Look(quiet=True))
    assert "Conditions" in summary_text(replace(judged(), assessments=held), Look())
