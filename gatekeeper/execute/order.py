"""In which order ready jobs should start: longest remaining path first. Pure; knows no states and no resources."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from gatekeeper.model.pipeline import Priority
from gatekeeper.model.plan import Job

PRIORITIES = {Priority.CRITICAL: 0, Priority.HIGH: 1, Priority.MEDIUM: 2, Priority.LOW: 3}

#: sorts ready jobs; its last part is the id
Rank = tuple[int, bool, int, float, str]


def dependents(jobs: Sequence[Job]) -> Mapping[str, tuple[str, ...]]:
    """Ids of the jobs that wait for each job (`needs` and `after`), in plan order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for job in jobs:
        for waited in (*job.needs, *job.after):
            found[waited][job.id] = None
    return {waited: tuple(ids) for waited, ids in found.items()}


def remaining_path(jobs: Sequence[Job], waiting: Mapping[str, tuple[str, ...]]) -> Mapping[str, float]:
    """Estimated seconds from the start of each job to the end of the longest chain behind it; a circle ends a chain."""
    seconds = {job.id: max(0.0, job.estimated_seconds) for job in jobs}
    path = dict(seconds)
    open_followers = {job.id: len(waiting.get(job.id, ())) for job in jobs}
    precedes = {job.id: [waited for waited in dict.fromkeys((*job.needs, *job.after)) if waited in seconds] for job in jobs}
    ends = [job_id for job_id, count in open_followers.items() if count == 0]
    while ends:
        follower = ends.pop()
        for waited in precedes[follower]:
            path[waited] = max(path[waited], seconds[waited] + path[follower])
            open_followers[waited] -= 1
            if open_followers[waited] == 0:
                ends.append(waited)
    return path


def ranks(jobs: Sequence[Job], waiting: Mapping[str, tuple[str, ...]]) -> Mapping[str, Rank]:
    """The place of each job: path in powers of two (estimates are rough), blocking, priority, exact path, id."""
    path = remaining_path(jobs, waiting)
    return {job.id: (-round(math.log2(max(path[job.id], 0.01))), not job.blocking, PRIORITIES[job.priority], -path[job.id], job.id)
            for job in jobs}
