"""One recorded stream: head and tail are kept, the rest is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.execute.spool import Spool


def write(path: Path, parts: list[bytes], cap: int) -> int:
    spool = Spool(str(path), cap)
    for part in parts:
        spool.write(part)
    return spool.close()


def test_a_stream_below_the_cap_is_kept_whole(tmp_path: Path) -> None:
    assert write(tmp_path / "f", [b"ab", b"", b"cdefgh"], 8) == 0
    assert (tmp_path / "f").read_bytes() == b"abcdefgh"


@given(parts=st.lists(st.binary(max_size=40), max_size=20), cap=st.integers(2, 50))
def test_head_and_tail_are_kept_and_the_rest_is_counted(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], cap: int) -> None:
    path = tmp_path_factory.mktemp("spool") / "f"
    whole = b"".join(parts)
    dropped = write(path, parts, cap)
    assert dropped == max(0, len(whole) - cap)
    kept = path.read_bytes() if whole else b""
    assert path.exists() is bool(whole)
    if dropped:
        head, tail = whole[: cap // 2], whole[len(whole) - (cap - cap // 2):]
        assert kept == head + f"\n[... {dropped} bytes left out ...]\n".encode() + tail
    else:
        assert kept == whole


def test_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a long old log")
    write(tmp_path / "f", [b"new"], 100)
    assert (tmp_path / "f").read_bytes() == b"new"


def test_a_job_that_says_nothing_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a long old log")
    assert write(tmp_path / "f", [], 100) == 0
    assert (tmp_path / "f").read_bytes() == b""


def test_the_folder_comes_with_the_first_byte(tmp_path: Path) -> None:
    place = tmp_path / "jobs" / "a"
    assert write(place / "silent", [b""], 100) == 0
    assert not place.exists()
    assert write(place / "f", [b"x"], 100) == 0
    assert (place / "f").read_bytes() == b"x"


def test_a_place_where_nothing_can_be_written_counts_as_dropped(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert write(tmp_path / "file" / "f", [b"abc", b"de"], 100) == 5


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_counts_as_dropped() -> None:
    spool = Spool("/dev/full", 100)
    spool.write(b"x" * 60)
    assert spool.close() == 60
