"""`cargo check|clippy|build|doc --message-format=json`: one JSON object per line, places 1-based in characters, ends exclusive.

The same diagnostic comes once per target (lib, lib test): repetitions are dropped. `build-finished.success` tells a failed build
from a failed cargo; every failure ends with 101. Recorded from cargo 1.95.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import Json, asked_object, load_lines, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.grade import NOWHERE, Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude, finds_at
from gatekeeper.parse.place import nearest
from gatekeeper.parse.rust_fixes import fixes
from gatekeeper.parse.text import complaint, decode, error_line, report_of

CARGO_FAILED = 101
_SUMMARY = re.compile(r"^(?:aborting due to |\d+ warnings? emitted|could not compile |For more information about |Some errors have detailed)")
_PAGE = re.compile(r"for further information visit (https://\S+)")
_ERROR_CODE = re.compile(r"^E\d{4}$")


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of a cargo build, check, clippy or doc."""
    entries = [asked_object(value, f"line {number}") for number, value in load_lines(decode(report_of(raw)))]
    findings = diagnostics(raw, entries)
    return conclude(raw, finds_at(exits, CARGO_FAILED), Account(findings=findings, error=_error(raw, entries, findings)))


def diagnostics(raw: RawOutput, entries: Iterable[Json]) -> tuple[Finding, ...]:
    """The findings of cargo's messages, each once."""
    scribe = Scribe.of(raw, "cargo", Category.LINT)
    found: dict[object, Finding] = {}
    for entry in entries:
        message = maybe_object(entry.get("message"))
        if entry.get("reason") != "compiler-message" or not message:
            continue
        finding = _finding(raw, scribe, message)
        if finding is not None:
            found.setdefault((finding.file, finding.line, finding.column, finding.rule, finding.level, finding.message), finding)
    return tuple(found.values())


def _finding(raw: RawOutput, scribe: Scribe, message: Json) -> Finding | None:
    text, word = maybe_text(message.get("message")), message.get("level")
    if text is None or word == "failure-note" or (_SUMMARY.match(text) and not message.get("spans")):
        return None
    level, rule = level_of("error" if str(word).startswith("error") else word), maybe_text(maybe_object(message.get("code")).get("code"))
    return scribe.finding(text, level, _place(raw, message), rule=rule, category=_category(rule, level),
                          extra=Extra(fixable=_fixable(message), detail=maybe_text(message.get("rendered")), url=_page(message), fixes=fixes(raw, message)))


def _page(message: Json) -> str | None:
    """The page on the lint, which clippy names in words."""
    said = (_PAGE.fullmatch(maybe_text(child.get("message")) or "") for child in maybe_objects(message.get("children")))
    return next((found[1] for found in said if found), None)


def _category(rule: str | None, level: Level) -> Category:
    if rule is None or _ERROR_CODE.match(rule):
        return Category.BUILD if level is Level.ERROR else Category.LINT
    return Category.DOCUMENTATION if rule.startswith("rustdoc::") else Category.LINT


def _place(raw: RawOutput, message: Json) -> Place:
    spans = list(maybe_objects(message.get("spans")))
    primary = next((span for span in spans if span.get("is_primary")), spans[0] if spans else None)
    span = _outermost(raw, primary) if primary else None
    if span is None:
        return NOWHERE
    return Place(file=nearest(raw, maybe_text(span.get("file_name"))), line=maybe_int(span.get("line_start")), column=maybe_int(span.get("column_start")),
                 end_line=maybe_int(span.get("line_end")), end_column=maybe_int(span.get("column_end")))


def _outermost(raw: RawOutput, span: Json) -> Json:
    """The span itself, or the place of the macro call when it lies in another crate or in the compiler."""
    for _depth in range(64):
        name = maybe_text(span.get("file_name")) or ""
        outside = name.startswith("<") or (nearest(raw, name) or "/").startswith("/")
        outer = maybe_object(maybe_object(span.get("expansion")).get("span"))
        if not outside or not outer:
            return span
        span = outer
    return span


def _fixable(message: Json) -> bool:
    return any(span.get("suggested_replacement") is not None for child in maybe_objects(message.get("children")) for span in maybe_objects(child.get("spans")))


def _error(raw: RawOutput, entries: list[Json], findings: tuple[Finding, ...]) -> str | None:
    finished = next((entry for entry in reversed(entries) if entry.get("reason") == "build-finished"), None)
    explained = any(finding.level is Level.ERROR for finding in findings)
    if finished is None:
        return error_line(raw) or "cargo's output ends before `build-finished`"
    broke = finished.get("success") is False or raw.exit_code == CARGO_FAILED
    return None if explained or not broke else complaint(raw) or "the build failed without a compiler message"
