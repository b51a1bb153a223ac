"""Gatekeeper killed at any step that changes the disk: files of the user as they were, complete reports or none, the next run like any other."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gatekeeper.errors import StoreError
from gatekeeper.store.journal import read_journal
from gatekeeper.store.runs import read_record, verify_checksums
from tests.fakes.faulty import is_locked, only_run, python, repository, run_folders, survivors, tasks_only
from tests.fakes.space import CHECKOUT, PROGRAM, Space

pytestmark = [pytest.mark.faults, pytest.mark.timeout(110)]
DYING = str(CHECKOUT / "tests" / "fakes" / "dying.py")
MOMENTS = 10


def dying(space: Space, moment: int) -> int:
    """Run and die at that moment; the steps that were made."""
    counter = space.folder / "steps"
    space.program = (sys.executable, "-P", DYING, str(moment), str(counter))
    ended = space.run(*tasks_only(), env={"PYTHONPATH": str(CHECKOUT)})
    space.program = PROGRAM
    steps = int(counter.read_text())
    assert ended.exit_code == (0 if moment == 0 or steps < moment else -9), ended
    return steps


def whole_or_absent(folder: Path) -> None:
    """Every file with the name of a report is complete."""
    for path in folder.glob("*.json"):
        json.loads(path.read_bytes())
    for path in folder.glob("*.xml"):
        ET.parse(path)
    if (folder / "SHA256SUMS").exists():
        assert verify_checksums(str(folder)) == ()
    if (folder / "record.json").exists():
        assert read_record(str(folder)).run_id == folder.name


def readable(journal: Path) -> None:
    """Up to its last whole line; one that was killed before its first line says that it is none."""
    try:
        recorded = read_journal(str(journal))
    except StoreError:
        assert not journal.exists() or not journal.read_bytes().endswith(b"\n")
        return
    lines = journal.read_bytes().count(b"\n")
    assert recorded.damaged_line in {None, lines + 1}


def test_a_crash_at_any_step_leaves_the_tree_as_it_was_and_whole_reports_or_none(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("print('one')"), "two": python("print('two')")})
    before = space.state()
    steps = dying(space, 0)
    assert steps > 40
    for moment in sorted({1 + (steps - 1) * number // (MOMENTS - 1) for number in range(MOMENTS)}):
        known = set(run_folders(space))
        dying(space, moment)
        assert space.state() == before, moment
        for folder in set(run_folders(space)) - known:
            assert survivors(folder.name) == [], moment
            assert not is_locked(folder), moment
            whole_or_absent(folder)
            readable(folder / "journal.jsonl")
    again = space.run(*tasks_only())
    assert again.exit_code == 0, again
    assert space.run("show").exit_code == 0
    assert space.run("history").exit_code == 0


def test_the_checksums_of_a_finished_run_hold(tmp_path: Path) -> None:
    space = repository(tmp_path, {"one": python("print('one')")})
    assert space.run(*tasks_only()).exit_code == 0
    assert verify_checksums(str(only_run(space))) == ()
    assert "junit.xml" in (only_run(space) / "SHA256SUMS").read_text()
