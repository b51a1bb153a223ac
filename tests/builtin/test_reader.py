"""The reader of large outputs, as a process: what it leaves, and how it ends within its limits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gatekeeper.model.status import Meaning
from gatekeeper.session.reading import OUT_OF_MEMORY, Reading, read_answer, write_request


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
