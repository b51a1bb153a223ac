"""A real run, looked at and changed from other processes: pause, resume, cancel, set, watch, detach, events, webhooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.model.event import Intervened, JobStarted, RunPaused, RunResumed
from gatekeeper.session.wire import SOCKET
from gatekeeper.store.journal import read_journal
from tests.fakes.faulty import configure, jobs_of, only_run, python, repository, run_folders, survivors, tasks_only, valid_reports
from tests.fakes.space import Ended, Space
from tests.fakes.stage import Stage, fake

pytestmark = [pytest.mark.integration, pytest.mark.concurrency, pytest.mark.timeout(90)]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture
def started(stage: Stage) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts runs that do not outlive the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(space: Space, *more: str) -> subprocess.Popen[bytes]:
        processes.append(space.start(*more, env={"FAKE_STAGE": stage.path}))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[bytes]) -> Ended:
    stdout, stderr = process.communicate(timeout=60)
    return Ended(argv=("gatekeeper",), exit_code=process.returncode, stdout=stdout.decode(), stderr=stderr.decode())


def state_of(pid: int) -> str:
    """What the kernel says of a process: S, R, T (stopped), ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_paused_run_stands_still_with_its_reason_and_goes_on_when_it_is_told(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow"), "later": fake("told", "later")}, later={"needs": ["slow"]})
    run = started(space, *tasks_only())
    slow = stage.actor("slow")
    paused = space.run("pause", "--reason", "lunch")
    assert (paused.exit_code, paused.stdout) == (0, f"run {only_run(space).name}: paused\n"), paused
    assert state_of(slow.pid) == "T"
    status = space.run("status", "--json").json()
    assert (status["status"], {step["id"].rpartition("/")[2]: step["status"] for step in status["step_progress"]}) == (
        "paused", {"slow": "paused", "later": "pending"})
    assert "lunch" in status["reason"]
    resumed = space.run("resume", "--reason", "back")
    assert (resumed.exit_code, resumed.stdout) == (0, f"run {only_run(space).name}: goes on\n"), resumed
    assert state_of(slow.pid) != "T"
    slow.tell("exit 0")
    stage.actor("later").tell("exit 0")
    done = ended(run)
    assert done.exit_code == 0, done
    events = read_journal(str(only_run(space) / "journal.jsonl")).events
    assert [(type(event), getattr(event, "reason", "")) for event in events if isinstance(event, Intervened)] == [(Intervened, "lunch"), (Intervened, "back")]
    assert [type(event) for event in events if isinstance(event, RunPaused | RunResumed)] == [RunPaused, RunResumed]
    assert not (only_run(space) / SOCKET).exists()


def test_a_job_can_be_cancelled_alone_and_the_record_says_who_and_why(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow"), "other": fake("told", "other")})
    run = started(space, *tasks_only("--jobs", "2"))
    slow, other = stage.actor("slow"), stage.actor("other")
    assert space.run("cancel", "slow", "--reason", "not today").exit_code == 0
    assert slow.gone()
    other.tell("exit 0")
    done = ended(run)
    assert done.exit_code == 3, done
    jobs = jobs_of(valid_reports(only_run(space)))
    assert (jobs["slow"]["status"], jobs["other"]["status"]) == ("cancelled", "passed")
    assert "not today" in jobs["slow"]["message"]


def test_a_cancelled_run_ends_in_order_also_when_it_is_paused(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("spawns", "slow", "setsid", "daemon"), "later": fake("told", "later")}, later={"needs": ["slow"]})
    run = started(space, *tasks_only())
    actors = [stage.actor(name) for name in ("slow", "slow-setsid", "slow-daemon")]
    assert space.run("pause").exit_code == 0
    assert space.run("cancel", "--reason", "enough").exit_code == 0
    done = ended(run)
    assert done.exit_code == 130, done
    assert [actor.name for actor in actors if not actor.gone()] == []
    assert {name: job["status"] for name, job in jobs_of(valid_reports(only_run(space))).items()} == {"slow": "cancelled", "later": "not_run"}
    assert "enough" in done.stdout
    assert survivors(only_run(space).name) == []


def test_more_jobs_at_once_start_more_at_once(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {name: fake("told", name) for name in ("one", "two")})
    run = started(space, *tasks_only("--jobs", "1"))
    first = stage.whoever()
    assert read_started(space) == 1
    assert space.run("set", "--jobs", "2", "--reason", "hurry").exit_code == 0
    second = stage.whoever()
    for actor in (first, second):
        actor.tell("exit 0")
    assert ended(run).exit_code == 0


def read_started(space: Space) -> int:
    return sum(isinstance(event, JobStarted) for event in read_journal(str(only_run(space) / "journal.jsonl")).events)


def test_a_deadline_ends_a_run_that_would_go_on(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    run = started(space, *tasks_only("--events", "events.jsonl"))
    slow = stage.actor("slow")
    assert space.run("set", "--deadline", "100ms").exit_code == 0
    done = ended(run)
    assert done.exit_code == 3, done
    assert slow.gone()
    lines = [json.loads(line) for line in (space.root / "events.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines if "kind" in line] == [
        "execution:start", "phase:start", "execution:timeout", "phase:failed", "execution:complete"]


def test_another_terminal_sees_the_same_and_ends_the_same(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"red": fake("told", "red")})
    run = started(space, *tasks_only())
    red = stage.actor("red")
    watch = started(space, "watch")
    red.tell("exit 1")
    done, seen = ended(run), ended(watch)
    assert (done.exit_code, seen.exit_code) == (1, 1), (done, seen)
    assert seen.stdout == done.stdout
    assert [line for line in seen.stderr.splitlines() if "red" in line] == [line for line in done.stderr.splitlines() if "red" in line]


def test_watching_ends_when_the_run_is_killed(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    run = started(space, *tasks_only())
    slow = stage.actor("slow")
    assert space.run("set", "--jobs", "2").exit_code == 0  # so its door is open
    watch = started(space, "watch")
    run.kill()
    seen = ended(watch)
    assert seen.exit_code == 3, seen
    assert "died before its end" in seen.stderr
    assert slow.gone()
    assert "died" in space.run("status").stdout
    assert (only_run(space) / SOCKET).exists()
    assert space.run("cancel").exit_code == 2


@pytest.mark.parametrize(("approved", "exit_code"), [(True, 0), (False, 3)])
def test_a_person_can_approve_while_the_run_is_under_way(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]], *, approved: bool,
                                                         exit_code: int) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    document = json.loads(space.read("gatekeeper.yaml"))
    space.write("gatekeeper.yaml", json.dumps({**document, "policy": {"conditions": [{"kind": "approval", "id": "release", "reviewer": ["ann"]}]}}))
    space.commit("wait for ann")
    run = started(space, *tasks_only())
    slow = stage.actor("slow")
    assert space.run("approve", "release", "--as", "bob").exit_code == 2
    if approved:
        assert space.run("approve", "release", "--as", "ann", "--reason", "looked at it").exit_code == 0
    slow.tell("exit 0")
    done = ended(run)
    assert done.exit_code == exit_code, done
    summary = valid_reports(only_run(space))
    assert [(one["action"], one["subject"], one["value"], one["reason"]) for one in summary["interventions"]] == (
        [("approve", "release", "ann", "looked at it")] if approved else [])


def test_what_was_approved_before_a_run_died_need_not_be_approved_again(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    document = json.loads(space.read("gatekeeper.yaml"))
    space.write("gatekeeper.yaml", json.dumps({**document, "policy": {"conditions": [{"kind": "approval", "id": "release", "reviewer": ["ann"]}]}}))
    space.commit("wait for ann")
    run = started(space, *tasks_only())
    slow = stage.actor("slow")
    assert space.run("approve", "release", "--as", "ann", "--reason", "looked at it").exit_code == 0
    run.kill()
    assert slow.gone()
    slow.close()
    again = started(space, "resume")
    stage.whoever().tell("exit 0")
    done = ended(again)
    assert done.exit_code == 0, done
    summary = valid_reports(only_run(space))
    assert [(one["action"], one["subject"], one["value"], one["reason"]) for one in summary["interventions"]] == [("approve", "release", "ann", "looked at it")]


def test_a_job_cannot_change_the_run_that_judges_it(tmp_path: Path) -> None:
    space = Space(tmp_path)
    asking = ("import subprocess, sys; sys.exit(0 if subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode == 3 else 1)")
    space.write("a.txt", "a\n")
    configure(space, {"cheat": python(asking, *space.program, "cancel", "--reason", "let me through")})
    space.init()
    done = space.run(*tasks_only())
    assert done.exit_code == 0, done
    assert not [event for event in read_journal(str(only_run(space) / "journal.jsonl")).events if isinstance(event, Intervened)]


# --- detached --------------------------------------------------------------------------------------------------------


def test_a_detached_run_gives_its_id_and_outlives_its_shell(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    shell = subprocess.Popen(["sh", "-c", f"{' '.join(space.program)} {' '.join(tasks_only('--detach'))}; exec sleep 60"], cwd=space.root, start_new_session=True,
                             env={**space.environment, "FAKE_STAGE": stage.path, "PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert shell.stdout is not None
    run_id = shell.stdout.readline().decode().strip()
    slow = stage.actor("slow")
    os.killpg(shell.pid, signal.SIGHUP)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate()
    assert only_run(space).name == run_id
    (listed,) = space.run("ps", "--all", "--json").json()["runs"]
    assert (listed["run_id"], listed["state"]) == (run_id, "running")
    slow.tell("exit 0")
    seen = space.run("watch", "--run", run_id)
    assert seen.exit_code == 0, seen
    assert seen.stdout.startswith("PASS")
    assert "PASS" in (only_run(space) / "output.log").read_text()
    assert valid_reports(only_run(space))["verdict"]["outcome"] == "pass"
    assert space.run("ps", "--all").stdout == ""


def test_a_detached_run_can_be_cancelled(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    begun = space.run(*tasks_only("--detach", "--json"), env={"FAKE_STAGE": stage.path})
    run_id = begun.json()["run_id"]
    slow = stage.actor("slow")
    assert space.run("cancel", "--run", run_id).exit_code == 0
    assert space.run("watch", "--run", run_id).exit_code == 130
    assert slow.gone()
    assert survivors(run_id) == []


@pytest.mark.parametrize(("words", "said"), [
    (("--only", "no-such-job"), "--only no-such-job matches no job"), (("--jobs", "many"), "`many` is no whole number"),
    (("--config", "none.yaml"), "none.yaml: no such file"), (("--dry-run",), "a dry run runs nothing"), (("--events", "-"), "no standard input or output"),
    (("--files-from", "-"), "no standard input or output"), (("--mode", "strict"), "no terminal"),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_what_is_wrong_is_told_before_it_detaches_and_leaves_nothing(tmp_path: Path, words: Sequence[str], said: str) -> None:
    space = repository(tmp_path, {"quick": python("pass")})
    told = space.run("run", ".", "--no-provision", "--detach", *words)
    assert told.exit_code == 2, told
    assert said in told.stderr
    assert told.stdout == ""
    assert run_folders(space) == []


# --- events and webhooks ---------------------------------------------------------------------------------------------


def test_events_on_standard_output_are_all_of_it_and_in_order(tmp_path: Path) -> None:
    space = repository(tmp_path, {"good": python("pass"), "bad": python("import sys; print('hunter2hunter2'); sys.exit(1)")})
    told = space.run(*tasks_only("--events", "-"), env={"MY_PASSWORD": "hunter2hunter2"})
    assert told.exit_code == 1, told
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    kinds = [line["kind"] for line in lines if "kind" in line]
    assert kinds == ["execution:start", "phase:start", "phase:failed", "execution:complete"]
    assert {line["run_id"] for line in lines if line["event"] != "Notice"} == {only_run(space).name}
    assert "hunter2" not in told.stdout
    of_jobs = [line["at"] for line in lines if line["event"].startswith("Job")]
    assert of_jobs == sorted(of_jobs)


def test_a_file_of_events_in_the_tree_is_no_change_of_the_tree(tmp_path: Path) -> None:
    space = repository(tmp_path, {"good": python("pass")})
    for _ in range(2):
        told = space.run(*tasks_only("--events", "events.jsonl"))
        assert told.exit_code == 0, told
        assert json.loads((space.root / "events.jsonl").read_text().splitlines()[-1])["event"] == "RunFinished"


def test_a_reader_of_events_that_leaves_changes_nothing(tmp_path: Path) -> None:
    space = repository(tmp_path, {"good": python("pass")})
    run = space.start(*tasks_only("--events", "-"))
    assert run.stdout is not None
    run.stdout.close()
    assert run.wait(60) == 0
    assert run.stderr is not None
    assert b"Traceback" not in run.stderr.read()
    run.stderr.close()


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, Any]], threading.Event]]:
    """The address of a host, what was posted there, and the event that lets it answer."""
    news: list[dict[str, Any]] = []
    free = threading.Event()
    free.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            news.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            free.wait(30)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the standard library
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", news, free
    free.set()
    server.shutdown()
    thread.join()
    server.server_close()


def telling(space: Space, url: str, on: Sequence[str] = ("fail", "pass")) -> None:
    document = json.loads(space.read("gatekeeper.yaml"))
    space.write("gatekeeper.yaml", json.dumps({**document, "notify": {"webhook": [{"url": url, "on": list(on)}]}}))
    space.commit("tell")


def test_a_failed_run_tells_once_and_with_the_verdict(tmp_path: Path, posted: tuple[str, list[dict[str, Any]], threading.Event]) -> None:
    url, news, _ = posted
    space = repository(tmp_path, {"bad": python("raise SystemExit(1)")})
    telling(space, url)
    done = space.run(*tasks_only())
    assert done.exit_code == 1, done
    (document,) = news
    assert (document["run_id"], document["outcome"], document["counters"]["failed"]) == (only_run(space).name, "fail", 1)
    assert [entry["job"].rpartition("/")[2] for entry in document["failed"]] == ["bad"]


def test_a_host_that_sleeps_changes_neither_verdict_nor_summary(tmp_path: Path, posted: tuple[str, list[dict[str, Any]], threading.Event]) -> None:
    url, news, free = posted
    free.clear()
    space = repository(tmp_path, {"good": python("pass")})
    telling(space, url)
    done = space.run(*tasks_only())
    assert done.exit_code == 0, done
    assert done.stdout.startswith("PASS")
    assert done.stderr.rstrip().endswith("gatekeeper: webhook 127.0.0.1: it did not answer within 2 s")
    assert len(news) == 1


def test_a_run_that_goes_on_after_its_death_tells_whom_it_was_to_tell(tmp_path: Path, stage: Stage, started: Callable[..., subprocess.Popen[bytes]],
                                                                      posted: tuple[str, list[dict[str, Any]], threading.Event]) -> None:
    url, news, _ = posted
    space = repository(tmp_path, {"slow": fake("told", "slow")})
    telling(space, url)
    run = started(space, *tasks_only())
    slow = stage.actor("slow")
    run.kill()
    assert slow.gone()
    slow.close()  # the stage forgets it when another of its name comes
    again = started(space, "resume")
    stage.whoever().tell("exit 0")
    done = ended(again)
    assert done.exit_code == 0, done
    assert [(document["run_id"], document["outcome"]) for document in news] == [(only_run(space).name, "pass")]


def test_a_proposal_that_is_not_trusted_cannot_redirect_the_news(tmp_path: Path, posted: tuple[str, list[dict[str, Any]], threading.Event]) -> None:
    url, news, _ = posted
    space = repository(tmp_path, {"good": python("pass")})
    telling(space, url)
    space.git("checkout", "-q", "-b", "proposal")
    telling(space, "http://127.0.0.1:1/elsewhere")
    done = space.run(*tasks_only("--trust", "base"))
    assert "127.0.0.1:1" not in done.stderr
    assert [document["run_id"] for document in news] == [only_run(space).name], done
