"""Starts the process of a job: fills in its folder, its environment and its limits. Decides neither when, nor what its end means."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gatekeeper.execute import folders
from gatekeeper.execute.environment import base_environment, without_manners
from gatekeeper.execute.ports import Errand, Pool, RunOptions
from gatekeeper.execute.process import AT_ONCE, ProcessSpec
from gatekeeper.execute.share import share_of
from gatekeeper.model.pipeline import JobClass
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Role

if TYPE_CHECKING:
    from gatekeeper.execute.tokens import Tokens

BACKGROUND_NICENESS = 10
#: what the pool calls the errand of a job
_ERRAND = " (errand)"


def errand_key(job_id: str) -> str:
    """What the pool calls the errand of a job."""
    return job_id + _ERRAND


class Launcher:
    """Starts jobs of one run; `root` is that of the tree, `folder` the absolute run directory."""

    def __init__(self, pool: Pool, root: str, folder: str, options: RunOptions) -> None:
        self._pool, self._root, self._folder, self._options = pool, os.path.abspath(root), folder, options
        self._base: Mapping[str, str] = options.environment if options.environment is not None else base_environment(
            os.environ, root=root, prefix=sys.prefix, base_prefix=sys.base_prefix, allowed=options.secrets)
        self._reports: dict[str, str] = {}
        #: folders of jobs under way
        self._places: dict[str, str] = {}
        self._normal: dict[str, str] = {}
        self._tokens: Tokens | None = None

    def launch(self, job: Job, attempt: int, cores: int) -> int:
        """Start the process of a job that has `cores`, `attempt` counted from 1; its pid, or 0 where the pool could not. Raises OSError when its folder cannot be made."""
        place = self._places[job.id] = folders.job_folder(self._folder, job.id)
        argv, env, asked = folders.fill(job, place)
        folders.prepare(job, place, attempt, report=asked)
        if asked:
            self._reports[job.id] = os.path.join(place, "report")
        else:
            self._reports.pop(job.id, None)
        cwd = self._normal.get(job.cwd) or self._normal.setdefault(job.cwd, os.path.normpath(os.path.join(self._root, job.cwd)))
        served, fds = self._served(job, cores)
        return self._pool.start(ProcessSpec(
            key=job.id, argv=argv, cwd=cwd, env=self._base_of(job), more={"PWD": cwd, **share_of(cores), **served, **env}, pass_fds=fds,
            stdout=f"{place}/stdout.log", stderr=f"{place}/stderr.log", timeout=job.timeout,
            memory_limit_mb=self._options.memory_limit_mb, interrupt=job.interrupt, ladder=self._options.ladder, niceness=min(19, self._options.niceness + (BACKGROUND_NICENESS if job.job_class is JobClass.BACKGROUND else 0))))

    @property
    def lends(self) -> bool:
        """Whether a job that runs can use more cores than it has."""
        return bool(self._tokens)

    def lend(self, cores: int) -> bool:
        """Let those that can use so many cores that nobody else uses; False: some are to be given back, and are not free yet."""
        if self._tokens is None:
            return True
        self._tokens.lend(cores)
        return self._tokens.owed == 0

    def ended(self, job_id: str) -> None:
        """The process tree of a job is gone."""
        if self._tokens is not None:
            self._tokens.end(job_id)

    def close(self) -> None:
        """The run is over."""
        if self._tokens is not None:
            self._tokens.close()

    def _served(self, job: Job, cores: int) -> tuple[Mapping[str, str], tuple[int, ...]]:
        if not job.jobserver:
            return {}, ()
        if self._tokens is None:
            from gatekeeper.execute.tokens import Tokens  # lazy: only runs with cargo, make or ninja pay

            self._tokens = Tokens()
        return self._tokens.serve(job, cores)

    def send(self, job: Job, errand: Errand) -> None:
        """Start what must run before the result of `job` can be told."""
        self._pool.start(ProcessSpec(
            key=errand_key(job.id), argv=errand.argv, cwd=errand.folder, env=self._base, timeout=errand.timeout, ladder=AT_ONCE,
            stdout=os.path.join(errand.folder, "stdout.log"), stderr=os.path.join(errand.folder, "stderr.log")))

    def report(self, job_id: str) -> str | None:
        """Where the last attempt of a job was to write its report; None where it was asked for none."""
        return self._reports.get(job_id)

    def log(self, job_id: str) -> str | None:
        """Tidy up after the last attempt of a job; its recorded output, relative to the run directory."""
        place = self._places.pop(job_id, None) or folders.job_folder(self._folder, job_id)
        if not os.path.isdir(place):  # most jobs have nothing to say
            return None
        folders.tidy(place)
        return folders.log_of(place, self._folder)

    def _base_of(self, job: Job) -> Mapping[str, str]:
        return without_manners(self._base) if job.role in {Role.TEST, Role.BENCH} else self._base
