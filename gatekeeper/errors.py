"""Errors that a user can cause, as one tree.

GatekeeperError
 +-- UsageError            exit 2: a wrong option, filter, path or run id
 +-- ConfigError           exit 2: a YAML document that cannot be read or does not follow its schema
 +-- TreeError             exit 2: the repository cannot be read (no such folder, git refuses)
 +-- StoreError            exit 2: what Gatekeeper keeps on disk cannot be read or written

Messages start lower-case, name file, line and key where there is one, and carry a `hint` when there is a next step.
"""

from __future__ import annotations


class GatekeeperError(Exception):
    """Something the user can mend; shown as one line, never as a traceback."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GatekeeperError):
    """A wrong option, filter, path or run id."""


class ConfigError(GatekeeperError):
    """A YAML document that cannot be read or does not follow its schema."""


class TreeError(GatekeeperError):
    """The repository cannot be read."""


class StoreError(GatekeeperError):
    """What Gatekeeper keeps on disk cannot be read or written."""
