"""The log of a CI step as its runner reads it: which lines it obeys. Written after actions/runner `ActionCommand.cs` and `ActionCommandManager.cs`.

A line is a command when it begins, after blanks, with `::name ...::`, or holds `##[name ...]` anywhere, and the name is a known one. `stop-commands` stops
them all until its token comes as a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KNOWN = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "set-env", "set-output", "save-state", "add-path", "add-matcher",
         "remove-matcher", "echo", "stop-commands"}


@dataclass(slots=True)
class Runner:
    """Reads lines and keeps what it obeyed: (command, data)."""

    obeyed: list[tuple[str, str]] = field(default_factory=list)
    token: str | None = None

    def read(self, text: str) -> Runner:
        for line in re.split(r"\r\n|\r|\n", text):
            self._line(line)
        return self

    def _line(self, line: str) -> None:
        known = KNOWN | ({self.token.lower()} if self.token else set())
        found = re.match(r"\s*::([^ :]*(?:(?!::).)*?)::(.*)", line, re.DOTALL) or re.search(r"##\[([^\]]*)\](.*)", line, re.DOTALL)
        name = found[1].split(" ")[0].lower() if found else ""
        if found is None or name not in known:
            return
        if self.token is not None:
            self.token = None if name == self.token.lower() else self.token
        elif name == "stop-commands":
            self.token = found[2]
        else:
            self.obeyed.append((name, found[2]))


def obeyed_by_agents(text: str) -> list[str]:
    """What Azure's agents and TeamCity find in a text, wherever it stands."""
    return re.findall(r"##(?:vso|teamcity)?\[", text)
