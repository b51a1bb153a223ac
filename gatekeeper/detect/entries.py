"""The shell text that a project runs, with the place where it stands. What runs it says how much it weighs as evidence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from gatekeeper.model.value import dataclass, field


class Via(IntEnum):
    """Who runs it; smaller is stronger evidence."""

    CI = 0
    OTHER_CI = 1
    HOOK = 2
    RECIPE = 3

    @property
    def spoken(self) -> str:
        """The word that opens evidence."""
        return {Via.CI: "CI", Via.OTHER_CI: "CI", Via.HOOK: "hook", Via.RECIPE: "script"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A piece of shell text: the folder it runs in, file and line (1-based) where it stands, a name for people, variables it knows."""

    text: str
    cwd: str
    file: str
    line: int | None
    via: Via
    name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookUse:
    """A hook of pre-commit, or a GitHub action, by name: evidence without a command line. `folder` is where it applies."""

    names: tuple[str, ...]
    folder: str
    file: str
    line: int | None
    via: Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One simple command as the project runs it, wrappers removed. `plain`: the words say all, nothing was left to the shell."""

    words: tuple[str, ...]
    cwd: str
    file: str
    line: int | None
    via: Via
    plain: bool
    #: how many scripts and recipes lie between the place and the command
    steps: int = 0

    @property
    def evidence(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = " ".join(self.words)
        return f"{self.via.spoken}: {text if len(text) <= 120 else text[:117] + '...'} ({place})"
