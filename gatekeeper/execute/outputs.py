"""How much jobs have written, told once a second while somebody wants to know. Only sizes: the bytes are in the logs. Knows no processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from gatekeeper.execute.folders import job_folder
from gatekeeper.model.event import JobOutput

#: seconds between two looks; a job that ends before the second one is told nothing of
EVERY = 1.0


class Outputs:
    """What was told of the jobs under way; `folder` is the absolute run directory."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._look_at = 0.0
        #: what was told of each job, or seen at the first look at it
        self._told: dict[str, tuple[int, int] | None] = {}

    def next(self) -> float:
        """When to look again."""
        return self._look_at

    def grown(self, running: Sequence[str], now: float) -> Iterable[JobOutput]:
        """What has grown since it was told last, of jobs that were there at the look before; nothing before it is time to look."""
        if now < self._look_at:
            return
        self._look_at = now + EVERY
        before, self._told = self._told, {}
        for job_id in running:
            self._told[job_id] = before.get(job_id)
            if job_id in before and (sizes := self._sizes(job_id)) != (before[job_id] or (0, 0)):
                self._told[job_id] = sizes
                yield JobOutput(at=now, job=job_id, stdout=sizes[0], stderr=sizes[1])

    def _sizes(self, job_id: str) -> tuple[int, int]:
        place = job_folder(self._folder, job_id)
        return _size(os.path.join(place, "stdout.log")), _size(os.path.join(place, "stderr.log"))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
