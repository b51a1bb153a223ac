"""A whole gate from nothing: the time of the run over the least that its jobs can take on this machine, beside other ways to run the same commands.

The least is the larger of two: the longest chain of jobs that wait for each other, and the CPU seconds of all jobs over the cores. What each job takes
is measured alone, one after the other. Before each run all build products are deleted; what was downloaded stays.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from measure import Contestant, Cost, Medians, Row, Told, compare, peak_of_tree, run_once, table
from places import Place, committed, run, write

_ROUNDS_ALONE = 3
_MOST = 1.05
#: a command may find something: that is no matter here
_ENDS = frozenset({0, 1, 3})
#: how ours tells a tool its part of the cores: by itself, and where others start it, a tool takes what it likes
_SHARES = frozenset({"CARGO_BUILD_JOBS", "RUST_TEST_THREADS", "RAYON_NUM_THREADS", "PYTEST_XDIST_AUTO_NUM_WORKERS", "VITEST_MAX_WORKERS", "BLACK_NUM_WORKERS"})


@dataclass(frozen=True, slots=True)
class _Job:
    """A command of the plan as a script of its own."""

    id: str
    needs: tuple[str, ...]
    script: str
    #: names that only one job may hold at a time, as the target folder of cargo
    locks: tuple[str, ...] = ()


def cold(place: Place, repeats: int) -> Told:
    """The gate on the polyglot fixture and on the repositories that were named: over the bound, and the same commands in sequence, under make and prek."""
    rows: list[Row] = []
    words: list[str] = []
    met = True
    for name, root in _roots(place).items():
        jobs = _jobs(place, root, os.path.join(place.folder, "cold", name))
        if not jobs:
            words.append(f"{name}: no tool is installed")
            continue
        alone = {job.id: cost for job, cost in zip(jobs, _alone(place, root, jobs), strict=True)}
        bound, in_turn = _bound(jobs, alone), _in_turn(jobs, alone)
        contestants = _contestants(place, root, jobs)
        medians = compare(contestants, repeats)
        medians = {one.name: replace(medians[one.name], peak_mb=peak_of_tree(one) or medians[one.name].peak_mb) for one in contestants}
        times = medians["gatekeeper"].wall / bound
        rows += [("what", *table(medians, "gatekeeper")[0][1:])] if not rows else []
        rows += [(f"{name}, {len(jobs)} jobs: {what}", *rest) for what, *rest in table(medians, "gatekeeper")[1:]]
        rows.append(_seconds_row(f"{name}: the least", bound, medians["gatekeeper"]))
        if in_turn > bound:
            rows.append(_seconds_row(f"{name}: those that wait for one lock, in turn", in_turn, medians["gatekeeper"]))
        rows += [_seconds_row(f"{name}, gatekeeper: {what}", seconds, medians["gatekeeper"]) for what, seconds in _around(place, root).items()]
        words.append(f"{name}: {times:.2f} x the least")
        met = met and times <= _MOST
    return Told(rows or [("nothing", "was measured")], "; ".join(words), met if rows else None)


def _seconds_row(what: str, seconds: float, ours: Medians) -> Row:
    return (what, f"{seconds * 1000:.1f}", "", "", f"{seconds / ours.wall:.2f}", "")


def _around(place: Place, root: str) -> dict[str, float]:
    """Of the last run, as its own record tells: seconds before its first job and after its last one."""
    trace = json.loads(run([place.program("gatekeeper"), "trace"], cwd=root, env=_env(place)))
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    whole = next((event for event in events if event.get("ph") == "X" and event["name"].startswith("run ")), None)
    jobs = [event for event in events if event.get("ph") == "X" and "/" in event["name"] and not event["name"].startswith("run ")]
    if whole is None or not jobs:
        return {}
    first, last = min(event["ts"] for event in jobs), max(event["ts"] + event["dur"] for event in jobs)
    return {"before its first job": (first - whole["ts"]) / 1e6, "after its last job": (whole["ts"] + whole["dur"] - last) / 1e6}


def _roots(place: Place) -> dict[str, str]:
    """Copies of the fixture and of the repositories that were named, with the dependencies that are installed there; one that is not there is left out
    with a word."""
    fixture = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures", "repos", "polyglot")
    found = {}
    for source in (fixture, *place.repositories):
        name = os.path.basename(os.path.normpath(source))
        root = os.path.join(place.folder, "cold", name, "repository")
        if not os.path.isdir(source):
            print(f"{source}: is not there and is left out")
            continue
        if not os.path.isdir(root):
            shutil.copytree(source, root, symlinks=True)
            if source == fixture:
                committed(root, place.env)
        found[name] = root
    return found


def _env(place: Place) -> dict[str, str]:
    """Toolchains of the user stay where they are; the rest of the home folder is ours."""
    home = os.path.expanduser("~")
    kept = {name: path for name, path in (("RUSTUP_HOME", f"{home}/.rustup"), ("CARGO_HOME", f"{home}/.cargo")) if os.path.isdir(path)}
    return {**kept, **place.env}


def _jobs(place: Place, root: str, folder: str) -> list[_Job]:
    """The commands that a run would start, as scripts; without those of our own, and without those whose tool is not installed."""
    plan = json.loads(run([place.program("gatekeeper"), "plan", ".", "--json", "--no-provision"], cwd=root, env=_env(place)))
    wanted = [job for job in plan["jobs"] if job.get("tool") and not job.get("unavailable") and job["effect"] == "reads" and not any(word.startswith("gatekeeper.builtin.") for word in job["argv"])]
    ids = {job["id"] for job in wanted}
    return [_Job(job["id"], tuple(need for need in job["needs"] if need in ids), _script(os.path.join(folder, "jobs", f"{number:02}"), root, job), tuple(job["resources"]["exclusive"]))
            for number, job in enumerate(wanted)]


def _script(path: str, root: str, job: Mapping[str, object]) -> str:
    """Like the job, in a fresh folder of its own for what it writes beside the tree: its report and its work."""
    own = f"{path}-own"
    variables = [f"export {name}={shlex.quote(value)}" for name, value in dict(job.get("env") or {}).items() if name not in _SHARES]  # type: ignore[call-overload]
    folder = shlex.quote(os.path.join(root, str(job["cwd"])))
    words = shlex.join([word.replace("{report}", f"{own}/report").replace("{work}", f"{own}/work") for word in list(job["argv"])])  # type: ignore[call-overload]
    fresh = f"rm -rf {shlex.quote(own)}; mkdir -p {shlex.quote(own)}/work"
    write(path, "\n".join(("#!/bin/sh", "export CI=1", *variables, fresh, f"cd {folder} || exit 1", f"{words} >/dev/null 2>&1", "exit 0", "")))
    os.chmod(path, stat.S_IRWXU)
    return path


def _clean(place: Place, root: str) -> Callable[[], None]:
    return lambda: (run(["git", "clean", "-xfdq", "-e", "node_modules", "-e", ".venv", "-e", ".gatekeeper"], cwd=root, env=place.env), None)[1]


def _alone(place: Place, root: str, jobs: Sequence[_Job]) -> list[Cost]:
    """What each job takes by itself, in the order of the plan, from nothing."""
    rounds = []
    for _ in range(_ROUNDS_ALONE):
        _clean(place, root)()
        rounds.append([run_once(Contestant(name=job.id, argv=[job.script], cwd=root, env=_env(place))) for job in jobs])
    return [Cost(wall=statistics.median(cost.wall for cost in costs), cpu=statistics.median(cost.cpu for cost in costs), peak_mb=0) for costs in zip(*rounds, strict=True)]


def _bound(jobs: Sequence[_Job], alone: Mapping[str, Cost]) -> float:
    """Seconds below which no order of the jobs comes."""
    by_id = {job.id: job for job in jobs}

    @cache
    def until(name: str) -> float:
        return alone[name].wall + max((until(need) for need in by_id[name].needs), default=0.0)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(*(until(job.id) for job in jobs), sum(cost.cpu for cost in alone.values()) / cores)


def _in_turn(jobs: Sequence[_Job], alone: Mapping[str, Cost]) -> float:
    """Seconds of the longest row of jobs that hold one lock: whoever starts them, they wait for each other. It is told, and no part of the budget."""
    return max((sum(alone[job.id].wall for job in jobs if lock in job.locks) for lock in {lock for job in jobs for lock in job.locks}), default=0.0)


def _contestants(place: Place, root: str, jobs: Sequence[_Job]) -> list[Contestant]:
    folder = os.path.dirname(os.path.dirname(jobs[0].script))
    cores = str(os.cpu_count() or 1)
    targets = {job.id: f"t{number}" for number, job in enumerate(jobs)}
    write(os.path.join(folder, "sequence"), "#!/bin/sh\n" + "".join(f"{job.script}\n" for job in jobs))
    write(os.path.join(folder, "Makefile"), f".PHONY: all {' '.join(targets.values())}\nall: {' '.join(targets.values())}\n" + "".join(
        f"{targets[job.id]}: {' '.join(targets[need] for need in job.needs)}\n\t@{job.script}\n" for job in jobs))
    write(os.path.join(folder, "prek.yaml"), json.dumps({"repos": [{"repo": "local", "hooks": [
        {"id": targets[job.id], "name": job.id, "language": "system", "entry": job.script, "always_run": True, "pass_filenames": False, "priority": 0} for job in jobs]}]}))
    ours = [place.program("gatekeeper"), "run", ".", "--no-provision", "--no-cache", *(word for job in jobs for word in ("--only", job.id))]
    calls = {"gatekeeper": ours, "in sequence": ["sh", os.path.join(folder, "sequence")],
             "prek, all at once": [place.peer("prek"), "run", "--all-files", "--config", os.path.join(folder, "prek.yaml")]}
    if make := place.system("make"):
        calls[f"make -j{cores}"] = [make, "-s", f"-j{cores}", "-f", os.path.join(folder, "Makefile")]
    return [Contestant(name=name, argv=argv, cwd=root, env=_env(place) | {"PREK_MAX_CONCURRENCY": cores}, exits=_ENDS, before=_clean(place, root)) for name, argv in calls.items()]
