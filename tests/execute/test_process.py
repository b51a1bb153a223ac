"""What is done to one process, without a pool around it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from gatekeeper.execute.process import lower_priority

_STANDS_BACK = """
import os, subprocess, sys
from gatekeeper.execute.process import lower_priority
os.nice(3)
with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
    lower_priority(process.pid, 2)
    print(os.getpriority(os.PRIO_PROCESS, process.pid) - os.nice(0))
    process.communicate(b"\\n")
"""


def test_a_background_job_stands_back_behind_a_gatekeeper_that_stands_back_itself() -> None:
    told = subprocess.run([sys.executable, "-c", _STANDS_BACK], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert told.stdout == "2\n"


@pytest.mark.skipif(shutil.which("ionice") is None, reason="needs ionice")
@pytest.mark.parametrize("niceness", [0, 2])
def test_a_background_job_is_the_last_at_the_disk(niceness: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        lower_priority(process.pid, niceness)
        said = subprocess.run(["ionice", "-p", str(process.pid)], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        process.communicate(b"\n")
    assert said.startswith("idle") is bool(niceness)
