"""SARIF 2.1.0 of any producer: results of all runs, suppressed and absent ones left out, places 1-based.

Columns count UTF-16 units unless `columnKind` says otherwise (ruff counts characters, semgrep bytes, and neither says so). A run whose invocation
failed, or that tells of an error, did part of its work: bandit and semgrep name the files that they could not parse only there, semgrep as a warning.
A run without `results` did not look (§3.14.23), and a log without a run is no clean one.
Fixes carry no safety in this format, so they are unsafe. Recorded from ruff 0.17.5, eslint 8.57 with Microsoft's formatter, semgrep and bandit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Parsed, RawOutput, Safety, Severity
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.document import (
    Json,
    UnparsableError,
    asked_object,
    asked_objects,
    load,
    maybe_int,
    maybe_list,
    maybe_object,
    maybe_objects,
    maybe_text,
)
from gatekeeper.parse.grade import Extra, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources
from gatekeeper.parse.sarif_place import Artifacts, Units, place_of
from gatekeeper.parse.text import report_of, strip_escapes

_QUIET_KINDS = frozenset({"pass", "notApplicable", "informational", "open"})
_LONGEST = 500
_FAILED = "the tool says that it failed"
#: kinds of notes that mean unchecked code, whatever level they have
_UNCHECKED = re.compile(r"syntax|lexical|pars(?:e|ing)|timeout|time out|memory|fatal", re.IGNORECASE)
#: what columns count where the log does not say it and the format's own default is wrong
_PRODUCERS = (("ruff", Units.POINTS), ("semgrep", Units.BYTES))


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of any SARIF log."""
    log = asked_object(load(report_of(raw)), "the log")
    if "runs" not in log:
        raise UnparsableError("the log has no `runs`")
    runs = list(asked_objects(log["runs"], "`runs`"))
    findings = tuple(finding for run in runs for finding in _Run(raw, run).findings())
    troubles = tuple(trouble for run in runs for trouble in _troubles(raw, run))
    error = next((trouble.message for trouble in troubles), None)
    looked = any(isinstance(run.get("results"), list) for run in runs)
    return conclude(raw, exits, Account(findings=findings, error=error, problems=tuple(trouble for trouble in troubles if trouble.file),
                                        nothing=None if looked else "no run of the log has results" if runs else "the log holds no run"))


def _troubles(raw: RawOutput, run: Json) -> Iterator[Problem]:
    """What was not done: failed invocations, and errors that the tool had with single files."""
    artifacts = Artifacts(raw, run)
    for invocation in maybe_objects(run.get("invocations")):
        told = [note for key in ("toolExecutionNotifications", "toolConfigurationNotifications") for note in maybe_objects(invocation.get(key))]
        failed = invocation.get("executionSuccessful") is False
        grave = [note for note in told if _is_grave(note)] or (told if failed else [])
        for note in grave:
            place = place_of(Sources(raw), artifacts, Units.POINTS, next(maybe_objects(note.get("locations")), {}))
            yield Problem(file=place.file or "", line=place.line, message=_said(note) or _FAILED)
        if failed and not grave:
            yield Problem(file="", line=None, message=maybe_text(invocation.get("exitCodeDescription")) or _FAILED)


def _is_grave(note: Json) -> bool:
    kind = maybe_text(maybe_object(note.get("descriptor")).get("id")) or ""
    return note.get("level") == "error" or (note.get("level") != "note" and bool(_UNCHECKED.search(kind)))


def _said(note: Json) -> str | None:
    text = maybe_text(maybe_object(note.get("message")).get("text"))
    return " ".join(strip_escapes(text).split())[:_LONGEST] if text else None


class _Run:
    """One run of a log: its rules, its files, how it counts columns."""

    def __init__(self, raw: RawOutput, run: Json) -> None:
        tool = maybe_object(run.get("tool"))
        driver = maybe_object(tool.get("driver"))
        self._run, self._name = run, raw.tool or maybe_text(driver.get("name")) or "sarif"
        #: rules of the driver, then of each extension
        self._rules = [list(maybe_objects(part.get("rules"))) for part in (driver, *maybe_objects(tool.get("extensions")))]
        self._by_id = {rule["id"]: rule for rules in reversed(self._rules) for rule in rules if isinstance(rule.get("id"), str)}
        self._artifacts, self._sources = Artifacts(raw, run), Sources(raw)
        for file, text in self._artifacts.texts():
            self._sources.offer(file, text)
        self._units = _units(run, str(driver.get("name")).lower())

    def findings(self) -> Iterator[Finding]:
        """What counts of its results."""
        for result in asked_objects(self._run.get("results") or [], "`results`"):
            if not _is_quiet(result):
                yield self._finding(result)

    def _finding(self, result: Json) -> Finding:
        rule = self._rule(result)
        score, secure = _score(result, rule), _is_security(rule)
        category = Category.VULNERABILITY if score is not None or secure else Category.LINT
        location = next(maybe_objects(result.get("locations")), {})
        place = place_of(self._sources, self._artifacts, self._units, location)
        return Scribe(tool=self._name, category=category).finding(
            _message(result, rule), _level(result, rule), place, rule=maybe_text(result.get("ruleId")) or maybe_text(rule.get("id")),
            extra=Extra(fixes=tuple(self._fix(fix) for fix in maybe_objects(result.get("fixes"))), url=maybe_text(rule.get("helpUri")),
                        score=score, severity=_severity(score)))

    def _rule(self, result: Json) -> Json:
        told = maybe_object(result.get("rule"))
        part = maybe_int(maybe_object(told.get("toolComponent")).get("index"))
        rules = self._rules[part + 1] if part is not None and 0 <= part < len(self._rules) - 1 else self._rules[0]
        index = maybe_int(told.get("index"))
        index = maybe_int(result.get("ruleIndex")) if index is None else index
        if index is not None and 0 <= index < len(rules):
            return rules[index]
        return self._by_id.get(maybe_text(result.get("ruleId")) or maybe_text(told.get("id")) or "", {})

    def _fix(self, fix: Json) -> Fix:
        edits = [self._edit(change, replacement) for change in maybe_objects(fix.get("artifactChanges"))
                 for replacement in maybe_objects(change.get("replacements"))]
        whole = tuple(edit for edit in edits if edit is not None)
        return Fix(safety=Safety.UNSAFE, message=maybe_text(maybe_object(fix.get("description")).get("text")), edits=whole if len(whole) == len(edits) else ())

    def _edit(self, change: Json, replacement: Json) -> Edit | None:
        """One replacement; None where its place is not told in lines and columns (then the fix is known, but not spelled out)."""
        region = maybe_object(replacement.get("deletedRegion"))
        place = place_of(self._sources, self._artifacts, self._units, {"physicalLocation": {"artifactLocation": change.get("artifactLocation"), "region": region}})
        content = maybe_object(replacement.get("insertedContent")).get("text", "")
        if place.file is None or place.line is None or not isinstance(content, str):
            return None
        column, end_line, end_column = place.column or 1, place.end_line or place.line, place.end_column
        if end_column is None:
            text = self._sources.line(place.file, end_line)
            end_column = None if text is None else len(text) + 1
        if end_column is None or (end_line, end_column) < (place.line, column):
            return None
        return Edit(file=place.file, line=place.line, column=column, end_line=end_line, end_column=end_column, content=content)


def _units(run: Json, producer: str) -> Units:
    if run.get("columnKind") == "unicodeCodePoints":
        return Units.POINTS
    known = next((units for name, units in _PRODUCERS if producer.startswith(name)), Units.UTF16)
    return Units.UTF16 if run.get("columnKind") == "utf16CodeUnits" else known


def _is_quiet(result: Json) -> bool:
    """Whether a result is no finding of now: a pass, something that is gone, or accepted by somebody."""
    accepted = any(one.get("status") in {None, "accepted"} for one in maybe_objects(result.get("suppressions")))
    return accepted or result.get("kind") in _QUIET_KINDS or result.get("baselineState") == "absent"


def _level(result: Json, rule: Json) -> Level:
    """A result's level, else its rule's, else `warning` (SARIF 2.1.0 §3.27.10)."""
    word = result.get("level") or maybe_object(rule.get("defaultConfiguration")).get("level")
    return level_of(word, Level.WARNING)


def _score(result: Json, rule: Json) -> float | None:
    """GitHub's `security-severity`, 0.1 to 10, of the result or of its rule."""
    for holder in (result, rule):
        text = maybe_object(holder.get("properties")).get("security-severity")
        try:
            score = float(text) if isinstance(text, (str, int, float)) and not isinstance(text, bool) else 0.0
        except ValueError:
            continue
        if 0 < score <= 10:
            return score
    return None


def _severity(score: float | None) -> Severity | None:
    if score is None:
        return None
    return Severity.CRITICAL if score >= 9 else Severity.HIGH if score >= 7 else Severity.MEDIUM if score >= 4 else Severity.LOW


def _is_security(rule: Json) -> bool:
    return "security" in maybe_list(maybe_object(rule.get("properties")).get("tags"))


def _message(result: Json, rule: Json) -> str:
    message = maybe_object(result.get("message"))
    text = maybe_text(message.get("text")) or maybe_text(message.get("markdown"))
    if text is None:
        strings = maybe_object(rule.get("messageStrings"))
        text = maybe_text(maybe_object(strings.get(str(message.get("id")))).get("text")) or maybe_text(maybe_object(rule.get("shortDescription")).get("text"))
    for number, argument in enumerate(maybe_list(message.get("arguments"))):
        text = (text or "").replace(f"{{{number}}}", str(argument))
    return text or maybe_text(result.get("ruleId")) or "(no message)"
