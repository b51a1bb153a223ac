"""What the end of a job's output says of the world outside. Reads that output and nothing else."""

from __future__ import annotations

from contextlib import suppress

from gatekeeper.execute.retry import LAST_WORDS, says_network
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Status
from gatekeeper.tree.plain import open_plain


def answered(result: Result) -> bool | None:
    """Whether the services that a job asked answered; None where that cannot be told."""
    if result.status in {Status.PASSED, Status.FAILED}:
        return True
    if result.status in {Status.ERRORED, Status.UNMEASURED} and result.attempts:
        return False if says_network(last_words(result.attempts[-1])) else None
    return None


def last_words(attempt: Attempt) -> str:
    """The end of what an attempt wrote."""
    text = b""
    for path in (attempt.stderr, attempt.stdout):
        with suppress(OSError), open_plain(path) as file:
            file.seek(max(0, file.seek(0, 2) - LAST_WORDS))
            text += file.read(LAST_WORDS) + b"\n"
    return text.decode("utf-8", "replace")
