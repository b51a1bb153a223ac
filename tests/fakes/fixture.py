"""What a fixture repository states about itself (`fixtures/repos/NAME.json`), and whether a run's summary agrees.

The keys are explained in `fixtures/repos/README.md`. It knows the summary JSON of a run and nothing of how it came about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.fakes.shown import Item, Truth
from tests.fakes.space import FIXTURES

#: keys that hold globs on job ids; `advised` are advisory jobs that failed, without weight
STATUSES = ("passed", "failed", "errored", "unmeasured", "unavailable", "blocked", "advised", "not_passed")
#: all true answers for a job that `not_passed` names
_NOT_PASSED = ("failed", "errored", "blocked", "unmeasured", "unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Verdict, exit code, and per status the jobs as globs."""

    verdict: str
    exit_code: int
    jobs: Mapping[str, Sequence[str]]
    at_least: bool = False

    def disagreements(self, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """Every difference from the summary JSON of a run, in words; empty where it is right."""
        return (*self._verdict(summary["verdict"]), *self._named(summary["jobs"]), *self._others(summary["jobs"]))

    def _verdict(self, verdict: Mapping[str, Any]) -> Iterator[str]:
        if (verdict["outcome"], verdict["exit_code"]) != (self.verdict, self.exit_code):
            yield f"verdict {verdict['outcome']} (exit {verdict['exit_code']}) instead of {self.verdict} (exit {self.exit_code})"

    def _named(self, jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        for wanted, globs in self.jobs.items():
            for glob in globs:
                matching = [job for job in jobs if fnmatchcase(job["id"], glob)]
                if not any(_is(job, wanted) for job in matching):
                    yield f"{glob} not {wanted}: {', '.join(map(_told, matching)) or 'no such job'}"

    def _others(self, jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Blocking jobs that went wrong although nothing says that they may."""
        if self.at_least:
            return
        known = [glob for status in ("failed", "errored", "not_passed") for glob in self.jobs.get(status, ())]
        for job in jobs:
            wrong = job["blocking"] and job["status"] in {"failed", "errored", "timed_out"}
            if wrong and not any(fnmatchcase(job["id"], glob) for glob in known):
                yield f"{job['id']} {job['status']}, which nothing says: {job.get('message', '')}"


def _is(job: Mapping[str, Any], wanted: str) -> bool:
    match wanted:
        case "not_passed":
            return job["status"] in _NOT_PASSED
        case "advised":
            return job["status"] == "failed" and not job["blocking"]
        case _:
            return bool(job["status"] == wanted)


def _told(job: Mapping[str, Any]) -> str:
    return f"{job['id']} {job['status']}{'' if job['blocking'] else ' (advisory)'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A defect that was put there: the job that must find it (a glob), what it must say of rule and place, and words of its message."""

    job: str
    rule: str | None
    file: str | None
    line: int | None
    column: int | None
    says: str

    def is_told_by(self, item: Item) -> bool:
        place = (item.rule, item.file, item.line, item.column)
        return fnmatchcase(item.job, self.job) and place == (self.rule, self.file, self.line, self.column) and self.says in item.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One fixture: what it is, what it needs, and what must be said about it."""

    name: str
    why: str
    needs: tuple[str, ...]
    provides: tuple[str, ...]
    python: tuple[str, ...]
    npm: str | None
    components: frozenset[tuple[str, str, str]]
    problems: frozenset[str]
    at_least: bool
    expect: Expectation
    without_setup: Expectation | None
    planted: tuple[Planted, ...]

    def wrong_defects(self, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """Every difference of what blocking jobs tell from what was planted, in words."""
        return unlike(self.planted, summary)

    def wrong_components(self, detection: Mapping[str, Any]) -> tuple[str, ...]:
        """Every difference from the detection JSON, in words."""
        found = {(component["root"], component["language"], component["kind"]) for component in detection["components"]}
        problems = {problem["file"] for problem in detection["problems"]}
        missing = [f"not found: {component}" for component in sorted(self.components - found)]
        surplus = [] if self.at_least else [f"not there: {component}" for component in sorted(found - self.components)]
        unsaid = [f"no problem: {file}" for file in sorted(self.problems - problems)]
        return (*missing, *surplus, *unsaid)


def unlike(planted: Sequence[Planted], summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Every planted defect that no blocking job tells of, and everything that one tells of although nobody planted it."""
    truth, left, surplus = Truth.of(summary), list(planted), []
    for item in (item for item in truth.items if truth.jobs[item.job]["blocking"]):
        found = next((one for one in left if one.is_told_by(item)), None)
        if found is None:
            surplus.append(f"nobody planted: {item}")
        else:
            left.remove(found)
    return (*surplus, *(f"planted and not found: {one}" for one in left))


def load_fixture(name: str) -> Fixture:
    """Read `fixtures/repos/NAME.json`."""
    data = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    at_least = data.get("at_least", False)
    return Fixture(
        name=name, why=data["why"], needs=tuple(data["needs"]), provides=tuple(data["provides"]),
        python=tuple(data["setup"].get("python", ())), npm=data["setup"].get("npm"),
        components=frozenset((item["root"], item["language"], item["kind"]) for item in data["components"]),
        problems=frozenset(data.get("problems", ())), at_least=at_least, expect=_expectation(data["expect"], at_least),
        without_setup=_expectation(data["without_setup"], at_least) if "without_setup" in data else None,
        planted=tuple(Planted(**entry) for entry in data.get("planted", ())))


def fixture_names() -> tuple[str, ...]:
    """All fixtures that state what a run must say about them (`detect-*` are for detection alone)."""
    return tuple(sorted(path.stem for path in FIXTURES.glob("*.json") if not path.stem.startswith("detect-")))


def _expectation(data: Mapping[str, Any], at_least: bool) -> Expectation:
    jobs = {status: tuple(data[status]) for status in STATUSES if status in data}
    unknown = set(data) - {"verdict", "exit_code", *jobs}
    if unknown:
        raise ValueError(f"unknown keys: {sorted(unknown)}")
    return Expectation(verdict=data["verdict"], exit_code=data["exit_code"], jobs=jobs, at_least=at_least)
