"""`pipelines/*.yaml` -> Pipeline, Batch and Task values. Batches, order, targets and timeouts are data."""

from __future__ import annotations

import os

from gatekeeper.catalog.document import Section
from gatekeeper.errors import ConfigError
from gatekeeper.model.component import Language
from gatekeeper.model.pipeline import Batch, JobClass, Pipeline, Priority, Task
from gatekeeper.model.tool import Effect, Role


def build_pipeline(data: object, path: str) -> Pipeline:
    """One pipeline from its document. Raises ConfigError with file and key, also for batches that wait for each other in a circle."""
    section = Section(data, os.path.basename(path))
    if section.take("version") != 1:
        raise ConfigError(f"{section.where}: version 1 is needed, not {section.take('version')!r}")
    batches = tuple(_batch(inner) for inner in section.sections("batches"))
    pipeline = Pipeline(name=section.text("name"), batches=batches, timeout=section.seconds("timeout") or 3600.0)
    section.done()
    _check_needs(batches, section.where)
    return pipeline


def _batch(section: Section) -> Batch:
    batch = Batch(id=section.text("id"), title=section.text("title"), target=section.seconds("target"), timeout=section.seconds("timeout"),
                  needs=section.texts("needs"), parallel=section.flag("parallel", default=True),
                  tasks=tuple(_task(inner) for inner in section.sections("tasks")))
    section.done()
    return batch


def _task(section: Section) -> Task:
    task = Task(
        id=section.text("id"),
        title=section.text("title"),
        priority=section.choice("priority", Priority, "medium"),
        job_class=section.choice("class", JobClass, "parallel"),
        roles=section.choices("roles", Role),
        languages=section.choices("languages", Language),
        commands=section.texts("commands") + tuple(f"{name}.run" for name in section.texts("builtins")),
        effect=section.choice("effect", Effect, "reads"),
        when=section.text("when", "always"),
    )
    section.done()
    return task


def _check_needs(batches: tuple[Batch, ...], where: str) -> None:
    """Batches may only need earlier ones: that is order and freedom from circles in one rule."""
    seen: set[str] = set()
    for batch in batches:
        if batch.id in seen:
            raise ConfigError(f"{where}: batch `{batch.id}` stands twice")
        for need in batch.needs:
            if need not in seen:
                raise ConfigError(f"{where}: batch `{batch.id}` needs `{need}`, which does not stand before it")
        seen.add(batch.id)
