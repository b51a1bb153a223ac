"""The whole of detection: ids, exclusions, problems, the document, and what never happens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.detect.document import to_json
from gatekeeper.detect.find import detect
from gatekeeper.model.component import Detection
from tests.detect.looking import CI, at, catalog, look, plant, shape, standing, tree_at, workflow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "repos"
EXPECTED = Path(__file__).parent / "expected"
CRATE = '[package]\nname = "{}"\nversion = "1.0.0"\n'
PACKAGE = '{{"name": "{}", "scripts": {{"test": "node --test"}}}}'
PROJECT = '[project]\nname = "{}"\nversion = "1"\n'


def ids(detection: Detection) -> list[str]:
    return [component.id for component in detection.components]


def test_the_root_takes_its_name_and_others_their_folder(tmp_path: Path) -> None:
    files = {"package.json": PACKAGE.format("@org/My_App"), "services/api/pyproject.toml": PROJECT.format("api-server"), "Engine/Cargo.toml": CRATE.format("slug")}
    assert ids(look(tmp_path, files)) == ["my-app", "engine", "services-api"]


def test_components_that_share_a_folder_get_their_language_behind(tmp_path: Path) -> None:
    files = {"Cargo.toml": CRATE.format("core"), "pyproject.toml": PROJECT.format("core"), "package.json": PACKAGE.format("core"), "a/package.json": PACKAGE.format("a"), "a/pyproject.toml": PROJECT.format("a")}
    assert ids(look(tmp_path, files)) == ["core", "core-python", "core-js", "a", "a-js"]


def test_ids_are_unique_where_folders_and_names_collide(tmp_path: Path) -> None:
    files = {"package.json": PACKAGE.format("a-b"), "a/b/package.json": PACKAGE.format("x"), "a-b/package.json": PACKAGE.format("y")}
    found = ids(look(tmp_path, files))
    assert len(set(found)) == 3
    assert found[0] == "a-b"


def test_a_root_without_a_name_of_its_own_is_called_root(tmp_path: Path) -> None:
    assert ids(look(tmp_path / "some checkout", {"contracts/A.sol": ""})) == ["root"]


def test_nested_repositories_and_submodules_are_left_out_with_a_reason(tmp_path: Path) -> None:
    files = {"Cargo.toml": CRATE.format("a")}
    (tmp_path / "ready").mkdir()
    (tmp_path / "ready" / ".git").write_text("gitdir: ../.git/modules/ready\n")
    detection = look(tmp_path, files, nested=("tools/other",), submodules=("lib/missing", "ready"))
    assert {item.root: item.reason for item in detection.excluded} == {
        "lib/missing": "submodule that is not initialised", "ready": "submodule: a repository of its own", "tools/other": "nested repository: checked on its own"}


def test_without_git_submodules_are_those_of_the_gitmodules_file(tmp_path: Path) -> None:
    plant(tmp_path, {".gitmodules": '[submodule "a"]\n\tpath = lib/forge-std\n\turl = x\n[submodule "b"]\n\tpath = deps/full\n', "deps/full/package.json": PACKAGE.format("full"), "Cargo.toml": CRATE.format("a")})
    detection = detect(tree_at(tmp_path), catalog())
    assert ids(detection) == ["a"]
    assert {item.root: item.reason for item in detection.excluded} == {"deps/full": "submodule: a repository of its own", "lib/forge-std": "submodule that is not initialised"}


def test_words_of_exclusion_count_below_the_root_only(tmp_path: Path) -> None:
    assert ids(look(tmp_path / "fixtures" / "templates", {"Cargo.toml": CRATE.format("a")})) == ["a"]


def test_problems_in_fixtures_are_not_told_and_others_are(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"tests/fixtures/bad/package.json": "{", "templates/x/Cargo.toml": "{{ name }}", "ok/package.json": PACKAGE.format("ok"), "bad/package.json": "{",
                                     "wide/Cargo.toml": "[package]".encode("utf-16"), "empty/pyproject.toml": ""}
    detection = look(tmp_path, files)
    assert [(problem.file, problem.line) for problem in detection.problems] == [("bad/package.json", 1), ("empty/pyproject.toml", 1), ("wide/Cargo.toml", 1)]
    assert shape(detection) == {"ok": "npm-package"}


def test_a_broken_workflow_is_a_problem_and_the_rest_still_counts(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT.format("x"), ".github/workflows/bad.yml": "jobs: [\n", CI: workflow("mypy")}
    detection = look(tmp_path, files)
    assert standing(detection.components[0]) == {"mypy": "used"}
    assert [problem.file for problem in detection.problems] == [".github/workflows/bad.yml"]


def test_a_manifest_that_is_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(PACKAGE.format("secret"))
    tree = plant(tmp_path / "repo", {"Cargo.toml": CRATE.format("a")})
    (tmp_path / "repo" / "package.json").symlink_to(outside)
    detection = detect(type(tree)(root=tree.root, files=("Cargo.toml", "package.json"), git=True), catalog())
    assert ids(detection) == ["a"]
    assert [problem.message for problem in detection.problems] == ["cannot be read"]


def test_the_same_tree_gives_the_same_detection(tmp_path: Path) -> None:
    files = {"package.json": '{"name": "r", "workspaces": ["p/*"], "scripts": {"lint": "turbo run lint"}}', "p/a/package.json": PACKAGE.format("a"), "p/b/package.json": PACKAGE.format("b"),
             "Cargo.toml": CRATE.format("c"), CI: workflow("cargo test", "npm test -ws", "ruff check")}
    tree = plant(tmp_path, files)
    assert detect(tree, catalog()) == detect(tree, catalog())


def test_the_document_has_exactly_the_keys_of_the_contract_in_front(tmp_path: Path) -> None:
    document = json.loads(json.dumps(to_json(look(tmp_path, {"Cargo.toml": CRATE.format("a"), CI: workflow("cargo clippy", "cargo test"), "x/package.json": "{"}))))
    assert list(document) == ["schema", "root", "components", "excluded", "problems"]
    (component,) = document["components"]
    assert list(component)[:15] == ["id", "root", "language", "kind", "name", "manifest", "workspace_root", "package_manager", "lockfile", "build_backend", "toolchain_pin",
                                    "depends_on", "tools", "test", "reasons"]
    assert [tool["tool"] for tool in component["tools"] if tool["status"] == "used"] == ["clippy"]
    assert list(component["tools"][0])[:4] == ["tool", "config", "status", "evidence"]
    assert component["test"]["command"] == "cargo test"
    assert document["problems"] == [{"file": "x/package.json", "line": 1, "message": document["problems"][0]["message"]}]


def test_looking_runs_nothing_and_writes_nothing(tmp_path: Path) -> None:
    trap = f"touch {tmp_path}/trap"
    files = {"setup.py": f"import os; os.system({trap!r})\n", "noxfile.py": f"import os; os.system({trap!r})\n", "package.json": f'{{"name": "x", "scripts": {{"test": "{trap}", "preinstall": "{trap}"}}}}',
             "hardhat.config.js": f"require('child_process').execSync('{trap}')", "contracts/A.sol": "", "Makefile": f"X := $(shell {trap})\nall:\n\t{trap}\n", "build.rs": "", "Cargo.toml": CRATE.format("a"),
             ".husky/pre-commit": trap, "eslint.config.js": f"require('child_process').execSync('{trap}')"}
    tree = plant(tmp_path / "repo", files)
    before = sorted(path.as_posix() for path in tmp_path.rglob("*"))
    detect(tree, catalog())
    assert sorted(path.as_posix() for path in tmp_path.rglob("*")) == before


def broken(content: bytes) -> Iterator[bytes]:
    """The same document truncated, emptied, in other encodings and with other types."""
    yield from (content[:length] for length in range(0, len(content), max(len(content) // 12, 1)))
    yield content.decode().encode("utf-16")
    yield b"\xef\xbb\xbf" + content
    yield content.replace(b'"', b"")
    yield content.replace(b"[", b"{")
    yield b"\xff\xfe\x00" + content
    yield content.replace(b"=", b"= 1 #").replace(b":", b": 1,")


@pytest.mark.parametrize("name", ["Cargo.toml", "a/Cargo.toml", "pyproject.toml", "setup.cfg", "tox.ini", "package.json", "b/package.json", "pnpm-workspace.yaml", "foundry.toml", CI,
                                  ".pre-commit-config.yaml", "Makefile", "justfile", "noxfile.py", "requirements.txt", "setup.py", "lefthook.yml"])
def test_a_document_broken_in_any_way_stops_nothing(tmp_path: Path, name: str) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": CRATE.format("a") + '[dependencies]\nb = { path = "../b" }\n', "pyproject.toml": PROJECT.format("x") +
             '[dependency-groups]\ntest = ["pytest"]\n[tool.uv.workspace]\nmembers = ["py/*"]\n', "setup.cfg": "[metadata]\nname = x\n[flake8]\na = 1\n", "tox.ini": "[testenv]\ncommands = pytest\n",
             "package.json": '{"name": "r", "workspaces": ["b"], "scripts": {"test": "vitest"}, "devDependencies": {"x": "1"}}', "b/package.json": PACKAGE.format("b"), "pnpm-workspace.yaml": "packages:\n- b\n",
             "foundry.toml": "[profile.default]\nsrc = 'src'\n", "src/A.sol": "", CI: workflow("cargo test", "make lint", job="    strategy:\n      matrix:\n        x: [1, 2]\n"),
             ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: ruff\n    entry: ruff\n    args: [a]\n", "Makefile": "X := a\nlint: b\n\truff $(X)\nb:\n", "justfile": "a: b\n  ruff\nb:\n",
             "noxfile.py": "def a(session):\n    session.run('mypy')\n", "requirements.txt": "-e .[a]\nflask; python_version > '3'\n", "setup.py": "setup(name='x')\n", "lefthook.yml": "pre-commit:\n  jobs:\n  - run: x\n",
             "sound/Cargo.toml": CRATE.format("sound") + "[workspace]\n"}
    for number, content in enumerate(broken(files[name].encode())):
        detection = look(tmp_path / str(number), {**files, name: content})
        assert at(detection, "sound").name == "sound"
        json.dumps(to_json(detection))


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPECTED.glob("*.json")))
def test_fixtures_are_found_as_a_reader_finds_them(name: str) -> None:
    """Each `expected/NAME.json` was written by reading `fixtures/repos/NAME`, before detection ran on it."""
    expected = json.loads((EXPECTED / f"{name}.json").read_text())
    detection = detect(tree_at(FIXTURES / name), catalog())
    found = [[component.id, component.root, str(component.language), str(component.kind), component.package_manager, component.test.command if component.test else None,
              standing(component), list(component.depends_on)] for component in detection.components]
    assert found == expected["components"]
    assert [item.root for item in detection.excluded] == expected["excluded"]
    assert [[problem.file, problem.line] for problem in detection.problems] == expected["problems"]


@pytest.mark.performance
def test_a_hundred_thousand_files_are_looked_at_without_touching_each(tmp_path: Path) -> None:
    files = [f"packages/p{folder % 40}/src/m{folder}/f{number}.{'ts' if number % 2 else 'py'}" for folder in range(200) for number in range(500)]
    planted = plant(tmp_path, {"package.json": '{"name": "big", "workspaces": ["packages/*"]}', **{f"packages/p{number}/package.json": PACKAGE.format(f"p{number}") for number in range(40)}})
    tree = type(planted)(root=planted.root, files=tuple(sorted([*planted.files, *files])), git=True)
    started = time.process_time()
    detection = detect(tree, catalog())
    spent = time.process_time() - started
    assert len(detection.components) == 41
    assert spent < 8  # a stat or a Path per file alone would cost more on a busy machine
