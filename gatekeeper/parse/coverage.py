"""Coverage reports of five formats as lines per file: lcov, Cobertura, coverage.py JSON, istanbul JSON, llvm-cov JSON. Told apart by content.

Knows what each format says of a line; does not know where reports lie, nor which files exist: names come out as they are written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from gatekeeper.model.coverage import FileCoverage
from gatekeeper.model.value import dataclass
from gatekeeper.parse.document import UnparsableError, load
from gatekeeper.parse.text import decode
from gatekeeper.parse.xml import load_xml

#: file, line, and how often it ran
Row = tuple[str, int, int]
_LONGEST_SPAN = 100_000
#: istanbul and Cobertura name their DTD, which declares nothing here and is never fetched; any other document type stays refused
_NAMED_DTD = re.compile(rb'\A([^\[]{0,400}?)<!DOCTYPE coverage SYSTEM ["\'][^"\'<>\[\]]{0,200}["\']\s*>')


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFile:
    """One report: its format, the lines of its files, and the folders that its relative names may start from."""

    format: str
    files: tuple[FileCoverage, ...]
    folders: tuple[str, ...] = ()


def read_coverage(data: bytes) -> CoverageFile:
    """What a report says. Raises UnparsableError for what is none of the five, cut off, or says nothing."""
    start = data.lstrip()[:1]
    if start == b"<":
        return _cobertura(data)
    report = _json(load(data, "coverage report")) if start in {b"{", b"["} else _Rows("lcov", _lcov(decode(data)))
    files = _gathered(report.rows)
    if not files:
        raise UnparsableError("the coverage report names no line")
    return CoverageFile(format=report.format, files=files)


@dataclass(frozen=True, slots=True)
class _Rows:
    format: str
    rows: Iterable[Row]


def _gathered(rows: Iterable[Row]) -> tuple[FileCoverage, ...]:
    """A line counts as run when any row of it does: inlined and generic code stands there several times."""
    hits: dict[str, dict[int, int]] = defaultdict(dict)
    for file, line, count in rows:
        if line >= 1:
            hits[file][line] = max(count, hits[file].get(line, 0))
    return tuple(FileCoverage(file=file, covered=frozenset(line for line, count in lines.items() if count > 0),
                              missed=frozenset(line for line, count in lines.items() if count <= 0)) for file, lines in sorted(hits.items()))


def _lcov(text: str) -> Iterator[Row]:
    """`SF:` names the file, `DA:LINE,COUNT[,CHECKSUM]` a line of it, `end_of_record` ends it; a file without an end was cut off."""
    file = None
    for line in text.splitlines():
        if line.startswith("SF:"):
            file = line[3:].strip()
        elif line.startswith("DA:") and file is not None:
            number, _, rest = line[3:].partition(",")
            yield file, _whole(number), _whole(rest.partition(",")[0])
        elif line == "end_of_record":
            file = None
        elif file is None and line.strip() and not line.startswith(("TN:", "#", "VER:")):
            raise UnparsableError("is no coverage report that this program reads (lcov, Cobertura, coverage.py, istanbul or llvm-cov JSON)")
    if file is not None:
        raise UnparsableError("the coverage report is cut off: its last file has no end")


def _cobertura(data: bytes) -> CoverageFile:
    root = load_xml(_NAMED_DTD.sub(rb"\1", data, count=1), frozenset({"coverage"}))
    rows = ((one.get("filename", ""), _whole(line.get("number", "")), _whole(line.get("hits", "")))
            for one in root.iter("class") for lines in one.findall("lines") for line in lines.findall("line"))
    files = _gathered(rows)
    if not files:
        raise UnparsableError("the coverage report names no line")
    return CoverageFile(format="cobertura", files=files, folders=tuple(source.text.strip() for source in root.iter("source") if source.text))


def _json(document: object) -> _Rows:
    shapes: tuple[tuple[Callable[[object], bool], str, Callable[[Mapping[str, object]], Iterator[Row]]], ...] = (
        (lambda value: isinstance(value, dict) and isinstance(value.get("files"), dict) and "meta" in value, "coverage.py", _coverage_py),
        (lambda value: isinstance(value, dict) and value.get("type") == "llvm.coverage.json.export", "llvm-cov", _llvm),
        (lambda value: isinstance(value, dict) and bool(value) and all(isinstance(one, dict) and "statementMap" in one for one in value.values()),
         "istanbul", _istanbul),
    )
    for fits, name, rows in shapes:
        if fits(document) and isinstance(document, dict):
            return _Rows(name, rows(document))
    raise UnparsableError("is no coverage report that this program reads (lcov, Cobertura, coverage.py, istanbul or llvm-cov JSON)")


def _coverage_py(document: Mapping[str, object]) -> Iterator[Row]:
    for file, said in _items(document["files"]):
        for key, count in (("executed_lines", 1), ("missing_lines", 0)):
            yield from ((file, _whole(line), count) for line in _list(said.get(key)))


def _istanbul(document: Mapping[str, object]) -> Iterator[Row]:
    """A line is what the statements that start on it say."""
    for name, said in _items(document):
        counts = said.get("s")
        if not isinstance(counts, dict):
            raise UnparsableError(f"{name} has no counts in the coverage report")
        for key, place in _items(said["statementMap"]):
            start = place.get("start")
            if isinstance(start, dict):
                yield str(said.get("path", name)), _whole(start.get("line")), _whole(counts.get(key))


def _llvm(document: Mapping[str, object]) -> Iterator[Row]:
    for part in _list(document.get("data")):
        for one in _list(part.get("files") if isinstance(part, dict) else None):
            if isinstance(one, dict) and isinstance(one.get("filename"), str):
                yield from ((one["filename"], line, count) for line, count in _llvm_lines(_list(one.get("segments"))))


def _llvm_lines(segments: list[object]) -> Iterator[tuple[int, int]]:
    """Counts by line, as llvm's own LineCoverageStats makes them of segments [line, column, count, has count, is entry, is gap]."""
    by_line: dict[int, list[list[object]]] = defaultdict(list)
    for segment in segments:
        if isinstance(segment, list) and len(segment) >= 5:
            by_line[_whole(segment[0])].append(segment)
    if not by_line:
        return
    wrapped: list[object] | None = None
    for line in range(min(by_line), min(max(by_line), min(by_line) + _LONGEST_SPAN) + 1):
        here = by_line.get(line, [])
        entries = [segment for segment in here if segment[3] and segment[4] and not (len(segment) > 5 and segment[5])]
        skipped = bool(here) and not here[0][3] and bool(here[0][4])
        if not skipped and (entries or (wrapped is not None and wrapped[3])):
            counts = [_whole(segment[2]) for segment in entries]
            yield line, max([*counts, _whole(wrapped[2]) if wrapped is not None and wrapped[3] else 0])
        wrapped = here[-1] if here else wrapped


def _items(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(value, dict):
        raise UnparsableError("the coverage report has another shape than its format")
    for key, inner in value.items():
        if not isinstance(inner, dict):
            raise UnparsableError(f"{key} in the coverage report has another shape than its format")
        yield key, inner


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise UnparsableError("the coverage report has another shape than its format")
    return value


def _whole(value: object) -> int:
    """A count; anything else is no report to trust."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UnparsableError(f"the coverage report gives {str(value)[:40]!r} for a number")
    try:
        return int(value)
    except ValueError:
        raise UnparsableError(f"the coverage report gives {str(value)[:40]!r} for a number") from None
