"""Gatekeeper killed at every event of a run, then resumed: the same verdict, nothing repeated, nothing left; and what changed meanwhile is refused."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from gatekeeper.model.event import JobFinished
from gatekeeper.session.unseen import last_seen
from gatekeeper.store.journal import read_journal
from tests.fakes.faulty import (
    configure,
    is_locked,
    jobs_of,
    only_run,
    python,
    repository,
    run_folders,
    survivors,
    tasks_only,
    valid_reports,
)
from tests.fakes.space import CHECKOUT, PROGRAM, Answer, Ended, Space

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
DYING_AT = str(CHECKOUT / "tests" / "fakes" / "dying_at.py")
DYING = str(CHECKOUT / "tests" / "fakes" / "dying.py")

#: notes that it ran, with a child in a session of its own beside it, and ends as told
TASK = """
import os, subprocess, sys
name, code, notes = sys.argv[1:]
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
with open(notes, "a") as file:
    file.write(name + chr(10))
child.kill(); child.wait()
print(name)
sys.exit(int(code))
"""


def scene(folder: Path) -> tuple[Space, Path]:
    """Three tasks: one passes, one fails, one waits for the first."""
    notes = folder / "notes"
    folder.mkdir(exist_ok=True)
    return repository(folder, {name: python(TASK, name, code, str(notes)) for name, code in (("one", "0"), ("two", "1"), ("three", "0"))},
                      three={"needs": ["one"]}), notes


def dying_at(space: Space, moment: int | str, *more: str) -> Ended:
    """Run and die at that event (`2:JobFinished`: the second of that kind); 0 lives, and says how many events there were."""
    space.program = (sys.executable, "-P", DYING_AT, str(moment))
    try:
        return space.run(*tasks_only("--jobs", "2", *more)[1:])
    finally:
        space.program = PROGRAM


def die_after(space: Space, jobs: set[str], *words: str) -> Path:
    """Run `gatekeeper WORDS` so that it dies when these jobs have finished, and others may have; the folder of that run."""
    for number in range(len(jobs), 20):
        known = set(run_folders(space))
        space.program = (sys.executable, "-P", DYING_AT, f"{number}:JobFinished")
        ended = space.run(*words[1:])
        space.program = PROGRAM
        (folder,) = set(run_folders(space)) - known
        assert ended.exit_code == -9, ended
        if jobs <= finished(folder):
            return folder
    raise AssertionError(f"{jobs} never finished")


def finished(folder: Path) -> set[str]:
    """Jobs whose end is in the journal, by the name of their task."""
    return {event.job.rpartition("/")[2] for event in read_journal(str(folder / "journal.jsonl")).events if isinstance(event, JobFinished)}


def statuses(folder: Path) -> dict[str, str]:
    return {name: job["status"] for name, job in jobs_of(valid_reports(folder)).items()}


def test_killed_at_any_event_a_run_goes_on_to_the_same_verdict(tmp_path: Path) -> None:
    space, _ = scene(tmp_path / "alive")
    ended = dying_at(space, 0)
    assert ended.exit_code == 1, ended
    events, expected = int(ended.stdout), statuses(only_run(space))
    assert expected == {"one": "passed", "two": "failed", "three": "passed"}
    assert events >= 14
    for number in range(1, events):
        space, notes = scene(tmp_path / str(number))
        before = space.state()
        assert dying_at(space, number).exit_code == -9
        folder = only_run(space)
        done = finished(folder)
        resumed = space.run("resume", "--json")
        assert resumed.exit_code == 1, (number, resumed)
        assert only_run(space) == folder
        assert statuses(folder) == expected, number
        assert resumed.json()["verdict"]["outcome"] == "fail"
        ran = Counter(notes.read_text().split())
        assert {name: ran[name] for name in done} == dict.fromkeys(done, 1), number
        assert set(ran) == set(expected)
        assert max(ran.values()) <= 2
        assert read_journal(str(folder / "journal.jsonl")).whole, number
        assert survivors(folder.name) == []
        assert not is_locked(folder)
        assert space.state() == before


@pytest.fixture
def died(tmp_path: Path) -> Space:
    """A run that died when its first job had finished."""
    space, _ = scene(tmp_path)
    assert dying_at(space, "1:JobFinished").exit_code == -9
    assert len(finished(only_run(space))) == 1
    return space


def refused(space: Space, *words: str) -> str:
    ended = space.run("resume", *words)
    assert ended.exit_code == 2, ended
    return ended.stderr


def test_killed_again_while_it_goes_on_a_run_goes_on_again(died: Space) -> None:
    folder = run_folders(died)[-1]
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"event":"JobFini')
    code = ("import os, signal, sys\n"
            "from gatekeeper.session.resume import resume\n"
            "from gatekeeper.model.event import RunStarted\n"
            "resume(sys.argv[1], dict(os.environ), [lambda event: isinstance(event, RunStarted) and os.kill(os.getpid(), signal.SIGKILL)])")
    died.program = (sys.executable, "-P", "-c", code, str(folder))
    assert died.run().exit_code == -9
    died.program = PROGRAM
    assert died.run("resume").exit_code == 1
    recorded = read_journal(str(folder / "journal.jsonl"))
    assert recorded.whole
    assert len(recorded.sittings) == 3
    assert len(json.loads((folder / "record.json").read_bytes())["record"]["resumed_at"]) == 2


def test_the_next_run_says_that_one_before_it_can_go_on(died: Space) -> None:
    run_id = run_folders(died)[-1].name
    ended = died.run(*tasks_only())
    assert f"run {run_id} died before its end: gatekeeper resume --run {run_id} makes it go on" in ended.stderr
    assert "died" not in died.run(*tasks_only()).stderr
    assert died.run("resume", "--run", run_id).exit_code == 1


def test_a_run_that_has_ended_has_nothing_to_resume(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    assert "there are no runs" in refused(space)
    space.run(*tasks_only())
    assert f"nothing to resume: run {only_run(space).name} has ended" in refused(space)


def test_an_older_run_that_died_is_named_where_the_newest_has_ended_and_a_newer_one_by_a_retry(died: Space) -> None:
    dead = only_run(died).name
    assert died.run(*tasks_only()).exit_code == 1
    told = refused(died)
    assert "has ended" in told
    assert f"hint: an older one died before its end: gatekeeper resume --run {dead}\n" in told
    assert "died before" not in died.run("retry").stderr
    assert dying_at(died, "1:JobFinished").exit_code == -9
    newer = run_folders(died)[-1].name
    assert f"run {newer}, which is newer, died before its end: gatekeeper resume --run {newer} makes that go on" in died.run("retry").stderr


def test_what_changed_is_named_and_nothing_is_touched(died: Space) -> None:
    folder = run_folders(died)[-1]
    journal = (folder / "journal.jsonl").read_bytes()
    died.write("a.txt", "other\n")
    died.write("new.txt", "\n")
    told = refused(died)
    assert "this is not as it was: a.txt, new.txt" in told
    assert "gatekeeper run" in told
    assert (folder / "journal.jsonl").read_bytes() == journal
    died.write("a.txt", "a\n")
    (died.root / "new.txt").unlink()
    assert died.run("resume").exit_code == 1


def test_another_configuration_is_refused_also_where_git_ignores_it(died: Space) -> None:
    died.write("gatekeeper.local.yaml", "version: 1\n")
    (died.root / ".git/info/exclude").write_text("gatekeeper.local.yaml\n")
    assert "gatekeeper.local.yaml" in refused(died)


def test_a_tree_that_was_moved_is_told_where_it_was(died: Space) -> None:
    was, now = died.folder, died.folder.with_name("moved")
    was.rename(now)
    said = refused(Space(now))
    assert f"was a run of {was / 'repo'}, which is not there any more" in said
    assert "hint: move it back" in said


@pytest.mark.parametrize(("seconds", "refuses"), [(60.0, True), (-60.0, False)])
def test_what_git_ignores_is_refused_where_it_was_touched_since_the_run_died(tmp_path: Path, seconds: float, refuses: bool) -> None:
    """Its content is not known: what was touched before is what the finished jobs have seen."""
    space, _ = scene(tmp_path)
    space.write(".gitignore", "made/\nnotes.log\n")
    space.write("made/b.py", "b = 1\n")
    space.write("notes.log", "")
    assert dying_at(space, "1:JobFinished").exit_code == -9
    seen = last_seen(str(only_run(space)))
    space.write("made/b.py", "b = 2\n")
    for folder in run_folders(space):
        for name in ("run.lock", "journal.jsonl"):
            os.utime(folder / name, (seen - seconds, seen - seconds))
    for log in only_run(space).glob("jobs/*/*.log"):
        os.utime(log, (seen - seconds, seen - seconds))
    ended = space.run("resume")
    assert ended.exit_code == (2 if refuses else 1), ended
    assert ("touched since it died, and git, which ignores it, does not say whether it is as it was: made/b.py" in ended.stderr) == refuses


def test_another_commit_is_refused(died: Space) -> None:
    died.commit("more")
    assert "the commit or the branches" in refused(died)


def test_another_value_of_a_variable_that_tools_obey_is_refused_without_telling_it(died: Space) -> None:
    ended = died.run("resume", env={"RUSTFLAGS": "-C hunter2hunter2"})
    assert ended.exit_code == 2, ended
    assert "the variable RUSTFLAGS" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert died.run("resume", env={"SHLVL": "7"}).exit_code == 1


def test_a_journal_of_another_version_is_refused(died: Space) -> None:
    path = run_folders(died)[-1] / "journal.jsonl"
    head, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps(json.loads(head) | {"version": "0.0.0"}).encode() + b"\n" + rest)
    assert "is of Gatekeeper 0.0.0" in refused(died)


def test_a_run_that_was_to_fix_is_refused(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    assert dying_at(space, "1:RunStarted", "--fix").exit_code == -9
    told = refused(space)
    assert "was to fix" in told
    assert "gatekeeper run --fix" in told


def test_a_run_over_what_is_staged_goes_on_with_what_is_staged(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    space.write("a.txt", "staged\n")
    space.git("add", "a.txt")
    assert dying_at(space, "1:JobStarted", "--staged").exit_code == -9
    resumed = space.run("resume", "--json")
    assert resumed.exit_code == 1, resumed
    assert resumed.json()["scope"] == "staged files"


#: tells those findings that are asked for, in the words of the contract for scripts
FINDS = """
import json, sys
print(json.dumps({"schema": 1, "findings": [{"file": "a.txt", "line": 1, "rule": rule, "message": rule} for rule in sys.argv[1:]]}))
sys.exit(1)
"""


def test_what_is_known_new_and_fixed_is_the_same_after_a_resume(tmp_path: Path) -> None:
    """The comparison with a baseline is no part of a result: it is made again."""
    def tasks(*rules: str) -> dict[str, tuple[str, ...]]:
        return {"finds": python(FINDS, *rules), "later": python("print(1)")}

    more: dict[str, dict[str, object]] = {"finds": {"output": {"parser": "gatekeeper-json"}}, "later": {"needs": ["finds"]}}
    space = repository(tmp_path, tasks("old", "gone"), **more)
    assert space.run(*tasks_only()).exit_code == 1
    assert space.run("baseline", "create").exit_code == 0
    configure(space, tasks("old", "new"), **more)
    space.commit("with a baseline")
    whole = space.run(*tasks_only("--json")).json()
    assert (whole["verdict"]["exit_code"], whole["delta"]["new"], whole["delta"]["unchanged"]) == (1, 1, 1)
    assert [one["rule"] for one in whole["delta"]["fixed"]] == ["gone"]
    die_after(space, {"finds"}, *tasks_only())
    resumed = space.run("resume", "--json")
    assert resumed.exit_code == 1, resumed
    assert resumed.json()["delta"] == whole["delta"]
    assert resumed.json()["verdict"] == whole["verdict"]


def test_what_our_own_jobs_said_is_kept(tmp_path: Path) -> None:
    space = repository(tmp_path, {"slow": python("print(1)")}, slow={"needs": ["A2/health.run", "D1/lines.run"]})
    words = ("run", ".", "--no-provision", "--jobs", "1", "--json")
    facts = space.run(*words).json()["facts"]
    assert {name.partition("/")[2] for name in facts} >= {"health.run", "lines.run"}
    folder = die_after(space, {"health.run", "lines.run"}, *words)
    resumed = space.run("resume", "--json")
    assert resumed.exit_code == 0, resumed
    assert set(resumed.json()["facts"]) == set(facts)
    assert "lines.json" in {path.name for path in folder.iterdir()}


def test_a_run_with_a_merge_base_goes_on(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    space.git("branch", "start")
    space.write("b.txt", "b\n")
    space.commit("more")
    words = tasks_only("--new-since", "start", "--json")
    whole = space.run(*words)
    assert whole.exit_code == 0, whole
    die_after(space, {"two"}, *words)
    resumed = space.run("resume", "--json")
    assert resumed.exit_code == 0, resumed
    assert resumed.json()["delta"] == whole.json()["delta"]


def test_killed_at_any_change_on_disk_a_run_goes_on_or_says_why_not(tmp_path: Path) -> None:
    space, _ = scene(tmp_path / "alive")
    counter = tmp_path / "steps"
    space.program = (sys.executable, "-P", DYING, "0", str(counter))
    assert space.run(*tasks_only()).exit_code == 1
    steps, ends = int(counter.read_text()), []
    for moment in sorted({1 + (steps - 1) * number // 11 for number in range(12)}):
        space, _ = scene(tmp_path / str(moment))
        space.program = (sys.executable, "-P", DYING, str(moment), str(counter))
        space.run(*tasks_only())
        space.program = PROGRAM
        resumed = space.run("resume")
        ends.append(resumed.exit_code)
        assert resumed.exit_code in {1, 2}, (moment, resumed)
        assert resumed.exit_code == 1 or "hint: " in resumed.stderr, (moment, resumed)
        for folder in run_folders(space):
            assert not is_locked(folder)
            assert resumed.exit_code == 2 or statuses(folder) == {"one": "passed", "two": "failed", "three": "passed"}
    assert ends.count(1) >= 3, ends


# retry


def test_a_retry_runs_what_failed_and_keeps_what_holds(tmp_path: Path) -> None:
    space, notes = scene(tmp_path)
    assert space.run(*tasks_only()).exit_code == 1
    first = only_run(space)
    again = space.run("retry", "--failed", "--json")
    assert again.exit_code == 1, again
    assert Counter(notes.read_text().split()) == {"one": 1, "two": 2, "three": 1}
    second = next(folder for folder in run_folders(space) if folder != first)
    jobs = jobs_of(valid_reports(second))
    assert {name: job["held_from"] for name, job in jobs.items()} == {"one": first.name, "two": "", "three": first.name}
    assert json.loads((second / "summary.json").read_bytes())["retry_of"] == first.name
    assert space.run("logs", "one").stdout == "one\n"
    assert space.run("retry", "three").exit_code == 1
    assert Counter(notes.read_text().split()) == {"one": 1, "two": 2, "three": 2}


def test_a_retry_also_runs_those_who_need_what_it_runs(tmp_path: Path) -> None:
    """The passes of an earlier run say nothing where what they stand on does not pass any more."""
    flag = tmp_path / "flag"
    code = "import os, sys; sys.exit(1 if os.path.exists(sys.argv[1]) else 0)"
    space = repository(tmp_path, {"one": python(code, str(flag)), "two": python("print(2)"), "three": python("print(3)"), "four": python("print(4)")},
                       two={"needs": ["one"]}, three={"needs": ["two"]})
    assert space.run(*tasks_only()).exit_code == 0
    flag.write_text("")
    again = space.run("retry", "one")
    assert again.exit_code == 1, again
    assert "these run too, because they need one that does: D3/three, D3/two" in again.stdout
    jobs = jobs_of(json.loads(space.read(".gatekeeper/latest/summary.json")))
    assert {name: (job["status"], bool(job["held_from"])) for name, job in jobs.items()} == {
        "one": ("failed", False), "two": ("blocked", False), "three": ("blocked", False), "four": ("passed", True)}


def test_a_retry_after_the_cause_is_gone_passes(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = "import os, sys; sys.exit(0 if os.path.exists(sys.argv[1]) else 1)"
    space = repository(tmp_path, {"one": python("print(1)"), "two": python(code, str(flag))})
    assert space.run(*tasks_only()).exit_code == 1
    flag.write_text("")
    again = space.run("retry")
    assert again.exit_code == 0, again
    assert "1 job of run" in again.stdout
    assert "there is nothing to try again" in space.run("retry").stderr


def test_a_retry_after_an_edit_runs_all_that_the_edit_affects(tmp_path: Path) -> None:
    space, notes = scene(tmp_path)
    assert space.run(*tasks_only()).exit_code == 1
    space.write("a.txt", "edited\n")
    again = space.run("retry", "--failed")
    assert again.exit_code == 1, again
    # a script of the repository's own may look at anything
    assert Counter(notes.read_text().split()) == {"one": 2, "two": 2, "three": 2}
    assert "these run too, because something that they look at changed: D3/one" in again.stdout


@pytest.mark.parametrize("change", ["what git ignores", "configuration above", "assumed unchanged"])
def test_a_retry_does_not_hold_on_to_what_something_out_of_sight_may_have_changed(tmp_path: Path, change: str) -> None:
    """Each was a false green with real tools: the job that had passed was not run again."""
    space = Space(tmp_path / "space", programs=("true",))
    tool = space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(stdout="[]"))
    space.fake("red", Answer(exit_code=1))
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nline-length = 100\n')
    space.write("a.py", "a = 1\n")
    space.write(".gitignore", "made/\n")
    space.write("made/b.py", "b = 1\n")
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n")
    space.write("gatekeeper.yaml", "version: 1\ntasks:\n  - {id: red, batch: beta, argv: [red]}\n")
    space.init()
    if change == "assumed unchanged":
        space.git("update-index", "--assume-unchanged", "a.py")
    words = ("run", ".", "--no-provision", "--no-backup", "--no-cache", "--only", "ruff.lint*", "--only", "*/red")
    assert space.run(*words).exit_code == 1
    held = space.run("retry", "--failed")
    assert (held.exit_code, "still holds" in held.stdout) == (1, True), held
    calls = len([call for call in tool.calls if "--version" not in call.argv])
    match change:
        case "what git ignores":
            space.write("made/b.py", "b = 2\n")
        case "configuration above":
            (space.folder / "ruff.toml").write_text("line-length = 10\n")
        case "assumed unchanged":
            space.write("a.py", "import os\n")
    assert space.run("retry", "--failed").exit_code == 1
    assert len([call for call in tool.calls if "--version" not in call.argv]) == calls + 1


def test_a_job_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    space.run(*tasks_only())
    assert "did you mean" in space.run("retry", "D3/tow").stderr


def test_under_another_configuration_nothing_is_tried_again(tmp_path: Path) -> None:
    space, _ = scene(tmp_path)
    space.run(*tasks_only())
    configure(space, {"one": python("print(1)")})
    ended = space.run("retry", "two")
    assert ended.exit_code == 2, ended
    assert "the configuration is not that of run" in ended.stderr
    assert len(run_folders(space)) == 1  # an empty one would be the newest, and hide one that died
