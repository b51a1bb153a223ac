"""Reads `gatekeeper: ignore[rule] reason` out of the comments of a source file. Pure; knows no findings and no calendar but the form of a date.

    x = eval(text)  # gatekeeper: ignore[bandit/B307] the text is ours owner=alice until=2027-01-31
    // gatekeeper: ignore[no-console, eslint/no-alert] said to the user on purpose
    <!-- gatekeeper: ignore[MD013] a table -->

On a line of its own it speaks of the next line that is no such comment, else of its own line. A rule may be a glob and may name its tool
(`ruff/F401`); a reason is needed. What looks like one and cannot be read is malformed: it hides nothing and is named.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date

from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass

#: what a file must hold, in bytes, before it is worth reading
MARK = b"gatekeeper:"
_MARK = late(r"(?P<opening>#|//|/\*|<!--|--|;|%|\{#|\(\*|(?<!\S)\*)[ \t]*gatekeeper:[ \t]*ignore(?![\w-])(?P<rest>[^\n]*)")
_PROSE = (".md", ".markdown", ".html", ".htm", ".xml", ".vue", ".svelte", ".svg")
_CLOSERS = late(r"(\*/|-->|#\}|\*\)).*$")
_RULES = late(r"\[([^\]]*)\](.*)")
_FIELD = late(r"(?<!\S)(owner|until)=(\S*)")
_LONGEST = 20_000
#: findings of a notebook are told by cell, its comments lie in JSON
_NOTEBOOK = "is in a notebook, where comments hide nothing: suppress it in gatekeeper.yaml, by rule and path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """One suppression in a comment: `line` is where it stands, `target` the line it speaks of (both 1-based). `fault`: why it is malformed."""

    file: str
    line: int
    target: int
    rules: tuple[str, ...] = ()
    reason: str = ""
    owner: str | None = None
    until: str | None = None
    fault: str | None = None

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


def inline_suppressions(file: str, content: bytes) -> tuple[Inline, ...]:
    """All suppressions in a file, in order, the malformed ones too."""
    if MARK not in content:
        return ()
    lines = content.decode("utf-8", "replace").splitlines()
    if file.endswith(".ipynb"):
        return tuple(Inline(file=file, line=number, target=number, fault=_NOTEBOOK) for number, text in enumerate(lines, 1)
                     if len(text) <= _LONGEST and _MARK.search(text))
    comments = _python_comments(content) if file.endswith((".py", ".pyi")) else None
    marks = {number: match for number, text in enumerate(lines, 1) if (match := _mark(file, text, number, comments)) is not None}
    alone = {number for number, match in marks.items() if not lines[number - 1][:match.start()].strip()}
    return tuple(_read(file, number, _target(number, alone), match["rest"]) for number, match in marks.items())


def _mark(file: str, text: str, number: int, comments: dict[int, int] | None) -> re.Match[str] | None:
    if "gatekeeper:" not in text or len(text) > _LONGEST:
        return None
    match = _MARK.search(text)
    if match is None or (file.endswith(_PROSE) and match["opening"] != "<!--"):
        return None
    if comments is not None:
        return match if number in comments and comments[number] <= match.start() else None
    return None if _in_string(text[:match.start()]) else match


def _in_string(before: str) -> bool:
    """Whether what follows is inside a string of its line; quotes that are never closed (lifetimes, apostrophes) are double ones only here."""
    plain = re.sub(r"\\.", "", before)
    return plain.count('"') % 2 == 1 or plain.count("`") % 2 == 1


def _python_comments(content: bytes) -> dict[int, int] | None:
    """By line the offset of its comment; None where Python cannot read the file (then each line is looked at by itself)."""
    import tokenize  # lazy: only where Python files with such comments are read

    try:
        tokens = list(tokenize.tokenize(io.BytesIO(content).readline))
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return None
    return {token.start[0]: token.start[1] for token in tokens if token.type == tokenize.COMMENT}


def _target(number: int, alone: set[int]) -> int:
    if number not in alone:
        return number
    while number in alone:
        number += 1
    return number


def _read(file: str, line: int, target: int, rest: str) -> Inline:
    match = _RULES.match(_CLOSERS.sub("", rest))
    if match is None:
        return Inline(file=file, line=line, target=target, fault="names no rule: write gatekeeper: ignore[RULE] reason")
    rules = tuple(rule.strip() for rule in match[1].split(",") if rule.strip())
    fields = dict(_FIELD.findall(match[2]))
    reason = " ".join(_FIELD.sub("", match[2]).split()).strip("-: ")
    return Inline(file=file, line=line, target=target, rules=rules, reason=reason, owner=fields.get("owner") or None,
                  until=fields.get("until"), fault=next(_faults(rules, reason, fields.get("until")), None))


def _faults(rules: tuple[str, ...], reason: str, until: str | None) -> Iterator[str]:
    if not rules:
        yield "names no rule: write gatekeeper: ignore[RULE] reason"
    if until is not None and not _is_date(until):
        yield f"`until={until}` is no date: write it as until=2027-01-31"
    if not reason:
        yield "gives no reason: write it after the rule"


def _is_date(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
