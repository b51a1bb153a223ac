"""What the cache promises of whole runs: the same reports, little work after little change, and peace with whoever empties it meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.test_reports import EVERY, masked
from tests.fakes.faulty import configure, tasks_only
from tests.fakes.space import Answer, FakeTool, Space

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

FOUND = json.dumps({"schema": 1, "checked": 3, "findings": [
    {"file": name, "line": line, "rule": rule, "level": level, "message": f"{rule} at {line}"}
    for name in ("a.txt", "z.txt", "b.txt") for line in (7, 3) for rule, level in (("second", "warning"), ("first", "error"))]})
TESTED = ('<testsuite name="s"><testcase classname="c" name="works"/><testcase classname="c" name="breaks"><failure message="no"/></testcase>'
          '<testcase classname="c" name="later"><skipped/></testcase></testsuite>')
LINTED = '[{"filePath": "index.js", "messages": [], "errorCount": 0, "warningCount": 0, "fatalErrorCount": 0, "suppressedMessages": []}]'
#: what a report says of a job that ran, or of one that did not
_MARKS = re.compile(r'(?<="from_cache": )(true|false)|,"startTimeUtc":"#","endTimeUtc":"#"|,? \(?from cache\)?|<li><a href="#time">[^<]*</a></li>|^\n', re.MULTILINE)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path, programs=("true", "cat", "node"))


def reports(space: Space, *options: str) -> tuple[Mapping[str, str], list[bool]]:
    """The reports of a run without what must differ, and which of its jobs came from the cache."""
    ended = space.run(*tasks_only("--json", *EVERY, *options))
    assert ended.exit_code == 1, ended
    told = ended.json()
    texts = masked(space.root / ".gatekeeper" / "runs" / told["run_id"])
    return {name: _MARKS.sub("", text) for name, text in texts.items()}, [job["from_cache"] for job in told["jobs"]]


def test_what_is_known_is_reported_as_if_it_had_been_measured(space: Space) -> None:
    space.write("a.txt", "a\n")
    space.fake("finds", Answer(stdout=FOUND, exit_code=1))
    space.fake("tests", Answer(writes={"--out=": TESTED}, exit_code=1))
    configure(space, {"finds": ["finds"], "tests": ["tests", "--out={report}"]}, finds={"output": {"parser": "gatekeeper-json"}, "cache": "tree"},
              tests={"output": {"parser": "junit"}, "role": "test", "cache": "tree"})
    space.init()
    (fresh, none), (cached, both), (again, nothing) = reports(space), reports(space), reports(space, "--no-cache")
    assert (none, both, nothing) == ([False, False], [True, True], [False, False])
    assert {name for name in fresh if fresh[name] != cached[name]} == set()
    assert {name for name in fresh if again[name] != cached[name]} == set()
    assert (cached["gatekeeper.sarif"].count('"ruleId":"first"'), cached["junit.xml"].count("<testcase ")) == (6, fresh["junit.xml"].count("<testcase "))


def with_ruff(space: Space, files: int) -> FakeTool:
    """A Python project of so many files, whose CI calls ruff."""
    space.write("pyproject.toml", '[project]\nname = "app"\nversion = "1"\n[tool.ruff]\nline-length = 100\n')
    space.write(".github/workflows/ci.yml", "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ruff check .\n")
    for number in range(files):
        space.write(f"src/p{number % 100:02}/m{number}.py", f"x = {number}\n")
    return space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(stdout="[]"))


def looked_at(tool: FakeTool) -> list[str]:
    return [word for call in tool.calls if "--version" not in call.argv for word in call.argv if word.endswith(".py")]


def test_of_ten_thousand_files_the_one_that_changed_is_looked_at_alone(space: Space) -> None:
    tool = with_ruff(space, 10_000)
    space.init()
    words = ("run", ".", "--no-provision", "--no-backup", "--json", "--only", "ruff.lint*", "--only", "hygiene.*")
    assert space.run(*words).exit_code == 0
    assert len(looked_at(tool)) == len(set(looked_at(tool))) == 10_000
    space.write("src/p42/m4242.py", "x = 1\n")
    second = space.run(*words)
    assert looked_at(tool)[10_000:] == ["src/p42/m4242.py"], second
    assert all(job["from_cache"] or "from the cache" in job["message"] for job in second.json()["jobs"]), second
    third = space.run(*words)
    assert all(job["from_cache"] for job in third.json()["jobs"]), third
    assert len(looked_at(tool)) == 10_001


def with_packages(space: Space, packages: int) -> FakeTool:
    """A workspace of packages that each bring their own eslint, beside a Python project."""
    with_ruff(space, 3)
    space.write("package.json", '{"name": "w", "private": true, "workspaces": ["packages/*"]}\n')
    space.write("package-lock.json", '{"lockfileVersion": 3, "packages": {}}\n')
    space.write(".gitignore", "node_modules\n")
    space.write("node_modules/eslint/package.json", '{"name": "eslint", "version": "9.0.0"}\n')
    for number in range(packages):
        manifest = {"name": f"@w/p{number}", "version": "1.0.0", "devDependencies": {"eslint": "9"}, "scripts": {"lint": "eslint ."}}
        space.write(f"packages/p{number}/package.json", json.dumps(manifest))
        space.write(f"packages/p{number}/eslint.config.js", "export default []\n")
        space.write(f"packages/p{number}/index.js", f"export const x = {number}\n")
    return space.fake("eslint", Answer(when=("--version",), stdout="v9.0.0\n"), Answer(stdout=LINTED), folder=space.root / "node_modules" / ".bin")


def known(space: Space) -> dict[str, bool]:
    """Which jobs of eslint and ruff a run takes from the cache."""
    ended = space.run("run", ".", "--no-provision", "--no-backup", "--json", "--only", "eslint.*", "--only", "ruff.lint*")
    assert ended.exit_code == 0, ended
    return {job["id"]: job["from_cache"] for job in ended.json()["jobs"]}


def test_the_configuration_of_eslint_concerns_what_it_governs_and_nothing_else(space: Space) -> None:
    with_packages(space, 3)
    space.init()
    assert set(known(space).values()) == {False}
    assert set(known(space).values()) == {True}
    space.write("packages/p1/eslint.config.js", "export default [{rules: {}}]\n")
    assert [name for name, hit in known(space).items() if not hit] == ["B3/eslint.lint@packages-p1"]
    space.write("packages/p2/.eslintrc.json", "{}\n")
    assert [name for name, hit in known(space).items() if not hit] == ["B3/eslint.lint@packages-p2"]


def test_after_two_commits_on_other_files_at_least_95_percent_are_known(space: Space) -> None:
    with_packages(space, 24)
    space.write("docs/index.md", "# App\n")
    space.init()
    known(space)
    space.write("docs/guide.md", "# Guide\n")
    space.write("packages/p7/README.md", "# Seven\n")
    space.commit("say more")
    first = known(space)
    space.write("packages/p3/index.js", "export const x = 'three'\n")
    space.commit("one package")
    second = known(space)
    assert len(first) == len(second) == 25
    hits = [hit for jobs in (first, second) for hit in jobs.values()]
    assert sum(hits) / len(hits) >= 0.95, (first, second)


def test_runs_are_right_while_somebody_empties_the_cache(space: Space) -> None:
    with_ruff(space, 20)
    unused = [{"code": "F401", "name": "unused-import", "message": "unused", "severity": "error", "filename": "src/p07/m7.py", "fix": None, "location": {"row": 1, "column": 8},
               "end_location": {"row": 1, "column": 10}, "url": "", "noqa_row": 1, "cell": None}]
    space.fake("ruff", Answer(when=("--version",), stdout="ruff 0.17.5\n"), Answer(when=("src/p07/m7.py",), stdout=json.dumps(unused), exit_code=1), Answer(stdout="[]"))
    space.init()
    words = ("run", ".", "--no-provision", "--no-backup", "--json", "--only", "ruff.lint*")
    assert space.run(*words).exit_code == 1
    for round_ in range(3):
        space.write(f"src/p0{round_}/m{round_}.py", f"x = 'round {round_}'\n")
        runs = [space.start(*words) for _ in range(3)]
        others = [space.start("cache", *verb) for verb in (("clear",), ("prune", "--max", "0"), ("clear",))]
        ended = [(process.communicate(timeout=60)[0], process.returncode) for process in runs]
        assert [(process.communicate(timeout=60), process.returncode)[1] for process in others] == [0, 0, 0]
        assert [(code, [found["rule"] for found in json.loads(out)["findings"]]) for out, code in ended] == [(1, ["F401"])] * 3
    assert space.run(*words).exit_code == 1
