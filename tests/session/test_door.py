"""The door of a run: who may come in, what is asked and answered, and that nobody can hurt the run through it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gatekeeper.execute.control import Action, Control, Request
from gatekeeper.model.event import Event, Intervened, JobFinished, Notice, RunFinished, RunPaused, RunStarted
from gatekeeper.model.result import Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.status import Status
from gatekeeper.session import wire
from gatekeeper.session.door import MOST_CALLERS, Door
from gatekeeper.session.remote import ask
from gatekeeper.session.wire import connect, question_line, read_answer, read_question
from gatekeeper.session.wishes import PING, Answer, Question
from gatekeeper.store.lock import Lock
from gatekeeper.store.running import under_way
from tests.fakes.record import mixed

pytestmark = pytest.mark.concurrency
RECORD = mixed()
JOB = RECORD.plan.jobs[0].id


class Loop:
    """A run's loop in the thread that wakes it: it heeds each wish at once and tells the door of it, unless it is told to be deaf."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.heard: list[Request] = []
        self.tell: Callable[[Event], None] = lambda _event: None
        self.answer: Callable[[Request], Event | None] = lambda request: Intervened(
            at=1.0, action=request.action, subject=request.subject, value=request.value, reason=request.reason, by=request.by)
        control.wake = self.wake

    def wake(self) -> None:
        for request in self.control.take():
            self.heard.append(request)
            event = self.answer(request)
            if event is not None:
                self.tell(event)


@contextlib.contextmanager
def opened(folder: Path, registry: str | None = None, conditions: Sequence[PolicyCondition] = ()) -> Iterator[tuple[Loop, Door]]:
    """A run under way in `folder`, its lock held, its door open."""
    folder.mkdir(parents=True, exist_ok=True)
    control = Control()
    loop = Loop(control)
    lock = Lock.take(str(folder / "run.lock"))
    with Door(str(folder), control, registry=registry, conditions=conditions, delay=0.0) as door:
        loop.tell = door
        door(RunStarted(at=0.0, run_id="id", plan=RECORD.plan))
        assert ask(str(folder), Question(action=PING)).done
        yield loop, door
    lock.release()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def raw(folder: Path, data: bytes) -> Answer | None:
    """What the door answers to these bytes; None where it only hangs up."""
    with connect(str(folder), 5.0) as link:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            heard = link.recv(wire.LONGEST)
            return read_answer(heard) if heard else None
    return None


def test_a_wish_reaches_the_run_with_who_has_it_and_why_and_is_answered_once_it_came_true(folder: Path) -> None:
    with opened(folder) as (loop, _):
        answer = ask(str(folder), Question(action="cancel", subject=JOB, reason="not needed"))
        assert answer == Answer(ok=True, done=True, said=f"{JOB}: is being cancelled")
        (request,) = loop.heard
        assert (request.action, request.subject, request.reason) == (Action.CANCEL, JOB, "not needed")
        assert request.by


@pytest.mark.parametrize(("question", "said"), [
    (Question(action="pause"), "paused"), (Question(action="pause", subject=JOB), f"{JOB}: paused"), (Question(action="cancel"), "is being cancelled"),
    (Question(action="jobs", value="4"), "at most 4 at once"), (Question(action="priority", subject=JOB, value="critical"), f"{JOB}: priority critical"),
    (Question(action="deadline", value="90"), "must end within 1m 30s from now"),
], ids=lambda value: getattr(value, "action", ""))
def test_each_wish_says_what_happened(folder: Path, question: Question, said: str) -> None:
    with opened(folder) as (loop, _):
        assert ask(str(folder), question) == Answer(ok=True, done=True, said=said)
        assert [str(request.action) for request in loop.heard] == [question.action]


@pytest.mark.parametrize(("question", "said"), [
    (Question(action="fly"), "`fly` is nothing that a run can do"), (Question(action="cancel", subject="B9/none@x"), "no job `B9/none@x` in this run"),
    (Question(action="jobs", value="many"), "`many` is no number of jobs"), (Question(action="jobs", value="0"), "`0` is no number"),
    (Question(action="priority", value="high"), "none is named"), (Question(action="priority", subject=JOB, value="huge"), "`huge` is no priority"),
    (Question(action="deadline", value="soon"), "`soon` is no number of seconds"), (Question(action="deadline", value="nan"), "`nan` is no number"),
    (Question(action="pause", value="5"), "`pause` takes no value"),
], ids=lambda value: getattr(value, "action", ""))
def test_what_makes_no_sense_never_reaches_the_run(folder: Path, question: Question, said: str) -> None:
    with opened(folder) as (loop, _):
        answer = ask(str(folder), question)
        assert (answer.ok, answer.done) == (False, False)
        assert said in answer.said
        assert loop.heard == []


def test_a_job_that_has_ended_and_one_that_is_not_the_only_one_are_named(folder: Path) -> None:
    with opened(folder) as (loop, door):
        door(JobFinished(at=1.0, job=JOB, result=Result(job=JOB, status=Status.PASSED)))
        assert ask(str(folder), Question(action="cancel", subject=JOB)).said == f"{JOB}: has ended already: passed"
        assert ask(str(folder), Question(action="cancel", subject="/")).hint == "give more of the id"
        assert loop.heard == []


def test_what_the_run_does_not_do_is_not_said_to_be_done(folder: Path) -> None:
    with opened(folder) as (loop, _):
        loop.answer = lambda request: Notice(at=1.0, message=f"cannot {request.action} now")
        answer = ask(str(folder), Question(action="jobs", value="3"))
        assert answer == Answer(ok=True, done=False, said="cannot jobs now")
        loop.answer = lambda _request: None
        assert not ask(str(folder), Question(action="jobs", value="3")).done


def test_what_the_run_refuses_is_answered_with_its_reason(folder: Path) -> None:
    with opened(folder) as (loop, _):
        loop.answer = lambda request: Notice(at=1.0, message=f"priority {request.subject} low: `{request.subject}` runs already")
        answer = ask(str(folder), Question(action="priority", subject=JOB, value="low"))
        assert answer == Answer(ok=False, done=False, said=f"`{JOB}` runs already")


def test_a_reason_that_held_a_secret_is_known_again_without_it(folder: Path) -> None:
    with opened(folder) as (loop, _):
        loop.answer = lambda request: Intervened(at=1.0, action=request.action, reason="***", by=request.by)
        assert ask(str(folder), Question(action="cancel", reason="hunter2hunter2")).done


def test_a_condition_that_waits_for_a_person_is_approved_by_whoever_may(folder: Path) -> None:
    waiting = (PolicyCondition(kind="approval", id="release", reviewers=("lead-*",)), PolicyCondition(kind="findings", id="none"))
    with opened(folder, conditions=waiting) as (loop, _):
        answer = ask(str(folder), Question(action="approve", subject="release", value="lead-ann", reason="looked at it"))
        assert answer == Answer(ok=True, done=True, said="release: approved as lead-ann")
        assert ask(str(folder), Question(action="approve", subject="release", value="ann")) == Answer(
            ok=False, done=False, said="`ann` may not approve `release`", hint="who may: lead-*")
        assert ask(str(folder), Question(action="approve", subject="none", value="lead-ann")).hint == "those that do: release"
        assert [(request.action, request.subject, request.value, request.reason) for request in loop.heard] == [
            (Action.APPROVE, "release", "lead-ann", "looked at it")]


def test_pausing_twice_and_resuming_what_runs_say_so(folder: Path) -> None:
    with opened(folder) as (loop, door):
        assert ask(str(folder), Question(action="resume")) == Answer(ok=True, done=True, said="it is not paused")
        door(RunPaused(at=1.0, reason="lunch"))
        assert ask(str(folder), Question(action="pause")) == Answer(ok=True, done=True, said="it is paused already")
        assert loop.heard == []


@pytest.mark.parametrize("garbage", [
    b"hello\n", b"[]\n", b"{}\n", b"\x00\xff\n", b'{"gatekeeper": 2, "action": "pause"}\n', b'{"gatekeeper": 1, "action": 7}\n', b"[" * 60_000 + b"\n",
    b'{"gatekeeper": 1, "action": ""}\n', b'{"gatekeeper": 1, "action": "pause", "subject": null}\n', b"x" * 10_000_000,
], ids=repr)
def test_garbage_of_any_size_is_refused_and_the_next_is_served(folder: Path, garbage: bytes) -> None:
    with opened(folder) as (loop, _):
        answer = raw(folder, garbage)
        assert answer is None or not answer.ok
        assert ask(str(folder), Question(action=PING)).done
        assert loop.heard == []


def test_a_question_that_is_too_long_is_answered_before_it_ends(folder: Path) -> None:
    with opened(folder):
        assert raw(folder, b" " * (wire.LONGEST + 1)) == Answer(ok=False, done=False, said=f"a question has at most {wire.LONGEST} bytes")
        assert raw(folder, b" " * (wire.LONGEST - 100) + question_line(Question(action=PING))) == Answer(ok=True, done=True, said="running")


def test_who_hangs_hurts_nobody(folder: Path) -> None:
    with opened(folder) as (loop, _), contextlib.ExitStack() as links:
        for _ in range(3 * MOST_CALLERS):
            links.enter_context(connect(str(folder), 5.0)).sendall(b'{"gatekeeper"')
        assert ask(str(folder), Question(action="cancel")).done
        assert len(loop.heard) == 1


def test_who_goes_away_before_the_answer_hurts_nobody(folder: Path) -> None:
    with opened(folder) as (loop, _):
        loop.answer = lambda _request: None
        with connect(str(folder), 5.0) as link:
            link.sendall(question_line(Question(action="cancel")))
        assert ask(str(folder), Question(action=PING)).done
        assert [request.action for request in loop.heard] in ([], [Action.CANCEL])


def test_a_question_in_pieces_is_put_together(folder: Path) -> None:
    with opened(folder), connect(str(folder), 5.0) as link:
        for byte in question_line(Question(action=PING)):
            link.sendall(bytes([byte]))
        assert read_answer(link.recv(wire.LONGEST)).done


def test_the_socket_is_for_its_owner_alone_and_gone_at_the_end(folder: Path) -> None:
    with opened(folder):
        mode = os.stat(folder / wire.SOCKET).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not os.path.lexists(folder / wire.SOCKET)


def test_a_path_of_any_length_will_do(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 5)
    with opened(deep) as (loop, _):
        assert ask(str(deep), Question(action="pause")).done
        assert len(loop.heard) == 1


def test_where_paths_cannot_be_shortened_the_socket_lies_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 2)
    deep.mkdir(parents=True)
    real = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: path != "/proc/self/fd" and real(path))
    with wire.listen(str(deep)):
        place = Path(os.readlink(deep / wire.SOCKET)).parent
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        connect(str(deep), 1.0).close()
        wire.close(str(deep))
        assert not place.exists()
        assert not os.path.lexists(deep / wire.SOCKET)


def test_what_a_killed_run_left_does_no_harm(folder: Path) -> None:
    folder.mkdir()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(folder / wire.SOCKET))
    left.close()
    assert ask(str(folder), Question(action="pause")).said == "the run has ended"
    with opened(folder) as (loop, _):
        assert ask(str(folder), Question(action="pause")).done
        assert len(loop.heard) == 1


def test_a_run_whose_folder_is_gone_goes_on_and_ends(tmp_path: Path) -> None:
    with Door(str(tmp_path / "gone"), Control(), delay=0.0):
        pass
    assert not (tmp_path / "gone").exists()


def test_a_run_that_is_over_at_once_opens_no_door(folder: Path) -> None:
    folder.mkdir()
    with Door(str(folder), Control(), delay=60.0) as door:
        door(RunFinished(at=1.0, run_id="id", verdict=RECORD.verdict, wall_seconds=1.0))
        assert os.listdir(folder) == []


def test_a_process_of_the_run_itself_may_not_change_it(folder: Path) -> None:
    asking = ("import sys; from gatekeeper.session.remote import ask; from gatekeeper.session.wishes import Question; "
              "answer = ask(sys.argv[1], Question(action='cancel')); sys.exit(0 if answer.done else 7 if 'own jobs' in answer.said else answer.said)")
    with opened(folder) as (loop, _):
        ended = subprocess.run([sys.executable, "-c", asking, str(folder)], check=False, stdin=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])})
        assert ended.returncode == 7
        assert loop.heard == []


def test_strangers_are_no_friends() -> None:
    assert wire.is_friend(os.getuid())
    assert wire.is_friend(0)
    assert not wire.is_friend(os.getuid() + 1)


def test_runs_under_way_are_in_the_registry_and_dead_ones_fall_out(tmp_path: Path, folder: Path) -> None:
    registry = tmp_path / "cache" / "running"
    with opened(folder, str(registry)):
        assert under_way(str(registry)) == (str(folder),)
        os.symlink(tmp_path / "dead", registry / "19990101-000000-aaaaaa")
        assert under_way(str(registry)) == (str(folder),)
        assert os.listdir(registry) == ["run"]
    assert os.listdir(registry) == []


def test_questions_and_answers_survive_the_wire() -> None:
    question = Question(action="cancel", subject="B2/ä b", value="x", reason='"quoted"\nand long')
    assert read_question(question_line(question)) == question
    assert question_line(question).count(b"\n") == 1
    answer = Answer(ok=True, done=False, said="ü\n", hint="h")
    assert read_answer(wire.answer_line(answer)) == answer
    assert json.loads(wire.answer_line(answer))["gatekeeper"] == wire.VERSION


def test_a_run_of_somebody_else_is_said_to_be_that() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        with opened(Path(name)):
            if os.geteuid():
                os.chmod(os.path.join(name, "control.sock"), 0)
            program = ("import os; from gatekeeper.session.remote import ask; from gatekeeper.session.wishes import Question\n"
                       f"os.geteuid() or os.setuid(65534); print(ask({name!r}, Question(action='cancel')))")
            said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "ok=False" in said
    assert "a run of somebody else" in said
