"""Finds the findings of now among those that were known: which are the same, which moved, which are new and which are gone.

Both sides are compared per tool and rule by their fingerprints, the strongest first, and each known one is taken once. Where several
look alike, one assignment decides for all of them, by message, surroundings, symbol and distance. The order in which either side comes
does not matter. Does not know files, jobs or policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gatekeeper.judge.fingerprint import CONTEXT, EXACT, MOVE, SEMANTIC, SHIFT
from gatekeeper.model.finding import Finding
from gatekeeper.model.value import dataclass

_STRENGTHS = (EXACT, SHIFT, MOVE, SEMANTIC)
#: above this many comparisons equal ones are paired in order: all of them are equal in all that could tell them apart
_MOST_COMPARED = 40_000
_FAR = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Positions of a known finding and of the one of now that is the same; `moved` unless it stands where it stood."""

    known: int
    found: int
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What is compared of one finding; `prints` by name."""

    position: int
    file: str
    line: int
    prints: Mapping[str, str]


def matched(known: Sequence[Finding], found: Sequence[Finding]) -> tuple[Pair, ...]:
    """The pairs, by the position of the finding of now. Both sides have their fingerprints; `found` under the names that files had then."""
    left, right = _by_rule(known), _by_rule(found)
    pairs = [pair for rule in left.keys() & right.keys() for pair in _of_rule(left[rule], right[rule])]
    return tuple(sorted(pairs, key=lambda pair: pair.found))


def _by_rule(findings: Sequence[Finding]) -> dict[tuple[str, str | None], list[_Side]]:
    sides: dict[tuple[str, str | None], list[_Side]] = {}
    for position, finding in enumerate(findings):
        side = _Side(position=position, file=finding.file or "", line=finding.line or 0, prints=dict(finding.fingerprints))
        sides.setdefault((finding.tool, finding.rule), []).append(side)
    return sides


def _of_rule(known: list[_Side], found: list[_Side]) -> list[Pair]:
    pairs: list[Pair] = []
    for strength in _STRENGTHS:
        left, right = _by_print(known, strength), _by_print(found, strength)
        for value in left.keys() & right.keys():
            for one, other in _assigned(_in_order(left[value]), _in_order(right[value])):
                pairs.append(Pair(known=one.position, found=other.position, moved=strength != EXACT))
        taken = {pair.known for pair in pairs}
        named = {pair.found for pair in pairs}
        known = [side for side in known if side.position not in taken]
        found = [side for side in found if side.position not in named]
        if not known or not found:
            break
    return pairs


def _by_print(sides: Sequence[_Side], strength: str) -> dict[str, list[_Side]]:
    """By fingerprint, which of several equal ones left out: when one of them goes, the numbers of the others change."""
    groups: dict[str, list[_Side]] = {}
    for side in sides:
        if value := side.prints.get(strength):
            groups.setdefault(value.partition(":")[0], []).append(side)
    return groups


def _in_order(sides: Sequence[_Side]) -> list[_Side]:
    return sorted(sides, key=lambda side: (side.file, side.line, side.prints.get(EXACT, ""), side.prints.get(CONTEXT, "")))


def _assigned(known: list[_Side], found: list[_Side]) -> list[tuple[_Side, _Side]]:
    """As many pairs as there can be: first those with the same surroundings, then the others where they fit best."""
    if len(known) == 1 == len(found):
        return [(known[0], found[0])]
    pairs: list[tuple[_Side, _Side]] = []
    left, right = _by_print(known, CONTEXT), _by_print(found, CONTEXT)
    for value in sorted(left.keys() & right.keys()):
        pairs += _aligned(left[value], right[value])
    taken, named = {one.position for one, _ in pairs}, {other.position for _, other in pairs}
    return pairs + _aligned([side for side in known if side.position not in taken], [side for side in found if side.position not in named])


def _aligned(known: list[_Side], found: list[_Side]) -> list[tuple[_Side, _Side]]:
    """Pairs in order down the files, each of the fewer side with one of the other, so that the sum of their likeness is the greatest."""
    if len(known) == len(found) or len(known) * len(found) > _MOST_COMPARED:
        return list(zip(known, found, strict=False))
    if len(known) > len(found):
        return [(one, other) for other, one in _aligned(found, known)]
    return [(known[row], found[column]) for row, column in _best(known, found)]


def _best(few: list[_Side], many: list[_Side]) -> list[tuple[int, int]]:
    """Positions of the best alignment of `few` within `many`: a table of the best sums, read backwards."""
    spare = len(many) - len(few)
    above = [0] * (spare + 1)  # above[skipped]: the best sum so far, when so many were passed over
    steps: list[list[int]] = []
    for row, one in enumerate(few):
        sums = [above[skipped] + _likeness(one, many[row + skipped]) for skipped in range(spare + 1)]
        choice = [0]
        for skipped in range(1, spare + 1):
            choice.append(skipped if sums[skipped] > sums[choice[-1]] else choice[-1])
        steps.append(choice)
        above = [sums[place] for place in choice]
    pairs: list[tuple[int, int]] = []
    skipped = spare
    for row in range(len(few) - 1, -1, -1):
        skipped = steps[row][skipped]
        pairs.append((row, row + skipped))
    return pairs[::-1]


def _likeness(one: _Side, other: _Side) -> int:
    """How much two findings of equal fingerprint have in common: lines around, then message, then symbol, then distance."""
    mine, theirs = one.prints.get(CONTEXT, "").split("-"), other.prints.get(CONTEXT, "").split("-")
    same = _common(mine[2:], theirs[2:]) * 4 + (mine[1:2] == theirs[1:2]) * 2 + (mine[:1] == theirs[:1])
    return same * (_FAR + 1) - min(_FAR, abs(one.line - other.line))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence of the lines that are not empty."""
    row = [0] * (len(other) + 1)
    for line in one:
        diagonal = 0
        for place, theirs in enumerate(other, 1):
            diagonal, row[place] = row[place], diagonal + 1 if line and line == theirs else max(row[place], row[place - 1])
    return row[-1]
