"""Conditions on numbers: duplication, complexity, benchmarks, durations, the size of the change and of artifacts.

Does not know who measured: numbers come in with the ground. What was not measured is unmeasured, never zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.judge.policy.ground import Answer, Ground, any_glob, cut, held, lacking, not_judged, unmeasured, within_limit
from gatekeeper.judge.suppress import matches_path, owners
from gatekeeper.model.assessment import MEASURERS
from gatekeeper.model.duration import spoken
from gatekeeper.model.finding import Metric
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.settings import PolicyCondition
from gatekeeper.model.tool import Role
from gatekeeper.model.wording import count_text, size_text

Pair = tuple[Job, Result | None]


def duplication(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """At most so many percent of the lines stand twice."""
    if ground.is_small():
        assert ground.changed is not None
        return not_judged(f"a small change ({ground.changed.lines} lines, the rule begins at {ground.small_change})")
    jobs = _measurers(ground, "duplication")
    if (lack := lacking(ground, jobs, "duplication", (Role.ANALYSIS,))) is not None:
        return lack
    if any("#" in job.id.rpartition("@")[2] for job, _ in jobs):
        return unmeasured("too many files for one call: what stands in two calls would not be seen", "judge fewer files: exclude what is generated")
    twice, lines = (sum(metric.value for metric in _metrics(jobs, name)) for name in ("duplication.lines", "duplication.of"))
    if len(_metrics(jobs, "duplication")) < len(jobs):
        return unmeasured("a job that measures duplication gave no number")
    share, limit = 100 * twice / lines if lines else 0.0, condition.max_percent or 0.0
    clones = [f"{finding.file}:{finding.line}: {finding.message}" for _, result in jobs if result is not None for finding in result.findings]
    return Answer(status=held(holds=share <= limit), message=f"{share:.2f} % of {lines:g} lines stand twice, at most {limit:g} % allowed",
                  score=round(100 - share, 1), violations=cut(clones) if share > limit else (), evidence=tuple(job.id for job, _ in jobs))


def complexity(condition: PolicyCondition, ground: Ground, component: str | None) -> Answer:
    """No function is more complex; on what is new: no function whose first line the change added."""
    jobs = _measurers(ground, "complexity")
    if (lack := lacking(ground, jobs, "complexity", (Role.ANALYSIS,))) is not None:
        return lack
    every = [metric for metric in _metrics(jobs, "complexity") if component is None or component in owners(metric.file, ground.plan.components)]
    if condition.on == "new":
        if ground.changed is None:
            return unmeasured("there is nothing to compare with, so nobody knows which functions are new", "name a base: --since REF")
        changed = ground.changed
        every = [metric for metric in every if metric.file is not None and metric.line is not None and changed.touches(metric.file, metric.line)]
    worst = sorted((metric for metric in every if metric.value > condition.max), key=lambda metric: (-metric.value, metric.file or "", metric.line or 0))
    highest = max((metric.value for metric in every), default=0)
    return Answer(status=held(holds=not worst), message=f"{count_text(len(worst), 'function')} above {condition.max:g}, the most complex has {highest:g} "
                  f"({len(every)} measured)", score=round(100 * (1 - len(worst) / len(every)), 1) if every else 100.0,
                  violations=cut([f"{metric.file}:{metric.line}: {metric.subject} has {metric.value:g}" for metric in worst]),
                  recommendations=("split them into functions with one job each",) if worst else (), evidence=tuple(job.id for job, _ in jobs))


def benchmark(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """No benchmark job takes so many percent longer than it usually took."""
    jobs = [(job, result) for job, result in ground.pairs() if job.role is Role.BENCH and any_glob(condition.suite, job.id)]
    if (lack := lacking(ground, jobs, "benchmarks", (Role.BENCH,))) is not None:
        return lack
    pairs = [(job, result.wall_seconds, ground.past.get(job.id)) for job, result in jobs if result is not None]
    unknown = [job.id for job, _, before in pairs if not before]
    slower = [(job, now, before) for job, now, before in pairs if before and now > before * (1 + (condition.max_percent or 0) / 100)]
    if unknown and not slower:
        return unmeasured(f"{count_text(len(unknown), 'benchmark')} without an earlier run to compare with", "run it once more on this machine", evidence=unknown)
    worst = max((100 * (now / before - 1) for _, now, before in pairs if before), default=0.0)
    return Answer(status=held(holds=not slower), message=f"{worst:+.0f} % at worst, at most {condition.max_percent or 0:g} % allowed",
                  score=within_limit(max(worst, 0.0), condition.max_percent or 0.0),
                  violations=cut([f"{job.id}: {spoken(now)}, usually {spoken(before)}" for job, now, before in slower]),
                  evidence=tuple(job.id for job, *_ in pairs))


def duration(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """The run, a batch, or each of some jobs takes no longer."""
    kind, _, name = condition.of.partition(":")
    rows: list[tuple[str, float]]
    if kind == "batch":
        if name not in {batch.id for batch in ground.plan.batches}:
            return unmeasured(f"there is no batch `{name}` in the {ground.plan.pipeline} pipeline")
        rows = [(f"batch {name}", ground.batch_seconds.get(name, 0.0))]
    elif kind == "job":
        rows = [(job.id, result.wall_seconds) for job, result in ground.pairs() if any_glob((name,), job.id) and result is not None and result.attempts]
        if not rows:
            return lacking(ground, [], "the duration", ()) or unmeasured("no job of that name ran")
    else:
        rows = [("the run", ground.wall_seconds)]
    slow = [(what, seconds) for what, seconds in rows if seconds > condition.max]
    most = max(seconds for _, seconds in rows)
    return Answer(status=held(holds=not slow), message=f"{spoken(most)}, at most {spoken(condition.max)} allowed",
                  score=100.0 if not slow else round(100 * condition.max / most, 1), violations=cut([f"{what}: {spoken(seconds)}" for what, seconds in slow]))


def diff_size(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """The change adds and removes no more lines, and touches no more files."""
    if ground.changed is None:
        return unmeasured("there is nothing to compare with", "name a base: --since REF")
    changed, said = ground.changed, []
    for noun, amount, limit in (("line", changed.lines, condition.max_lines), ("file", changed.files, condition.max_files)):
        if limit is not None and amount > limit:
            said.append(f"{count_text(amount, noun)}, at most {limit} allowed")
    scores = [within_limit(amount, limit) for amount, limit in ((changed.lines, condition.max_lines), (changed.files, condition.max_files)) if limit is not None]
    return Answer(status=held(holds=not said), message=f"{count_text(changed.lines, 'line')} in {count_text(changed.files, 'file')} since {changed.base}",
                  score=min(scores), violations=tuple(said), recommendations=("split the change",) if said else ())


def artifact_size(condition: PolicyCondition, ground: Ground, _component: str | None) -> Answer:
    """No file of these is larger; where none is there, nothing was measured."""
    sizes = {file: size for file, size in ground.sizes.items() if any(any_glob((glob,), file) or matches_path(file, glob) for glob in condition.files)}
    if not sizes:
        return unmeasured(f"no file matches {', '.join(condition.files)}", "build it first, or correct the glob")
    large = sorted(((size, file) for file, size in sizes.items() if size > condition.max), reverse=True)
    most = max(sizes.values())
    return Answer(status=held(holds=not large), message=f"{size_text(most)} at most in {count_text(len(sizes), 'file')}, {size_text(condition.max)} allowed",
                  score=100.0 if not large else round(100 * condition.max / most, 1), violations=cut([f"{file}: {size_text(size)}" for size, file in large]))


def _measurers(ground: Ground, kind: str) -> list[Pair]:
    return [(job, result) for job, result in ground.pairs() if job.command == MEASURERS[kind]]


def _metrics(jobs: Sequence[Pair], name: str) -> list[Metric]:
    return [metric for _, result in jobs if result is not None for metric in result.metrics if metric.name == name]
