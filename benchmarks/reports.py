"""What the reports of a large run cost: 50,000 findings and 20,000 tests in every format, one after the other, in one process.

Run it with an interpreter that has Gatekeeper: `.venv/bin/python benchmarks/reports.py`. Prints CPU seconds and bytes for each format, and both
times and peak memory for all (aim: 10 s of CPU and 500 MB). Measures rendering, not writing to disk.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence

from gatekeeper.model.component import Component, Kind, Language
from gatekeeper.model.finding import Category, Edit, Finding, Fix, Level, Safety, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason
from gatekeeper.model.result import Attempt, Result, RunRecord, Verdict
from gatekeeper.model.status import Outcome, Status
from gatekeeper.model.tool import LocatedTool, Role
from gatekeeper.report.formats import FORMATS, clean, render_files

TOOLS = ("ruff", "mypy", "eslint", "clippy", "bandit")
COMPONENTS = ("api", "web", "core", "contracts", "tools")


def _finding(number: int, tool: str) -> Finding:
    file = f"{COMPONENTS[number % 5]}/src/package_{number % 40}/module_{number % 2000}.py"
    line = number % 900 + 1
    edit = Edit(file=file, line=line, column=1, end_line=line + 1, end_column=1, content="")
    return Finding(
        tool=tool, message=f"`name_{number}` imported but unused, see the documentation of the rule at https://docs.example.org/rules", level=Level.ERROR,
        severity=tuple(Severity)[number % 5], category=tuple(Category)[number % 14], file=file, line=line, column=8, end_line=line, end_column=20,
        rule=f"R{number % 300}", fixable=number % 4 == 0, url=f"https://docs.example.org/rules/R{number % 300}",
        fixes=(Fix(safety=Safety.SAFE, message="Remove it", edits=(edit,)),) if number % 4 == 0 else (), state=(State.NEW, State.UNCHANGED)[number % 2],
        fingerprints=tuple((f"gatekeeper/{name}/v1", f"{number:064x}") for name in ("exact", "move", "semantic", "shift")))


def _test(number: int) -> TestCase:
    failed = number % 50 == 0
    return TestCase(name=f"test_case_{number}", classname=f"tests.test_module_{number % 400}", outcome=TestOutcome.FAILED if failed else TestOutcome.PASSED,
                    file=f"tests/test_module_{number % 400}.py", line=number % 300 + 1, seconds=0.01, message="assert 1 == 2" if failed else None,
                    detail="E   assert 1 == 2\n" * 20 if failed else None)


def _job(name: str, component: str, role: Role) -> Job:
    tool = name.partition(".")[0]
    return Job(id=f"B2/{name}@{component}", task="B2", batch="beta", command=name, tool_id=tool, role=role, component=component, argv=(f"/usr/bin/{tool}", "check"),
               cwd=component, tool=LocatedTool(path=f"/usr/bin/{tool}", version="1.2.3", source="project"), reason=Reason(kind="used", detail="CI"))


def large_run(findings: int, tests: int) -> RunRecord:
    """A run of 25 linters and 5 test jobs that share the findings and tests evenly."""
    linters = [(_job(f"{tool}.lint", component, Role.LINT), tool) for tool in TOOLS for component in COMPONENTS]
    attempts = (Attempt(exit_code=1, wall_seconds=1.0, cpu_seconds=0.5, peak_memory_mb=50.0),)
    results = [Result(job=job.id, status=Status.FAILED, attempts=attempts, findings=tuple(_finding(number, tool) for number in range(at, findings, len(linters))))
               for at, (job, tool) in enumerate(linters)]
    runners = [_job("pytest.test", component, Role.TEST) for component in COMPONENTS]
    results += [Result(job=job.id, status=Status.FAILED, attempts=attempts, tests=tuple(_test(number) for number in range(at, tests, len(runners))))
                for at, job in enumerate(runners)]
    plan = Plan(root="/repo", pipeline="default", batches=(PlannedBatch(id="beta", title="Language validation"),), jobs=(*(job for job, _ in linters), *runners),
                components=tuple(Component(id=name, root=name, language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name=name, manifest=f"{name}/pyproject.toml")
                                 for name in COMPONENTS))
    return RunRecord(run_id="20260102-030405-abcd", plan=plan, results=tuple(results), verdict=Verdict(outcome=Outcome.FAIL, exit_code=1), wall_seconds=60.0,
                     started_at="2026-01-02T03:04:05+00:00", version="0.1.0")


def _timed(name: str, work: object) -> float:
    assert callable(work)
    before = time.process_time()
    size = work()
    seconds = time.process_time() - before
    print(f"{name:16} {seconds:6.2f} s {size:>12,} bytes", flush=True)
    return seconds


def main(words: Sequence[str] | None = None) -> int:
    """Renders and prints; exit code 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=50_000)
    parser.add_argument("--tests", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", default=list(FORMATS))
    asked = parser.parse_args(words)
    record = large_run(asked.findings, asked.tests)
    secrets = ("correct-horse-battery-staple", "another-secret-of-the-house")
    made, started, busy = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.perf_counter(), time.process_time()
    safe = clean(record, secrets)
    print(f"{'secrets':16} {time.process_time() - busy:6.2f} s", flush=True)
    for name in asked.only:
        _timed(name, lambda name=name: sum(map(len, render_files(name, safe))))
    wall, peak = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all':16} {time.process_time() - busy:6.2f} s, {wall:.2f} s wall, peak {peak:.0f} MB, of which {made:.0f} MB are the run itself")
    return int(time.process_time() - busy > 10 or peak > 500)


if __name__ == "__main__":
    raise SystemExit(main())
