"""GitHub's `primaryLocationLineHash`, so that alerts of code scanning keep their identity whoever computes it.

The algorithm is that of `src/fingerprints.ts` of github/codeql-action: a hash over the first 100 characters that are neither space nor tab,
counted from the start of the line, with all line ends as `\\n`, then the number of the line among those with the same hash. Theirs rolls
along the file; the same value is computed here from each window alone, which is what makes 50,000 findings affordable. Does not know findings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from operator import mul

from gatekeeper.model.late import late

_WINDOW = 100
_BASE = 37
_MASK = 2**64 - 1
_POWERS = tuple(pow(_BASE, _WINDOW - 1 - place, _MASK + 1) for place in range(_WINDOW))
#: of JavaScript, whose characters are UTF-16 units: what stands for the end of the file
_END = "\uffff"
_ASTRAL = late("[\U00010000-\U0010ffff]")
_SPACES = str.maketrans("", "", " \t")


def line_hashes(content: bytes, wanted: Collection[int]) -> Mapping[int, str]:
    """`hash:occurrence` of the wanted lines (1-based) of a file; lines that it does not have are left out."""
    last = max(wanted, default=0)
    text = _units(content) + _END + "\0" * _WINDOW
    seen: dict[str, int] = {}
    found: dict[int, str] = {}
    start, number = 0, 1
    while number <= last:
        window = text[start:start + _WINDOW]
        seen[window] = seen.get(window, 0) + 1
        if number in wanted:
            found[number] = f"{_hash(window):x}:{seen[window]}"
        end = text.find("\n", start)
        if end < 0:
            break
        start, number = end + 1, number + 1
    return found


def _units(content: bytes) -> str:
    """The characters that count, one for each UTF-16 unit."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").translate(_SPACES)
    return text if text.isascii() else _ASTRAL.sub(_surrogates, text)


def _surrogates(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def _hash(window: str) -> int:
    value: int = sum(map(mul, map(ord, window), _POWERS))
    return value & _MASK
