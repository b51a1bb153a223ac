"""How components stand to tools: used, configured, stale, declared-only, default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.detect.looking import CI, at, look, one, standing, workflow

PROJECT = '[project]\nname = "x"\nversion = "1"\n'


def invocation(folder: Path, files: dict[str, str], tool: str) -> tuple[tuple[str, ...], ...]:
    use = one(look(folder, files)).use_of(tool)
    assert use is not None
    return use.invocations


def test_a_tool_that_ci_runs_is_used_with_its_configuration_and_call(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT + "[tool.ruff]\nline-length = 100\n", CI: workflow("uv run ruff check src", "uv run ruff format --check .")}
    use = one(look(tmp_path, files)).use_of("ruff")
    assert use is not None
    assert (str(use.status), use.config) == ("used", "pyproject.toml#tool.ruff")
    assert use.evidence == f"CI: ruff check src ({CI}:8)"
    assert use.invocations == (("ruff", "check", "src"), ("ruff", "format", "--check", "."))
    assert use.invocation == use.invocations[0]


def test_a_tool_with_configuration_only_is_configured(tmp_path: Path) -> None:
    assert standing(one(look(tmp_path, {"pyproject.toml": PROJECT + "[tool.mypy]\nstrict = true\n[tool.coverage.run]\nbranch = true\n"}))) == {"mypy": "configured", "coverage": "configured"}


def test_a_tool_that_is_a_dependency_and_nothing_else_is_declared_only(tmp_path: Path) -> None:
    assert standing(one(look(tmp_path, {"pyproject.toml": PROJECT + '[dependency-groups]\ndev = ["mypy", "black"]\n'}))) == {"mypy": "declared-only", "black": "declared-only"}


def test_configuration_left_over_beside_a_rival_in_use_is_stale(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT + "[tool.ruff]\nselect = ['I']\n[tool.black]\nline-length = 80\n", ".flake8": "[flake8]\n", "setup.cfg": "[isort]\nprofile = black\n",
             ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: v0.9.0\n  hooks:\n  - id: ruff-check\n"}
    component = one(look(tmp_path, files))
    assert standing(component) == {"ruff": "used", "black": "stale", "flake8": "stale", "isort": "stale"}
    flake8 = component.use_of("flake8")
    assert flake8 is not None
    assert flake8.evidence == ".flake8 is left over: not declared and nowhere run, ruff does the work"


def test_configuration_of_a_declared_or_called_rival_is_not_stale(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT + '[tool.ruff]\n[tool.black]\n[dependency-groups]\ndev = ["black"]\n', "tox.ini": "[testenv:lint]\ncommands =\n    ruff check\n    flake8 src\n", ".flake8": "[flake8]\n"}
    assert standing(one(look(tmp_path, files))) == {"ruff": "used", "black": "configured", "flake8": "used", "tox": "configured"}


def test_tslint_beside_eslint_is_stale_and_an_old_eslintrc_is_named(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "x", "scripts": {"build": "tsc"}, "devDependencies": {"eslint": "9", "typescript": "5"}}', "tsconfig.json": "{}", "tslint.json": "{}",
             "eslint.config.js": "", ".eslintrc.json": "{}"}
    component = one(look(tmp_path, files))
    assert standing(component) == {"eslint": "configured", "tsc": "used", "tslint": "stale"}
    eslint = component.use_of("eslint")
    assert eslint is not None
    assert eslint.config == "eslint.config.js"
    assert eslint.evidence.endswith("; .eslintrc.json beside it is left over")


def test_defaults_are_offered_where_no_rival_is_chosen(tmp_path: Path) -> None:
    plain = standing(one(look(tmp_path / "a", {"pyproject.toml": PROJECT})), defaults=True)
    assert plain["ruff"] == "default"
    assert "mypy" not in plain
    assert "ruff" not in standing(one(look(tmp_path / "b", {"pyproject.toml": PROJECT + "[tool.black]\n"})), defaults=True)


def test_crates_are_offered_clippy_and_rustfmt(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "src/lib.rs": "", CI: workflow("cargo clippy --all-targets -- -D warnings")}))
    assert standing(component, defaults=True) | {"cargo-audit": ""} == {"clippy": "used", "rustfmt": "default", "cargo-audit": ""}


def test_hooks_count_and_spell_the_sub_command(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: ruff-format\n  - id: mypy\n"}
    component = one(look(tmp_path, files))
    assert standing(component) == {"ruff": "used", "mypy": "used"}
    assert "used:ruff format" in component.traits
    assert "used:ruff check" not in component.traits


def test_a_local_hook_leads_to_the_recipe_it_calls(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "Makefile": "lint:\n\t@cargo fmt --version\n\tcargo fmt --all -- --check\n",
             ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: lint\n    entry: make lint\n    language: system\n"}
    assert invocation(tmp_path, files, "rustfmt") == (("cargo", "fmt", "--all", "--", "--check"),)


def test_a_github_action_counts_as_use(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "deny.toml": "", CI: "on: push\njobs: {a: {steps: [{uses: EmbarkStudios/cargo-deny-action@v2}]}}\n"}
    use = one(look(tmp_path, files)).use_of("cargo-deny")
    assert use is not None
    assert (str(use.status), use.config, use.evidence) == ("used", "deny.toml", f"action: embarkstudios/cargo-deny-action ({CI}:2)")


def test_asking_for_a_version_is_no_use(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, CI: workflow("ruff --version", "black version", "pip install mypy", "uv tool install flake8")}
    assert standing(one(look(tmp_path, files))) == {}


def test_flags_that_ci_adds_to_a_script_are_kept(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "x", "packageManager": "yarn@4.0.0", "scripts": {"lint": "yarn eslint ."}}', CI: workflow("yarn lint --max-warnings=0")}
    assert invocation(tmp_path, files, "eslint") == (("eslint", ".", "--max-warnings=0"), ("eslint", "."))


@pytest.mark.parametrize("call", ["yarn web:lint --max-warnings=0", "yarn workspace @o/web lint --max-warnings=0", "cd packages/web && yarn lint --max-warnings=0", "yarn --cwd packages/web lint --max-warnings=0"])
def test_calls_for_a_member_belong_to_the_member(tmp_path: Path, call: str) -> None:
    files = {"package.json": '{"name": "root", "private": true, "packageManager": "yarn@4.0.0", "workspaces": ["packages/*"], "scripts": {"web:lint": "yarn workspace @o/web lint"}}',
             "packages/web/package.json": '{"name": "@o/web", "scripts": {"lint": "eslint"}}', CI: workflow(call)}
    detection = look(tmp_path, files)
    assert standing(at(detection, ".")) == {}
    use = at(detection, "packages/web").use_of("eslint")
    assert use is not None
    assert use.invocation == ("eslint", "--max-warnings=0")


@pytest.mark.parametrize("call", ["npm run lint -w a", "npm run lint --workspace=a -- --fix", "pnpm --filter a lint", "pnpm -C packages/a run lint", "npx turbo run lint", "pnpm -r lint"])
def test_filters_of_package_managers_are_understood(tmp_path: Path, call: str) -> None:
    files = {"package.json": '{"name": "root", "workspaces": ["packages/*"]}', "packages/a/package.json": '{"name": "a", "scripts": {"lint": "biome ci ."}}', CI: workflow(call)}
    use = at(look(tmp_path, files), "packages/a").use_of("biome")
    assert use is not None
    assert use.evidence.startswith("CI:")


def test_working_directories_decide_whose_call_it_is(tmp_path: Path) -> None:
    files = {"api/pyproject.toml": PROJECT, "worker/pyproject.toml": PROJECT.replace('"x"', '"y"'),
             CI: workflow("mypy .", before="", job="    defaults:\n      run:\n        working-directory: api\n")}
    detection = look(tmp_path, files)
    assert standing(at(detection, "api")) == {"mypy": "used"}
    assert standing(at(detection, "worker")) == {}


@pytest.mark.parametrize(("call", "tool"), [("cargo clippy --manifest-path core/Cargo.toml -- -D warnings", "clippy"), ("cargo clippy -p core -- -D warnings", "clippy")])
def test_cargo_options_decide_whose_call_it_is(tmp_path: Path, call: str, tool: str) -> None:
    files = {"core/Cargo.toml": '[package]\nname = "core"\nversion = "1.0.0"\n', "cli/Cargo.toml": '[package]\nname = "cli"\nversion = "1.0.0"\n', CI: workflow(call)}
    detection = look(tmp_path, files)
    assert standing(at(detection, "core")) == {tool: "used"}
    assert standing(at(detection, "cli")) == {}


def test_a_call_above_all_components_counts_for_those_it_names_else_for_all(tmp_path: Path) -> None:
    files = {"api/pyproject.toml": PROJECT, "worker/pyproject.toml": PROJECT.replace('"x"', '"y"'), CI: workflow("ruff check .", "mypy api/src"), "api/src/a.py": ""}
    detection = look(tmp_path, files)
    assert standing(at(detection, "api")) == {"ruff": "used", "mypy": "used"}
    assert standing(at(detection, "worker")) == {"ruff": "used"}


def test_calls_in_repositories_that_ci_clones_are_not_ours(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, CI: workflow("git clone https://example.org/other\ncd other\nmypy .")}
    assert standing(one(look(tmp_path, files))) == {}


def test_calls_on_vendored_code_only_do_not_count(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "vendor/stubs/a.pyi": "", CI: workflow("black vendor/stubs")}
    assert standing(one(look(tmp_path, files))) == {}


def test_lines_with_shell_logic_count_but_are_not_adopted(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, CI: workflow("mypy $(git ls-files '*.py')", "pytest | tee log.txt")}
    component = one(look(tmp_path, files))
    assert standing(component) == {"mypy": "used", "pytest": "used"}
    assert all(use.invocation == () for use in component.tools)


def test_environment_and_matrix_values_are_filled_in(tmp_path: Path) -> None:
    job = "    strategy:\n      matrix:\n        include:\n          - {check: mypy src}\n          - {check: ruff check}\n    env:\n      PATHS: src tests\n"
    files = {"pyproject.toml": PROJECT, CI: workflow("${{ matrix.check }}", "black --check ${{ env.PATHS }}", 'flake8 "$OTHER"', job=job)}
    component = one(look(tmp_path, files))
    calls = {use.tool: use.invocation for use in component.tools if use.status == "used"}
    assert calls == {"mypy": ("mypy", "src"), "ruff": ("ruff", "check"), "black": ("black", "--check", "src", "tests"), "flake8": ()}


def test_scripts_that_ci_calls_are_read(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "scripts/check": '#!/bin/sh -e\nexport PREFIX=""\nSOURCES="uvicorn tests"\n${PREFIX}mypy $SOURCES\n', "scripts/unused": "black .\n", CI: workflow("scripts/check")}
    component = one(look(tmp_path, files))
    assert standing(component) == {"mypy": "used"}
    assert component.tools[0].invocation == ("mypy", "uvicorn", "tests")


def test_composite_actions_of_the_repository_are_read(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, ".github/actions/lint/action.yml": "runs:\n  using: composite\n  steps:\n    - run: ruff check\n      shell: bash\n",
             CI: "on: push\njobs: {a: {steps: [{uses: ./.github/actions/lint}]}}\n"}
    assert standing(one(look(tmp_path, files))) == {"ruff": "used"}


@pytest.mark.parametrize(("name", "text"), [
    (".gitlab-ci.yml", "lint:\n  script:\n    - mypy src\n"), (".circleci/config.yml", "jobs:\n  a:\n    steps:\n      - run: mypy src\n"), (".travis.yml", "script: mypy src\n"),
    ("azure-pipelines.yml", "steps:\n- script: mypy src\n"), ("Makefile", "SRC := src\ncheck: deps\n\tuv run mypy $(SRC)\n"), ("justfile", "set shell := ['sh']\ncheck path='x':\n    mypy src\n"),
    ("Taskfile.yml", "version: 3\ntasks:\n  check:\n    cmds:\n      - mypy src\n"), ("tox.ini", "[testenv:types]\ncommands = mypy {posargs:src}\n"),
    ("noxfile.py", "import nox\n@nox.session\ndef types(session):\n    session.run('mypy', 'src', *session.posargs)\n"), ("tasks.py", "from invoke import task\n@task\ndef types(c):\n    c.run('mypy src')\n"),
    ("lefthook.yml", "pre-commit:\n  commands:\n    types:\n      run: mypy src {staged_files}\n")])
def test_every_place_that_runs_commands_is_read(tmp_path: Path, name: str, text: str) -> None:
    component = one(look(tmp_path, {"pyproject.toml": PROJECT, name: text}))
    use = component.use_of("mypy")
    assert use is not None
    assert (str(use.status), use.invocation) == ("used", ("mypy", "src"))
    assert name in use.evidence


@pytest.mark.parametrize("table", [
    '[tool.hatch.envs.default.scripts]\ntypes = "mypy src"\n', '[tool.pdm.scripts]\ntypes = {cmd = "mypy src"}\n', '[tool.poe.tasks]\ntypes = "mypy src"\n',
    '[tool.taskipy.tasks]\ntypes = "mypy src"\n', '[tool.tox.env.types]\ncommands = [["mypy", "src", { replace = "posargs", default = [], extend = true }]]\n',
    '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ncommands = mypy src\n"""\n'])
def test_task_tables_of_pyproject_are_read(tmp_path: Path, table: str) -> None:
    assert invocation(tmp_path, {"pyproject.toml": PROJECT + table}, "mypy") == (("mypy", "src"),)


@pytest.mark.parametrize("files", [
    {".husky/pre-commit": "npx lint-staged\n", ".lintstagedrc.json": '{"*.ts": ["eslint --fix"]}'}, {"lint-staged": ""},
    {".husky/pre-commit": "yarn eslint .\n"}])
def test_hooks_of_packages_are_read(tmp_path: Path, files: dict[str, str]) -> None:
    staged = ', "lint-staged": {"*.ts": "eslint --fix"}' if "lint-staged" in files else ""
    tree = {"package.json": '{"name": "x", "scripts": {"build": "vite build"}' + staged + "}"} | {name: text for name, text in files.items() if name != "lint-staged"}
    assert standing(one(look(tmp_path, tree)))["eslint"] == "used"


def test_a_make_target_in_ci_runs_what_it_depends_on(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "Makefile": ".PHONY: lint\nlint: lint-python\nlint-python:\n\truff check\nformat:\n\tblack .\n", CI: workflow("make lint")}
    component = one(look(tmp_path, files))
    evidence = {use.tool: use.evidence for use in component.tools if use.status == "used"}
    assert evidence["ruff"].startswith("CI: ruff check")
    assert evidence["black"].startswith("script: black .")


def test_a_tox_environment_in_ci_runs_its_own_commands(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "tox.ini": "[tox]\n[testenv]\ncommands = pytest\n[testenv:types]\ncommands = mypy src\n", CI: workflow("uv run tox run -e types")}
    evidence = {use.tool: use.evidence.split(":")[0] for use in one(look(tmp_path, files)).tools if use.status == "used"}
    assert evidence == {"mypy": "CI", "pytest": "script", "tox": "CI"}


def test_recipes_that_call_each_other_end(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "x", "scripts": {"a": "npm run b", "b": "npm run a && eslint ."}}', "Makefile": "x: y\ny: x\n\tmake x\n", CI: workflow("npm run a", "make x")}
    assert standing(one(look(tmp_path, files))) == {"eslint": "used"}


def test_evidence_in_fixtures_and_examples_does_not_count(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "tests/fixtures/a/Makefile": "x:\n\tblack .\n", "examples/tox.ini": "[testenv]\ncommands = flake8\n"}
    assert standing(one(look(tmp_path, files))) == {}


def test_prettier_reaches_solidity_only_with_its_plugin(tmp_path: Path) -> None:
    def files(extra: str) -> dict[str, str]:
        return {"package.json": f'{{"name": "c", "scripts": {{"format": "prettier --check ."}}, "devDependencies": {{"hardhat": "3"{extra}}}}}', "hardhat.config.ts": "", "contracts/A.sol": ""}
    assert "prettier" not in standing(at(look(tmp_path / "a", files("")), ".", "solidity"))
    assert standing(at(look(tmp_path / "b", files(', "prettier-plugin-solidity": "1"')), ".", "solidity"))["prettier"] == "used"


def test_configuration_above_counts_where_no_relative_lies_between(tmp_path: Path) -> None:
    files = {"rustfmt.toml": "", "engine/Cargo.toml": '[package]\nname = "engine"\nversion = "1.0.0"\n'}
    use = one(look(tmp_path, files)).use_of("rustfmt")
    assert use is not None
    assert (str(use.status), use.config) == ("configured", "rustfmt.toml")
    files = {"package.json": '{"name": "r", "workspaces": ["a"]}', "eslint.config.js": "", "a/package.json": '{"name": "a", "scripts": {"build": "vite"}}'}
    detection = look(tmp_path / "b", files)
    assert standing(at(detection, ".")) == {"eslint": "configured"}
    assert standing(at(detection, "a")) == {}


def test_a_configuration_that_the_call_names_is_the_one_in_force(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "x", "scripts": {"lint": "oxlint -c oxlint.json"}}', "oxlint.json": "{}"}
    use = one(look(tmp_path, files)).use_of("oxlint")
    assert use is not None
    assert use.config == "oxlint.json"


def test_a_check_is_better_evidence_than_a_fixer(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "x", "scripts": {"build": "vite build"}}', ".github/workflows/autofix.yml": workflow("npx eslint . --fix"), CI: workflow("npx eslint .")}
    assert invocation(tmp_path, files, "eslint") == (("eslint", "."), ("eslint", ".", "--fix"))


def test_the_scripts_of_hatch_toml_are_read(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "hatch.toml": '[envs.types.scripts]\ncheck = "mypy --strict {args:src tests}"\n', CI: workflow("hatch run types:check")}
    assert invocation(tmp_path, files, "mypy") == (("mypy", "--strict", "src", "tests"),)


@pytest.mark.parametrize(("call", "words"), [
    ("ruff check api/src --config=api/ruff.toml", "ruff check src --config=ruff.toml"), ("ruff check .", "ruff check ."), ("cd api/src && ruff check .", "ruff check src"),
    ("ruff check api shared --select E", "ruff check . ../shared --select E"), ("cd api && ruff check src", "ruff check src")])
def test_paths_of_a_call_are_told_as_its_component_sees_them(tmp_path: Path, call: str, words: str) -> None:
    files = {"api/pyproject.toml": PROJECT, "api/src/a.py": "", "api/ruff.toml": "", "shared/notes.txt": "", "check/me.txt": "", CI: workflow(call)}
    assert invocation(tmp_path, files, "ruff") == (tuple(words.split()),)


@pytest.mark.parametrize(("files", "targeted"), [
    ({"pyproject.toml": "[project]\nname = 'x'\n[tool.mypy]\nfiles = 'src'\n"}, True), ({"pyproject.toml": "[project]\nname = 'x'\n[tool.mypy]\nstrict = true\n"}, False),
    ({"pyproject.toml": "[project]\nname = 'x'\n", "mypy.ini": "[mypy]\npackages = x\n"}, True), ({"pyproject.toml": "[project]\nname = 'x'\n", "mypy.ini": "[mypy]\n"}, False),
    ({"pyproject.toml": "[project]\nname = 'x'\n", "setup.cfg": "[mypy]\nmodules = x\n"}, True)])
def test_a_configuration_that_names_what_it_checks_is_a_trait(tmp_path: Path, files: dict[str, str], targeted: bool) -> None:
    assert ("targets:mypy" in one(look(tmp_path, files)).traits) is targeted
