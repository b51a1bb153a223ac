from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.finding import State, Suppression, SuppressionKind
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Status
from gatekeeper.report.table import COLUMNS, render, safe
from tests.fakes.nasty import nasty
from tests.fakes.record import finding, hostile, job, mixed, record, result


def rows(of: RunRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(of).decode(), newline=""), strict=True))


def test_every_finding_and_failing_test_is_a_row() -> None:
    assert [(row["kind"], row["rule"], row["file"], row["line"], row["job"]) for row in rows(mixed())] == [
        ("finding", "F401", "api/main.py", "3", "B2/ruff.lint@api"), ("finding", "E501", "api/main.py", "7", "B2/ruff.lint@api"),
        ("test", "test-failed", "api/tests/test_sum.py", "9", "B2/pytest.test@api"), ("finding", "", "web/app.js", "", "B3/prettier.check@web"),
        ("finding", "B101", "api/main.py", "3", "C3/bandit.scan@api")]


@pytest.mark.parametrize("of", [hostile(), nasty()], ids=["hostile", "nasty"])
def test_no_cell_is_a_formula_and_no_row_has_more_cells_than_the_head(of: RunRecord) -> None:
    table = list(csv.reader(io.StringIO(render(of).decode(), newline=""), strict=True))
    assert {len(row) for row in table} == {len(COLUMNS)}
    assert [cell for row in table for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\n"))] == []
    assert len(table) - 1 == sum(finding.state is not State.FIXED for entry in of.results for finding in entry.findings) + sum(
        test.outcome in {"failed", "error"} for entry in of.results for test in entry.tests)


@given(st.text())
def test_no_text_is_a_formula_and_ordinary_text_stays_as_it_is(text: str) -> None:
    cell = safe(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    if text.isalnum() and text.isprintable():
        assert cell == text


@pytest.mark.parametrize(("text", "cell"), [("=1+1", "'=1+1"), ("-1", "'-1"), ("+1", "'+1"), ("@x", "'@x"), ("\t=1", "'=1"), ("\r=1", "'=1"), (" =1", "' =1"), ("a=1", "a=1")])
def test_what_would_be_a_formula_gets_an_apostrophe(text: str, cell: str) -> None:
    assert safe(text) == cell


def test_a_suppressed_finding_has_its_reason() -> None:
    lint = job()
    hidden = replace(finding(), state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.INLINE, reason="generated"))
    (row,) = rows(record([(lint, result(lint, Status.PASSED, findings=[hidden]))]))
    assert (row["state"], row["suppression"]) == ("suppressed", "generated")
