"""The reader of large outputs, as a process: what it leaves, and how it ends within its limits."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import get_args, get_type_hints

from gatekeeper.model.finding import Parsed
from gatekeeper.model.status import Meaning
from gatekeeper.session.reader import OUT_OF_MEMORY, VALUES, read_answer, write_request
from gatekeeper.session.reading import Read, Reading


def run(folder: Path, reading: Reading, *more: str) -> int:
    write_request(reading, str(folder / "request"))
    words = [sys.executable, "-I", "-m", "gatekeeper.builtin.reader", str(folder / "request"), str(folder / "answer"), *more]
    return subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode


def large(folder: Path, megabytes: int) -> Reading:
    entry = b'{"a": [1, 2, 3], "b": {"c": null}},\n'
    (folder / "out").write_bytes(b"[" + entry * (megabytes * 1_000_000 // len(entry)) + b"{}]")
    return Reading(parser="eslint-json", stdout=str(folder / "out"))


def test_what_it_reads_is_left_for_whoever_asked(tmp_path: Path) -> None:
    assert run(tmp_path, large(tmp_path, 1)) == 0
    answer = read_answer(str(tmp_path / "answer"))
    assert answer is not None
    assert answer.parsed.meaning is Meaning.TOOL_ERROR  # no report of eslint


def test_an_output_that_needs_too_much_memory_ends_the_reader_and_nothing_else(tmp_path: Path) -> None:
    assert run(tmp_path, large(tmp_path, 12), "150") == OUT_OF_MEMORY
    assert read_answer(str(tmp_path / "answer")) is None


def test_a_request_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, Reading(parser="no-such-format")) == 2
    (tmp_path / "answer").mkdir()
    assert run(tmp_path, large(tmp_path, 1)) == 2


def _values(of: object) -> set[tuple[str, str]]:
    """Every class of ours that a value of this type may hold."""
    inside = get_type_hints(of).values() if is_dataclass(of) else get_args(of)
    mine = {(of.__module__, of.__name__)} if isinstance(of, type) and (is_dataclass(of) or issubclass(of, Enum)) else set()
    return mine.union(*(_values(one) for one in inside))


def test_all_that_an_output_can_mean_may_be_told() -> None:
    assert _values(Read) == VALUES


def test_an_answer_that_names_anything_else_is_none(tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(pickle.dumps((Read(parsed=Parsed(meaning=Meaning.CLEAN)), subprocess.Popen)))
    assert read_answer(str(tmp_path / "answer")) is None
