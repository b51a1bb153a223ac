"""From settings to a plan in scratch repositories: scope, exclusions, what is installed by looking (nothing)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.errors import ConfigError, TreeError, UsageError
from gatekeeper.execute.helper import run_helper
from gatekeeper.model.settings import Settings
from gatekeeper.session.equip import equipment
from gatekeeper.session.look import in_scope, look, make_plan, see


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Python package beside a folder of generated code, in git, with one commit."""
    folder = tmp_path / "repo"
    for name, text in {"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n[tool.ruff]\n', "demo.py": "import os\n", "generated/x.py": "x = 1\n",
                       "scripts/tool.py": "y = 1\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first")):
        assert run_helper(("git", *words), cwd=str(folder), env=environment(folder)).ok
    return folder


def environment(root: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}


def test_a_repository_is_seen_with_its_components(root: Path) -> None:
    assert [component.name for component in look(Settings(root=str(root)), environment(root)).components] == ["demo"]


def test_what_the_configuration_excludes_is_as_if_it_were_not_there(root: Path) -> None:
    sight = see(Settings(root=str(root), exclude=("generated/**",)), environment(root))
    assert "generated/x.py" not in sight.tree.files
    assert "demo.py" in sight.tree.files


def test_staged_files_are_those_of_the_index(root: Path) -> None:
    (root / "demo.py").write_text("import sys\n")
    sight = see(Settings(root=str(root), scope="staged"), environment(root))
    assert in_scope(sight).files == ()
    assert run_helper(("git", "add", "demo.py"), cwd=str(root), env=environment(root)).ok
    assert in_scope(sight).files == ("demo.py",)


def test_named_files_start_at_the_folder_that_the_call_was_made_in(root: Path) -> None:
    settings = Settings(root=str(root), scope="files", files=("tool.py",), invoked_from=str(root / "scripts"))
    assert in_scope(see(settings, environment(root))).files == ("scripts/tool.py",)


@pytest.mark.parametrize("scope", ["staged", "changed", "since"])
def test_a_scope_of_git_needs_git(tmp_path: Path, scope: str) -> None:
    with pytest.raises(UsageError, match=f"--{scope}"):
        in_scope(see(Settings(root=str(tmp_path), scope=scope, since="HEAD"), {"PATH": os.environ["PATH"]}))


def test_a_pipeline_of_the_repositorys_own_is_taken_from_its_root(root: Path) -> None:
    (root / "mine.yaml").write_text("version: 1\nname: mine\nbatches:\n  - {id: one, title: One, tasks: [{id: T1, title: Lint, roles: [lint]}]}\n")
    plan = make_plan(Settings(root=str(root), pipeline="mine.yaml", provision=False), environment(root))
    assert plan.pipeline == "mine"
    assert {job.batch for job in plan.jobs} == {"one"}


def test_a_pipeline_that_is_not_there_is_an_error_of_the_user(root: Path) -> None:
    with pytest.raises(ConfigError):
        see(Settings(root=str(root), pipeline="none.yaml"), environment(root))
    with pytest.raises(TreeError):
        see(Settings(root=str(root / "none")), environment(root))


def test_planning_installs_nothing_and_writes_nothing_into_the_tree(root: Path) -> None:
    before = sorted(str(path) for path in root.rglob("*"))
    plan = make_plan(Settings(root=str(root)), environment(root))
    assert plan.jobs
    assert sorted(str(path) for path in root.rglob("*")) == before
    tools = root.parent / ".cache" / "gatekeeper" / "tools"
    assert not tools.exists() or list(tools.iterdir()) == []


def test_a_cache_folder_that_is_not_absolute_is_none(root: Path, tmp_path: Path) -> None:
    """`XDG_CACHE_HOME=cache` would put a cache into whatever folder the call was made in."""
    here = sorted(tmp_path.iterdir())
    make_plan(Settings(root=str(root)), {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": "cache"})
    assert not (Path.cwd() / "cache").exists()
    assert sorted(tmp_path.iterdir()) == here


def test_the_equipment_tells_tools_and_missing_dependencies(root: Path) -> None:
    found = equipment(Settings(root=str(root)), environment(root))
    assert "ruff" in {row.tool for row in found.tools}
