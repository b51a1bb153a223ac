"""Questions that are put to git before anybody asks for the answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.model.ports import Completed
from gatekeeper.tree.ahead import Ahead
from gatekeeper.tree.git import Git

pytestmark = pytest.mark.unit


class Slow:
    """A runner whose answers come when they are let go; remembers what was asked, and whether by the thread that made it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.here: list[bool] = []
        self.go = threading.Event()
        self._maker = threading.get_ident()

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.calls.append(tuple(argv)[-2:])
        self.here.append(threading.get_ident() == self._maker)
        assert self.go.wait(60)
        return Completed(exit_code=0, stdout=f"{argv[-1]} in {cwd}".encode())


def test_an_answer_that_is_under_way_is_waited_for_and_given_once(tmp_path: Path) -> None:
    slow = Slow()
    git = Git(Ahead(slow, str(tmp_path), {}, (("say", "one"), ("say", "two"))), str(tmp_path), {})
    slow.go.set()
    assert git.ask("say", "two") == f"two in {tmp_path}".encode()
    assert git.ask("say", "one") == f"one in {tmp_path}".encode()
    assert (sorted(slow.calls), slow.here) == ([("say", "one"), ("say", "two")], [False, False])
    git.ask("say", "one")
    assert slow.here == [False, False, True]  # asked again, so told anew


def test_another_question_another_folder_or_another_environment_is_asked_anew(tmp_path: Path) -> None:
    slow = Slow()
    slow.go.set()
    ahead = Ahead(slow, str(tmp_path), {}, (("say", "one"),))
    (tmp_path / "inner").mkdir()
    assert Git(ahead, str(tmp_path), {}).ask("say", "three") == f"three in {tmp_path}".encode()
    assert Git(ahead, str(tmp_path / "inner"), {}).ask("say", "one") == f"one in {tmp_path}/inner".encode()
    assert Git(ahead, str(tmp_path), {"LANGUAGE": "de"}).ask("say", "one") == f"one in {tmp_path}".encode()
    assert slow.here.count(True) == 3


def test_a_folder_that_is_not_there_is_not_asked_about(tmp_path: Path) -> None:
    slow = Slow()
    Ahead(slow, str(tmp_path / "nowhere"), {}, (("say", "one"),))
    assert slow.calls == []
