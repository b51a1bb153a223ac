"""Sizes and counts in words, the same in every report and on every display. Knows no report and no terminal."""

from __future__ import annotations


def size_text(size: float) -> str:
    """A number of bytes for people, in powers of 1024: `812 B`, `1.2 KB`, `3.4 MB`."""
    if size < 1024:
        return f"{int(size)} B"
    for unit in ("KB", "MB"):
        size /= 1024
        if size < 1023.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} GB"


def count_text(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`, `2 batches`; the plural follows the English rule for regular nouns."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
