"""What a caller did to our signals does not reach jobs, and does not change what their ends mean."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.stage import BIN

ROOT = os.path.dirname(os.path.dirname(BIN))
_CALLS = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
from gatekeeper.execute.helper import run_helper
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.process import ProcessSpec

folder = sys.argv[3]
if sys.argv[2] == "here":
    os.chdir("/")
helped = run_helper(["/bin/sh", "-c", "exit 7"], cwd="/").exit_code
codes = []
with ProcessPool(run_id="inherits", portable=sys.argv[2] == "portable") as pool:
    for key, argv in (("status", ("/bin/cat", "/proc/self/status")), ("fails", ("/bin/sh", "-c", "exit 7")), ("umask", ("/bin/sh", "-c", "umask")),
                      ("fds", ("/bin/ls", "/proc/self/fd"))):
        pool.start(ProcessSpec(key=key, argv=argv, cwd="/", env={}, stdout=f"{folder}/{key}", stderr=f"{folder}/{key}.err"))
        codes += [ended.attempt.exit_code for ended in pool.wait()]
status = dict(line.split(":", 1) for line in open(f"{folder}/status").read().splitlines())
os.kill(os.getpid(), signal.SIGINT if sys.argv[4] == "background" else signal.SIGURG)
print(json.dumps({"helped": helped, "codes": codes, "ignored": int(status["SigIgn"], 16), "blocked": int(status["SigBlk"], 16),
                  "fds": open(f"{folder}/fds").read().split(), "umask": open(f"{folder}/umask").read().strip()}))
"""
#: ignored signals and blocked ones, as different callers leave them
_CALLERS = {
    "plain": ((), ()),
    "background": ((signal.SIGINT, signal.SIGQUIT), ()),
    "careless": ((signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1), (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)),
    "nohup": ((signal.SIGHUP,), ()),
}
#: signals 32 and 33, which glibc keeps for its threads and whose meaning it sets itself; its posix_spawn leaves them ignored
_C_LIBRARYS = 0b11 << 31
_EXECS = """
import os, signal, sys
ignored, blocked = ([signal.Signals(int(word)) for word in words.split(",") if word] for words in sys.argv[1:3])
for number in ignored:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
os.umask(0o027)
os.dup2(2, 57, inheritable=True)
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads /proc")
@pytest.mark.parametrize("variant", ["strong", "portable", "here"])
@pytest.mark.parametrize("caller", _CALLERS)
def test_jobs_get_default_signals_no_descriptors_and_our_umask_whatever_our_caller_did(tmp_path: Path, caller: str, variant: str) -> None:
    ignored, blocked = (",".join(str(int(number)) for number in numbers) for numbers in _CALLERS[caller])
    told = subprocess.run([sys.executable, "-c", _EXECS, ignored, blocked, sys.executable, "-B", "-c", _CALLS, ROOT, variant, str(tmp_path), caller],
                          check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = json.loads(told.stdout)
    assert said["helped"] == 7
    assert said["codes"] == [0, 7, 0, 0]
    assert said["fds"] == ["0", "1", "2", "3"]  # the last is the listing itself
    assert said["blocked"] == 0
    assert said["ignored"] & ~_C_LIBRARYS == (1 << (signal.SIGHUP - 1) if caller == "nohup" else 0)
    assert said["umask"] == "0027"
