"""What this machine lets a run be certain of about processes, in words for `doctor`. Starts nothing and changes nothing; the pool chooses by the same signs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from gatekeeper.execute.kills import memory_kills
from gatekeeper.execute.lineage import is_subreaper
from gatekeeper.execute.resources import memory_stalls, process_table

SURE = "whatever a job starts is found and ended, also when it detaches"


def finding_processes() -> str:
    """How far what a job starts is found and ended."""
    if _has_pidfds() and is_subreaper() is not None and os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return SURE
    if not process_table():
        return "there is no /proc: only the process group of a job is found and ended, what leaves it is not"
    if not os.path.isdir("/proc/self"):
        return ("found by group, parents and mark (no subreaper here): not what leaves its group, loses its parent and clears its environment; "
                "after kill -9 of Gatekeeper not what left its group within the last half second")
    return "found by group, parents and mark (no subreaper here): not what leaves its group, loses its parent and clears its environment"


def not_told() -> Iterator[str]:
    """What the system does not tell, and runs here go without."""
    if memory_kills() is None:
        yield "who was killed for want of memory"
    if not "".join(memory_stalls()):
        yield "how long processes wait for memory"
    if not os.path.exists(f"/proc/{os.getpid()}/io"):
        yield "bytes from and to the disk"


def _has_pidfds() -> bool:
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            os.close(os.pidfd_open(os.getpid()))
            return True
    return False
