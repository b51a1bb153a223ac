"""Which tools a tree's components use, where each comes from and what is missing: the rows of `gatekeeper tools` and `doctor`. Installs nothing."""

from __future__ import annotations

import os

from gatekeeper.model.component import Component, Detection, ToolStatus
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.locate import Locator
from gatekeeper.provide.managed import Permission

_LEFT_OUT = frozenset({ToolStatus.STALE, ToolStatus.DECLARED_ONLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRow:
    """One tool as some components have it. `version`, `path` and `source` are None where it is missing; then `missing` and `hint` say why and what to do.
    A managed tool that is not installed yet has a hint too: `path` is where it will be.

    `status` is how the component that needs it most stands to it (`used` before `configured` before `default`).
    """

    tool: str
    components: tuple[str, ...]
    status: str
    version: str | None = None
    path: str | None = None
    source: str | None = None
    missing: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyRow:
    """A component whose own dependencies are not all installed."""

    component: str
    missing: str
    hint: str


def inventory(catalog: Catalog, detection: Detection, locator: Locator) -> tuple[ToolRow, ...]:
    """One row per tool and answer, sorted by tool; components with the same answer share a row. Gatekeeper's own jobs are left out.

    Asks a locator that may install only for what it has answered already; the rest is looked at.
    """
    looking = locator.with_permission(Permission.ANNOUNCE) if locator.managed.permission is Permission.INSTALL else locator
    rows: dict[tuple[str, str, str], ToolRow] = {}
    for tool in catalog.tools:
        if tool.builtin or not tool.commands:
            continue
        for component, status in _users(tool, detection):
            row = _row(tool, component, status, locator.known(tool, component) or looking.locate(tool, component))
            key = (tool.id, row.path or "", row.missing or "")
            rows[key] = _merged(rows[key], row) if key in rows else row
    return tuple(sorted(rows.values(), key=lambda row: (row.tool, row.components)))


def dependency_rows(detection: Detection, locator: Locator) -> tuple[DependencyRow, ...]:
    """The components whose own dependencies are missing, with the command that installs them."""
    found = [(component, locator.dependencies(component)) for component in detection.components]
    return tuple(DependencyRow(component=component.id, missing=absent.reason, hint=absent.hint) for component, absent in found if absent)


def _users(tool: Tool, detection: Detection) -> list[tuple[Component, str]]:
    uses = [(component, component.use_of(tool.id)) for component in detection.components]
    return [(component, use.status.value) for component, use in uses if use and use.status not in _LEFT_OUT]


def _row(tool: Tool, component: Component, status: str, found: LocatedTool | MissingTool) -> ToolRow:
    if isinstance(found, MissingTool):
        return ToolRow(tool=tool.id, components=(component.id,), status=status, missing=found.reason, hint=found.hint)
    later = found.source in {"managed", "pinned"} and not os.path.exists(found.path)
    return ToolRow(tool=tool.id, components=(component.id,), status=status, version=found.version, path=found.path, source=found.source,
                   hint="installed when first used, or by: gatekeeper setup" if later else None)


def _merged(row: ToolRow, other: ToolRow) -> ToolRow:
    order = [status.value for status in ToolStatus]
    return ToolRow(tool=row.tool, components=(*row.components, *other.components), status=min(row.status, other.status, key=order.index),
                   version=row.version, path=row.path, source=row.source,
                   missing=row.missing, hint=row.hint)
