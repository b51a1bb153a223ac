"""SARIF 2.1.0 of any producer: results of all runs, suppressed ones left out, places 1-based.

Columns count UTF-16 units unless `columnKind` says otherwise. A run whose invocation failed is an error; a log without results
is clean only if it has a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
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
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import report_of

_QUIET_KINDS = frozenset({"pass", "notApplicable", "informational", "open"})


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of any SARIF log."""
    log = asked_object(load(report_of(raw)), "the log")
    if "runs" not in log:
        raise UnparsableError("the log has no `runs`")
    runs = list(asked_objects(log["runs"], "`runs`"))
    findings = tuple(finding for run in runs for finding in _findings(raw, run))
    error = next((message for run in runs for message in _failures(run)), None)
    return conclude(raw, exits, Account(findings=findings, error=error, nothing=None if runs else "the log holds no run"))


def _failures(run: Json) -> Iterator[str]:
    for invocation in maybe_objects(run.get("invocations")):
        if invocation.get("executionSuccessful") is False:
            told = (maybe_text(maybe_object(one.get("message")).get("text")) for one in maybe_objects(invocation.get("toolExecutionNotifications")))
            yield next((text for text in told if text), None) or maybe_text(invocation.get("exitCodeDescription")) or "the tool says that it failed"


def _findings(raw: RawOutput, run: Json) -> Iterator[Finding]:
    driver = maybe_object(maybe_object(run.get("tool")).get("driver"))
    scribe = Scribe(tool=raw.tool or maybe_text(driver.get("name")) or "sarif", category=Category.LINT)
    rules = list(maybe_objects(driver.get("rules")))
    by_id = {rule["id"]: rule for rule in rules if isinstance(rule.get("id"), str)}
    sources = Sources(raw)
    for result in asked_objects(run.get("results") or [], "`results`"):
        if result.get("kind") in _QUIET_KINDS or any(one.get("status") in {None, "accepted"} for one in maybe_objects(result.get("suppressions"))):
            continue
        rule = _rule(result, rules, by_id)
        place = _place(raw, sources, run, result)
        yield scribe.finding(_message(result, rule), _level(result, rule), place,
                             rule=maybe_text(result.get("ruleId")) or maybe_text(rule.get("id")),
                             extra=Extra(fixable=bool(maybe_list(result.get("fixes"))), url=maybe_text(rule.get("helpUri"))))


def _rule(result: Json, rules: list[Json], by_id: dict[object, Json]) -> Json:
    index = maybe_int(result.get("ruleIndex"))
    if index is not None and 0 <= index < len(rules):
        return rules[index]
    identity = maybe_text(result.get("ruleId")) or maybe_text(maybe_object(result.get("rule")).get("id"))
    return by_id.get(identity, {})


def _level(result: Json, rule: Json) -> Level:
    """A result's level, else its rule's, else `warning` (SARIF 2.1.0 §3.27.10)."""
    word = result.get("level") or maybe_object(rule.get("defaultConfiguration")).get("level")
    return level_of(word, Level.WARNING)


def _message(result: Json, rule: Json) -> str:
    message = maybe_object(result.get("message"))
    text = maybe_text(message.get("text")) or maybe_text(message.get("markdown"))
    if text is None:
        strings = maybe_object(rule.get("messageStrings"))
        text = maybe_text(maybe_object(strings.get(str(message.get("id")))).get("text")) or maybe_text(maybe_object(rule.get("shortDescription")).get("text"))
    for number, argument in enumerate(maybe_list(message.get("arguments"))):
        text = (text or "").replace(f"{{{number}}}", str(argument))
    return text or maybe_text(result.get("ruleId")) or "(no message)"


def _place(raw: RawOutput, sources: Sources, run: Json, result: Json) -> Place:
    first = next(maybe_objects(result.get("locations")), {})
    physical = maybe_object(first.get("physicalLocation"))
    artifact, region = maybe_object(physical.get("artifactLocation")), maybe_object(physical.get("region"))
    uri = maybe_text(artifact.get("uri"))
    file = relative(raw, _based(run, artifact, uri)) if uri else None
    line, column = maybe_int(region.get("startLine")), maybe_int(region.get("startColumn"))
    end_line, end_column = maybe_int(region.get("endLine")) or line, maybe_int(region.get("endColumn"))
    if run.get("columnKind") != "unicodeCodePoints":
        column, end_column = sources.from_utf16(file, line, column), sources.from_utf16(file, end_line, end_column)
    return Place(file=file, line=line, column=column, end_line=end_line, end_column=end_column)


def _based(run: Json, artifact: Json, uri: str) -> str:
    """The path that a URI means, with its base where the log gives one."""
    base = maybe_text(maybe_object(maybe_object(run.get("originalUriBaseIds")).get(str(artifact.get("uriBaseId")))).get("uri"))
    if uri.startswith("file:"):
        return uri
    return unquote(uri) if base is None else base.rstrip("/") + "/" + uri if base.startswith("file:") else unquote(base.rstrip("/") + "/" + uri)
