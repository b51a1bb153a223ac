"""Looking at a large tree and planning many jobs: how long, how much memory, and how both grow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from measure import Contestant, Told, compare, table
from places import Place, repository, run

_PROJECT = '[project]\nname = "bench"\nversion = "1"\n[tool.ruff]\nline-length = 100\n'
#: jobs: packages times tasks of each
_SIZES = {10: (1, 10), 100: (10, 10), 1000: (10, 100), 10_000: (100, 100)}
#: of memory and time over the number of jobs: 1 is linear, and the rest is what a fit on two points may be off
_STEEPEST = 1.1
#: counts the jobs of a plan in a process of its own: who measures must stay small, because a child's peak memory is never told below its parent's
_COUNT = "import json, subprocess, sys; print(len(json.loads(subprocess.run(sys.argv[1:], capture_output=True, check=True).stdout)['jobs']))"


def large(place: Place, repeats: int) -> Told:
    """Detecting and planning 100,000 files, over what git itself needs to list them and to tell their state."""
    root = repository(place, "hundred-thousand", 100_000, {"pyproject.toml": _PROJECT, ".gitignore": ".gatekeeper/\n"})
    gatekeeper, git = place.program("gatekeeper"), "git ls-files and git status"
    calls = {
        git: ["sh", "-c", "git ls-files -z && git status --porcelain"],
        "gatekeeper plan": [gatekeeper, "plan", "."],
        "gatekeeper detect": [gatekeeper, "detect", "."],
    }
    medians = compare([Contestant(name=name, argv=argv, cwd=root, env=place.env) for name, argv in calls.items()], repeats)
    plan = medians["gatekeeper plan"]
    times = plan.wall / medians[git].wall
    return Told(table(medians, git), f"{times:.2f} x git, {plan.peak_mb:.0f} MB", times <= 2 and plan.peak_mb < 300)


def sizes(place: Place, repeats: int) -> Told:
    """Plans of 10 to 10,000 jobs: what each costs above the smallest, and with which power of the number it grows."""
    contestants = []
    for jobs, (packages, each) in _SIZES.items():
        tasks = [{"id": f"job-{number}", "batch": "beta", "role": "lint", "argv": ["/bin/true"], "takes": "component"} for number in range(each)]
        manifests = {f"p{number}/pyproject.toml": f'[project]\nname = "p{number}"\nversion = "1"\n' for number in range(packages)}
        root = repository(place, f"plan-{jobs}", 0, {".gitignore": ".gatekeeper/\n", "gatekeeper.yaml": json.dumps({"version": 1, "tasks": tasks}) + "\n", **manifests})
        contestants.append(Contestant(name=f"{jobs} jobs", argv=[place.program("gatekeeper"), "plan", ".", "--json", "--only", "*/job-*"], cwd=root, env=place.env))
    _check(place, contestants)
    medians = compare(contestants, repeats)
    smallest, middle, largest = (medians[contestants[number].name] for number in (0, -2, -1))
    scale = math.log(10)
    time = math.log((largest.cpu - smallest.cpu) / (middle.cpu - smallest.cpu)) / scale
    memory = math.log((largest.peak_mb - smallest.peak_mb) / max(middle.peak_mb - smallest.peak_mb, 1)) / scale
    return Told(table(medians, contestants[0].name), f"time grows with the power {time:.2f}, memory {memory:.2f}", max(time, memory) <= _STEEPEST)


def _check(place: Place, contestants: Sequence[Contestant]) -> None:
    """A plan of fewer jobs than its name says would look fast."""
    for one, jobs in zip(contestants, _SIZES, strict=True):
        found = run([place.program("python"), "-c", _COUNT, *one.argv], cwd=one.cwd, env=place.env).strip()
        if found != str(jobs):
            raise RuntimeError(f"{one.name}: {found} were planned")
