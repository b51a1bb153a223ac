"""What a job's result depends on: names, groups of files, fewer files. Pure."""

from __future__ import annotations

from posixpath import relpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.tool import Command, ExitSpec, FailsAt, OutputSpec, Role, Takes
from gatekeeper.model.value import replace
from gatekeeper.plan.key import (
    Groups,
    climbing,
    configuration_names,
    declares,
    differing,
    digest_of,
    key_of,
    leads_out,
    narrowed,
    scope_of,
    section,
    spoken,
    user_configuration,
    variables,
    words_of,
)

COMMAND = Command(id="ruff.lint", tool="ruff", role=Role.LINT, takes=Takes.FILES, argv=("check", "{files}"), cache="file")
WHOLE = Command(id="prettier.format", tool="prettier", role=Role.FORMAT, takes=Takes.COMPONENT, argv=("--check", "{adopted|.}"), cache="file")
LIST = Command(id="hygiene.check", tool="hygiene", role=Role.HYGIENE, takes=Takes.REPOSITORY, argv=("--root", ".", "--files-from", "{files_from}"), cache="file")
JOB = Job(id="B2/ruff.lint@api", task="B2", batch="beta", command="ruff.lint", tool_id="ruff", role=Role.LINT, component="api", cwd="api",
          argv=("/bin/ruff", "check", "a.py", "./-b.py", "sub/c.py"), files=("api/-b.py", "api/a.py", "api/sub/c.py"), output=OutputSpec(parser="ruff-json"),
          exit=ExitSpec(), reason=Reason(kind="used", detail="CI"))


def component(name: str, root: str, *needs: str) -> Component:
    return Component(id=name, root=root, language=Language.TYPESCRIPT, kind=Kind.NPM_PACKAGE, name=name, manifest=f"{root}/package.json", depends_on=needs)


A, B, C, ROOT = component("a", "packages/a", "b"), component("b", "packages/b"), component("c", "packages/c"), component("root", ".")
FILES = ("package.json", "README.md", "docs/x.md", "tools/build.js", "packages/a/index.ts", "packages/a/src/deep/x.ts", "packages/a/inner/y.ts", "packages/b/index.ts", "packages/c/index.ts")


@given(st.dictionaries(st.text(), st.text()))
def test_a_key_does_not_depend_on_the_order_of_its_parts(parts: dict[str, str]) -> None:
    assert key_of(parts) == key_of(dict(reversed(parts.items())))


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_keys_differ_just_where_their_parts_do(before: dict[str, str], after: dict[str, str]) -> None:
    assert (key_of(before).digest == key_of(after).digest) == (before == after) == (differing(before, after) == ())


@given(st.lists(st.text()), st.lists(st.text()))
def test_words_do_not_run_into_each_other(one: list[str], other: list[str]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_names_of_files_that_are_no_text_have_a_digest_too() -> None:
    assert digest_of(("a\udcff",)) != digest_of(("a\udcfe",))


@pytest.mark.parametrize(("command", "job", "said", "scope"), [
    (COMMAND, JOB, None, "file"),
    (COMMAND, replace(JOB, fails_at=FailsAt.EXIT), None, "component"),
    (COMMAND, JOB, "none", "none"),
    (COMMAND, JOB, "tree", "tree"),
    (replace(COMMAND, cache="none"), JOB, "component", "component"),
    (WHOLE, replace(JOB, argv=("prettier", "--check", "src", "lib")), None, "component"),
    (WHOLE, replace(JOB, argv=("prettier", "--check", ".")), None, "file"),
    (LIST, replace(JOB, argv=("x", "--files-from", "/run/list")), None, "file"),
    (None, JOB, None, "none"),
    (None, JOB, "tree", "tree"),
], ids=range(10))
def test_the_scope_follows_the_catalogue_unless_the_repository_or_the_command_line_say_otherwise(command: Command | None, job: Job, said: str | None, scope: str) -> None:
    assert scope_of(job, command, said) == scope


def test_files_and_paths_of_one_run_are_no_part_of_the_command_line() -> None:
    assert words_of(JOB, COMMAND, {"/bin/": ""}) == ("ruff", "check")
    assert words_of(replace(JOB, argv=("x", "/run/7/inputs/list")), LIST, {"/run/7": "{run}"}) == ("x", "{run}/inputs/list")


def test_of_the_environment_counts_what_the_tool_heeds_or_nearly_everything() -> None:
    environment = {"RUFF_X": "1", "ruff_y": "1", "BLACK_X": "1", "LANG": "C", "HOME": "/h", "PATH": "/bin", "SSH_TTY": "x", "ANY": "1", "VSCODE_PID": "1"}
    assert set(variables(JOB, environment, all_of_them=False)) == {"RUFF_X", "ruff_y", "LANG", "HOME"}
    assert set(variables(JOB, environment, all_of_them=True)) == set(environment) - {"SSH_TTY", "VSCODE_PID"}


def test_a_component_may_read_itself_what_it_depends_on_and_what_belongs_to_nobody() -> None:
    groups = Groups(FILES, (A, B, C))
    assert groups.closure(A, ()) == {".", "packages/a", "packages/b"}
    assert groups.closure(C, ()) == {".", "packages/c"}
    assert groups.members["."] == ["package.json", "tools/build.js"]
    assert groups.members[". (texts)"] == ["README.md", "docs/x.md"]


def test_what_lies_below_a_component_is_its_own_and_what_lies_above_may_configure_it() -> None:
    inner = component("inner", "packages/a/inner")
    groups = Groups(FILES, (A, B, C, inner))
    assert "packages/a/inner" in groups.closure(A, ())
    assert "packages/a" in groups.closure(inner, ())


def test_the_root_and_the_repository_may_read_everything() -> None:
    groups = Groups(FILES, (A, B, C, ROOT))
    assert groups.closure(ROOT, ()) == groups.closure(None, ()) == frozenset(groups.members)


@pytest.mark.parametrize(("file", "climb", "leaves"), [
    ("packages/a/index.ts", 1, True), ("packages/a/src/deep/x.ts", 2, False), ("packages/a/src/deep/x.ts", 3, True), ("packages/b/index.ts", 1, True),
    ("packages/c/index.ts", 9, False)])
def test_a_file_that_speaks_of_places_beyond_its_component_makes_it_depend_on_everything(file: str, climb: int, *, leaves: bool) -> None:
    groups = Groups(FILES, (A, B, C))
    leaving = {name for name in groups.members if groups.leaves(name, lambda name: climb if name == file else 0)}
    assert (groups.closure(A, leaving) == frozenset(groups.members)) is leaves


def test_circles_of_components_come_to_an_end() -> None:
    first, second = component("a", "packages/a", "b"), component("b", "packages/b", "a")
    assert Groups(FILES, (first, second)).closure(first, ()) >= {"packages/a", "packages/b"}


@pytest.mark.parametrize(("file", "climb", "out"), [("Cargo.toml", 1, True), ("a/Cargo.toml", 1, False), ("a/Cargo.toml", 2, True), ("a/x.ts", 9, False)])
def test_a_manifest_that_leads_out_of_the_tree_is_told(file: str, climb: int, *, out: bool) -> None:
    assert leads_out(file, climb) is out


def test_words_of_a_configuration_that_may_be_names_are_told() -> None:
    text = 'extend = "my base.toml"\nother = [\'noext\']\nmypy_path = $HERE/libs/b:/abs/x\nbare = base.toml\n'
    assert set(spoken(text)) == {"my base.toml", "noext", "$HERE/libs/b", "/abs/x", "base.toml"}


@pytest.mark.parametrize(("name", "text", "keys", "left"), [
    ("pyproject.toml", '[project]\nreadme = "a.md"\n[tool.ruff.lint]\nextend = "b.toml"\n[tool.x]\ny = "c"\n', ("tool.ruff",), {"b.toml"}),
    ("package.json", '{"main": "a.js", "prettier": "./b.js"}', ("prettier",), {"./b.js"}),
    ("package.json", '{"main": "a.js", ', ("prettier",), {"main", "a.js"}),
    ("setup.cfg", "[metadata]\nfile = a.md\n[mypy]\nmypy_path = lib/b\n", ("mypy",), {"lib/b"}),
    ("ruff.toml", 'extend = "b.toml"', (), {"b.toml"}),
])
def test_of_a_file_that_many_tools_share_only_what_belongs_to_one_speaks(name: str, text: str, keys: tuple[str, ...], left: set[str]) -> None:
    assert {word for word in spoken(section(name, text, keys)) if "tool." not in word} == left


def test_names_that_lead_upwards_are_told_in_any_text() -> None:
    assert tuple(climbing('include_str!("../../a.txt"); x = \'../b/c.ts\'; y = "./d"')) == ("../../a.txt", "../b/c.ts")


@pytest.mark.parametrize(("tool", "environment", "path"), [
    ("ruff", {"HOME": "/h"}, "/h/.config/ruff/ruff.toml"), ("ruff", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/ruff/ruff.toml"),
    ("cargo", {"HOME": "/h", "CARGO_HOME": "/c"}, "/c/config.toml"), ("rustfmt", {"HOME": "/h"}, "/h/.rustfmt.toml"), ("pylint", {}, "/etc/pylintrc"),
])
def test_configuration_of_a_user_lies_where_variables_say(tool: str, environment: dict[str, str], path: str) -> None:
    assert path in user_configuration(replace(JOB, tool_id=tool), environment)


@pytest.mark.parametrize(("tool", "name"), [("mypy", "MYPYPATH"), ("rustfmt", "RUSTFMT"), ("pylint", "PYLINTRC"), ("rustfmt", "RUSTUP_TOOLCHAIN")])
def test_variables_of_a_tool_count_whatever_follows_its_name(tool: str, name: str) -> None:
    assert name in variables(replace(JOB, tool_id=tool), {name: "x"}, all_of_them=False)


@pytest.mark.parametrize(("file", "told"), [("web/package-lock.json", True), ("requirements-dev.txt", True), ("web/src/index.ts", False), ("Cargo.lock", True)])
def test_what_declares_dependencies_is_known_by_its_name(file: str, *, told: bool) -> None:
    assert declares(file) is told


def test_a_command_that_is_given_files_is_given_fewer() -> None:
    fewer = narrowed(JOB, COMMAND, ["api/-b.py"], lambda cwd, file: relpath(file, cwd))
    assert (fewer.argv, fewer.files, fewer.partial) == (("/bin/ruff", "check", "./-b.py"), ("api/-b.py",), True)


def test_a_command_that_looks_at_a_folder_is_given_the_files_instead() -> None:
    job = replace(JOB, argv=("prettier", "--check", "."))
    fewer = narrowed(job, WHOLE, ["api/-b.py", "api/sub/c.py"], lambda cwd, file: relpath(file, cwd))
    assert fewer.argv == ("prettier", "--check", "./-b.py", "sub/c.py")


def test_a_root_is_no_list_of_files() -> None:
    job = replace(JOB, argv=("hygiene", "--root", ".", "--files-from", "/run/list"))
    assert narrowed(job, LIST, ["api/a.py"], lambda cwd, file: relpath(file, cwd)).argv == job.argv


def test_rustfmt_takes_its_edition_from_a_workspace_further_up() -> None:
    assert "Cargo.toml" in configuration_names(replace(JOB, tool_id="rustfmt"), ("rustfmt.toml",), ())
