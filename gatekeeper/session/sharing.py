"""How wide a run may be and what it yields to others: settings and environment as the executor wants them.

A run inside a job of another run has the cores of that job and asks for no slots. Does not know how slots are held, nor how load is measured.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gatekeeper.config.compiled import cache_folder
from gatekeeper.execute.line import Capacity
from gatekeeper.execute.resources import capacity
from gatekeeper.execute.share import Yielding, inherited_share
from gatekeeper.model.settings import Settings

FOLDER = "slots"


def width(settings: Settings, environment: Mapping[str, str]) -> int:
    """How many cores the jobs of a run may use together."""
    asked, inherited = settings.jobs or capacity().cpu, inherited_share(environment)
    return asked if inherited is None else min(asked, inherited)


def room(settings: Settings, pool_size: int) -> Capacity | None:
    """What jobs may take together, where the configuration says how much memory that is; None: as the machine has it."""
    return None if settings.limits.memory_mb is None else Capacity(cpu=max(1, pool_size), memory_mb=settings.limits.memory_mb)


def yielding(settings: Settings, environment: Mapping[str, str]) -> Yielding:
    """Slots in the user's cache folder: as many as the machine gives us, or as this run was told to use."""
    limits, folder = settings.limits, cache_folder(environment)
    shares = folder is not None and inherited_share(environment) is None
    cores = limits.cores or max(capacity().cpu, settings.jobs)
    return Yielding(folder=os.path.join(folder, FOLDER) if folder and shares else "", cores=cores,
                    cpu_percent=limits.cpu_percent, memory_percent=limits.memory_percent)
