"""The shapes that JSON Schemas are put together from, and those that several documents share. Pure data: validates nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from gatekeeper.model.recovery import Trouble

Schema = dict[str, object]
TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
YES_NO: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": "number", "minimum": 0}
LINE: Schema = {"type": ["integer", "null"], "minimum": 1}
MAYBE: Schema = {"type": ["string", "null"]}
ANY: Schema = {}
#: 90, 90s, 5m, 1h30m, 2.5h
DURATION: Schema = {"type": ["string", "number"], "exclusiveMinimum": 0, "pattern": r"^(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h|d))+)$"}
#: a duration, or a multiple of what was measured: 5x median
LIMIT: Schema = {"anyOf": [DURATION, {"type": "string", "pattern": r"^\d+(\.\d+)?x median$"}]}


def object_of(properties: Mapping[str, Schema], *, required: tuple[str, ...] = (), closed: bool = True, title: str = "") -> Schema:
    """A mapping with these keys; `closed` allows no others."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    if closed:
        schema["additionalProperties"] = False
    if title:
        schema["title"] = title
    return schema


def list_of(items: Schema, least: int = 0) -> Schema:
    """A list of these, at least `least` long."""
    return {"type": "array", "items": items} | ({"minItems": least} if least else {})


def map_of(values: Schema) -> Schema:
    """A mapping from any name."""
    return {"type": "object", "additionalProperties": values}


def words_of(*words: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def again(*, of_task: bool = False) -> dict[str, Schema]:
    """What happens when a job did not pass."""
    return {"retries": COUNT, "retry": retry_policy(),
            "on_failure": {"anyOf": [words_of("retry", "rollback", "hold", "abort"), object_of({
                "retry": COUNT, "rollback": YES_NO, "fallback": list_of(TEXT, 1) if of_task else WORD, "hold": DURATION, "abort": YES_NO})]}}


def execution() -> Schema:
    """What holds for every job for which nothing else is said."""
    percent: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
    count: Schema = {"type": "integer", "minimum": 1, "maximum": 1000}
    return object_of({
        "job_timeout": LIMIT, "retry": retry_policy(),
        "breaker": object_of({"failures": count, "recovery": DURATION, "successes": count}),
        "alerts": object_of({"duration": DURATION, "memory_percent": percent, "error_rate_percent": percent}),
    }) | {"description": "What holds for every job for which nothing else is said: its time limit, further tries, services that do not answer, and when to tell."}


def retry_policy() -> Schema:
    """How often a job is started, and for which troubles."""
    return object_of({"attempts": {"type": "integer", "minimum": 1, "maximum": 100}, "on": list_of(words_of(*Trouble)), "delay": DURATION,
                      "factor": {"type": "number", "minimum": 1}, "max_delay": DURATION})
