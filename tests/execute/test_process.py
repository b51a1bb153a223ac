"""What is done to one process, without a pool around it."""

from __future__ import annotations

import subprocess
import sys

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
