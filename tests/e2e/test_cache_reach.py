"""What results depend on that lies further away than the files of a component: links, other packages, environments, what git was told.

Each of these was a stale hit once. Everything is kept but where a case says `False`: what cannot be known is not kept, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.space import Answer, FakeTool, Space

Change = Callable[[Space], object]
LINTED = '[{"filePath": "index.js", "messages": [], "errorCount": 0, "warningCount": 0, "fatalErrorCount": 0, "suppressedMessages": []}]'
ESLINT, MYPY = "B3/eslint.lint@packages-a", "B2/mypy.types@app"
SITE = ".venv/lib/python3.11/site-packages"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "cat", "node"))


def with_eslint(space: Space) -> FakeTool:
    """A workspace of two packages, each with its own configuration, so that each has a job of its own."""
    space.write("package.json", '{"name": "w", "private": true, "workspaces": ["packages/*"]}\n')
    space.write("package-lock.json", '{"lockfileVersion": 3, "packages": {}}\n')
    space.write(".gitignore", "node_modules\nmade*\n")
    space.write("node_modules/eslint/package.json", '{"name": "eslint", "version": "9.0.0"}\n')
    for name in ("a", "b"):
        space.write(f"packages/{name}/package.json", f'{{"name": "@w/{name}", "version": "1.0.0", "devDependencies": {{"eslint": "9"}}, "scripts": {{"lint": "eslint ."}}}}\n')
        space.write(f"packages/{name}/eslint.config.js", "export default []\n")
        space.write(f"packages/{name}/index.js", "export const x = 1\n")
    return space.fake("eslint", Answer(when=("--version",), stdout="v9.0.0\n"), Answer(stdout=LINTED), folder=space.root / "node_modules" / ".bin")


def with_mypy(space: Space) -> FakeTool:
    """A Python project of one package."""
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.mypy]\n')
    space.write("app.py", "x = 1\n")
    space.write(".gitignore", ".venv*\nmade*\n")
    space.python_env()
    return space.fake("mypy", Answer(when=("--version",), stdout="mypy 2.4.1 (compiled: yes)\n"), Answer(stderr="Success: no issues found in 1 source file\n"))


def measured(space: Space, name: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """The job of this name in a run of it alone."""
    ended = space.run("run", ".", "--no-provision", "--no-backup", "--json", "--only", name, env=env)
    (found,) = [job for job in ended.json()["jobs"] if job["id"] == name]
    assert found["status"] == "passed", (found["message"], ended)
    return dict(found)


def is_known(space: Space, name: str, env: dict[str, str] | None = None) -> bool:
    """Whether a run takes the job from the cache."""
    return bool(measured(space, name, env)["from_cache"])


def write(path: str, text: str) -> Change:
    """Something in the tree, or with `../` beside it."""
    return lambda space: space.write(path, text)


def link(path: str, target: str) -> Change:
    def make(space: Space) -> None:
        place = space.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    return make


def settings(*lines: str) -> Change:
    """The configuration of mypy; `{space}` is the folder that the tree lies in."""
    text = "\n".join(("[project]", 'name = "app"', 'version = "1"', "[tool.mypy]", *lines, ""))
    return lambda space: space.write("pyproject.toml", text.replace("{space}", str(space.folder)))


def extends_outside(space: Space) -> None:
    space.write("packages/a/.eslintrc.json", f'{{"extends": "{space.folder}/shared.json"}}')


def lints_more(space: Space) -> None:
    space.write("packages/a/package.json", space.read("packages/a/package.json").replace("eslint .", "eslint . ../b/src"))


PACKAGES: dict[str, tuple[bool, Change, Change, Change]] = {
    "a linked folder of another package":
        (True, link("packages/a/shared", "../b/src"), write("packages/b/src/y.js", "1\n"), write("packages/b/src/y.js", "2\n")),
    "what lies beside a linked file of another package":
        (True, link("packages/a/y.js", "../b/src/y.js"), write("packages/b/src/y.js", "import './z.js'\n"), write("packages/b/src/z.js", "2\n")),
    "a source that is linked from elsewhere, and what it imports there":
        (False, link("packages/a/y.js", "../../../else/y.js"), write("../else/y.js", "import './z.js'\n"), write("../else/z.js", "2\n")),
    "a place two steps up, without a slash at its end":
        (True, write("packages/a/test/tsconfig.json", '{"compilerOptions": {"baseUrl": "../.."}}\n'), write("packages/b/src/z.js", "1\n"), write("packages/b/src/z.js", "2\n")),
    "steps up of two kinds":
        (True, write("packages/a/test/unit/paths.js", "join(__dirname, '..', '../../b')\n"), write("packages/b/src/z.js", "1\n"), write("packages/b/src/z.js", "2\n")),
    "packages that are installed in a folder below":
        (True, write("packages/a/e2e/index.js", "import 'y'\n"), write("packages/a/e2e/node_modules/y/package.json", '{"version": "1"}\n'),
         write("packages/a/e2e/node_modules/y/package.json", '{"version": "2"}\n')),
    "packages that appear in a folder below":
        (True, write("packages/a/e2e/index.js", "import 'y'\n"), write("packages/a/e2e/more.js", ""), write("packages/a/e2e/node_modules/y/package.json", '{"version": "2"}\n')),
    "aliases of the project above a package that has none":
        (True, write("tsconfig.json", '{"compilerOptions": {"paths": {"@b/*": ["./packages/b/src/*"]}}}\n'), write("packages/b/src/z.js", "1\n"), write("packages/b/src/z.js", "2\n")),
    "the project above the tree":
        (True, write("../tsconfig.json", '{"compilerOptions": {}}\n'), write("packages/a/k.ts", "1\n"), write("../tsconfig.json", '{"compilerOptions": {"strict": true}}\n')),
    "code that was generated among the packages":
        (True, write("node_modules/.prisma/client/index.d.ts", "1\n"), write("packages/b/z.js", ""), write("node_modules/.prisma/client/index.d.ts", "2\n")),
    "another package on the command line":
        (True, lints_more, write("packages/b/src/z.js", "1\n"), write("packages/b/src/z.js", "2\n")),
    "a file outside that configuration extends":
        (True, extends_outside, write("../shared.json", "{}\n"), write("../shared.json", '{"rules": {}}\n')),
    "what only this clone ignores":
        (True, write("packages/a/new.js", "1\n"), write("packages/b/z.js", ""), write(".git/info/exclude", "new.js\n")),
    "what the user ignores everywhere":
        (True, write("packages/a/new.js", "1\n"), write("../home/.gitconfig", "[core]\n\texcludesFile = ~/mine\n"), write("../home/mine", "new.js\n")),
    "an ignored link to a folder elsewhere":
        (False, write("../else/q.js", "1\n"), link("packages/a/made", "../../../else"), write("../else/q.js", "2\n")),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_packages_are_looked_at_again_when_something_further_away_has_changed(space: Space, case: str) -> None:
    with_eslint(space)
    kept, before, more, change = PACKAGES[case]
    for prepare in (before, more):
        prepare(space)
    space.init()
    assert [is_known(space, ESLINT), is_known(space, ESLINT)] == [False, kept]
    change(space)
    assert not is_known(space, ESLINT)


def test_what_a_linked_package_takes_from_a_third_counts_too(space: Space) -> None:
    """As pnpm links them: @w/a finds @w/b, and only @w/b finds the third."""
    with_eslint(space)
    space.write("packages/c/package.json", '{"name": "@w/c", "version": "1.0.0"}\n')
    space.write("packages/c/index.js", "export const c = 1\n")
    link("packages/a/node_modules/@w/b", "../../../b")(space)
    link("packages/b/node_modules/@w/c", "../../../c")(space)
    space.init()
    assert [is_known(space, ESLINT), is_known(space, ESLINT)] == [False, True]
    space.write("packages/c/index.js", "export const d = 1\n")
    assert not is_known(space, ESLINT)


def test_another_package_that_nothing_leads_to_does_not_count(space: Space) -> None:
    with_eslint(space)
    space.init()
    assert [is_known(space, ESLINT), is_known(space, ESLINT)] == [False, True]
    space.write("packages/b/index.js", "export const y = 2\n")
    assert is_known(space, ESLINT)


ENVIRONMENTS: dict[str, tuple[bool, Change, Change, Change]] = {
    "an interpreter that configuration names":
        (True, settings('python_executable = ".venv2/bin/python"'), lambda space: space.python_env(folder=".venv2"), write(f"{SITE.replace('.venv', '.venv2')}/y-1.dist-info/RECORD", "")),
    "a plugin outside":
        (False, settings('plugins = ["{space}/plugin.py"]'), write("../plugin.py", "1\n"), write("../plugin.py", "2\n")),
    "a folder beside the tree that the environment adds by a relative name":
        (False, write(f"{SITE}/y.pth", "../../../../../lib\n"), write("../lib/y.py", "1\n"), write("../lib/y.py", "2\n")),
    "a folder beside the environment whose name begins like it":
        (True, lambda space: space.write(f"{SITE}/y.pth", f"{space.root}/.venv-lib\n"), write(".venv-lib/y.py", "1\n"), write(".venv-lib/y.py", "2\n")),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_types_are_measured_anew_when_something_further_away_has_changed(space: Space, case: str) -> None:
    with_mypy(space)
    kept, before, more, change = ENVIRONMENTS[case]
    for prepare in (before, more):
        prepare(space)
    space.init()
    assert [is_known(space, MYPY), is_known(space, MYPY)] == [False, kept]
    change(space)
    assert not is_known(space, MYPY)
