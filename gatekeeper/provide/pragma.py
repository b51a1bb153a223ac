"""Which Solidity compiler versions a set of sources accepts: `pragma solidity` expressions as ranges. Knows no files and no compilers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gatekeeper.model.late import late

Version = tuple[int, int, int]

#: the last release of each line before the current one
LAST_OF_LINE: tuple[Version, ...] = ((0, 4, 26), (0, 5, 17), (0, 6, 12), (0, 7, 6))
_COMMENT = late(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_PRAGMA = late(r"\bpragma\s+solidity\s+([^;]{1,500});")
_TERM = late(r"(\^|~|>=|<=|>|<|=|)\s*v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?")


def without_comments(source: str) -> str:
    """A source with a blank for each comment. Good enough for pragmas and imports: a `//` inside a string ends its line."""
    return _COMMENT.sub(" ", source)


def expressions(source: str) -> tuple[str, ...]:
    """The version expressions of one source text, comments left out."""
    return tuple(" ".join(found.split()) for found in _PRAGMA.findall(without_comments(source)))


def parse_version(text: str) -> Version | None:
    """`0.8.20` (also `v0.8.20+commit.x`) as numbers, or None."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def show(version: Version) -> str:
    return ".".join(map(str, version))


def allows(expression: str, version: Version) -> bool:
    """Whether a compiler of this version accepts the expression."""
    return any(all(low <= version < high for low, high in _ranges(part)) for part in expression.replace('"', "").replace("'", "").split("||"))


_ANY: Version = (0, 0, 0)
_END: Version = (999, 0, 0)


def _ranges(part: str) -> list[tuple[Version, Version]]:
    """Half-open ranges that must all hold."""
    part = re.sub(r"(\S+)\s+-\s+(\S+)", r">=\1 <=\2", part)
    return [_range(*term) for term in _TERM.findall(part)]


def _range(operator: str, major: str, minor: str, patch: str) -> tuple[Version, Version]:
    known = [int(word) for word in (major, minor, patch) if word.isdigit()]
    low: Version = (known[0], known[1] if len(known) > 1 else 0, known[2] if len(known) > 2 else 0)
    after = _bump(low, len(known))
    match operator:
        case "^":
            return low, _bump(low, 1 if low[0] else 2 if low[1] else len(known))
        case "~":
            return low, _bump(low, min(2, len(known)))
        case ">=":
            return low, _END
        case ">":
            return after, _END
        case "<":
            return _ANY, low
        case "<=":
            return _ANY, after
        case _:
            return low, after


def _bump(version: Version, places: int) -> Version:
    """The first version that differs in one of the first `places` numbers."""
    match places:
        case 1:
            return version[0] + 1, 0, 0
        case 2:
            return version[0], version[1] + 1, 0
        case _:
            return version[0], version[1], version[2] + 1


def choose(wanted: Iterable[str], default: Version) -> Version | None:
    """One compiler for all expressions: the default where it fits, else the highest candidate; None when nothing fits all."""
    expressions_ = tuple(dict.fromkeys(wanted))
    if all(allows(expression, default) for expression in expressions_):
        return default
    fitting = [version for version in _candidates(expressions_, default) if all(allows(expression, version) for expression in expressions_)]
    return max(fitting, default=None)


def choose_each(wanted: Iterable[str], default: Version) -> tuple[tuple[Version, ...], tuple[str, ...]]:
    """As few compilers as the expressions need, highest first, and the expressions that no known compiler fits."""
    found: list[Version] = []
    hopeless: list[str] = []
    for expression in sorted(dict.fromkeys(wanted)):
        if any(allows(expression, version) for version in found):
            continue
        version = choose([expression], default)
        if version is None:
            hopeless.append(expression)
        else:
            found.append(version)
    return tuple(sorted(set(found), reverse=True)), tuple(hopeless)


def _candidates(wanted: Sequence[str], default: Version) -> set[Version]:
    """The default, the last of each line, and every version that the expressions name or stop just before."""
    named = {(int(a), int(b), int(c)) for text in wanted for a, b, c in re.findall(r"(\d+)\.(\d+)\.(\d+)", text)}
    before = {(major, minor, patch - 1) for major, minor, patch in named if patch}
    return {default, *LAST_OF_LINE, *named, *before}
