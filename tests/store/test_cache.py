"""The cache on disk: whole or a miss, ours or a miss, never a failure."""

from __future__ import annotations

import os
import random
from pathlib import Path
from threading import Thread

import pytest

from gatekeeper.store.cache import ResultStore, clear, prune, read_packed, usage, write_packed

KEY = "ab" + "0" * 30
ENTRY = {"parsed": {"meaning": "clean", "findings": []}, "exit": 0, "stdout": b"\x00\xff", "made": 1.5}


def place(folder: Path) -> Path:
    return folder / "results" / "1" / "ab" / KEY


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    ResultStore(str(tmp_path)).put(KEY, ENTRY)
    assert ResultStore(str(tmp_path)).get(KEY) == {**ENTRY, "key": KEY}
    assert ResultStore(str(tmp_path)).get("cd" + KEY[2:]) is None


def test_without_a_folder_nothing_is_kept_and_nothing_is_said() -> None:
    store = ResultStore(None)
    store.put(KEY, ENTRY)
    assert (store.get(KEY), store.notices) == (None, [])


def test_an_entry_under_the_name_of_another_is_a_miss(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    other = "ab" + "1" * 30
    place(tmp_path).rename(place(tmp_path).with_name(other))
    assert store.get(other) is None


def test_whatever_happens_to_its_bytes_an_entry_is_whole_or_a_miss(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    whole = place(tmp_path).read_bytes()
    chance = random.Random(20261120)
    for _ in range(2000):
        data = bytearray(whole)
        match chance.randrange(4):
            case 0:
                del data[chance.randrange(len(data)):]
            case 1:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 2:
                data += chance.randbytes(chance.randrange(1, 40))
            case _:
                at = chance.randrange(len(data))
                data[at:at + 8] = chance.randbytes(8)
        place(tmp_path).write_bytes(bytes(data))
        assert store.get(KEY) in (None, {**ENTRY, "key": KEY})
        assert bytes(data) == whole or store.get(KEY) is None
    assert store.notices == []


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_plain_file_is_a_miss(tmp_path: Path, kind: str) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    path = place(tmp_path)
    path.rename(tmp_path / "elsewhere")
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            os.mkfifo(path)
    assert store.get(KEY) is None


def test_a_folder_that_others_can_write_is_not_believed_and_said_once(tmp_path: Path) -> None:
    ResultStore(str(tmp_path)).put(KEY, ENTRY)
    (tmp_path / "results" / "1").chmod(0o777)
    store = ResultStore(str(tmp_path))
    assert store.get(KEY) is None
    store.put(KEY, ENTRY)
    assert len(store.notices) == 1


def test_a_disk_that_takes_nothing_is_said_once_and_fails_nothing(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    (tmp_path / "results" / "1" / "ab").write_text("in the way")
    store.put(KEY, ENTRY)
    store.put(KEY, ENTRY)
    assert store.get(KEY) is None
    assert len(store.notices) == 1
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert len(ResultStore(str(blocked)).notices) == 1


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unmarshallable"):
        write_packed(str(tmp_path / "x"), {"no": object()})
    with pytest.raises(OSError):  # noqa: PT011 - the words are the system's
        write_packed(str(tmp_path / "none" / "x"), {})
    assert list(tmp_path.iterdir()) == []


def test_readers_see_the_old_or_the_new_while_others_write(tmp_path: Path) -> None:
    path = str(tmp_path / "x")
    write_packed(path, {"number": 0, "fill": b"x" * 100_000})

    def write(start: int) -> None:
        for number in range(start, start + 200):
            write_packed(path, {"number": number, "fill": b"x" * 100_000})

    writers = [Thread(target=write, args=(start,)) for start in (1, 1000)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = read_packed(path)
        assert isinstance(found, dict)
        assert len(found["fill"]) == 100_000
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_pruning_takes_the_old_and_then_the_longest_unused(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    keys = [f"{number:02x}" + "0" * 30 for number in range(4)]
    for age, key in enumerate(keys):
        store.put(key, {**ENTRY, "stdout": b"x" * 1000})
        os.utime(tmp_path / "results" / "1" / key[:2] / key, (1_000_000 - age * 100, 1_000_000 - age * 100))
    size = usage(str(tmp_path)).size // 4
    assert prune(str(tmp_path), older=250, now=1_000_000).entries == 1
    assert prune(str(tmp_path), older=1e9, most=2 * size, now=1_000_000).entries == 1
    assert [store.get(key) is not None for key in keys] == [True, True, False, False]
    assert clear(str(tmp_path)).entries == 2
    assert usage(str(tmp_path)).entries == 0


def test_asking_for_an_entry_keeps_it_from_being_pruned(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    os.utime(place(tmp_path), (1, 1))
    assert store.get(KEY) is not None
    assert prune(str(tmp_path), older=3600).entries == 0


def test_a_dropped_entry_is_gone(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    store.drop(KEY)
    store.drop(KEY)
    assert store.get(KEY) is None


def test_it_prunes_itself_once_a_day(tmp_path: Path) -> None:
    store = ResultStore(str(tmp_path))
    store.put(KEY, ENTRY)
    os.utime(place(tmp_path), (1, 1))
    store.tidy()
    assert store.get(KEY) is None
    store.put(KEY, ENTRY)
    os.utime(place(tmp_path), (1, 1))
    store.tidy()
    assert place(tmp_path).exists()
