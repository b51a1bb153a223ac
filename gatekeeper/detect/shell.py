"""Takes shell text apart into its simple commands, without running any. Knows quoting, operators, comments and plain assignments.

A command is *plain* when its words say all: no substitution, unknown variable, pipe or background. Variables that the same text sets to
plain text are put in (`SOURCES="src tests"`), so that scripts which name their folders once stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass

_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")")
_KEYWORDS = frozenset({"then", "do", "else", "if", "elif", "while", "until", "!", "{", "time", "-", "@"})
_ENDS = frozenset({"fi", "done", "esac", "}", "in", "case", "for", "function", "select"})
_ASSIGNMENT = late(r"(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = late(r"\$\{(\w+)(?::?-([^}$]*))?\}|\$(\w+)")
_HEREDOC = late(r"<<-?\s*(['\"]?)(\w+)\1")
_REDIRECTION = late(r"\d*(?:>>|>&|<&|>\||>|<)(.*)|&>>?(.*)", re.DOTALL)
_OPAQUE = late(r"\$[({]|\$\w|\$[@*#?!]|`|\$\$")
_LONGEST = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """One simple command: its words, whether they say all, the line of the text it starts on (0 = the first), what separates it from the next."""

    words: tuple[str, ...]
    plain: bool
    line: int
    ends_with: str = ""


@dataclass(slots=True)
class _Word:
    text: str = ""
    quoted: bool = False
    opaque: bool = False
    begun: bool = False


def commands(text: str, variables: Mapping[str, str] | None = None) -> list[Simple]:
    """The simple commands of a text, in order; `variables` are those known before it starts."""
    known = dict(variables or {})
    found: list[Simple] = []
    piped = False
    for words, line, operator in _split(_without_heredocs(text.replace("\\\n", "  ")[:_LONGEST])):
        made = _command(words, known)
        if made is not None:
            names, plain = made
            plain = plain and not piped and operator not in {"|", "|&", "&"}
            found.append(Simple(words=names, plain=plain, line=line, ends_with=operator))
        piped = operator in {"|", "|&"}
    return found


def variables(text: str) -> dict[str, str]:
    """The variables that a text sets to plain text; of several values the first, which is the one without conditions."""
    known: dict[str, str] = {}
    for words, _line, _operator in _split(text[:_LONGEST]):
        _command(words, known)
    return known


def _command(words: list[_Word], known: dict[str, str]) -> tuple[tuple[str, ...], bool] | None:
    """Words without keywords, redirections and assignments, variables put in; None where nothing is left. Assignments go into `known`."""
    while words and not words[0].quoted and words[0].text in _KEYWORDS:
        words = words[1:]
    if not words or (not words[0].quoted and words[0].text in _ENDS):
        return None
    if words[0].text in {"export", "local", "readonly", "declare"}:
        words = words[1:]
        if not all(_ASSIGNMENT.fullmatch(word.text) for word in words):
            return None
    leading = 0
    while leading < len(words) and (found := _ASSIGNMENT.fullmatch(words[leading].text)) and not words[leading].text.startswith("="):
        if leading == len(words) - 1 or all(_ASSIGNMENT.fullmatch(word.text) for word in words):
            value, complete = _put_in(found.group(2), known)
            if complete:
                known.setdefault(found.group(1), value)
        leading += 1
    return _resolved(_without_redirections(words[leading:]), known)


def _resolved(words: list[_Word], known: Mapping[str, str]) -> tuple[tuple[str, ...], bool] | None:
    resolved: list[str] = []
    plain = True
    for position, word in enumerate(words):
        if word.text in {"$@", "$*", "${@}"}:
            continue  # called without arguments
        value, complete = _put_in(word.text, known) if word.opaque else (word.text, True)
        if not complete and position == 0:
            value = re.sub(r"^(?:\$\{\w+\}|\$\(\w+\)|\$\w+/)", "", value)  # `${PREFIX}ruff`
        plain = plain and complete
        resolved += [value] if word.quoted or not word.opaque else value.split()
    return (tuple(resolved), plain) if resolved else None


def _put_in(text: str, known: Mapping[str, str]) -> tuple[str, bool]:
    """Known variables in their places, and whether nothing opaque is left."""
    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(3)
        return known[name] if name in known else match.group(2) if match.group(2) is not None else match.group()

    filled = _VARIABLE.sub(value, text)
    return filled, _OPAQUE.search(filled) is None


def _without_redirections(words: list[_Word]) -> list[_Word]:
    kept: list[_Word] = []
    skip = False
    for word in words:
        found = None if word.quoted else _REDIRECTION.fullmatch(word.text)
        if skip:
            skip = False
        elif found:
            skip = not (found.group(1) or found.group(2))
        else:
            kept.append(word)
    return kept


def _without_heredocs(text: str) -> str:
    if "<<" not in text:
        return text
    lines: list[str] = []
    ending: str | None = None
    for line in text.split("\n"):
        if ending is not None:
            ending = None if line.strip() == ending else ending
            lines.append("")
            continue
        found = _HEREDOC.search(line)
        ending = found.group(2) if found and "<<<" not in line else None
        lines.append(_HEREDOC.sub("", line) if ending else line)
    return "\n".join(lines)


def _split(text: str) -> list[tuple[list[_Word], int, str]]:
    """Words between operators, the line they start on, and the operator that ends them."""
    pieces: list[tuple[list[_Word], int, str]] = []
    words: list[_Word] = []
    word = _Word()
    position, line, start = 0, 0, 0
    while position < len(text):
        letter = text[position]
        operator = next((found for found in _OPERATORS if text.startswith(found, position)), None) if letter in "&|;\n()" else None
        if operator == "&" and (text[position + 1:position + 2] == ">" or word.text.endswith((">", "<"))):
            operator = None  # part of a redirection
        if operator is not None or letter in " \t\r":
            if word.begun:
                words.append(word)
                word = _Word()
            if operator is not None:
                pieces.append((words, start, operator))
                words = []
            line += letter == "\n"
            start = start if words else line
            position += len(operator) if operator else 1
        elif letter == "#" and not word.begun:
            position = _end(text, "\n", position)
        else:
            word.begun = True
            step = _take(text, position, word)
            line += text.count("\n", position, step)
            position = step
    pieces.append(([*words, word] if word.begun else words, start, ""))
    return [piece for piece in pieces if piece[0]]


def _take(text: str, position: int, word: _Word) -> int:
    """Adds what stands at `position` to the word; gives the place behind it."""
    letter = text[position]
    match letter:
        case "'":
            end = _end(text, "'", position + 1)
            word.text += text[position + 1:end]
            word.quoted = True
            return end + 1
        case '"':
            end = _double_end(text, position + 1)
            content = text[position + 1:end]
            word.opaque = word.opaque or _OPAQUE.search(content) is not None
            word.text += re.sub(r'\\(["\\$`])', r"\1", content)
            word.quoted = True
            return end + 1
        case "\\":
            word.text += text[position + 1:position + 2]
            return position + 2
        case "`":
            end = _end(text, "`", position + 1) + 1
        case "$" if text.startswith("$(", position):
            end = _closing(text, position + 1, "(", ")")
        case "$" if text.startswith("${", position):
            end = _closing(text, position + 1, "{", "}")
        case _:
            word.opaque = word.opaque or letter == "$"
            word.text += letter
            return position + 1
    word.opaque = True
    word.text += text[position:end]
    return end


def _end(text: str, mark: str, position: int) -> int:
    found = text.find(mark, position)
    return found if found >= 0 else len(text)


def _double_end(text: str, position: int) -> int:
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return min(position, len(text))


def _closing(text: str, position: int, opening: str, closing: str) -> int:
    """The place behind the bracket that closes the one at `position`."""
    depth = 0
    while position < len(text):
        depth += (text[position] == opening) - (text[position] == closing)
        position += 1
        if depth == 0:
            break
    return position
