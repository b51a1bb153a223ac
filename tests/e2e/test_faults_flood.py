"""A job that never stops talking: memory and disk stay small, and the summary says what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.faulty import jobs_of, only_run, python, repository, tasks_only, valid_reports

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
BYTES = 200_000_000
_WRITES = "import os\nblock = {block}\nfor _ in range({bytes} // len(block)): os.write(1, block)"


@pytest.mark.parametrize("block", ["b'x' * 65536", "(b'x' * 79 + b'\\n') * 819"], ids=["no-newline", "lines"])
def test_a_flood_keeps_gatekeeper_small_and_is_told(tmp_path: Path, block: str) -> None:
    space = repository(tmp_path, {"floods": python(_WRITES.format(block=block, bytes=BYTES))})
    process = space.start(*tasks_only("--jobs", "1"))
    assert process.stdout is not None
    assert process.stderr is not None
    shown = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 0, shown
    assert usage.ru_maxrss < 100 * 1024
    job = jobs_of(valid_reports(only_run(space)))["floods"]
    assert BYTES - 20_000_000 < job["dropped_bytes"] < BYTES
    assert f"D3/floods: {job['dropped_bytes']:,} bytes of its output were left out" in shown
    assert sum(path.stat().st_size for path in only_run(space).rglob("*") if path.is_file()) < 20_000_000
