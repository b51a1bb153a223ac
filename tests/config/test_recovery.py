"""What gatekeeper.yaml says of time limits, further tries and the steps after them, and how `gatekeeper config show` says it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.cli.config import settings_text
from gatekeeper.config.file import Names
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.errors import ConfigError
from gatekeeper.model.recovery import DECLARED, BreakerPolicy, Recovery, RetryPolicy, Trouble
from gatekeeper.model.settings import Alerts, Execution, Settings


def load(folder: Path, text: str, local: str = "", names: Names | None = None) -> Settings:
    (folder / "gatekeeper.yaml").write_text(text)
    if local:
        (folder / "gatekeeper.local.yaml").write_text(local)
    return load_settings(Arguments(path=str(folder)), {}, cwd=str(folder), names=names)


def tool(folder: Path, said: str) -> Settings:
    return load(folder, f"tools: {{pytest: {said}}}\n")


@pytest.mark.parametrize(("said", "policy"), [
    ("{retries: 2}", RetryPolicy(attempts=3, on=DECLARED)),
    ("{on_failure: retry}", RetryPolicy(attempts=2, on=DECLARED)),
    ("{on_failure: {retry: 4}}", RetryPolicy(attempts=5, on=DECLARED)),
    ("{retry: {}}", RetryPolicy()),
    ("{retry: {attempts: 4, on: [network, timeout], delay: 500ms, factor: 3, max_delay: 2m}}",
     RetryPolicy(attempts=4, on=(Trouble.NETWORK, Trouble.TIMEOUT), delay=0.5, factor=3, max_delay=120.0)),
    ("{timeout: 5m}", None),
])
def test_further_tries(tmp_path: Path, said: str, policy: RetryPolicy | None) -> None:
    assert tool(tmp_path, said).tools["pytest"].retry == policy


@pytest.mark.parametrize(("said", "recovery"), [
    ("{on_failure: rollback}", Recovery(rollback=True)),
    ("{on_failure: hold}", Recovery(hold=600.0)),
    ("{on_failure: abort}", Recovery(abort=True)),
    ("{on_failure: {fallback: unittest, hold: 5m, abort: true, rollback: true}}", Recovery(fallback=("unittest",), hold=300.0, abort=True, rollback=True)),
    ("{retries: 1}", None),
])
def test_the_steps_after_them(tmp_path: Path, said: str, recovery: Recovery | None) -> None:
    assert tool(tmp_path, said).tools["pytest"].recovery == recovery


def test_a_task_says_the_same_and_names_the_words_of_its_fallback(tmp_path: Path) -> None:
    task = "{id: a, batch: beta, argv: [x], timeout: 3x median, retry: {on: [signal]}, on_failure: {fallback: [y, --fast], hold: 1m}}"
    (told,) = load(tmp_path, f"tasks: [{task}]\n").tasks
    assert (told.timeout, told.timeout_factor) == (None, 3.0)
    assert told.retry == RetryPolicy(on=(Trouble.SIGNAL,))
    assert told.recovery == Recovery(fallback=("y", "--fast"), hold=60.0)


def test_limits_are_absolute_or_a_multiple_of_the_median(tmp_path: Path) -> None:
    assert (tool(tmp_path, "{timeout: 5m}").tools["pytest"].timeout, tool(tmp_path, "{timeout: 2.5x median}").tools["pytest"].timeout_factor) == (300.0, 2.5)


@pytest.mark.parametrize(("said", "message"), [
    ("{retries: 1, retry: {attempts: 2}}", "tools.pytest: `retries` and `retry` say the same"),
    ("{retries: 1, on_failure: retry}", "tools.pytest: `retries` and `on_failure.retry` say the same"),
    ("{timeout: 0.5x median}", "tools.pytest.timeout: `0.5x median` is not from 1 to 1000 times the median"),
    ("{timeout: 5x mean}", "5x mean"),
    ("{retry: {attempts: 0}}", "attempts"),
    ("{retry: {on: [findings]}}", "findings"),
    ("{retry: {factor: 0.5}}", "factor"),
    ("{on_failure: ignore}", "ignore"),
    ("{on_failure: {hold: soon}}", "soon"),
])
def test_what_makes_no_sense_is_refused_with_its_place(tmp_path: Path, said: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        tool(tmp_path, said)
    assert message in str(refused.value)
    assert "gatekeeper.yaml:1" in str(refused.value)


def test_a_fallback_that_is_no_tool_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown name `flak8`") as refused:
        load(tmp_path, "tools: {ruff: {on_failure: {fallback: flak8.lint}}}\n", names=Names(tools=("ruff", "flake8")))
    assert refused.value.hint == "did you mean `flake8`?"


EVERYTHING = """\
jobs: 10
timeout: 2h
nice: 5
limits: {memory_percent: 80}
execution:
  job_timeout: 30m
  retry: {attempts: 3, on: [network], delay: 1s, factor: 2, max_delay: 1m}
  breaker: {failures: 5, recovery: 2m, successes: 2}
  alerts: {duration: 1h, memory_percent: 80, error_rate_percent: 5}
"""


def test_the_limits_of_an_orchestrator_have_their_keys_here_with_units(tmp_path: Path) -> None:
    settings = load(tmp_path, EVERYTHING)
    assert (settings.jobs, settings.timeout, settings.nice) == (10, 7200.0, 5)
    assert settings.execution == Execution(
        job_timeout=1800.0, retry=RetryPolicy(attempts=3, on=(Trouble.NETWORK,)), breaker=BreakerPolicy(failures=5, recovery=120.0, successes=2),
        alerts=Alerts(duration=3600.0, memory_percent=80, error_rate_percent=5))


def test_what_is_shown_can_be_read_again_and_means_the_same(tmp_path: Path) -> None:
    text = EVERYTHING + """\
tools: {pytest: {retries: 2, timeout: 5x median, on_failure: {fallback: unittest, hold: 5m}}}
tasks: [{id: a, batch: beta, argv: [x], timeout: 3x median, on_failure: {fallback: [y], abort: true}, retry: {on: [signal]}}]
"""
    first = load(tmp_path, text)
    again = load(tmp_path, settings_text(first))
    assert (again.execution, again.tools, again.tasks, again.nice) == (first.execution, first.tools, first.tasks, first.nice)


@pytest.mark.parametrize(("local", "message"), [
    ("tools: {pytest: {retries: 3}}\n", "may not say when a tool is started again"),
    ("tools: {pytest: {on_failure: {fallback: unittest}}}\n", "may not say what happens when a tool does not pass"),
    ("execution: {retry: {attempts: 9}}\n", "may not say how jobs are timed and tried again"),
])
def test_a_file_of_ones_own_does_not_turn_red_into_green_by_trying_again(tmp_path: Path, local: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, "version: 1\n", local)


def test_a_file_of_ones_own_may_say_how_this_machine_runs(tmp_path: Path) -> None:
    settings = load(tmp_path, "tools: {pytest: {retries: 3, timeout: 5x median}}\n", "nice: 10\ntools: {pytest: {timeout: 9m}}\n")
    said = settings.tools["pytest"]
    assert (settings.nice, said.timeout, said.timeout_factor, said.retry) == (10, 540.0, None, RetryPolicy(attempts=4, on=DECLARED))
