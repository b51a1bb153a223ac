"""The JSON Schemas of what Gatekeeper reads and writes. Pure data: validates nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from gatekeeper.config.options import OPPOSITES, OPTIONS, Kind, Option, option_named
from gatekeeper.config.policy import KINDS
from gatekeeper.config.shapes import (
    ANY,
    COUNT,
    DURATION,
    LIMIT,
    LINE,
    MAYBE,
    SECONDS,
    TEXT,
    WORD,
    YES_NO,
    Schema,
    again,
    execution,
    list_of,
    map_of,
    object_of,
    retry_policy,
    words_of,
)
from gatekeeper.errors import UsageError
from gatekeeper.model.assessment import ConditionStatus, Dimension, EndKind, Enforcement
from gatekeeper.model.component import Kind as ComponentKind
from gatekeeper.model.component import Language, ToolStatus
from gatekeeper.model.finding import Category, Level, Safety, Severity, State, SuppressionKind, TestOutcome
from gatekeeper.model.pipeline import JobClass, Priority
from gatekeeper.model.status import Cause, Meaning, Outcome, Status
from gatekeeper.model.tool import Effect, FailsAt, Role, Stream, Takes

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def schema_names() -> tuple[str, ...]:
    """What `schema_named` knows."""
    return tuple(_SCHEMAS)


def schema_named(name: str) -> Schema:
    """The JSON Schema of a document, dialect 2020-12. Raises UsageError for a name that does not exist."""
    if name not in _SCHEMAS:
        raise UsageError(f"no schema `{name}`", hint=f"one of: {', '.join(_SCHEMAS)}")
    return {"$schema": _DIALECT, "title": f"gatekeeper {name}"} | _SCHEMAS[name]()


# --- gatekeeper.yaml -------------------------------------------------------------------------------------------------


def _option_schema(option: Option) -> Schema:
    return _shape(option) | {"description": option.help}


def _shape(option: Option) -> Schema:
    match option.kind:
        case Kind.SWITCH:
            return YES_NO
        case Kind.NUMBER:
            return COUNT if option.most is None else COUNT | {"maximum": option.most}
        case Kind.DURATION:
            return DURATION
        case Kind.CHOICE:
            return words_of(*option.choices)
        case Kind.TEXTS:
            return list_of(WORD)
        case Kind.TEXT:
            return WORD
        case _:
            assert_never(option.kind)


def _config() -> Schema:
    options = {option.key: _option_schema(option) for option in OPTIONS if option.key}
    opposites: dict[str, Schema] = {key: {"type": "boolean", "description": f"false: {option_named(name).help}"} for key, name in OPPOSITES.items()}
    return object_of({
        "version": {"const": 1, "description": "The version of this format."},
        **options,
        **opposites,
        "exclude": list_of(WORD) | {"description": "Globs of files that no job looks at."},
        "tools": map_of(_tool_settings()) | {"description": "By tool: off (false), on (true), or its settings."},
        "tasks": list_of(_custom_task()) | {"description": "Jobs of the repository's own."},
        "policy": _policy(),
        "execution": execution(),
        "suppressions": list_of(_suppression()) | {"description": "Findings that do not count, with the reason."},
        "notify": _notify(),
        "limits": _limits(),
    })


def _limits() -> Schema:
    percent: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
    whole: Schema = {"type": "integer", "minimum": 1}
    return object_of({"cpu_percent": percent, "memory_percent": percent, "memory_mb": whole, "cores": whole, "job_memory_mb": whole}) | {
        "description": "From where on a run holds back: percent of the machine, MB for all its jobs, cores for all runs of a user; the MB above which one job is stopped."}


def _notify() -> Schema:
    names: dict[str, Schema] = {key: {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"} for key in ("url_env", "token_env", "secret_env")}
    webhook = object_of({"url": WORD, **names, "on": list_of(words_of("start", "pass", "fail", "incomplete"), 1)})
    return object_of({"desktop": YES_NO, "webhook": list_of(webhook)}) | {"description": "Who is told how a run went; never a reason to fail."}


def _tool_settings() -> Schema:
    return object_of({"cache": words_of("none", "component", "tree"), "enabled": YES_NO, "blocking": YES_NO, "timeout": LIMIT, "args": list_of(TEXT), **again()}) | {"type": ["boolean", "object"]}


def _custom_task() -> Schema:
    return object_of({
        "id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
        "batch": WORD,
        "argv": list_of(TEXT, 1),
        "takes": words_of(*Takes),
        "role": words_of(*Role),
        "output": object_of({"parser": WORD, "pattern": WORD}), "cache": words_of("none", "component", "tree"),
        "timeout": LIMIT,
        "blocking": YES_NO,
        "cpu": {"type": "integer", "minimum": 1, "maximum": 4096},
        "needs": list_of(WORD),
        **again(of_task=True),
    }, required=("id", "batch", "argv"))


def _condition() -> Schema:
    """All keys of all kinds; which kind has which is checked where they are read."""
    levels = "|".join(Severity)
    return object_of({
        "kind": words_of(*KINDS), "id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"}, "title": WORD, "enforcement": words_of(*Enforcement),
        "on": words_of("new", "all"), "component": _GLOBS, "severity": {"type": "string", "pattern": f"^(>=)?({levels})$"},
        "category": _one_or_more(words_of(*Category)), "tool": _GLOBS, "rule": _GLOBS, "language": _one_or_more(words_of(*Language)),
        "outcome": words_of("failed", "skipped", "flaky"), "suite": _GLOBS, "of": WORD, "max": {"type": ["number", "string"], "minimum": 0},
        "min": {"type": "number", "minimum": 0}, "max_percent": {"type": "number", "minimum": 0}, "max_lines": COUNT, "max_files": COUNT,
        "report": _GLOBS, "files": _GLOBS, "programs": _GLOBS, "environment": _GLOBS, "reviewer": _GLOBS, "criteria": WORD,
    })


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, list_of(schema, 1)]}


_GLOBS = _one_or_more(WORD)


def _policy() -> Schema:
    small = object_of({"lines": COUNT}, required=("lines",))
    return object_of({"conditions": list_of(_condition()), "small_change": small}) | {"description": "What must hold for a run to pass."}


def _suppression() -> Schema:
    return object_of({"rule": _GLOBS, "tool": _GLOBS, "path": _GLOBS, "component": _GLOBS, "reason": WORD, "owner": WORD, "expires": WORD},
                     required=("reason",))


# --- what Gatekeeper writes ------------------------------------------------------------------------------------------


def _problem() -> Schema:
    return object_of({"file": TEXT, "line": LINE, "message": TEXT}, required=("file", "line", "message"))


def _component() -> Schema:
    use = object_of({"tool": TEXT, "config": MAYBE, "status": words_of(*ToolStatus), "evidence": TEXT},
                    required=("tool", "config", "status", "evidence"), closed=False)
    test = object_of({"command": TEXT, "evidence": TEXT}, required=("command", "evidence"))
    maybe = ("workspace_root", "package_manager", "lockfile", "build_backend", "toolchain_pin")
    properties: dict[str, Schema] = {
        "id": TEXT, "root": TEXT, "language": words_of(*Language), "kind": words_of(*ComponentKind), "name": TEXT, "manifest": MAYBE,
        **dict.fromkeys(maybe, MAYBE), "depends_on": list_of(TEXT), "tools": list_of(use), "test": _maybe(test), "reasons": list_of(TEXT),
    }
    return object_of(properties, required=tuple(properties), closed=False)


def _detection() -> Schema:
    exclusion = object_of({"root": TEXT, "reason": TEXT}, required=("root", "reason"))
    properties: dict[str, Schema] = {"schema": {"const": 1}, "root": TEXT, "components": list_of(_component()),
                                     "excluded": list_of(exclusion), "problems": list_of(_problem())}
    return object_of(properties, required=tuple(properties), closed=False)


def _reason() -> Schema:
    return object_of({"kind": TEXT, "detail": TEXT}, required=("kind", "detail"))


def _job() -> Schema:
    resources = object_of({"cpu": COUNT, "memory_mb": COUNT, "exclusive": list_of(TEXT)}, required=("cpu", "memory_mb", "exclusive"))
    tool = object_of({"path": TEXT, "version": MAYBE, "source": TEXT}, required=("path", "version", "source"), closed=False)
    required: dict[str, Schema] = {
        "id": TEXT, "task": TEXT, "batch": TEXT, "command": TEXT, "component": MAYBE, "argv": list_of(TEXT), "cwd": TEXT, "files": COUNT,
        "needs": list_of(TEXT), "timeout": SECONDS, "blocking": YES_NO, "resources": resources, "effect": words_of(*Effect),
        "estimated_seconds": SECONDS, "tool": _maybe(tool), "reason": _reason(),
    }
    return object_of(required, required=tuple(required), closed=False)


def _plan() -> Schema:
    skipped = object_of({"id": TEXT, "reason": {"anyOf": [TEXT, _reason()]}}, required=("id", "reason"), closed=False)
    required: dict[str, Schema] = {
        "schema": {"const": 1}, "root": TEXT, "pool": object_of({"size": COUNT}, required=("size",), closed=False), "jobs": list_of(_job()),
        "skipped": list_of(skipped), "groups": list_of(list_of(TEXT)), "critical_path": list_of(TEXT), "estimated_seconds": SECONDS,
    }
    return object_of(required, required=tuple(required), closed=False)


def _finding() -> Schema:
    required: dict[str, Schema] = {"tool": TEXT, "message": TEXT, "level": words_of(*Level), "severity": words_of(*Severity),
                                   "category": words_of(*Category), "file": MAYBE, "line": LINE, "column": LINE, "rule": MAYBE}
    further: dict[str, Schema] = {"end_line": LINE, "end_column": LINE, "fixable": YES_NO, "detail": MAYBE, "url": MAYBE,
                                  "cell": {"type": ["integer", "null"]}, "file_uri": MAYBE, "score": {"type": ["number", "null"]},
                                  "fixes": list_of(_fix()), "fingerprints": map_of(TEXT), "state": _maybe(words_of(*State)),
                                  "suppression": _maybe(_suppressed()), "on_changed_line": {"type": ["boolean", "null"]}}
    return object_of(required | further, required=tuple(required), closed=False)


def _fix() -> Schema:
    return object_of({"safety": words_of(*Safety), "message": MAYBE, "edits": list_of(_edit())}, required=("safety", "edits"), closed=False)


def _edit(*, of_script: bool = False) -> Schema:
    """A script need not repeat the file of the finding."""
    places: dict[str, Schema] = {key: {"type": "integer", "minimum": 1} for key in ("line", "column", "end_line", "end_column")}
    return object_of({"file": MAYBE if of_script else TEXT, **places, "content": TEXT}, required=(*([] if of_script else ["file"]), *places, "content"), closed=False)


def _suppressed() -> Schema:
    return object_of({"kind": words_of(*SuppressionKind), "reason": TEXT, "owner": MAYBE, "expires": MAYBE, "where": MAYBE},
                     required=("kind", "reason"), closed=False)


def _assessment() -> Schema:
    required: dict[str, Schema] = {
        "gate": TEXT, "title": TEXT, "enforcement": words_of(*Enforcement), "status": words_of(*ConditionStatus), "message": TEXT,
        "score": {"type": ["number", "null"], "minimum": 0, "maximum": 100}, "violations": list_of(TEXT), "recommendations": list_of(TEXT),
        "evidence": list_of(TEXT)}
    return object_of(required | {"component": MAYBE}, required=tuple(required), closed=False)


def _standing() -> dict[str, Schema]:
    """What a summary says of a run beside its verdict; null where nothing was compared or judged."""
    score = object_of({"dimension": words_of(*Dimension), "value": {"type": ["number", "null"]}, "basis": TEXT}, required=("dimension", "value", "basis"), closed=False)
    delta = object_of({"against": TEXT, "new": COUNT, "unchanged": COUNT, "moved": COUNT, "by_tool_change": COUNT,
                       "fixed": list_of(object_of({"tool": TEXT, "message": TEXT}, closed=False)), "fixed_tests": list_of(object_of({"name": TEXT}, closed=False)),
                       "notes": list_of(TEXT)}, required=("against", "new", "unchanged", "moved", "fixed", "notes"), closed=False)
    ending = object_of({"kind": words_of(*EndKind), "reason": TEXT, "recoverable": YES_NO, "gaps": list_of(TEXT)},
                       required=("kind", "reason", "recoverable", "gaps"), closed=False)
    metric = object_of({"name": TEXT, "value": {"type": ["number", "null"]}, "unit": TEXT}, required=("name", "value"), closed=False)
    return {"assessments": list_of(_assessment()), "scores": list_of(score), "delta": _maybe(delta), "ending": _maybe(ending), "metrics": list_of(metric),
            "findings": list_of(_finding())}


def _verdict() -> Schema:
    condition = object_of({"subject": TEXT, "outcome": words_of(*Outcome), "message": TEXT, "hint": MAYBE},
                          required=("subject", "outcome", "message"), closed=False)
    return object_of({"outcome": words_of(*Outcome), "exit_code": COUNT, "conditions": list_of(condition)},
                     required=("outcome", "exit_code", "conditions"), closed=False)


def _summary() -> Schema:
    counters = ("total", "completed", "running", "failed", "blocked", "pending", "unmeasured", "unavailable", "cancelled", "skipped")
    batch = object_of({"id": TEXT, "title": TEXT, **dict.fromkeys(counters, COUNT), "seconds": {"type": ["number", "null"]},
                       "target": {"type": ["number", "null"]}}, required=("id", "title"), closed=False)
    job = object_of({"id": TEXT, "task": TEXT, "batch": TEXT, "component": MAYBE, "command": TEXT, "status": words_of(*Status),
                     "cause": _maybe(words_of(*Cause)), "message": TEXT, "hint": MAYBE, "blocking": YES_NO, "seconds": SECONDS},
                    required=("id", "task", "batch", "command", "status", "blocking", "seconds"), closed=False)
    required: dict[str, Schema] = {"schema": {"const": 1}, "run_id": TEXT, "root": TEXT, "verdict": _verdict(),
                                   "components": list_of(_component()), "jobs": list_of(job), "batches": list_of(batch)}
    return object_of(required | _standing(), required=tuple(required), closed=False)


# --- documents of the catalogue and the contract for scripts ---------------------------------------------------------


def _pipeline() -> Schema:
    task = object_of({
        "id": WORD, "title": WORD, "priority": words_of(*Priority), "class": words_of(*JobClass), "roles": list_of(words_of(*Role)),
        "languages": list_of(words_of(*Language)), "commands": list_of(WORD), "builtins": list_of(WORD), "effect": words_of(*Effect),
        "when": words_of("always", "fix", "asked"),
    }, required=("id", "title"))
    batch = object_of({
        "id": WORD, "title": WORD, "target": DURATION, "timeout": DURATION, "needs": list_of(WORD), "parallel": YES_NO,
        "tasks": list_of(task),
    }, required=("id", "title", "tasks"))
    return object_of({"version": {"const": 1}, "name": WORD, "timeout": DURATION, "batches": list_of(batch)},
                     required=("version", "name", "batches"))


def _texts() -> Schema:
    return {"anyOf": [TEXT, {"type": "number"}, list_of({"type": ["string", "number"]})]}


def _tool() -> Schema:
    codes = list_of({"type": "integer"})
    command = object_of({
        "role": words_of(*Role), "takes": words_of(*Takes), "argv": _texts(), "fix": _texts(), "globs": _texts(), "kinds": _texts(),
        "languages": _texts(), "requires": _texts(), "unless": _texts(), "default": YES_NO, "advisory": YES_NO,
        "on_demand": YES_NO, "dependencies": YES_NO, "output": object_of({"from": words_of(*Stream), "parser": WORD, "pattern": WORD}),
        "exit": object_of({"clean": codes, "findings": codes, "nothing": codes, "usage": codes}), "fails_at": words_of(*FailsAt),
        "strict_words": _texts(), "adopt": _texts(), "effect": words_of(*Effect),
        "cache": {"anyOf": [words_of("file", "component", "tree", "none"), object_of({"ttl": DURATION})]}, "threads": map_of(ANY), "env": map_of(ANY),
        "memory": TEXT, "timeout": DURATION, "exclusive": _texts(), "leaves": _texts(), "after": _texts(), "interrupt": YES_NO, "services": _texts(), "retry": retry_policy(),
    }, required=("role",))
    return object_of({
        "version": {"const": 1}, "id": WORD, "license": TEXT, "languages": _texts(), "executable": TEXT, "builtin": YES_NO,
        "config": object_of({"files": _texts(), "keys": map_of(_texts()), "targets": _texts()}),
        "traces": object_of({"words": _texts(), "hooks": _texts(), "pypi": _texts(), "npm": _texts()}),
        "version_probe": object_of({"argv": _texts(), "pattern": TEXT, "supported": MAYBE}),
        "provide": _maybe(object_of({"pypi": TEXT, "npm": TEXT, "binary": TEXT, "extra": _texts()})),
        "executes_repository_code": YES_NO, "commands": map_of(command), "instead_of": _texts(), "represented": YES_NO,
    }, required=("version", "id"))


def _place() -> dict[str, Schema]:
    return {"file": MAYBE, "line": LINE, "column": LINE, "end_line": LINE, "end_column": LINE, "rule": MAYBE}


def _metric() -> Schema:
    return object_of({"name": WORD, "value": {"type": "number"}, "unit": TEXT, "file": MAYBE, "line": LINE, "subject": MAYBE}, required=("name", "value"),
                     closed=False)


def _script() -> Schema:
    finding = object_of({
        **_place(), "level": words_of(*Level), "severity": words_of(*Severity, "error", "warning", "note"), "grade": words_of(*Severity),
        "category": words_of(*Category), "message": TEXT, "fixable": YES_NO, "detail": MAYBE, "url": MAYBE, "tool": MAYBE, "cell": LINE,
        "score": _maybe({"type": "number"}), "fixes": list_of(object_of({"safety": words_of(*Safety), "message": MAYBE, "edits": list_of(_edit(of_script=True))})),
    }, required=("message",), closed=False)
    test = object_of({"name": TEXT, "outcome": words_of(*TestOutcome), "classname": TEXT, "file": MAYBE, "line": LINE, "seconds": _maybe(SECONDS),
                      "message": MAYBE, "detail": MAYBE, "earlier": list_of(TEXT)}, required=("name", "outcome"), closed=False)
    problem = object_of({"file": TEXT, "line": LINE, "message": TEXT}, required=("message",), closed=False)
    return object_of({"schema": {"const": 1}, "findings": list_of(finding), "tests": list_of(test), "problems": list_of(problem), "message": MAYBE,
                      "metrics": list_of(_metric()), "status": words_of(*Meaning), "facts": ANY, "checked": COUNT}, required=("schema",), closed=False)


def _parse() -> Schema:
    """What `gatekeeper parse --json` writes; every key is always there but `file_uri` and `facts`."""
    finding: dict[str, Schema] = {
        "tool": TEXT, **_place(), "severity": words_of(*Level), "grade": words_of(*Severity), "category": words_of(*Category), "message": TEXT,
        "fixable": YES_NO, "cell": LINE, "detail": MAYBE, "url": MAYBE, "score": _maybe({"type": "number"}), "fixes": list_of(_fix()),
    }
    test: dict[str, Schema] = {
        "name": TEXT, "classname": TEXT, "file": MAYBE, "line": LINE, "status": words_of(*TestOutcome), "outcome": words_of(*TestOutcome),
        "seconds": _maybe(SECONDS), "message": MAYBE, "detail": MAYBE, "earlier": list_of(TEXT),
    }
    tests = dict.fromkeys(("total", "passed", "failed", "errors", "skipped"), COUNT)
    numbers: dict[str, Schema] = {
        "findings": COUNT, "by_severity": _all_of(dict.fromkeys(map(str, Level), COUNT)), "by_grade": _all_of(dict.fromkeys(map(str, Severity), COUNT)),
        "tests": _all_of(tests),
    }
    document: dict[str, Schema] = {
        "schema": {"const": 1}, "format": WORD, "status": words_of(*Meaning), "message": MAYBE, "recorded_root": MAYBE,
        "findings": list_of(_all_of(finding, {"file_uri": TEXT})), "tests": list_of(_all_of(test, {"file_uri": TEXT})), "counts": _all_of(numbers),
        "metrics": list_of(_metric()), "problems": list_of(_problem()),
    }
    return _all_of(document, {"facts": ANY})


def _all_of(required: Mapping[str, Schema], further: Mapping[str, Schema] | None = None) -> Schema:
    """A mapping with exactly these keys, and perhaps the further ones."""
    return object_of({**required, **(further or {})}, required=tuple(required))


_SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "config": _config, "plan": _plan, "detection": _detection, "summary": _summary, "finding": _finding, "pipeline": _pipeline, "tool": _tool,
    "script": _script, "parse": _parse,
}
