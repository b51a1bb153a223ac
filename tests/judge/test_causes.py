"""Why a job could not do its work: each cause has its words and says what would help."""

from __future__ import annotations

import pytest

from gatekeeper.judge.conclude import conclude, misused
from gatekeeper.model.finding import Parsed
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.model.tool import ExitSpec, Role
from gatekeeper.model.value import replace

JOB = Job(id="B2/ruff.lint@a", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="a", argv=("ruff",), cwd=".",
          exit=ExitSpec(usage=frozenset({2})), reason=Reason(kind="asked", detail=""))
TASK = replace(JOB, id="B2/sync", command="task.sync", tool_id="task", exit=ExitSpec())
BROKE = Parsed(meaning=Meaning.TOOL_ERROR, message="exit code 2")


def broke(job: Job, exit_code: int, tail: str) -> Result:
    return misused(job, replace(conclude(job, Attempt(exit_code=exit_code), BROKE), tail=tail))


@pytest.mark.parametrize(("attempt", "message", "hint"), [
    (Attempt(signal=11), "ended by signal 11 (SIGSEGV)", "gatekeeper logs"),
    (Attempt(signal=6), "ended by signal 6 (SIGABRT)", "gatekeeper logs"),
    (Attempt(signal=9), "ended by signal 9 (SIGKILL)", "memory was short"),
    (Attempt(signal=40), "ended by signal 40", "gatekeeper logs"),
    (Attempt(signal=9, out_of_memory=True, peak_memory_mb=812.4), "killed by the system, which was out of memory (it held 812 MB)", "--jobs"),
    (Attempt(exit_code=137), "killed (exit code 137): most likely out of memory", "--jobs"),
    (Attempt(signal=15, over_memory_mb=200, peak_memory_mb=240.0), "stopped: it held 240 MB, more than its limit of 200 MB", "limits.job_memory_mb"),
    (Attempt(spawn_error="cannot start `x`: No such file or directory"), "could not be started: cannot start `x`: No such file or directory", "doctor"),
    (Attempt(spawn_error="cannot start `x`: Resource temporarily unavailable"), "could not be started: cannot start `x`: Resource temporarily unavailable", "--jobs 1"),
])
def test_each_cause_has_its_words_and_a_next_step(attempt: Attempt, message: str, hint: str) -> None:
    result = conclude(JOB, attempt, BROKE)
    assert (result.status, result.message) == (Status.ERRORED, message)
    assert result.hint is not None
    assert hint in result.hint


def test_the_tools_own_exit_code_for_wrong_usage_is_no_crash() -> None:
    result = broke(JOB, 2, "Failed to load configuration `ruff.toml`")
    assert (result.cause, result.hint) == (
        Cause.USAGE, "check the configuration of ruff, and `args` in gatekeeper.yaml; see its output with: gatekeeper logs B2/ruff.lint@a")


@pytest.mark.parametrize("tail", ["error: unrecognized arguments: --frobnicate", "error: unexpected argument '--x' found", "Unknown option: --y", "sync: unrecognized option '--z'"])
def test_a_tool_of_unknown_exit_codes_says_in_words_that_it_was_called_wrongly(tail: str) -> None:
    result = broke(TASK, 64, tail)
    assert result.cause is Cause.USAGE
    assert result.hint is not None
    assert "argv of the task sync" in result.hint


@pytest.mark.parametrize("tail", ["Traceback (most recent call last)\n  ...\nerror: unrecognized arguments", "thread 'main' panicked at src/main.rs:1:1", "segments lost"])
def test_a_tool_that_broke_by_itself_has_crashed_whatever_it_says_besides(tail: str) -> None:
    assert broke(TASK, 64, tail).cause is Cause.CRASH
    assert broke(JOB, 2 if "panicked" in tail else 7, tail).cause is Cause.CRASH


def test_what_did_its_work_was_not_misused() -> None:
    passed = Result(job=JOB.id, status=Status.PASSED, tail="unknown option")
    assert misused(JOB, passed) is passed
