"""What of a change decides how it is judged: our own files, and what the tools obey. Names files; judges nothing, knows no contents."""

from __future__ import annotations

from gatekeeper.model.assessment import Assessment, ConditionStatus, Enforcement
from gatekeeper.plan.widen import decides
from gatekeeper.session.compare import base_of
from gatekeeper.session.look import Sight
from gatekeeper.tree.changes import Changes, since
from gatekeeper.tree.lines import changed_lines

_DECIDING = ("gatekeeper.yaml", "gatekeeper.local.yaml")
_MOST = 20


def deciding_files(sight: Sight, changes: Changes) -> tuple[str, ...]:
    """Our own files that decide the run and are touched by the change under judgement."""
    base = base_of(sight, changes)() if sight.tree.git else None
    changed = changed_lines(sight.tree, sight.git, base, staged=sight.settings.scope == "staged") if base is not None else None
    deciding = {*_DECIDING, sight.settings.baseline, *([sight.settings.pipeline] if sight.settings.pipeline.endswith((".yaml", ".yml")) else [])}
    return tuple(sorted(deciding.intersection(changed.added))) if changed is not None else ()


def obeyed_files(sight: Sight) -> tuple[str, ...]:
    """Over a proposal that is not trusted: the files that it touches and that `--trust base` leaves to it, because tools read them from the tree."""
    if not sight.settings.trusted:
        return ()
    touched = since(sight.git, sight.settings.trusted)
    return tuple(sorted(file for file in {*(touched.files or ()), *touched.deleted} if decides(file, sight.catalog.tools)))


def trust_warning(files: tuple[str, ...]) -> tuple[Assessment, ...]:
    """A condition that warns where a proposal touches what the tools obey: a pass then says only what those settings let the tools see."""
    if not files:
        return ()
    more = (f"and {len(files) - _MOST} more",) if len(files) > _MOST else ()
    return (Assessment(id="trust", title="what tools obey", enforcement=Enforcement.WARNING, status=ConditionStatus.WARNING,
                       message="the proposal changes what decides which tools block and what they find; --trust base cannot take these from the base",
                       violations=(*files[:_MOST], *more), recommendations=("review these files before you believe the verdict",)),)
