"""What `cargo check|build|clippy|doc` and rustc print for people, long or short (`--message-format short`), with or without colours.

The same diagnostic may come once per target: repetitions are dropped. Errors without a place are the compiler's when something could
not be compiled (a failed link), else cargo's own (a missing manifest, a failed build script, a crate that could not be fetched): then it
did not do its work. Cargo announces how many warnings it printed; fewer mean that a part of the output is missing. Recorded from cargo 1.95.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.cargo_json import CARGO_FAILED
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.rustc_text import Diagnostic, diagnostics, short
from gatekeeper.parse.text import complaint, decode

_SUMMARY = re.compile(r"^(?:aborting due to |\d+ warnings? emitted|could not (?:compile|document) |build failed, waiting|.* generated \d+ warnings?\b)")
_GENERATED = re.compile(r"^warning: .* generated (?P<count>\d{1,6}) warnings?(?: \((?P<double>\d{1,6}) duplicates?\))?", re.MULTILINE)
_END = re.compile(r"^(?:[ \t]*Finished .*|(?:error|warning): (?:could not (?:compile|document) |aborting due to |\d+ warnings? emitted|.* generated \d+ warnings?\b).*)$", re.MULTILINE)
_UNCOMPILED = re.compile(r"^error: (?:could not (?:compile|document) |aborting due to )", re.MULTILINE)
#: errors of cargo itself, also where something could not be compiled beside them
_CARGO = re.compile(r"^(?:failed to |process didn't exit |could not |no matching package|unexpected argument|package )")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of a build with rustc's own text."""
    text = decode(raw.stdout) + "\n" + decode(raw.stderr)
    scribe = Scribe.of(raw, "cargo", Category.LINT)
    told = [one for one in (*short(text), *diagnostics(text)) if not _SUMMARY.match(one.message)]
    own = [one for one in told if one.level == "error" and not _of_compiler(one, text)]
    findings = tuple(one.finding(raw, scribe) for one in told if one not in own and (one.path or one.level == "error"))
    error = _error(raw, text, told, own)
    if error is None and ended(raw, exits) is Ended.UNKNOWN and not _END.search(text):
        error = "the output is not cargo's, or its end is missing"
    return conclude(raw, finds_at(exits, CARGO_FAILED), Account(findings=_merged(findings), error=error))


def _of_compiler(one: Diagnostic, text: str) -> bool:
    if one.path is not None or (one.rule or "").startswith("E"):
        return not (one.path or "").endswith("Cargo.toml")
    return _UNCOMPILED.search(text) is not None and not _CARGO.match(one.message)


def _merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each diagnostic once; of repetitions the one that names its lint."""
    found: dict[object, Finding] = {}
    for one in findings:
        key = (one.file, one.line, one.column, one.level, one.message)
        if key not in found or (one.rule and not found[key].rule):
            found[key] = one
    return tuple(found.values())


def _error(raw: RawOutput, text: str, told: list[Diagnostic], own: list[Diagnostic]) -> str | None:
    if own:
        return f"error: {own[0].message}"
    announced = sum(int(match["count"]) - int(match["double"] or 0) for match in _GENERATED.finditer(text))
    shown = sum(one.level == "warning" for one in told)
    if announced > shown:
        return f"cargo generated {announced} warnings, the output shows {shown}"
    broke = _UNCOMPILED.search(text) is not None or raw.exit_code == CARGO_FAILED
    explained = any(one.level == Level.ERROR for one in told)
    return None if explained or not broke else complaint(raw) or "the build failed without a compiler message"
