"""Looks at everything that a run would need, and has it checked (`gatekeeper plan --validate`). Runs and installs nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from gatekeeper.execute.helper import run_helper
from gatekeeper.execute.resources import capacity
from gatekeeper.judge.preflight import Check, Prospect, preflight
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Runner
from gatekeeper.model.settings import Settings
from gatekeeper.provide.managed import Permission
from gatekeeper.session.look import Sight, in_scope, locator, planned, see
from gatekeeper.session.proposed import deciding_files, obeyed_files


def validated(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper) -> tuple[Check, ...]:
    """The checks over a run with these settings."""
    sight = see(settings, environment, runner)
    changes = in_scope(sight)
    plan = planned(sight, changes, locator(sight, Permission.ANNOUNCE if settings.provision else Permission.NEVER))
    return preflight(Prospect(plan=plan, settings=settings, problems=sight.detection.problems, executes=_executing(sight, plan),
                              proposed=obeyed_files(sight) if settings.trusted else deciding_files(sight, changes), memory_mb=capacity().memory_mb, free_bytes=_free(sight.tree.root)))


def _executing(sight: Sight, plan: Plan) -> tuple[str, ...]:
    """Jobs that run scripts of the repository, or tools whose configuration is code."""
    def runs_code(tool_id: str) -> bool:
        tool = sight.catalog.tool(tool_id)
        return tool_id == "task" or (tool is not None and tool.executes_repository_code)

    return tuple(job.id for job in plan.jobs if runs_code(job.tool_id))


def _free(root: str) -> int | None:
    try:
        return shutil.disk_usage(os.path.realpath(root)).free
    except OSError:
        return None
