"""What duplication and complexity were measured in recorded outputs, as numbers."""

from __future__ import annotations

from gatekeeper.model.finding import Metric
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output
from tests.parse.recordings import OUTPUTS, load


def metrics(case: str) -> list[Metric]:
    recording = load(OUTPUTS / case)
    return list(parse_output(recording.parser, recording.raw, ExitSpec()).metrics)


def test_duplication_is_told_in_percent_and_in_lines() -> None:
    assert [(metric.name, metric.value) for metric in metrics("jscpd/5.3.2/findings")] == [
        ("duplication", 50.0), ("duplication.lines", 23.0), ("duplication.of", 46.0)]


def test_complexity_is_told_by_function_and_code_outside_of_functions_is_none() -> None:
    assert [(metric.file, metric.line, metric.subject, metric.value) for metric in metrics("lizard/1.24.3/clean")] == [
        ("pkg/one.py", 1, "f", 1.0), ("pkg/plain.py", 1, "g", 1.0), ("web/a.ts", 1, "pick", 4.0)]
