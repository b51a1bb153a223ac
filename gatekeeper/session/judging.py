"""Collects the facts that the policy is judged on, only those that a condition asks for, and has it judged.

Reads coverage reports, sizes of artifacts, what integration tests need, approvals. Decides nothing: that is `judge.policy`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gatekeeper.judge.counters import batch_seconds
from gatekeeper.judge.policy.assess import assess
from gatekeeper.judge.policy.ground import Ground
from gatekeeper.judge.policy.numbers import numbers
from gatekeeper.judge.suppress import Ledger, Suppressing, ledger
from gatekeeper.model.assessment import Assessment, ConditionStatus, Delta, Enforcement
from gatekeeper.model.coverage import ChangedLines, Coverage
from gatekeeper.model.finding import Metric
from gatekeeper.model.plan import Plan
from gatekeeper.model.result import Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, field, replace
from gatekeeper.session.compare import base_of
from gatekeeper.session.look import Sight
from gatekeeper.session.proposed import obeyed_files, trust_warning
from gatekeeper.session.trust import content_at
from gatekeeper.session.unlisted import globbed
from gatekeeper.tree.changes import Changes
from gatekeeper.tree.lines import changed_lines

#: kinds that speak of what the change added
_OF_CHANGES = frozenset({"coverage", "diff-size", "complexity", "duplication"})
_LARGEST_APPROVAL = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The conditions one by one, and the numbers that were measured for them."""

    assessments: tuple[Assessment, ...]
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What is fixed before the run starts. `began` is the wall clock, in seconds, before the first job: reports that are older are no measurement."""

    sight: Sight
    changes: Changes
    suppressing: Suppressing
    began: float
    past: Mapping[str, float] = field(default_factory=dict)

    def judged(self, plan: Plan, results: Sequence[Result], *, seconds: float, delta: Delta | None = None, approvals: Sequence[str] = ()) -> Judged:
        """The policy as it stands with these results; suppressions that are not in order come as a warning of their own.

        `approvals` (ID=NAME) are those that were given while the run was under way.
        """
        conditions = self.sight.settings.conditions
        account = self.account(plan, results)
        ground = replace(self._ground(plan, tuple(results), account, seconds, delta), approvals=self._approvals(_of(conditions, "approval"), approvals))
        said = assess(conditions, ground)
        asked = any(condition.kind == "suppressions" for condition in conditions)
        more = (*(() if asked else _warned(account)), *trust_warning(obeyed_files(self.sight)))
        return Judged(assessments=(*said, *more), metrics=numbers(ground))

    def account(self, plan: Plan, results: Sequence[Result]) -> Ledger:
        """How the suppressions did."""
        return ledger(self.suppressing, plan, results, filtered=self._filtered())

    def _ground(self, plan: Plan, results: tuple[Result, ...], account: Ledger, seconds: float, delta: Delta | None) -> Ground:
        settings, conditions = self.sight.settings, self.sight.settings.conditions
        return Ground(
            plan=plan, results=results, filtered=self._filtered(), wall_seconds=seconds, batch_seconds=dict(batch_seconds(plan, results)),
            roles=frozenset(role for batch in self.sight.catalog.pipeline.batches for task in batch.tasks for role in task.roles) | {Role.HYGIENE},
            past=self.past, small_change=settings.small_change, ledger=account, delta=delta, audit_level=settings.audit_level,
            changed=self._changed() if _needs_changes(conditions) else None,
            coverage=self._coverage(_of(conditions, "coverage")),
            sizes=_sizes(self.sight.tree.root, _of(conditions, "artifact-size")),
            present=self._present(_of(conditions, "integration")))

    def _coverage(self, conditions: Sequence[PolicyCondition]) -> dict[tuple[str, ...], Coverage]:
        """What reports say, by the names that a condition gives them."""
        if not conditions:
            return {}
        from gatekeeper.session.coverage import coverage_of  # lazy: readers of five formats, which only those who ask for coverage pay

        return {files: coverage_of(self.sight, files, self.began) for files in dict.fromkeys(one.files for one in conditions)}

    def _filtered(self) -> bool:
        settings = self.sight.settings
        return bool(settings.only or settings.batches or settings.languages)

    def _changed(self) -> ChangedLines | None:
        """The lines of the change under judgement, from the base that findings are compared with; None where there is none."""
        staged = self.sight.settings.scope == "staged"
        base = base_of(self.sight, self.changes)() if self.sight.tree.git else None
        return None if base is None else changed_lines(self.sight.tree, self.sight.git, base, staged=staged, name="the last commit" if staged else None)

    def _present(self, conditions: Sequence[PolicyCondition]) -> dict[str, bool]:
        import shutil  # lazy: only policies that ask what there is pay

        environment, root = self.sight.environment, self.sight.tree.root
        found = {f"program {name}": shutil.which(name, path=environment.get("PATH", os.defpath)) is not None
                 for condition in conditions for name in condition.programs}
        found |= {f"variable {name}": bool(environment.get(name)) for condition in conditions for name in condition.environment}
        return found | {f"file {glob}": bool(globbed(root, glob)) for condition in conditions for glob in condition.files}

    def _approvals(self, conditions: Sequence[PolicyCondition], more: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Who approved: on the command line or in the environment (ID=NAME), while the run was under way, or in the files of the condition (a line `ID: NAME`)."""
        given = [text.partition("=")[::2] for text in (*self.sight.settings.approvals, *more)]
        for condition in conditions:
            for file in condition.files:
                content = self._trusted_content(file).decode("utf-8", "replace")
                given += [(name.strip(), who) for name, colon, who in (line.partition(":") for line in content.splitlines()) if colon]
        return {condition.id: tuple(dict.fromkeys(who.strip() for name, who in given if name == condition.id and who.strip())) for condition in conditions}

    def _trusted_content(self, file: str) -> bytes:
        """A file of the tree; over a proposal that is not trusted, as it was before."""
        if self.sight.settings.trusted:
            return (content_at(self.sight.git, self.sight.settings.trusted, file) or b"")[:_LARGEST_APPROVAL]
        return self.sight.tree.read(file, _LARGEST_APPROVAL) or b""


def _of(conditions: Sequence[PolicyCondition], kind: str) -> tuple[PolicyCondition, ...]:
    return tuple(condition for condition in conditions if condition.kind == kind)


def _needs_changes(conditions: Sequence[PolicyCondition]) -> bool:
    return any(condition.kind in _OF_CHANGES and (condition.of == "changed" or condition.on == "new" or condition.kind in {"diff-size", "duplication"})
               for condition in conditions)


def _sizes(root: str, conditions: Sequence[PolicyCondition]) -> dict[str, int]:
    names = {name for condition in conditions for glob in condition.files for name in globbed(root, glob)}
    return {name: os.lstat(os.path.join(root, name)).st_size for name in sorted(names)}


def _warned(account: Ledger) -> tuple[Assessment, ...]:
    wrong = (*account.malformed, *account.expired, *account.unused)
    if not wrong:
        return ()
    return (Assessment(id="suppressions", title="suppressions", enforcement=Enforcement.WARNING, status=ConditionStatus.WARNING,
                       message=f"{len(account.malformed)} malformed and {len(account.expired)} expired (they hide nothing), {len(account.unused)} unused",
                       violations=wrong, recommendations=("correct, renew or remove them",)),)
