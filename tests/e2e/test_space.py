"""The scratch repository that all end-to-end tests stand on: it must be right itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.space import FIXTURES, Answer, Space


def call(space: Space, name: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program as the program under test would find it."""
    return subprocess.run([name, *argv], cwd=space.root, env=space.environment, capture_output=True, text=True, check=False,
                          executable=str(space.bin / name))


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path)


def test_a_written_file_is_read_back(space: Space) -> None:
    script = space.write("a/b.sh", "#!/bin/sh\n", executable=True)
    assert space.read("a/b.sh") == "#!/bin/sh\n"
    assert os.access(script, os.X_OK)


def test_everything_is_committed_at_the_start_without_an_identity_of_the_machine(space: Space) -> None:
    space.write("a.txt", "a\n")
    space.init()
    assert space.git("status", "--porcelain") == ""
    assert space.git("log", "--format=%an %at %s") == "Space 1767225600 start\n"


def test_the_same_content_gives_the_same_commit(tmp_path: Path) -> None:
    commits = []
    for name in ("one", "two"):
        space = Space(tmp_path / name)
        space.copy("nothing")
        space.init()
        commits.append(space.git("rev-parse", "HEAD"))
    assert commits[0] == commits[1]


def test_a_fixture_is_laid_out_with_its_hidden_files(space: Space) -> None:
    space.copy("polyglot")
    wanted = {path.relative_to(FIXTURES / "polyglot").as_posix() for path in (FIXTURES / "polyglot").rglob("*.yml")}
    assert wanted == {path.relative_to(space.root).as_posix() for path in space.root.rglob("*.yml")} == {".github/workflows/ci.yml"}


def test_a_hermetic_space_finds_git_and_nothing_of_the_tests(space: Space) -> None:
    asked = "import shutil, sys; print(*[name for name in sys.argv[1:] if shutil.which(name)])"
    found = subprocess.run([sys.executable, "-c", asked, "git", "sh", "pytest", "ruff", "cargo", "npm", "forge"], env=space.environment,
                           capture_output=True, text=True, check=True).stdout
    assert found.split() == ["git", "sh"]
    assert "VIRTUAL_ENV" not in space.environment
    assert space.environment["HOME"] == str(space.home)


def test_a_space_on_the_machine_keeps_its_path_but_not_the_environment_of_the_tests(tmp_path: Path) -> None:
    environment = Space(tmp_path, machine=True).environment
    folders = environment["PATH"].split(os.pathsep)
    assert folders[0] == str(tmp_path.resolve() / "bin")
    assert os.path.join(sys.prefix, "bin") not in folders
    assert not [name for name in environment if name.startswith(("PYTEST_", "GATEKEEPER_", "VIRTUAL_ENV"))]


def test_a_program_that_the_machine_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no-such-program is not on this machine"):
        Space(tmp_path, programs=("no-such-program",))


def test_a_fake_tool_answers_as_told_and_remembers_its_calls(space: Space) -> None:
    tool = space.fake("linter", Answer(when=("--version",), stdout="linter 1.2\n"), Answer(stdout="found\n", stderr="hm\n", exit_code=3))
    assert call(space, "linter", "--version").stdout == "linter 1.2\n"
    second = call(space, "linter", "it's", "a b")
    assert (second.returncode, second.stdout, second.stderr) == (3, "found\n", "hm\n")
    assert [made.argv for made in tool.calls] == [("--version",), ("it's", "a b")]
    assert {made.cwd for made in tool.calls} == {str(space.root)}


def test_a_fake_tool_without_an_answer_says_so(space: Space) -> None:
    space.fake("linter", Answer(when=("--version",)))
    ended = call(space, "linter", "check")
    assert (ended.returncode, ended.stderr) == (96, "linter: no answer for ['check']\n")


def test_a_fake_tool_writes_the_report_that_it_was_asked_for(space: Space) -> None:
    space.fake("tests", Answer(writes={"--report=": "<xml/>", "touched.txt": "yes"}))
    call(space, "tests", f"--report={space.folder}/r.xml")
    assert (space.folder / "r.xml").read_text() == "<xml/>"
    assert space.read("touched.txt") == "yes"
    call(space, "tests", "--report", f"{space.folder}/s.xml")
    assert (space.folder / "s.xml").read_text() == "<xml/>"


def test_a_fake_tool_dies_of_a_signal(space: Space) -> None:
    space.fake("crash", Answer(exit_code=-11))
    assert call(space, "crash").returncode == -11


def test_a_fake_tool_shows_the_environment_that_was_asked_for(space: Space) -> None:
    tool = space.fake("linter", environment=("LANG", "NO_SUCH_NAME"))
    call(space, "linter")
    assert tool.calls[0].environment == {"LANG": "C.UTF-8"}


@pytest.mark.parametrize("change", ["content", "mode", "index", "ref", "stash", "new", "gone"])
def test_every_change_that_checking_must_not_make_is_seen(space: Space, change: str) -> None:
    space.write("a.txt", "a\n")
    space.write(".gitignore", "*.log\n")
    space.init()
    before = space.state()
    match change:
        case "content":
            space.write("a.txt", "b\n")
        case "mode":
            (space.root / "a.txt").chmod(0o755)
        case "index":
            space.git("update-index", "--chmod=+x", "a.txt")
        case "ref":
            space.git("tag", "v1")
        case "stash":
            space.write("a.txt", "b\n")
            space.git("stash")
        case "new":
            space.write("new.txt", "")
        case "gone":
            (space.root / "a.txt").unlink()
    assert space.state() != before


def test_ignored_files_and_our_own_folder_are_no_change(space: Space) -> None:
    space.write(".gitignore", "*.log\n")
    space.init()
    before = space.state()
    space.write("x.log", "x")
    space.write(".gatekeeper/runs/1/record.json", "{}")
    assert space.state() == before


def test_a_project_environment_runs_what_was_put_into_it_and_nothing_else(space: Space) -> None:
    folder = space.python_env("pytest")
    space.write("test_one.py", "def test_one() -> None:\n    assert 1 + 1 == 2\n")
    ended = subprocess.run([folder / "pytest", "-q", "-p", "no:cacheprovider"], cwd=space.root, env=space.environment, capture_output=True,
                           text=True, check=False)
    assert (ended.returncode, "1 passed" in ended.stdout) == (0, True)
    other = subprocess.run([folder / "python", "-c", "import hypothesis"], env=space.environment, capture_output=True, text=True, check=False)
    assert "No module named 'hypothesis'" in other.stderr


def test_what_differs_from_run_to_run_is_scrubbed(space: Space) -> None:
    text = f"run 20260101-120000-a1b2 in {space.root}/x took 1.25s"
    assert space.scrub(text) == "run <run> in <space>/repo/x took <time>"


def test_the_program_gets_arguments_folder_environment_and_stdin(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.argv[1:], os.path.basename(os.getcwd()), os.environ['MORE'], sys.stdin.read()); sys.exit(7)"
    space = Space(tmp_path, program=(sys.executable, "-c", code))
    space.write("sub/a.txt", "")
    ended = space.run("a", "b c", cwd="sub", env={"MORE": "more"}, stdin=b"typed")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (7, "['a', 'b c'] sub more typed\n", "")


def test_a_program_that_does_not_end_is_killed_and_what_it_wrote_is_shown(tmp_path: Path) -> None:
    space = Space(tmp_path, program=(sys.executable, "-c", "import sys, time; print('so far', flush=True); time.sleep(60)"))
    with pytest.raises(AssertionError, match=r"still running after 1 s[\s\S]*exit -9[\s\S]*so far"):
        space.run(timeout=1)


def test_a_program_on_a_terminal_sees_its_size(tmp_path: Path) -> None:
    space = Space(tmp_path, program=(sys.executable, "-c", "import os; print(os.isatty(0), os.isatty(2), os.get_terminal_size(1).columns)"))
    ended = space.on_terminal(columns=77)
    assert (ended.exit_code, ended.stdout) == (0, "True True 77\r\n")


def test_a_program_on_a_terminal_that_does_not_end_is_killed(tmp_path: Path) -> None:
    space = Space(tmp_path, program=(sys.executable, "-c", "print('so far', flush=True); input()"))
    with pytest.raises(AssertionError, match=r"still running at the deadline; it wrote:\nso far"):
        space.on_terminal(timeout=1)


def test_the_installed_program_is_run_in_the_repository_without_importing_from_it(space: Space) -> None:
    space.write("json.py", "raise SystemExit('a file of the repository was imported')\n")
    ended = space.run("--version")
    assert (ended.exit_code, ended.stdout.split()[0]) == (0, "gatekeeper"), ended
