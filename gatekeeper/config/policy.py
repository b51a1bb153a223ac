"""`policy` and `suppressions` of gatekeeper.yaml as values. Knows which kind of condition has which keys; judges nothing.

The schema has checked the shapes before; what only makes sense together is checked here, with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from gatekeeper.config.document import Document
from gatekeeper.config.values import nearest, seconds
from gatekeeper.errors import ConfigError
from gatekeeper.model import duration
from gatekeeper.model.assessment import Enforcement
from gatekeeper.model.late import late
from gatekeeper.model.settings import PolicyCondition, SuppressionRule
from gatekeeper.model.value import fields

Item = Mapping[str, object]
_EVERY = ("kind", "id", "title", "enforcement")
_LOOKED_AT = ("on", "component", "tool", "language")
#: the keys of each kind, beside those of every kind; `!` marks one that must be there
KINDS: Mapping[str, tuple[str, ...]] = {
    "findings": (*_LOOKED_AT, "severity", "category", "rule", "max"),
    "vulnerabilities": (*_LOOKED_AT, "severity", "max"),
    "tests": ("on", "component", "suite", "outcome", "max", "max_percent", "min"),
    "coverage": ("of", "component", "min!", "report"),
    "duplication": ("max_percent!",),
    "complexity": ("on", "component", "max!"),
    "benchmark": ("suite", "max_percent!"),
    "duration": ("of", "max!"),
    "tool-health": ("tool", "max"),
    "diff-size": ("max_lines", "max_files"),
    "artifact-size": ("files!", "max!"),
    "integration": ("programs", "environment", "files", "suite"),
    "approval": ("reviewer", "criteria", "files"),
    "suppressions": ("max",),
    "baseline": (),
}
#: keys whose fields have other names
_FIELDS = {"component": "components", "category": "categories", "tool": "tools", "rule": "rules", "language": "languages", "report": "files",
           "reviewer": "reviewers"}
_LISTS = frozenset({"components", "categories", "tools", "rules", "languages", "suite", "files", "programs", "environment", "reviewers"})
_SIZE = late(r"(\d+(?:\.\d+)?) ?(B|KB|MB|GB)?", re.ASCII)
_UNITS = {None: 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_DATE = late(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def conditions(document: Document) -> tuple[PolicyCondition, ...]:
    """The conditions of `policy`. Raises ConfigError for a key that its kind does not have, and for ids that stand twice."""
    policy = cast("Mapping[str, Sequence[Item]]", document.value.get("policy", {}))
    found: list[PolicyCondition] = []
    for index, item in enumerate(policy.get("conditions", ())):
        path = f"policy/conditions/{index}"
        condition = _condition(document, path, item)
        if condition.id and condition.id in {other.id for other in found}:
            raise ConfigError(f"{document.place(f'{path}/id')}: a condition `{condition.id}` stands above already")
        found.append(condition)
    return tuple(found)


def small_change(document: Document) -> int | None:
    """Changes of fewer lines are small; None where nothing is said."""
    policy = cast("Mapping[str, Mapping[str, int]]", document.value.get("policy", {}))
    return policy["small_change"]["lines"] if "small_change" in policy else None


def suppressions(document: Document) -> tuple[SuppressionRule, ...]:
    """What `suppressions` names. Raises ConfigError for a date that is none, and for an entry that would hide everything."""
    items = cast("Sequence[Item]", document.value.get("suppressions", ()))
    return tuple(_suppression(document, f"suppressions/{index}", item) for index, item in enumerate(items))


def condition_document(condition: PolicyCondition) -> dict[str, object]:
    """A condition as gatekeeper.yaml would say it: only the keys of its kind that are no default."""
    usual, names = PolicyCondition(), {field: key for key, field in _FIELDS.items()}
    names["files"] = "report" if condition.kind == "coverage" else "files"
    told: dict[str, object] = {"kind": condition.kind}
    for field in fields(condition):
        value = getattr(condition, field.name)
        if field.name != "kind" and value != getattr(usual, field.name):
            told[names.get(field.name, field.name)] = list(value) if isinstance(value, tuple) else value
    if "max" in told and float(condition.max).is_integer():
        told["max"] = int(condition.max)
    for key in KINDS[condition.kind]:
        if key.endswith("!") and key.rstrip("!") not in told:
            told[key.rstrip("!")] = int(condition.max) if key == "max!" else getattr(condition, _FIELDS.get(key.rstrip("!"), key.rstrip("!")))
    if condition.kind == "findings" and len(told.keys() & {"severity", "category", "tool", "rule", "language"}) == 0:
        told["severity"] = condition.severity
    return told


def suppression_document(rule: SuppressionRule) -> dict[str, object]:
    """A suppression as gatekeeper.yaml would say it."""
    told: dict[str, object] = {"rule": list(rule.rules), "tool": list(rule.tools), "path": list(rule.paths), "component": list(rule.components),
                               "reason": rule.reason, "owner": rule.owner, "expires": rule.expires}
    return {key: value for key, value in told.items() if value}


def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar, written YYYY-MM-DD."""
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _suppression(document: Document, path: str, item: Item) -> SuppressionRule:
    expires = cast("str | None", item.get("expires"))
    if expires is not None and not is_date(expires):
        raise ConfigError(f"{document.place(f'{path}/expires')}: {path.replace('/', '.')}.expires: `{expires}` is no date", hint="write it as 2027-01-31")
    if not any(key in item for key in ("rule", "tool", "path", "component")):
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: suppresses everything", hint="say what: rule, tool, path or component")
    if not str(item["reason"]).strip():
        raise ConfigError(f"{document.place(f'{path}/reason')}: {path.replace('/', '.')}.reason: may not be empty")
    return SuppressionRule(rules=_texts(item.get("rule")), tools=_texts(item.get("tool")), paths=_texts(item.get("path")),
                           components=_texts(item.get("component")), reason=str(item["reason"]).strip(), owner=cast("str | None", item.get("owner")),
                           expires=expires, where=document.place(path))


def _condition(document: Document, path: str, item: Item) -> PolicyCondition:
    kind = str(item.get("kind", PolicyCondition().kind))
    _check_keys(document, path, kind, item)
    values: dict[str, object] = {}
    for key, value in item.items():
        name = _FIELDS.get(key, key)
        values[name] = _texts(value) if name in _LISTS else value
    values["severity"] = str(item.get("severity", PolicyCondition().severity)).removeprefix(">=")
    values["enforcement"] = Enforcement(str(item.get("enforcement", Enforcement.BLOCKING)))
    if "max" in item:
        values["max"] = _amount(document, f"{path}/max", kind, item["max"])
    condition = PolicyCondition(**values)  # type: ignore[arg-type]  # the schema has checked the types
    _check_sense(document, path, condition)
    return condition


def _check_keys(document: Document, path: str, kind: str, item: Item) -> None:
    own = KINDS[kind]
    known = tuple(key.rstrip("!") for key in (*own, *_EVERY))
    for key in item:
        if key not in known:
            near = nearest(key, known)
            raise ConfigError(f"{document.place(f'{path}/{key}')}: {path.replace('/', '.')}: a condition of kind {kind} has no `{key}`",
                              hint=f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}")
    for key in own:
        if key.endswith("!") and key.rstrip("!") not in item:
            raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `{key.rstrip('!')}` is missing")
    if kind == "findings" and not {"severity", "category", "tool", "rule", "language"} & set(item):
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `severity` is missing", hint="or say which findings: category, tool or rule")


def _check_sense(document: Document, path: str, condition: PolicyCondition) -> None:
    where = f"{document.place(f'{path}/of')}: {path.replace('/', '.')}.of: `{condition.of}` is not known"
    if condition.kind == "coverage" and condition.of not in {"", "total", "changed"}:
        raise ConfigError(where, hint="one of: total, changed")
    if condition.kind == "duration" and condition.of not in {"", "run"} and not condition.of.startswith(("batch:", "job:")):
        raise ConfigError(where, hint="one of: run, batch:ID, job:GLOB")
    if condition.kind == "diff-size" and condition.max_lines is None and condition.max_files is None:
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `max_lines` or `max_files` is missing")
    if condition.kind == "integration" and not (condition.programs or condition.environment or condition.files or condition.suite):
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: names nothing that must be there",
                          hint="say what: programs, environment, files or suite")
    if condition.kind == "approval" and not condition.id:
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `id` is missing: approvals name it")


def _amount(document: Document, path: str, kind: str, value: object) -> float:
    """`max` as a number: seconds of a duration, bytes of a size, else as it stands."""
    try:
        if kind == "duration":
            return seconds(value) if isinstance(value, str) else duration.seconds(cast("float", value))
        if kind == "artifact-size":
            return _bytes(str(value))
    except ValueError as error:
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: {error}") from error
    if isinstance(value, str) or (kind != "complexity" and value != int(cast("float", value))):
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `{value}` is no whole number")
    return cast("float", value)


def _bytes(text: str) -> float:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no size (write 500KB, 1.5MB or bytes)")
    return float(match[1]) * _UNITS[match[2]]


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(cast("list[str]", value)) if isinstance(value, list) else (str(value),)
