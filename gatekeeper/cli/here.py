"""Where a command is called: environment, folder, and the session it works through. The seam of the command line's tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from gatekeeper.config.file import Names
from gatekeeper.errors import TreeError
from gatekeeper.execute.control import Control
from gatekeeper.model.component import Detection
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass, field

if TYPE_CHECKING:  # `--help` and `config` need not load it
    from gatekeeper.session.equip import Equipment, Setup
    from gatekeeper.tree.ahead import Ahead


class Session(Protocol):
    """What the command line needs of the composition root."""

    def look(self, settings: Settings, environment: Mapping[str, str]) -> Detection: ...

    def make_plan(self, settings: Settings, environment: Mapping[str, str]) -> Plan: ...

    def run(self, settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord: ...

    def resume(self, path: str, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord: ...

    def retry(self, path: str, jobs: Sequence[str], environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord: ...

    def equipment(self, settings: Settings, environment: Mapping[str, str]) -> Equipment: ...

    def setup(self, settings: Settings, environment: Mapping[str, str]) -> Setup: ...


class InstalledSession:
    """The session of the installed program; each method imports what it needs, because `--help` and `config` need none of it."""

    def look(self, settings: Settings, environment: Mapping[str, str]) -> Detection:
        from gatekeeper.session.look import look
        return look(settings, environment)

    def make_plan(self, settings: Settings, environment: Mapping[str, str]) -> Plan:
        with _ahead(settings, environment) as runner:
            from gatekeeper.session.look import make_plan
            return make_plan(settings, environment, runner)

    def run(self, settings: Settings, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        with _ahead(settings, environment, compared=True) as runner:
            from gatekeeper.session.run import run
            return run(settings, environment, subscribers, control, runner)

    def resume(self, path: str, environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        from gatekeeper.session.resume import resume
        return resume(path, environment, subscribers, control)

    def retry(self, path: str, jobs: Sequence[str], environment: Mapping[str, str], subscribers: Sequence[Subscriber], control: Control) -> RunRecord:
        from gatekeeper.session.retry import Wish, retry
        return retry(Wish(path=path, jobs=tuple(jobs)), environment, subscribers, control)

    def equipment(self, settings: Settings, environment: Mapping[str, str]) -> Equipment:
        from gatekeeper.session.equip import equipment
        return equipment(settings, environment)

    def setup(self, settings: Settings, environment: Mapping[str, str]) -> Setup:
        from gatekeeper.session.equip import setup
        return setup(settings, environment)


def _ahead(settings: Settings, environment: Mapping[str, str], *, compared: bool = False) -> Ahead:
    """A runner that has asked git already what it will be asked first: it answers while the session is loading."""
    from gatekeeper.execute.helper import Helper, run_helper
    from gatekeeper.tree.ahead import Ahead
    from gatekeeper.tree.changes import STAGED
    from gatekeeper.tree.listing import questions

    ahead = Ahead(run_helper, Helper, settings.root, environment)
    ahead.put((*questions(settings.root, compared=compared), *((STAGED,) if settings.scope == "staged" else ())))
    return ahead


def installed_names() -> Names:
    """The names that options and gatekeeper.yaml may use in this installation."""
    from gatekeeper.catalog.load import pipeline_names
    from gatekeeper.catalog.location import document_names, pipelines_folder
    from gatekeeper.parse.formats import FORMATS as PARSERS
    from gatekeeper.report.formats import FORMATS as REPORTS

    tools = tuple(os.path.basename(path).removesuffix(".yaml") for path in document_names(pipelines_folder(), "tools"))
    return Names(pipelines=pipeline_names(), tools=tools, reports=tuple(REPORTS), parsers=tuple(PARSERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The surroundings of one call."""

    environment: Mapping[str, str]
    cwd: str
    session: Session = field(default_factory=InstalledSession)
    names: Callable[[], Names] = installed_names


def here() -> Here:
    """The surroundings of this process. Raises TreeError when its folder is gone."""
    try:
        return Here(environment=dict(os.environ), cwd=os.getcwd())
    except FileNotFoundError as error:
        raise TreeError("the current folder does not exist any more", hint="change to another folder") from error
