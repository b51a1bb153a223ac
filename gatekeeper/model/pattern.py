"""Expressions that users write to read the output of their own tools: which groups they may name, and what is wrong with one.

Compiles, never searches: how long a search takes nobody can tell before, so that is done by a process that can be ended.
"""

from __future__ import annotations

import re

#: the named groups and what they become; `code` is another name for `rule`, `level` for `severity`
GROUPS = ("file", "line", "column", "end_line", "end_column", "rule", "code", "severity", "level", "message")
_NEEDED = frozenset({"file", "message"})


def pattern_fault(pattern: str) -> str | None:
    """Why an expression cannot be used, in one line, or None."""
    try:
        groups = re.compile(pattern, re.MULTILINE).groupindex
    except re.error as error:
        return f"it is no regular expression: {error}"
    except (OverflowError, RecursionError):
        return "it is too large for a regular expression"
    if unknown := [name for name in groups if name not in GROUPS]:
        return f"the group `{unknown[0]}` means nothing here; known are {', '.join(GROUPS)}"
    if not _NEEDED & groups.keys():
        return "it names neither `file` nor `message`: write (?P<message>...) around what is to be shown"
    return None
