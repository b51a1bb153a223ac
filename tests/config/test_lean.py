"""The lean parser, and its agreement with typer's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.cli.app import parse_with_typer
from gatekeeper.config.lean import parse, words_of
from gatekeeper.config.options import OPTIONS, Arguments, Option, options_of

FLAGS = sorted(flag for option in OPTIONS for flag in option.flags)
TEXTS = st.sampled_from(["4", "5m", "quick", ".", "-", "", "a b", "ruff*", "-x", "--fix", "=1", "ä", "\udcff", "-j4", "auto"])


def _words(option: Option) -> st.SearchStrategy[list[str]]:
    """Every way to write one option rightly."""
    flags = st.sampled_from(option.flags)
    if not option.takes_value:
        return flags.map(lambda flag: [flag])
    text = TEXTS
    long, short = st.just(option.flags[0]), [flag for flag in option.flags if not flag.startswith("--")]
    ways = [st.tuples(flags, text).map(list), st.tuples(long, text).map(lambda pair: [f"{pair[0]}={pair[1]}"])]
    if short:
        ways.append(text.filter(bool).map(lambda value: [f"{short[0]}{value}"]))
        ways.append(text.filter(bool).map(lambda value: [f"-vq{short[0][1:]}{value}"]))
    return st.one_of(ways)


def right(verb: str) -> st.SearchStrategy[list[str]]:
    pieces = st.lists(st.one_of([_words(option) for option in options_of(verb)]), max_size=6)
    path = st.sampled_from([[], ["."], ["some/where"], ["-"], [""]])
    files = st.sampled_from([[], ["--"], ["--", "a.py", "-b", "--fix", "--"]])
    return st.tuples(pieces, path, st.integers(0, 6), files).map(_joined)


def _joined(parts: tuple[list[list[str]], list[str], int, list[str]]) -> list[str]:
    pieces, path, at, files = parts
    ordered = [*pieces[:at], path, *pieces[at:]]
    return [word for piece in ordered for word in piece] + files


@pytest.mark.parametrize("verb", ["run", "plan"])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_both_parsers_understand_every_right_line_alike(verb: str, data: st.DataObject) -> None:
    words = data.draw(right(verb))
    lean = parse(verb, words)
    assert lean is not None
    assert lean == parse_with_typer(verb, words)


@given(st.lists(st.one_of(st.sampled_from(FLAGS), TEXTS, st.sampled_from(["--help", "--no-such", "-z", "--jobs=", "--fix=1", "--", "-vz", "--job"])), max_size=6))
@settings(max_examples=300, deadline=None)
def test_lean_never_understands_what_typer_reads_otherwise(words: list[str]) -> None:
    lean = parse("run", words)
    if lean is not None:
        assert lean == parse_with_typer("run", words)


@pytest.mark.parametrize("words", [["--help"], ["--no-such"], ["--jobs"], ["a", "b"], ["--fix=yes"], ["-z"], ["--mermaid"]])
def test_lean_leaves_to_typer_what_it_does_not_understand(words: list[str]) -> None:
    assert parse("run", words) is None


def test_names_after_two_dashes_are_files_even_when_they_look_like_options() -> None:
    assert parse("run", ["--pipeline", "quick", "--", "--fix", "a b.py"]) == Arguments(given={"pipeline": ("quick",)}, files=("--fix", "a b.py"))


def test_no_files_after_two_dashes_is_not_the_same_as_no_dashes() -> None:
    assert parse("run", ["--"]) == Arguments(files=())
    assert parse("run", []) == Arguments(files=None)


def test_of_a_plain_option_the_last_text_counts_and_lists_grow() -> None:
    parsed = parse("run", ["-j", "2", "--jobs=3", "--only", "a", "--only=b"])
    assert parsed == Arguments(given={"jobs": ("3",), "only": ("a", "b")})


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_words_made_of_arguments_mean_those_arguments(data: st.DataObject) -> None:
    parsed = parse("run", data.draw(right("run")))
    assert parsed is not None
    assert parse("run", words_of(parsed)) == parsed
