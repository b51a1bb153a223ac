"""Shell text is taken apart as a shell would, without running it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.detect.shell import commands, variables
from gatekeeper.detect.wrappers import directory, unwrap


def words(text: str) -> list[str]:
    return [" ".join(command.words) for command in commands(text)]


def plain(text: str) -> list[str]:
    return [" ".join(command.words) for command in commands(text) if command.plain]


def test_lists_are_split_into_their_commands() -> None:
    assert words("xo && ava || tsd; echo done\nls") == ["xo", "ava", "tsd", "echo done", "ls"]


def test_quotes_keep_blanks_and_operators_together() -> None:
    assert [command.words for command in commands("echo 'a && b' \"c d\" e\\ f")] == [("echo", "a && b", "c d", "e f")]


def test_pipes_and_background_are_not_plain() -> None:
    assert plain("ruff check . | tee log; server & pytest") == ["pytest"]


def test_substitutions_are_not_plain() -> None:
    assert plain("pytest $(ls tests)\npytest `ls`\npytest $UNKNOWN\npytest ${{ matrix.x }}\nmypy") == ["mypy"]


def test_variables_that_the_text_sets_are_put_in() -> None:
    text = 'PREFIX=""\nif [ -d venv ]; then\n  PREFIX="venv/bin/"\nfi\nexport SOURCES="src tests"\n${PREFIX}ruff check $SOURCES'
    assert plain(text)[-1] == "ruff check src tests"


def test_a_default_stands_in_for_an_unknown_variable() -> None:
    assert plain("pytest ${TESTS:-tests}") == ["pytest tests"]


def test_arguments_of_a_script_are_taken_to_be_none() -> None:
    assert plain('coverage run -m pytest "$@"') == ["coverage run -m pytest"]


def test_assignments_in_front_are_no_words() -> None:
    assert words("A=1 B='x y' cargo test") == ["cargo test"]


def test_redirections_are_no_words() -> None:
    assert words("ruff check . > out.txt 2>&1 < in") == ["ruff check ."]


def test_here_documents_are_not_commands() -> None:
    assert words("cat <<EOF\nruff check\nEOF\nmypy") == ["cat", "mypy"]


def test_comments_and_keywords_are_not_commands() -> None:
    assert words("if cargo test; then # yes\n  cargo doc\nfi") == ["cargo test", "cargo doc"]


def test_continued_lines_are_one_command() -> None:
    assert words("pytest \\\n  -q \\\n  tests") == ["pytest -q tests"]


def test_lines_are_counted_from_where_a_command_starts() -> None:
    assert [(command.words[0], command.line) for command in commands("a\n\nb 'x\ny'\nc")] == [("a", 0), ("b", 2), ("c", 4)]


def test_the_first_value_of_a_variable_counts() -> None:
    assert variables("X=one\nX=two\nY=$X/z\nW=$(date)") == {"X": "one", "Y": "one/z"}


@given(st.text(max_size=200))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for command in commands(text):
        assert command.words


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8))
def test_any_words_can_be_unwrapped(given_words: list[str]) -> None:
    inner, around = unwrap(tuple(given_words))
    assert len(inner) <= len(given_words) + 1
    assert all(around)


@pytest.mark.parametrize(("line", "inner"), [
    ("uv run --locked --group dev pytest -q", "pytest -q"),
    ("uv run --no-sync python -m mypy src", "mypy src"),
    ("uv run -m pytest", "pytest"),
    ("uvx ruff@0.9.1 check .", "ruff check ."),
    ("uvx --from black==24.1 black .", "black ."),
    ("uv tool run ruff check", "ruff check"),
    ("poetry run python -W error -m pytest tests", "pytest tests"),
    ("pdm run pytest", "pytest"),
    ("pipenv run flake8", "flake8"),
    ("hatch run test:cov", "cov"),
    ("hatch test -v --python 3.12", "pytest"),
    ("rye lint", "ruff check"),
    ("npx --no-install eslint .", "eslint ."),
    ("npx @biomejs/biome@1.9 ci .", "@biomejs/biome ci ."),
    ("cross-env NODE_ENV=test CI=1 jest", "jest"),
    ("sudo -E env A=1 timeout -k 5 10m cargo test", "cargo test"),
    ("xvfb-run --auto-servernum npm test", "npm test"),
    ("cargo +nightly --locked t --workspace", "cargo test --workspace"),
    ("./node_modules/.bin/prettier --check .", "prettier --check ."),
    ("venv/bin/mypy src", "mypy src"),
    ("node --import tsx ../node_modules/ava/entrypoints/cli.js --verbose", "ava --verbose"),
    ("node --test", "node --test"),
    ("python -c 'import x'", "python -c import x"),
])
def test_wrappers_are_taken_away(line: str, inner: str) -> None:
    assert " ".join(unwrap(commands(line)[0].words)[0]) == inner


def test_a_coverage_run_counts_beside_what_it_runs() -> None:
    inner, around = unwrap(("coverage", "run", "--source", "x", "-m", "pytest", "-q"))
    assert inner == ("pytest", "-q")
    assert [outer[0] for outer in around] == ["coverage"]


def test_the_folder_of_a_wrapper_is_known() -> None:
    assert directory(("uv", "run", "--directory=./api", "mypy")) == "./api"
    assert directory(("poetry", "-C", "api", "run", "pytest")) == "api"
    assert directory(("uv", "run", "ruff", "check", "--project", "x")) is None
    assert directory(("cargo", "test")) is None
