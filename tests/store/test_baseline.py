"""The committed baseline: what is written is read, equal sets are equal bytes, and merges do it no harm."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.errors import ConfigError
from gatekeeper.judge.known import Known, KnownSet, KnownTest
from gatekeeper.model.finding import Category, Finding, Level, Severity
from gatekeeper.store.baseline import parse_baseline, read_baseline, render_baseline, write_baseline

TEXT = st.text(max_size=20)
PRINTS = st.fixed_dictionaries({"exact/v1": st.text(alphabet="0123456789abcdef", min_size=1, max_size=8)}, optional={"move/v1": st.just("ab")})


def known(file: str | None = "a.py", exact: str = "ab:1", *, message: str = "unused", line: int | None = 3, prints: dict[str, str] | None = None) -> Known:
    return Known(command="ruff.lint", component="api", finding=Finding(
        tool="ruff", message=message, rule="F401", level=Level.ERROR, severity=Severity.HIGH, category=Category.LINT, file=file, line=line,
        fingerprints=tuple(sorted((prints or {"exact/v1": exact}).items()))))


SET = KnownSet(findings=(known(), known("b.py", "cd:1")), tests=(KnownTest(command="pytest.test", component=None, classname="T", name="t"),),
               versions={"ruff": frozenset({"0.17.5"})})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "known.jsonl")
    write_baseline(path, SET)
    assert read_baseline(path, "known.jsonl") == SET
    assert read_baseline(str(tmp_path / "other"), "other") is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.none() | TEXT, TEXT, PRINTS, st.none() | st.integers(1, 9)), max_size=6), st.randoms(use_true_random=False))
def test_any_findings_survive_in_any_order(parts: list[tuple[str | None, str, dict[str, str], int | None]], chance: random.Random) -> None:
    findings = [known(file, message=message, prints=prints, line=line) for file, message, prints, line in parts]
    shuffled = chance.sample(findings, len(findings))
    data = render_baseline(KnownSet(findings=tuple(findings)))
    assert data == render_baseline(KnownSet(findings=tuple(shuffled)))
    assert {one.id for one in parse_baseline(data, "x").findings} == {one.id for one in findings}


def test_lines_that_a_union_merge_doubled_and_mixed_say_the_same() -> None:
    lines = render_baseline(SET).split(b"\n")
    mixed = b"\n".join((*lines[::-1], *lines))
    assert parse_baseline(mixed, "x") == SET


def test_versions_of_both_sides_of_a_merge_are_known() -> None:
    data = render_baseline(SET) + b'{"tool": "ruff","version": "0.18.0"}\n'
    assert parse_baseline(data, "x").versions == {"ruff": frozenset({"0.17.5", "0.18.0"})}


def test_a_message_of_many_lines_is_one_line_and_every_line_is_ascii() -> None:
    data = render_baseline(KnownSet(findings=(known(message="first\u2028\nsecond"), known("\udcff.py", "ef:1"))))
    assert data.isascii()
    assert len(data.splitlines()) == 3
    assert {one.finding.file for one in parse_baseline(data, "x").findings} == {"a.py", "\udcff.py"}


@pytest.mark.parametrize(("data", "said"), [
    (b"", "x:1: is no baseline"),
    (b'{"file": "a"}\n', "x:1: is no entry"),
    (b'{"gatekeeper-baseline": 1}\n<<<<<<< HEAD\n', "x:2: has a merge conflict"),
    (b'{"gatekeeper-baseline": 1}\n=======\n', "x:2: has a merge conflict"),
    (b'{"gatekeeper-baseline": 2}\n', "x:1: has version 2"),
    (b'{"gatekeeper-baseline": 1}\n[]\n', "x:2: is no JSON object"),
    (b'{"gatekeeper-baseline": 1}\n' + b"[" * 100_000, "x:2: is no JSON object"),
    (b'{"gatekeeper-baseline": 1}\n\xff\xfe\n', "x:2: is no JSON object"),
    (render_baseline(SET).replace(b'"error"', b'"loud"'), "x:3: is no entry of a baseline: 'loud'"),
    (render_baseline(SET).replace(b"exact/v1", b"exact/v9"), "x:3: is no entry of a baseline: it has no fingerprint exact/v1"),
    (b'{"gatekeeper-baseline": 1}\n{"tool": "ruff", "fingerprints": {}}\n', "x:2: is no entry"),
])
def test_what_is_no_baseline_is_told_with_its_line(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_baseline(data, "x")
    assert said in caught.value.message
    assert caught.value.hint


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_give_up_in_another_way(data: bytes) -> None:
    for start in (b"", b'{"gatekeeper-baseline": 1}\n'):
        with suppress(ConfigError):
            assert parse_baseline(start + data, "x") == KnownSet()


def test_a_link_or_a_folder_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError):
        read_baseline(str(tmp_path / "folder"), "folder")
