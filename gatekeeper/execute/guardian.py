"""The guardian: a tiny program beside every run that ends the jobs when Gatekeeper itself was killed, even by SIGKILL.

Started as `python -I -S guardian.py RUN_ID TABLE [NOTE]` with the read end of a pipe as its stdin. NOTE is a file that is touched when Gatekeeper dies. TABLE is a descriptor of a file of rows: a process group
of a job and -1, or an adopted process outside the groups and its start time; a row of zeros is free. At the end of the pipe, which comes when
Gatekeeper closes it or dies, it reads the table, tells what is left to end, kills it 0.3 s later, and sweeps every process whose environment names
the run.
Knows nothing of Gatekeeper and imports nothing of it: it must start in 10 ms and work when everything else is broken.
Without /proc (macOS) it asks `ps`, which shows no environments: then it finds the groups and what Gatekeeper had seen; without `ps` the groups alone.
What it cannot find: a process that left group and session and cleared its environment since Gatekeeper last looked at the tree, half a second at
most. Only a parent of Gatekeeper that adopts orphans could.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE = 0.3
ROUNDS = 200
#: seconds by which `ps` and Gatekeeper may differ about when a process started
CLOCKS_DIFFER = 1.5
#: bytes of a number in the table
WORD = 8


def read_table(fd: int) -> tuple[set[int], dict[int, str]]:
    """The groups, and the single processes with their start times, that live."""
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    words = [int.from_bytes(data[at:at + WORD], sys.byteorder, signed=True) for at in range(0, len(data) - WORD + 1, WORD)]
    rows = [row for row in zip(words[::2], words[1::2], strict=False) if row[0] > 1]
    return {pid for pid, started in rows if started == -1}, {pid: str(started) for pid, started in rows if started != -1}


def read(path: str) -> bytes:
    """The content of a file in /proc; empty when the process is gone or a stranger's."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def started(pid: int) -> str:
    """Start time of a living process as /proc says it; empty for the gone and for zombies."""
    words = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return "" if len(words) < 20 or words[0] in {b"Z", b"X"} else words[19].decode()


def carries(pid: int, run_id: str) -> bool:
    """Whether the environment of `pid` names the run (or a run inside it: ids are joined by `:`)."""
    for word in read(f"/proc/{pid}/environ").split(b"\0"):
        name, _, value = word.partition(b"=")
        if name == b"GATEKEEPER_RUN_ID":
            return run_id in value.decode("utf-8", "replace").split(":")
    return False


def processes(groups: set[int], singles: dict[int, str], run_id: str) -> list[int] | None:
    """Living processes that belong to the run; None where the system shows none at all."""
    if not os.path.isdir("/proc/self"):
        return listed(groups, singles)
    found = []
    for name in os.listdir("/proc"):
        pid = int(name) if name.isdigit() else 0
        if not pid or pid == os.getpid() or not (start := started(pid)):
            continue
        group = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[2:3]
        if (group and int(group[0]) in groups) or singles.get(pid) == start or carries(pid, run_id):
            found.append(pid)
    return found


def listed(groups: set[int], singles: dict[int, str]) -> list[int] | None:
    """The same as `ps` tells it, which knows start times to the second; without /proc ours are hundredths of seconds since 1970."""
    import subprocess  # lazy: only systems without /proc, and only at the end

    try:
        said = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat=,lstart="], env={"PATH": os.defpath, "LC_ALL": "C"}, capture_output=True, check=False,
                              timeout=2.0)
        rows = [line.split(None, 3) for line in said.stdout.decode("ascii", "replace").splitlines()]
        living = {int(row[0]): (int(row[1]), time.mktime(time.strptime(row[3].strip()))) for row in rows if row[2][:1] != "Z"}
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
    return [pid for pid, (group, start) in living.items()
            if group in groups or (pid in singles and abs(int(singles[pid]) / 100 - start) <= CLOCKS_DIFFER)] if living else None


def send(groups: set[int], pids: list[int], signum: int) -> None:
    """Signal groups and processes; the gone and the strangers' are passed over."""
    for target, kill in [(group, os.killpg) for group in groups] + [(pid, os.kill) for pid in pids]:
        try:
            kill(target, signum)
        except OSError:
            continue


def end(groups: set[int], singles: dict[int, str], run_id: str) -> None:
    """TERM, 0.3 s, then KILL until nothing is left."""
    rest = processes(groups, singles, run_id)
    if rest == []:
        return
    send(groups, rest or [], signal.SIGTERM)
    send(groups, rest or [], signal.SIGCONT)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and rest != []:
        time.sleep(0.01)
        rest = processes(groups, singles, run_id)
    for _ in range(ROUNDS):
        send(groups, rest or [], signal.SIGKILL)
        rest = processes(groups, singles, run_id)
        if not rest:
            return
        time.sleep(0.01)


def note_death(paths: list[str]) -> None:
    """Touches the files that tell when Gatekeeper died: nobody else is there to see it."""
    for path in paths:
        try:
            os.utime(path)
        except OSError:
            continue


def main() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(signum, signal.SIG_IGN)
    sys.stdin.buffer.read()
    note_death(sys.argv[3:])
    groups, singles = read_table(int(sys.argv[2]))
    end(groups, singles, sys.argv[1])


if __name__ == "__main__":
    main()
