"""What git has to do with results: repositories inside the repository, filters, branches, and two trees that share one cache."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.test_cache_reach import MYPY, is_known, link, with_mypy, write
from tests.fakes.space import Answer, FakeTool, Space

JOB = "B2/ruff.lint@app"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "cat", "node"))


def unused(file: str) -> str:
    return json.dumps([{"code": "F401", "name": "unused-import", "message": "`os` imported but unused", "severity": "error", "filename": file, "fix": None,
                        "location": {"row": 1, "column": 8}, "end_location": {"row": 1, "column": 10}, "url": "", "noqa_row": 1, "cell": None}])


def with_ruff(space: Space) -> FakeTool:
    """A Python project of one file that is bad, and one that is not."""
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nline-length = 100\n')
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n")
    space.write("a.py", "a = 1\n")
    space.write("bad.py", "import os\n")
    return space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(when=("bad.py",), stdout=unused("bad.py"), exit_code=1), Answer(stdout="[]"))


def looked_at(tool: FakeTool) -> list[set[str]]:
    return [{word for word in call.argv if word.endswith(".py")} for call in tool.calls if "--version" not in call.argv]


def lint(space: Space, path: str = ".") -> tuple[int, bool]:
    """The exit code of a run of ruff, and whether it was known."""
    ended = space.run("run", path, "--no-provision", "--no-backup", "--json", "--only", "ruff.lint*")
    (job,) = [job for job in ended.json()["jobs"] if job["id"] == JOB]
    return ended.exit_code, job["from_cache"]


def inner(space: Space, *, submodule: bool) -> None:
    """A repository inside the repository, with a file and something that it ignores itself."""
    space.write("vendor/lib/core.py", "def f() -> int: ...\n")
    space.write("vendor/lib/.gitignore", "out/\n")
    space.write("vendor/lib/out/gen.dat", "1\n")
    words = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.hooksPath=/dev/null")
    for argv in (("init", "-q"), ("add", "-A"), (*words, "commit", "-qm", "inner")):
        subprocess.run(["git", "-C", str(space.root / "vendor" / "lib"), *argv], env=space.environment, check=True)
    if not submodule:
        space.write(".gitignore", f"{space.read('.gitignore')}/vendor/*\n!/vendor/lib\n")


@pytest.mark.parametrize("submodule", [True, False])
@pytest.mark.parametrize("change", ["a file", "a new file", "what it ignores"])
def test_what_lies_in_a_repository_inside_the_repository_counts(space: Space, change: str, *, submodule: bool) -> None:
    with_mypy(space)
    inner(space, submodule=submodule)
    space.init()
    assert [is_known(space, MYPY), is_known(space, MYPY)] == [False, True]
    write({"a file": "vendor/lib/core.py", "a new file": "vendor/lib/more.py"}.get(change, "vendor/lib/out/gen.dat"), "def f() -> str: ...\n")(space)
    assert not is_known(space, MYPY)


def test_a_link_to_a_folder_elsewhere_in_a_repository_inside_keeps_nothing(space: Space) -> None:
    with_mypy(space)
    inner(space, submodule=True)
    write("../else/x.py", "x = 1\n")(space)
    link("vendor/lib/more", "../../../else")(space)
    space.init()
    assert [is_known(space, MYPY), is_known(space, MYPY)] == [False, False]


def test_what_git_makes_of_a_file_on_its_way_counts_and_not_what_it_keeps(space: Space) -> None:
    """The same commit, the same object, another file: ends of lines are what `eol` says when a file is checked out."""
    tool = with_ruff(space)
    space.init()
    lint(space)
    assert lint(space) == (1, True)
    before = space.git("rev-parse", "HEAD:a.py")
    (space.root / ".git" / "info" / "attributes").write_text("a.py text eol=crlf\n")
    (space.root / "a.py").unlink()
    space.git("checkout", "--", "a.py")
    assert (space.root / "a.py").read_bytes() == b"a = 1\r\n"
    assert (space.git("rev-parse", "HEAD:a.py"), space.git("status", "--porcelain")) == (before, "")
    assert lint(space) == (1, False)
    assert looked_at(tool)[-1] == {"a.py"}


def test_a_branch_and_back_is_known_with_what_each_holds(space: Space) -> None:
    tool = with_ruff(space)
    space.init()
    assert lint(space) == (1, False)
    space.git("checkout", "-q", "-b", "mended")
    space.write("bad.py", "b = 1\n")
    space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(stdout="[]"))
    space.commit("mend")
    assert lint(space) == (0, False), "the fake is another program by now, so all is looked at again"
    space.git("checkout", "-q", "main")
    assert lint(space)[1] is False, "the bad file has never been seen by this program"
    space.git("checkout", "-q", "mended")
    assert lint(space) == (0, True)
    assert len(looked_at(tool)) == 1


def test_two_trees_that_share_a_cache_never_take_what_is_the_others(space: Space) -> None:
    with_ruff(space)
    space.init()
    other = space.folder / "other"
    space.git("worktree", "add", "-q", str(other), "-b", "other")
    (other / "bad.py").unlink()
    for _ in range(3):
        processes = [space.start("run", str(path), "--no-provision", "--no-backup", "--json", "--only", "ruff.lint*") for path in (space.root, other)]
        told = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        assert [[found["file"] for found in each["findings"]] for each in told] == [["bad.py"], []]
    assert [lint(space)[0], lint(space, str(other))[0]] == [1, 0]
