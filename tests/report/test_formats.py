from __future__ import annotations

import json
import time
import tracemalloc
from dataclasses import replace

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.report.formats import FORMATS, format_of, render
from tests.fakes.record import finding, hostile, job, mixed, record, result

SECRET = "hunter2-hunter2"
#: formats that repeat nothing that a tool said
NUMBERS = {"metrics", "openmetrics"}


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_renders_a_mixed_and_a_hostile_run_as_utf8(format_id: str) -> None:
    for of in (mixed(), hostile(), record(())):
        assert render(format_id, of).decode("utf-8").endswith("\n")


@pytest.mark.parametrize("format_id", FORMATS)
def test_no_secret_leaves_in_any_format(format_id: str) -> None:
    jobs = [job(f"{role}.run", role=role, argv=("/bin/x", f"--token={SECRET}")) for role in (Role.LINT, Role.SECURITY, Role.DOCS, Role.ANALYSIS)]
    said = f"login with {SECRET} at https://me:{SECRET}@host.invalid/ and ghp_{'a1' * 18}"
    of = record([(one, result(one, Status.FAILED, message=said, hint=said, tail=said, findings=[finding(said)])) for one in jobs], notes=(said,))
    text = render(format_id, replace(of, facts=(("A2/health", {"env": [said]}),)), (SECRET,)).decode()
    assert SECRET not in text
    assert "ghp_" not in text
    assert format_id in NUMBERS or "***" in text or "\\*\\*\\*" in text


def test_an_unknown_format_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        format_of("junitt")
    assert "junit-strict" in (caught.value.hint or "")


def test_files_of_formats_differ() -> None:
    assert len({entry.file for entry in FORMATS.values()}) == len(FORMATS)


@pytest.mark.performance
@pytest.mark.parametrize("format_id", FORMATS)
def test_the_cost_of_a_report_grows_with_the_findings_and_not_faster(format_id: str) -> None:
    def cost(number: int) -> float:
        lint = job()
        of = record([(lint, result(lint, Status.FAILED, findings=[finding(f"m{n}", line=n + 1) for n in range(number)]))])
        started = time.process_time()
        render(format_id, of)
        return time.process_time() - started

    cost(100)
    assert cost(8000) < 40 * max(cost(1000), 0.005)


def test_memory_of_a_json_report_stays_within_a_few_times_its_size() -> None:
    lint = job()
    of = record([(lint, result(lint, Status.FAILED, findings=[finding(f"m{n}", line=n + 1) for n in range(2000)]))])
    tracemalloc.start()
    try:
        size = len(render("json", of))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * size
    assert json.loads(render("json", of))["findings"][1999]["line"] == 2000
