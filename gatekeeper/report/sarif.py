"""SARIF 2.1.0 as GitHub's code scanning takes it: one run per tool and component, in as many files as its limits ask for.

GitHub takes 20 runs a file, 25,000 results a run, 10 MB of gzip, and refuses two runs of one category: runs that are too large become
several with categories of their own, files that are too large several files. Nothing is left out of `sarif`.

`code-scanning` is for uploading: only tools that did all of their work. An empty run of one that crashed would close its alerts, and a run
that owns up to it (`executionSuccessful: false`) has GitHub refuse the file with all its other runs. Knows no file names and no network.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.sanitize import one_line
from gatekeeper.model.status import Status
from gatekeeper.model.value import dataclass, field
from gatekeeper.report.address import stand_in
from gatekeeper.report.issues import Issue, issues_of
from gatekeeper.report.sarif_result import Json, result_of
from gatekeeper.report.sarif_run import WORKED, Group, category, head_of, rules_of

Line = tuple[Issue, str]
#: tools that stand for whatever a project runs: there the command tells what it is, and one that broke must not silence the others
_STAND_FOR_MANY = frozenset({"task", "script"})
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may hold; `packed` are bytes of gzip."""

    runs: int = 20
    results: int = 25_000
    packed: int = 10_000_000


#: GitHub's, with a little left for the braces around the runs
GITHUB = Limits(packed=9_900_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as JSON text, and the bytes that gzip makes of it."""

    text: str
    packed: int


@dataclass(slots=True)
class _Gathered:
    pairs: dict[str, tuple[Job, Result]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


def render(record: RunRecord) -> bytes:
    """All runs in one file, whatever its size; equal records give equal bytes."""
    return _file(record, list(_runs(record, groups(record), GITHUB)), 1, 1)


def parts(record: RunRecord, limits: Limits = GITHUB) -> tuple[bytes, ...]:
    """The same runs in as many files as the limits ask for; at least one."""
    return _files(record, groups(record), limits)


def render_upload(record: RunRecord) -> bytes:
    """The runs of the tools that did all of their work, in one file."""
    return _file(record, list(_runs(record, measured(record), GITHUB)), 1, 1)


def upload_parts(record: RunRecord, limits: Limits = GITHUB) -> tuple[bytes, ...]:
    """The runs of the tools that did all of their work, in as many files as the limits ask for."""
    return _files(record, measured(record), limits)


def groups(record: RunRecord) -> tuple[Group, ...]:
    """What becomes a run each, in the order of the plan; a job that found nothing is in one too, one that was not applicable in none."""
    found: dict[tuple[str, str | None, str], _Gathered] = {}
    for job, result in record.pairs():
        if result.status is not Status.SKIPPED:
            found.setdefault((job.batch, job.component, _tool(job, job.tool_id)), _Gathered()).pairs[job.id] = (job, result)
        for issue in issues_of(job, result):
            gathered = found.setdefault((job.batch, job.component, _tool(job, issue.finding.tool or job.tool_id)), _Gathered())
            gathered.pairs[job.id] = (job, result)
            gathered.issues.append(issue)
    return tuple(Group(batch=batch, component=component, tool=tool, pairs=tuple(gathered.pairs.values()), issues=tuple(gathered.issues))
                 for (batch, component, tool), gathered in found.items())


def _tool(job: Job, name: str) -> str:
    return job.command if name in _STAND_FOR_MANY else name


def measured(record: RunRecord) -> tuple[Group, ...]:
    """Those of which every job did its work: only of them is what is not listed gone."""
    return tuple(group for group in groups(record) if all(result.status in WORKED for _, result in group.pairs))


def _runs(record: RunRecord, found: Iterable[Group], limits: Limits) -> Iterator[Run]:
    taken: set[str] = set()
    for group in found:
        places = {job.id: stand_in(record, job) for job, _ in group.pairs}
        lines = [(issue, _line(result_of(issue, places[issue.job.id]))) for issue in group.issues]
        for part, chunk in enumerate(_chunks(lines, limits), 1):
            head = head_of(record, group, rules_of(group.tool, [issue for issue, _ in chunk]), _unique(category(group, part), taken))
            yield _run(head, [line for _, line in chunk])


def _unique(name: str, taken: set[str]) -> str:
    """A category that no other run has: a component may be called `repository`, and names that are too long are cut."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[:-1]}.{number}/"
    taken.add(found)
    return found


def _chunks(lines: list[Line], limits: Limits) -> Iterator[list[Line]]:
    """The results in pieces that fit a run each; one piece where there are none, because a run without results is a statement."""
    if len(lines) <= 1 or (len(lines) <= limits.results and _fits(lines, limits.packed)):
        yield lines
        return
    middle = limits.results if len(lines) > limits.results else (len(lines) + 1) // 2
    yield from _chunks(lines[:middle], limits)
    yield from _chunks(lines[middle:], limits)


def _fits(lines: list[Line], packed: int) -> bool:
    """Whether they are small enough: half of the limit is left to their rules and to the other runs of the file."""
    size = sum(len(line) for _, line in lines)
    return size <= packed // 2 or _packed("".join(line for _, line in lines)) <= packed // 2


def _packed(text: str) -> int:
    """The bytes of gzip at its quickest: never less than what an uploader makes of it."""
    return len(zlib.compress(text.encode(), 1))


def _run(head: Json, results: list[str]) -> Run:
    text = _line(head)[:-1] + ',"results":[' + ("\n" if results else "") + ",\n".join(results) + "]}"
    return Run(text=text, packed=_packed(text))


def _line(document: Json) -> str:
    # ASCII alone: nothing in it that a terminal obeys
    return _ENCODER.encode(document)


def _files(record: RunRecord, found: Iterable[Group], limits: Limits) -> tuple[bytes, ...]:
    files: list[list[Run]] = [[]]
    for run in _runs(record, found, limits):
        full = len(files[-1]) >= limits.runs or sum(other.packed for other in files[-1]) + run.packed > limits.packed
        if full and files[-1]:
            files.append([])
        files[-1].append(run)
    return tuple(_file(record, runs, number, len(files)) for number, runs in enumerate(files, 1))


def _file(record: RunRecord, runs: list[Run], part: int, of: int) -> bytes:
    head: Json = {"$schema": SCHEMA, "version": "2.1.0", "properties": {"gatekeeper": record.version, "run": one_line(record.run_id), "part": part, "of": of}}
    text = _line(head)[:-1] + ',"runs":[' + ("\n" if runs else "") + ",\n".join(run.text for run in runs) + "]}\n"
    return text.encode()
