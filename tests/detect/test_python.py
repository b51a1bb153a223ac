"""Python projects and uv workspaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.detect.looking import at, look, one, shape


def project(name: str = "x", rest: str = "") -> str:
    return f'[project]\nname = "{name}"\nversion = "1"\n{rest}'


HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def test_a_pyproject_with_a_project_table_is_a_component(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"pyproject.toml": HATCHLING + project("Uvi_corn", 'requires-python = ">=3.9"\n'), "uv.lock": "", "uvicorn/__init__.py": ""}))
    assert (component.id, component.kind, component.name, component.build_backend) == ("uvi-corn", "pyproject-package", "Uvi_corn", "hatchling.build")
    assert (component.package_manager, component.lockfile, component.toolchain_pin) == ("uv", "uv.lock", "requires-python >=3.9")
    assert "sources:uvicorn" in component.traits


@pytest.mark.parametrize(("files", "manager"), [
    ({"pyproject.toml": project()}, "pip"), ({"pyproject.toml": project(rest="[tool.uv]\npackage = false\n")}, "uv"),
    ({"pyproject.toml": '[tool.poetry]\nname = "x"\n'}, "poetry"), ({"pyproject.toml": project(), "poetry.lock": ""}, "poetry"),
    ({"pyproject.toml": project(rest="[tool.pdm]\ndistribution = true\n")}, "pdm"), ({"pyproject.toml": project(rest="[tool.hatch.envs.default]\ndependencies = []\n")}, "hatch"),
    ({"pyproject.toml": HATCHLING + project(rest='[tool.hatch.version]\npath = "x"\n')}, "pip"), ({"Pipfile": "[packages]\n", "a.py": ""}, "pip"),
    ({"setup.py": "from setuptools import setup\nsetup(name='legacy')\n"}, "pip"),
    ({"pyproject.toml": project(), ".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: uv sync}]}}"}, "uv")])
def test_the_package_manager_is_told_by_lock_files_tables_and_ci(tmp_path: Path, files: dict[str, str], manager: str) -> None:
    assert one(look(tmp_path, files)).package_manager == manager


def test_setup_py_is_read_and_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    component = one(look(tmp_path, {"setup.py": f"open({str(marker)!r}, 'w')\nimport setuptools\nsetuptools.setup(name='legacy', version=v())\n"}))
    assert (component.name, component.manifest, component.build_backend) == ("legacy", "setup.py", "setuptools.build_meta")
    assert not marker.exists()


def test_a_module_called_setup_is_no_project(tmp_path: Path) -> None:
    assert shape(look(tmp_path, {"pyproject.toml": project(), "x/__init__.py": "", "x/setup.py": "def setup(steps): ...\n"})) == {".": "pyproject-package"}


def test_the_name_may_stand_in_setup_cfg(tmp_path: Path) -> None:
    assert one(look(tmp_path, {"setup.py": "import setuptools; setuptools.setup()", "setup.cfg": "[metadata]\nname = pre_commit\n"})).name == "pre_commit"


def test_tool_tables_alone_make_a_component_only_where_python_files_are(tmp_path: Path) -> None:
    assert look(tmp_path / "a", {"pyproject.toml": "[tool.codespell]\nskip = 'x'\n", "src/main.rs": ""}).components == ()
    assert one(look(tmp_path / "b", {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "scripts/gen.py": ""})).language == "python"


def test_requirements_and_sources_make_a_component_but_docs_do_not(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"requirements.txt": "flask==3\n", "app.py": "", "docs/requirements.txt": "sphinx\n", "docs/conf.py": "project = 'x'\n"}))
    assert (component.root, component.manifest, component.requires) == (".", "requirements.txt", ("flask",))
    assert "sphinx:docs" in component.traits


def test_uv_members_are_those_of_globs_less_excluded_ones(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("root", '[tool.uv.workspace]\nmembers = ["packages/*", "tool"]\nexclude = ["packages/old"]\n[tool.uv.sources]\na = { workspace = true }\n'),
             "uv.lock": "", "packages/a/pyproject.toml": project("a"), "packages/b/pyproject.toml": project("b", 'dependencies = ["a"]\n'), "packages/old/pyproject.toml": project("old"),
             "packages/no/readme.md": "", "tool/pyproject.toml": project("tool")}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "pyproject-package", "packages/a": "uv-workspace-member", "packages/b": "uv-workspace-member", "packages/old": "pyproject-package",
                                "tool": "uv-workspace-member"}
    assert (at(detection, "packages/a").workspace_root, at(detection, "packages/a").lockfile) == (".", "uv.lock")
    assert at(detection, "packages/b").depends_on == ("packages-a",)
    assert detection.problems == ()


def test_uv_members_outside_missing_or_nested_are_refused(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("root", '[tool.uv.workspace]\nmembers = ["../out", "gone", "inner"]\n'), "inner/pyproject.toml": project("inner", "[tool.uv.workspace]\nmembers = []\n")}
    assert [problem.message for problem in look(tmp_path, files).problems] == [
        "workspace member '../out' leads out of the workspace and is left out", "workspace member 'gone' has no pyproject.toml",
        "workspace member 'inner' is a workspace of its own, which uv refuses"]


def test_projects_below_tests_and_examples_are_left_out(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("root"), "tests/packages/one/pyproject.toml": project("one"), "tests/fixtures/bad/pyproject.toml": "[broken", "examples/demo/pyproject.toml": project("demo")}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "pyproject-package"}
    assert [item.root for item in detection.excluded] == ["examples", "tests/fixtures", "tests/packages/one"]
    assert detection.problems == ()


def test_many_projects_of_one_name_are_data(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("root"), **{f"evaluation/{case}/pyproject.toml": project("test") for case in "abc"}}
    assert shape(look(tmp_path, files)) == {".": "pyproject-package"}


def test_services_beside_each_other_are_components_each(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.ruff]\n", "api/pyproject.toml": project("api"), "api/main.py": "", "worker/pyproject.toml": project("worker"), "worker/main.py": ""}
    assert shape(look(tmp_path, files)) == {"api": "pyproject-package", "worker": "pyproject-package"}


def test_what_checks_need_comes_from_dependencies_and_test_groups(tmp_path: Path) -> None:
    text = project("x", 'dependencies = ["Click>=7", "tomli; python_version < \'3.11\'", "colorama; sys_platform == \'win32\'", "ruamel.yaml[jinja2]"]\n') + (
        '[project.optional-dependencies]\ntest = ["pytest", "x[extra]"]\nextra = ["httpx"]\ndocs = ["sphinx"]\n[dependency-groups]\ndev = ["tox", "ipython"]\n'
        'typing = [{ include-group = "stubs" }]\nstubs = ["types-pyyaml"]\n')
    assert one(look(tmp_path, {"pyproject.toml": text})).requires == ("click", "httpx", "pytest", "ruamel-yaml", "types-pyyaml")


def test_development_lists_count_where_no_test_list_exists(tmp_path: Path) -> None:
    assert one(look(tmp_path, {"pyproject.toml": project("x", '[dependency-groups]\ndev = ["pytest", "pre-commit", "twine"]\n')})).requires == ("pytest",)


def test_groups_that_uv_does_not_install_are_not_needed(tmp_path: Path) -> None:
    text = project("x", '[tool.uv]\ndefault-groups = ["tests"]\n[dependency-groups]\ntests = ["pytest"]\ntests-random = ["pytest-randomly"]\n')
    assert one(look(tmp_path, {"pyproject.toml": text})).requires == ("pytest",)


def test_requirements_files_are_followed(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("x", 'dependencies = ["h11"]\n[project.optional-dependencies]\nstandard = ["httptools"]\n'),
             "requirements.txt": "-e .[standard]\n-r more.txt\n# comment\npytest==8.0 --hash=sha256:1\nmkdocs\n", "more.txt": "trustme\n"}
    assert one(look(tmp_path, files)).requires == ("h11", "httptools", "pytest", "trustme")


def test_poetry_tables_are_read(tmp_path: Path) -> None:
    text = ('[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.11"\nrequests = "^2"\nextra = { version = "1", optional = true }\n'
            'win = { version = "1", markers = "sys_platform == \'win32\'" }\nlib = { path = "../lib" }\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n')
    detection = look(tmp_path, {"app/pyproject.toml": text, "lib/pyproject.toml": project("lib")})
    assert at(detection, "app").requires == ("pytest", "requests")
    assert at(detection, "app").depends_on == ("lib",)
    assert at(detection, "app").toolchain_pin == "requires-python ^3.11"


def test_a_maturin_package_depends_on_the_crate_beside_it(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n' + project("rtoml") + '[tool.maturin]\npython-source = "python"\n',
             "Cargo.toml": '[package]\nname = "rtoml"\nversion = "1.0.0"\n', "python/rtoml/__init__.py": "", "python/rtoml/py.typed": "", "src/lib.rs": "", "src/generate.py": ""}
    detection = look(tmp_path, files)
    component = at(detection, ".", "python")
    assert [(item.id, item.language) for item in detection.components] == [("rtoml", "rust"), ("rtoml-python", "python")]
    assert component.depends_on == ("rtoml",)
    assert {"sources:python", "typed", "languages:rust"} <= set(component.traits)


def test_tests_that_belong_to_crates_are_not_the_projects(tmp_path: Path) -> None:
    files = {"pyproject.toml": project(), "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n', "crates/a/Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "crates/a/resources/test_x.py": ""}
    assert "tests" not in at(look(tmp_path, files), ".", "python").traits


def test_benchmarks_count_where_a_plugin_for_them_is_declared(tmp_path: Path) -> None:
    files = {"pyproject.toml": project("x", '[dependency-groups]\ntest = ["pytest-benchmark"]\n'), "benchmarks/test_speed.py": ""}
    assert "benches:benchmarks" in one(look(tmp_path / "a", files)).traits
    assert not any(trait.startswith("benches") for trait in one(look(tmp_path / "b", {**files, "pyproject.toml": project()})).traits)


def test_a_package_depends_on_the_crate_that_maturin_is_told_to_build(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n' + project("cryptography", '[tool.maturin]\nmanifest-path = "src/rust/Cargo.toml"\n'),
             "Cargo.toml": '[workspace]\nmembers = ["src/rust/"]\n', "src/rust/Cargo.toml": '[package]\nname = "cryptography-rust"\nversion = "0.1.0"\n', "vectors/pyproject.toml": project("cryptography_vectors"),
             "noxfile.py": "import nox\n@nox.session\ndef rust(session):\n    session.run('cargo', 'clippy', '--all', '--', '-D', 'warnings', external=True)\n"
                           "@nox.session\ndef tests(session):\n    session.run('pytest', '-n', 'auto', *tests)\n    session.run('mypy', 'src/', 'vectors/', *session.posargs)\n"}
    detection = look(tmp_path, files)
    assert [(item.root, str(item.language)) for item in detection.components] == [(".", "rust"), (".", "python"), ("src/rust", "rust"), ("vectors", "python")]
    component = at(detection, ".", "python")
    assert component.depends_on == ("src-rust",)
    uses = {use.tool: use.invocation for use in component.tools if use.status == "used"}
    assert uses == {"pytest": (), "mypy": ("mypy", "src/", "vectors/")}
    assert {use.tool: use.invocation for use in at(detection, ".", "rust").tools if use.status == "used"} == {"clippy": ("cargo", "clippy", "--all", "--", "-D", "warnings")}


def test_members_that_are_installed_are_required_where_they_are_needed(tmp_path: Path) -> None:
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    files = {"pyproject.toml": project("root", '[tool.uv.workspace]\nmembers = ["packages/*"]\n'), "packages/a/pyproject.toml": project("liba", build),
             "packages/b/pyproject.toml": project("libb", 'dependencies = ["liba"]\n[dependency-groups]\ndev = ["pytest"]\n'),
             "packages/c/pyproject.toml": project("libc", f"{build}[tool.uv]\npackage = false\n")}
    detection = look(tmp_path, files)
    assert at(detection, ".").requires == ("liba",)
    assert at(detection, "packages/b").requires == ("liba", "pytest")
