"""Which findings do not count because somebody said so, with a reason: in a comment beside them or in gatekeeper.yaml.

Pure: the day and the comments come in. An expired or malformed suppression hides nothing and is named; one that hid nothing is
named too, where every job that could have used it ran. Suppressed findings stay in reports. Does not know how comments are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from gatekeeper.judge.inline import Inline
from gatekeeper.model.component import Component
from gatekeeper.model.finding import Finding, State, Suppression, SuppressionKind
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Result
from gatekeeper.model.settings import SuppressionRule
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, replace

#: the inline suppressions of a file
Comments = Callable[[str], Sequence[Inline]]
_MEASURED = frozenset({Status.PASSED, Status.FAILED})
_GLOB = frozenset("*?[")
_OF_SOURCES = frozenset({Role.HYGIENE, Role.FORMAT, Role.LINT, Role.TYPES, Role.BUILD, Role.DOCS, Role.ANALYSIS, Role.SECURITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressing:
    """What may suppress findings in this run. `today` is an ISO date; a suppression holds to the end of its last day."""

    today: str
    rules: tuple[SuppressionRule, ...] = ()
    comments: Comments = lambda _file: ()
    #: names the files that may hold comments, when asked
    files: Callable[[], Collection[str]] = lambda: ()
    components: tuple[Component, ...] = ()

    def apply(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, those that are suppressed marked so."""
        beside: dict[str, Mapping[int, Sequence[Inline]]] = {}
        active = [rule for rule in self.rules if not is_expired(rule.expires, self.today)]
        return tuple(self._applied(finding, beside, active) for finding in findings)

    def _applied(self, finding: Finding, beside: dict[str, Mapping[int, Sequence[Inline]]], active: Sequence[SuppressionRule]) -> Finding:
        suppression = self._inline(finding, beside) or self._configured(finding, active)
        return finding if suppression is None else replace(finding, state=State.SUPPRESSED, suppression=suppression)

    def _inline(self, finding: Finding, beside: dict[str, Mapping[int, Sequence[Inline]]]) -> Suppression | None:
        if finding.file is None or finding.line is None:
            return None
        if finding.file not in beside:
            beside[finding.file] = self._by_line(finding.file)
        for note in beside[finding.file].get(finding.line, ()):
            if any(_names(rule, finding) for rule in note.rules):
                return Suppression(kind=SuppressionKind.INLINE, reason=note.reason, owner=note.owner, expires=note.until, where=note.where)
        return None

    def _by_line(self, file: str) -> Mapping[int, Sequence[Inline]]:
        """The comments of a file that hold, by the lines that they speak of."""
        found: dict[int, list[Inline]] = {}
        for note in self.comments(file):
            if self.holds(note):
                for line in {note.line, note.target}:
                    found.setdefault(line, []).append(note)
        return found

    def _configured(self, finding: Finding, active: Sequence[SuppressionRule]) -> Suppression | None:
        for rule in active:
            if self._covers(rule, finding):
                return Suppression(kind=SuppressionKind.CONFIGURATION, reason=rule.reason, owner=rule.owner, expires=rule.expires, where=rule.where)
        return None

    def holds(self, note: Inline) -> bool:
        """Whether a comment can be read and has not expired."""
        return note.fault is None and not is_expired(note.until, self.today)

    def _covers(self, rule: SuppressionRule, finding: Finding) -> bool:
        if rule.rules and not any(_names(name, finding) for name in rule.rules):
            return False
        if rule.tools and not _any(rule.tools, finding.tool):
            return False
        if rule.paths and (finding.file is None or not any(matches_path(finding.file, path) for path in rule.paths)):
            return False
        return not rule.components or any(_any(rule.components, owner) for owner in owners(finding.file, self.components))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How the suppressions of a run did: one line each for those that expired, could not be read, or hid nothing; `used` counts the findings."""

    used: int = 0
    expired: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def ledger(suppressing: Suppressing, plan: Plan, results: Sequence[Result], *, filtered: bool) -> Ledger:
    """The account of all suppressions; `filtered`: a run that was asked for some jobs only."""
    used = [finding.suppression.where for result in results for finding in result.findings if finding.suppression is not None]
    ground = _Ground(plan, results, frozenset(where for where in used if where), filtered=filtered)
    notes = [note for file in sorted(suppressing.files()) for note in suppressing.comments(file)]
    today = suppressing.today
    lapsed = [f"{note.where} expired on {note.until}{_by(note.owner)}" for note in notes if note.fault is None and is_expired(note.until, today)]
    lapsed += [f"{rule.where} expired on {rule.expires}{_by(rule.owner)}" for rule in suppressing.rules if is_expired(rule.expires, today)]
    unused = [f"{note.where} [{', '.join(note.rules)}] hides nothing" for note in notes if suppressing.holds(note) and ground.idle_note(note)]
    unused += [f"{rule.where} hides nothing" for rule in suppressing.rules if not is_expired(rule.expires, today) and ground.idle_rule(rule)]
    return Ledger(used=len(used), expired=tuple(lapsed), malformed=tuple(f"{note.where} {note.fault}" for note in notes if note.fault is not None),
                  unused=tuple(unused))


class _Ground:
    """What is needed to say that a suppression is idle: everything that could have used it ran, and nothing did."""

    def __init__(self, plan: Plan, results: Sequence[Result], used: Collection[str], *, filtered: bool) -> None:
        statuses = {result.job: result.status for result in results}
        self._jobs = [(job, statuses.get(job.id) in _MEASURED) for job in plan.jobs if _speaks_of_lines(job)]
        self._roots = {component.id: component.root for component in plan.components}
        self._used = used
        self._whole = not filtered and not plan.scoped
        self._filtered = filtered

    def idle_note(self, note: Inline) -> bool:
        if note.where in self._used:
            return False
        tools = {rule.partition("/")[0] for rule in note.rules}
        known = {job.tool_id for job, _ in self._jobs}
        concerned = [(job, measured) for job, measured in self._jobs if self._looks_at(job, note.file)]
        if tools <= known and all("/" in rule for rule in note.rules):
            concerned = [(job, measured) for job, measured in concerned if job.tool_id in tools]
        elif self._filtered:
            return False
        return bool(concerned) and all(measured for _, measured in concerned)

    def idle_rule(self, rule: SuppressionRule) -> bool:
        if not self._whole or rule.where in self._used:
            return False
        concerned = [measured for job, measured in self._jobs if not rule.tools or _any(rule.tools, job.tool_id)]
        return bool(concerned) and all(concerned)

    def _looks_at(self, job: Job, file: str) -> bool:
        if job.files:
            return file in job.files
        root = self._roots.get(job.component or "", ".")
        return root == "." or file.startswith(f"{root}/")


def _speaks_of_lines(job: Job) -> bool:
    """Whether a job may find something on a line of a source: tests, audits of packages and what looks at the machine do not."""
    return job.role in _OF_SOURCES and not job.command.endswith(".audit") and job.output.parser != "exit-code"


def is_expired(until: str | None, today: str) -> bool:
    """Whether the day is over; both are ISO dates, which sort as they follow."""
    return until is not None and until < today


def matches_path(file: str, pattern: str) -> bool:
    """Whether a glob of the configuration names a file; `dir` and `dir/**` mean all below."""
    folder = pattern.removesuffix("/**").rstrip("/")
    return fnmatchcase(file, pattern) or file.startswith(f"{folder}/")


def owners(file: str | None, components: Sequence[Component]) -> tuple[str, ...]:
    """Ids of the innermost components that a file lies in: several where one folder holds several languages."""
    if file is None:
        return ()
    inside = [component for component in components if component.root == "." or file.startswith(f"{component.root}/")]
    deepest = max((len(component.root) if component.root != "." else 0 for component in inside), default=0)
    return tuple(component.id for component in inside if (len(component.root) if component.root != "." else 0) == deepest)


def _names(rule: str, finding: Finding) -> bool:
    own = finding.rule or ""
    if _GLOB.isdisjoint(rule):  # nearly every rule, and findings come by the ten thousand
        return rule in {own, f"{finding.tool}/{own}"}
    return fnmatchcase(own, rule) or fnmatchcase(f"{finding.tool}/{own}", rule)


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _by(owner: str | None) -> str:
    return f" (owner: {owner})" if owner else ""
