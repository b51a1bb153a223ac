"""The program as a process: start-up, signals, closed pipes and streams, terminals, completion."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gatekeeper import __version__
from tests.fakes.space import Space

HEAVY = ("typer", "rich", "jsonschema", "asyncio", "psutil", "yaml", "click", "multiprocessing", "packaging", "statistics", "logging", "configparser",
         "difflib", "urllib", "dataclasses", "inspect", "gatekeeper.session.merge_base", "gatekeeper.session.coverage", "gatekeeper.report.html", "gatekeeper.report.sarif", "gatekeeper.judge.explain")
PROBE = """
import json, os, sys
from gatekeeper.__main__ import main
code = main()
with open(os.environ["PROBE_FILE"], "w") as file:
    json.dump([name for name in {heavy!r} if name in sys.modules], file)
sys.exit(code)
"""


def _imported(space: Space, *words: str) -> str:
    """Which of the heavy modules a call has imported."""
    told = space.folder / "imported"
    probing = Space(space.folder, program=(sys.executable, "-P", "-c", PROBE.format(heavy=HEAVY)))
    ended = probing.run(*words, env={"PROBE_FILE": str(told)})
    assert told.exists(), ended
    return told.read_text()


@pytest.fixture
def space(tmp_path: Path) -> Space:
    made = Space(tmp_path)
    made.write("README.md", "hello\n")
    made.init()
    return made


@pytest.mark.performance
@pytest.mark.parametrize("words", [("--version",), ("run", "--no-provision", "--only", "A1*"), ("run", "--dry-run"), ("plan", "--json")])
def test_the_fast_path_imports_nothing_heavy(space: Space, words: Sequence[str]) -> None:
    space.write("gatekeeper.yaml", "jobs: 2\n")
    space.run("plan")  # the first call compiles catalogue and configuration
    assert _imported(space, *words) == "[]"


@pytest.mark.performance
@pytest.mark.parametrize(("most", "words"), [(185, ("plan",)), (285, ("run", "--no-provision", "--only", "A1*"))])
def test_few_modules_of_ours_are_loaded_because_each_costs_a_quarter_of_a_millisecond(space: Space, most: int, words: Sequence[str]) -> None:
    space.run("plan")
    told = space.folder / "imported"
    count = PROBE.replace("[name for name in {heavy!r} if name in sys.modules]", "[name for name in sys.modules if name.startswith('gatekeeper')]")
    ended = Space(space.folder, program=(sys.executable, "-P", "-c", count)).run(*words, env={"PROBE_FILE": str(told)})
    assert told.exists(), ended
    assert 50 < len(json.loads(told.read_text())) <= most, "what only some runs need is imported where it is used (lazy:)"


def _calls_of_git(space: Space, *words: str) -> str:
    """What git was asked by a run, a line per call."""
    log, git = space.folder / "git.log", space.bin / "git"
    program = os.path.realpath(git) if git.exists() else shutil.which("git")
    git.unlink(missing_ok=True)
    git.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {program} "$@"\n')
    git.chmod(0o755)
    ended = space.run("run", "--pipeline", "quick", *words)
    assert ended.exit_code in {0, 3}, ended  # a tree of documents alone is green in a hook, and nothing that a whole run could measure
    return log.read_text()


@pytest.mark.performance
def test_a_hook_starts_git_a_few_times_only(space: Space) -> None:
    space.write("more.md", "hello\n")
    space.git("add", "more.md")
    asked = _calls_of_git(space, "--staged")
    # the tree and what differs in it; what is staged; the tree after; once more where the verdict is said before the last job ended
    assert 0 < len(asked.splitlines()) <= 4, asked


@pytest.mark.performance
def test_a_run_over_everything_does_not_ask_git_for_a_base_that_nothing_is_compared_with(space: Space) -> None:
    asked = _calls_of_git(space)
    # the tree; what is new since which base (three); which files hold suppressions; the tree after, and where the verdict is said early
    assert 0 < len(asked.splitlines()) <= 7, asked


def test_the_version_is_one_line(space: Space) -> None:
    for flag in ("--version", "-V"):
        ended = space.run(flag)
        assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"gatekeeper {__version__}\n", "")


def test_a_reader_that_leaves_early_is_no_error(space: Space) -> None:
    process = space.start("config", "schema", "summary")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_an_error(space: Space) -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([*space.program, "config", "schema", "plan"], cwd=space.root, env=_environment(space), stdin=subprocess.DEVNULL,
                               stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 2
    assert ended.stderr == b"gatekeeper: standard output cannot be written: No space left on device\n"


def _environment(space: Space) -> dict[str, str]:
    return {**space.environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(space: Space, closed: str) -> None:
    words = " ".join(f"'{word}'" for word in space.program)
    ended = subprocess.run(["sh", "-c", f"{words} config show {closed}"], cwd=space.root, env=_environment(space), capture_output=True, check=False)
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_decides_as_ever(space: Space, closed: str) -> None:
    words = " ".join(f"'{word}'" for word in space.program)
    space.write("broken.json", "{")
    ended = subprocess.run(["sh", "-c", f"{words} run --only 'A1*' {closed}"], cwd=space.root, env=_environment(space), capture_output=True, check=False)
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert space.run("show", "--json").json()["verdict"]["outcome"] == "fail"


def test_names_that_are_no_text_survive_the_way_to_a_message(space: Space) -> None:
    ended = space.run("run", os.fsdecode(b"no\xffwhere\x1b[31m"))
    assert (ended.exit_code, ended.stderr.splitlines()[0]) == (2, "gatekeeper: no\\xffwhere\\x1b[31m: no such folder")


def test_without_a_home_a_plan_is_made_all_the_same(space: Space) -> None:
    bare = {name: value for name, value in space.environment.items() if name not in {"HOME", "XDG_CACHE_HOME"}}
    space.environment = bare
    ended = space.run("plan", "--json")
    assert ended.exit_code == 0, ended


def test_a_folder_that_is_gone_is_told(space: Space) -> None:
    gone = space.root / "gone"
    gone.mkdir()
    leave = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.argv[1], sys.argv[1:])"
    ended = subprocess.run([sys.executable, "-c", leave, *space.program, "plan"], cwd=gone, env=_environment(space), capture_output=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"gatekeeper: the current folder does not exist any more\n")


def test_strict_mode_asks_for_each_batch_on_a_terminal(space: Space) -> None:
    master, terminal = os.openpty()
    process = subprocess.Popen([*space.program, "run", "--mode", "strict", "--only", "A1*"], cwd=space.root, env=_environment(space), stdin=terminal,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(terminal)
    os.write(master, b"n\n")
    _stdout, stderr = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 2
    assert b"[y/N]" in stderr
    assert b"batch alpha was not confirmed: nothing was run" in stderr
    assert not (space.root / ".gatekeeper").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_valid_reports(space: Space, number: signal.Signals, code: int) -> None:
    space.write("gatekeeper.yaml", "tasks: [{id: slow, batch: beta, argv: [sh, -c, 'echo started > .gatekeeper/started; exec sleep 60']}]\n")
    os.makedirs(space.root / ".gatekeeper")
    os.mkfifo(space.root / ".gatekeeper" / "started")
    process = space.start("run", "--only", "*slow*")
    with open(space.root / ".gatekeeper" / "started", encoding="utf-8") as started:
        assert started.read() == "started\n"
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert stdout.startswith(b"INTERRUPTED")
    shown = space.run("show", "--json").json()
    assert shown["verdict"]["outcome"] == "interrupted"
    assert (space.root / ".gatekeeper" / "latest" / "junit.xml").read_text().rstrip().endswith(">")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_completion(space: Space, shell: str) -> None:
    ended = space.run(env={"_GATEKEEPER_COMPLETE": f"source_{shell}"})
    assert ended.exit_code == 0, ended
    assert "_GATEKEEPER_COMPLETE" in ended.stdout


def test_completion_knows_verbs_options_and_choices(space: Space) -> None:
    def complete(line: str) -> list[str]:
        ended = space.run(env={"_GATEKEEPER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)})
        return ended.stdout.split()

    assert "history" in complete("gatekeeper hi")
    assert "--fail-fast" in complete("gatekeeper run --fa")
    assert complete("gatekeeper run --mode st") == ["strict"]
    assert complete("gatekeeper config schema fin") == ["finding"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(("code", "exit_code", "verdict"), [(0, 3, "pass"), (1, 1, "fail")])
def test_a_verdict_that_cannot_be_shown_is_said_and_is_no_pass(space: Space, code: int, exit_code: int, verdict: str) -> None:
    argv = json.dumps([sys.executable, "-c", f"raise SystemExit({code})"])
    space.write("gatekeeper.yaml", f"version: 1\ntasks: [{{id: one, batch: alpha, argv: {argv}, takes: repository, output: {{parser: exit-code}}}}]\n")
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([*space.program, "run", ".", "--quiet", "--only", "*/one*"], cwd=space.root, env=_environment(space), stdin=subprocess.DEVNULL,
                               stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == exit_code
    assert f"standard output cannot be written: No space left on device; the verdict is {verdict} (gatekeeper show --run ".encode() in ended.stderr


#: a first module of ours that gets a signal while it is loaded
EARLY = """
import importlib.util, sys
import gatekeeper.cli
class Finder:
    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_file_location(name, {module!r}) if name == "gatekeeper.cli.boundary" else None
sys.meta_path.insert(0, Finder())
from gatekeeper.__main__ import main
sys.exit(main())
"""
LATE = """
import atexit, os, sys
from gatekeeper.cli import boundary, start
atexit.register(os.kill, os.getpid(), {signum})
boundary.guarded = lambda *_: 0
sys.exit(start.main())
"""
ENDINGS = pytest.mark.parametrize(("signum", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])


@ENDINGS
def test_a_signal_before_anything_is_known_ends_with_its_exit_code_and_without_a_word_of_the_interpreter(tmp_path: Path, signum: int, exit_code: int) -> None:
    (tmp_path / "boundary.py").write_text(f"import os\nos.kill(os.getpid(), {int(signum)})\n")
    program = EARLY.format(module=str(tmp_path / "boundary.py"))
    ended = subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (exit_code, b"")


@ENDINGS
def test_a_signal_while_the_interpreter_ends_is_silent_too(signum: int, exit_code: int) -> None:
    ended = subprocess.run([sys.executable, "-c", LATE.format(signum=int(signum))], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (exit_code, b"")


WAY_OUT = """
import atexit, sys, threading
import gatekeeper.cli.start as start
from gatekeeper.__main__ import program
sys.argv = ["gatekeeper", "run"]
def main():
    {left}
    return 3
start.main = main
sys.exit(program())
"""


@pytest.mark.parametrize(("left", "said"), [
    ("print('last words')", b"last words\n"),
    ("threading.Thread(target=lambda: (sys.stdin.read(), print('still here'))).start()", b"still here\n"),
    ("atexit.register(print, 'taken apart')", b""),
])
def test_the_quick_way_out_loses_neither_words_nor_the_work_of_a_thread(left: str, said: bytes) -> None:
    ended = subprocess.run([sys.executable, "-c", WAY_OUT.format(left=left)], input=b"", capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, said, b"")
