"""What happens when a job's process has ended: its output is read, parsed and judged. Handed to the executor as one function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.excerpt import last_words
from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.parse.formats import parse_output
from gatekeeper.tree.files import Tree
from gatekeeper.tree.plain import open_plain

#: what was read of a job's output, with states and suppressions filled in
Triage = Callable[[Job, Parsed], Parsed]
#: a report above this is no report; the parsers hold it in memory several times over
_LARGEST_REPORT = 64_000_000


class Measure:
    """Concludes jobs of one run. Keeps the facts that our own jobs print (health, line counts), by job id.

    `past` are seconds by job id from earlier runs: what benchmarks are compared with. `triage` says which findings count.
    """

    def __init__(self, tree: Tree, past: Mapping[str, float] | None = None, triage: Triage = lambda _job, parsed: parsed) -> None:
        self._tree = tree
        self._triage = triage
        self._past = past or {}
        self.facts: dict[str, object] = {}

    def __call__(self, job: Job, attempt: Attempt) -> Result:
        if attempt.spawn_error is not None:
            return conclude(job, attempt, None)
        stdout, stderr = _content(attempt.stdout), _content(attempt.stderr)
        report = _content(attempt.report) if attempt.report and os.path.lexists(attempt.report) else None
        raw = RawOutput(stdout=stdout, stderr=stderr, report=report, exit_code=attempt.exit_code, root=self._tree.root,
                        cwd=os.path.normpath(os.path.join(self._tree.root, job.cwd)), tool=job.tool_id, read=self._tree.read)
        parsed = self._triage(job, parse_output(job.output.parser, raw, job.exit))
        if parsed.facts:
            self.facts[job.id] = parsed.facts
        result = conclude(job, attempt, parsed)
        if job.role is Role.BENCH and result.status is Status.PASSED:
            result = replace(result, message=f"{result.message}; {compared(attempt.wall_seconds, self._past.get(job.id))}")
        if result.status not in (Status.PASSED, Status.FAILED):
            result = replace(result, tail=last_words(stdout, stderr))
        if attempt.dropped:
            cut = Problem(file=job.id, line=None, message=f"{attempt.dropped} bytes of its output were dropped: the middle is missing")
            return replace(result, problems=(*result.problems, cut))
        return result


def compared(seconds: float, before: float | None) -> str:
    """How long a benchmark took, beside what it usually took."""
    if not before:
        return f"{seconds:.2f} s, the first on record"
    return f"{seconds:.2f} s, {seconds / before - 1:+.0%} against {before:.2f} s before"


def _content(path: str | None) -> bytes:
    """What a job wrote there; nothing where something else than a plain file is: what lies behind a link is no measurement of this run."""
    if not path:
        return b""
    try:
        with open_plain(path) as file:
            return file.read(_LARGEST_REPORT)
    except OSError:
        return b""
