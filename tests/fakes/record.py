"""Made-up plans, results and runs for tests of reports and displays: every status, every language, hostile text on request."""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.model.component import Component, Kind, Language, TestCommand, ToolStatus, ToolUse
from gatekeeper.model.finding import Category, Finding, Level, Severity, TestCase, TestOutcome
from gatekeeper.model.plan import Job, Plan, PlannedBatch, Reason, SkippedJob, Unavailable
from gatekeeper.model.result import Artifact, Attempt, Condition, Result, RunRecord, Verdict
from gatekeeper.model.status import Cause, Outcome, Status
from gatekeeper.model.tool import Effect, LocatedTool, Role

#: everything that a careless report would choke on or obey
NASTY = ("\x00nul", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\udcff.py", "]]>", "\U0001f600", "::error::x", "[bold]markup[/bold]", "a|b`c", "<script>",
         "-dash", "line\nbreak", "cr\rlf\r\n", "\ufffe", "\u202egnp.exe", "@everyone", "&amp;", "'\"")

DIFF = "--- web/app.js\n+++ web/app.js\n@@ -1,2 +1,2 @@\n-const a=1\n+const a = 1;\n "


def job(name: str = "ruff.lint", *, component: str | None = "api", batch: str = "beta", task: str = "B2", role: Role = Role.LINT,
        argv: Sequence[str] = (), blocking: bool = True, effect: Effect = Effect.READS, unavailable: Unavailable | None = None,
        needs: tuple[str, ...] = (), suffix: str = "", cwd: str = "", source: str = "project") -> Job:
    tool = name.partition(".")[0]
    return Job(
        id=f"{task}/{name}@{component or 'repository'}{suffix}", task=task, batch=batch, command=name, tool_id=tool, role=role, component=component,
        argv=tuple(argv) or (f"/usr/bin/{tool}", "check"), cwd=cwd or component or ".", blocking=blocking, effect=effect, unavailable=unavailable,
        needs=needs, tool=LocatedTool(path=f"/usr/bin/{tool}", version="1.2.3", source=source),
        reason=Reason(kind="configured", detail=f"[tool.{tool}] in {component}/pyproject.toml"))


def finding(message: str = "`os` imported but unused", *, file: str | None = "api/main.py", line: int | None = 3, rule: str | None = "F401",
            level: Level = Level.ERROR, category: Category = Category.LINT, detail: str | None = None) -> Finding:
    return Finding(tool="ruff", message=message, level=level, severity=Severity.HIGH if level is Level.ERROR else Severity.MEDIUM, category=category,
                   file=file, line=line, column=1 if line else None, rule=rule, detail=detail)


def attempt(seconds: float = 0.3, exit_code: int | None = 0, signal: int | None = None) -> Attempt:
    return Attempt(exit_code=exit_code, signal=signal, wall_seconds=seconds, cpu_seconds=seconds / 2, peak_memory_mb=42.0)


def result(of: Job, status: Status = Status.PASSED, *, findings: Sequence[Finding] = (), tests: Sequence[TestCase] = (), cause: Cause | None = None,
           message: str = "", hint: str | None = None, tail: str = "", seconds: float | None = 0.3, exit_code: int | None = None) -> Result:
    ran = seconds is not None and status not in {Status.UNAVAILABLE, Status.BLOCKED, Status.NOT_RUN, Status.SKIPPED}
    code = exit_code if exit_code is not None else int(status is not Status.PASSED)
    return Result(job=of.id, status=status, cause=cause, message=message, hint=hint, tail=tail, findings=tuple(findings), tests=tuple(tests),
                  attempts=(attempt(seconds or 0.0, code),) if ran else (), log=f"jobs/{of.task}/stdout.log" if ran else None)


def record(pairs: Sequence[tuple[Job, Result]], verdict: Verdict | None = None, *, notes: tuple[str, ...] = (),
           artifacts: tuple[Artifact, ...] = (), skipped: tuple[SkippedJob, ...] = (), seconds: float = 2.5) -> RunRecord:
    jobs = tuple(pair[0] for pair in pairs)
    return RunRecord(
        run_id="20260102-030405-abcd", plan=plan(jobs, skipped), results=tuple(pair[1] for pair in pairs),
        verdict=verdict or Verdict(outcome=Outcome.PASS, exit_code=0, message="every blocking job passed"),
        started_at="2026-01-02T03:04:05.678+00:00", wall_seconds=seconds, version="0.1.0", notes=notes, artifacts=artifacts,
        batch_seconds=(("alpha", 0.5), ("beta", 301.0)))


def plan(jobs: Sequence[Job], skipped: tuple[SkippedJob, ...] = ()) -> Plan:
    return Plan(
        root="/repo", pipeline="default", jobs=tuple(jobs), skipped=skipped, pool_size=4, estimated_seconds=12.0,
        batches=(PlannedBatch(id="alpha", title="Core", target=180.0), PlannedBatch(id="beta", title="Language validation", target=300.0),
                 PlannedBatch(id="gamma", title="Infrastructure"), PlannedBatch(id="delta", title="Analytics")),
        critical_path=tuple(entry.id for entry in jobs[:1]),
        components=(Component(id="api", root="api", language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name="api", manifest="api/pyproject.toml",
                              tools=(ToolUse(tool="ruff", config="api/pyproject.toml#tool.ruff", status=ToolStatus.CONFIGURED, evidence="[tool.ruff]"),),
                              test=TestCommand(command="pytest", evidence="tox.ini")),))


TESTS = (
    TestCase(name="test_adds", classname="tests.test_sum", outcome=TestOutcome.PASSED, seconds=0.01, file="api/tests/test_sum.py", line=3),
    TestCase(name="test_subtracts", classname="tests.test_sum", outcome=TestOutcome.FAILED, seconds=0.02, file="api/tests/test_sum.py", line=9,
             message="assert 1 == 2", detail="def test_subtracts():\n>   assert 1 == 2\nE   assert 1 == 2"),
    TestCase(name="test_waits", classname="tests.test_sum", outcome=TestOutcome.SKIPPED, message="needs a network"),
)


def mixed() -> RunRecord:
    """A run with every final status, three kinds of failure, advice and a hostile name."""
    hygiene = job("hygiene.check", component=None, batch="alpha", task="A1", role=Role.HYGIENE, source="builtin")
    lint, types, tests = job(), job("mypy.check", role=Role.TYPES), job("pytest.test", role=Role.TEST, argv=("/v/bin/pytest", "--junitxml={report}", "-q"))
    style = job("prettier.check", component="web", task="B3", role=Role.FORMAT)
    eslint = job("eslint.lint", component="web", task="B3", unavailable=Unavailable(cause=Cause.MISSING_DEPENDENCIES, detail="not installed", hint="npm ci"))
    advice = job("bandit.scan", role=Role.SECURITY, blocking=False, batch="gamma", task="C3")
    clippy, build, rust = (job(name, component="core", task="B1") for name in ("cargo.clippy", "cargo.build", "cargo.test"))
    audit, bench = job("pip-audit.audit", batch="gamma", task="C3", blocking=False), job("bench.run", batch="delta", task="D2")
    lines, stopped = job("lines.count", component=None, batch="delta", task="D1", blocking=False), job("solhint.lint", component="sol", task="B4")
    pairs = (
        (hygiene, result(hygiene)),
        (lint, result(lint, Status.FAILED, findings=[finding(), finding("line too long", rule="E501", line=7, level=Level.WARNING)], cause=Cause.FINDINGS)),
        (types, result(types, Status.ERRORED, cause=Cause.CRASH, message="mypy ended with exit code 2", tail="INTERNAL ERROR\nlast words", exit_code=2)),
        (tests, result(tests, Status.FAILED, tests=TESTS, cause=Cause.FINDINGS)),
        (style, result(style, Status.FAILED, cause=Cause.FINDINGS,
                       findings=[finding("would be reformatted", file="web/app.js", line=None, rule=None, category=Category.FORMAT, detail=DIFF)])),
        (eslint, result(eslint, Status.UNAVAILABLE, cause=Cause.MISSING_DEPENDENCIES, message="project dependencies are not installed", hint="npm ci")),
        (advice, result(advice, Status.FAILED, findings=[finding("use of assert", rule="B101", level=Level.WARNING)])),
        (clippy, result(clippy, Status.TIMED_OUT, cause=Cause.TIMEOUT, message="still running after 10m", seconds=600.0)),
        (build, result(build, Status.BLOCKED, cause=Cause.NEED, message="B1/cargo.clippy@core did not pass")),
        (rust, result(rust, Status.NOT_RUN, cause=Cause.BUDGET, message="no time left")),
        (audit, result(audit, Status.UNMEASURED, cause=Cause.NOTHING_CHECKED, message="offline: nothing was audited", hint="connect and run again")),
        (bench, result(bench, Status.CANCELLED, cause=Cause.INTERRUPT, message="interrupted")),
        (lines, result(lines)),
        (stopped, result(stopped, Status.SKIPPED, message="no file of it is in scope")),
    )
    conditions = (Condition(subject=lint.id, outcome=Outcome.FAIL, message="2 findings"),
                  Condition(subject=eslint.id, outcome=Outcome.INCOMPLETE, message="could not be measured", hint="npm ci"))
    verdict = Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=conditions, message="3 blocking jobs failed")
    return record(pairs, verdict, notes=("shallow clone: everything was run",), artifacts=(Artifact(kind="junit", path="/repo/junit.xml", size=2048),),
                  skipped=(SkippedJob(id="B3/jest@web", reason=Reason(kind="stale", detail="jest.config.js is left over")),))


def hostile() -> RunRecord:
    """A run in which every text that comes from outside is hostile, once per kind of text."""
    pairs = []
    for number, text in enumerate(NASTY):
        lint = job(f"tool.{text}", component=text, suffix=f"#{number}", argv=("/bin/x", text))
        cases = [TestCase(name=text, classname=text, outcome=TestOutcome.FAILED, message=text, detail=text, file=text, line=1, seconds=float("nan"))]
        pairs.append((lint, result(lint, Status.FAILED, findings=[finding(text, file=text, rule=text, detail=text)], message=text, hint=text)))
        test = job("pytest.test", component=text, suffix=f"#t{number}", role=Role.TEST)
        pairs.append((test, result(test, Status.FAILED, tests=cases, message=text, tail=text)))
    conditions = tuple(Condition(subject=text, outcome=Outcome.FAIL, message=text, hint=text) for text in NASTY)
    return record(pairs, Verdict(outcome=Outcome.FAIL, exit_code=1, conditions=conditions, message=NASTY[1]), notes=NASTY)
