"""Tries of jobs that did not pass at once: what they came to, what is kept of them, who waits for a person. Decides nothing (see `recover`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gatekeeper.execute import folders
from gatekeeper.execute.ports import RunOptions
from gatekeeper.judge.retry import Try, retried
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.value import replace


class Tries:
    """Those of one run; `folder` is the absolute run directory."""

    def __init__(self, folder: str, options: RunOptions) -> None:
        self._folder, self._options = folder, options
        self._earlier: dict[str, list[Try]] = {}
        #: when jobs that wait for a person wait no longer, on the run's clock
        self.holds: dict[str, float] = {}
        #: what puts back what a job changed
        self._undo: dict[str, Callable[[], str] | None] = {}

    def number(self, job_id: str) -> int:
        """Which attempt the next one is, from 1."""
        return 1 + len(self._earlier.get(job_id, ()))

    def tried(self, job_id: str) -> int:
        """How often the job was started as it is now, the attempt that has just ended included."""
        tries = self._earlier.get(job_id, [])
        return 1 + len(tries) - max((number for number, one in enumerate(tries, 1) if one.then), default=0)

    def add(self, job_id: str, earlier: Try) -> None:
        """A try that did not pass and after which another comes: what it wrote moves aside then."""
        tries, place = self._earlier.setdefault(job_id, []), folders.job_folder(self._folder, job_id)
        attempts = tuple(folders.set_aside(one, place, len(tries) + 1) for one in earlier.result.attempts)
        tries.append(replace(earlier, result=replace(earlier.result, attempts=attempts)))

    def checkpoint(self, job: Job) -> None:
        """Keep what a job may change before it starts for the first time, where that was declared."""
        if job.recovery.rollback and job.id not in self._undo and self._options.checkpoint is not None:
            self._undo[job.id] = self._options.checkpoint(job)

    def undo(self, job_id: str) -> str:
        """Put back what the job changed; what was done, in words, empty for nothing."""
        undo = self._undo.get(job_id)
        return undo() if undo is not None else ""

    def overdue(self, now: float) -> Iterable[str]:
        """Ids of the jobs for which nobody came."""
        return [job_id for job_id, until in self.holds.items() if now >= until]

    def joined(self, last: Result) -> Result:
        """The result of a job from all of its tries."""
        return retried(self._earlier.get(last.job, ()), last)

    def left(self, job_id: str) -> Result | None:
        """What a job came to that will not be tried again; None where it was never started."""
        tries = self._earlier.get(job_id)
        return retried(tries[:-1], tries[-1].result) if tries else None
