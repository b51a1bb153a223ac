"""What the run itself adds to the verdict."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gatekeeper.model.component import Problem
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Outcome, Status
from gatekeeper.session.guarding import staged_condition, tree_condition, unread_condition


def result(job: str, started: float, seconds: float = 1.0) -> Result:
    return Result(job=job, status=Status.PASSED, attempts=(Attempt(exit_code=0, started=started, wall_seconds=seconds),))


def test_a_tree_that_did_not_change_adds_nothing(tmp_path: Path) -> None:
    assert tree_condition(str(tmp_path), (), [result("B2/ruff", time.monotonic())]) is None


def test_a_changed_file_makes_the_run_incomplete_and_names_who_ran_then(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text("")
    now = time.monotonic()
    found = tree_condition(str(tmp_path), ("made.py",), [result("B2/guilty", now - 0.5), result("B2/early", now - 60)])
    assert found is not None
    assert found.outcome is Outcome.INCOMPLETE
    assert "while B2/guilty ran: made.py" in found.message


def test_a_file_that_is_gone_went_when_its_folder_changed(tmp_path: Path) -> None:
    now = time.monotonic()
    found = tree_condition(str(tmp_path), ("gone.py",), [result("B2/guilty", now - 0.5), result("B2/early", now - 60)])
    assert found is not None
    assert "while B2/guilty ran: gone.py" in found.message


@pytest.mark.parametrize("name", ["gone/with/its/folder.py", "(index)"])
def test_what_has_no_time_blames_nobody(tmp_path: Path, name: str) -> None:
    found = tree_condition(str(tmp_path), (name,), [result("B2/ruff", time.monotonic())])
    assert found is not None
    assert found.message == f"checking must not write, but these changed: {name}"


def test_many_changed_files_are_counted(tmp_path: Path) -> None:
    found = tree_condition(str(tmp_path), tuple(f"{number}.py" for number in range(8)), [])
    assert found is not None
    assert found.message.endswith("4.py and 3 more")


def test_a_job_is_blamed_once_however_many_files_it_changed(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("")
    os.utime(tmp_path / "a", (0, 0))
    found = tree_condition(str(tmp_path), ("a", "b", "c"), [result("B2/ruff", time.monotonic())])
    assert found is not None
    assert found.message.count("B2/ruff") == 1


def test_partly_staged_files_are_named_with_what_to_do() -> None:
    assert staged_condition(()) is None
    found = staged_condition(("a.py",))
    assert found is not None
    assert (found.subject, found.outcome) == ("staged", Outcome.INCOMPLETE)
    assert found.message.endswith(": a.py")
    assert "git add" in (found.hint or "")


def test_a_manifest_that_could_not_be_read_makes_the_run_incomplete_and_is_named() -> None:
    broken = Problem(file="web/package.json", line=1, message="scripts is a list, not a table")
    found = unread_condition((broken,), None)
    assert found is not None
    assert found.outcome is Outcome.INCOMPLETE
    assert "web/package.json" in found.message


def test_what_was_read_all_the_same_or_is_out_of_scope_adds_nothing() -> None:
    broken = Problem(file="web/package.json", line=1, message="is empty")
    marked = Problem(file="pyproject.toml", line=1, message="starts with a byte order mark", harmless=True)
    assert unread_condition((marked,), None) is None
    assert unread_condition((broken,), ("app.py",)) is None
    assert unread_condition((broken,), ("web/package.json",)) is not None
