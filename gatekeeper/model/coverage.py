"""What a coverage report says, line by line. Knows no format and no threshold."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """The lines of one file (1-based) that a test could have run: those that were, and those that were not."""

    file: str
    covered: frozenset[int] = frozenset()
    missed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One report (or several as one): `sources` are the reports' paths, `problems` one line each for a report that could not be used."""

    files: Mapping[str, FileCoverage]
    sources: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLines:
    """What a change touches, against `base` (one line for people): by file the lines that it added (None: the whole file is new), and how many it removed."""

    base: str
    added: Mapping[str, frozenset[int] | None]
    #: lines added and removed, and files touched, deleted ones too
    lines: int = 0
    files: int = 0

    def touches(self, file: str, line: int) -> bool:
        """Whether a line of the tree was added by the change."""
        if file not in self.added:
            return False
        lines = self.added[file]
        return lines is None or line in lines


def percent(covered: int, missed: int) -> float | None:
    """Covered lines in percent of all that could be; None where there are none."""
    return 100 * covered / (covered + missed) if covered + missed else None
