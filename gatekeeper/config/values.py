"""Texts that people write, as values: durations, whole numbers, switches, and the nearest name to a misspelt one.

Does not know where a text came from; callers put the option, variable or line into their message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatekeeper.model import duration
from gatekeeper.model.late import late

_DIGITS = late(r"\d{1,9}", re.ASCII)
#: a month: longer than any run, and far below what a timer can hold
_LONGEST = 31 * 86400.0
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def seconds(text: str) -> float:
    """A duration such as `90s`, `5m`, `1h30m` or plain seconds, at most a month. Raises ValueError with a reason."""
    value = duration.seconds(text)
    if value > _LONGEST:
        raise ValueError(f"`{text}` is longer than {int(_LONGEST // 3600)}h")
    return value


def whole_number(text: str, most: int | None = None) -> int:
    """A whole number from 0, at most `most`. Raises ValueError with a reason."""
    if not _DIGITS.fullmatch(text):
        raise ValueError(f"`{text}` is no whole number")
    if most is not None and int(text) > most:
        raise ValueError(f"`{text}` is more than {most}")
    return int(text)


def switch(text: str) -> bool:
    """1, true, yes, on, or their opposites, in any case. Raises ValueError with a reason."""
    word = text.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"`{text}` is neither yes nor no (write 1 or 0)")


def one_of(text: str, choices: tuple[str, ...]) -> str:
    """One of `choices`. Raises ValueError with the nearest of them."""
    if text in choices:
        return text
    near = nearest(text, choices)
    raise ValueError(f"`{text}` is none of {', '.join(choices)}" + (f": did you mean `{near}`?" if near else ""))


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name that `name` was probably meant to be, or None; `cutoff` is how alike they must be, up to 1."""
    # difflib costs milliseconds to import and is wanted only once something is wrong
    from difflib import get_close_matches

    by_folded = {candidate.casefold(): candidate for candidate in names}
    close = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None


def duration_text(value: float) -> str:
    """Seconds as people write them: `5m`, `1h30m`, `0.5s`."""
    if value != int(value) or value < 1:
        return f"{value:g}s"
    hours, rest = divmod(int(value), 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount)
