"""Where a finding is: paths relative to the tree's root, lines and columns in Unicode code points.

Knows how tools count (UTF-16 units, UTF-8 bytes, offsets); reads sources only through `RawOutput.read`.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import islice

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import RawOutput
from gatekeeper.model.late import late
from gatekeeper.parse.text import lines_of

#: how absolute paths of Windows start
_DRIVE = late(r"[A-Za-z]:[\\/]")
UNCOUNTED = "columns are as the tool counts them: the source could not be read"
_MOST_TOLD = 20


def relative(raw: RawOutput, path: str | None, *, base: str | None = None) -> str | None:
    """`path` as POSIX path relative to the root; absolute when it lies outside, None when there is none.

    Relative paths start at `base` (absolute), by default at the working directory of the tool.
    """
    if not path or "\0" in path:
        return None
    if path.startswith("file://"):
        from urllib.parse import unquote, urlsplit  # lazy: only tools that tell places as addresses pay 3 ms

        path = unquote(urlsplit(path).path, errors="surrogateescape")
        path = "/" + path.lstrip("/") if path.startswith("//") else path
        path = path[1:] if _DRIVE.match(path[1:]) else path
    if "\\" in path or _DRIVE.match(path):
        path = _posix(raw, path, base or raw.cwd)
    whole = posixpath.normpath(path if _DRIVE.match(path) else posixpath.join(base or raw.cwd, path))
    prefix = raw.root.rstrip("/") + "/"
    return whole[len(prefix):] if whole.startswith(prefix) and len(whole) > len(prefix) else whole


def _posix(raw: RawOutput, path: str, base: str) -> str:
    """`path` with slashes, where the tool ran on Windows: it or the root names a drive, or only so the tree has such a file. Else a backslash is
    a character of a name like any other."""
    slashed = path.replace("\\", "/")
    if _DRIVE.match(path) or _DRIVE.match(raw.root):
        return slashed
    there = relative(raw, posixpath.join(base, slashed))
    return slashed if there is not None and raw.read(there) is not None else path


def nearest(raw: RawOutput, path: str | None) -> str | None:
    """As `relative`, for tools that name files from the root of a workspace that may lie above the working directory.

    The first folder from the working directory upwards in which the file can be read decides.
    """
    base, first = raw.cwd, relative(raw, path)
    file = first
    while path and not path.startswith("/") and file is not None and raw.read(file) is None:
        if base in {raw.root, "/", "."} or not base:
            return first
        base = posixpath.dirname(base)
        file = relative(raw, path, base=base)
    return file


class Remembered:
    """`read`, which then reads each file once and never one outside the root; a name that no file can have is no file.

    Keeps the files whose columns could not be converted for want of their text (`uncounted`), in the order in which they came.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._known: dict[str, bytes | None] = {}
        self.uncounted: dict[str, None] = {}

    def __call__(self, file: str) -> bytes | None:
        if file not in self._known:
            try:
                self._known[file] = None if file.startswith(("/", "../")) else self._read(file)
            except (OSError, ValueError):
                self._known[file] = None
        return self._known[file]

    def problems(self) -> Iterator[Problem]:
        """One for each file whose columns are the tool's own; of many files the first, and how many there are."""
        for file in islice(self.uncounted, _MOST_TOLD):
            yield Problem(file=file, line=None, message=UNCOUNTED)
        if len(self.uncounted) > _MOST_TOLD:
            yield Problem(file="", line=None, message=f"{UNCOUNTED}, also of {len(self.uncounted) - _MOST_TOLD} more files")


class Sources:
    """Lines of source files as far as they can be read; each file is read once."""

    def __init__(self, raw: RawOutput) -> None:
        self._read = raw.read
        self._texts: dict[str, str | None] = {}
        self._lines: dict[str, list[str]] = {}

    def offer(self, file: str | None, text: str | None) -> None:
        """A text that the report itself brings along, used where the file cannot be read."""
        if file is not None and text is not None and self.text(file) is None:
            self._texts[file] = text

    def text(self, file: str | None) -> str | None:
        """The whole file, or None."""
        if file is None:
            return None
        if file not in self._texts:
            data = self._read(file)
            self._texts[file] = None if data is None else data.decode("utf-8", "replace").removeprefix("\ufeff")
        return self._texts[file]

    def line(self, file: str | None, number: int | None) -> str | None:
        """Line `number` (1-based) without its end, or None."""
        text = self.text(file)
        if file is None or text is None or number is None:
            return None
        lines = self._lines.get(file)
        if lines is None:  # once per file, not once per finding
            lines = self._lines[file] = lines_of(text)
        return lines[number - 1] if 0 < number <= len(lines) else None

    def from_utf16(self, file: str | None, line: int | None, column: int | None) -> int | None:
        """A 1-based column in UTF-16 units as 1-based code points; unchanged where the source is not at hand."""
        return self._converted(file, line, column, "utf-16-le", 2)

    def from_bytes(self, file: str | None, line: int | None, column: int | None) -> int | None:
        """A 1-based column in UTF-8 bytes as 1-based code points; unchanged where the source is not at hand."""
        return self._converted(file, line, column, "utf-8", 1)

    def _converted(self, file: str | None, line: int | None, column: int | None, encoding: str, width: int) -> int | None:
        text = self.line(file, line)
        if column is None or text is None or text.isascii():
            if text is None and file is not None and column is not None and column > 1 and isinstance(self._read, Remembered):
                self._read.uncounted[file] = None
            return column
        return _points(text, column - 1, encoding, width) + 1


def _points(text: str, units: int, encoding: str, width: int) -> int:
    """How many code points lie before `units` units of `encoding`; past the end of the line they count one each."""
    data = text.encode(encoding, "surrogatepass")
    before = data[:max(units, 0) * width].decode(encoding, "ignore")
    return len(before) + max(units - len(data) // width, 0)


class Offsets:
    """Byte offsets of one file as lines and columns."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0]
        at = data.find(b"\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = data.find(b"\n", at + 1)

    def place(self, offset: int) -> tuple[int, int] | None:
        """(line, column), 1-based, of a 0-based byte offset; None when it lies outside the file."""
        if not 0 <= offset <= len(self._data):
            return None
        row = bisect_right(self._starts, offset)
        start = self._starts[row - 1]
        return row, len(self._data[start:offset].decode("utf-8", "replace")) + 1
