"""The tools of the work tree, lent to a checkout of its base: the same where both sides declare the same, none where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.execute.helper import run_helper
from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.settings import Settings
from gatekeeper.model.tool import LocatedTool, MissingTool
from gatekeeper.session.borrowed import Borrowed
from gatekeeper.session.look import Sight, see
from tests.fakes.planning import FakeToolbox, catalog

PACKAGE = '{"name": "web", "version": "1.0.0", "devDependencies": {"eslint": "^9"}}'
FILES = {"web/package.json": PACKAGE, "web/package-lock.json": "{}", "web/a.js": "1\n", "api/pyproject.toml": '[project]\nname = "api"\nversion = "1"\n', "api/a.py": ""}


def sight(root: Path, **changed: str) -> Sight:
    for name, text in {**FILES, **{name.replace("__", "/").replace("_", "."): text for name, text in changed.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return see(Settings(root=str(root)), {"PATH": "", "HOME": str(root)}, run_helper)


@pytest.fixture
def here(tmp_path: Path) -> Sight:
    found = sight(tmp_path / "here")
    (tmp_path / "here" / "web" / "node_modules").mkdir()
    return found


def component(of: Sight, language: Language) -> Component:
    return next(one for one in of.detection.components if one.language is language)


def test_a_tool_is_the_one_that_the_work_tree_would_use(here: Sight, tmp_path: Path) -> None:
    there = sight(tmp_path / "there")
    tool = catalog().tool("ruff")
    assert tool is not None
    borrowed, api = Borrowed(FakeToolbox(), here, there), component(there, Language.PYTHON)
    assert borrowed.locate(tool, api) == FakeToolbox().locate(tool, component(here, Language.PYTHON))
    assert isinstance(borrowed.locate(tool, None), LocatedTool)
    assert borrowed.python(api) == "/venv/bin/python"


def test_dependencies_are_there_only_where_both_sides_declare_the_same(here: Sight, tmp_path: Path) -> None:
    same, other, locked = (sight(tmp_path / name, **changed) for name, changed in (
        ("same", {}), ("other", {"web__package_json": PACKAGE.replace("9", "8")}), ("locked", {"web__package-lock_json": "[]"})))
    def missing(there: Sight) -> MissingTool | None:
        return Borrowed(FakeToolbox(), here, there).dependencies(component(there, Language.JAVASCRIPT))

    assert missing(same) is None
    for there in (other, locked):
        lack = missing(there)
        assert lack is not None
        assert lack.dependencies
        assert "other dependencies" in lack.reason


def test_what_the_work_tree_lacks_the_base_lacks_too(here: Sight, tmp_path: Path) -> None:
    lack = MissingTool(reason="not installed", hint="npm ci", dependencies=True)
    there = sight(tmp_path / "there")
    web = component(there, Language.JAVASCRIPT)
    assert Borrowed(FakeToolbox(lacking={web.id: lack}), here, there).dependencies(web) == lack


def test_a_component_that_is_gone_has_no_tools(here: Sight, tmp_path: Path) -> None:
    there = sight(tmp_path / "there")
    gone = Component(id="old", root="old", language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name="old", manifest="old/pyproject.toml")
    tool, borrowed = catalog().tool("ruff"), Borrowed(FakeToolbox(), here, there)
    assert tool is not None
    assert isinstance(borrowed.locate(tool, gone), MissingTool)
    assert borrowed.dependencies(gone) is not None
    assert (borrowed.python(gone), borrowed.site_packages(gone), borrowed.solc(gone)) == (None, None, None)


def test_installed_modules_are_linked_only_where_both_sides_declare_the_same(here: Sight, tmp_path: Path) -> None:
    same, other = sight(tmp_path / "same"), sight(tmp_path / "other", web__package_json=PACKAGE.replace("9", "8"))
    for there in (same, other):
        Borrowed(FakeToolbox(), here, there).link_modules()
    assert (tmp_path / "same" / "web" / "node_modules").resolve() == (tmp_path / "here" / "web" / "node_modules").resolve()
    assert not (tmp_path / "other" / "web" / "node_modules").exists()
