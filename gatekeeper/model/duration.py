"""Durations as people write them. Pure text in, seconds out."""

from __future__ import annotations

import re

from gatekeeper.model.late import late

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = late(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)", re.ASCII)


def seconds(text: str | float) -> float:
    """`90`, `90s`, `5m`, `1h30m`, `2.5h` in seconds. Raises ValueError for anything else."""
    if isinstance(text, int | float):
        if isinstance(text, bool) or not 0 < text < float("inf"):
            raise ValueError(f"not a duration: {text}")
        return float(text)
    parts = _PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip() or (len(parts) > 1 and any(not unit for _, unit in parts)):
        raise ValueError(f"not a duration: {text!r} (write 90s, 5m or 1h30m)")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total <= 0:
        raise ValueError(f"not a duration: {text!r} (must be more than nothing)")
    return total


def spoken(value: float) -> str:
    """Seconds as a person reads them: `0.3s`, `42s`, `3m 05s`, `1h 02m`."""
    if value < 9.95:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
