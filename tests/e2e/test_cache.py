"""What a second run takes from the cache and what it looks at again, with fake tools that count their calls; and with real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.store.cache import read_packed, write_packed
from tests.fakes.space import Answer, Ended, FakeTool, Space

CLEAN = Answer(stdout="[]")
JOB = "B2/ruff.lint@app"
VERSION = Answer(when=("--version",), stdout="ruff 0.17.5\n")
CI = "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n"


def unused(file: str) -> str:
    return json.dumps([{"code": "F401", "name": "unused-import", "message": "`os` imported but unused", "severity": "error", "filename": file, "fix": None,
                        "location": {"row": 1, "column": 8}, "end_location": {"row": 1, "column": 10}, "url": "", "noqa_row": 1, "cell": None}])


BAD = Answer(when=("bad.py",), stdout=unused("bad.py"), exit_code=1)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "cat"))


def repository(space: Space, *answers: Answer, configuration: str = "") -> FakeTool:
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nline-length = 100\n')
    space.write("a.py", "a = 1\n")
    space.write("b.py", "b = 1\n")
    space.write(".github/workflows/ci.yml", CI)
    space.write("gatekeeper.yaml", f"version: 1\n{configuration}")
    tool = space.fake("ruff", VERSION, *answers)
    space.init()
    return tool


def run(space: Space, *options: str, env: dict[str, str] | None = None, only: str = "ruff.lint*") -> Ended:
    return space.run("run", ".", "--no-provision", "--no-backup", "--json", "--only", only, *options, env=env)


def checks(tool: FakeTool) -> list[set[str]]:
    """The files of each call that checked something."""
    return [{word for word in call.argv if word.endswith(".py")} for call in tool.calls if "--version" not in call.argv]


def job(ended: Ended, name: str = JOB) -> dict[str, Any]:
    return next(job for job in ended.json()["jobs"] if job["id"] == name)


def test_what_has_not_changed_is_not_looked_at_again_and_says_so(space: Space) -> None:
    tool = repository(space, CLEAN)
    first, second = run(space), run(space)
    assert (first.exit_code, second.exit_code) == (0, 0), second
    assert checks(tool) == [{"a.py", "b.py"}]
    assert (job(first)["from_cache"], job(second)["from_cache"]) == (False, True)
    shown = space.run("show", "--verbose")
    assert "from cache" in shown.stdout


def test_a_failure_comes_again_with_its_findings_and_its_log(space: Space) -> None:
    space.write("bad.py", "import os\n")
    tool = repository(space, BAD)
    first, second = run(space), run(space)
    assert (first.exit_code, second.exit_code, len(checks(tool))) == (1, 1, 1), second
    assert job(second)["from_cache"]
    assert [(found["file"], found["line"], found["rule"]) for found in second.json()["findings"]] == [("bad.py", 1, "F401")]
    assert first.json()["findings"] == second.json()["findings"]
    assert "unused-import" in space.run("logs", "ruff.lint").stdout


def test_one_changed_file_is_looked_at_alone_and_the_findings_of_others_stay(space: Space) -> None:
    space.write("bad.py", "import os\n")
    tool = repository(space, BAD, CLEAN)
    run(space)
    space.write("a.py", "a = 2\n")
    ended = run(space)
    assert checks(tool) == [{"a.py", "b.py", "bad.py"}, {"a.py"}]
    assert ended.exit_code == 1, ended
    assert [found["file"] for found in ended.json()["findings"]] == ["bad.py"]
    assert "2 of 3 files from the cache" in job(ended)["message"]
    assert job(run(space))["from_cache"]
    assert "a.py" in space.run("explain", JOB, "--run", ended.json()["run_id"]).stdout


def test_our_own_look_at_every_file_is_kept_file_by_file(space: Space) -> None:
    repository(space, CLEAN)
    space.write("broken.json", "{")
    first = run(space, only="hygiene.*")
    assert (first.exit_code, job(run(space, only="hygiene.*"), "A1/hygiene.check")["from_cache"]) == (1, True), first
    space.write("a.py", "<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    second = run(space, only="hygiene.*")
    assert sorted({found["file"] for found in second.json()["findings"]}) == ["a.py", "broken.json"], second
    assert "from the cache" in job(second, "A1/hygiene.check")["message"]


def test_content_decides_and_not_the_time_of_a_file(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    os.utime(space.root / "a.py", (1, 1))
    assert job(run(space))["from_cache"]
    # the same size and the same time as before, but another content
    space.write("a.py", "a = 7\n")
    os.utime(space.root / "a.py", (1, 1))
    assert not job(run(space))["from_cache"]
    assert checks(tool)[-1] == {"a.py"}


def test_going_back_to_what_was_is_known(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    space.write("a.py", "a = 2\n")
    run(space)
    space.write("a.py", "a = 1\n")
    assert job(run(space))["from_cache"]
    assert len(checks(tool)) == 2


@pytest.mark.parametrize("change", ["configuration", "configuration above", "new file", "file gone", "variable", "tool"])
def test_whatever_may_change_the_answer_makes_it_look_at_everything_again(space: Space, change: str) -> None:
    tool = repository(space, CLEAN)
    assert run(space).exit_code == 0
    env: dict[str, str] = {}
    match change:
        case "configuration":
            space.write("pyproject.toml", space.read("pyproject.toml").replace("100", "80"))
        case "configuration above":
            (space.folder / "ruff.toml").write_text("line-length = 80\n")
        case "new file":
            space.write("c.py", "")
        case "file gone":
            (space.root / "b.py").unlink()
        case "variable":
            env = {"RUFF_OUTPUT": "x"}
        case "tool":
            tool.path.write_text(tool.path.read_text() + "# another build\n")
    ended = run(space, env=env)
    assert not job(ended)["from_cache"], ended
    assert checks(tool)[-1] == {path.name for path in space.root.glob("*.py")}
    told = space.run("explain", JOB).stdout
    assert {"configuration": "configuration pyproject.toml changed", "configuration above": "configuration ../ruff.toml is new", "new file": "names of files", "file gone": "names of files", "variable": "variable RUFF_OUTPUT is new",
            "tool": "program "}[change] in told, told


@pytest.mark.parametrize(("said", "path"), [
    ("../base.toml", "../base.toml"), ("~/base.toml", "../home/base.toml"), ("made.toml", "made.toml"), ("my base.toml", "my base.toml"), ("noext", "noext"),
    ("${CONFIGS}/base.toml", "../configs/base.toml"),
])
def test_what_a_configuration_extends_counts_wherever_it_lies(space: Space, said: str, path: str) -> None:
    tool = repository(space, CLEAN)
    space.write(".gitignore", "made.toml\n")
    space.write("pyproject.toml", f'[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nextend = "{said}"\n')
    base = space.root / path if "home" not in path else space.home / "base.toml"
    base.parent.mkdir(exist_ok=True)
    base.write_text("line-length = 100\n")
    env = {"CONFIGS": str(space.folder / "configs")}
    run(space, env=env)
    assert job(run(space, env=env))["from_cache"]
    base.write_text("line-length = 10\n")
    assert not job(run(space, env=env))["from_cache"]
    assert checks(tool)[-1] == {"a.py", "b.py"}


def test_configuration_named_on_the_command_line_and_of_a_user_counts(space: Space) -> None:
    tool = repository(space, CLEAN)
    space.write(".github/workflows/ci.yml", CI.replace("ruff check", "ruff check --config=ci/strict.cfg"))
    space.write("ci/strict.cfg", "line-length = 100\n")
    user = space.folder / "xdg" / "ruff" / "ruff.toml"
    user.parent.mkdir(parents=True)
    env = {"XDG_CONFIG_HOME": str(space.folder / "xdg")}
    run(space, env=env)
    assert job(run(space, env=env))["from_cache"]
    user.write_text("line-length = 10\n")
    assert not job(run(space, env=env))["from_cache"]
    space.write("ci/strict.cfg", "line-length = 10\n")
    assert not job(run(space, env=env))["from_cache"]
    assert len(checks(tool)) == 3


@pytest.mark.parametrize("made", ["made/__init__.py", "made.py", "../other/src/made.py"])
def test_a_module_that_appears_decides_what_an_import_means_whoever_ignores_it(space: Space, made: str) -> None:
    repository(space, CLEAN)
    space.write(".gitignore", "made*\n")
    space.write("pyproject.toml", f'[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nsrc = [".", "{space.folder}/other/src"]\n')
    (space.folder / "other" / "src").mkdir(parents=True)
    run(space)
    assert job(run(space))["from_cache"]
    (space.root / made).parent.mkdir(exist_ok=True)
    (space.root / made).write_text("")
    assert not job(run(space))["from_cache"]


@pytest.mark.parametrize("how", ["variable", "configuration", "another component"])
def test_types_from_places_beyond_the_component_are_measured_anew(space: Space, how: str) -> None:
    """A stale hit was seen for each of these, with the real tool."""
    tool = space.fake("mypy", Answer(when=("--version",), stdout="mypy 2.4.1 (compiled: yes)\n"), Answer(stderr="Success: no issues found in 1 source file\n"))
    outside = space.folder / "stubs"
    outside.mkdir()
    (outside / "yy.pyi").write_text("def f() -> int: ...\n")
    space.write("libs/a/pyproject.toml", '[project]\nname = "a"\nversion = "1"\n')
    space.write("libs/a/a.py", "import yy\n")
    space.write("libs/b/pyproject.toml", '[project]\nname = "b"\nversion = "1"\n')
    space.write("libs/b/yy.py", "def f() -> int:\n    return 1\n")
    named = {"configuration": str(outside), "another component": "$MYPY_CONFIG_FILE_DIR/libs/b"}.get(how)
    space.write("pyproject.toml", f'[tool.mypy]\nmypy_path = "{named}"\n' if named else "[tool.mypy]\n")
    space.init()
    space.python_env()
    env = {"MYPYPATH": str(outside)} if how == "variable" else {}
    run(space, env=env, only="mypy*@libs-a")
    before = len(tool.calls)
    assert len(checked := [call for call in tool.calls if "--version" not in call.argv]) == 1, checked
    if how == "another component":
        again = job(run(space, env=env, only="mypy*@libs-a"), "B2/mypy.types@libs-a")
        assert again["from_cache"], (again, space.run("explain", "B2/mypy.types@libs-a").stdout)
    space.write("libs/b/yy.py", "def f() -> str:\n    return ''\n")
    (outside / "yy.pyi").write_text("def f() -> str: ...\n")
    assert not job(run(space, env=env, only="mypy*@libs-a"), "B2/mypy.types@libs-a")["from_cache"]
    assert len(tool.calls) > before


@pytest.mark.parametrize("answer", [Answer(stderr="panic!\n", exit_code=101), Answer(exit_code=-9), Answer(stdout="[{"), Answer(stdout="[]", writes={"a.py": "changed\n"})],
                         ids=["crashed", "killed", "unreadable", "wrote"])
def test_what_is_no_measurement_is_not_kept(space: Space, answer: Answer) -> None:
    tool = repository(space, answer)
    first = run(space)
    assert first.exit_code == 3, first
    space.write("a.py", "a = 1\n")
    assert not job(run(space))["from_cache"]
    assert checks(tool) == [{"a.py", "b.py"}] * 2


def test_no_cache_neither_takes_nor_keeps(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space, "--no-cache")
    assert not (space.home / ".cache" / "gatekeeper" / "results").exists()
    run(space)
    assert not job(run(space, "--no-cache"))["from_cache"]
    assert len(checks(tool)) == 3
    assert "--no-cache" in space.run("explain", JOB).stdout


def test_verifying_runs_what_is_known_again_and_a_difference_is_no_green(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    good = run(space, "--verify-cache")
    assert (good.exit_code, job(good)["from_cache"], len(checks(tool))) == (0, False, 2), good
    # the program is the same, what it says is not: the key lacks something
    spec = tool.log.with_suffix(".spec")
    spec.write_text(spec.read_text().replace('"stdout": "[]"', f'"stdout": {json.dumps(unused("a.py"))}').replace('"exit_code": 0, "writes": {}}]', '"exit_code": 1, "writes": {}}]'))
    bad = run(space, "--verify-cache")
    assert bad.exit_code == 3, bad
    assert "the cache held another result" in job(bad)["message"]
    again = run(space)
    assert (again.exit_code, job(again)["from_cache"]) == (1, False), again


def test_damaged_entries_are_as_good_as_none(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    entries = [path for path in (space.home / ".cache" / "gatekeeper" / "results").rglob("*") if path.is_file()]
    assert entries
    for number, path in enumerate(entries):
        data = path.read_bytes()
        path.write_bytes([data[:len(data) // 2], b"", data[:-1] + b"\xff", b"\0" * len(data)][number % 4])
    ended = run(space)
    assert (ended.exit_code, job(ended)["from_cache"], len(checks(tool))) == (0, False, 2), ended
    assert job(run(space))["from_cache"]


def test_a_cache_that_others_can_write_is_not_believed_and_costs_one_line(space: Space) -> None:
    repository(space, CLEAN)
    assert run(space).exit_code == 0
    folder = space.home / ".cache" / "gatekeeper" / "results" / "1"
    folder.chmod(0o777)
    ended = run(space)
    assert (ended.exit_code, job(ended)["from_cache"]) == (0, False), ended
    assert sum("others can write there" in note for note in ended.json()["notes"]) == 1


def test_a_secret_never_reaches_the_cache(space: Space) -> None:
    secret = "ghp_" + "a1B2" * 9
    tool = repository(space, Answer(stdout="[]", stderr=f"token {secret}\n"))
    run(space)
    assert not job(run(space))["from_cache"]
    assert len(checks(tool)) == 2
    assert not [path for path in (space.home / ".cache").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_task_is_run_each_time_unless_the_repository_says_what_it_depends_on(space: Space) -> None:
    task = "tasks:\n  - {id: one, batch: beta, argv: [counted]}\n  - {id: two, batch: beta, argv: [known], cache: tree}\n"
    counted, known = space.fake("counted"), space.fake("known")
    repository(space, CLEAN, configuration=task)
    for _ in range(2):
        assert run(space, only="*/*").exit_code in (0, 3)
    assert (len(counted.calls), len(known.calls)) == (2, 1)
    space.write("notes.md", "anything in the tree counts\n")
    run(space, only="*/*")
    assert (len(counted.calls), len(known.calls)) == (3, 2)
    space.write(".gitignore", "generated.json\n")
    run(space, only="*/two")
    space.write("generated.json", "{}")
    run(space, only="*/two")
    assert len(known.calls) == 4, "what git ignores is read like everything else"
    assert "generated.json is new" in space.run("explain", "two").stdout


def test_the_verbs_tell_and_remove(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    assert space.run("cache", "size", "--json").json()["entries"] >= 1
    assert space.run("cache", "prune").exit_code == 0
    assert job(run(space))["from_cache"]
    assert space.run("cache", "prune", "--older", "nonsense").exit_code == 2
    assert space.run("cache", "prune", "--max", "much").exit_code == 2
    assert space.run("cache", "clear").exit_code == 0
    assert space.run("cache", "size", "--json").json()["entries"] == 0
    run(space)
    assert len(checks(tool)) == 2


def test_two_runs_at_once_both_get_it_right(space: Space) -> None:
    space.write("bad.py", "import os\n")
    repository(space, BAD, CLEAN)
    runs = [space.start("run", ".", "--no-provision", "--no-backup", "--json", "--only", "ruff.lint*") for _ in range(4)]
    assert [(process.communicate(timeout=60), process.returncode)[1] for process in runs] == [1] * 4
    assert run(space).exit_code == 1


def test_strict_mode_and_fixing_take_nothing_from_the_cache(space: Space) -> None:
    tool = repository(space, CLEAN)
    run(space)
    run(space, "--mode", "strict", "--yes")
    run(space, "--fix")
    assert len(checks(tool)) == 3


def test_an_audit_is_known_for_a_day_and_says_its_age(space: Space) -> None:
    audit = space.fake("cargo-audit", Answer(when=("--version",), stdout="cargo-audit 0.22.2\n"),
                       Answer(stdout='{"lockfile": {"dependency-count": 3}, "vulnerabilities": {"list": []}, "warnings": {}}'))
    space.fake("cargo", Answer(when=("--version",), stdout="cargo 1.95.0 (abc 2026-01-01)\n"))
    space.fake("rustc", Answer(when=("--version",), stdout="rustc 1.95.0 (abc 2026-01-01)\n"))
    space.write("Cargo.toml", '[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n')
    space.write("Cargo.lock", "version = 4\n")
    space.write("src/lib.rs", "pub fn a() {}\n")
    space.init()

    def audits() -> tuple[bool, int, str]:
        ended = run(space, only="cargo-audit*")
        name = next(each["id"] for each in ended.json()["jobs"] if "cargo-audit" in each["id"])
        return job(ended, name)["from_cache"], sum("audit" in call.argv for call in audit.calls), job(ended, name)["message"]

    assert audits()[:2] == (False, 1)
    known, calls, message = audits()
    assert (known, "as of 0 min ago" in message) == (True, True), message
    space.write("src/lib.rs", "pub fn b() {}\n")
    assert audits()[:2] == (True, calls), "what is asked is what is declared and locked, not the code"
    _age(space, 25 * 3600)
    assert audits()[0] is False
    space.write("Cargo.lock", "version = 4\n# another\n")
    assert audits()[0] is False
    assert audits()[0] is True
    _age(space, -3600)
    assert audits()[0] is False, "the clock was set back: it may be as old as you like"


def _age(space: Space, seconds: float) -> None:
    """Makes every entry so much older."""
    for path in (space.home / ".cache" / "gatekeeper" / "results").rglob("*"):
        entry = read_packed(str(path)) if path.is_file() else None
        if isinstance(entry, dict) and "made" in entry:
            write_packed(str(path), {**entry, "made": entry["made"] - seconds})
