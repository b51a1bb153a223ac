"""How a run shares the machine with others, as values: with other runs of the user, with foreign load, and with a `gatekeeper` that one of its jobs starts.

Such a nested run gets no slots of its own: it uses the cores that its job has, which the job's environment tells it, so that it can neither take more
than its share nor wait for the run that waits for it. Holds no locks and looks at nothing but whether a process is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from gatekeeper.model.value import dataclass

if TYPE_CHECKING:
    from gatekeeper.execute.pressure import Sample

#: cores of the job in which we run, and the process that gave them: `CORES:PID`
SHARE = "GATEKEEPER_SHARE"


class Gauge(Protocol):
    """Looks at the load of a machine; so many seconds have passed since the last look."""

    def __call__(self, seconds: float) -> Sample: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Yielding:
    """`folder` holds the slots of this user's runs, `cores` of them (empty: the run takes what it wants).

    `cpu_percent` and `memory_percent`: from where on it is careful (None: it never looks). `gauge`: None = this machine.
    """

    folder: str = ""
    cores: int = 0
    cpu_percent: float | None = None
    memory_percent: float | None = None
    gauge: Callable[[], Gauge] | None = None


def share_of(cores: int) -> Mapping[str, str]:
    """The variable that a job gets which was given so many cores."""
    return {SHARE: f"{cores}:{os.getpid()}"}


def inherited_share(environment: Mapping[str, str]) -> int | None:
    """Cores of the job in which we were started; None where we are no part of a job, or the process that gave them is gone."""
    cores, _, pid = environment.get(SHARE, "").partition(":")
    if not all(word.isascii() and word.isdigit() and 0 < int(word) < 1 << 31 for word in (cores, pid)):
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return int(cores)
    return int(cores)
