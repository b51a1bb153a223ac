"""From one attempt and what its output means to the result of the job: exit code AND output decide."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import assert_never

from gatekeeper.model.finding import Finding, Level, Parsed, State, TestCase, TestOutcome
from gatekeeper.model.late import late
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.model.tool import FailsAt, Role
from gatekeeper.model.value import replace
from gatekeeper.model.wording import count_text

_RANK = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2}
_FLOOR = {FailsAt.ANY: 0, FailsAt.WARNING: 1, FailsAt.ERROR: 2, FailsAt.EXIT: 3, FailsAt.NEVER: 3}
_BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})
_MAX_WARNINGS = late(r"(?:^| )--max-warnings[= ](\d{1,9})(?: |$)")
#: shells and container runtimes report a kill by signal as 128 + number; 9 is what the kernel's memory killer sends
_KILLED = 137
#: what a system says that is short of something (EAGAIN, ENOMEM, EMFILE, ENFILE): no fault of the program that could not be started
_SHORT = ("Resource temporarily unavailable", "Cannot allocate memory", "Too many open files")
_LESS_AT_ONCE = "run fewer jobs at once (--jobs), or give it less to do"
_OVER_LIMIT = "raise limits.job_memory_mb in gatekeeper.yaml, or give it less to do"
_SIGKILL = 9
_MAYBE_MEMORY = "another program killed it, or the system because memory was short: the system's log tells"
#: the numbers that all systems share, and those of Linux for the rest
_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV",
            12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS"}
#: how the parsers of options of Python, Rust, Node and C say that they do not know one
_MISUSE = late(r"(?im)\b(unrecognized arguments?|unrecognized option|unknown (?:command-line )?(?:option|argument|flag)s?|unexpected argument|no such option"
                     r"|invalid (?:option|argument for option)|invalid (?:command-line|configuration) |the following (?:required )?arguments (?:are required|were not provided)"
                     r"|error: argument [^\n]{1,80}: |unable to parse (?:the )?config)")
#: a tool that broke by itself, whatever its exit code says
_BROKEN = late(r"(?m)^Traceback \(most recent call last\)|panicked at|internal error|INTERNALERROR|^[ \t]+at .+:\d+:\d+\)?$")


def conclude(job: Job, attempt: Attempt, parsed: Parsed | None) -> Result:
    """The result of a job. `parsed` is None where the process never came to an end of its own (then only the attempt speaks)."""
    early = _without_output(job, attempt, parsed)
    if early is not None:
        return early
    assert parsed is not None
    status, cause = _judged(job, attempt, parsed)
    return Result(job=job.id, status=status, cause=cause, message=_message(parsed, status), hint=_hint(job, cause), attempts=(attempt,),
                  findings=parsed.findings, tests=parsed.tests, problems=parsed.problems, metrics=parsed.metrics,
                  leaky=bool(attempt.leaked))


def _without_output(job: Job, attempt: Attempt, parsed: Parsed | None) -> Result | None:
    """The result where the process was stopped, never started, or died: its output cannot be a measurement."""
    kept = {"findings": parsed.findings, "tests": parsed.tests} if parsed is not None else {"findings": (), "tests": ()}
    if attempt.spawn_error is not None:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.SPAWN, message=f"could not be started: {attempt.spawn_error}", hint=_startable(job, attempt.spawn_error),
                      attempts=(attempt,))
    if attempt.timed_out:
        return Result(job=job.id, status=Status.TIMED_OUT, cause=Cause.TIMEOUT, message=f"stopped after {job.timeout:.0f} s",
                      hint=_longer(job), attempts=(attempt,), **kept)
    if attempt.cancelled:
        return Result(job=job.id, status=Status.CANCELLED, cause=Cause.INTERRUPT, message="cancelled", attempts=(attempt,), **kept)
    if attempt.lost:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.LOST, message="how it ended is not known: something else took its exit code",
                      hint=_see_output(job), attempts=(attempt,), **kept)
    if (killed := _killed(attempt)) is not None:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.OUT_OF_MEMORY, message=killed, hint=_OVER_LIMIT if attempt.over_memory_mb else _LESS_AT_ONCE,
                      attempts=(attempt,), **kept)
    if attempt.signal is not None:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.SIGNAL, message=f"ended by {signal_name(attempt.signal)}",
                      hint=_MAYBE_MEMORY if attempt.signal == _SIGKILL else _see_output(job), attempts=(attempt,), **kept)
    if parsed is None:
        return Result(job=job.id, status=Status.ERRORED, cause=Cause.UNPARSABLE, message="its output was not read", hint=_see_output(job),
                      attempts=(attempt,))
    return None


def _killed(attempt: Attempt) -> str | None:
    """What is said of an attempt that was ended because of its memory: by its limit, by the system that says so, or by a kill that looks like it."""
    if attempt.over_memory_mb:
        return f"stopped: it held {attempt.peak_memory_mb:.0f} MB, more than its limit of {attempt.over_memory_mb} MB"
    if attempt.out_of_memory and attempt.signal is not None:
        return f"killed by the system, which was out of memory (it held {attempt.peak_memory_mb:.0f} MB)"
    if attempt.exit_code == _KILLED:
        return "killed (exit code 137): most likely out of memory"
    return None


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; POSIX and Linux agree on these."""
    name = _SIGNALS.get(number)
    return f"signal {number} ({name})" if name else f"signal {number}"


def _startable(job: Job, why: str) -> str:
    if any(words in why for words in _SHORT):
        return "the machine has no process, descriptor or memory to spare: run with --jobs 1, or raise the limits (ulimit -u, ulimit -n)"
    if job.tool_id == "task":
        ours = "; jobs do not see the environment that Gatekeeper is installed in" if "No such file" in why else ""
        return f"check the argv of the task {job.command.removeprefix('task.')} in gatekeeper.yaml{ours}"
    return "see which program it is, and why, with: gatekeeper doctor"


def _see_output(job: Job) -> str:
    return f"see its output with: gatekeeper logs {shlex.quote(job.id)}"


def misused(job: Job, result: Result) -> Result:
    """The result of a tool that broke, where its exit code or its last words say that it was called wrongly: that is not its own fault."""
    if result.cause is not Cause.CRASH or _BROKEN.search(result.tail):
        return result
    codes = {attempt.exit_code for attempt in result.attempts[-1:]}
    if not codes & job.exit.usage and not _MISUSE.search(result.tail):
        return result
    return replace(result, cause=Cause.USAGE, hint=_usage_hint(job))


def _usage_hint(job: Job) -> str:
    if job.tool_id == "task":
        return f"check the argv of the task {job.command.removeprefix('task.')} in gatekeeper.yaml; {_see_output(job)}"
    return f"check the configuration of {job.tool_id}, and `args` in gatekeeper.yaml; {_see_output(job)}"


def _longer(job: Job) -> str:
    if job.tool_id == "task":
        return f"give it longer: timeout of the task {job.command.removeprefix('task.')} in gatekeeper.yaml"
    return f"give it longer: tools: {{{job.tool_id}: {{timeout: ...}}}} in gatekeeper.yaml"


def _judged(job: Job, attempt: Attempt, parsed: Parsed) -> tuple[Status, Cause | None]:
    match parsed.meaning:
        case Meaning.CLEAN:
            return Status.PASSED, None
        case Meaning.FINDINGS:
            return (Status.FAILED, Cause.FINDINGS) if fails(job, parsed) or _ended_badly(job, attempt, parsed) else (Status.PASSED, None)
        case Meaning.TOOL_ERROR | Meaning.FINDINGS_AND_TOOL_ERROR:
            return Status.ERRORED, Cause.CRASH
        case Meaning.NOTHING_CHECKED if job.partial:
            return Status.SKIPPED, None  # the tool's own configuration leaves out the few files that it was given: nothing of its concern changed
        case Meaning.NOTHING_CHECKED:
            return Status.UNMEASURED, Cause.NOTHING_CHECKED
        case unknown:
            assert_never(unknown)


def fails(job: Job, parsed: Parsed) -> bool:
    """Whether the command, run as the project's own CI would run it, would fail with this output."""
    if any(test.counts for test in parsed.tests):
        return job.fails_at is not FailsAt.NEVER
    return any(finding.counts and _RANK[finding.level] >= _FLOOR[job.fails_at] for finding in parsed.findings)


def _ended_badly(job: Job, attempt: Attempt, parsed: Parsed) -> bool:
    """A limit of the project's own (`--max-warnings 5`), or findings that are missing from a shortened output: only the exit code tells.

    Unless it is explained by findings or tests that do not count because they were known or suppressed.
    """
    if job.fails_at is FailsAt.NEVER or attempt.exit_code is None or attempt.exit_code in job.exit.clean | job.exit.nothing:
        return False
    return bool(attempt.dropped) or attempt.exit_code not in job.exit.findings or not _explained(job, parsed)


def _explained(job: Job, parsed: Parsed) -> bool:
    if parsed.findings and not any(finding.counts for finding in parsed.findings) and not any(test.counts for test in parsed.tests):
        return True  # whatever limit was exceeded: with nothing but what was known
    if _too_many_warnings(job.argv, parsed):
        return False
    spared = any(not finding.counts and _RANK[finding.level] >= _FLOOR[job.fails_at] for finding in parsed.findings)
    return spared or any(test.outcome in _BAD and not test.counts for test in parsed.tests)


def _too_many_warnings(argv: Sequence[str], parsed: Parsed) -> bool:
    """Whether the warnings that count exceed the project's own limit, in the words that eslint, oxlint and stylelint share."""
    words = " ".join(argv)
    limit = _MAX_WARNINGS.search(words)
    return limit is not None and sum(finding.counts and finding.level is Level.WARNING for finding in parsed.findings) > int(limit[1])


def _message(parsed: Parsed, status: Status) -> str:
    if parsed.message and status is not Status.PASSED:
        return parsed.message
    if parsed.tests:
        failures = [test for test in parsed.tests if test.outcome in _BAD]
        bad, passed = len(failures), sum(test.outcome is TestOutcome.PASSED for test in parsed.tests)
        skipped = len(parsed.tests) - passed - bad
        return f"{passed} passed" + (f", {bad} failed{_spared(failures)}" if bad else "") + (f", {skipped} skipped" if skipped else "")
    if parsed.findings:
        files = {finding.file for finding in parsed.findings if finding.file}
        return _counted(len(parsed.findings), "finding") + (f" in {_counted(len(files), 'file')}" if files else "") + _by_level(parsed.findings) \
            + _spared(parsed.findings)
    return parsed.message or ("clean" if status is Status.PASSED else str(status))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _spared(told: Sequence[Finding | TestCase]) -> str:
    """How many of them do not count, and why."""
    words = {State.SUPPRESSED: "suppressed", State.UNCHANGED: "known", State.MOVED: "known and moved"}
    counted = [(sum(one.state is state for one in told), word) for state, word in words.items()]
    said = [f"{'all' if number == len(told) else number} {word}" for number, word in counted if number]
    return f", {', '.join(said)}" if said else ""


def _by_level(findings: tuple[Finding, ...]) -> str:
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    return f" ({count_text(warnings, 'warning')})" if 0 < warnings < len(findings) else ""


def _hint(job: Job, cause: Cause | None) -> str | None:
    if cause is Cause.CRASH:
        return _see_output(job)
    if cause is Cause.NOTHING_CHECKED and job.role is Role.TEST and job.tool is not None:
        return f"add tests, or say that there are none: tools: {{{job.tool_id}: off}} in gatekeeper.yaml"
    return None
