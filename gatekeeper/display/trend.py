"""Numbers over time in one line of a terminal: a bar for each, on a scale from nothing to the largest. Knows nothing of what they measure."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-=+*%#"


def sparkline(values: Sequence[float | None], *, unicode: bool) -> str:
    """One character for each value; a space where there is none."""
    bars = _BARS if unicode else _PLAIN
    largest = max((value for value in values if value is not None), default=0.0)
    return "".join(" " if value is None else bars[min(len(bars) - 1, int(value / largest * len(bars)))] if largest > 0 else bars[0] for value in values)
