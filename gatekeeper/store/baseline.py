"""The committed baseline: findings and failing tests that were there when it was made, one JSON line each, sorted.

    {"gatekeeper-baseline": 1}
    {"tool": "ruff", "version": "0.17.5"}
    {"file": "api/main.py", "tool": "ruff", "rule": "F401", ...}
    {"test": "test_adds", ...}

Made to be merged: no counters, no dates, no line depends on another, and nothing changes that did not move. Git's union merge may double
lines and mix their order: both are read as if they had not been. Does not know what is new, nor where the file lies in git.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from gatekeeper.errors import ConfigError
from gatekeeper.judge.fingerprint import EXACT, GITHUB
from gatekeeper.judge.known import Known, KnownSet, KnownTest
from gatekeeper.model.finding import Category, Finding, Level, Severity
from gatekeeper.store.atomic import write_bytes
from gatekeeper.tree.plain import open_plain

VERSION = 1
_HEAD = "gatekeeper-baseline"
_LARGEST = 256_000_000
_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def read_baseline(path: str, name: str) -> KnownSet | None:
    """The baseline at `path` (called `name` in errors), None where there is no file. Raises ConfigError for what is none."""
    try:
        with open_plain(path) as file:
            data = file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    return parse_baseline(data, name)


def parse_baseline(data: bytes, name: str) -> KnownSet:
    """What a baseline says. Raises ConfigError with file and line."""
    findings: dict[str, Known] = {}
    tests: dict[str, KnownTest] = {}
    versions: dict[str, set[str]] = {}
    headed = False
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if not line.strip():
            continue
        entry = _entry(line, f"{name}:{number}")
        try:
            match entry:
                case {"gatekeeper-baseline": version}:
                    _check_version(version, f"{name}:{number}")
                    headed = True
                case {"test": str()}:
                    test = _known_test(entry)
                    tests[test.id] = test
                case {"version": str(version), "tool": str(tool)} if len(entry) == 2:
                    versions.setdefault(tool, set()).add(version)
                case _:
                    known = _known(entry)
                    findings[known.id] = known
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{name}:{number}: is no entry of a baseline: {error}", hint=_AGAIN) from error
    if not headed:
        raise ConfigError(f"{name}:1: is no baseline: its first line is missing", hint=_AGAIN)
    return KnownSet(findings=tuple(findings[key] for key in sorted(findings)), tests=tuple(tests[key] for key in sorted(tests)),
                    versions={tool: frozenset(known) for tool, known in sorted(versions.items())})


_AGAIN = "take it from git again, or make it anew: gatekeeper run --baseline none, then gatekeeper baseline create --force"


def _entry(line: str, place: str) -> Mapping[str, object]:
    if line.startswith(_MARKS):
        raise ConfigError(f"{place}: has a merge conflict", hint="keep the lines of both sides and delete the marks; `merge=union` in .gitattributes does so by itself")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        raise ConfigError(f"{place}: is no JSON object", hint=_AGAIN)
    return entry


def _check_version(version: object, place: str) -> None:
    if version != VERSION:
        raise ConfigError(f"{place}: has version {version}, this Gatekeeper reads {VERSION}", hint=f"use the Gatekeeper that made it, or {_AGAIN}")


def _known(entry: Mapping[str, object]) -> Known:
    prints = entry["fingerprints"]
    if not isinstance(prints, dict) or EXACT not in prints:
        raise ValueError(f"it has no fingerprint {EXACT}")
    line = entry.get("line")
    finding = Finding(
        tool=_text(entry, "tool"), message=_text(entry, "message"), rule=_maybe(entry, "rule"), file=_maybe(entry, "file"),
        line=line if isinstance(line, int) and line > 0 else None, level=Level(_text(entry, "level")), severity=Severity(_text(entry, "severity")),
        category=Category(_text(entry, "category")), fingerprints=tuple(sorted((str(name), str(value)) for name, value in prints.items())))
    return Known(command=_text(entry, "command"), component=_maybe(entry, "component"), finding=finding)


def _known_test(entry: Mapping[str, object]) -> KnownTest:
    return KnownTest(command=_text(entry, "command"), component=_maybe(entry, "component"), classname=_text(entry, "classname"),
                     name=_text(entry, "test"), file=_maybe(entry, "file"))


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise TypeError(f"`{key}` is no text")
    return value


def _maybe(entry: Mapping[str, object], key: str) -> str | None:
    return _text(entry, key) if entry.get(key) is not None else None


# --- writing ---------------------------------------------------------------------------------------------------------


def render_baseline(known: KnownSet) -> bytes:
    """The whole file; equal sets give equal bytes."""
    versions = [{"tool": tool, "version": version} for tool, several in known.versions.items() for version in several]
    lines = [_line({_HEAD: VERSION}), *sorted(map(_line, versions)), *sorted(_line(_finding_entry(one)) for one in known.findings),
             *sorted(_line(_test_entry(one)) for one in known.tests)]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines)).encode("utf-8")


def write_baseline(path: str, known: KnownSet) -> None:
    """Writes the file whole or not at all. Raises StoreError."""
    write_bytes(os.path.abspath(path), render_baseline(known))


def _line(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, ensure_ascii=True, separators=(",", ": "))


def _finding_entry(known: Known) -> dict[str, object]:
    """Keys in the order in which lines are sorted: by file, then tool, then rule."""
    finding = known.finding
    prints = {name: value for name, value in finding.fingerprints if name != GITHUB}
    return _without_nothing({
        "file": finding.file, "tool": finding.tool, "rule": finding.rule, "fingerprints": prints, "command": known.command, "component": known.component,
        "line": finding.line, "level": str(finding.level), "severity": str(finding.severity), "category": str(finding.category),
        "message": finding.message.split("\n", 1)[0][:200]})


def _test_entry(test: KnownTest) -> dict[str, object]:
    return _without_nothing({"test": test.name, "classname": test.classname, "command": test.command, "component": test.component, "file": test.file})


def _without_nothing(entry: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entry.items() if value is not None}
