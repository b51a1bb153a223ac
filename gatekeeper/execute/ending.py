"""How one process tree is brought to its end: the ladder, the leak, the last sweep.

    RUNNING --stop/timeout--> STOPPING --main process exits--> LINGERING --nothing left--> gone
       |   (or too much memory)                                   ^  |
       +------------------main process exits----------------------+  +--something left--> SWEEPING --> gone

A kill is done when the tree is empty and its pipes are at their end or given up, not when the main process is reaped. What is left when
the main process ended by itself is a *leak*: it gets 100 ms, is named, told to end, then killed. Knows no selectors and reaps nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import assert_never

from gatekeeper.execute.lineage import Lineage, members
from gatekeeper.execute.proc import Row, open_disk_bytes, shared_memory_mb
from gatekeeper.execute.process import Child, Ladder, Phase

#: seconds: for pipes and members of a main process that ended, between two looks at them, for a leak told to end, for the killed to vanish
LEAK_GRACE = 0.1
LOOK_EVERY = 0.01
SWEEP_GRACE = 0.25
GIVE_UP = 2.0
SAMPLE_AT_MOST_EVERY = 0.5
#: where a limit is set to the memory
LIMITED_EVERY = 0.1


def stop(child: Child, ladder: Ladder, now: float) -> None:
    """Put a running tree on the ladder, or one that is on it already on a shorter one: asking twice never takes longer."""
    steps = ladder.steps(interrupt=child.spec.interrupt and child.phase is Phase.RUNNING)
    if child.phase in {Phase.RUNNING, Phase.STOPPING}:
        left = (child.due - now) + sum(grace for _, grace in child.steps) if child.phase is Phase.STOPPING else float("inf")
        if sum(grace for _, grace in steps) < left:
            child.phase, child.steps = Phase.STOPPING, list(steps)
            child.deadline = float("inf")
            child.due = now
    elif not steps:
        child.phase = Phase.SWEEPING
        child.deadline = child.due = now


def thaw(child: Child, now: float) -> None:
    """The tree stands still no more; the time in which it did is none of its own."""
    if child.suspended_at is not None:
        pause = now - child.suspended_at
        child.suspended_seconds += pause
        child.deadline += pause
        child.suspended_at = None


def main_ended(child: Child, now: float) -> None:
    """The main process exited (it may still be a zombie); what we told to end keeps the time that its step of the ladder gives."""
    child.deadline = max(now + LEAK_GRACE, child.due if child.phase is Phase.STOPPING else now)
    child.ended_at = now
    child.phase = Phase.LINGERING
    child.due = now


def advance(child: Child, lineage: Lineage, now: float) -> bool:
    """Do what the phase of `child` wants done by `now`; True when nothing is left of the tree."""
    match child.phase:
        case Phase.RUNNING:
            _watch(child, lineage, now)
            return False
        case Phase.STOPPING:
            return _climb(child, lineage, now)
        case Phase.LINGERING:
            return _linger(child, lineage, now)
        case Phase.SWEEPING:
            return _sweep(child, lineage, now)
        case _:
            assert_never(child.phase)


def signal_tree(child: Child, rows: Iterable[Row], signum: signal.Signals) -> None:
    """Send `signum` to the group and to every other member; `SIGCONT` follows whatever a stopped process would not notice."""
    for number in (signum, signal.SIGCONT) if signum in {signal.SIGINT, signal.SIGTERM} else (signum,):
        if child.status is None:
            with suppress(OSError):
                os.killpg(child.pid, number)
        for row in rows:
            if child.status is not None or row.group != child.pid:
                with suppress(OSError):
                    os.kill(row.pid, number)


def plan_next(child: Child) -> None:
    """While it runs, a tree wants to be looked at for its deadline and for the next sample of its memory."""
    if child.phase is Phase.RUNNING:
        child.due = float("inf") if child.suspended_at is not None else min(child.deadline, child.sample_at)


def _watch(child: Child, lineage: Lineage, now: float) -> None:
    if now >= child.deadline:
        child.timed_out = True
        stop(child, child.spec.ladder, now)
        return
    rows = lineage.tree(child)
    if child.io_fd < 0 and lineage.keeps_zombies:  # what ends before it is looked at is not worth a look
        child.io_fd = open_disk_bytes(child.pid)
    held = sum(row.memory_mb for row in rows)
    limit = child.spec.memory_limit_mb
    if 0 < limit < held:  # forks share most of what they hold
        held = shared_memory_mb(rows)
    child.peak_mb = max(child.peak_mb, held)
    if 0 < limit < held:
        child.over_memory = True
        stop(child, child.spec.ladder, now)
        return
    child.sample_every = min(LIMITED_EVERY if limit else SAMPLE_AT_MOST_EVERY, child.sample_every * 2)
    child.sample_at = now + child.sample_every
    plan_next(child)


def _climb(child: Child, lineage: Lineage, now: float) -> bool:
    """Next step of the ladder: SIGINT goes to the group as a terminal would send it, the rest to every member; True = cannot be killed."""
    signum, grace = child.steps.pop(0) if child.steps else (signal.SIGKILL, LOOK_EVERY)
    if signum is signal.SIGKILL:
        child.deadline = min(child.deadline, now + GIVE_UP)
    rows = members(lineage, child)  # before the blow: parents still say whose child they are
    signal_tree(child, () if signum is signal.SIGINT else rows, signum)
    child.due = now + grace
    return now >= child.deadline


def _linger(child: Child, lineage: Lineage, now: float) -> bool:
    rows = members(lineage, child)
    if not rows and not child.pipes:
        return True
    if now < child.deadline:
        child.due = min(child.deadline, now + LOOK_EVERY)
        return False
    if not child.stopped:
        child.leaked = tuple(f"{row.name} (pid {row.pid})" for row in rows) or ("a process that holds its output open",)
    if not rows:
        return True
    signal_tree(child, rows, signal.SIGKILL if child.stopped else signal.SIGTERM)
    child.phase = Phase.SWEEPING
    child.deadline = now if child.stopped else now + SWEEP_GRACE
    child.due = now + LOOK_EVERY
    return False


def _sweep(child: Child, lineage: Lineage, now: float) -> bool:
    rows = members(lineage, child)
    if not rows and child.ended_at is not None:
        return True
    if now >= child.deadline:
        signal_tree(child, rows, signal.SIGKILL)
    child.due = now + LOOK_EVERY
    return now >= child.deadline + GIVE_UP
