"""The states of a job and the causes beside them (design: one enum, exactly one final state per job)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a job stands; everything from `PASSED` on is final."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    TIMED_OUT = "timed_out"
    UNMEASURED = "unmeasured"
    UNAVAILABLE = "unavailable"
    BLOCKED = "blocked"
    NOT_RUN = "not_run"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def final(self) -> bool:
        return self not in OPEN


OPEN = frozenset({Status.PENDING, Status.QUEUED, Status.RUNNING, Status.PAUSED})


class Cause(StrEnum):
    """Why a job ended as it did, where the status alone does not say it."""

    FINDINGS = "findings"
    CRASH = "crash"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    UNPARSABLE = "unparsable"
    SPAWN = "spawn"
    TIMEOUT = "timeout"
    NOTHING_CHECKED = "nothing_checked"
    MISSING_TOOL = "missing_tool"
    MISSING_DEPENDENCIES = "missing_dependencies"
    NEED = "need"
    BUDGET = "budget"
    FAIL_FAST = "fail_fast"
    INTERRUPT = "interrupt"
    #: its tool was called in a way that it does not know, or its configuration is none
    USAGE = "usage"
    #: a service outside did not answer, or was not asked again so soon
    SERVICE = "service"
    #: nobody knows how its process ended
    LOST = "lost"
    #: the failure of another job was to end the run
    ABORT = "abort"


class Outcome(StrEnum):
    """The verdict of a run; `INTERRUPTED` stands above all."""

    PASS = "pass"
    INCOMPLETE = "incomplete"
    FAIL = "fail"
    INTERRUPTED = "interrupted"


class Meaning(StrEnum):
    """What a tool's exit code and output say together."""

    CLEAN = "clean"
    FINDINGS = "findings"
    TOOL_ERROR = "tool_error"
    FINDINGS_AND_TOOL_ERROR = "findings_and_tool_error"
    NOTHING_CHECKED = "nothing_checked"
