from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Safety, Severity, State, Suppression, SuppressionKind
from gatekeeper.model.result import Attempt, Result, RunRecord
from gatekeeper.model.status import Cause, Status
from gatekeeper.report.sarif import Limits, parts, render, render_upload
from tests.fakes.nasty import TEXTS
from tests.fakes.record import finding, job, mixed, record, result


def log(of: RunRecord) -> Any:
    return json.loads(render(of))


def only_result(found: Finding) -> Any:
    lint = job()
    (only,) = [each for run in log(record([(lint, result(lint, Status.FAILED, findings=[found]))]))["runs"] for each in run["results"]]
    return only


def only_rule(found: Finding) -> Any:
    lint = job()
    (rule,) = [each for run in log(record([(lint, result(lint, Status.FAILED, findings=[found]))]))["runs"] for each in run["tool"]["driver"]["rules"]]
    return rule


def run_of(of: RunRecord, category: str) -> Any:
    (run,) = [run for run in log(of)["runs"] if run["automationDetails"]["id"] == category]
    return run


def invocation(status: Status, **more: Any) -> Any:
    lint = job()
    (run,) = log(record([(lint, replace(result(lint, status, cause=more.pop("cause", None)), **more))]))["runs"]
    (only,) = run["invocations"]
    return only


def test_a_run_is_a_tool_at_a_component_and_no_two_have_one_category() -> None:
    categories = [run["automationDetails"]["id"] for run in log(mixed())["runs"]]
    assert len(set(categories)) == len(categories)
    assert {"gatekeeper/alpha/repository/hygiene/", "gatekeeper/beta/api/ruff/", "gatekeeper/beta/core/cargo/"} <= set(categories)
    ruff = run_of(mixed(), "gatekeeper/beta/api/ruff/")
    assert (ruff["tool"]["driver"]["name"], ruff["tool"]["driver"]["version"]) == ("ruff", "1.2.3")
    assert ruff["conversion"]["tool"]["driver"]["name"] == "Gatekeeper"
    assert ruff["columnKind"] == "unicodeCodePoints"


def test_one_script_of_the_project_that_broke_does_not_silence_the_others_and_each_has_its_own_name() -> None:
    sync, broken = job("task.sync", component=None), job("task.audit", component=None)
    of = record([(sync, result(sync, Status.FAILED, findings=[replace(finding(), tool="task")])), (broken, result(broken, Status.ERRORED))])
    assert [run["tool"]["driver"]["name"] for run in log(of)["runs"]] == ["task.sync", "task.audit"]
    assert [run["tool"]["driver"]["name"] for run in json.loads(render_upload(of))["runs"]] == ["task.sync"]


def test_what_could_not_be_read_begins_with_its_place_where_it_has_one() -> None:
    problems = (Problem(file="a.py", line=3, message="x"), Problem(file="a.py", line=None, message="y"), Problem(file="", line=None, message="z"))
    told = invocation(Status.PASSED, problems=problems)["toolExecutionNotifications"]
    assert [entry["message"]["text"] for entry in told] == ["a.py:3: x", "a.py: y", "z"]


def test_what_no_tool_calls_a_rule_is_titled_in_words() -> None:
    unformatted = replace(finding(), rule=None, category=Category.FORMAT, tool="rustfmt")
    assert only_rule(unformatted)["shortDescription"]["text"] == "The file is not formatted, says rustfmt"
    assert only_rule(unformatted)["help"]["text"] == "The file is not formatted, says rustfmt."
    titles = {rule["id"]: rule["shortDescription"]["text"] for run in log(mixed())["runs"] for rule in run["tool"]["driver"]["rules"]}
    assert titles["test-failed"] == "A test failed, says pytest"


@pytest.mark.parametrize(("rule", "url", "title"), [
    ("F401", "https://docs.astral.sh/ruff/rules/unused-import", "F401 (unused import), a rule of ruff (lint)"),
    ("B101", "https://bandit.readthedocs.io/en/1.8/plugins/b101_assert_used.html", "B101 (assert used), a rule of ruff (lint)"),
    ("no-unused-vars", "https://eslint.org/docs/latest/rules/no-unused-vars", "no-unused-vars, a rule of ruff (lint)"),
    ("clippy::len_zero", "https://rust-lang.github.io/rust-clippy/rust-1.95.0/index.html#len_zero", "clippy::len_zero, a rule of ruff (lint)"),
    ("X1", "https://example.org/0c7b-11ee-be56", "X1, a rule of ruff (lint)"), ("X1", None, "X1, a rule of ruff (lint)")])
def test_a_rule_is_titled_by_its_page_where_that_says_more_than_its_id(rule: str, url: str | None, title: str) -> None:
    assert only_rule(replace(finding(), rule=rule, url=url))["shortDescription"]["text"] == title


def test_no_two_runs_have_one_category_whatever_components_are_called() -> None:
    jobs = [job(component=None), job(component="repository"), job(component="x" * 300), job(component="x" * 300 + "y"), job("repository/ruff.lint", component="")]
    of = record([(replace(entry, id=str(number)), replace(result(entry), job=str(number))) for number, entry in enumerate(jobs)])
    categories = [run["automationDetails"]["id"] for run in log(of)["runs"]]
    assert len(set(categories)) == len(jobs)
    assert {"gatekeeper/beta/repository/ruff/", "gatekeeper/beta/repository/ruff.2/"} <= set(categories)


@given(st.text() | st.sampled_from(TEXTS), st.sampled_from(TEXTS))
@settings(max_examples=60, deadline=None)
def test_any_text_anywhere_gives_results_that_github_can_place(text: str, nasty: str) -> None:
    found = replace(finding(text, file=nasty, rule=text, detail=nasty), url=text, tool=nasty)
    place = only_result(found)["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] >= 1
    assert place["artifactLocation"]["uri"].isascii()
    assert not place["artifactLocation"]["uri"].startswith(("/", ".."))
    assert only_result(found)["message"]["text"].strip()
    assert only_result(found)["ruleId"] == only_rule(found)["id"]


def test_every_run_has_results_even_none() -> None:
    runs = log(mixed())["runs"]
    assert all(isinstance(run["results"], list) for run in runs)
    assert run_of(mixed(), "gatekeeper/alpha/repository/hygiene/")["results"] == []


def test_every_finding_and_failing_test_of_the_run_is_a_result() -> None:
    found = [(each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], each["locations"][0]["physicalLocation"]["region"]["startLine"])
             for run in log(mixed())["runs"] for each in run["results"]]
    assert found == [("F401", "api/main.py", 3), ("E501", "api/main.py", 7), ("test-failed", "api/tests/test_sum.py", 9), ("format", "web/app.js", 1),
                     ("B101", "api/main.py", 3)]


def test_a_job_that_was_not_applicable_is_no_run_and_one_that_could_not_look_is() -> None:
    categories = {run["automationDetails"]["id"] for run in log(mixed())["runs"]}
    assert "gatekeeper/beta/sol/solhint/" not in categories
    eslint = run_of(mixed(), "gatekeeper/beta/web/eslint/")
    assert (eslint["results"], eslint["invocations"][0]["executionSuccessful"]) == ([], False)
    (said,) = eslint["invocations"][0]["toolExecutionNotifications"]
    assert (said["level"], said["descriptor"]["id"]) == ("warning", "missing_dependencies")
    assert "project dependencies are not installed\nto do: npm ci" in said["message"]["text"]


@pytest.mark.parametrize("status", [Status.ERRORED, Status.TIMED_OUT, Status.UNAVAILABLE, Status.UNMEASURED, Status.BLOCKED, Status.NOT_RUN, Status.CANCELLED])
def test_what_did_not_do_its_work_is_no_successful_execution_and_says_why(status: Status) -> None:
    said = invocation(status, message="because")
    assert said["executionSuccessful"] is False
    assert ["because" in entry["message"]["text"] for entry in said["toolExecutionNotifications"]] == [True]


def test_a_failure_with_findings_needs_no_notification_and_one_without_a_word_does() -> None:
    assert "toolExecutionNotifications" not in invocation(Status.FAILED, findings=(finding(),))
    silent = invocation(Status.FAILED, message="exit code 1")
    assert silent["executionSuccessful"] is True
    assert silent["toolExecutionNotifications"][0]["level"] == "error"


def test_an_invocation_has_exit_code_times_and_the_command_that_repeats_it() -> None:
    early = Attempt(exit_code=0, started=100.0, wall_seconds=1.0)
    late = Attempt(exit_code=None, signal=9, started=102.5, wall_seconds=0.5)
    first, second = job(), job("mypy.check")
    of = record([(first, Result(job=first.id, status=Status.PASSED, attempts=(early,))), (second, Result(job=second.id, status=Status.ERRORED, cause=Cause.SIGNAL, attempts=(late,)))])
    one, two = (run["invocations"][0] for run in log(of)["runs"])
    assert (one["exitCode"], one["startTimeUtc"], one["endTimeUtc"]) == (0, "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:06.678Z")
    assert ("exitCode" in two, two["exitSignalNumber"], two["startTimeUtc"]) == (False, 9, "2026-01-02T03:04:08.178Z")
    assert one["commandLine"] == "cd api && /usr/bin/ruff check"
    assert one["properties"]["status"] == "passed"


@pytest.mark.parametrize("name", ["a b?c#d%41&e=f;g.py", "bad\udcff.py", "new\nline.py", "-dash.py", "c:\\dir.py", "with:colon.py", "\u00e9\U0001f600.py", "[x](1).py"])
def test_a_file_name_is_an_encoded_relative_reference_that_can_be_had_back(name: str) -> None:
    place = only_result(finding(file=f"dir/{name}"))["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uriBaseId"] == "%SRCROOT%"
    assert place["uri"].isascii()
    assert place["uri"].isprintable()
    assert not set(place["uri"]) & set(" ?#:\\[]")
    assert unquote_to_bytes(place["uri"]) == f"dir/{name}".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(("file", "place"), [(None, "none"), ("../../etc/passwd", "outside"), ("/etc/passwd", "outside"), ("a/../../b", "outside")])
def test_a_finding_without_a_place_in_the_tree_is_shown_at_its_components_manifest_and_says_so(file: str | None, place: str) -> None:
    found = only_result(finding(file=file, line=7))
    assert found["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "api/pyproject.toml", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 1}}
    assert (found["properties"]["place"], found["properties"].get("file")) == (place, file)


def test_a_finding_of_a_whole_file_is_at_its_first_line_and_says_so() -> None:
    found = only_result(finding(line=None))
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert found["properties"]["place"] == "file"


def test_a_region_never_ends_before_it_starts() -> None:
    backwards = replace(finding(line=5), column=9, end_line=4, end_column=3)
    assert only_result(backwards)["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "startColumn": 9}
    over = replace(finding(line=5), column=9, end_line=6, end_column=3)
    assert only_result(over)["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "startColumn": 9, "endLine": 6, "endColumn": 3}


@pytest.mark.parametrize(("severity", "level", "problem"), [(Severity.CRITICAL, "error", "error"), (Severity.HIGH, "error", "error"), (Severity.MEDIUM, "warning", "warning"),
                                                            (Severity.LOW, "note", "recommendation"), (Severity.INFO, "note", "recommendation")])
def test_levels_follow_severity(severity: Severity, level: str, problem: str) -> None:
    graded = replace(finding(), severity=severity)
    assert only_result(graded)["level"] == level
    assert only_rule(graded)["defaultConfiguration"] == {"level": level}
    assert only_rule(graded)["properties"]["problem.severity"] == problem


def test_a_rule_has_what_github_shows_and_its_gravest_level() -> None:
    lint = job()
    twice = [replace(finding(), severity=Severity.LOW, url="https://docs.example.org/F401"), replace(finding(), severity=Severity.HIGH)]
    (rule,) = log(record([(lint, result(lint, Status.FAILED, findings=twice))]))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["id"] == "F401"
    assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    assert (rule["helpUri"], rule["defaultConfiguration"]["level"]) == ("https://docs.example.org/F401", "error")
    assert (rule["properties"]["tags"], rule["properties"]["precision"]) == (["lint"], "high")


def test_only_security_has_a_security_severity_its_own_score_first() -> None:
    assert "security-severity" not in only_rule(finding())["properties"]
    secret = only_rule(finding(category=Category.SECRET))["properties"]
    assert (secret["security-severity"], secret["tags"]) == ("8.0", ["secret", "security"])
    assert only_rule(replace(finding(category=Category.VULNERABILITY), score=9.8))["properties"]["security-severity"] == "9.8"


def test_a_suppressed_finding_is_kept_with_its_justification() -> None:
    why = Suppression(kind=SuppressionKind.INLINE, reason="generated code", owner="me", expires="2027-01-01", where="api/main.py:3")
    found = only_result(replace(finding(), state=State.SUPPRESSED, suppression=why))
    assert found["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "generated code",
                                      "properties": {"owner": "me", "expires": "2027-01-01", "where": "api/main.py:3", "by": "inline"}}]
    other = only_result(replace(finding(), state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.CONFIGURATION)))
    assert other["suppressions"][0]["kind"] == "external"


@pytest.mark.parametrize(("state", "said"), [(None, None), (State.NEW, "new"), (State.UNCHANGED, "unchanged"), (State.MOVED, "updated"), (State.SUPPRESSED, None)])
def test_what_was_known_before_is_the_baseline_state(state: State | None, said: str | None) -> None:
    assert only_result(replace(finding(), state=state)).get("baselineState") == said


def test_what_is_fixed_is_no_result() -> None:
    lint = job()
    (run,) = log(record([(lint, result(lint, findings=[replace(finding(), state=State.FIXED)]))]))["runs"]
    assert run["results"] == []


def test_fingerprints_are_passed_on_and_left_out_where_there_are_none() -> None:
    assert "partialFingerprints" not in only_result(finding())
    marked = replace(finding(), fingerprints=(("gatekeeper/exact/v1", "ab"), ("primaryLocationLineHash", "39fa:1")))
    assert only_result(marked)["partialFingerprints"] == {"gatekeeper/exact/v1": "ab", "primaryLocationLineHash": "39fa:1"}


def test_a_fix_keeps_its_edits_and_its_safety() -> None:
    edit = Edit(file="api/main.py", line=3, column=1, end_line=4, end_column=1, content="")
    fixed = replace(finding(), fixes=(Fix(safety=Safety.UNSAFE, message="Remove it", edits=(edit,)), Fix(safety=Safety.SAFE)))
    assert only_result(fixed)["fixes"] == [{
        "description": {"text": "Remove it"}, "properties": {"safety": "unsafe"},
        "artifactChanges": [{"artifactLocation": {"uri": "api/main.py", "uriBaseId": "%SRCROOT%"}, "replacements": [
            {"deletedRegion": {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1}, "insertedContent": {"text": ""}}]}]}]


def test_a_message_is_never_a_link_and_never_empty() -> None:
    assert "](" not in only_result(finding("see [x](1)"))["message"]["text"]
    assert only_result(finding(" "))["message"]["text"] == "F401"
    assert only_result(finding("\x1b[31mred"))["message"]["text"] == "\\x1b[31mred"


def test_a_megabyte_is_cut_with_a_word_and_never_dropped() -> None:
    text = only_result(finding("x" * 1_000_000))["message"]["text"]
    assert text.endswith("... (990000 more characters)")


def many(number: int) -> RunRecord:
    lint = job()
    return record([(lint, result(lint, Status.FAILED, findings=[finding(str(at), line=at + 1, rule=f"R{at % 7}") for at in range(number)]))])


def test_more_runs_than_a_file_takes_become_several_files_with_all_of_them() -> None:
    jobs = [job("ruff.lint", component=f"c{number}") for number in range(7)]
    of = record([(entry, result(entry)) for entry in jobs])
    files = [json.loads(part) for part in parts(of, Limits(runs=3))]
    assert [len(file["runs"]) for file in files] == [3, 3, 1]
    assert [run for file in files for run in file["runs"]] == log(of)["runs"]
    assert [(file["properties"]["part"], file["properties"]["of"]) for file in files] == [(1, 3), (2, 3), (3, 3)]


def test_more_results_than_a_run_takes_become_several_runs_with_categories_of_their_own() -> None:
    (file,) = parts(many(25), Limits(results=10))
    runs = json.loads(file)["runs"]
    assert [run["automationDetails"]["id"] for run in runs] == ["gatekeeper/beta/api/ruff/", "gatekeeper/beta/api/ruff/2/", "gatekeeper/beta/api/ruff/3/"]
    assert [found["message"]["text"] for run in runs for found in run["results"]] == [str(number) for number in range(25)]
    for run in runs:
        assert {found["ruleId"] for found in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_files_stay_below_the_limit_of_compressed_bytes_and_hold_everything() -> None:
    files = parts(many(400), Limits(packed=3_000))
    assert len(files) > 2
    assert all(len(zlib.compress(file)) < 3_000 for file in files)
    assert sum(len(run["results"]) for file in files for run in json.loads(file)["runs"]) == 400


def test_what_is_uploaded_holds_only_tools_that_did_all_of_their_work() -> None:
    """An empty run of a tool that crashed would close its alerts; one that owns up to it has the whole file refused."""
    runs = json.loads(render_upload(mixed()))["runs"]
    categories = [run["automationDetails"]["id"] for run in runs]
    assert "gatekeeper/beta/api/mypy/" not in categories
    assert "gatekeeper/beta/api/ruff/" in categories
    assert all(entry["executionSuccessful"] for run in runs for entry in run["invocations"])
    half = [job(), job("ruff.format")]
    assert json.loads(render_upload(record([(half[0], result(half[0])), (half[1], result(half[1], Status.ERRORED))])))["runs"] == []
