"""Parses the command line of `run` and `plan` without typer, which alone costs more than the rest of the start.

Understands exactly what typer does with the same options (a property test compares the two) and gives up, with None, on
everything else: help, unknown options, missing values. Typer then finds the words for what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.config.options import Arguments, Kind, Option, option_named, options_of


def split_files(words: Sequence[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """The words before the first `--`, and the file names after it (None without one)."""
    if "--" not in words:
        return list(words), None
    at = list(words).index("--")
    return list(words[:at]), tuple(words[at + 1:])


def parse(verb: str, words: Sequence[str]) -> Arguments | None:
    """The arguments after the verb, or None where typer must speak."""
    head, files = split_files(words)
    by_flag = {flag: option for option in options_of(verb) for flag in option.flags}
    given: dict[str, list[str]] = {}
    paths: list[str] = []
    rest = head[::-1]
    while rest:
        word = rest.pop()
        if len(word) < 2 or not word.startswith("-"):
            paths.append(word)
        elif not _take(word, rest, by_flag, given):
            return None
    if len(paths) > 1:
        return None
    return arguments(paths[0] if paths else None, given, files)


def words_of(said: Arguments) -> list[str]:
    """Words from which `parse` makes the same arguments."""
    words = [said.path]
    for name, texts in said.given.items():
        option = option_named(name)
        words += [f"{option.flag}={text}" for text in texts] if option.takes_value else [option.flag]
    return words if said.files is None else [*words, "--", *said.files]


def arguments(path: str | None, given: dict[str, list[str]], files: tuple[str, ...] | None) -> Arguments:
    """Brings what a parser collected into one shape: of an option that is no list, the last text counts."""
    repeated = {option.name for option in options_of("run") + options_of("plan") if option.kind is Kind.TEXTS}
    texts = {name: tuple(values) if name in repeated else tuple(values[-1:]) for name, values in given.items()}
    return Arguments(path="." if path is None else path, given=texts, files=files)


def _take(word: str, rest: list[str], by_flag: dict[str, Option], given: dict[str, list[str]]) -> bool:
    if not word.startswith("--"):
        return _take_short(word, rest, by_flag, given)
    flag, equals, text = word.partition("=")
    option = by_flag.get(flag)
    return option is not None and _record(option, text if equals else None, rest, given)


def _take_short(word: str, rest: list[str], by_flag: dict[str, Option], given: dict[str, list[str]]) -> bool:
    """A cluster such as `-vj4`: switches until one takes the remainder, or the next word, as its value."""
    for at in range(1, len(word)):
        option = by_flag.get("-" + word[at])
        if option is None:
            return False
        if option.takes_value:
            return _record(option, word[at + 1:] or None, rest, given)
        given.setdefault(option.name, [])
    return True


def _record(option: Option, text: str | None, rest: list[str], given: dict[str, list[str]]) -> bool:
    if not option.takes_value:
        given.setdefault(option.name, [])
        return text is None
    if text is None:
        if not rest:
            return False
        text = rest.pop()
    given.setdefault(option.name, []).append(text)
    return True
