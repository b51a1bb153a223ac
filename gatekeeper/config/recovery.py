"""What gatekeeper.yaml says of time limits, further tries and the steps after them (`timeout`, `retries`, `retry`, `on_failure`), and the way back into a
document. The schema has checked the shapes before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from gatekeeper.config.document import Document
from gatekeeper.config.values import duration_text, seconds
from gatekeeper.errors import ConfigError
from gatekeeper.model import duration
from gatekeeper.model.recovery import DECLARED, BreakerPolicy, Recovery, RetryPolicy, Trouble
from gatekeeper.model.settings import Alerts, Execution

#: seconds that a job waits for a person where no time is given
HOLD = 600.0
_MEDIAN = "x median"


def seconds_of(document: Document, path: str, value: object) -> float:
    """A duration at a place of the document. Raises ConfigError with that place."""
    try:
        return seconds(value) if isinstance(value, str) else duration.seconds(cast("float", value))
    except ValueError as error:
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: {error}") from error


def limit_of(document: Document, path: str, said: Mapping[str, object], key: str = "timeout") -> tuple[float | None, float | None]:
    """The value of `timeout`: seconds, or the multiple of what was measured before; messages call it `key`."""
    value = said.get("timeout")
    if isinstance(value, str) and value.endswith(_MEDIAN):
        factor = float(value.removesuffix(_MEDIAN))
        if not 1 <= factor <= 1000:
            raise ConfigError(f"{document.place(f'{path}/{key}')}: {path.replace('/', '.')}.{key}: `{value}` is not from 1 to 1000 times the median")
        return None, factor
    return None if value is None else seconds_of(document, f"{path}/{key}", value), None


def retry_of(document: Document, path: str, said: Mapping[str, object]) -> RetryPolicy | None:
    """The keys `retries`, `retry` and `on_failure: retry`; None where nothing is said. Raises ConfigError where two say something."""
    policy = cast("Mapping[str, object] | None", said.get("retry"))
    failure = said.get("on_failure")
    more = failure.get("retry") if isinstance(failure, Mapping) else 1 if failure == "retry" else None
    named = [key for key, value in (("retries", said.get("retries")), ("retry", policy), ("on_failure.retry", more)) if value is not None]
    if len(named) > 1:
        raise ConfigError(f"{document.place(path)}: {path.replace('/', '.')}: `{named[0]}` and `{named[1]}` say the same: one is enough")
    if policy is not None:
        return policy_of(document, f"{path}/retry", policy)
    tries = cast("int | None", more if more is not None else said.get("retries"))
    return None if tries is None else RetryPolicy(attempts=1 + tries, on=DECLARED)


def policy_of(document: Document, path: str, said: Mapping[str, object]) -> RetryPolicy:
    """A `retry` section."""
    usual = RetryPolicy()
    waits = {key: seconds_of(document, f"{path}/{key}", said[key]) for key in ("delay", "max_delay") if key in said}
    on = tuple(Trouble(word) for word in cast("Sequence[str]", said["on"])) if "on" in said else usual.on
    return RetryPolicy(attempts=cast("int", said.get("attempts", usual.attempts)), on=on, factor=cast("float", said.get("factor", usual.factor)), **waits)


def execution_of(document: Document, said: Mapping[str, object]) -> Execution:
    """The section `execution`."""
    def part(name: str) -> Mapping[str, object]:
        return cast("Mapping[str, object]", said.get(name, {}))

    timeout, factor = limit_of(document, "execution", {"timeout": said.get("job_timeout")}, key="job_timeout")
    usual, breaker, alerts = BreakerPolicy(), part("breaker"), part("alerts")
    recovery = seconds_of(document, "execution/breaker/recovery", breaker["recovery"]) if "recovery" in breaker else usual.recovery
    duration_ = seconds_of(document, "execution/alerts/duration", alerts["duration"]) if "duration" in alerts else None
    return Execution(
        job_timeout=timeout, job_timeout_factor=factor, retry=policy_of(document, "execution/retry", part("retry")) if "retry" in said else None,
        breaker=BreakerPolicy(failures=cast("int", breaker.get("failures", usual.failures)), recovery=recovery,
                              successes=cast("int", breaker.get("successes", usual.successes))),
        alerts=Alerts(duration=duration_, memory_percent=cast("float | None", alerts.get("memory_percent")),
                      error_rate_percent=cast("float | None", alerts.get("error_rate_percent"))))


def execution_document(execution: Execution) -> dict[str, object]:
    """As the section `execution` says it, usual values with it, what is not set left out."""
    alerts = {"duration": execution.alerts.duration and duration_text(execution.alerts.duration), "memory_percent": execution.alerts.memory_percent,
              "error_rate_percent": execution.alerts.error_rate_percent}
    breaker = {"failures": execution.breaker.failures, "recovery": duration_text(execution.breaker.recovery), "successes": execution.breaker.successes}
    told = {"job_timeout": timeout_text(execution.job_timeout, execution.job_timeout_factor), "retry": execution.retry and retry_document(execution.retry),
            "breaker": breaker, "alerts": {name: value for name, value in alerts.items() if value is not None}}
    return {name: value for name, value in told.items() if value}


def recovery_of(document: Document, path: str, said: Mapping[str, object]) -> Recovery | None:
    """The key `on_failure` but for its tries; None where it says nothing."""
    failure = said.get("on_failure")
    if failure is None:
        return None
    if not isinstance(failure, Mapping):
        return Recovery(rollback=failure == "rollback", hold=HOLD if failure == "hold" else 0.0, abort=failure == "abort")
    fallback = failure.get("fallback", ())
    hold = seconds_of(document, f"{path}/on_failure/hold", failure["hold"]) if "hold" in failure else 0.0
    return Recovery(rollback=bool(failure.get("rollback")), fallback=(fallback,) if isinstance(fallback, str) else tuple(fallback), hold=hold,
                    abort=bool(failure.get("abort")))


def timeout_text(limit: float | None, factor: float | None) -> float | str | None:
    """As the key `timeout` says it."""
    return f"{factor:g}{_MEDIAN}" if factor is not None else limit


def retry_document(policy: RetryPolicy) -> dict[str, object]:
    """As the section `retry` says it."""
    return {"attempts": policy.attempts, "on": [str(trouble) for trouble in policy.on], "delay": duration_text(policy.delay), "factor": policy.factor,
            "max_delay": duration_text(policy.max_delay)}


def recovery_document(recovery: Recovery, *, of_task: bool = False) -> dict[str, object]:
    """As the section `on_failure` says it; empty where it says nothing. The fallback of a tool is a tool, that of a task a list of words."""
    fallback = list(recovery.fallback) if of_task else "".join(recovery.fallback)
    told = {"rollback": recovery.rollback, "fallback": fallback, "hold": duration_text(recovery.hold) if recovery.hold else "", "abort": recovery.abort}
    return {key: value for key, value in told.items() if value}
