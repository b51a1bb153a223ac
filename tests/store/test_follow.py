"""A journal read while it grows: what is unfinished waits, what cannot be read is passed over, nothing is told twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.model.event import Notice
from gatekeeper.store.follow import Follower
from gatekeeper.store.journal import Journal

pytestmark = pytest.mark.unit


def notices(follower: Follower) -> list[str]:
    return [event.message for event in follower.new() if isinstance(event, Notice)]


def written(path: Path, *messages: str, again: bool = False) -> None:
    journal = Journal(str(path), run_id="id", version="0", on_failure=pytest.fail, again=again)
    for message in messages:
        journal(Notice(at=0.0, message=message))
    journal.close()


def test_each_look_gives_what_came_since_the_last(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    follower = Follower(str(path))
    assert notices(follower) == []
    written(path, "one", "two")
    assert notices(follower) == ["one", "two"]
    assert notices(follower) == []
    written(path, "three", again=True)
    assert notices(follower) == ["three"]


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "one")
    whole = path.read_bytes()
    follower = Follower(str(path))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert notices(follower) == []
    path.write_bytes(whole)
    assert notices(follower) == ["one"]


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "one")
    path.write_bytes(path.read_bytes() + b'{"event": "OfTomorrow", "at": 1}\nrubbish\n\xff\n[1]\n' + path.read_bytes().splitlines(keepends=True)[-1])
    assert notices(Follower(str(path))) == ["one", "one"]


def test_a_journal_that_was_cut_is_told_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "one", "two")
    follower = Follower(str(path))
    assert notices(follower) == ["one", "two"]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert notices(follower) == ["one"]


def test_moments_are_those_of_the_newest_sitting(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    follower = Follower(str(path))
    assert follower.moment(1.0) is None
    path.write_text('{"journal": "gatekeeper", "wall": 1000.0, "monotonic": 10.0}\n{"journal": "gatekeeper", "wall": 5000, "monotonic": 20}\n')
    follower.new()
    assert follower.moment(21.5) == 5001.5
    assert follower.first()["wall"] == 1000.0
