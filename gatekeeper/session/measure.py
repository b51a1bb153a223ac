"""What happens when a job's process has ended: its output is read, parsed and judged. Handed to the executor as one function.

What is large, or follows a pattern of the user's, is read by a process of its own, so that the loop neither waits nor grows; a reader that dies, takes
too long or too much memory leaves the job errored, its output kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Protocol

from gatekeeper.execute.run import Errand
from gatekeeper.judge.conclude import conclude, misused
from gatekeeper.judge.excerpt import last_words
from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Parsed
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import replace
from gatekeeper.session.reading import Reading, read_output, tail
from gatekeeper.tree.files import Tree

#: what was read of a job's output, with states and suppressions filled in
Triage = Callable[[Job, Parsed], Parsed]
class Cached(Protocol):
    """What is known of jobs from earlier runs (`session.caching`)."""

    def whole(self, job: Job) -> Job: ...
    def merged(self, job: Job, attempt: Attempt, parsed: Parsed) -> Parsed: ...
    def marked(self, job: Job, result: Result) -> Result: ...


#: bytes at the end of a stream that hold its last words
_LAST = 64 * 1024


class Measure:
    """Concludes jobs of one run. Keeps the facts that our own jobs print (health, line counts), by job id.

    `past` are seconds by job id from earlier runs: what benchmarks are compared with. `triage` says which findings count. `cached` adds what is
    known of the files that a job was not given again.
    """

    def __init__(self, tree: Tree, past: Mapping[str, float] | None = None, triage: Triage = lambda _job, parsed: parsed, cached: Cached | None = None) -> None:
        self._tree = tree
        self._triage = triage
        self._past = past or {}
        self._cached = cached
        self.facts: dict[str, object] = {}

    def __call__(self, job: Job, attempt: Attempt) -> Result | Errand:
        if attempt.spawn_error is not None:
            return conclude(job, attempt, None)
        reading = self._reading(job, attempt)
        return self._errand(job, attempt, reading) if reading.large else self._result(job, attempt, read_output(reading).parsed)

    def _reading(self, job: Job, attempt: Attempt) -> Reading:
        report = attempt.report if attempt.report and os.path.lexists(attempt.report) else None
        return Reading(parser=job.output.parser, pattern=job.output.pattern, exits=job.exit, stdout=attempt.stdout, stderr=attempt.stderr, report=report,
                       exit_code=attempt.exit_code, root=self._tree.root, sources=self._tree.root, tool=job.tool_id,
                       cwd=os.path.normpath(os.path.join(self._tree.root, job.cwd)))

    def _errand(self, job: Job, attempt: Attempt, reading: Reading) -> Result | Errand:
        """Has the output read by a process of its own, in a folder beside it."""
        from gatekeeper.session.reader import read_answer, reader_argv, unread, write_request  # lazy: pickle, which only large outputs pay

        folder = os.path.join(os.path.dirname(attempt.stdout), "reading")
        request, answer = os.path.join(folder, "request"), os.path.join(folder, "answer")
        try:
            os.makedirs(folder, exist_ok=True)
            write_request(reading, request)
        except OSError as error:
            return self._unread(job, attempt, f"its output could not be read: {folder}: {error.strerror}")

        def then(ended: Attempt) -> Result:
            read = read_answer(answer) if ended.exit_code == 0 else None
            return self._unread(job, attempt, unread(reading, _end(ended))) if read is None else self._result(job, attempt, read.parsed)

        return Errand(argv=reader_argv(request, answer), folder=folder, timeout=reading.seconds, then=then)

    def _unread(self, job: Job, attempt: Attempt, why: str) -> Result:
        result = self._result(job, attempt, Parsed(meaning=Meaning.TOOL_ERROR, message=why))
        return replace(result, cause=Cause.UNPARSABLE) if result.cause is Cause.CRASH else result

    def _result(self, job: Job, attempt: Attempt, parsed: Parsed) -> Result:
        if self._cached is None:
            return self._judged(job, attempt, parsed)
        parsed, job = self._cached.merged(job, attempt, parsed), self._cached.whole(job)
        return self._cached.marked(job, self._judged(job, attempt, parsed))

    def known(self, job: Job, attempt: Attempt, parsed: Parsed, note: str = "") -> Result:
        """The result of a job that need not run, because what its output would say is known; `note` is added for people."""
        result = self._judged(job, attempt, parsed)
        return replace(result, from_cache=True, message=f"{result.message} ({note})" if note else result.message)

    def _judged(self, job: Job, attempt: Attempt, parsed: Parsed) -> Result:
        parsed = self._triage(job, parsed)
        if parsed.facts:
            self.facts[job.id] = parsed.facts
        result = conclude(job, attempt, parsed)
        if job.role is Role.BENCH and result.status is Status.PASSED:
            result = replace(result, message=f"{result.message}; {compared(attempt.wall_seconds, self._past.get(job.id))}")
        if result.status not in (Status.PASSED, Status.FAILED):
            result = misused(job, replace(result, tail=last_words(tail(attempt.stdout, _LAST), tail(attempt.stderr, _LAST))))
        if attempt.dropped:
            cut = Problem(file=job.id, line=None, message=f"{attempt.dropped} bytes of its output were dropped: the middle is missing")
            return replace(result, problems=(*result.problems, cut))
        return result


def compared(seconds: float, before: float | None) -> str:
    """How long a benchmark took, beside what it usually took."""
    if not before:
        return f"{seconds:.2f} s, the first on record"
    return f"{seconds:.2f} s, {seconds / before - 1:+.0%} against {before:.2f} s before"


def _end(ended: Attempt) -> str | int:
    """How a reader ended, as `unread` takes it."""
    if ended.timed_out:
        return "time"
    if ended.lost:
        return "how it ended is not known"
    return ended.spawn_error or (-ended.signal if ended.signal is not None else ended.exit_code or 0)
