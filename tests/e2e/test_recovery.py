"""What becomes of jobs that did not pass, through the installed program: tried again, done by another tool, put back, held, the end of the run."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.catalog.load import load_catalog
from gatekeeper.model.event import Stage, StageReached
from gatekeeper.store.journal import FILE, read_journal
from tests.e2e.test_run import CLEAN, jobs, repository, run
from tests.fakes.space import Answer, Ended, Space

VERSION = Answer(when=("--version",), stdout="1.2.3\n")
DIES = Answer(exit_code=-11)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "false"))


def python(code: str) -> str:
    """The words of a task that runs this."""
    return json.dumps([sys.executable, "-I", "-S", "-c", code])


def once(space: Space, code: str) -> str:
    """A task that does this the first time, and nothing after that."""
    mark = str(space.folder / "mark")
    return python(f"import os, signal, sys\nprint('try', os.path.exists({mark!r}), flush=True)\nif not os.path.exists({mark!r}):\n    open({mark!r}, 'w').close()\n    {code}")


def job(ended: Ended, name: str) -> dict[str, Any]:
    return next(one for job_id, one in jobs(ended.json()).items() if job_id.rpartition("/")[2] == name)


def test_retry_what_died_of_a_signal_passes_at_the_second_try_is_flaky_and_both_attempts_can_be_read(space: Space) -> None:
    task = f"{{id: shaky, batch: beta, argv: {once(space, 'os.kill(os.getpid(), signal.SIGSEGV)')}, retry: {{on: [signal], delay: 10ms}}}}"
    repository(space, CLEAN, configuration=f"tasks: [{task}]\n")
    ended = run(space)
    assert ended.exit_code == 0, ended
    shaky = job(ended, "shaky")
    assert (shaky["status"], shaky["flaky"], shaky["message"]) == ("passed", True, "clean; passed only at try 2")
    assert "did not pass (ended by signal 11 (SIGSEGV)): try 2 of 2" in ended.stderr
    first, last = space.run("logs", "shaky", "--attempt", "1"), space.run("logs", "shaky")
    assert (first.stdout, last.stdout) == ("try False\n", "try True\n")
    beyond = space.run("logs", "shaky", "--attempt", "3")
    assert (beyond.exit_code, "was tried 2 times" in beyond.stderr) == (2, True)


def test_a_job_says_for_what_it_waited_and_how_long(space: Space) -> None:
    first = f"{{id: first, batch: beta, argv: {once(space, 'os.kill(os.getpid(), signal.SIGSEGV)')}, retry: {{on: [signal], delay: 400ms}}}}"
    repository(space, CLEAN, configuration=f"tasks: [{first}, {{id: second, batch: beta, argv: ['true'], needs: [first]}}]\n")
    assert run(space).exit_code == 0
    told = space.run("explain", "second", "--json").json()
    (wait,) = told["waits"]
    assert (wait["why"], wait["seconds"] >= 0.2, [name.rpartition("/")[2] for name in wait["by"]]) == ("needs", True, ["first"])
    (lines,) = [answer["lines"] for answer in told["answers"] if answer["question"] == "why it waited"]
    assert "for what has to end before it" in lines[0]
    assert "for try 2: ended by signal 11 (SIGSEGV)" in space.run("explain", "first").stdout


def test_findings_are_not_looked_for_again(space: Space) -> None:
    found = json.dumps([{"code": "F401", "message": "unused", "filename": str(space.root / "app.py"), "location": {"row": 1, "column": 1},
                         "end_location": {"row": 1, "column": 2}, "fix": None, "url": None}])
    tool = repository(space, Answer(stdout=found, exit_code=1), configuration="tools: {ruff: {retries: 3}}\n")
    ended = run(space)
    assert ended.exit_code == 1, ended
    assert len([call for call in tool.calls if "check" in call.argv]) == 1


def test_fallback_another_tool_does_the_work_of_one_that_crashed(space: Space) -> None:
    repository(space, DIES, configuration="tools: {ruff: {on_failure: {fallback: flake8}}}\n")
    flake8 = space.fake("flake8", VERSION, Answer())
    ended = run(space)
    assert ended.exit_code == 0, ended
    lint = jobs(ended.json())["B2/ruff.lint@app"]
    assert (lint["status"], lint["flaky"]) == ("passed", False)
    assert "done by flake8.lint because ruff.lint errored (ended by signal 11 (SIGSEGV))" in lint["message"]
    assert any("app.py" in word for call in flake8.calls for word in call.argv)


def test_rollback_what_a_fixer_changed_before_it_crashed_is_put_back(space: Space) -> None:
    repository(space, CLEAN, configuration="tools: {black: {on_failure: rollback}}\n")
    space.write(".github/workflows/ci.yml", "jobs: {a: {steps: [{run: black --check .}]}}\n")
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.black]\nline-length = 100\n')
    black = load_catalog().tool("black")
    assert black is not None
    assert black.provide is not None
    pinned = str(black.provide.pypi).partition("==")[2]
    space.fake("black", Answer(when=("--version",), stdout=f"black, {pinned} (compiled: no)\n"), Answer(when=("--check",)), Answer(writes={"app.py": "half"}, exit_code=-11))
    space.commit("black")
    ended = run(space, "--fix", "--no-backup")
    assert space.read("app.py") == "import os\n", ended
    fixer = next(one for one in jobs(ended.json()).values() if one["command"].startswith("black.") and "fix" in one["id"])
    assert (fixer["status"], fixer["message"]) == ("errored", "ended by signal 11 (SIGSEGV); 1 file that it had changed put back")
    assert not list(space.root.glob(".gatekeeper/runs/*/checkpoints"))


def test_hold_without_a_person_the_failure_stands_and_says_why(space: Space) -> None:
    repository(space, CLEAN, configuration="tasks: [{id: check, batch: beta, argv: ['false'], on_failure: hold}, {id: after, batch: beta, argv: ['true'], needs: [check]}]\n")
    ended = run(space)
    assert ended.exit_code == 1, ended
    assert job(ended, "check")["message"].endswith("not held for a person: nobody is there to ask")
    assert job(ended, "after")["status"] == "blocked"


def test_hold_on_a_terminal_the_job_waits_for_a_person_and_not_for_ever(space: Space) -> None:
    repository(space, CLEAN, configuration="tasks: [{id: check, batch: beta, argv: ['false'], on_failure: {hold: 500ms}}]\n")
    ended = space.on_terminal("run", ".", "--no-provision", "--color", "never", env={"CI": ""})
    assert ended.exit_code == 1, ended
    assert "nobody decided within 0.5 s" in " ".join(ended.stdout.split()), ended
    summary = json.loads(space.read(".gatekeeper/latest/summary.json"))
    assert next(one for one in summary["jobs"] if one["id"].endswith("/check"))["status"] == "failed"


def test_hold_a_person_mends_it_and_lets_the_job_run_once_more_from_another_terminal(space: Space) -> None:
    task = f"{{id: check, batch: beta, argv: {once(space, 'sys.exit(1)')}, on_failure: {{hold: 60s}}}}"
    repository(space, CLEAN, configuration=f"tasks: [{task}, {{id: after, batch: beta, argv: ['true'], needs: [check]}}]\n")

    def mend() -> int:
        """Goes on asking until the job is held: it is refused before."""
        code = 1
        while code != 0 and not (space.root / ".gatekeeper" / "latest" / "summary.json").exists():
            code = space.run("resume", "D3/check", "--reason", "mended").exit_code
        return code

    with ThreadPoolExecutor(1) as person:
        asked = person.submit(mend)
        ended = space.on_terminal("run", ".", "--no-provision", "--color", "never", "--no-backup", env={"CI": ""})
    assert (ended.exit_code, asked.result()) == (0, 0), ended
    summary = json.loads(space.read(".gatekeeper/latest/summary.json"))
    statuses = {one["id"].rpartition("/")[2]: (one["status"], one["flaky"]) for one in summary["jobs"]}
    assert (statuses["check"], statuses["after"]) == (("passed", False), ("passed", False))
    assert [(one["action"], one["subject"], one["reason"]) for one in summary["interventions"]] == [("resume", "D3/check", "mended")]


def test_abort_the_run_ends(space: Space) -> None:
    task = f"{{id: first, batch: beta, argv: {python('import sys; sys.exit(9)')}, on_failure: abort}}"
    repository(space, CLEAN, configuration=f"tasks: [{task}, {{id: never, batch: beta, argv: ['true'], needs: [other]}}, "
                                           "{id: other, batch: beta, argv: [/bin/sleep, '60']}]\n")
    ended = run(space)
    assert ended.exit_code == 3, ended
    assert job(ended, "first")["status"] == "errored"
    assert (job(ended, "never")["cause"], job(ended, "other")["status"]) == ("abort", "cancelled")
    assert "the run ends because `D3/first` errored" in job(ended, "other")["message"]


def test_a_registry_that_did_not_answer_is_not_asked_again_in_the_next_run_either(space: Space) -> None:
    configuration = "execution: {breaker: {failures: 2, recovery: 10m}, retry: {attempts: 2, on: [network], delay: 10ms}}\n"
    repository(space, CLEAN, configuration=configuration)
    space.write("web/package.json", '{"name": "web", "version": "1.0.0", "scripts": {"build": "true"}, "dependencies": {"left-pad": "1.3.0"}}\n')
    space.write("web/index.js", "module.exports = 1;\n")
    space.write("web/package-lock.json", '{"name": "web", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "web", "version": "1.0.0"}}}\n')
    npm = space.fake("npm", VERSION, Answer(stderr="npm error code ENOTFOUND\nnpm error network request to https://registry.invalid failed\n", exit_code=1))
    space.fake("node", VERSION)
    space.commit("web")
    first = run(space, "--only", "*npm.*")
    asked = len([call for call in npm.calls if "--version" not in call.argv])
    second = run(space, "--only", "*npm.*")
    assert asked >= 2, first
    assert len([call for call in npm.calls if "--version" not in call.argv]) == asked, second
    refused = [one for one in jobs(second.json()).values() if one["command"].startswith("npm.")]
    assert [(one["status"], one["cause"]) for one in refused] == [("not_run", "service")] * 2, second
    assert all("its circuit is open" in one["message"] for one in refused)


def test_the_stages_of_a_run_are_told_in_their_order_and_once(space: Space) -> None:
    repository(space, CLEAN, configuration="tasks: [{id: a, batch: beta, argv: ['true']}]\n")
    run(space)
    events = read_journal(str(space.root / ".gatekeeper" / "latest" / FILE)).events
    assert [event.stage for event in events if isinstance(event, StageReached)] == list(Stage)
    names = [type(event).__name__ for event in events]
    assert names[0] == "RunStarted"
    assert names[-2:] == ["StageReached", "RunFinished"]


def test_every_job_stands_back_as_far_as_is_asked(space: Space) -> None:
    wanted = min(19, os.nice(0) + 5)
    # it is told to stand back right after its start, and may look before that
    look = f"import os, time; end = time.monotonic() + 20\nwhile os.nice(0) != {wanted} and time.monotonic() < end: pass\nprint(os.nice(0))"
    repository(space, CLEAN, configuration=f"tasks: [{{id: nice, batch: beta, argv: {python(look)}}}]\n")
    assert run(space, "--nice", "5", "--only", "*nice*").exit_code == 0
    assert int(space.run("logs", "nice").stdout) == wanted


#: spoils a file and has Gatekeeper killed in the midst of it, the first time
HALF = "open('app.py', 'w').write('half')\n    os.kill(os.getppid(), signal.SIGKILL)\n    import time\n    time.sleep(60)"


def killed_while_fixing(space: Space, *words: str) -> None:
    """A run that died while a job with a checkpoint had spoilt a file."""
    repository(space, CLEAN, configuration=f"tasks: [{{id: fixer, batch: beta, argv: {once(space, HALF)}, on_failure: rollback}}]\n")
    assert run(space, *words).exit_code == -9
    assert space.read("app.py") == "half"


def test_rollback_what_was_changed_when_the_run_was_killed_is_put_back_before_it_goes_on(space: Space) -> None:
    killed_while_fixing(space)
    resumed = space.run("resume", "--json")
    assert resumed.exit_code == 0, resumed
    assert space.read("app.py") == "import os\n"
    (note,) = [note for note in resumed.json()["notes"] if "was changing files" in note]
    assert "(app.py): 1 file that it had changed put back; what stood there is in " in note
    (aside,) = space.root.glob(".gatekeeper/runs/*/replaced/app.py")
    assert aside.read_text() == "half"


def test_rollback_the_next_run_says_which_files_a_killed_fixer_may_have_left_half_done_and_touches_nothing(space: Space) -> None:
    killed_while_fixing(space)
    after = run(space)
    assert "may have left them half done (app.py): that puts them back first" in " ".join(after.json()["notes"])
    assert space.read("app.py") == "half"


def test_rollback_is_done_also_for_a_run_that_cannot_go_on_and_once(space: Space) -> None:
    killed_while_fixing(space)
    space.write("other.py", "x = 1\n")
    refused = space.run("resume")
    assert refused.exit_code == 2, refused
    assert "1 file that it had changed put back" in refused.stderr
    assert "cannot go on, because this is not as it was: other.py" in refused.stderr
    assert space.read("app.py") == "import os\n"
    space.write("app.py", "mine = 1\n")
    assert space.run("resume").exit_code == 2
    assert space.read("app.py") == "mine = 1\n"
