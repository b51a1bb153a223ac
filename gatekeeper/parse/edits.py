"""Edits that a tool gives as ranges of offsets into a file: as `Edit`s with lines and columns.

Knows offsets in UTF-16 units and in UTF-8 bytes of the whole text; does not know any format.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from gatekeeper.model.finding import Edit
from gatekeeper.model.value import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Ruler:
    """The text of one file, measured in units of one encoding; `place` gives 1-based line and column in code points."""

    file: str
    data: bytes
    encoding: str
    width: int
    starts: tuple[int, ...]

    @classmethod
    def utf16(cls, file: str, text: str) -> Ruler:
        """Offsets count UTF-16 units, as JavaScript does; `text` is without its byte order mark, which is not counted."""
        return cls._of(file, text, "utf-16-le", 2)

    @classmethod
    def utf8(cls, file: str, text: str) -> Ruler:
        """Offsets count UTF-8 bytes, as Rust does; `text` is without its byte order mark, which is not counted."""
        return cls._of(file, text, "utf-8", 1)

    @classmethod
    def _of(cls, file: str, text: str, encoding: str, width: int) -> Ruler:
        return cls(file, text.encode(encoding, "surrogatepass"), encoding, width, tuple(_line_starts(text, encoding, width)))

    def place(self, offset: int) -> tuple[int, int] | None:
        """(line, column) of a 0-based offset, None when it lies outside the text."""
        if not 0 <= offset <= len(self.data) // self.width:
            return None
        row = bisect_right(self.starts, offset)
        before = self.data[self.starts[row - 1] * self.width:offset * self.width]
        return row, len(before.decode(self.encoding, "replace")) + 1

    def edit(self, start: int, end: int, content: str) -> Edit | None:
        """The replacement of what lies between two offsets, None when they are none of this text."""
        first, last = self.place(start), self.place(end)
        if first is None or last is None or start > end:
            return None
        return Edit(file=self.file, line=first[0], column=first[1], end_line=last[0], end_column=last[1], content=content)

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.data[max(start, 0) * self.width:max(end, 0) * self.width].decode(self.encoding, "replace")


def _line_starts(text: str, encoding: str, width: int) -> Iterator[int]:
    yield 0
    at = said = 0
    for end in _LINE_END.finditer(text):
        at += len(text[said:end.end()].encode(encoding, "surrogatepass")) // width
        said = end.end()
        yield at


class Rulers:
    """Rulers that were made once are kept: a report may hold thousands of findings of one file."""

    def __init__(self, make: Callable[[str, str], Ruler]) -> None:
        self._make = make
        self._known: dict[str, tuple[str, Ruler]] = {}

    def of(self, file: str | None, text: str | None) -> Ruler | None:
        """The ruler of a file with this text, or None where either is not known."""
        if file is None or text is None:
            return None
        known = self._known.get(file)
        if known is None or known[0] != text:
            known = self._known[file] = text, self._make(file, text)
        return known[1]
