"""A plan made ready for one run directory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.tool import Role
from gatekeeper.session.prepare import prepared, record_path
from gatekeeper.tree.files import Tree
from tests.fakes.planning import python_component

JOB = Job(id="A1/hygiene.check", task="A1", batch="alpha", command="hygiene.check", tool_id="hygiene", role=Role.HYGIENE, component=None,
          argv=(), cwd=".", reason=Reason(kind="builtin", detail=""))


def ready(tmp_path: Path, *argv: str, files: tuple[str, ...] = (), asked: list[str] | None = None) -> tuple[str, ...]:
    def inventory() -> object:
        (asked if asked is not None else []).append("inventory")
        return [{"tool": "ruff"}]

    plan = Plan(root=str(tmp_path), pipeline="default", batches=(), jobs=(replace(JOB, argv=argv, files=files),), components=(python_component(),))
    tree = Tree(root=str(tmp_path), files=("a.py", "b\n\udcff.py"), git=False)
    (tmp_path / "run").mkdir(exist_ok=True)
    return prepared(plan, str(tmp_path / "run"), tree, list, inventory).jobs[0].argv


def test_known_files_are_listed_with_any_byte_in_their_names(tmp_path: Path) -> None:
    (_, place) = ready(tmp_path, "--known", "{known}")
    assert Path(place).read_bytes() == b"a.py\0b\n\xff.py\0"


def test_the_files_of_a_job_are_listed_in_a_file_of_its_own(tmp_path: Path) -> None:
    (word,) = ready(tmp_path, "--from={files_from}", files=("x.py", "y.py"))
    assert Path(word.removeprefix("--from=")).read_bytes() == b"x.py\0y.py\0"


def test_components_and_inventory_are_written_as_json(tmp_path: Path) -> None:
    components, inventory = ready(tmp_path, "{components}", "{inventory}")
    assert json.loads(Path(components).read_text())[0]["id"] == "api"
    assert json.loads(Path(inventory).read_text()) == [{"tool": "ruff"}]


def test_versions_are_only_asked_for_when_a_job_is_given_them(tmp_path: Path) -> None:
    asked: list[str] = []
    ready(tmp_path, "{run}", asked=asked)
    assert asked == []
    ready(tmp_path, "{inventory}", asked=asked)
    assert asked == ["inventory"]


def test_the_run_directory_and_the_record_have_their_places(tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    assert ready(tmp_path, "{run}", "{record}") == (run, record_path(run))


def test_what_the_executor_fills_in_stays(tmp_path: Path) -> None:
    assert ready(tmp_path, "--out={report}", "{work}") == ("--out={report}", "{work}")


def test_a_file_that_is_called_like_a_placeholder_stays_itself(tmp_path: Path) -> None:
    assert ready(tmp_path, "{run}.py", "{run}", files=("{run}.py",))[0] == "{run}.py"


def test_without_git_no_file_counts_as_added(tmp_path: Path) -> None:
    (place,) = ready(tmp_path, "{added}")
    assert Path(place).read_bytes() == b""
