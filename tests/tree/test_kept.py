"""Values in files of the user's cache: whole and expected, or none."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.model.component import Language
from gatekeeper.tree.kept import Remembered, keep, kept

pytestmark = pytest.mark.unit


def counting(texts: list[str]) -> Callable[[str], object]:
    """Work on texts that notes which it was given."""
    def work(text: str) -> object:
        texts.append(text)
        return {"length": len(text), True: [1, 2.5, None]}

    return work


def test_only_plain_data_and_expected_classes_come_back(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "value")
    keep(path, {"a": [Language.PYTHON]})
    assert kept(path, ("gatekeeper.model.component",)) == {"a": [Language.PYTHON]}
    assert kept(path) is None
    keep(path, os.path.join)
    assert kept(path, ("posixpath", "os.path")) is None  # of a module that is expected only classes


def test_a_torn_or_foreign_file_is_nothing_and_starts_nothing(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    path = tmp_path / "value"
    keep(str(path), {"a": 1})
    whole = path.read_bytes()
    for torn in (b"", whole[:3], whole[:-1], whole[:20] + b"x" + whole[21:], b"{}"):
        path.write_bytes(torn)
        assert kept(str(path)) is None
    keep(str(path), Harm())
    assert kept(str(path), ("os", "posix")) is None
    assert not (tmp_path / "harm").exists()
    assert kept(str(tmp_path / "nothing")) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep(str(tmp_path / "file" / "value"), 1)
    assert kept(str(tmp_path / "file" / "value")) is None


def test_a_text_is_worked_through_once_for_all_runs(tmp_path: Path) -> None:
    texts: list[str] = []
    first = Remembered(str(tmp_path), "/repo")
    assert first.of("a", counting(texts)) == first.of("a", counting(texts)) == {"length": 1, True: [1, 2.5, None]}
    first.close()
    second = Remembered(str(tmp_path), "/repo")
    assert second.of("a", counting(texts)) == {"length": 1, True: [1, 2.5, None]}
    second.of("bb", counting(texts))
    assert texts == ["a", "bb"]


def test_what_a_tree_does_not_hold_any_more_is_forgotten_and_another_tree_knows_nothing(tmp_path: Path) -> None:
    texts: list[str] = []
    for asked in (("a", "b"), ("b", "c"), ("a",)):
        remembered = Remembered(str(tmp_path), "/repo")
        for text in asked:
            remembered.of(text, counting(texts))
        remembered.close()
    assert texts == ["a", "b", "c", "a"]
    Remembered(str(tmp_path), "/other").of("a", counting(texts))
    assert texts == ["a", "b", "c", "a", "a"]


def test_dates_and_values_that_hold_themselves_are_not_kept_and_errors_are_raised_each_time(tmp_path: Path) -> None:
    endless: list[object] = []
    endless.append(endless)
    texts: list[str] = []

    def work(text: str) -> object:
        texts.append(text)
        if text == "wrong":
            raise ValueError(text)
        return {"date": dt.date(2026, 1, 1), "endless": endless, "plain": 1}[text]

    for _ in range(2):
        remembered = Remembered(str(tmp_path), "/repo")
        for text in ("date", "endless", "plain"):
            remembered.of(text, work)
        with pytest.raises(ValueError, match="wrong"):
            remembered.of("wrong", work)
        remembered.close()
    assert texts == ["date", "endless", "plain", "wrong", "date", "endless", "wrong"]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    remembered = Remembered(None, "/repo")
    remembered.of("a", counting([]))
    remembered.close()
    assert list(tmp_path.iterdir()) == []


def test_old_trees_are_thinned_out(tmp_path: Path) -> None:
    for number in range(101):
        remembered = Remembered(str(tmp_path), f"/repo{number}")
        remembered.of("a", counting([]))
        remembered.close()
    assert len(list(tmp_path.iterdir())) == 51
