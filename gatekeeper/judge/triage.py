"""Sorts what a job found into new, unchanged and moved, before anybody asks whether the job failed; sums up what changed at the end.

Compared is with any number of references (a baseline, a run on the merge-base) and with the lines that a change touches; a finding
counts only where all of them call it new. Broken code and failed builds are never known: where they stand, nothing else was checked.
Does not know where references come from, nor what the policy makes of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatekeeper.judge.fingerprint import EXACT, Read, fingerprinted
from gatekeeper.judge.known import OF_THE_MACHINE, Known, KnownSet, KnownTest, Share, Terrain, shares
from gatekeeper.judge.matching import matched
from gatekeeper.model.finding import Category, Finding, Level, Parsed, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.tool import Effect, Role
from gatekeeper.model.value import dataclass, field, replace

_BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})
#: whether a finding lies on a line that changed; None: that cannot be told
OnChanged = Callable[[Finding], bool | None]


#: in place of a job, in what every job stands like: known things of components that are gone, with their files
NO_JOB = ""


def _untold(_finding: Finding) -> bool | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One thing that a run is compared with. `incomparable` says of jobs (by id) why their findings were not known there and so are all new.

    `changed` tells lines that changed since the reference was made: asked only of findings of tools whose version is none of those recorded,
    and only where `exempts` lets such a change of tool excuse them.
    """

    name: str
    known: KnownSet
    terrain: Terrain = field(default_factory=Terrain)
    incomparable: Mapping[str, str] = field(default_factory=dict)
    changed: OnChanged = _untold
    exempts: bool = False
    #: its entries can be removed and renewed: a baseline
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run is compared with: references, and the lines of the change (None: not looked at; `lines_count`: only those count)."""

    references: tuple[Reference, ...] = ()
    on_changed: OnChanged | None = None
    lines_count: bool = False
    lines_name: str = "changed lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one job's findings stand against one reference; positions are those of the findings of the job."""

    reference: Reference
    same: Mapping[int, tuple[Known, bool]] = field(default_factory=dict)
    excused: frozenset[int] = frozenset()
    gone: tuple[Known, ...] = ()
    gone_tests: tuple[KnownTest, ...] = ()


class Triage:
    """Sorts the outputs of one run as they come; each job's answer depends on that job alone."""

    def __init__(self, plan: Plan, comparison: Comparison, read: Read) -> None:
        self._comparison, self._read = comparison, read
        self._shares = [shares(reference.known, plan, reference.terrain) for reference in comparison.references]
        gone = tuple(_without_component(reference, share, plan) for reference, share in zip(comparison.references, self._shares, strict=True))
        self.standings: dict[str, tuple[Standing, ...]] = {} if plan.scoped else {NO_JOB: gone}

    @property
    def comparison(self) -> Comparison:
        return self._comparison

    def __call__(self, job: Job, parsed: Parsed) -> Parsed:
        """The output with fingerprints and states."""
        if job.effect is not Effect.READS:
            return parsed
        parsed = replace(parsed, findings=fingerprinted(parsed.findings, self._read))
        if job.role in OF_THE_MACHINE:
            self.standings[job.id] = ()
            return parsed
        mine = [share.get(job.id, Share()) for share in self._shares]
        standings = tuple(_standing(reference, share, job, parsed, self._read)
                          for reference, share in zip(self._comparison.references, mine, strict=True))
        self.standings[job.id] = standings
        return replace(parsed, tests=_placed_tests(job, parsed.tests, mine),
                       findings=tuple(self._placed(job, standings, position, finding) for position, finding in enumerate(parsed.findings)))

    def _placed(self, job: Job, standings: Sequence[Standing], position: int, finding: Finding) -> Finding:
        """The finding with its state: new only where everything that it is compared with says so."""
        on_changed = self._comparison.on_changed(finding) if self._comparison.on_changed is not None else None
        compared = bool(standings) or self._comparison.lines_count
        states = [State.MOVED if standing.same[position][1] else State.UNCHANGED for standing in standings if position in standing.same]
        if any(position in standing.excused for standing in standings) or (self._comparison.lines_count and on_changed is False and not is_broken(job, finding)):
            states.append(State.UNCHANGED)
        state = (states[0] if states else State.NEW) if compared else None
        return replace(finding, state=state, on_changed_line=on_changed)


def is_broken(job: Job, finding: Finding) -> bool:
    """Whether a finding says that code cannot be read or built at all."""
    return finding.level is Level.ERROR and (finding.category is Category.BUILD or job.role is Role.BUILD)


def _standing(reference: Reference, share: Share, job: Job, parsed: Parsed, read: Read) -> Standing:
    findings = parsed.findings
    then = _under_old_names(findings, reference.terrain.renamed, read)
    pairs = [pair for pair in matched([known.finding for known in share.findings], then) if not is_broken(job, findings[pair.found])]
    same = {pair.found: (share.findings[pair.known], pair.moved or then[pair.found].file != findings[pair.found].file) for pair in pairs}
    taken = {pair.known for pair in pairs}
    rest = [position for position, finding in enumerate(findings) if position not in same and not is_broken(job, finding)]
    return Standing(reference=reference, same=same, excused=_excused(reference, job, findings, rest),
                    gone=_gone(job, findings, [known for position, known in enumerate(share.findings) if position not in taken]), gone_tests=_gone_tests(share.tests, parsed.tests))


def _gone(job: Job, findings: Sequence[Finding], missing: Sequence[Known]) -> tuple[Known, ...]:
    """Known findings that are fixed: none where code is broken, because tools then tell of nothing else."""
    return () if any(is_broken(job, finding) for finding in findings) else tuple(missing)


def _without_component(reference: Reference, shared: Mapping[str, Share], plan: Plan) -> Standing:
    """What no job answers for because its component is gone, and its file with it: fixed, though nobody looks."""
    there, terrain = {component.id for component in plan.components}, reference.terrain
    answered = {one.id for share in shared.values() for one in share.findings} | {one.id for share in shared.values() for one in share.tests}

    def is_gone(one: Known | KnownTest, file: str | None) -> bool:
        left = one.component is None or one.component in there or one.id in answered
        return not left and not (file and terrain.exists(terrain.renamed.get(file, file)))

    return Standing(reference=reference, gone=tuple(one for one in reference.known.findings if is_gone(one, one.finding.file)),
                    gone_tests=tuple(one for one in reference.known.tests if is_gone(one, one.file)))


def _under_old_names(findings: Sequence[Finding], renamed: Mapping[str, str], read: Read) -> tuple[Finding, ...]:
    """The findings as they would have been told before files were renamed (`renamed`: old name to new)."""
    old_names = {new: old for old, new in renamed.items()}
    if not any(finding.file in old_names for finding in findings):
        return tuple(findings)
    moved = [replace(finding, file=old_names.get(finding.file or "", finding.file)) for finding in findings]
    again = iter(fingerprinted([one for one, now in zip(moved, findings, strict=True) if one.file != now.file], lambda file: read(renamed.get(file, file))))
    return tuple(next(again) if one.file != now.file else now for one, now in zip(moved, findings, strict=True))


def _excused(reference: Reference, job: Job, findings: Sequence[Finding], positions: Sequence[int]) -> frozenset[int]:
    """Those that a tool of another version tells of lines that nobody touched since: new because of the tool."""
    if not (reference.exempts and positions and tool_changed(reference, job)):
        return frozenset()
    return frozenset(position for position in positions if reference.changed(findings[position]) is False)


def tool_changed(reference: Reference, job: Job) -> bool:
    """Whether the job's tool has a version that the reference does not know, while it knows another."""
    version, recorded = job.tool.version if job.tool else None, reference.known.versions.get(job.tool_id)
    return version is not None and bool(recorded) and version not in (recorded or ())


# --- tests -----------------------------------------------------------------------------------------------------------


def _gone_tests(known: Sequence[KnownTest], tests: Sequence[TestCase]) -> tuple[KnownTest, ...]:
    """Known failures that fail no more. One that was not told at all is gone only where nothing else failed: a file that could not be loaded

    is a failure of its own name with some runners, and keeps its tests from being told.
    """
    by_key: dict[tuple[str, str], set[TestOutcome]] = {}
    for test in tests:
        by_key.setdefault((test.classname, test.name), set()).add(test.outcome)
    names = {(one.classname, one.name) for one in known}
    whole = bool(tests) and not any(test.outcome is TestOutcome.ERROR or (test.outcome in _BAD and (test.classname, test.name) not in names) for test in tests)
    return tuple(one for one in known if by_key.get((one.classname, one.name), {TestOutcome.PASSED} if whole else {TestOutcome.FAILED}) == {TestOutcome.PASSED})


def _placed_tests(job: Job, tests: Sequence[TestCase], compared: Sequence[Share]) -> tuple[TestCase, ...]:
    if not compared or job.role is Role.BUILD:
        return tuple(tests)
    known = {(one.classname, one.name) for share in compared for one in share.tests}
    return tuple(test if test.outcome not in _BAD else replace(test, state=State.UNCHANGED if (test.classname, test.name) in known else State.NEW)
                 for test in tests)


def exact_of(finding: Finding) -> str:
    """The exact fingerprint of a finding, empty where it has none."""
    return dict(finding.fingerprints).get(EXACT, "")
