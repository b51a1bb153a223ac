"""Unified diffs: the part of each file, told apart by counting hunk lines so that no removed `-- x` passes for a header.

Knows the format; does not know who printed it.
"""

from __future__ import annotations

import difflib
import re

from gatekeeper.model.value import dataclass
from gatekeeper.parse.text import lines_of

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
#: black and isort put a time behind the name, git a tab where it holds blanks
_STAMP = re.compile(r"\t.*$|  ?\d{4}-\d\d-\d\d[ T].*$")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """What would change in one file: its name as printed, and the hunks."""

    path: str
    hunks: str

    def named(self, file: str | None) -> str:
        """A unified diff under the file's own name: the printed one holds times and absolute paths, which differ from run to run."""
        name = file or self.path
        return f"--- a/{name}\n+++ b/{name}\n{self.hunks}"


def by_file(text: str) -> tuple[FileDiff, ...]:
    """Each file's part of a unified diff, in order; text outside diffs is passed over."""
    found: list[FileDiff] = []
    lines = lines_of(text)
    at = 0
    while at < len(lines):
        if lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            end = _end_of_hunks(lines, at + 2)
            found.append(FileDiff(path=_name(lines[at], lines[at + 1]), hunks="\n".join(lines[at + 2:end])))
            at = end
        else:
            at += 1
    return tuple(found)


def _end_of_hunks(lines: list[str], at: int) -> int:
    while at < len(lines) and (header := _HUNK.match(lines[at])):
        old, new = int(header[2] or 1), int(header[4] or 1)
        at += 1
        while at < len(lines) and (old > 0 or new > 0 or lines[at].startswith("\\")):
            mark = lines[at][:1]
            old -= mark not in {"+", "\\"}
            new -= mark not in {"-", "\\"}
            at += 1
    while at < len(lines) and lines[at].startswith("\\"):
        at += 1
    return at


def _name(old: str, new: str) -> str:
    before, after = (_STAMP.sub("", line[4:]) for line in (old, new))
    if before == "/dev/null":
        return after.removeprefix("b/")
    if before.startswith("a/") and after.startswith("b/"):
        return before[2:]
    return before.removesuffix(":before")


def from_hunks(file: str | None, hunks: list[tuple[int, list[str]]]) -> str:
    """A unified diff from (first line, marked lines) pairs, as rustfmt and forge print them without counts."""
    name, shift, lines = file or "file", 0, []
    for start, body in hunks:
        old, new = sum(not line.startswith("+") for line in body), sum(not line.startswith("-") for line in body)
        lines += [f"@@ -{start},{old} +{start + shift},{new} @@", *body]
        shift += new - old
    return "\n".join([f"--- a/{name}", f"+++ b/{name}", *lines])


def first_change(start: int, body: list[str]) -> int:
    """The line of the old text at which marked lines that begin at line `start` first differ: before it they only repeat what is there."""
    return start + next((at for at, line in enumerate(body) if line.startswith(("+", "-"))), 0)


def between(file: str, old: str, new: str) -> str | None:
    """A unified diff of two texts; None when they are equal or too large to compare."""
    if old == new or len(old) > _LARGEST or len(new) > _LARGEST:
        return None
    return "\n".join(difflib.unified_diff(lines_of(old), lines_of(new), f"a/{file}", f"b/{file}", lineterm="")) or None
