"""A session that answers at once, for tests of the command line: it remembers with which settings it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.execute.control import Control
from gatekeeper.model.component import Component, Detection, Kind, Language, ToolStatus, ToolUse
from gatekeeper.model.event import RunFinished, RunStarted
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.provide.install import SetupStep
from gatekeeper.session.equip import Equipment, Setup
from tests.fakes.record import mixed

DETECTION = Detection(root="/repo", components=(
    Component(id="api", root="api", language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name="api", manifest="api/pyproject.toml", tools=(
        ToolUse(tool="ruff", config="api/pyproject.toml#tool.ruff", status=ToolStatus.CONFIGURED, evidence="[tool.ruff]"),
        ToolUse(tool="mypy", config=None, status=ToolStatus.USED, evidence="CI: mypy # strict\nsecond line"),
        ToolUse(tool="pip-audit", config=None, status=ToolStatus.DEFAULT, evidence=""),
        ToolUse(tool="black", config=None, status=ToolStatus.STALE, evidence="left over"),
    )),
))


@dataclass(slots=True)
class FakeSession:
    """Gives what it was made with."""

    record: RunRecord = field(default_factory=mixed)
    detection: Detection = DETECTION
    equipped: Equipment = field(default_factory=lambda: Equipment(tools=(), dependencies=()))
    steps: tuple[SetupStep, ...] = ()
    #: steps of `setup` that were done; those whose first word is `fail` fail
    done: list[SetupStep] = field(default_factory=list)
    during: Callable[[Control], None] = lambda _control: None
    before: Callable[[], None] = lambda: None
    asked: list[tuple[str, Settings]] = field(default_factory=list)
    #: folders of runs that were to go on; of runs to be tried again folders and jobs
    taken_up: list[object] = field(default_factory=list)

    def look(self, settings: Settings, _environment: Mapping[str, str]) -> Detection:
        self.asked.append(("look", settings))
        self.before()
        return self.detection

    def make_plan(self, settings: Settings, _environment: Mapping[str, str]) -> Plan:
        self.asked.append(("make_plan", settings))
        return self.record.plan

    def run(self, settings: Settings, _environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        self.asked.append(("run", settings))
        for subscriber in subscribers:
            subscriber(RunStarted(at=0.0, run_id=self.record.run_id, plan=self.record.plan))
        self.during(control)
        for subscriber in subscribers:
            subscriber(RunFinished(at=1.0, run_id=self.record.run_id, verdict=self.record.verdict, wall_seconds=1.0))
        return self.record

    def resume(self, path: str, _environment: Mapping[str, str], _subscribers: Sequence[Subscriber], _control: Control) -> RunRecord:
        self.taken_up.append(path)
        return self.record

    def retry(self, path: str, jobs: Sequence[str], _environment: Mapping[str, str], _subscribers: Sequence[Subscriber], _control: Control) -> RunRecord:
        self.taken_up.append((path, *jobs))
        return self.record

    def equipment(self, settings: Settings, _environment: Mapping[str, str]) -> Equipment:
        self.asked.append(("equipment", settings))
        return self.equipped

    def setup(self, settings: Settings, _environment: Mapping[str, str]) -> Setup:
        self.asked.append(("setup", settings))
        return Setup(steps=self.steps, perform=self._perform)

    def _perform(self, step: SetupStep) -> str | None:
        self.done.append(step)
        return "it did not work" if step.argv[0] == "fail" else None
