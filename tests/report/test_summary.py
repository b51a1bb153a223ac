from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from gatekeeper.detect.document import to_json
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Dimension, Ending, EndKind, Enforcement, Score
from gatekeeper.model.component import Detection
from gatekeeper.model.finding import Edit, Fix, Metric, Safety, State, Suppression, SuppressionKind, TestCase, TestOutcome
from gatekeeper.model.status import Status
from gatekeeper.report.metrics import render as render_metrics
from gatekeeper.report.summary import render
from tests.fakes.record import finding, hostile, job, mixed, record, result


def summary(of: Any = None) -> Any:
    return json.loads(render(of or mixed()))


def test_the_summary_has_what_the_ecosystem_page_reads() -> None:
    document = summary()
    assert {"schema", "run_id", "root", "verdict", "components", "jobs", "batches", "facts"} <= document.keys()
    assert document["schema"] == 1
    assert document["verdict"]["outcome"] == "fail"
    assert document["verdict"]["conditions"][1] == {
        "subject": "B3/eslint.lint@web", "outcome": "incomplete", "message": "could not be measured", "hint": "npm ci"}


def test_each_batch_has_six_counters_that_add_up_with_the_four_apart() -> None:
    batches = {batch["id"]: batch for batch in summary()["batches"]}
    assert list(batches) == ["alpha", "beta", "gamma", "delta"]
    for batch in batches.values():
        assert batch["total"] == sum(batch[name] for name in (
            "completed", "running", "failed", "blocked", "pending", "unmeasured", "unavailable", "cancelled", "skipped"))
    assert batches["beta"]["failed"] == 5
    assert batches["beta"]["blocked"] == 2
    assert (batches["alpha"]["missed"], batches["beta"]["missed"], batches["gamma"]["missed"]) == (False, True, None)


def test_a_failed_job_has_everything_about_its_error() -> None:
    jobs = {entry["id"]: entry for entry in summary()["jobs"]}
    broken = jobs["B2/mypy.check@api"]
    assert (broken["status"], broken["cause"], broken["exit_code"], broken["message"]) == ("errored", "crash", 2, "mypy ended with exit code 2")
    assert broken["tail"] == ["INTERNAL ERROR", "last words"]
    assert broken["repeat"] == "cd api && /usr/bin/mypy check"
    assert broken["log"] == "jobs/B2/stdout.log"
    assert broken["tool"] == {"path": "/usr/bin/mypy", "version": "1.2.3", "source": "project"}
    assert jobs["B2/pytest.test@api"]["tests"] == {"total": 3, "passed": 1, "failed": 1, "errors": 0, "skipped": 1}
    assert jobs["B2/ruff.lint@api"]["by_severity"] == {"high": 1, "medium": 1}


def test_every_finding_is_listed_with_its_job() -> None:
    findings = summary()["findings"]
    assert [(entry["job"], entry["rule"]) for entry in findings] == [
        ("B2/ruff.lint@api", "F401"), ("B2/ruff.lint@api", "E501"), ("B3/prettier.check@web", None), ("C3/bandit.scan@api", "B101")]
    assert [entry["name"] for entry in summary()["tests"]] == ["test_subtracts", "test_waits"]


def test_components_follow_the_contract_of_detect() -> None:
    run = mixed()
    assert summary(run)["components"] == json.loads(json.dumps(to_json(Detection(root="/repo", components=run.plan.components))))["components"]
    assert summary(run)["components"][0]["tools"][0]["status"] == "configured"


def test_hostile_texts_give_strict_json_without_lone_surrogates() -> None:
    text = render(hostile()).decode("utf-8")
    assert "\\\\xff.py" in text
    assert json.loads(text)["jobs"]


def test_numbers_that_json_does_not_know_become_null() -> None:
    odd = replace(mixed(), facts=(("D1/lines", {"rate": float("nan"), "deep": [float("inf"), 1.5]}),))
    assert summary(odd)["facts"] == {"D1/lines": {"rate": None, "deep": [None, 1.5]}}


def test_equal_runs_give_equal_bytes() -> None:
    assert render(mixed()) == render(mixed())


def test_metrics_say_how_much_faster_the_run_was_than_its_jobs_one_by_one() -> None:
    jobs = [job(f"t{number}.run") for number in range(8)]
    document = json.loads(render_metrics(record([(entry, result(entry, seconds=3.0)) for entry in jobs], seconds=4.0)))
    total = document["total"]
    assert (total["job_seconds"], total["seconds"], total["speed_up"], total["cpu_seconds"], total["cores_used"]) == (24.0, 4.0, 6.0, 12.0, 3.0)
    assert (total["peak_memory_mb"], total["jobs_per_minute"], total["counters"]["completed"]) == (42.0, 120.0, 8)
    assert document["jobs"][0]["cpu_seconds"] == 1.5


def test_metrics_of_a_run_without_jobs_have_no_speed_up() -> None:
    assert json.loads(render_metrics(record((), seconds=0.0)))["total"]["speed_up"] is None


def test_a_job_that_never_ran_has_no_exit_code() -> None:
    missing = job()
    assert summary(record([(missing, result(missing, Status.UNAVAILABLE))]))["jobs"][0]["exit_code"] is None


def test_a_finding_says_what_was_judged_of_it() -> None:
    lint, edit = job(), Edit(file="api/main.py", line=3, column=1, end_line=4, end_column=1, content="")
    known = replace(finding(), score=7.5, fixes=(Fix(safety=Safety.UNSAFE, message="Remove", edits=(edit,)),), fingerprints=(("gatekeeper/exact/v1", "ab"),),
                    state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.INLINE, reason="generated", owner="me"), on_changed_line=True)
    (said,) = summary(record([(lint, result(lint, findings=[known]))]))["findings"]
    assert said["fixes"] == [{"safety": "unsafe", "message": "Remove", "edits": [
        {"file": "api/main.py", "line": 3, "column": 1, "end_line": 4, "end_column": 1, "content": ""}]}]
    assert (said["score"], said["fingerprints"], said["state"], said["on_changed_line"]) == (7.5, {"gatekeeper/exact/v1": "ab"}, "suppressed", True)
    assert said["suppression"] == {"kind": "inline", "reason": "generated", "owner": "me", "expires": None, "where": None}


def test_a_finding_that_nobody_judged_says_so() -> None:
    said = summary()["findings"][0]
    assert {key: said[key] for key in ("score", "fixes", "fingerprints", "state", "suppression", "on_changed_line")} == {
        "score": None, "fixes": [], "fingerprints": {}, "state": None, "suppression": None, "on_changed_line": None}


def test_a_name_that_is_no_text_can_be_had_back() -> None:
    lint = job()
    odd, plain = summary(record([(lint, result(lint, findings=[finding(file="a/bad\udcff.py"), finding(file="a/\u00e9.py")]))]))["findings"]
    assert (odd["file"], odd["file_uri"]) == ("a/bad\\xff.py", "a/bad%FF.py")
    assert (plain["file"], "file_uri" in plain) == ("a/\u00e9.py", False)


def test_a_run_has_its_gates_scores_changes_and_end() -> None:
    gate = Assessment(id="coverage", title="Coverage", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, message="71 % of 80 %", score=88.75,
                      violations=("71 %",), recommendations=("test api/main.py",), evidence=("B2/pytest.test@api",))
    document = summary(replace(
        mixed(), assessments=(gate,), scores=(Score(dimension=Dimension.TESTS, value=None, basis="no tests"),), metrics=(Metric(name="coverage.lines", value=71.0, unit="%"),),
        delta=Delta(against="main", new=1, fixed=(finding("gone"),), notes=("ruff changed",)),
        ending=Ending(kind=EndKind.PARTIALLY_COMPLETED, reason="no time left", recoverable=True, gaps=("B1/cargo.test@core",))))
    assert document["assessments"] == [{
        "gate": "coverage", "title": "Coverage", "component": None, "enforcement": "blocking", "status": "failed", "message": "71 % of 80 %", "score": 88.75,
        "violations": ["71 %"], "recommendations": ["test api/main.py"], "evidence": ["B2/pytest.test@api"]}]
    assert document["scores"] == [{"dimension": "tests", "value": None, "basis": "no tests"}]
    assert (document["delta"]["against"], document["delta"]["new"], document["delta"]["fixed"][0]["message"]) == ("main", 1, "gone")
    assert document["ending"] == {"kind": "partially_completed", "reason": "no time left", "recoverable": True, "gaps": ["B1/cargo.test@core"]}
    assert document["metrics"][0]["value"] == 71.0
    assert (summary()["delta"], summary()["ending"], summary()["assessments"]) == (None, None, [])


def test_a_test_that_passed_only_after_it_had_failed_is_listed() -> None:
    tests = job("pytest.test")
    cases = [TestCase(name="steady", outcome=TestOutcome.PASSED), TestCase(name="shaky", outcome=TestOutcome.PASSED, earlier=("boom",))]
    assert [(entry["name"], entry["earlier"]) for entry in summary(record([(tests, result(tests, tests=cases))]))["tests"]] == [("shaky", ["boom"])]
