"""Findings in the making: one function that fills in what follows from level and category, and cleans what tools say.

Knows the shared model; does not know any format.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Finding, Fix, Level, RawOutput, Safety, Severity
from gatekeeper.model.value import dataclass
from gatekeeper.parse.text import capped, legible, strip_escapes

_SEVERITY = {Level.ERROR: Severity.HIGH, Level.WARNING: Severity.MEDIUM, Level.INFO: Severity.LOW}
_LEVEL = {Severity.CRITICAL: Level.ERROR, Severity.HIGH: Level.ERROR, Severity.MEDIUM: Level.WARNING,
          Severity.LOW: Level.INFO, Severity.INFO: Level.INFO}
_WORDS = {"error": Level.ERROR, "fatal": Level.ERROR, "critical": Level.ERROR, "failure": Level.ERROR,
          "warning": Level.WARNING, "warn": Level.WARNING,
          "info": Level.INFO, "information": Level.INFO, "note": Level.INFO, "notice": Level.INFO, "hint": Level.INFO, "help": Level.INFO,
          "none": Level.INFO, "style": Level.INFO, "ignore": Level.INFO}
_SEVERITY_WORDS = {"critical": Severity.CRITICAL, "high": Severity.HIGH, "moderate": Severity.MEDIUM, "medium": Severity.MEDIUM,
                   "low": Severity.LOW, "info": Severity.INFO, "none": Severity.INFO, "informational": Severity.INFO}
UNFORMATTED = "would be reformatted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot in a file, 1-based, `end_column` exclusive; None = the tool gives none."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What few formats give beside the message."""

    severity: Severity | None = None
    fixable: bool = False
    cell: int | None = None
    detail: str | None = None
    url: str | None = None
    fixes: tuple[Fix, ...] = ()
    score: float | None = None


NOTHING_MORE = Extra()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribe:
    """Writes the findings of one output: the tool's name and the usual category are said once."""

    tool: str
    category: Category

    @classmethod
    def of(cls, raw: RawOutput, tool: str, category: Category) -> Scribe:
        """A scribe for `raw`, which may know better what the tool is called."""
        return cls(tool=raw.tool or tool, category=category)

    def finding(self, message: str, level: Level, place: Place = NOWHERE, *, rule: str | None = None,
                category: Category | None = None, extra: Extra = NOTHING_MORE) -> Finding:
        """One finding; severity follows from the level unless the tool has its own, formatting is always `info`."""
        kind = category or self.category
        severity = extra.severity or (Severity.INFO if kind is Category.FORMAT else _SEVERITY[level])
        line = _positive(place.line)
        column = _positive(place.column) if line else None
        end_line, end_column = _end(line, column, place)
        return Finding(tool=self.tool, message=legible(strip_escapes(message)).strip() or "(no message)", level=level, severity=severity, category=kind,
                       file=place.file, line=line, column=column, end_line=end_line,
                       end_column=end_column,
                       rule=rule, fixable=extra.fixable or any(fix.safety is not Safety.DISPLAY_ONLY for fix in extra.fixes), cell=extra.cell,
                       detail=capped(legible(strip_escapes(extra.detail))) if extra.detail else None, url=extra.url, fixes=extra.fixes, score=extra.score)

    def unformatted(self, file: str | None, diff: str | None = None, line: int | None = None) -> Finding:
        """A file that its formatter would change; `diff` is what would change."""
        return self.finding(UNFORMATTED, Level.ERROR, Place(file=file, line=line), category=Category.FORMAT,
                            extra=Extra(fixable=True, detail=diff))


def _end(line: int | None, column: int | None, place: Place) -> tuple[int | None, int | None]:
    """Where a place ends, as far as that makes sense: an end before its start is none."""
    end_line, end_column = _positive(place.end_line) if line else None, _positive(place.end_column)
    if line is None or (end_line or line) < line:
        return None, None
    if end_line in {None, line} and end_column is not None and column is not None and end_column < column:
        return end_line, None
    return end_line, end_column if end_line or column else None


def _positive(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def level_of(word: object, default: Level = Level.ERROR) -> Level:
    """The level that a tool's own word means, whatever its case."""
    return _WORDS.get(word.strip().lower(), default) if isinstance(word, str) else default


def severity_of(word: object) -> Severity | None:
    """The severity that a security tool's own word means."""
    return _SEVERITY_WORDS.get(word.strip().lower()) if isinstance(word, str) else None


def level_for(severity: Severity) -> Level:
    """The level that goes with a severity where a tool has no other word."""
    return _LEVEL[severity]
