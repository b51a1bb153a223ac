"""The jobservers of the jobs that run: each job has its cores, and the cores that nobody uses are lent to those that can use more.

Lending is by tokens: what is lent comes back only when the tool has no use for it at the moment, so it is asked for again and again. Imported only by
runs with a tool that knows jobservers (cargo, make, ninja). Knows neither why cores are idle nor who decides that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gatekeeper.execute.jobserver import Jobserver, Style
from gatekeeper.model.plan import Job

#: they read MAKEFLAGS and nothing else; for others it would make every make that they start run in parallel, which the project did not ask for
_MAKES = frozenset({"make", "gmake", "ninja"})


class Tokens:
    """The servers of one run, by job."""

    def __init__(self) -> None:
        self._servers: dict[str, Jobserver] = {}
        self._lent: dict[str, int] = {}
        self.owed = 0

    def serve(self, job: Job, cores: int) -> tuple[Mapping[str, str], tuple[int, ...]]:
        """A server for a job that has so many cores: variables and descriptors for its process. Without a descriptor left it gets none, and works alone."""
        self.end(job.id)
        try:
            server = Jobserver(Style(job.jobserver), cores - 1)
        except OSError:
            return {}, ()
        self._servers[job.id], self._lent[job.id] = server, 0
        makes = os.path.basename(job.argv[0]) in _MAKES
        return {name: value for name, value in server.environment().items() if makes or name != "MAKEFLAGS"}, server.pass_fds

    def lend(self, idle: int) -> None:
        """Let the jobs use so many cores more than they have, in equal parts; what they have beyond that is taken back as it comes free."""
        count, self.owed = len(self._servers), 0
        for number, (job_id, server) in enumerate(self._servers.items()):
            part = idle // count + (number < idle % count)
            if part > self._lent[job_id]:
                server.lend(part - self._lent[job_id])
                self._lent[job_id] = part
            elif part < self._lent[job_id]:
                self._lent[job_id] -= server.withdraw(self._lent[job_id] - part)
                self.owed += self._lent[job_id] - part

    def end(self, job_id: str) -> None:
        """The tree of a job is gone, and its tokens with it."""
        server = self._servers.pop(job_id, None)
        if server is not None:
            server.close()
            del self._lent[job_id]

    def close(self) -> None:
        """All trees are gone."""
        for job_id in tuple(self._servers):
            self.end(job_id)

    def __len__(self) -> int:
        return len(self._servers)
