"""A changed configuration, lockfile or pin makes a tool look again at all that it governs, and the plan says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.plan import Plan
from gatekeeper.model.settings import CustomTask, Settings
from gatekeeper.model.tool import Effect
from gatekeeper.plan.make import make
from tests.fakes.planning import inputs, python_component, rust_component, script_component, use

FILES = ("a.py", "b.py", "c/d.py", "ruff.toml", "pyproject.toml", "mypy.ini", "gatekeeper.yaml", "c/ruff.toml", "README.md")


def python(*changed: str, scope: str = "all", deleted: tuple[str, ...] = (), settings: Settings | None = None) -> Plan:
    return make(inputs(python_component(use("ruff"), use("mypy")), files=FILES, scope=changed, deleted=deleted, scope_name="changed files",
                       settings=settings or Settings(scope=scope)))


def files(plan: Plan, job: str) -> tuple[str, ...]:
    return next((tuple(file for file in one.files if file.endswith((".py", ".js", ".sol", ".rs"))) for one in plan.jobs if job in one.id), ())


def planned(plan: Plan, job: str) -> bool:
    return any(job in one.id for one in plan.jobs)


@pytest.mark.parametrize("changed", ["ruff.toml", "pyproject.toml", ".pre-commit-config.yaml", "gatekeeper.yaml", "requirements-dev.txt", "requirements/dev.txt", "uv.lock"])
def test_a_file_that_decides_what_ruff_says_makes_it_look_at_every_file(changed: str) -> None:
    plan = python(changed, "a.py")
    assert files(plan, "ruff.lint") == ("a.py", "b.py", "c/d.py")
    assert any(note.startswith(f"{changed} changed, so ") and "app" not in note for note in plan.notes)


def test_another_tools_configuration_makes_it_look_at_nothing_more() -> None:
    plan = python("mypy.ini", "a.py")
    assert files(plan, "ruff.lint") == ("a.py",)
    assert planned(plan, "mypy.")
    assert [note for note in plan.notes if "mypy.ini" in note and "ruff" in note] == []


def test_without_such_a_change_only_what_is_in_scope_is_looked_at() -> None:
    plan = python("a.py", "README.md")
    assert files(plan, "ruff.lint") == ("a.py",)
    assert plan.notes == ()


def test_a_configuration_further_in_governs_what_lies_below_it() -> None:
    assert files(python("c/ruff.toml", "a.py"), "ruff.lint") == ("a.py", "c/d.py")


def test_a_configuration_that_was_deleted_counts_like_one_that_changed() -> None:
    assert files(python("a.py", deleted=("ruff.toml",)), "ruff.lint") == ("a.py", "b.py", "c/d.py")


def test_a_configuration_above_the_component_governs_it() -> None:
    parts = inputs(python_component(use("ruff"), use("mypy"), root="api"), files=("api/a.py", "api/b.py", "ruff.toml", "mypy.ini"), scope=("ruff.toml", "mypy.ini"))
    plan = make(parts)
    assert files(plan, "ruff.lint") == ("api/a.py", "api/b.py")
    assert planned(plan, "mypy.")


def test_a_configuration_in_another_component_governs_nothing_here() -> None:
    parts = inputs(python_component(use("ruff"), root="api"), python_component(use("ruff"), id="web", root="web"),
                   files=("api/a.py", "web/b.py", "web/ruff.toml"), scope=("web/ruff.toml",))
    plan = make(parts)
    assert [one.component for one in plan.jobs if one.command == "ruff.lint"] == ["web"]


def test_files_that_somebody_names_are_looked_at_and_no_others() -> None:
    assert files(python("ruff.toml", "a.py", scope="files"), "ruff.lint") == ("a.py",)


def test_fixers_touch_only_what_is_in_scope() -> None:
    plan = make(inputs(python_component(use("black")), files=FILES, scope=("pyproject.toml", "a.py"), settings=Settings(fix=True)))
    fixers = [one for one in plan.jobs if one.effect is Effect.WRITES]
    assert [(one.command, one.files) for one in fixers] == [("black.format", ("a.py",))]
    assert [one.files for one in plan.jobs if one.command == "black.format" and one.effect is Effect.READS] == [("a.py", "b.py", "c/d.py")]


@pytest.mark.parametrize("changed", ["eslint.config.js", "package.json", "package-lock.json", ".eslintignore", "tsconfig.json"])
def test_eslint_looks_at_its_component_again(changed: str) -> None:
    web = script_component(root="web")
    web = replace(web, tools=(use("eslint"),))
    plan = make(inputs(web, files=("web/a.js", "web/b.js", "web/package.json", changed), scope=(changed,)))
    assert files(plan, "eslint.lint") == ("web/a.js", "web/b.js")


@pytest.mark.parametrize("changed", ["Cargo.toml", "Cargo.lock", "clippy.toml", ".cargo/config.toml", "rust-toolchain.toml"])
def test_clippy_looks_at_its_crate_again(changed: str) -> None:
    core = rust_component(use("clippy"), root="core")
    plan = make(inputs(core, files=("core/src/lib.rs", "core/Cargo.toml", changed), scope=(changed,)))
    assert planned(plan, "clippy.")
    assert not planned(make(inputs(core, files=("core/src/lib.rs", "README.md"), scope=("README.md",))), "clippy.")


def test_a_tsconfig_that_others_extend_makes_tsc_look_again() -> None:
    web = replace(script_component(root="web"), language=Language.TYPESCRIPT, kind=Kind.NPM_PACKAGE, tools=(use("tsc"),))
    assert planned(make(inputs(web, files=("web/a.ts", "tsconfig.base.json"), scope=("tsconfig.base.json",))), "/tsc.")


def test_a_task_whose_script_changed_looks_at_every_file() -> None:
    task = CustomTask(id="own", batch="beta", argv=("python", "./tools/own.py"), takes="files")
    settings = Settings(tasks=(task,))
    parts = inputs(python_component(), files=("a.py", "b.py", "tools/own.py"), scope=("tools/own.py",), settings=settings)
    assert files(make(parts), "/own") == ("a.py", "b.py", "tools/own.py")
    assert files(make(replace(parts, scope=("a.py",))), "/own") == ("a.py",)


def test_our_own_configuration_widens_everything_and_is_named_once() -> None:
    components: tuple[Component, ...] = (python_component(use("ruff"), root="api"), replace(script_component(root="web"), tools=(use("eslint"),)))
    plan = make(inputs(*components, files=("api/a.py", "web/b.js", "gatekeeper.yaml"), scope=("gatekeeper.yaml",)))
    assert files(plan, "ruff.lint") == ("api/a.py",)
    assert planned(plan, "eslint.lint")
    assert sum("gatekeeper.yaml changed, so every tool looks at everything" in note for note in plan.notes) == 1
