"""Every why of a run has an answer in words: of jobs that ran and that did not, of findings, of conditions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.judge.explain import UnknownNameError, explain, names_in, short_id
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Enforcement
from gatekeeper.model.finding import State, Suppression, SuppressionKind
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from tests.fakes.record import finding, job, mixed, record

PRINT = "abcdef0123456789:1"


def answers(run: RunRecord, name: str) -> dict[str, str]:
    return {question: "\n".join(lines) for question, lines in explain(run, name).answers}


def with_finding(**changes: object) -> RunRecord:
    lint = job()
    one = replace(finding(), fingerprints=(("exact/v1", PRINT),), **changes)  # type: ignore[arg-type]
    return record([(lint, Result(job=lint.id, status=Status.FAILED, findings=(one,), message="1 finding"))])


def test_a_job_says_why_it_ran_with_what_whether_it_decides_and_how_to_repeat_it() -> None:
    told = answers(mixed(), "B2/ruff.lint@api")
    assert told["why it ran"] == "configured: [tool.ruff] in api/pyproject.toml"
    assert "ruff 1.2.3: /usr/bin/ruff" in told["with what"]
    assert "project's own environment" in told["with what"]
    assert told["does it decide"] == "yes: the project configures it"
    assert told["how it ended"].startswith("failed\nbecause it found something")
    assert "F401" in told["what it says"]
    assert told["to repeat it"]
    assert "gatekeeper: ignore[F401]" in told["what to do"]


@pytest.mark.parametrize(("delta", "command"), [
    (None, "create"), (Delta(against="the merge-base 0123456789ab"), "create"), (Delta(against="known.jsonl and the merge-base 0123456789ab"), "update --add")])
def test_what_is_there_is_adopted_by_the_command_that_fits(delta: Delta | None, command: str) -> None:
    run = replace(with_finding(), delta=delta)
    for name in ("B2/ruff.lint@api", "abcdef01"):
        assert answers(run, name)["what to do"].count(f"gatekeeper baseline {command}") == 1


def test_a_fix_is_promised_only_where_fixing_brings_it() -> None:
    style = job("ruff.format", role=Role.FORMAT)
    one = replace(finding(), fixable=True)
    run = record([(of, Result(job=of.id, status=Status.FAILED, findings=(one,))) for of in (style, job())])
    assert "gatekeeper run --fix --only 'ruff.format*'" in answers(run, style.id)["what to do"]
    assert "run its own fixing command" in answers(run, job().id)["what to do"]


def test_nobody_is_sent_to_the_baseline_with_broken_code_or_a_state_of_the_machine() -> None:
    build, health = job("cargo.check", role=Role.BUILD), job("health.run", role=Role.HEALTH)
    run = record([(of, Result(job=of.id, status=Status.FAILED, findings=(finding(),))) for of in (build, health)])
    assert "gatekeeper baseline" not in answers(run, build.id)["what to do"] + answers(run, health.id)["what to do"]
    assert "a baseline does not take it" in answers(run, build.id)["what to do"]


def test_a_part_of_the_id_is_enough_where_no_other_has_it() -> None:
    assert explain(mixed(), "mypy").subject == "B2/mypy.check@api"
    with pytest.raises(UnknownNameError):
        explain(mixed(), "cargo")


def test_a_job_that_did_not_run_says_why_not() -> None:
    assert answers(mixed(), "B3/jest@web") == {"why it did not run": "stale: jest.config.js is left over"}


def test_advice_and_waiting_are_told() -> None:
    assert answers(mixed(), "C3/bandit.scan@api")["does it decide"].startswith("no:")
    first, second = job("cargo.check"), job("cargo.test", needs=("B2/cargo.check@api",))
    run = record([(first, Result(job=first.id, status=Status.FAILED)), (second, Result(job=second.id, status=Status.BLOCKED, message="needs it"))])
    assert answers(run, "cargo.test")["why it waited"] == "it needs B2/cargo.check@api to pass, which ended as failed"


@pytest.mark.parametrize("name", ["abcdef01", "abcd", PRINT, "api/main.py:3", "api/main.py:3:F401", "api/main.py:3:ruff/F401"])
def test_a_finding_is_named_by_its_fingerprint_or_its_place(name: str) -> None:
    told = explain(with_finding(), name)
    assert (told.kind, told.subject) == ("finding", "abcdef01")


@pytest.mark.parametrize("name", ["abc", "api/main.py:4", "api/main.py:3:E501", "ffffffff"])
def test_nothing_else_names_it(name: str) -> None:
    with pytest.raises(UnknownNameError):
        explain(with_finding(), name)


def test_a_finding_says_whether_it_counts_and_who_decided_that() -> None:
    hidden = Suppression(kind=SuppressionKind.INLINE, reason="on purpose", owner="alice", expires="2027-01-31", where="api/main.py:3")
    told = answers(with_finding(state=State.SUPPRESSED, suppression=hidden), "abcdef01")
    assert told["does it count"] == "suppressed, so it does not count\napi/main.py:3: on purpose (alice), until 2027-01-31"
    assert answers(with_finding(state=State.NEW), "abcdef01")["does it count"].startswith("new: it was not known before")


def test_a_condition_says_what_it_stands_on_and_whether_it_decides() -> None:
    one = Assessment(id="coverage", title="coverage of all lines", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, score=61.0,
                     message="61.0 % run by tests, at least 80 % wanted", violations=("a.py: 9 lines not run",), evidence=("coverage.xml",))
    run = replace(mixed(), assessments=(one, replace(one, id="few", component="api", enforcement=Enforcement.ADVISORY)))
    told = answers(run, "coverage")
    assert told["does it decide"].startswith("yes: it blocks and failed")
    assert told["what is against it"] == "a.py: 9 lines not run"
    assert answers(run, "few@api")["does it decide"] == "no: its enforcement is advisory"


def test_an_unknown_name_comes_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        explain(mixed(), "B2/ruf.lint@appi")
    assert "B2/ruff.lint@api" in caught.value.near


def test_every_job_of_a_run_can_be_explained() -> None:
    run = mixed()
    for name in names_in(run):
        assert explain(run, name).answers


def test_a_finding_without_fingerprint_has_no_short_id() -> None:
    assert short_id(finding()) is None


def test_a_part_that_several_names_have_comes_with_those_and_not_with_nothing() -> None:
    with pytest.raises(UnknownNameError) as caught:
        explain(mixed(), "@api")
    assert len(caught.value.near) > 1
    assert all("@api" in name for name in caught.value.near)


def test_advice_begins_with_what_can_be_done_also_where_no_line_is_known() -> None:
    for line in (3, None):
        told = answers(with_finding(line=line), "B2/ruff.lint@api")["what to do"]
        assert "suppressions: [{rule: " in told
        assert not told.startswith("or ")
        assert told.count("if it is meant so") == 1
