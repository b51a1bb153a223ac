"""Which lines differ from a base, and which files were renamed since: asked of git, by content alone.

Attributes of the repository cannot hide a change (`--text`), its configuration cannot shape the answer. Does not know findings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass, field
from gatekeeper.tree.files import own_files
from gatekeeper.tree.git import Git, split_names

_HUNK = late(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r", b'"': b'"', b"\\": b"\\"}
_ESCAPED = late(rb'\\([abtnvfr"\\]|[0-7]{3})')
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--text", "--relative", "--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0",
          "--submodule=short", "--ignore-submodules=none", "--output-indicator-new=+", "--output-indicator-old=-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """One place of a file that differs: the first line of the new side (1-based), how many lines it has there, how many were taken away."""

    start: int
    added: int
    removed: int

    @property
    def lines(self) -> tuple[int, int]:
        """The first and last line that it touches: where lines were only taken away, those on both sides of the gap."""
        return (self.start, self.start + self.added - 1) if self.added else (max(1, self.start), self.start + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Lines that differ from a base (`name` for people), by file: ranges of 1-based lines, inclusive; `whole` files are new altogether."""

    name: str
    ranges: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()

    def touches(self, file: str | None, line: int | None, end_line: int | None = None) -> bool:
        """Whether something in these lines of a file changed; without a line, whether the file did; without a file, always."""
        if file is None or file in self.whole:
            return True
        ranges = self.ranges.get(file, ())
        if line is None:
            return file in self.ranges
        last = max(line, end_line or line)
        return any(first <= last and line <= end for first, end in ranges)


def touched(git: Git, base: str, *, staged: bool = False) -> Touched | None:
    """Lines that differ from the commit `base`, in the work tree or (`staged`) in the index; None where git cannot tell."""
    found = hunks(git, base, staged=staged)
    if found is None:
        return None
    untracked = () if staged else own_files(git.names("ls-files", "-z", "--others", "--exclude-standard"))
    return Touched(name=base, ranges={file: [hunk.lines for hunk in several] for file, several in found.items()}, whole=frozenset(untracked))


def hunks(git: Git, base: str, *, staged: bool = False) -> Mapping[str, Sequence[Hunk]] | None:
    """By file (its name of now, or that of then for one that is gone) what differs from the commit `base`; None where git cannot tell."""
    words = ("--cached", base) if staged else (base,)
    answer = git.ask("diff", "-U0", "--find-renames", *_PLAIN, *words, "--")
    return None if answer is None else read_hunks(answer)


def renames(git: Git, base: str) -> Mapping[str, str]:
    """Names of now by those at the commit `base`, of files that git finds renamed since; nothing where it cannot tell."""
    answer = git.ask("diff", "--name-status", "-z", "--find-renames", "--diff-filter=R", "--no-ext-diff", "--relative", base, "--")
    names = split_names(answer or b"")
    return dict(zip(names[1::3], names[2::3], strict=True))


def last_commit_of(git: Git, path: str) -> str | None:
    """The commit that changed a file last, None where there is none."""
    return git.line("log", "-1", "--format=%H", "--no-show-signature", "--", path) or None


def merge_base(git: Git, ref: str) -> str | None:
    """The commit from which HEAD and `ref` went apart; None for an unknown ref and where their history is not there."""
    if ref.startswith("-"):
        return None
    return git.line("merge-base", ref, "HEAD") or None


def read_hunks(diff: bytes) -> Mapping[str, Sequence[Hunk]]:
    """Hunks by file, from a diff without context. Their lines are counted, so that none of them can pass for a header."""
    found: dict[str, list[Hunk]] = {}
    file, left = "", 0
    for line in diff.split(b"\n"):
        if left and line[:1] in (b"+", b"-", b"\\"):
            left -= line[:1] != b"\\"
        elif line.startswith((b"--- ", b"+++ ")):
            if line[4:] != b"/dev/null":  # the old name first, the new one above it
                file = _named(line[4:])
            if line.startswith(b"+++ "):
                found.setdefault(file, [])
        elif match := _HUNK.match(line):
            hunk = Hunk(start=int(match[2]), added=int(match[3] or 1), removed=int(match[1] or 1))
            left = hunk.added + hunk.removed
            found[file].append(hunk)
    return found


def _named(name: bytes) -> str:
    name = name.removesuffix(b"\t")
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPED.sub(_unescaped, name[1:-1])
    return os.fsdecode(name[2:])  # after a/ or b/


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return _ESCAPES[code] if code in _ESCAPES else bytes((int(code, 8) & 0xFF,))

