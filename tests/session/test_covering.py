"""What is looked at again of the groups of files, after a job that may have made some."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.execute.helper import run_helper
from gatekeeper.model.component import Component, Detection, Kind, Language
from gatekeeper.model.pipeline import Catalog, Pipeline
from gatekeeper.model.ports import Completed
from gatekeeper.model.settings import Settings
from gatekeeper.session import inputs
from gatekeeper.session.covering import Covering, UncachedError
from gatekeeper.session.inputs import TooManyError
from gatekeeper.session.look import Sight
from gatekeeper.session.mentions import Mentions
from gatekeeper.tree.digests import Digests
from gatekeeper.tree.files import read_tree
from gatekeeper.tree.git import Git

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
PARTS = tuple(Component(id=name, root=name, language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name=name, manifest=f"{name}/pyproject.toml") for name in ("a", "b"))


class Counted:
    """A runner that knows how often files were listed."""

    def __init__(self) -> None:
        self.listed = 0

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.listed += "--ignored" in argv
        return run_helper(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder was touched long ago, as far as anybody can tell."""
    monkeypatch.setattr("gatekeeper.tree.times._SETTLED", -60.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / name / "built" / "empty").mkdir(parents=True)
        (tmp_path / name / "mod.py").write_text("x = 1\n")
        (tmp_path / name / "built" / "made.py").write_text("y = 1\n")
    (tmp_path / ".gitignore").write_text("built/\n")
    assert run_helper(("git", "init", "-q"), cwd=str(tmp_path), env=ENVIRONMENT).ok
    assert run_helper(("git", "add", "."), cwd=str(tmp_path), env=ENVIRONMENT).ok
    return tmp_path


def covering(root: Path, runner: Counted) -> Covering:
    sight = Sight(settings=Settings(root=str(root)), environment=ENVIRONMENT, runner=runner, tree=read_tree(str(root), runner, ENVIRONMENT), git=Git(runner, str(root), ENVIRONMENT),
                  catalog=Catalog(tools=(), pipeline=Pipeline(name="default", batches=())), detection=Detection(root=str(root), components=PARTS))
    return Covering(sight, PARTS, Digests(str(root), clock=lambda: time.time() + 60), Mentions(str(root), ENVIRONMENT))


def test_where_nothing_came_or_went_files_are_listed_once_more_and_then_never_again(root: Path, settled: None) -> None:
    runner = Counted()
    groups = covering(root, runner)
    held = dict(groups.held())
    for _ in range(3):
        groups.look_again()
        assert groups.held() == held
    assert runner.listed == 2


@pytest.mark.parametrize("runner", [".turbo", ".nx", ".moon", ".task", ".wireit"])
def test_what_another_runner_notes_for_itself_changes_nothing(root: Path, runner: str) -> None:
    (root / ".gitignore").write_text(f"built/\n{runner}/\n")
    (root / runner / "states").mkdir(parents=True)
    (root / runner / "states" / "last.json").write_text('{"time": 1}')
    before = dict(covering(root, Counted()).held())
    (root / runner / "states" / "last.json").write_text('{"time": 2}')
    assert covering(root, Counted()).held() == before


def test_where_folders_were_just_touched_files_are_listed_each_time(root: Path) -> None:
    runner = Counted()
    groups = covering(root, runner)
    for _ in range(3):
        groups.look_again()
        groups.held()
    assert runner.listed == 3


@pytest.mark.parametrize("change", [
    lambda root: (root / "a" / "built" / "made.py").write_text("y = 2\n"),
    lambda root: (root / "a" / "built" / "made.py").unlink(),
    lambda root: (root / "a" / "built" / "more.py").write_text(""),
    lambda root: (root / "a" / "built" / "empty" / "more.json").write_text("{}"),
], ids=["another content", "a file less", "a file more", "a file in a folder that was empty"])
@pytest.mark.parametrize("looks", [0, 1, 2])
def test_of_what_is_ignored_each_change_is_seen_in_its_group_alone(root: Path, change: Callable[[Path], object], looks: int, settled: None) -> None:
    groups = covering(root, Counted())
    before = dict(groups.held())
    for _ in range(looks):
        groups.look_again()
        groups.held()
    change(root)
    groups.look_again()
    after = groups.held()
    assert {name for name in before if before[name] != after[name]} == {"a"}
    assert after == covering(root, Counted()).held()


def test_what_cannot_be_listed_is_not_taken_for_what_was_there(root: Path, monkeypatch: pytest.MonkeyPatch, settled: None) -> None:
    groups = covering(root, Counted())
    groups.held()
    monkeypatch.setattr(inputs, "MOST", 0)
    for _ in range(3):
        groups.look_again()
        with pytest.raises(TooManyError):
            groups.held()


def test_a_file_that_leads_out_of_the_tree_is_named_also_when_a_job_has_made_it(root: Path, settled: None) -> None:
    groups = covering(root, Counted())
    all_of_them = groups.covered(None, frozenset())
    groups.stay_inside(all_of_them)
    (root / "a" / "built" / "tsconfig.json").write_text('{"extends": "../../../base.json"}')
    groups.look_again()
    with pytest.raises(UncachedError, match=r"a/built/tsconfig\.json speaks of files outside"):
        groups.stay_inside(groups.covered(None, frozenset()))


def test_a_file_that_comes_to_speak_of_places_above_makes_its_component_depend_on_everything(root: Path, settled: None) -> None:
    groups = covering(root, Counted())
    assert "b" not in groups.covered(PARTS[0], frozenset())
    (root / "a" / "built" / "made.py").write_text("open('../../b/mod.py')\n")
    groups.look_again()
    assert "b" in groups.covered(PARTS[0], frozenset())
