"""What a report shows, read as its consumer would: with readers that are not ours, and without any of our own renderers.

`shown(folder)` gives, per report of a run folder, what it shows and what it should show after the summary JSON of the same run: a multiset of rows
each, so that something lost, invented or told twice is a difference. Blanks are left out of texts: formats break lines where they must.
It knows the formats and their documented gaps (GitLab has no word for findings without a file), and nothing of the rooms behind them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from prometheus_client.openmetrics.parser import text_string_to_metric_families

Row = tuple[object, ...]
Rows = Counter[Row]

FAILING = {"failed": "test-failed", "error": "test-error"}
DID_ITS_WORK = {"passed", "failed"}
#: GitHub drops what is above this, of each level
PER_LEVEL = 10


#: tools of which every job is another program: SARIF names the job's command
STAND_INS = {"task", "script"}


def squeezed(text: object) -> str:
    """A text without blanks, and without the sign that keeps Markdown from calling people by `@name`."""
    return "".join(str(text or "").replace("\u200b", "").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A finding or a test that failed, as the summary JSON tells it; `test` is its class and name."""

    job: str
    tool: str
    rule: str | None
    file: str | None
    line: int | None
    column: int | None
    message: str
    severity: str
    category: str
    state: str | None
    test: str | None = None

    @property
    def counts(self) -> bool:
        return self.state in {None, "new"}

    @property
    def told_rule(self) -> str:
        """For formats that demand a rule."""
        return self.rule or self.category


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The summary of a run: its document, its jobs by id, and what was found."""

    document: Mapping[str, Any]
    jobs: Mapping[str, Any]
    items: tuple[Item, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Truth:
        jobs = {job["id"]: job for job in document["jobs"]}
        found = [Item(**{name: entry[name] for name in ("job", "tool", "rule", "file", "line", "column", "message", "severity", "category", "state")})
                 for entry in document["findings"]]
        found += [_test_item(entry, jobs[entry["job"]]) for entry in document["tests"] if entry["outcome"] in FAILING]
        return cls(document=document, jobs=jobs, items=tuple(found))

    def visible(self) -> Iterator[Item]:
        """Those that formats show which have no word for what is suppressed."""
        return (item for item in self.items if item.state != "suppressed")


def _test_item(entry: Mapping[str, Any], job: Mapping[str, Any]) -> Item:
    name = f"{entry['classname']}::{entry['name']}" if entry["classname"] else entry["name"]
    return Item(job=entry["job"], tool=job["command"].partition(".")[0], rule=FAILING[entry["outcome"]], file=entry["file"], line=entry["line"], column=None,
                message=f"{name}: {entry['message']}" if entry["message"] else name, severity="high", category="test", state=entry["state"], test=name)


def wrong_reports(folder: Path) -> tuple[str, ...]:
    """Every difference between what the reports in a run folder show and what its summary says, in words; empty where all agree."""
    truth = Truth.of(json.loads((folder / "summary.json").read_bytes()))
    wrong: list[str] = []
    for name, (read, expected) in READERS.items():
        told, right = Counter(row for file in _parts(folder, name) for row in read(file.read_bytes(), truth)), Counter(expected(truth))
        wrong += [f"{name} shows what is not there: {row}" for row in (told - right).elements()]
        wrong += [f"{name} does not show: {row}" for row in (right - told).elements()]
    return tuple(wrong)


def _parts(folder: Path, name: str) -> list[Path]:
    """The file, or the several that hold the report together."""
    stem, _, ending = name.rpartition(".")
    return [folder / name] if (folder / name).exists() else sorted(folder.glob(f"{stem}-[1-9].{ending}")) or [folder / name]


# -- lists of findings


def _csv(data: bytes, _truth: Truth) -> Iterator[Row]:
    for row in csv.DictReader(io.StringIO(data.decode(), newline="")):
        yield (row["kind"], row["job"], row["tool"], row["rule"], row["file"], row["line"], row["column"], row["state"], squeezed(row["message"].removeprefix("'")))


def _csv_right(truth: Truth) -> Iterator[Row]:
    for item in truth.items:
        yield ("test" if item.test else "finding", item.job, item.tool, item.rule or "", item.file or "", str(item.line or ""), str(item.column or ""),
               item.state or "", squeezed(item.message))


def _checkstyle(data: bytes, _truth: Truth) -> Iterator[Row]:
    for file in ET.fromstring(data):
        for error in file:
            yield (file.get("name"), error.get("line"), error.get("column"), error.get("source"), squeezed(error.get("message")))


def _checkstyle_right(truth: Truth) -> Iterator[Row]:
    for item in truth.visible():
        yield (item.file or ".", item.line and str(item.line), item.column and str(item.column), f"{item.tool}.{item.told_rule}", squeezed(item.message))


def _gitlab(data: bytes, _truth: Truth) -> Iterator[Row]:
    entries = json.loads(data)
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    for entry in entries:
        yield (entry["location"]["path"], entry["location"]["lines"]["begin"], entry["check_name"], squeezed(entry["description"]))


def _gitlab_right(truth: Truth) -> Iterator[Row]:
    for item in truth.visible():
        if item.file is not None:
            yield (item.file, item.line or 1, f"{item.tool}/{item.told_rule}", squeezed(item.message))


def _sarif(data: bytes, _truth: Truth) -> Iterator[Row]:
    for run in json.loads(data)["runs"]:
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        assert rules == {result["ruleId"] for result in run["results"]}
        for result in run["results"]:
            place, own = result["locations"][0]["physicalLocation"], result["properties"]["place"]
            region = place["region"]
            yield (result["properties"]["job"], run["tool"]["driver"]["name"], result["ruleId"], unquote(place["artifactLocation"]["uri"]) if own != "none" else None,
                   region["startLine"] if own == "line" else None, region.get("startColumn"), bool(result.get("suppressions")), squeezed(result["message"]["text"]))


def _sarif_right(truth: Truth) -> Iterator[Row]:
    for item in truth.items:
        yield (item.job, _driver(truth, item), item.told_rule, item.file, item.line, item.column, item.state == "suppressed", squeezed(item.message))


def _driver(truth: Truth, item: Item) -> str:
    return str(truth.jobs[item.job]["command"]) if item.tool in STAND_INS else item.tool


def _upload_right(truth: Truth) -> Iterator[Row]:
    """Of tools of which every job at the same component did its work."""
    def group(job: Mapping[str, Any], tool: str) -> Row:
        return (job["batch"], job["component"], tool)

    def own_name(job: Mapping[str, Any]) -> str:
        command = str(job["command"])
        tool = command.partition(".")[0]
        return command if tool in STAND_INS else tool

    own = {(job["id"], own_name(job)) for job in truth.jobs.values() if job["status"] != "skipped"}
    shy = {group(truth.jobs[job], tool) for job, tool in own | {(item.job, _driver(truth, item)) for item in truth.items} if truth.jobs[job]["status"] not in DID_ITS_WORK}
    kept = tuple(item for item in truth.items if group(truth.jobs[item.job], _driver(truth, item)) not in shy)
    return _sarif_right(Truth(document=truth.document, jobs=truth.jobs, items=kept))


class _Tables(HTMLParser):
    """The tables of a page by the name of their region: rows of cells as squeezed texts; details that open are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._name, self._folded, self._cell = "", 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("role") == "region":
            self._name = (known.get("aria-label") or "").removesuffix(" table")
        self._folded += tag == "details"
        if tag == "tr":
            self.rows.setdefault(self._name, []).append([])
        if tag == "td":
            self._cell = True
            self.rows[self._name][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._folded -= tag == "details"
        self._cell = self._cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._cell and not self._folded:
            self.rows[self._name][-1][-1] += data


def _html(data: bytes, _truth: Truth) -> Iterator[Row]:
    tables = _Tables()
    tables.feed(data.decode())
    for cells in tables.rows.get("Findings", [])[1:]:
        said = re.sub(r"(suppressed: .*)?(a fix is offered)?$", "", cells[4], flags=re.DOTALL)
        yield ("finding", cells[2], cells[3], squeezed(said), cells[5], cells[0], cells[1])
    for cells in tables.rows.get("Tests", [])[1:]:
        if cells[0].removesuffix(" (known)") in FAILING:
            yield ("test", cells[2], squeezed(cells[1]), cells[4])


def _html_right(truth: Truth) -> Iterator[Row]:
    for item in truth.items:
        if item.test is None:
            where = ":".join(str(part) for part in (item.file, item.line, item.column if item.line else None) if part is not None) if item.file else ""
            yield ("finding", where, item.rule or "", squeezed(item.message), item.tool, item.severity, item.state or "not compared")
        else:
            where = "" if item.file is None else f"{item.file}:{item.line}" if item.line else item.file
            yield ("test", where, squeezed(item.test + item.message.removeprefix(item.test).removeprefix(": ")), item.job)


# -- GitHub's annotations, within their budget


def _github(data: bytes, truth: Truth) -> Iterator[Row]:
    """What is not shown must be told by number, and only where there is no room: then the annotations of the summary that are missing are taken as told."""
    lines = [_annotation(line) for line in data.decode().splitlines() if line]
    yield from (row for _, title, _, _, message in lines if title.startswith("Gatekeeper ") for row in _reasons(title, message, truth))
    told = [row for row in lines if not row[1].startswith("Gatekeeper ")]
    rest = [row for row in told if row[1] == "Gatekeeper"]
    rows = [(file, line, title, message) for _, title, file, line, message in told if title != "Gatekeeper"]
    assert max(Counter(level for level, *_ in told).values(), default=0) <= PER_LEVEL
    yield from rows
    if rest:
        left = sum(int(number) for number in re.findall(r"(\d+)(?:error|warning|notice)", rest[0][4]))
        missing = list((Counter(row for row in _github_right(truth) if row[0] != "reason") - Counter(rows)).elements())
        assert len(missing) == left, (left, missing)
        yield from missing


def _reasons(title: str, message: str, truth: Truth) -> Iterator[Row]:
    """Which conditions of the verdict an annotation without a place tells of."""
    for condition in truth.document["verdict"]["conditions"]:
        alone = title == f"Gatekeeper {condition['outcome']}: {condition['subject']}"
        among = title.startswith(f"Gatekeeper {condition['outcome']}: ") and squeezed(f"{condition['subject']}: {condition['message']}") in message
        if alone or among:
            yield ("reason", condition["subject"])


def _annotation(line: str) -> tuple[str, str, str, str, str]:
    found = re.fullmatch(r"::(error|warning|notice)(?: (.*?))?::(.*)", line)
    assert found is not None, line
    properties = dict(pair.split("=", 1) for pair in (found[2] or "").split(",") if pair)
    def plain(text: str) -> str:
        return text.replace("%0A", "\n").replace("%0D", "\r").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    return (found[1], plain(properties.get("title", "")), plain(properties.get("file", "")), properties.get("line", ""), squeezed(plain(found[3])))


def _github_right(truth: Truth) -> Iterator[Row]:
    tests = {(entry["job"], _test_item(entry, truth.jobs[entry["job"]]).test): squeezed(_whole(entry["message"] or "", entry["detail"] or ""))
             for entry in truth.document["tests"] if entry["outcome"] in FAILING}
    told = {item.job for item in truth.items if truth.jobs[item.job]["status"] == "failed"}
    yield from (("reason", condition["subject"]) for condition in truth.document["verdict"]["conditions"] if condition["subject"] not in told)
    for item in truth.visible():
        title = f"{item.tool}: {item.test}" if item.test else f"{item.tool} {item.rule or ''}".strip()
        line = str(item.line or "") if item.test is None or item.file else ""
        yield (item.file or "", line, title, tests[item.job, item.test] if item.test else squeezed(item.message))


def _whole(message: str, detail: str) -> str:
    return detail if detail.startswith(message) else message + detail


# -- JUnit: jobs and tests that did not pass, and what made them so


def _junit(data: bytes, truth: Truth) -> Iterator[Row]:
    root = ET.fromstring(data)
    cases = [(suite, case) for suite in root.iter("testsuite") for case in suite.iter("testcase")]
    assert len({(case.get("classname"), case.get("name")) for _, case in cases}) == len(cases)
    for suite in root.iter("testsuite"):
        counted = {kind: sum(case.find(kind) is not None for case in suite.iter("testcase")) for kind in ("failure", "error", "skipped")}
        assert counted == {"failure": int(suite.get("failures", -1)), "error": int(suite.get("errors", -1)), "skipped": int(suite.get("skipped", -1))}
    for suite, case in cases:
        mark = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), None)
        if mark and suite.get("name") != "gate":
            name = case.get("name") if "/" in (suite.get("name") or "") else f"{case.get('classname')}.{case.get('name')}"
            said = "".join(case.find(mark).itertext())  # type: ignore[union-attr]
            yield (suite.get("name"), name, mark, *_found_in(said, [item for item in truth.items if _case(truth.jobs[item.job]) == name]))


def _junit_right(truth: Truth) -> Iterator[Row]:
    for job in truth.jobs.values():
        if mark := _mark(job["status"], blocking=job["blocking"]):
            items = [item for item in truth.items if item.job == job["id"]]
            counting = [item for item in items if item.counts] or items
            tests = [item for item in counting if item.test]
            yield (job["batch"], _case(job), mark, *sorted(squeezed(item.message.splitlines()[0]) for item in tests or counting))
    for test in truth.document["tests"]:
        decides = truth.jobs[test["job"]]["blocking"] and test["state"] in {None, "new"}
        if test["outcome"] != "passed":
            yield (test["job"], " ".join(test["name"].split()), {"failed": "failure", "error": "error"}.get(test["outcome"], "skipped") if decides else "skipped")


def _case(job: Mapping[str, Any]) -> str:
    return f"{job['batch']}.{job['task']}.{job['component'] or 'repository'}.{job['command']}"


def _found_in(said: str, items: Iterable[Item]) -> list[str]:
    """The messages of those that a text tells of, each as often as it does; of a difference that it draws, those of the files in it."""
    told: list[str] = []
    for item in items:
        words = squeezed(item.message.splitlines()[0])
        drawn = "@@" in said and item.category == "format" and re.search(rf"^(---|diff) .*{re.escape(item.file or '')}", said, re.MULTILINE)
        told += [words] if drawn or _line(item) in squeezed(said) or (item.test and words in squeezed(said)) else []
    return sorted(told)


def _mark(status: str, *, blocking: bool) -> str | None:
    if status == "passed":
        return None
    if status in {"blocked", "not_run", "skipped"} or not blocking:
        return "skipped"
    return "failure" if status == "failed" else "error"


# -- pages for people: the lines that matter of each job


def _pages(data: bytes, truth: Truth) -> Iterator[Row]:
    """Of every job with a section of its own, what is told of its findings."""
    for job, lines in _sections(data.decode()).items():
        yield from ((job, *row) for row in _told(lines, [item for item in truth.items if item.job == job], failed=truth.jobs[job]["status"] == "failed"))


def _sections(page: str) -> Mapping[str, list[str]]:
    """The fenced lines below each heading that names a job."""
    found: dict[str, list[str]] = {}
    job, fence = "", ""
    for line in page.splitlines():
        heading = re.match(r"### `+ ?(.+?) ?`+ [a-z_]+", line)
        if fence:
            fence = "" if line == fence else fence
            if fence:
                found[job].append(line)
        elif heading:
            job = heading[1]
            found[job] = []
        elif job and not found[job] and (opened := re.match(r"(`{3,})(text|diff)$", line)):
            fence = opened[1]
    return found


def _told(lines: list[str], items: list[Item], *, failed: bool) -> Iterator[Row]:
    """Rows for the findings that the lines tell of; a line of a failed job that is none of them is a row that nobody expects."""
    files = [found[1] for line in lines if (found := re.match(r"(?:--- )(?:a/)?(\S+)", line))]
    if any(line.startswith("@@") for line in lines):
        yield from (("diff of", file) for file in files)
        return
    spared = re.compile(r"\.\.\. (?:(\d+) known \w+)?(?: and )?(?:(\d+) suppressed \w+)? (?:is|are) not shown")
    yield from (("spared", int(found[1] or 0), int(found[2] or 0)) for line in lines if (found := spared.fullmatch(line)))
    lines = [line for line in lines if not spared.fullmatch(line)]
    tests = [item for item in items if item.test]
    text = squeezed("\n".join(lines))
    if tests:
        yield from (("test", _first_line(item)) for item in tests for _ in range(text.count(squeezed(_first_line(item)))))
        return
    known = {_line(item): item for item in items}
    for line in (line for line in lines if line.strip() and (failed or squeezed(line) in known)):
        if not line.startswith("    "):
            yield ("line", squeezed(line))


def _line(item: Item) -> str:
    place = "" if item.file is None else ":".join(str(part) for part in (item.file, item.line, item.column if item.line else None) if part is not None)
    why = {"unchanged": "(known)", "moved": "(known)", "suppressed": "(suppressed)"}.get(item.state or "", "")
    return squeezed(f"{place}{item.rule or ''}{item.message.strip().splitlines()[0] if item.message.strip() else '(no message)'}{why}")


def _first_line(item: Item) -> str:
    return item.message


def _told_right(truth: Truth, jobs: Iterable[str]) -> Iterator[Row]:
    for job in jobs:
        told = [item for item in truth.items if item.job == job]
        told = [item for item in told if item.test] or told
        items = [item for item in told if item.counts] or told
        hidden = sum(item.state == "suppressed" for item in told if item not in items)
        if len(items) < len(told):
            yield (job, "spared", len(told) - len(items) - hidden, hidden)
        tests = [item for item in items if item.test]
        drawn = items and not tests and all(item.category == "format" and _detail(truth, item) for item in items)
        for item in tests or items:
            yield (job, "diff of", item.file) if drawn else (job, "test", _first_line(item)) if tests else (job, "line", _line(item))


def _detail(truth: Truth, item: Item) -> bool:
    return any("@@" in (entry["detail"] or "") for entry in truth.document["findings"] if (entry["job"], entry["file"]) == (item.job, item.file))


def _report_right(truth: Truth) -> Iterator[Row]:
    """Jobs that failed or broke, and those that passed with findings."""
    with_items = {item.job for item in truth.items}
    return _told_right(truth, [job["id"] for job in truth.jobs.values()
                               if job["status"] in {"failed", "errored", "timed_out"} or (job["status"] == "passed" and job["id"] in with_items)])


def _comment_right(truth: Truth) -> Iterator[Row]:
    """A comment has no room for advice, but for tools that broke."""
    return _told_right(truth, [job["id"] for job in truth.jobs.values()
                               if job["status"] in {"errored", "timed_out"} or (job["status"] == "failed" and job["blocking"])])


# -- numbers


def _openmetrics(data: bytes, _truth: Truth) -> Iterator[Row]:
    for family in text_string_to_metric_families(data.decode()):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            labels = sample.labels
            if family.name == "gatekeeper_findings" and sample.value:
                yield ("findings", labels["severity"], labels["tool"], labels["component"], labels["state"], int(sample.value))
            if family.name == "gatekeeper_tests" and labels["outcome"] in FAILING and sample.value:
                yield ("tests", labels["job"], labels["outcome"], int(sample.value))
            if family.name == "gatekeeper_jobs" and sample.value:
                yield ("jobs", labels["status"], labels["blocking"], int(sample.value))


def _openmetrics_right(truth: Truth) -> Iterator[Row]:
    findings = Counter((item.severity, item.tool, truth.jobs[item.job]["component"] or "", item.state or "unknown") for item in truth.items if item.test is None)
    tests = Counter((entry["job"], entry["outcome"]) for entry in truth.document["tests"] if entry["outcome"] in FAILING)
    jobs = Counter((job["status"], str(job["blocking"]).lower()) for job in truth.jobs.values())
    for name, counted in (("findings", findings), ("tests", tests), ("jobs", jobs)):
        yield from ((name, *labels, number) for labels, number in counted.items())


def _metrics(data: bytes, _truth: Truth) -> Iterator[Row]:
    document = json.loads(data)
    yield ("all", document["total"]["findings"], document["total"]["tests"]["failed"] + document["total"]["tests"]["errors"])
    yield from ((job["id"], job["findings"], job["tests"]["failed"] + job["tests"]["errors"]) for job in document["jobs"])


def _metrics_right(truth: Truth) -> Iterator[Row]:
    def counts(items: Iterable[Item]) -> Row:
        kinds = [item.test is None for item in items]
        return (sum(kinds), len(kinds) - sum(kinds))
    yield ("all", *counts(truth.items))
    yield from ((job, *counts(item for item in truth.items if item.job == job)) for job in truth.jobs)


Read = Callable[[bytes, Truth], Iterable[Row]]

#: file of the run folder: how it is read, and what it must show
READERS: Mapping[str, tuple[Read, Callable[[Truth], Iterable[Row]]]] = {
    "findings.csv": (_csv, _csv_right),
    "checkstyle.xml": (_checkstyle, _checkstyle_right),
    "gl-code-quality-report.json": (_gitlab, _gitlab_right),
    "gatekeeper.sarif": (_sarif, _sarif_right),
    "code-scanning.sarif": (_sarif, _upload_right),
    "report.html": (_html, _html_right),
    "github.txt": (_github, _github_right),
    "junit.xml": (_junit, _junit_right),
    "junit-ci.xml": (_junit, _junit_right),
    "junit-strict.xml": (_junit, _junit_right),
    "report.md": (_pages, _report_right),
    "comment.md": (_pages, _comment_right),
    "metrics.prom": (_openmetrics, _openmetrics_right),
    "metrics.json": (_metrics, _metrics_right),
}
