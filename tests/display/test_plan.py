from __future__ import annotations

import re
from dataclasses import replace

from gatekeeper.display.plan import plan_mermaid, plan_tree
from gatekeeper.display.spans import Look
from gatekeeper.model.plan import Plan, Reason, SkippedJob, Unavailable
from gatekeeper.model.status import Cause
from gatekeeper.model.tool import Effect
from tests.fakes.record import hostile, job, plan


def sample() -> Plan:
    fix = job("ruff.fix", batch="alpha", task="A3", effect=Effect.WRITES)
    lint, types = job(needs=(fix.id,)), job("mypy.check", blocking=False)
    missing = job("eslint.lint", component="web", task="B3", unavailable=Unavailable(cause=Cause.MISSING_TOOL, detail="eslint is missing", hint="npm ci"))
    skipped = tuple(SkippedJob(id=f"B3/{name}@web", reason=Reason(kind=kind, detail=f"why {name}")) for name, kind in (
        ("jest", "stale"), ("vitest", "stale"), ("tsc", "no-files")))
    return plan([fix, lint, replace(types, after=(fix.id,)), missing], skipped)


def test_the_tree_shows_batches_tasks_and_jobs_with_reason_and_estimate() -> None:
    lines = plan_tree(sample(), Look()).splitlines()
    assert lines[1] == "pipeline default, all files; 4 jobs, at most 4 at once; about 12s, at most 1h 00m; 1 job may write"
    assert lines[2:6] == ["alpha Core  1 job, target 3m 00s", "└─ A3", "   └─ ruff.fix@api  1.0s  may write  configured: [tool.ruff] in api/pyproject.toml",
                          "beta Language validation  3 jobs, target 5m 00s"]
    assert "│  └─ mypy.check@api  1.0s  advisory  configured: [tool.mypy] in api/pyproject.toml" in lines


def test_what_cannot_run_says_why_and_what_to_do() -> None:
    assert "      unavailable: eslint is missing  to do: npm ci" in plan_tree(sample(), Look()).splitlines()


def test_what_was_left_out_is_counted_by_kind_and_listed_when_asked() -> None:
    assert "left out (3)  2 stale, 1 no-files  (--verbose lists them)" in plan_tree(sample(), Look())
    verbose = plan_tree(sample(), Look(verbose=True))
    assert "  B3/jest@web  stale: why jest" in verbose
    assert "waits for A3/ruff.fix@api" in verbose
    assert "/usr/bin/ruff check" in verbose


def test_an_empty_plan_says_so() -> None:
    assert "nothing to run" in plan_tree(plan(()), Look())


def test_a_terminal_without_box_characters_gets_ascii() -> None:
    assert plan_tree(sample(), Look(unicode=False)).isascii()


def test_mermaid_has_a_box_per_job_and_an_arrow_per_need() -> None:
    text = plan_mermaid(sample())
    assert text.startswith("flowchart LR\n")
    assert '    j0[/"A3/ruff.fix@api"/]' in text
    assert "  j0 --> j1\n" in text
    assert "  j0 -.-> j2\n" in text
    assert "  class j3 unavailable\n" in text
    assert "  class j2 advisory\n" in text


def test_mermaid_labels_hold_nothing_that_mermaid_obeys() -> None:
    for label in re.findall(r'\["(.*)"\]', plan_mermaid(hostile().plan)):
        assert not re.search(r'["`<>\[\]{}|\\]', label)


def test_a_barrier_of_hundreds_of_arrows_is_left_out_and_said() -> None:
    first = [job(f"a{number}.run", batch="alpha") for number in range(30)]
    second = [replace(job(f"b{number}.run"), after=tuple(entry.id for entry in first)) for number in range(30)]
    assert "%% 900 dotted arrows of mere order left out" in plan_mermaid(plan([*first, *second]))


def test_hostile_plans_stay_harmless() -> None:
    text = plan_tree(hostile().plan, Look(verbose=True))
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
