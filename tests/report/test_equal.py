"""Equal runs give equal reports, apart from times and ids: whatever the moment, the run's name and the order in which Python hashes words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.model.result import RunRecord
from gatekeeper.report.formats import FORMATS, render
from tests.fakes.record import hostile, mixed

ROOT = Path(__file__).resolve().parents[2]
RENDER = """
import hashlib
from gatekeeper.report.formats import FORMATS, render
from tests.fakes.record import hostile, mixed
for name in FORMATS:
    print(name, hashlib.sha256(render(name, mixed()) + render(name, hostile())).hexdigest())
"""


def later(of: RunRecord) -> RunRecord:
    """The same run at another time, under another name, on a machine that is a tenth slower."""
    results = tuple(replace(result, attempts=tuple(replace(attempt, started=attempt.started + 1000, wall_seconds=attempt.wall_seconds * 1.1,
                                                           cpu_seconds=attempt.cpu_seconds * 1.1, peak_memory_mb=attempt.peak_memory_mb * 1.1)
                                                   for attempt in result.attempts)) for result in of.results)
    return replace(of, run_id="20270203-040506-dcba", started_at="2027-02-03T04:05:06.789+00:00", wall_seconds=of.wall_seconds * 1.1, results=results,
                   batch_seconds=tuple((batch, seconds * 1.1) for batch, seconds in of.batch_seconds))


def masked(report: bytes) -> str:
    """Without ids of runs and without what numbers say: only that there is one."""
    return re.sub(r"\d+(\.\d+)?", "0", report.decode().replace("20270203-040506-dcba", "ID").replace("20260102-030405-abcd", "ID"))


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("of", [mixed(), hostile()], ids=["mixed", "hostile"])
def test_a_run_at_another_time_gives_the_same_report_but_for_times_and_ids(format_id: str, of: RunRecord) -> None:
    before, after = render(format_id, of), render(format_id, later(of))
    assert masked(before) == masked(after)
    assert len(masked(before)) > len(before) / 4


def test_no_report_depends_on_the_order_in_which_words_are_hashed() -> None:
    told = [subprocess.run([sys.executable, "-c", RENDER], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
            for seed in ("1", "2")]
    assert told[0] == told[1]
    assert len(told[0].splitlines()) == len(FORMATS)
