"""late: a regular expression that is compiled when it is first used.

Compiling takes 0.1 ms each, and a run loads many more expressions than it needs. A test compiles them all, so that none is wrong only where it is used.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, later. For patterns of a module; they are asked by their methods only, not handed to `re`."""
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))


class _Late:
    """Becomes the pattern by taking over what it is asked for: a second question costs no more than it would of the pattern."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._words = pattern, flags

    def __getattr__(self, name: str) -> Any:
        made: re.Pattern[Any] = self.__dict__.get("_made") or re.compile(*self._words)
        found = getattr(made, name)
        self.__dict__.update({"_made": made, name: found})
        return found
