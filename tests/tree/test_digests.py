"""Digests: content decides, and what stat says is believed only where it proves something."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gatekeeper.tree.digests import ABSENT, Digests


def later() -> float:
    """A clock by which all files of a test have settled: their change times are the machine's and cannot be set."""
    return time.time() + 10


def test_the_same_content_has_the_same_digest_and_another_has_another(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    (tmp_path / "c").write_bytes(b"y")
    digests = Digests(str(tmp_path))
    assert digests.of("a") == digests.of("b") != digests.of("c")
    assert digests.of("none") == ABSENT


def test_whether_a_file_may_be_executed_is_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    before = Digests(str(tmp_path)).of("a")
    (tmp_path / "a").chmod(0o755)
    assert Digests(str(tmp_path)).of("a") != before


def test_what_has_settled_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    first = Digests(str(tmp_path), clock=later)
    digest = first.of("a")
    assert (first.hashed, first.learned) == (1, True)
    second = Digests(str(tmp_path), first.index(), clock=later)
    assert (second.of("a"), second.hashed, second.learned) == (digest, 0, False)


def test_what_was_touched_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    """A second write in the same tick of the clock leaves size and times as they were: git calls it racily clean."""
    (tmp_path / "a").write_bytes(b"x")
    digests = Digests(str(tmp_path))
    digests.of("a")
    assert digests.index() == {}


def test_a_time_in_the_future_is_never_believed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    os.utime(tmp_path / "a", (2**32, 2**32))
    digests = Digests(str(tmp_path), clock=later)
    digests.of("a")
    assert digests.index() == {}


def test_a_write_that_puts_size_and_time_back_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    os.utime(path, (1, 1))
    first = Digests(str(tmp_path), clock=later)
    before = first.of("a")
    path.write_bytes(b"y")
    os.utime(path, (1, 1))
    assert Digests(str(tmp_path), first.index(), clock=later).of("a") != before
    assert not first.unchanged("a")


def test_unchanged_means_that_nobody_has_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    digests = Digests(str(tmp_path))
    assert (digests.of("a"), digests.of("none")) != (None, None)
    assert digests.unchanged("a")
    assert digests.unchanged("none")
    (tmp_path / "a").write_bytes(b"xx")
    (tmp_path / "none").write_bytes(b"")
    assert not digests.unchanged("a")
    assert not digests.unchanged("none")


def test_a_file_that_is_gone_is_forgotten_when_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    first = Digests(str(tmp_path), clock=later)
    first.of("a")
    (tmp_path / "a").unlink()
    second = Digests(str(tmp_path), first.index(), clock=later)
    assert second.of("a") == ABSENT
    assert second.index() == {}


def test_a_link_stands_for_its_target_and_what_that_holds(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    before = Digests(str(tmp_path), clock=later)
    digest = before.of("link")
    (tmp_path / "a").write_bytes(b"y")
    assert Digests(str(tmp_path), before.index(), clock=later).of("link") != digest


def test_a_link_to_nothing_to_an_empty_file_to_a_program_and_to_a_folder_are_four_things(tmp_path: Path) -> None:
    """What git ignores may come and go behind a link that itself stays as it is."""
    (tmp_path / "link").symlink_to("target")
    found = [Digests(str(tmp_path)).of("link")]
    (tmp_path / "target").write_text("")
    found.append(Digests(str(tmp_path)).of("link"))
    (tmp_path / "target").chmod(0o755)
    found.append(Digests(str(tmp_path)).of("link"))
    (tmp_path / "target").unlink()
    (tmp_path / "target").mkdir()
    found.append(Digests(str(tmp_path)).of("link"))
    assert len(set(found)) == len(found)


def test_a_link_to_a_folder_elsewhere_cannot_be_told(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "link").symlink_to(elsewhere)
    digests = Digests(str(root))
    assert digests.of("link") is None
    assert "outside" in digests.why("link")
    assert not digests.unchanged("link")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert Digests(str(tmp_path)).of("pipe") is None


def test_it_tells_how_far_up_a_file_reaches(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"import x from '../../shared/x'; import y from '../y'")
    (tmp_path / "b").write_bytes(b"\0../../../")
    digests = Digests(str(tmp_path))
    assert (digests.of("a"), digests.of("b")) != (None, None)
    assert (digests.climb("a"), digests.climb("b")) == (2, 0)


def test_it_looks_again_at_what_it_was_told_to_forget(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    digests = Digests(str(tmp_path))
    before = digests.of("a")
    (tmp_path / "a").write_bytes(b"y")
    assert digests.of("a") == before
    digests.forget(["a"])
    assert digests.of("a") != before


def test_steps_up_are_counted_however_they_are_written(tmp_path: Path) -> None:
    for number, text in enumerate(["'../..'", "join('..', '..')", "join('..', '../b')", "'../b'", "a..b"]):
        (tmp_path / str(number)).write_text(text)
    digests = Digests(str(tmp_path))
    assert all(digests.of(str(number)) for number in range(5))
    assert [digests.climb(str(number)) for number in range(5)] == [2, 2, 2, 1, 0]


def test_a_link_reaches_as_far_up_as_it_leads(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "c").mkdir()
    (tmp_path / "else").write_text("x")
    targets = {"a/b/far": "../../c", "a/b/near": "../../a", "a/b/here": ".", "a/b/out": str(tmp_path / "else")}
    for name, target in targets.items():
        (tree / name).symlink_to(target)
    digests = Digests(str(tree))
    assert all(digests.of(name) for name in targets)
    assert {name: (digests.climb(name), digests.leads_out(name)) for name in targets} == {
        "a/b/far": (2, False), "a/b/near": (1, False), "a/b/here": (0, False), "a/b/out": (0, True)}


def test_what_is_no_code_counts_where_it_is_named_by_how_to_get_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "k.js").write_text("import x from './t.dat'; import './k.css'; import y from \"../pic.png?raw\"; url(./f.woff); './far/../../../out.bin'; '**/*.dat'")
    digests = Digests(str(tmp_path))
    assert digests.named("a/k.js") == (), "nobody has looked at it yet"
    digests.of("a/k.js")
    assert sorted(digests.named("a/k.js")) == ["a/f.woff", "a/t.dat", "pic.png"]


@pytest.mark.parametrize("text", [r'{"extends": "..\/..\/base.json"}', r'{"extends": "..\\..\\base.json"}'])
def test_steps_up_in_other_spellings_are_steps_up(tmp_path: Path, text: str) -> None:
    (tmp_path / "tsconfig.json").write_text(text)
    digests = Digests(str(tmp_path))
    digests.of("tsconfig.json")
    assert digests.climb("tsconfig.json") == 2
