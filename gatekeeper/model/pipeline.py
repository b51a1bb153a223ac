"""Pipelines as values: batches and tasks that select commands. Filled from `pipelines/*.yaml` by `catalog`."""

from __future__ import annotations

from enum import StrEnum

from gatekeeper.model.component import Language
from gatekeeper.model.tool import Command, Effect, Role, Tool
from gatekeeper.model.value import dataclass


class Priority(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class JobClass(StrEnum):
    """How a job shares the machine: `PARALLEL` plainly, `BACKGROUND` with nice and ionice, `ASYNC` never holding the verdict."""

    PARALLEL = "parallel"
    BACKGROUND = "background"
    ASYNC = "async"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Selects commands: those with one of its roles and languages (empty: any), plus those named."""

    id: str
    title: str
    priority: Priority = Priority.MEDIUM
    job_class: JobClass = JobClass.PARALLEL
    roles: tuple[Role, ...] = ()
    languages: tuple[Language, ...] = ()
    commands: tuple[str, ...] = ()
    effect: Effect = Effect.READS
    #: `always`, `fix` (only with --fix) or `asked` (only when asked for by name)
    when: str = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A group of tasks; `target` and `timeout` in seconds, `needs` are ids of batches that must have ended."""

    id: str
    title: str
    tasks: tuple[Task, ...]
    target: float | None = None
    timeout: float | None = None
    needs: tuple[str, ...] = ()
    parallel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    name: str
    batches: tuple[Batch, ...]
    timeout: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All tools by id, and the pipeline of this run."""

    tools: tuple[Tool, ...]
    pipeline: Pipeline

    def tool(self, tool_id: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.id == tool_id), None)

    def command(self, command_id: str) -> Command | None:
        for tool in self.tools:
            for command in tool.commands:
                if command.id == command_id:
                    return command
        return None
