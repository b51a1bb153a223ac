"""Which services outside do not answer, and whether a job that asks one of them starts. Knows no tools; what tells that a service did not answer is
found in `words`.
"""

from __future__ import annotations

from gatekeeper.execute.breaker import Breakers
from gatekeeper.execute.ports import Ports, RunOptions
from gatekeeper.execute.words import answered
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result


class Services:
    """Those of one run."""

    def __init__(self, ports: Ports, options: RunOptions) -> None:
        self._ports, self._options = ports, options
        self._breakers = Breakers(options.breaker, options.services)

    def refusal(self, job: Job) -> str | None:
        """Why the services of a job are not asked now; None where they may be."""
        return self._breakers.refusal(job.services, self._ports.clock())

    def busy(self, job: Job) -> bool:
        """Whether another job is finding out whether they answer."""
        return self._breakers.busy(job.services, self._ports.clock())

    def asked(self, job: Job) -> None:
        """The job starts."""
        self._breakers.asked(job.services, self._ports.clock())

    def learn(self, job: Job, result: Result) -> None:
        """What the end of an attempt tells."""
        before = self._breakers.known()
        self._breakers.ended(job.services, self._ports.clock(), answered=answered(result))
        if self._options.learnt is not None and (known := self._breakers.known()) != before:
            self._options.learnt(known)
