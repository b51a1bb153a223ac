"""Questions that are put to git before anybody asks for the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.model.ports import Completed
from gatekeeper.tree.ahead import Ahead
from gatekeeper.tree.git import Git

pytestmark = pytest.mark.unit


class Fake:
    """Starts nothing, and answers with what it was asked, where, and how often anything was begun before."""

    def __init__(self, *, starts: bool = True) -> None:
        self.starts = starts
        self.begun: list[Begun] = []
        self.run: list[tuple[str, ...]] = []

    def begin(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Begun:
        assert env is not None
        assert not stdin
        self.begun.append(Begun(f"{len(self.begun)}: {argv[-1]} in {cwd}", started=self.starts))
        return self.begun[-1]

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.run.append(tuple(argv)[-2:])
        return Completed(exit_code=0, stdout=f"anew: {argv[-1]} in {cwd}".encode())


class Begun:
    def __init__(self, text: str, *, started: bool) -> None:
        self.started, self.text, self.ended, self.asked = started, text, False, 0

    def answer(self, timeout: float) -> Completed:
        assert timeout > 0
        self.asked += 1
        return Completed(exit_code=0, stdout=self.text.encode())

    def end(self) -> None:
        self.ended = True


def _asking(fake: Fake, root: Path, *questions: Sequence[str]) -> Ahead:
    ahead = Ahead(fake, fake.begin, str(root), {})
    ahead.put(questions)
    return ahead


def test_an_answer_that_is_under_way_is_waited_for_and_given_once(tmp_path: Path) -> None:
    fake = Fake()
    git = Git(_asking(fake, tmp_path, ("say", "one"), ("say", "two")), str(tmp_path), {})
    assert (len(fake.begun), fake.run) == (2, [])
    assert git.ask("say", "two") == f"1: two in {tmp_path}".encode()
    assert git.ask("say", "one") == f"0: one in {tmp_path}".encode()
    assert fake.run == []
    assert git.ask("say", "one") == f"anew: one in {tmp_path}".encode()


def test_another_question_another_folder_or_another_environment_is_asked_anew(tmp_path: Path) -> None:
    fake = Fake()
    ahead = _asking(fake, tmp_path, ("say", "one"))
    (tmp_path / "inner").mkdir()
    assert Git(ahead, str(tmp_path), {}).ask("say", "three") == f"anew: three in {tmp_path}".encode()
    assert Git(ahead, str(tmp_path / "inner"), {}).ask("say", "one") == f"anew: one in {tmp_path}/inner".encode()
    assert Git(ahead, str(tmp_path), {"LANGUAGE": "de"}).ask("say", "one") == f"anew: one in {tmp_path}".encode()
    assert Git(ahead, str(tmp_path), {}).ask("say", "one") == f"0: one in {tmp_path}".encode()


def test_a_question_that_is_put_again_is_not_answered_with_what_was_true_before(tmp_path: Path) -> None:
    fake = Fake()
    ahead = _asking(fake, tmp_path, ("say", "one"))
    ahead.put([("say", "one")])
    assert Git(ahead, str(tmp_path), {}).ask("say", "one") == f"1: one in {tmp_path}".encode()
    assert [begun.ended for begun in fake.begun] == [True, False]


def test_what_nobody_asked_for_is_ended_with_the_block(tmp_path: Path) -> None:
    fake = Fake()
    with _asking(fake, tmp_path, ("say", "one"), ("say", "two")) as ahead:
        Git(ahead, str(tmp_path), {}).ask("say", "one")
    assert [begun.ended for begun in fake.begun] == [False, True]


def test_a_folder_that_is_not_there_is_not_asked_about(tmp_path: Path) -> None:
    fake = Fake()
    _asking(fake, tmp_path / "nowhere", ("say", "one"))
    assert fake.begun == []


def test_where_the_machine_has_no_process_to_spare_git_is_asked_when_somebody_wants_to_know(tmp_path: Path) -> None:
    fake = Fake(starts=False)
    git = Git(_asking(fake, tmp_path, ("say", "one")), str(tmp_path), {})
    assert git.ask("say", "one") == f"anew: one in {tmp_path}".encode()
    assert fake.begun[0].asked == 0
