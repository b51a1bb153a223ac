"""Which job can never become ready, where nothing runs and nothing is ready, and why: it needs one that is not there, or waits in a circle. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence


def stuck(waiting: Sequence[str], waits: Mapping[str, set[str]], jobs: Container[str]) -> tuple[str, str] | None:
    """One of the jobs that wait, with the reason; None where nobody waits. `waits`: for what each job and barrier waits; who only stands behind a
    circle is in none, what it waits for leads into one."""
    return _lost(waiting, waits, jobs) or _circle(waiting, waits, jobs)


def _lost(waiting: Sequence[str], waits: Mapping[str, set[str]], jobs: Container[str]) -> tuple[str, str] | None:
    for job_id in waiting:
        lost = sorted(name for name in waits[job_id] if name not in jobs and name not in waits)
        if lost:
            return job_id, f"needs `{lost[0]}`, which is not in the plan"
    return None


def _circle(waiting: Sequence[str], waits: Mapping[str, set[str]], jobs: Container[str]) -> tuple[str, str] | None:
    name = first = next(iter(waiting), None)
    path: dict[str, None] = {}
    while name is not None and name not in path:
        path[name] = None
        name = min(waits[name])  # nothing is ready, so that everything waits for something
    members = list(path)[list(path).index(name):] if name is not None else []
    job_id = next((member for member in members if member in jobs), first)
    return None if job_id is None else (job_id, f"waits in a circle with `{min(waits[job_id])}`")
