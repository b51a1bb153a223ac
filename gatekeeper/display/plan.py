"""The plan for people: as a tree with reasons, and as a Mermaid graph. The JSON contract is `report.plan`. Knows no stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gatekeeper.display.spans import Line, Look, Span, dim, line, strong, text_of, warn
from gatekeeper.model.duration import spoken
from gatekeeper.model.plan import Job, Plan, PlannedBatch
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.tool import Effect
from gatekeeper.model.wording import count_text

#: a barrier of 30 jobs behind 30 jobs is 900 arrows, which no graph shows
MOST_ARROWS = 300


def plan_tree(plan: Plan, look: Look) -> str:
    """Batches, tasks and jobs with their reasons, which may write, what cannot run, and what was left out, as terminal text."""
    return text_of(plan_lines(plan, look), look)


def plan_lines(plan: Plan, look: Look) -> Iterator[Line]:
    """The tree of a plan; what was left out is collapsed by the kind of its reason unless `look.verbose`."""
    yield line(strong(f"Plan of {plan.root}"))
    writers = sum(job.effect is Effect.WRITES for job in plan.jobs)
    writing = f"{count_text(writers, 'job')} may write" if writers else "no job may write into the tree"
    yield line(f"pipeline {plan.pipeline}, {plan.scope}; {count_text(len(plan.jobs), 'job')}, at most {plan.pool_size} at once; "
               f"about {spoken(plan.estimated_seconds)}, at most {spoken(plan.timeout)}; "
               f"{writing}")
    for batch in plan.batches:
        jobs = [job for job in plan.jobs if job.batch == batch.id]
        if jobs:
            yield from _batch(batch, jobs, look)
    if not plan.jobs:
        yield line(warn("nothing to run"))
    if plan.critical_path:
        yield line(strong("longest path"), f"  {(' → ' if look.unicode else ' > ').join(plan.critical_path)}")
    yield from _left_out(plan, look)
    for note in plan.notes:
        yield line(warn("note"), f"  {note}")


def _batch(batch: PlannedBatch, jobs: Sequence[Job], look: Look) -> Iterator[Line]:
    limits = ", ".join([*([f"target {spoken(batch.target)}"] if batch.target else []), *([f"at most {spoken(batch.timeout)}"] if batch.timeout else [])])
    yield line(strong(f"{batch.id} {batch.title}"), dim(f"  {count_text(len(jobs), 'job')}{f', {limits}' if limits else ''}"))
    tasks = list(dict.fromkeys(job.task for job in jobs))
    branch, last, bar = ("├─ ", "└─ ", "│  ") if look.unicode else ("|- ", "`- ", "|  ")
    for task in tasks:
        end = task == tasks[-1]
        yield line(last if end else branch, strong(task))
        own = [job for job in jobs if job.task == task]
        for job in own:
            stem = ("   " if end else bar) + (last if job is own[-1] else branch)
            yield from _job(job, stem, ("   " if end else bar) + ("   " if job is own[-1] else bar), look)


def _job(job: Job, stem: str, below: str, look: Look) -> Iterator[Line]:
    marks = [*([] if job.blocking else ["advisory"]), *(["may write"] if job.effect is Effect.WRITES else [])]
    name = job.id.partition("/")[2] or job.id
    marked: tuple[Span, ...] = (warn(f"  {', '.join(marks)}"),) if marks else ()
    yield line(stem, name, dim(f"  {spoken(job.estimated_seconds)}"), *marked, f"  {job.reason.kind}: ", job.reason.detail)
    if job.unavailable is not None:
        yield line(below, warn("unavailable: "), job.unavailable.detail, dim("  to do: "), job.unavailable.hint or "nothing known")
    if look.verbose:
        waits = [*job.needs, *(other for other in job.after if other not in job.needs)]
        tool = f"{job.tool_id} {job.tool.version or ''} ({job.tool.source})".replace("  ", " ") if job.tool else job.tool_id
        yield line(below, dim(f"{tool}  in {job.cwd or '.'}"), dim(f"  waits for {', '.join(waits)}") if waits else "")
        yield line(below, dim(_argv(job.argv)))


def _argv(argv: Sequence[str]) -> str:
    shown = " ".join(argv[:30])
    return shown + (f" ... ({len(argv) - 30} more arguments)" if len(argv) > 30 else "")


def _left_out(plan: Plan, look: Look) -> Iterator[Line]:
    if not plan.skipped:
        return
    if look.verbose:
        yield line(strong(f"left out ({len(plan.skipped)})"))
        yield from (line(f"  {skipped.id}", dim(f"  {skipped.reason.kind}: {skipped.reason.detail}")) for skipped in plan.skipped)
        return
    kinds = Counter(skipped.reason.kind for skipped in plan.skipped)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
    yield line(strong(f"left out ({len(plan.skipped)})"), f"  {counted}", dim("  (--verbose lists them)"))


def plan_mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flowchart: a box per job, solid arrows for needs, dotted ones for mere order, slanted boxes for writers,

    hexagons for barriers (what many wait for together).
    """
    names = {**{job.id: f"j{number}" for number, job in enumerate(plan.jobs)}, **{name: f"k{number}" for number, name in enumerate(plan.barriers)}}
    lines = ["flowchart LR"]
    for number, batch in enumerate(plan.batches):
        jobs = [job for job in plan.jobs if job.batch == batch.id]
        if jobs:
            lines += [f'  subgraph b{number}["{_label(f"{batch.id} {batch.title}")}"]', *(f"    {_node(job, names[job.id])}" for job in jobs), "  end"]
    lines += [f'  {names[name]}{{{{"{_label(name)}"}}}}' for name in plan.barriers]
    lines += _arrows(plan, names)
    lines += ["  classDef advisory stroke-dasharray: 4", "  classDef unavailable fill:#eee,color:#777"]
    lines += [f"  class {names[job.id]} unavailable" if job.unavailable else f"  class {names[job.id]} advisory"
              for job in plan.jobs if job.unavailable or not job.blocking]
    return "\n".join(lines) + "\n"


def _arrows(plan: Plan, names: dict[str, str]) -> list[str]:
    solid = [f"  {names[need]} --> {names[job.id]}" for job in plan.jobs for need in job.needs if need in names]
    dotted = [f"  {names[other]} -.-> {names[job.id]}" for job in plan.jobs for other in job.after if other in names and other not in job.needs]
    dotted += [f"  {names[other]} -.-> {names[name]}" for name, waits in plan.barriers.items() for other in waits if other in names]
    if len(dotted) > MOST_ARROWS:
        return [*solid, f"  %% {len(dotted)} dotted arrows of mere order left out"]
    return [*solid, *dotted]


def _node(job: Job, name: str) -> str:
    opening, closing = ("[/", "/]") if job.effect is Effect.WRITES else ("[", "]")
    return f'{name}{opening}"{_label(job.id)}"{closing}'


def _label(text: str) -> str:
    """Text that Mermaid shows literally: entities for quotes, markup and its own signs."""
    return "".join(char if char.isalnum() or char in " -_./@:+,()=" else f"#{ord(char)};" for char in one_line(text))
