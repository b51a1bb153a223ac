"""What the tests of faults share: a Space whose jobs are fake tools on a stage, and eyes for what a run left behind.

It knows the configuration file, the run directory and the process table; it knows nothing of the rooms behind the program.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from jsonschema import Draft202012Validator

from gatekeeper.config.schema import schema_named
from gatekeeper.store.lock import Lock
from tests.fakes.space import Space

PATIENCE = 20.0


def python(code: str, *words: str) -> tuple[str, ...]:
    """argv of a task that runs this Python program."""
    return (sys.executable, "-I", "-S", "-B", "-c", code, *words)


def repository(folder: Path, tasks: Mapping[str, Sequence[str]], **more: Mapping[str, object]) -> Space:
    """A committed repository with one file and these tasks (id to argv); `more` are further keys of a task, by its id."""
    space = Space(folder)
    space.write("a.txt", "a\n")
    configure(space, tasks, **more)
    space.init()
    return space


def configure(space: Space, tasks: Mapping[str, Sequence[str]], **more: Mapping[str, object]) -> None:
    """Write gatekeeper.yaml with these tasks; JSON is YAML."""
    entries = [{"id": name, "batch": "beta", "argv": list(argv), **more.get(name, {})} for name, argv in tasks.items()]
    space.write("gatekeeper.yaml", json.dumps({"version": 1, "tasks": entries}))


def tasks_only(*more: str) -> tuple[str, ...]:
    """Words of a run of the tasks alone, without the jobs that are ours."""
    return ("run", ".", "--only", "task.*", "--no-provision", *more)


def run_folders(space: Space) -> list[Path]:
    """Run folders, oldest first; those of one second in any order."""
    runs = space.root / ".gatekeeper" / "runs"
    return sorted(path for path in runs.iterdir() if not path.name.startswith(".")) if runs.is_dir() else []


def only_run(space: Space) -> Path:
    """The folder of the one run that there was."""
    (folder,) = run_folders(space)
    return folder


def jobs_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The jobs of a summary by the name of their task."""
    return {job["id"].rpartition("/")[2]: job for job in summary["jobs"]}


def valid_reports(folder: Path) -> Any:
    """The summary of a run whose reports are whole: JSON that follows its schema, JUnit that an XML parser reads."""
    summary = json.loads((folder / "summary.json").read_bytes())
    assert [error.message for error in Draft202012Validator(schema_named("summary")).iter_errors(summary)] == []
    assert ET.parse(folder / "junit.xml").getroot().tag == "testsuites"
    return summary


def is_locked(folder: Path) -> bool:
    """Whether somebody still holds the lock of a run."""
    lock = Lock.try_take(str(folder / "run.lock"))
    if lock is not None:
        lock.release()
    return lock is None


def survivors(run_id: str, seconds: float = PATIENCE) -> list[str]:
    """Command lines of living processes that belong to a run, once they had time to go: its jobs, its guardian."""
    for pid in _belonging(run_id):
        _wait_for_end(pid, seconds)
    return [shlex.join(_words(pid, "cmdline")) for pid in _belonging(run_id)]


def _belonging(run_id: str) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        cookie = any(word.startswith("GATEKEEPER_RUN_ID=") and run_id in word for word in _words(int(name), "environ"))
        if cookie or run_id in _words(int(name), "cmdline"):
            found.append(int(name))
    return found


def _words(pid: int, file: str) -> list[str]:
    """Empty for a zombie and for a process that is gone."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/{file}").read_bytes()).rstrip("\0").split("\0")
    except OSError:
        return []


def _wait_for_end(pid: int, seconds: float) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
