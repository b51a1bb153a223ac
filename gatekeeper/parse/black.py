"""`black --check --diff`: `would reformat PATH` on standard error (absent with -q), the diff on standard output.

A file that black cannot parse is a finding and an error: it was not checked. Reads the messages of black 19 to 26;
recorded from 19.10, 22.12, 24.10 and 26.10.
"""

from __future__ import annotations

import re

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass
from gatekeeper.parse.difference import by_file
from gatekeeper.parse.grade import Place, Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode

_WOULD = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_BROKEN_NEW = re.compile(r"^error: cannot parse: (?P<path>.+?):(?P<line>\d+):(?P<column>\d+)$", re.MULTILINE)
_BROKEN_OLD = re.compile(r"^error: cannot format (?P<path>.+?): (?P<why>.+)$", re.MULTILINE)
#: black before 26 counts this column from 0
_PLACE_OLD = re.compile(r"^Cannot parse(?: for target version [^:]+)?: (\d+):(\d+): ")
_NOTHING = re.compile(r"^No (?:Python files are present|Path provided|paths? given)", re.MULTILINE | re.IGNORECASE)
_IGNORED_KEYS = re.compile(r"^Invalid config keys detected: .*$", re.MULTILINE)
_COUNT = re.compile(r"^(\d{1,9}) files? would be reformatted\b", re.MULTILINE)
_SUMMARY = re.compile(r"^\d+ files? would |^All done!", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Files that black would change, and those that it cannot parse."""
    scribe = Scribe.of(raw, "black", Category.FORMAT)
    said = decode(raw.stderr)
    diffs = {(file := relative(raw, part.path)): part.named(file) for part in by_file(decode(raw.stdout))}
    files = dict.fromkeys([*diffs, *(relative(raw, path) for path in _WOULD.findall(said))])
    broken = tuple(scribe.finding(one.why, Level.ERROR, Place(file=relative(raw, one.path), line=one.line, column=one.column),
                                  category=Category.BUILD) for one in _broken(said))
    findings = (*(scribe.unformatted(file, diffs.get(file)) for file in files), *broken)
    return conclude(raw, exits, Account(findings=findings, problems=_problems(said), nothing=_nothing(said),
                                        error=_error(raw, exits, said, findings, broken)))


@dataclass(frozen=True, slots=True)
class _Broken:
    path: str
    why: str
    line: int | None = None
    column: int | None = None


def _broken(said: str) -> list[_Broken]:
    found = [_Broken(match["path"], "cannot be parsed", int(match["line"][:9]), int(match["column"][:9])) for match in _BROKEN_NEW.finditer(said)]
    for match in _BROKEN_OLD.finditer(said):
        place = _PLACE_OLD.match(match["why"])
        line, column = (int(place[1][:9]), int(place[2][:9]) + 1) if place else (None, None)
        found.append(_Broken(match["path"], match["why"], line, column))
    return found


def _error(raw: RawOutput, exits: ExitSpec, said: str, findings: tuple[Finding, ...], broken: tuple[Finding, ...]) -> str | None:
    if broken:
        return f"{broken[0].file}: {broken[0].message}"
    counted = sum(map(int, _COUNT.findall(said)))
    if counted > len(findings):
        return f"black counts {counted} files, and the output names {len(findings)}"
    foreign = raw.stdout.strip() or said.strip()
    if ended(raw, exits) is Ended.UNKNOWN and not findings and foreign and not _SUMMARY.search(said) and not _NOTHING.search(said):
        return "the output is not black's"
    return None


def _nothing(said: str) -> str | None:
    found = _NOTHING.search(said)
    return "no Python files to check" if found else None


def _problems(said: str) -> tuple[Problem, ...]:
    return tuple(Problem(file="pyproject.toml", line=None, message=line) for line in _IGNORED_KEYS.findall(said))
