"""The whole program on machines that have less than Linux gives: no pidfds (`portable`), nothing that only Linux has (`bare`), no /proc (`empty`),
no folder that can be written (`sealed`).

What such a machine cannot promise is said by `doctor`; all else holds there too. macOS itself is not here to try: `tests/fakes/foreign.py` says what differs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gatekeeper.execute.certainty import SURE
from gatekeeper.model.event import JobFinished
from gatekeeper.store.journal import Recorded, read_journal
from tests.e2e.test_faults_signals import ended, frozen, stands_still
from tests.fakes.faulty import is_locked, jobs_of, only_run, python, repository, survivors, tasks_only, valid_reports
from tests.fakes.foreign import can_be_empty
from tests.fakes.space import CHECKOUT, PROGRAM, Space
from tests.fakes.stage import Actor, Stage, fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(90)]
FOREIGN = str(CHECKOUT / "tests" / "fakes" / "foreign.py")
needs_root = pytest.mark.skipif(not can_be_empty(), reason="only root can take /proc away")
both = pytest.mark.parametrize("kind", ["portable", pytest.param("bare", marks=needs_root)])
every = pytest.mark.parametrize("kind", ["portable", *(pytest.param(kind, marks=needs_root) for kind in ("bare", "empty"))])
#: not `nameless`: a daemon without environment is what these machines do not find
KINDS = ("child", "setsid", "daemon")
ENDS = {signal.SIGINT: 130, signal.SIGKILL: -9}
#: seconds after which a tree was looked at for certain
LOOKED_AT = 0.7


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A temporary folder for what a killed run leaves, with a name so short that a socket fits in."""
    with tempfile.TemporaryDirectory(prefix="gk-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def on(kind: str, space: Space) -> Space:
    """The space on such a machine."""
    space.program = (sys.executable, "-P", FOREIGN, kind)
    space.environment |= {"PYTHONPATH": str(CHECKOUT), "TMPDIR": os.environ["TMPDIR"]}
    return space


def family(kind: str, folder: Path, stage: Stage, *kinds: str, **task: object) -> tuple[Space, subprocess.Popen[bytes], list[Actor]]:
    space = on(kind, repository(folder, {"family": fake("spawns", "family", *kinds)}, family=task))
    process = space.start(*tasks_only(), env={"FAKE_STAGE": stage.path})
    return space, process, [stage.actor(name) for name in ("family", *(f"family-{one}" for one in kinds))]


def alive(actors: Sequence[Actor]) -> list[str]:
    return [actor.name for actor in actors if not actor.gone()]


@both
@pytest.mark.parametrize("signum", ENDS, ids=lambda signum: signum.name)
def test_no_descendant_survives_a_signal_to_gatekeeper(tmp_path: Path, stage: Stage, kind: str, signum: signal.Signals) -> None:
    space, process, actors = family(kind, tmp_path, stage, *KINDS)
    assert not actors[0].gone(LOOKED_AT)
    started = time.monotonic()
    process.send_signal(signum)
    process.communicate(timeout=30)
    assert process.returncode == ENDS[signum]
    assert time.monotonic() - started < 14
    assert alive(actors) == []
    assert survivors(only_run(space).name) == []
    assert not is_locked(only_run(space))


@both
def test_no_descendant_survives_a_timeout(tmp_path: Path, stage: Stage, kind: str) -> None:
    space, process, actors = family(kind, tmp_path, stage, *KINDS, timeout="600ms")
    process.communicate(timeout=30)
    assert process.returncode == 3
    assert jobs_of(valid_reports(only_run(space)))["family"]["status"] == "timed_out"
    assert alive(actors) == []


@both
def test_what_a_job_leaves_behind_is_named_and_ended(tmp_path: Path, stage: Stage, kind: str) -> None:
    space, process, actors = family(kind, tmp_path, stage, *KINDS)
    actors[0].tell("exit 0")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert alive(actors) == []
    leaked = jobs_of(valid_reports(only_run(space)))["family"]["leaked"]
    assert {int(word.rpartition("pid ")[2].rstrip(")")) for word in leaked} == {actor.pid for actor in actors[1:]}


@needs_root
@pytest.mark.parametrize("exits", [True, False], ids=["its-own-end", "kill-9"])
def test_without_proc_and_a_process_table_the_group_of_a_job_is_ended(tmp_path: Path, stage: Stage, exits: bool) -> None:
    space, process, actors = family("empty", tmp_path, stage, "child")
    if exits:
        actors[0].tell("exit 0")
    else:
        process.kill()
    process.communicate(timeout=30)
    assert alive(actors) == []
    if exits:
        (left,) = jobs_of(valid_reports(only_run(space)))["family"]["leaked"]
        assert "its process group" in left


@both
def test_ctrl_z_stops_the_jobs_and_their_clocks(tmp_path: Path, stage: Stage, kind: str) -> None:
    space = on(kind, repository(tmp_path, {"slow": fake("spawns", "slow", "setsid")}, slow={"timeout": "900ms"}))
    process = subprocess.Popen([*space.program, *tasks_only()], cwd=space.root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**space.environment, "FAKE_STAGE": stage.path}, process_group=0)
    slow, child = stage.actor("slow"), stage.actor("slow-setsid")
    process.send_signal(signal.SIGTSTP)
    assert stands_still(process)
    assert frozen(slow)
    assert frozen(child)
    assert not slow.gone(1.2)
    process.send_signal(signal.SIGCONT)
    child.tell("exit 0")
    slow.tell("exit 0")
    assert process.wait(30) == 0
    assert jobs_of(valid_reports(only_run(space)))["slow"]["status"] == "passed"


@both
def test_a_run_is_paused_goes_on_and_is_cancelled_from_another_process(tmp_path: Path, stage: Stage, kind: str) -> None:
    space, process, actors = family(kind, tmp_path, stage, *KINDS)
    assert only_run(space).name in space.run("ps").stdout
    assert space.run("pause").exit_code == 0
    assert frozen(actors[0])
    assert space.run("resume").exit_code == 0
    assert space.run("cancel", "D3/family", "--reason", "enough").exit_code == 0
    done = ended(process)
    assert done.exit_code == 3, done
    assert jobs_of(valid_reports(only_run(space)))["family"]["status"] == "cancelled"
    assert alive(actors) == []


@every
def test_a_run_that_died_goes_on_to_the_same_verdict_and_repeats_nothing(tmp_path: Path, kind: str) -> None:
    note = "import sys; open(sys.argv[1], 'a').write('ran '); raise SystemExit(1)"
    once = "import os, sys, time; os.path.exists(sys.argv[1]) or (open(sys.argv[1], 'w').close(), time.sleep(60))"
    space = on(kind, repository(tmp_path, {"quick": python(note, str(tmp_path / "notes")), "slow": python(once, str(tmp_path / "begun"))}))
    process = space.start(*tasks_only("--jobs", "2"))
    while not (tmp_path / "begun").exists() or not any(isinstance(event, JobFinished) for event in journal_of(space).events):
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert survivors(only_run(space).name) == []
    resumed = space.run("resume")
    assert resumed.exit_code == 1, resumed
    assert {name: job["status"] for name, job in jobs_of(valid_reports(only_run(space))).items()} == {"quick": "failed", "slow": "passed"}
    assert (tmp_path / "notes").read_text() == "ran "
    assert journal_of(space).whole


def journal_of(space: Space) -> Recorded:
    return read_journal(str(only_run(space) / "journal.jsonl"))


@every
def test_a_run_decides_and_reports_as_elsewhere(tmp_path: Path, kind: str) -> None:
    flood = python("import sys; sys.stdout.write('x' * 79 + chr(10)) and [sys.stdout.write(('y' * 79 + chr(10)) * 1000) for _ in range(50)]")
    space = repository(tmp_path, {"good": python("print('fine')"), "bad": python("raise SystemExit(1)"), "flood": flood})
    before = space.state()
    verdicts = []
    for here in (space, on(kind, space)):
        done = here.run(*tasks_only("--json"))
        assert "Traceback" not in done.stderr, done
        verdicts.append({job["id"]: (job["status"], job["message"]) for job in done.json()["jobs"]} | {"exit": done.exit_code})
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["exit"] == 1
    assert space.state() == before


@every
def test_what_outlives_its_caller_can_be_ended(tmp_path: Path, stage: Stage, kind: str) -> None:
    space = on(kind, repository(tmp_path, {"slow": fake("told", "slow")}))
    started = space.run(*tasks_only("--detach"), env={"FAKE_STAGE": stage.path})
    assert started.exit_code == 0, started
    slow = stage.actor("slow")
    cancelled = space.run("cancel", "--run", started.stdout.strip())
    assert cancelled.exit_code == 0, cancelled
    assert slow.gone()
    assert survivors(started.stdout.strip()) == []


@every
def test_doctor_says_what_such_a_machine_cannot_promise(tmp_path: Path, kind: str) -> None:
    space = repository(tmp_path, {"good": python("")})
    space.program = PROGRAM
    assert SURE in space.run("doctor").stdout
    said = on(kind, space).run("doctor").stdout
    assert SURE not in said
    assert {"portable": "no subreaper here", "bare": "after kill -9 of Gatekeeper", "empty": "there is no /proc"}[kind] in said
    assert ("who was killed for want of memory" in said) is (kind != "portable")


@needs_root
@pytest.mark.parametrize("words", [tasks_only(), ("doctor",), ("history",), ("ps",), ("plan", ".")], ids=lambda words: words[0])
def test_where_no_folder_can_be_written_nothing_is_decided_and_that_is_said(tmp_path: Path, words: Sequence[str]) -> None:
    space = on("sealed", repository(tmp_path, {"good": python("")}))
    done = space.run(*words)
    assert "Traceback" not in done.stderr, done
    assert "bug" not in done.stderr, done
    if words[0] == "run":
        assert (done.exit_code, "nothing can be kept anywhere" in done.stderr) == (2, True), done
    if words[0] == "doctor":
        assert (done.exit_code, "set TMPDIR" in done.stdout) == (3, True), done
