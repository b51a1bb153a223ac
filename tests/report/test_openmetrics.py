from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Dimension, Enforcement, Score
from gatekeeper.model.finding import Metric, State
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Outcome, Status
from gatekeeper.report.openmetrics import render
from tests.fakes.nasty import nasty
from tests.fakes.record import finding, hostile, job, mixed, record, result

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(of: RunRecord) -> Samples:
    found = [(sample.name, frozenset(sample.labels.items()), sample.value) for family in read_openmetrics(render(of).decode())  # type: ignore[no-untyped-call]  # it has no types
             for sample in family.samples]
    by_name = {(name, labels): value for name, labels, value in found}
    assert len(by_name) == len(found)
    return by_name


def value(of: RunRecord, name: str, **labels: str) -> float | None:
    return samples(of).get((name, frozenset(labels.items())))


@pytest.mark.parametrize("of", [mixed(), hostile(), nasty(), record(())], ids=["mixed", "hostile", "nasty", "empty"])
def test_it_is_open_metrics_with_an_end_mark_and_older_readers_take_it_too(of: RunRecord) -> None:
    assert samples(of)
    text = render(of).decode()
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF\n") == 1 or "# EOF" in "".join(of.notes)
    assert len(list(read_prometheus(text))) == text.count("\n# TYPE ") + 1


def test_the_verdict_is_one_at_its_word_and_zero_at_the_others() -> None:
    assert {outcome: value(mixed(), "gatekeeper_verdict", outcome=outcome) for outcome in Outcome} == {
        Outcome.PASS: 0, Outcome.INCOMPLETE: 0, Outcome.FAIL: 1, Outcome.INTERRUPTED: 0}
    assert value(mixed(), "gatekeeper_exit_code") == 1


def test_jobs_are_counted_by_status_with_zeros() -> None:
    assert value(mixed(), "gatekeeper_jobs", status="failed", blocking="true") == 3
    assert value(mixed(), "gatekeeper_jobs", status="failed", blocking="false") == 1
    assert value(record(()), "gatekeeper_jobs", status="errored", blocking="true") == 0


def test_findings_are_counted_by_severity_tool_component_and_state() -> None:
    lint = job()
    of = record([(lint, result(lint, Status.FAILED, findings=[finding(), finding(), replace(finding(), state=State.NEW)]))])
    assert value(of, "gatekeeper_findings", severity="high", tool="ruff", component="api", state="unknown") == 2
    assert value(of, "gatekeeper_findings", severity="high", tool="ruff", component="api", state="new") == 1


def test_tests_times_conditions_scores_and_measurements_are_there() -> None:
    of = replace(mixed(), assessments=(Assessment(id="coverage", title="", enforcement=Enforcement.BLOCKING, status=ConditionStatus.FAILED, message=""),),
                 scores=(Score(dimension=Dimension.TESTS, value=87.5, basis=""), Score(dimension=Dimension.DOCS, value=None, basis="")),
                 delta=Delta(against="main", new=2), metrics=(Metric(name="coverage.lines", value=87.25, unit="%"), Metric(name="odd", value=float("nan"))))
    assert value(of, "gatekeeper_tests", outcome="failed", component="api", job="B2/pytest.test@api") == 1
    assert value(of, "gatekeeper_run_started_timestamp_seconds") == 1767323045.678
    assert value(of, "gatekeeper_job_duration_seconds", job="B1/cargo.clippy@core", tool="cargo", component="core") == 600
    assert value(of, "gatekeeper_job_peak_memory_bytes", job="B2/ruff.lint@api", tool="ruff", component="api") == 42 * 1_048_576
    assert value(of, "gatekeeper_batch_duration_seconds", batch="beta") == 301
    assert value(of, "gatekeeper_condition", condition="coverage", component="", enforcement="blocking", status="failed") == 1
    assert value(of, "gatekeeper_score", dimension="tests") == 87.5
    assert value(of, "gatekeeper_score", dimension="docs") is None
    assert value(of, "gatekeeper_delta", state="new") == 2
    assert value(of, "gatekeeper_measurement", measure="coverage.lines", unit="%", subject="") == 87.25
    assert value(of, "gatekeeper_measurement", measure="odd", unit="", subject="") is None


def test_a_label_comes_back_as_it_was() -> None:
    odd = job(component='a"b\\c')
    assert value(record([(odd, result(odd))]), "gatekeeper_job_duration_seconds", job=odd.id, tool="ruff", component='a"b\\c') == 0.3
