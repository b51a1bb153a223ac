"""Further tries: only where they may help, with growing waits that hold no core, each attempt kept; and the steps after them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.execute import folders
from gatekeeper.execute.control import Action, Control
from gatekeeper.execute.limits import Limits
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.pool import ProcessPool
from gatekeeper.execute.ports import RunOptions
from gatekeeper.execute.retry import delay, heavier, says_network, trouble
from gatekeeper.execute.run import job_folder, run_plan
from gatekeeper.execute.schedule import Schedule
from gatekeeper.model.event import JobDelayed, JobPaused, JobQueued, JobResumed, JobStarted, Notice
from gatekeeper.model.finding import TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan, Resources
from gatekeeper.model.recovery import DECLARED, PASSING, Recovery, RetryPolicy, Trouble
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import OutputSpec
from gatekeeper.model.value import replace
from tests.fakes.events import RecordedEvents
from tests.fakes.house import CRASHED, FOUND, HUNGRY, MISUSED, NOTHING, House, conclude, ends, job
from tests.fakes.pool import Script

OFFLINE = b"npm error code ENOTFOUND\nnpm error network request to https://example.invalid failed\n"
ALL = RetryPolicy(attempts=3, on=tuple(Trouble), delay=10.0)
SIGNALLED = Script(attempt=Attempt(signal=11))


RUFF = job("a", output=OutputSpec(parser="ruff-json"))


def test_a_script_that_only_fails_has_found_nothing() -> None:
    ended = conclude(job("a"), Attempt(exit_code=FOUND))
    assert trouble(job("a"), ended, "") is Trouble.FAILURE


def result(status: Status, cause: Cause | None = None, **fields: object) -> Result:
    return replace(Result(job="j", status=status, cause=cause), **fields)  # type: ignore[arg-type]


# --- the policy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ended", "said", "kind"), [
    (result(Status.ERRORED, Cause.SIGNAL), "", Trouble.SIGNAL),
    (result(Status.ERRORED, Cause.LOST), "", Trouble.LOST),
    (result(Status.ERRORED, Cause.OUT_OF_MEMORY), "", Trouble.OUT_OF_MEMORY),
    (result(Status.ERRORED, Cause.OUT_OF_MEMORY, attempts=(Attempt(over_memory_mb=60),)), "", None),
    (result(Status.ERRORED, Cause.SPAWN, message="could not be started: cannot start `x`: Resource temporarily unavailable"), "", Trouble.SPAWN),
    (result(Status.ERRORED, Cause.SPAWN, message="could not be started: cannot start `x`: No such file or directory"), "", None),
    (result(Status.ERRORED, Cause.USAGE), "connection reset by peer", None),
    (result(Status.ERRORED, Cause.CRASH), "", Trouble.CRASH),
    (result(Status.ERRORED, Cause.CRASH), "error: failed to fetch from registry: Connection reset by peer", Trouble.NETWORK),
    (result(Status.ERRORED, Cause.UNPARSABLE), "", Trouble.CRASH),
    (result(Status.UNMEASURED, Cause.NOTHING_CHECKED), "getaddrinfo ENOTFOUND example.invalid", Trouble.NETWORK),
    (result(Status.UNMEASURED, Cause.NOTHING_CHECKED), "no tests ran", None),
    (result(Status.TIMED_OUT, Cause.TIMEOUT), "", Trouble.TIMEOUT),
    (result(Status.TIMED_OUT, Cause.BUDGET), "", None),
    (result(Status.FAILED), "", Trouble.FAILURE),
    (result(Status.FAILED, tests=(TestCase(name="t", outcome=TestOutcome.FAILED),)), "", Trouble.FAILURE),
    (conclude(job("a"), Attempt(exit_code=FOUND)), "", None),
    (result(Status.CANCELLED, Cause.INTERRUPT), "ECONNRESET", None),
    (result(Status.UNAVAILABLE, Cause.MISSING_TOOL), "ECONNRESET", None),
    (result(Status.PASSED), "ECONNRESET", None),
])
def test_the_end_of_an_attempt_tells_whether_another_may_help(ended: Result, said: str, kind: Trouble | None) -> None:
    assert trouble(RUFF, ended, said) is kind


def test_a_task_that_can_only_end_badly_is_tried_again_for_the_network_alone_where_that_was_asked_for() -> None:
    failed, network = result(Status.FAILED), RetryPolicy(attempts=3, on=(Trouble.NETWORK,))
    task = replace(RUFF, output=replace(RUFF.output, parser="exit-code"), retry=network)
    assert trouble(task, failed, "getaddrinfo ENOTFOUND example.invalid") is Trouble.NETWORK
    assert trouble(task, failed, "3 checks failed") is Trouble.FAILURE
    assert trouble(replace(task, retry=RetryPolicy(attempts=3, on=DECLARED)), failed, "ECONNRESET") is Trouble.FAILURE
    assert trouble(replace(RUFF, retry=network), failed, "ECONNRESET") is Trouble.FAILURE


@pytest.mark.parametrize("said", [
    "npm error code ENOTFOUND", "npm ERR! code ECONNRESET", '"code": "ETIMEDOUT"', "fatal: unable to access: Could not resolve host: github.com",
    "warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name", "curl: (35) TLS handshake failed", "HTTP/1.1 503 Service Unavailable",
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='x'): Max retries exceeded with url", "error: error sending request for url (https://x/)",
    "dns error: failed to lookup address information: Temporary failure in name resolution", "503 Server Error: Service Unavailable for url", "socket hang up",
    "urllib3.exceptions.ReadTimeoutError: Read timed out.", "server returned 502", "status code: 429", "OSError: [Errno 101] Network is unreachable",
])
def test_the_words_of_the_network_are_known(said: str) -> None:
    assert says_network(said)


@pytest.mark.parametrize("said", ["", "E501 line too long (503 > 100)", "test_error_503 passed", "app.py:503: error", "connections: 3", "TypeError: x is not a function"])
def test_other_words_are_not_the_networks(said: str) -> None:
    assert not says_network(said)


def test_waits_grow_up_to_their_limit_are_scattered_and_the_same_for_the_same_run() -> None:
    policy = RetryPolicy(delay=2.0, factor=3.0, max_delay=30.0)
    waits = [delay(policy, tried, "run job") for tried in (1, 2, 3, 4)]
    for wait, whole in zip(waits, (2.0, 6.0, 18.0, 30.0), strict=True):
        assert whole / 2 <= wait <= whole
    assert waits == [delay(policy, tried, "run job") for tried in (1, 2, 3, 4)]
    assert len({delay(policy, 1, f"run job-{number}") for number in range(50)}) > 40


def test_a_job_that_ran_out_of_memory_is_given_more_each_time() -> None:
    hungry = job("a", resources=Resources(memory_mb=200))
    second = heavier(hungry, 1)
    assert (second.resources.memory_mb, heavier(second, 2).resources.memory_mb) == (400, 600)


# --- the schedule ------------------------------------------------------------------------------------------------------


def test_a_job_that_waits_for_its_next_try_holds_no_core_and_starts_when_its_time_has_come() -> None:
    first, second = job("a", estimated_seconds=9.0), job("b")
    schedule = Schedule((first, second), Capacity(cpu=1, memory_mb=100), Limits())
    assert schedule.startable(0.0) == ("T/a",)
    schedule.started("T/a", 0.0)
    assert schedule.startable(1.0) == ()
    schedule.requeued(first, 5.0)
    assert schedule.startable(1.0) == ("T/b",)
    schedule.started("T/b", 1.0)
    schedule.finished("T/b", Status.PASSED)
    assert (schedule.startable(4.9), schedule.next_start(4.9)) == ((), 5.0)
    schedule.settle(5.0)
    assert schedule.startable(5.0) == ("T/a",)


# --- the run -----------------------------------------------------------------------------------------------------------


def test_a_job_is_tried_again_after_its_wait_and_each_attempt_is_kept(tmp_path: Path) -> None:
    scripts = {"T/a": (Script(attempt=Attempt(signal=11), stdout=b"first\n"), Script(attempt=Attempt(signal=6), stdout=b"second\n"), Script(stdout=b"third\n"))}
    house = House(tmp_path, job("a", retry=ALL), scripts=scripts)
    (ended,) = house.run()
    assert (ended.status, ended.flaky, ended.message) == (Status.PASSED, True, "passed only at try 3")
    assert [(event.attempt, event.pid) for event in house.events.of(JobStarted)] == [(1, 1001), (2, 1001), (3, 1001)]
    starts = [event.at for event in house.events.of(JobStarted)]
    delays = house.events.of(JobDelayed)
    assert [(event.attempt, event.reason) for event in delays] == [(2, "ended by signal 11"), (3, "ended by signal 6")]
    assert [event.at + event.seconds for event in delays] == starts[1:]
    assert 6.0 <= starts[1] <= 11.0
    assert 11.0 <= starts[2] - starts[1] <= 21.0
    assert [Path(attempt.stdout).read_bytes() for attempt in ended.attempts] == [b"first\n", b"second\n", b"third\n"]
    assert [attempt.signal for attempt in ended.attempts] == [11, 6, None]
    place = job_folder(house.folder, "T/a")
    assert folders.earlier_folders(place) == (f"{place}/attempt-1", f"{place}/attempt-2")
    assert ended.log == "jobs/T-a/stdout.log"


def test_others_use_the_core_while_a_job_waits_for_its_next_try(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", estimated_seconds=9.0, retry=ALL), job("b"), cores=1, scripts={"T/a": (SIGNALLED, Script())})
    house.run()
    assert [event.job for event in house.events.of(JobStarted)] == ["T/a", "T/b", "T/a"]
    assert [event.job for event in house.events.of(JobQueued)] == ["T/a", "T/b", "T/a"]


def test_findings_are_never_looked_for_again(tmp_path: Path) -> None:
    house = House(tmp_path, replace(RUFF, retry=ALL), scripts={"T/a": ends(FOUND)})
    assert house.said() == [("T/a", Status.FAILED, Cause.FINDINGS, "1 finding")]
    assert len(house.events.of(JobStarted)) == 1


@pytest.mark.parametrize(("policy", "script", "starts"), [
    (RetryPolicy(attempts=3), Script(seconds=900.0), 1),
    (RetryPolicy(attempts=3, on=DECLARED), Script(seconds=900.0), 1),
    (RetryPolicy(attempts=3, on=(Trouble.TIMEOUT,)), Script(seconds=900.0), 3),
    (RetryPolicy(attempts=3), ends(1), 1),
    (RetryPolicy(attempts=3), ends(1, stderr=OFFLINE), 3),
    (RetryPolicy(attempts=3, on=DECLARED), ends(1), 3),
    (RetryPolicy(attempts=3), ends(CRASHED), 1),
    (RetryPolicy(attempts=3), ends(CRASHED, stderr=OFFLINE), 3),
    (RetryPolicy(attempts=3), ends(NOTHING, stderr=OFFLINE), 3),
    (RetryPolicy(attempts=3), ends(HUNGRY), 3),
    (RetryPolicy(attempts=3), SIGNALLED, 3),
    (RetryPolicy(attempts=3, on=tuple(Trouble)), ends(MISUSED), 1),
    (RetryPolicy(attempts=1), SIGNALLED, 1),
])
def test_only_the_troubles_that_a_policy_names_are_tried_again(tmp_path: Path, policy: RetryPolicy, script: Script, starts: int) -> None:
    house = House(tmp_path, job("a", retry=policy), scripts={"T/a": script})
    (ended,) = house.run()
    assert len(house.events.of(JobStarted)) == len(ended.attempts) == starts
    assert ended.status is not Status.PASSED
    assert not ended.flaky
    assert ended.message.endswith(f"tried {starts} times") == (starts > 1)


def test_a_job_for_which_nothing_is_declared_is_tried_again_only_where_the_system_could_not_start_it_or_its_end_was_lost(tmp_path: Path) -> None:
    short = Script(attempt=Attempt(spawn_error=f"cannot start `tool`: {os.strerror(11)}"), seconds=0.0)
    gone = Script(attempt=Attempt(spawn_error=f"cannot start `tool`: {os.strerror(2)}"), seconds=0.0)
    lost = Script(attempt=Attempt(lost=True))
    house = House(tmp_path, *(job(name) for name in "abcde"), scripts={"T/a": (short, Script()), "T/b": gone, "T/c": SIGNALLED, "T/d": (lost, Script()), "T/e": lost})
    assert [(ended.status, len(ended.attempts)) for ended in house.run()] == [(Status.PASSED, 2), (Status.ERRORED, 1), (Status.ERRORED, 1), (Status.PASSED, 2),
                                                                               (Status.ERRORED, 2)]


def test_memory_is_asked_for_again_in_larger_measure(tmp_path: Path) -> None:
    one = job("a", retry=RetryPolicy(delay=0.1), resources=Resources(memory_mb=400), estimated_seconds=9.0)
    house = House(tmp_path, one, job("b", resources=Resources(memory_mb=400)), job("c", resources=Resources(memory_mb=400)), cores=3,
                  scripts={"T/a": (ends(HUNGRY), Script(seconds=5.0)), "T/b": Script(seconds=3.0), "T/c": Script(seconds=3.0)})
    house.run()
    # 1000 MB hold 400 + 400, then 800 alone
    assert [(event.job, event.at) for event in house.events.of(JobStarted)][-1] == ("T/a", 4.0)


def test_the_wait_for_another_try_stands_still_with_a_paused_run(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", retry=ALL), scripts={"T/a": (SIGNALLED, Script())})
    house.ask(2.0, Action.PAUSE)
    house.ask(1002.0, Action.RESUME)
    house.run()
    assert 1005.0 < house.events.of(JobStarted)[1].at <= 1011.0


@pytest.mark.parametrize(("why", "words"), [("cancel", "not tried again: cancelled by me"), ("timeout", "not tried again: the run reached its timeout of 3 s")])
def test_what_ends_while_it_waits_for_its_next_try_came_to_what_it_was(tmp_path: Path, why: str, words: str) -> None:
    house = House(tmp_path, job("a", retry=ALL), timeout=3.0, scripts={"T/a": SIGNALLED})
    if why == "cancel":
        house.ask(2.0, Action.CANCEL, by="me")
    (ended,) = house.run()
    assert (ended.status, ended.cause, ended.message) == (Status.ERRORED, Cause.SIGNAL, f"ended by signal 11; {words}")
    assert len(ended.attempts) == 1
    assert ended.log == "jobs/T-a/stdout.log"


def test_an_interrupted_run_tries_nothing_again(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", retry=ALL))
    house.pool._scripts["T/a"] = Script(attempt=Attempt(signal=11), on_start=lambda: house.control.interrupt(15))
    (ended,) = house.run()
    assert (ended.status, len(ended.attempts)) == (Status.CANCELLED, 1)


# --- what comes after the tries ----------------------------------------------------------------------------------------


def recovering(**fields: object) -> Recovery:
    return replace(Recovery(), **fields)  # type: ignore[arg-type]


def test_on_failure_retry(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", retry=RetryPolicy(attempts=2, on=DECLARED)), scripts={"T/a": (ends(1), Script())})
    assert house.said() == [("T/a", Status.PASSED, None, "passed only at try 2")]


def test_on_failure_fallback_another_tool_does_the_work(tmp_path: Path) -> None:
    other = job("other", argv=("flake8",), command="flake8.lint", tool_id="flake8", timeout=9.0)
    house = House(tmp_path, job("a", command="ruff.lint", fallback=other, needs=("T/z",)), job("z"), job("b", needs=("T/a",)),
                  scripts={"T/a": (ends(CRASHED), Script())})
    ended = house.run()[0]
    assert (ended.job, ended.status, ended.flaky) == ("T/a", Status.PASSED, False)
    assert ended.message == "done by flake8.lint because ruff.lint errored (exit code 70)"
    assert (house.pool.specs["T/a"].argv, house.pool.specs["T/a"].timeout) == (("flake8",), 9.0)
    assert [event.job for event in house.events.of(JobStarted)] == ["T/z", "T/a", "T/a", "T/b"]


def test_a_fallback_that_looks_at_fewer_files_says_so(tmp_path: Path) -> None:
    other = job("other", argv=("flake8",), command="flake8.lint", files=("a.py",))
    house = House(tmp_path, job("a", command="ruff.lint", fallback=other, files=("a.py", "b.ipynb")), scripts={"T/a": (ends(CRASHED), Script())})
    assert house.run()[0].message == "done by flake8.lint, for 1 of 2 files because ruff.lint errored (exit code 70)"


def test_a_fallback_is_not_started_for_what_did_its_work_or_ran_out_of_the_runs_time(tmp_path: Path) -> None:
    other = job("other", argv=("flake8",))
    house = House(tmp_path, job("a", fallback=other), job("b", fallback=other), timeout=50.0, scripts={"T/a": ends(1), "T/b": Script(seconds=60.0)})
    assert [ended.status for ended in house.run()] == [Status.FAILED, Status.TIMED_OUT]
    assert len(house.events.of(JobStarted)) == 2


def test_a_fallback_comes_after_the_tries_of_what_it_stands_for_and_has_its_own(tmp_path: Path) -> None:
    policy = RetryPolicy(attempts=2, delay=0.1)
    other = job("other", argv=("flake8",), command="flake8.lint", retry=policy)
    house = House(tmp_path, job("a", command="ruff.lint", retry=policy, fallback=other), scripts={"T/a": (SIGNALLED, SIGNALLED, SIGNALLED, Script())})
    (ended,) = house.run()
    assert (ended.status, ended.flaky, len(ended.attempts)) == (Status.PASSED, True, 4)
    assert ended.message == "done by flake8.lint because ruff.lint errored (ended by signal 11); passed only at try 2"


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


class Shelf:
    """Keeps what a job may change, as the session does: here one file."""

    def __init__(self, file: Path) -> None:
        self.file, self.kept = file, 0

    def __call__(self, job: Job) -> Callable[[], str]:
        self.kept += 1
        before = self.file.read_bytes()

        def undo() -> str:
            self.file.write_bytes(before)
            return "1 file was put back"

        return undo


def test_on_failure_rollback_what_a_crashed_fixer_changed_is_put_back_before_each_further_try(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"good\n")
    shelf = Shelf(file)
    seen: list[bytes] = []

    def scribble() -> None:
        seen.append(file.read_bytes())
        file.write_bytes(b"half\n")

    house = House(tmp_path, job("a", recovery=recovering(rollback=True), retry=RetryPolicy(attempts=2, delay=0.1)),
                  scripts={"T/a": Script(attempt=Attempt(signal=11), on_start=scribble)})
    house.options = replace(house.options, checkpoint=shelf)
    (ended,) = house.run()
    assert (file.read_bytes(), seen, shelf.kept) == (b"good\n", [b"good\n", b"good\n"], 1)
    assert ended.message == "ended by signal 11; 1 file was put back; tried 2 times"


def test_what_a_fixer_changed_stays_when_it_did_its_work(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"good\n")
    house = House(tmp_path, job("a", recovery=recovering(rollback=True)), scripts={"T/a": Script(on_start=lambda: write(file, b"better\n"))})
    house.options = replace(house.options, checkpoint=Shelf(file))
    house.run()
    assert file.read_bytes() == b"better\n"


def test_what_was_cancelled_is_put_back_too(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"good\n")
    house = House(tmp_path, job("a", recovery=recovering(rollback=True)),
                  scripts={"T/a": Script(seconds=60.0, on_start=lambda: write(file, b"half\n"))})
    house.options = replace(house.options, checkpoint=Shelf(file))
    house.ask(1.0, Action.CANCEL)
    assert house.said() == [("T/a", Status.CANCELLED, Cause.INTERRUPT, "cancelled; 1 file was put back")]
    assert file.read_bytes() == b"good\n"


def held(tmp_path: Path, *, person: bool = True) -> House:
    house = House(tmp_path, job("a", recovery=recovering(hold=100.0)), job("b", needs=("T/a",)), job("c", estimated_seconds=0.1), cores=1,
                  scripts={"T/a": (ends(1), Script())})
    house.options = replace(house.options, person=person)
    return house


def test_on_failure_hold_a_person_lets_the_job_run_once_more_and_what_needs_it_has_waited(tmp_path: Path) -> None:
    house = held(tmp_path)
    house.ask(40.0, Action.RESUME, "T/a", by="ann")
    assert [(ended.job, ended.status, ended.flaky) for ended in house.run()] == [
        ("T/a", Status.PASSED, False), ("T/b", Status.PASSED, False), ("T/c", Status.PASSED, False)]
    assert [(event.job, event.at) for event in house.events.of(JobStarted)] == [("T/a", 0.0), ("T/c", 1.0), ("T/a", 40.0), ("T/b", 41.0)]
    assert [(event.job, event.at, event.reason) for event in house.events.of(JobPaused)] == [("T/a", 1.0, "failed and waits 100 s for a person")]
    assert [(event.job, event.at) for event in house.events.of(JobResumed)] == [("T/a", 40.0)]
    assert "`gatekeeper resume T/a` runs it once more" in house.events.of(Notice)[0].message


def test_a_person_lets_the_failure_of_a_held_job_stand(tmp_path: Path) -> None:
    house = held(tmp_path)
    house.ask(40.0, Action.CANCEL, "T/a", by="ann", reason="known")
    assert house.said()[:2] == [("T/a", Status.FAILED, None, "; not tried again: cancelled by ann: known"),
                                ("T/b", Status.BLOCKED, Cause.NEED, "needs `T/a`: failed")]
    assert house.clock() == 40.0


def test_a_held_job_does_not_wait_for_ever(tmp_path: Path) -> None:
    house = held(tmp_path)
    assert house.said()[0] == ("T/a", Status.FAILED, None, "; not tried again: nobody decided within 100 s")
    assert house.clock() == 101.0


def test_of_jobs_that_waited_in_vain_together_the_first_may_end_the_others(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", recovery=recovering(hold=100.0)), job("b", recovery=recovering(hold=100.0)), fail_fast=True,
                  scripts={"T/a": ends(1), "T/b": ends(1)})
    house.options = replace(house.options, person=True)
    assert house.said() == [("T/a", Status.FAILED, None, "; not tried again: nobody decided within 100 s"),
                            ("T/b", Status.FAILED, None, "; not tried again: stopped at the first failure, `T/a`")]


def test_the_time_for_a_person_stands_still_while_the_run_is_paused(tmp_path: Path) -> None:
    house = held(tmp_path)
    house.ask(50.0, Action.PAUSE)
    house.ask(850.0, Action.RESUME)
    house.run()
    assert house.clock() == 901.0


def test_where_nobody_is_there_a_job_is_not_held(tmp_path: Path) -> None:
    house = held(tmp_path, person=False)
    assert house.said()[:2] == [("T/a", Status.FAILED, None, "; not held for a person: nobody is there to ask"),
                                ("T/b", Status.BLOCKED, Cause.NEED, "needs `T/a`: failed")]


def test_on_failure_abort_the_run_ends(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", recovery=recovering(abort=True), estimated_seconds=9.0), job("b", estimated_seconds=8.0), job("c"),
                  scripts={"T/a": ends(CRASHED), "T/b": Script(seconds=60.0)})
    message = "the run ends because `T/a` errored"
    assert house.said() == [("T/a", Status.ERRORED, Cause.CRASH, "exit code 70"), ("T/b", Status.CANCELLED, Cause.ABORT, message),
                            ("T/c", Status.NOT_RUN, Cause.ABORT, message)]
    assert house.clock() == 1.0


def test_a_job_that_passes_ends_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, job("a", recovery=recovering(abort=True)), job("b", needs=("T/a",)))
    assert [ended.status for ended in house.run()] == [Status.PASSED, Status.PASSED]


@pytest.mark.parametrize("portable", [False, True])
def test_a_real_process_is_tried_again_and_both_attempts_can_be_read(tmp_path: Path, portable: bool) -> None:
    mark = tmp_path / "mark"
    script = f"echo try; test -e {mark} || {{ touch {mark}; kill -SEGV $$; }}"
    plan = Plan(root=str(tmp_path), pipeline="default", batches=(), jobs=(job("a", argv=("sh", "-c", script), retry=RetryPolicy(delay=0.01)),))
    with ProcessPool(run_id="again", portable=portable) as pool:
        (ended,) = run_plan(plan, clock=time.monotonic, pool=pool, conclude=conclude, publish=RecordedEvents(), folder=str(tmp_path / "run"), control=Control(),
                            options=RunOptions(environment={"PATH": os.environ["PATH"]}))
    assert (ended.status, ended.flaky, [attempt.signal for attempt in ended.attempts]) == (Status.PASSED, True, [11, None])
    assert [Path(attempt.stdout).read_text() for attempt in ended.attempts] == ["try\n", "try\n"]
    assert len({attempt.stdout for attempt in ended.attempts}) == 2


def test_what_passes_by_itself_is_part_of_what_is_declared() -> None:
    assert set(PASSING) < set(DECLARED)
    assert Trouble.TIMEOUT not in DECLARED


@pytest.mark.parametrize("said", [
    "npm warn audit request to http://127.0.0.1:9/-/npm/v1/security/advisories/bulk failed, reason: connect ECONNREFUSED 127.0.0.1:9",
    "warning: spurious network error (3 tries remaining): [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms)",
    "error: Request failed after 3 retries in 6.6s\n  cause: Failed to fetch: http://x.invalid/simple/six/\n  cause: client error (Connect)\n  cause: dns error",
    "requests.exceptions.ProxyError: HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded with url: /pypi/pip/23.2.1/json (Caused by ...",
])
def test_what_npm_cargo_uv_and_pip_audit_said_without_a_network_is_known(said: str) -> None:
    assert says_network(said)
