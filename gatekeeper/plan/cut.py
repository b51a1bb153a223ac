"""Cuts the files of a job into lists: because a command line has an end, and because several cores are faster than one. Pure; knows names only.

For speed only what may be cut: a tool that works alone, on files that it looks at one by one, whose time for so many files is known and is worth a
second process. Files go round, as cards are dealt: neighbours in a folder cost alike. The same history gives the same lists.
"""

from __future__ import annotations

from gatekeeper.model.past import Past
from gatekeeper.model.tool import Command, Effect, Role, Takes
from gatekeeper.model.value import replace
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.scope import chunks
from gatekeeper.plan.select import Choice

#: seconds of work that a list of its own must hold; where there are several already, half of that keeps them
WORTH = 2.0

#: parts of a second that a tool takes before its first file, as far as one can tell without measuring
START = 0.2

#: seconds before anything was measured; unknown counts as long, so that it starts early
GUESSES = {Role.TEST: 30.0, Role.BUILD: 20.0, Role.TYPES: 8.0, Role.DOCS: 15.0, Role.SECURITY: 5.0, Role.BENCH: 60.0}

#: of what is in no class of its own, by memory, which goes with time: ruff and isort take a blink, prettier and black a moment, eslint, clippy and pylint
#: as long as a type checker (medians of 60 repositories)
GUESSES_BY_MEMORY = {"small": 1.0, "medium": 2.0, "large": 8.0}

Lists = tuple[tuple[str, ...], ...]


def cut(choice: Choice, files: tuple[str, ...], inputs: PlanInputs) -> Lists:
    """One list, or several where the files do not fit on one command line or take long."""
    if choice.command.takes is not Takes.FILES:
        return (files,)
    needed = chunks(files)
    count = _worth(choice, files, inputs)
    return tuple(files[start::count] for start in range(count)) if count > len(needed) else needed


def _worth(choice: Choice, files: tuple[str, ...], inputs: PlanInputs) -> int:
    command = choice.command
    if command.cache != "file" or command.threads or choice.fix or command.effect is Effect.WRITES:
        return 1
    parts = _parts(choice.job_id, inputs)
    known = [inputs.past[part] for part in parts or (choice.job_id,) if part in inputs.past and inputs.past[part].files]
    counted = sum(past.files for past in known)
    seconds = len(files) * sum(past.seconds for past in known) / counted if counted else 0.0
    return max(1, min(inputs.pool_size, len(files), int(seconds / WORTH * (2 if parts else 1))))


def expected(choice: Choice, job_id: str, files: tuple[str, ...], inputs: PlanInputs) -> Past:
    """What to expect of a job with these files: fewer than it had are less work, a new list is its part of the whole."""
    past = inputs.past.get(job_id) or inputs.past.get(choice.job_id) or Past(seconds=_guess(choice.command))
    if choice.command.takes is not Takes.FILES or not past.files:
        return past
    start = min(START, past.seconds)
    return replace(past, seconds=round(start + (past.seconds - start) * len(files) / past.files, 3))


def _guess(command: Command) -> float:
    return GUESSES.get(command.role) or GUESSES_BY_MEMORY.get(command.memory, 2.0)


def _parts(job_id: str, inputs: PlanInputs) -> tuple[str, ...]:
    """The lists that earlier runs had."""
    found: list[str] = []
    while f"{job_id}#{len(found) + 1}" in inputs.past:
        found.append(f"{job_id}#{len(found) + 1}")
    return tuple(found)
