"""What documents and tables promise about each other: exit codes, tools, events, and that nothing tells where it was made."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from gatekeeper import errors
from gatekeeper.catalog.load import load_catalog, pipeline_names
from gatekeeper.cli import boundary
from gatekeeper.judge.counters import APART, BUCKETS, SIX
from gatekeeper.judge.verdict import EXIT_CODES
from gatekeeper.model.event import (
    Event,
    Intervened,
    JobDelayed,
    JobEnded,
    JobFinished,
    JobOutput,
    JobPaused,
    JobQueued,
    JobResumed,
    JobStarted,
    Notice,
    Pressure,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Stage,
    StageReached,
    VerdictReached,
)
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.tool import Tool
from gatekeeper.parse.formats import FORMATS
from gatekeeper.store.log import sentence
from tests.fakes.record import mixed
from tests.parse.recordings import SHIPPED, text_of, versions

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CATALOG = load_catalog()
RECORD = mixed()
#: one of each kind
EVENTS: tuple[Event, ...] = (
    RunStarted(at=0.0, run_id="id", plan=RECORD.plan), JobQueued(at=0.0, job="B2/ruff"), JobStarted(at=0.0, job="B2/ruff", attempt=1, pid=7),
    JobEnded(at=0.0, job="B2/ruff", attempt=Attempt(exit_code=3)), JobFinished(at=0.0, job="B2/ruff", result=Result(job="B2/ruff", status=Status.PASSED)),
    Notice(at=0.0, message="slow"), VerdictReached(at=0.0, verdict=RECORD.verdict), RunFinished(at=0.0, run_id="id", verdict=RECORD.verdict, wall_seconds=1.0),
    StageReached(at=0.0, stage=Stage.QUEUED), JobOutput(at=0.0, job="B2/ruff", stdout=3, stderr=0), JobPaused(at=0.0, job="B2/ruff", reason="memory"),
    JobResumed(at=0.0, job="B2/ruff"), JobDelayed(at=0.0, job="B2/ruff", attempt=2, seconds=1.5, reason="crash"), RunPaused(at=0.0, reason="lunch"), RunResumed(at=0.0), Intervened(at=0.0, action="jobs", value="4", by="me"),
    Pressure(at=0.0, resource="memory", value=91.0, limit=80.0, held=True),
)


def _exit_rows() -> dict[str, set[int]]:
    """The verdict of each row of README's table with its exit codes."""
    rows = re.findall(r"^\| ([\d, ]+) \| (\S+) \|", README[README.index("### Verdict and exit codes"):README.index("### Batches")], re.MULTILINE)
    found: dict[str, set[int]] = {}
    for codes, verdict in rows:
        found.setdefault(verdict, set()).update(int(code) for code in codes.split(","))
    return found


def test_the_documented_exit_codes_are_those_of_the_program() -> None:
    rows = _exit_rows()
    assert {Outcome(verdict): codes for verdict, codes in rows.items() if verdict in set(Outcome)} == {
        **{outcome: {code} for outcome, code in EXIT_CODES.items()}, Outcome.INTERRUPTED: {129, EXIT_CODES[Outcome.INTERRUPTED], 143}}
    no_verdict = {code for verdict, codes in rows.items() if verdict not in set(Outcome) for code in codes}
    assert no_verdict == {errors.GatekeeperError.exit_code, boundary.BUG}
    assert EXIT_CODES[Outcome.INCOMPLETE] == boundary.INCOMPLETE
    assert EXIT_CODES[Outcome.INTERRUPTED] == boundary.INTERRUPTED


def test_every_error_of_the_tree_is_drawn_and_raised_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "gatekeeper").rglob("*.py") if path.name != "errors.py")
    for error in errors.GatekeeperError.__subclasses__():
        if error.__module__ == errors.__name__:
            assert f"+-- {error.__name__} " in (errors.__doc__ or "")
            assert re.search(rf"\braise {error.__name__}\(|\breturn {error.__name__}\(", source), f"{error.__name__} is never raised"


def test_every_status_is_counted_in_a_counter_and_told_in_the_readme() -> None:
    assert set(BUCKETS) == set(Status)
    assert set(BUCKETS.values()) <= set(SIX) | set(APART)
    told = README[README.index("A job ends as"):README.index("### Batches")]
    assert [status for status in Status if status.final and status not in told] == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_a_sentence_of_the_log(event: Event) -> None:
    assert sentence(event).strip()
    assert "\n" not in sentence(event)


def test_no_event_was_forgotten_above() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


#: told by what they run
_TOLD = {"script": "the package's own scripts", "npm": "npm audit and outdated", "pip": "pip outdated", "cargo": "cargo check, test, doc and bench"}


#: run as scripts of the package, by jobs of their own kind
_BY_SCRIPT = frozenset({"vitest", "jest", "mocha"})


@pytest.mark.parametrize("tool", [tool for tool in CATALOG.tools if not tool.builtin], ids=lambda tool: tool.id)
def test_the_readme_names_every_tool_where_it_belongs(tool: Tool) -> None:
    section = " ".join(README[README.index("## Tools"):README.index("Which program:")].split())
    run, listed = section.split("These are recognised and listed")
    name = re.compile(rf"(?<![\w-]){re.escape(_TOLD.get(tool.id, tool.id))}(?![\w-])")
    is_run = bool(tool.commands) or tool.id in _BY_SCRIPT
    assert (bool(name.search(run)), bool(name.search(listed))) == (is_run, not is_run)


@pytest.mark.parametrize("tool", CATALOG.tools, ids=lambda tool: tool.id)
def test_every_command_is_read_by_a_parser_that_exists(tool: object) -> None:
    commands = [command for found in CATALOG.tools if found is tool for command in found.commands]
    assert [command.id for command in commands if command.output.parser not in FORMATS] == []


@pytest.mark.parametrize("name", pipeline_names())
def test_every_pipeline_loads_and_names_itself(name: str) -> None:
    assert load_catalog(name).pipeline.name == name


def _tracked() -> list[Path]:
    """The files of the project; without git (an unpacked source archive) those of the package."""
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    names = [name for name in answer.stdout.decode("utf-8", "surrogateescape").split("\0") if name]
    return [ROOT / name for name in names] or sorted((ROOT / "gatekeeper").rglob("*.py"))


def test_no_file_tells_where_it_was_made() -> None:
    places = [str(place).encode() for place in {ROOT, Path(sys.prefix).resolve(), Path.home()} if len(place.parts) > 2]
    telling = [str(path) for path in _tracked() if path.is_file() and any(place in path.read_bytes() for place in places)]
    assert telling == []


def test_every_module_is_imported_started_or_listed_somewhere() -> None:
    """A module that nobody names is dead, however well it is tested."""
    package = ROOT / "gatekeeper"
    modules = {path: path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in package.rglob("*.py") if path.name != "__init__.py"}
    named = {name for path in modules for name in _names(path)}
    data = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipelines" / "tools").glob("*.yaml")) + (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    alone = {name for name in modules.values() if name not in named and not name.startswith("gatekeeper.parse.")}
    alone = {name for name in alone if name.rpartition(".")[2] not in data and not re.search(rf"\b{name.rpartition('.')[2]}\.py\b", _sources(modules))}
    assert alone == {"gatekeeper.__main__"} & alone
    assert {name for name in modules.values() if name.startswith("gatekeeper.parse.")} - named <= {f"gatekeeper.parse.{module}" for module in FORMATS.values()}


def _sources(modules: dict[Path, str]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in modules)


def _names(path: Path) -> set[str]:
    """Modules that a module imports, as `package.module` and `package.module.name`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_the_shipped_list_of_recordings_is_that_of_the_fixtures() -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    assert json.loads(shipped) == versions(), "run: python -m tests.parse.recordings"
    assert shipped == text_of(versions())
