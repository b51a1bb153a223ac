"""The fence around what is printed in GitHub Actions: between its two lines the runner obeys no command, whatever a tool says. Knows no events.

The runner reads both streams, line by line, and keeps one state for them (actions/runner `ActionCommandManager`): so only one stream, standard error, is
ever fenced during a run, and our own annotations follow on the same stream. Standard output needs no fence: what is printed there is made harmless line by
line (`model.sanitize.ci_text`), as everything is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


def in_github(environment: Mapping[str, str]) -> bool:
    """Whether lines that we print are read by a runner of GitHub Actions (or of those that do as it does)."""
    return environment.get("GITHUB_ACTIONS") == "true"


def in_ci(environment: Mapping[str, str]) -> bool:
    """Whether lines that we print may be read as commands: GitHub Actions, Azure Pipelines, TeamCity."""
    return in_github(environment) or bool(environment.get("TF_BUILD")) or bool(environment.get("TEAMCITY_VERSION"))


@contextmanager
def fenced(write: Callable[[str], None], environment: Mapping[str, str], token: str | None = None) -> Iterator[None]:
    """Commands are stopped inside the block and taken again after it; `token` is random, so that no tool can know the line that ends it."""
    if not in_github(environment):
        yield
        return
    token = token or os.urandom(20).hex()
    write(f"::stop-commands::{token}\n")
    try:
        yield
    finally:
        write(f"::{token}::\n")
