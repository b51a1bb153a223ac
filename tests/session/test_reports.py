"""`--report FORMAT[=PATH]` is read, and room is made, before anything runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.session.reports import make_room, requested


def test_formats_come_with_and_without_a_path() -> None:
    assert requested(("junit", "json=out/a=b.json")) == (("junit", None), ("json", "out/a=b.json"))


@pytest.mark.parametrize("text", ["junt", "junit=", "=x"])
def test_what_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        requested((text,))


def test_missing_folders_are_made(tmp_path: Path) -> None:
    make_room((f"junit={tmp_path}/a/b/junit.xml",))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder") as caught:
        make_room((f"json={tmp_path}",))
    assert "summary.json" in (caught.value.hint or "")


def test_a_pipe_is_no_place_for_a_report(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no plain file"):
        make_room((f"json={tmp_path}/pipe",))


def test_a_file_where_a_folder_must_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        make_room((f"json={tmp_path}/file/summary.json",))
