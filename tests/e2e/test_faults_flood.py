"""A job that never stops talking: memory and disk stay small, and the summary says what is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.fakes.faulty import jobs_of, only_run, python, repository, tasks_only, valid_reports
from tests.fakes.space import PROGRAM

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
BYTES = 200_000_000
_WRITES = "import os\nblock = {block}\nfor _ in range({bytes} // len(block)): os.write(1, block)"

#: starts the program and writes its peak: the system counts a process as large as whoever started it, and a test runner is large
_SMALL = """
import json, os, sys
pid = os.fork() or os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
open(sys.argv[1], "w").write(json.dumps(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("block", ["b'x' * 65536", "(b'x' * 79 + b'\\n') * 819"], ids=["no-newline", "lines"])
def test_a_flood_keeps_gatekeeper_small_and_is_told(tmp_path: Path, block: str) -> None:
    space = repository(tmp_path, {"floods": python(_WRITES.format(block=block, bytes=BYTES))})
    peak = tmp_path / "peak"
    space.program = (sys.executable, "-I", "-S", "-c", _SMALL, str(peak), *PROGRAM)
    ended = space.run(*tasks_only("--jobs", "1"))
    assert ended.exit_code == 0, ended
    assert json.loads(peak.read_text()) < 100 * 1024
    job = jobs_of(valid_reports(only_run(space)))["floods"]
    assert BYTES - 20_000_000 < job["dropped_bytes"] < BYTES
    assert f"D3/floods: {job['dropped_bytes']:,} bytes of its output were left out" in ended.stdout
    assert sum(path.stat().st_size for path in only_run(space).rglob("*") if path.is_file()) < 20_000_000
