"""What was known before a run: findings and failing tests, and which job of a plan has to say whether they are still there.

Pure values and one function that hands each known thing to one job, before anything runs: so the order in which jobs end decides nothing.
Does not know where the known things come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatekeeper.judge.fingerprint import EXACT
from gatekeeper.model.finding import Finding
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.tool import Effect, Role
from gatekeeper.model.value import dataclass, field

#: what jobs of these roles say is a state of the machine or of the run, never of the code: nothing that could be known, new or fixed
OF_THE_MACHINE = frozenset({Role.HEALTH, Role.BACKUP, Role.REPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A finding that was known, by the command that told it, in which component (None: the whole repository)."""

    command: str
    component: str | None
    finding: Finding

    @property
    def id(self) -> str:
        """What no other known finding of the same time has."""
        return f"{self.command}|{self.component or ''}|{dict(self.finding.fingerprints).get(EXACT, '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTest:
    """A test that was known to fail."""

    command: str
    component: str | None
    classname: str
    name: str
    file: str | None = None

    @property
    def id(self) -> str:
        """What no other known test has."""
        return f"{self.command}|{self.component or ''}|{self.classname}|{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSet:
    """Everything that was known at one time, with the versions of the tools that told it (by tool id; several after a merge)."""

    findings: tuple[Known, ...] = ()
    tests: tuple[KnownTest, ...] = ()
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one job has to answer for: known findings in files that it does not look at in this run are in none."""

    findings: tuple[Known, ...] = ()
    tests: tuple[KnownTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """What distributing needs to know of the tree: names of now by those of then, whether a file is there, whether a job takes single files."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    exists: Callable[[str], bool] = lambda _file: True
    takes_files: Callable[[Job], bool] = lambda _job: False


def shares(known: KnownSet, plan: Plan, terrain: Terrain) -> Mapping[str, Share]:
    """By job id what it answers for. What no job of the plan answers for is in none: it stays as it was."""
    homes = _Homes(plan)
    findings: dict[str, list[Known]] = {}
    tests: dict[str, list[KnownTest]] = {}
    for one in known.findings:
        file = terrain.renamed.get(one.finding.file or "", one.finding.file)
        job = homes.of(one.command, one.component, file)
        if job is not None and (file is None or not terrain.takes_files(job) or file in homes.files(job) or not terrain.exists(file)):
            findings.setdefault(job.id, []).append(one)
    for test in known.tests:
        if (job := homes.of(test.command, test.component, None)) is not None:
            tests.setdefault(job.id, []).append(test)
    return {job_id: Share(findings=tuple(findings.get(job_id, ())), tests=tuple(tests.get(job_id, ()))) for job_id in dict.fromkeys((*findings, *tests))}


class _Homes:
    """Jobs by what they check."""

    def __init__(self, plan: Plan) -> None:
        self._roots = {component.id: component.root for component in plan.components}
        self._by_command: dict[str, list[Job]] = {}
        for job in plan.jobs:
            if job.effect is Effect.READS:
                self._by_command.setdefault(job.command, []).append(job)
        self._files: dict[str, frozenset[str]] = {}
        self._holders: dict[str, dict[str, list[Job]]] = {}

    def files(self, job: Job) -> frozenset[str]:
        if job.id not in self._files:
            self._files[job.id] = frozenset(job.files)
        return self._files[job.id]

    def of(self, command: str, component: str | None, file: str | None) -> Job | None:
        """The job that would tell a finding of this command again: has the file, else the folder, else the component, else is the only one."""
        jobs = self._by_command.get(command, [])
        if file is not None:
            holding = self._holding(command).get(file) or self._around(jobs, file)
            if holding:
                return self._named(holding, component) or holding[0]
        return self._named(jobs, component) or (jobs[0] if len(jobs) == 1 else None)

    def _holding(self, command: str) -> Mapping[str, list[Job]]:
        """The jobs of a command by each file that they look at."""
        if command not in self._holders:
            holders = self._holders.setdefault(command, {})
            for job in self._by_command.get(command, ()):
                for file in job.files:
                    holders.setdefault(file, []).append(job)
        return self._holders[command]

    def _around(self, jobs: Sequence[Job], file: str) -> list[Job]:
        """Those of the innermost component that a file lies (or lay) in."""
        depths = [(len(root), job) for job in jobs if (root := self._root(job)) is not None and (root == "" or file.startswith(f"{root}/"))]
        deepest = max((depth for depth, _ in depths), default=0)
        return [job for depth, job in depths if depth == deepest]

    def _root(self, job: Job) -> str | None:
        root = self._roots.get(job.component or "", job.cwd)
        return "" if root == "." else root

    def _named(self, jobs: Sequence[Job], component: str | None) -> Job | None:
        return next((job for job in jobs if job.component == component), None)


