"""D4, the ecosystem report: one Markdown page over all components, made from the summary JSON of the run so far.

Reads nothing else, and trusts nothing in it: every text is escaped, every missing key is an empty one. Does not know
how jobs are run or judged.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gatekeeper.builtin.contract import Outcome, json_in, serve
from gatekeeper.errors import UsageError
from gatekeeper.model.sanitize import markdown_code, markdown_text
from gatekeeper.model.wording import count_text
from gatekeeper.store.atomic import write_bytes

Data = Mapping[str, Any]
SEVERITIES = ("critical", "high", "medium", "low", "info")
#: statuses of jobs that did not measure what they should have
UNMEASURED = frozenset({"errored", "timed_out", "unmeasured", "unavailable", "blocked", "not_run", "cancelled"})


def main(argv: Sequence[str]) -> int:
    """Writes the page; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m gatekeeper.builtin.ecosystem", allow_abbrev=False)
    parser.add_argument("--record", required=True, metavar="PATH", help="summary JSON of a run")
    parser.add_argument("--output", required=True, metavar="PATH", help="Markdown file to write")
    return serve(_work, parser, argv)


def _work(arguments: argparse.Namespace) -> Outcome:
    record = json_in(arguments.record)
    if not isinstance(record, dict) or record.get("schema") != 1:
        raise UsageError(f"{arguments.record}: is no summary of schema 1")
    page = "\n".join(sections(record)) + "\n"
    write_bytes(os.path.abspath(arguments.output), page.encode("utf-8", "backslashreplace"))
    components, jobs = listed(record, "components"), listed(record, "jobs")
    return Outcome(checked=len(components) + len(jobs), message=f"one page over {count_text(len(components), 'component')} and {count_text(len(jobs), 'job')}",
                   facts={"page": os.path.abspath(arguments.output), "components": len(components)})


def sections(record: Data) -> Iterator[str]:
    """The lines of the page."""
    jobs = listed(record, "jobs")
    lines = _facts_with(record, "components")
    yield from _head(record, jobs)
    yield from _overview(record, jobs, lines)
    for component in listed(record, "components"):
        yield from _component(component, record, lines)
    yield from _whole(record, [job for job in jobs if not job.get("component")])
    yield from _machine(_facts_with(record, "cpu"))


def listed(data: Data, key: str) -> list[Data]:
    """The objects of a list, or none."""
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def held(data: Data, key: str) -> Data:
    """The object of a key, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def number(data: Data, key: str) -> float:
    """The number of a key, or 0 where there is none that a page could show."""
    value = data.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and -1e15 < value < 1e15 else 0


def _text(value: object) -> str:
    return markdown_text(" ".join(str(value).split())) if value not in (None, "") else ""


def _facts_with(record: Data, key: str) -> Data:
    """The facts of the job that measured `key`, whatever its id."""
    return next((facts for facts in held(record, "facts").values() if isinstance(facts, dict) and key in facts), {})


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _head(record: Data, jobs: Sequence[Data]) -> Iterator[str]:
    verdict = held(record, "verdict")
    root = str(record.get("root") or "")
    yield f"# Ecosystem report: {_text(os.path.basename(root.rstrip('/')) or root)}"
    yield ""
    yield f"Run {_text(record.get('run_id'))}, pipeline {_text(record.get('pipeline'))}, {_text(record.get('scope'))}; written when {len(jobs)} jobs had ended."
    yield ""
    yield f"**Verdict of these jobs: {_text(verdict.get('outcome'))}**" + (f": {_text(verdict['message'])}" if verdict.get("message") else "")
    yield ""
    conditions = listed(verdict, "conditions")
    for condition in conditions:
        yield f"- {markdown_code(str(condition.get('subject') or ''))}: {_text(condition.get('message'))}"
    yield from [""] if conditions else []


def _overview(record: Data, jobs: Sequence[Data], lines: Data) -> Iterator[str]:
    yield "## Components"
    yield ""
    components = listed(record, "components")
    if not components:
        yield "No component was found."
        yield ""
        return
    yield from _table(("component", "language", "kind", "jobs", "findings", "tests", "lines of code"), (
        (_text(component.get("id")), _text(component.get("language")), _text(component.get("kind")), _statuses(own), _severities(record, component), _tests(own),
         str(_code(lines, component))) for component in components for own in [_jobs_of(jobs, component)]))


def _jobs_of(jobs: Sequence[Data], component: Data) -> list[Data]:
    return [job for job in jobs if job.get("component") == component.get("id")]


def _statuses(jobs: Sequence[Data]) -> str:
    counted = Counter(str(job.get("status")) for job in jobs)
    return ", ".join(f"{count} {_text(status)}" for status, count in sorted(counted.items())) or "none"


def _severities(record: Data, component: Data) -> str:
    counted = Counter(str(found.get("severity")) for found in listed(record, "findings") if found.get("component") == component.get("id"))
    return ", ".join(f"{counted[severity]} {severity}" for severity in SEVERITIES if counted[severity]) or "none"


def _tests(jobs: Sequence[Data]) -> str:
    tests = [held(job, "tests") for job in jobs]
    sums = {key: int(sum(number(test, key) for test in tests)) for key in ("total", "passed", "failed", "errors", "skipped")}
    if not sums["total"]:
        return "none"
    bad = [f"{sums[key]} {word}" for key, word in (("failed", "failed"), ("errors", "in error"), ("skipped", "skipped")) if sums[key]]
    return ", ".join([f"{sums['passed']} of {sums['total']} passed", *bad])


def _code(lines: Data, component: Data) -> int:
    languages = held(held(lines, "components"), str(component.get("id")))
    return int(sum(number(counts, "code") for counts in languages.values() if isinstance(counts, dict)))


def _component(component: Data, record: Data, lines: Data) -> Iterator[str]:
    jobs = _jobs_of(listed(record, "jobs"), component)
    yield f"## {_text(component.get('id'))}"
    yield ""
    yield from _about(component)
    yield from _tools(component, jobs)
    yield from _results(jobs)
    yield f"Findings: {_severities(record, component)}. Tests: {_tests(jobs)}."
    yield ""
    yield from _lines(held(held(lines, "components"), str(component.get("id"))))
    yield from _not_measured(jobs)


def _about(component: Data) -> Iterator[str]:
    for key, title in (("root", "folder"), ("language", "language"), ("kind", "kind"), ("manifest", "manifest"), ("package_manager", "package manager"),
                       ("lockfile", "lockfile"), ("build_backend", "build backend"), ("toolchain_pin", "toolchain")):
        if component.get(key):
            yield f"- {title}: {markdown_code(str(component[key]))}"
    if isinstance(component.get("depends_on"), list) and component["depends_on"]:
        yield f"- depends on: {', '.join(_text(name) for name in component['depends_on'])}"
    test = held(component, "test")
    yield f"- own tests: {markdown_code(str(test['command'])) if test.get('command') else 'none'}"
    yield ""


def _tools(component: Data, jobs: Sequence[Data]) -> Iterator[str]:
    """Every tool that the component uses or that ran for it, with the version that ran."""
    ran = {str(job.get("command", "")).split(".", 1)[0]: held(job, "tool") for job in jobs if job.get("tool")}
    stands = {str(use.get("tool")): str(use.get("status")) for use in listed(component, "tools")}
    names = sorted({*ran, *stands} - {""})
    if names:
        yield from _table(("tool", "stands", "version", "comes from"), (
            (_text(name), _text(stands.get(name, "")), _text(ran.get(name, {}).get("version")), _text(ran.get(name, {}).get("source"))) for name in names))


def _results(jobs: Sequence[Data]) -> Iterator[str]:
    if not jobs:
        yield "No job looked at it."
        yield ""
        return
    yield from _table(("job", "status", "seconds", "findings", "says"), (
        (_id(job), _text(job.get("status")) + ("" if job.get("blocking") else " (advice)"), f"{number(job, 'seconds'):.1f}", str(int(number(job, "findings"))),
         _text(job.get("message"))) for job in jobs))


def _id(job: Data) -> str:
    """A job's id as code: what is copied from the page can be typed."""
    return markdown_code(str(job.get("id") or ""))


def _lines(languages: Data) -> Iterator[str]:
    if languages:
        yield from _table(("lines of", "files", "blank", "comment", "code"), (
            (_text(name), *(str(int(number(counts, key))) for key in ("files", "blank", "comment", "code")))
            for name, counts in languages.items() if isinstance(counts, dict)))


def _not_measured(jobs: Sequence[Data]) -> Iterator[str]:
    missing = [job for job in jobs if job.get("status") in UNMEASURED]
    if missing:
        yield "Could not be measured:"
        yield ""
        for job in missing:
            hint = f" To do: {markdown_code(str(job['hint']))}" if job.get("hint") else ""
            yield f"- {_id(job)}: {_text(job.get('status'))}{f', {text}' if (text := _text(job.get('message'))) else ''}.{hint}"
        yield ""


def _whole(record: Data, jobs: Sequence[Data]) -> Iterator[str]:
    yield "## Whole repository"
    yield ""
    yield from _results(jobs)
    yield from _not_measured(jobs)
    if len(listed(record, "components")) != 1:
        yield from _lines(held(_facts_with(record, "languages"), "languages"))
    notes = record.get("notes")
    if isinstance(notes, list) and notes:
        yield from (f"- {_text(note)}" for note in notes)
        yield ""


def _machine(facts: Data) -> Iterator[str]:
    if not facts:
        return
    memory, disk, cpu = held(facts, "memory"), held(facts, "disk"), held(facts, "cpu")
    yield "## Machine"
    yield ""
    yield (f"{_text(facts.get('system'))}: {int(number(cpu, 'usable'))} cores, {number(memory, 'available_mb') / 1000:.1f} of {number(memory, 'total_mb') / 1000:.1f} GB of memory free, "
           f"{number(disk, 'free_mb') / 1000:.1f} of {number(disk, 'total_mb') / 1000:.1f} GB of disk free.")
    missing = facts.get("missing")
    if isinstance(missing, list) and missing:
        yield ""
        yield f"Missing tools: {', '.join(_text(name) for name in missing)}."
    yield ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
