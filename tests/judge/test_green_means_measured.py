"""For every command of the catalogue: a blocking job whose tool was killed, crashed, is missing or said nothing never leads to a pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gatekeeper.catalog.load import load_catalog
from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.verdict import judge
from gatekeeper.model.finding import RawOutput
from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.model.tool import Command
from gatekeeper.parse.formats import parse_output

pytestmark = pytest.mark.faults
COMMANDS = {command.id: command for tool in load_catalog("default", cache_folder=None).tools for command in tool.commands}

#: formats in which a tool that found nothing may say nothing, and why its exit code 0 is enough then
SILENT_WHEN_CLEAN: Mapping[str, str] = {
    "black": "its summary is absent with `quiet` in its configuration",
    "cargo-update": "one line per update, none when there are none",
    "exit-code": "programs whose output nobody can read",
    "flake8": "one line per finding",
    "forge-fmt": "a diff per file",
    "isort": "a diff per file",
    "mypy-json": "one line per finding; its summary is absent with JSON",
    "npm-outdated-json": "it prints nothing when all is current",
    "prettier": "its summary is absent with its log level",
    "rustfmt": "a diff per file",
    "sphinx": "called with -q: only warnings",
    "tsc": "one line per finding",
}


def verdict(command: Command, attempt: Attempt, report: bytes | None = None) -> tuple[Result, Outcome]:
    """What a run of this one command would say."""
    job = Job(id=f"T/{command.id}", task="T", batch="b", command=command.id, tool_id=command.tool, role=command.role, component=None, argv=("tool",), cwd=".",
              output=command.output, exit=command.exit, fails_at=command.fails_at, reason=Reason(kind="used", detail=""))
    raw = RawOutput(stdout=b"", stderr=b"", report=report, exit_code=attempt.exit_code, root="/r", cwd="/r", tool=command.tool, read=lambda *_: None)
    parsed = None if attempt.spawn_error else parse_output(command.output.parser, raw, command.exit)
    result = conclude(job, attempt, parsed)
    return result, judge(Plan(root="/r", pipeline="p", batches=(), jobs=(job,)), (result,)).outcome


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_tool_that_did_not_come_to_an_end_of_its_own_is_never_green(command: Command) -> None:
    ends = [Attempt(signal=number) for number in (2, 4, 6, 9, 11, 15)]
    ends += [Attempt(exit_code=137), Attempt(spawn_error="no such file"), Attempt(exit_code=0, timed_out=True), Attempt(exit_code=0, cancelled=True),
             Attempt(exit_code=0, over_memory_mb=60)]
    for attempt in ends:
        result, outcome = verdict(command, attempt)
        assert result.status in {Status.ERRORED, Status.TIMED_OUT, Status.CANCELLED}, attempt
        assert outcome is Outcome.INCOMPLETE, attempt


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_exit_code_that_nobody_knows_is_never_green(command: Command) -> None:
    known = command.exit.clean | command.exit.findings | command.exit.nothing
    for code in sorted(set(range(1, 256)) - known):
        result, outcome = verdict(command, Attempt(exit_code=code))
        assert (result.status is not Status.PASSED, outcome is not Outcome.PASS) == (True, True), code


@pytest.mark.parametrize("report", [None, b""], ids=["no-report", "empty-report"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_tool_that_ends_well_and_says_nothing_is_green_only_where_silence_is_its_answer(command: Command, report: bytes | None) -> None:
    result, outcome = verdict(command, Attempt(exit_code=0), report)
    if command.output.parser not in SILENT_WHEN_CLEAN:
        assert (result.status in {Status.ERRORED, Status.UNMEASURED}, outcome) == (True, Outcome.INCOMPLETE)


def test_the_silent_formats_are_formats_that_some_command_speaks() -> None:
    assert set(SILENT_WHEN_CLEAN) <= {command.output.parser for command in COMMANDS.values()}


@pytest.mark.parametrize("status", [status for status in Status if status.final and status not in {Status.PASSED, Status.SKIPPED}])
def test_no_other_end_of_a_blocking_job_is_a_pass(status: Status) -> None:
    job = Job(id="T/a", task="T", batch="b", command="c", tool_id="t", role=COMMANDS["ruff.lint"].role, component=None, argv=("t",), cwd=".",
              reason=Reason(kind="used", detail=""))
    plan = Plan(root="/r", pipeline="p", batches=(), jobs=(job,))
    outcome = judge(plan, (Result(job="T/a", status=status, cause=Cause.CRASH),)).outcome
    assert outcome is (Outcome.FAIL if status is Status.FAILED else Outcome.INCOMPLETE)
