from __future__ import annotations

import json
from typing import Any

from gatekeeper.model.plan import Reason, SkippedJob, Unavailable
from gatekeeper.model.recovery import Recovery, RetryPolicy, Trouble
from gatekeeper.model.status import Cause
from gatekeeper.model.value import replace
from gatekeeper.report.plan import plan_document, render_plan
from tests.fakes.record import job, plan


def test_a_planned_job_has_every_key_of_the_contract() -> None:
    document = json.loads(render_plan(plan([job(needs=("A1/x@y",))])))
    assert {"schema", "root", "pool", "jobs", "skipped", "groups", "critical_path", "estimated_seconds"} <= document.keys()
    assert (document["parallel_groups"], document["estimated_duration"]) == (document["groups"], document["estimated_seconds"])
    entry = document["jobs"][0]
    assert {"id", "task", "batch", "command", "component", "argv", "cwd", "files", "needs", "timeout", "blocking", "resources", "effect",
            "estimated_seconds", "tool", "reason"} <= entry.keys()
    assert entry["resources"] == {"cpu": 1, "memory_mb": 100, "exclusive": []}
    assert entry["tool"] == {"path": "/usr/bin/ruff", "version": "1.2.3", "source": "project"}
    assert entry["reason"] == {"kind": "configured", "detail": "[tool.ruff] in api/pyproject.toml"}
    assert (entry["needs"], entry["effect"], entry["files"], entry["timeout"]) == (["A1/x@y"], "reads", 0, 600.0)
    assert document["pool"] == {"size": 4}


def test_jobs_left_out_and_jobs_that_cannot_run_say_why() -> None:
    missing = Unavailable(cause=Cause.MISSING_TOOL, detail="not found", hint="gatekeeper setup")
    document = plan_document(plan([job(unavailable=missing)], (SkippedJob(id="B3/jest@web", reason=Reason(kind="stale", detail="left over")),)))
    assert document["skipped"] == [{"id": "B3/jest@web", "reason": {"kind": "stale", "detail": "left over"}}]
    assert json.loads(json.dumps(document))["jobs"][0]["unavailable"] == {"cause": "missing_tool", "detail": "not found", "hint": "gatekeeper setup"}


def test_a_file_name_that_is_no_utf8_is_spelled_out() -> None:
    assert b'"\\\\xff.py"' in render_plan(plan([job(argv=("/bin/ruff", "\udcff.py"))]))


def test_what_happens_when_a_job_does_not_pass_is_part_of_the_plan() -> None:
    other = replace(job(), command="flake8.lint", argv=("flake8",))
    one = replace(job(), retry=RetryPolicy(attempts=3, on=(Trouble.NETWORK,)), recovery=Recovery(hold=60.0, abort=True), fallback=other, services=("pypi",))
    document: Any = plan_document(plan([one]))
    (told,) = document["jobs"]
    assert (told["retry"], told["services"]) == ({"attempts": 3, "on": ["network"]}, ["pypi"])
    fallback = told["on_failure"].pop("fallback")
    assert (fallback["command"], fallback["argv"], told["on_failure"]) == ("flake8.lint", ["flake8"], {"rollback": False, "hold": 60.0, "abort": True})


def test_how_a_tool_is_told_its_cores_is_part_of_the_plan() -> None:
    document: Any = plan_document(plan([replace(job(), env={"RAYON_NUM_THREADS": "4"}, jobserver="pipe")]))
    (told,) = document["jobs"]
    assert (told["env"], told["jobserver"]) == ({"RAYON_NUM_THREADS": "4"}, "pipe")
