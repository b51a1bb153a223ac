"""The run as OpenMetrics text: for a Pushgateway, the textfile collector of node_exporter, or a metrics report of GitLab. Measures nothing.

Gauges only, because older readers know neither state sets nor info. Samples of equal labels are added up: two series of one name are an error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gatekeeper.model.finding import TestOutcome
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.status import OPEN, Outcome, Status
from gatekeeper.model.value import dataclass
from gatekeeper.report.issues import cut

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]
LONGEST_LABEL = 500
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric with its samples."""

    name: str
    help: str
    samples: tuple[Sample, ...]


def render(record: RunRecord) -> bytes:
    """The exposition, version 1.0.0, with its end mark; families and samples in a fixed order."""
    lines = [line for family in families(record) for line in _lines(family)]
    return "\n".join((*lines, "# EOF\n")).encode()


def families(record: RunRecord) -> tuple[Family, ...]:
    """All metrics of a run; those without a sample are left out."""
    found = (*_of_the_run(record), *_of_counts(record), *_of_times(record), *_of_judgement(record))
    return tuple(family for family in found if family.samples)


def _of_the_run(record: RunRecord) -> Iterator[Family]:
    yield _family("gatekeeper_run_info", "What ran, always 1.", [(_labels(version=record.version, pipeline=record.plan.pipeline, scope=record.plan.scope), 1)])
    yield _family("gatekeeper_verdict", "1 at the verdict of the run, 0 at the others.",
                  [(_labels(outcome=outcome), float(outcome is record.verdict.outcome)) for outcome in Outcome])
    yield _family("gatekeeper_exit_code", "The exit code of the run.", [((), record.verdict.exit_code)])
    yield _family("gatekeeper_run_started_timestamp_seconds", "When the run started, as seconds since 1970.", _started(record))
    yield _family("gatekeeper_run_duration_seconds", "Wall time of the run.", [((), record.wall_seconds)])


def _started(record: RunRecord) -> list[Sample]:
    try:
        when = datetime.fromisoformat(record.started_at)
    except ValueError:
        return []
    return [((), (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())]


def _of_counts(record: RunRecord) -> Iterator[Family]:
    pairs = record.pairs()
    counted = Counter((result.status, job.blocking) for job, result in pairs)
    yield _family("gatekeeper_jobs", "Jobs by status, blocking ones and those that only advise.", [
        (_labels(status=status, blocking=_word(blocking)), counted[status, blocking]) for status in Status if status not in OPEN for blocking in (True, False)])
    yield _family("gatekeeper_findings", "Findings by severity, tool and component; state says what was known before.", [
        (_labels(severity=severity, tool=tool, component=component, state=state), number) for (severity, tool, component, state), number in Counter(
            (finding.severity, finding.tool, job.component or "", finding.state or "unknown") for job, result in pairs for finding in result.findings).items()])
    yield _family("gatekeeper_tests", "Tests by outcome and component.", [
        (_labels(outcome=outcome, component=job.component or "", job=job.id), sum(test.outcome is outcome for test in result.tests))
        for job, result in pairs if result.tests for outcome in TestOutcome])
    yield _family("gatekeeper_tests_flaky", "Tests that passed only after they had failed.", [
        (_labels(component=job.component or "", job=job.id), sum(test.flaky for test in result.tests)) for job, result in pairs if result.tests])


def _of_times(record: RunRecord) -> Iterator[Family]:
    ran = [(_labels(job=job.id, tool=job.tool_id, component=job.component or ""), result) for job, result in record.pairs() if result.attempts]
    yield _family("gatekeeper_batch_duration_seconds", "Wall time of a batch.", [(_labels(batch=batch), seconds) for batch, seconds in record.batch_seconds])
    yield _family("gatekeeper_job_duration_seconds", "Wall time of a job, all tries together.", [(labels, result.wall_seconds) for labels, result in ran])
    yield _family("gatekeeper_job_cpu_seconds", "CPU time of a job, all tries together.",
                  [(labels, sum(attempt.cpu_seconds for attempt in result.attempts)) for labels, result in ran])
    yield _family("gatekeeper_job_peak_memory_bytes", "Most memory that the processes of a job held, as sampled.",
                  [(labels, max(attempt.peak_memory_mb for attempt in result.attempts) * 1_048_576) for labels, result in ran])


def _of_judgement(record: RunRecord) -> Iterator[Family]:
    yield _family("gatekeeper_condition", "Conditions of the policy, by what became of them, always 1.", [
        (_labels(condition=entry.id, component=entry.component or "", enforcement=entry.enforcement, status=entry.status), 1) for entry in record.assessments])
    yield _family("gatekeeper_score", "Score of a dimension, 0 to 100; missing where it was not measured.", [
        (_labels(dimension=score.dimension), score.value) for score in record.scores if score.value is not None])
    if record.delta is not None:
        known = (("new", record.delta.new), ("unchanged", record.delta.unchanged), ("moved", record.delta.moved), ("fixed", len(record.delta.fixed)))
        yield _family("gatekeeper_delta", "Findings against what was known before.", [(_labels(state=state), number) for state, number in known])
    yield _family("gatekeeper_measurement", "What was measured of the whole: coverage, duplication.", [
        (_labels(measure=metric.name, unit=metric.unit, subject=metric.subject or metric.file or ""), metric.value) for metric in record.metrics])


def _family(name: str, told: str, samples: Iterable[Sample]) -> Family:
    """Equal labels become one sample, numbers that are none are left out."""
    added: dict[Labels, float] = {}
    for labels, value in samples:
        if math.isfinite(value):
            added[labels] = added.get(labels, 0.0) + value
    return Family(name=name, help=told, samples=tuple(added.items()))


def _labels(**values: str) -> Labels:
    return tuple((name, cut(one_line(cut(value, 2 * LONGEST_LABEL)), LONGEST_LABEL)) for name, value in values.items())


def _word(truth: object) -> str:
    return "true" if truth else "false"


def _lines(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} gauge"
    yield f"# HELP {family.name} {family.help}"
    for labels, value in family.samples:
        shown = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels)
        yield f"{family.name}{f'{{{shown}}}' if shown else ''} {_number(value)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 6))
