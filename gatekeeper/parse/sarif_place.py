"""Places of SARIF: URIs with their bases, files by index, regions in lines or in offsets.

Knows locations of SARIF 2.1.0; does not know results.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from urllib.parse import unquote

from gatekeeper.model.finding import RawOutput
from gatekeeper.parse.document import Json, maybe_int, maybe_object, maybe_objects, maybe_text
from gatekeeper.parse.edits import Ruler
from gatekeeper.parse.grade import Place
from gatekeeper.parse.place import Sources, relative

_LONGEST_CHAIN = 10


class Artifacts:
    """The files of one run, as its URIs name them."""

    def __init__(self, raw: RawOutput, run: Json) -> None:
        self._raw = raw
        self._bases = maybe_object(run.get("originalUriBaseIds"))
        self._listed = list(maybe_objects(run.get("artifacts")))

    def file(self, location: Json) -> str | None:
        """The path of an `artifactLocation`, relative to the root, or None."""
        uri = maybe_text(location.get("uri"))
        if uri is None:
            index = maybe_int(location.get("index"))
            listed = self._listed[index] if index is not None and 0 <= index < len(self._listed) else {}
            location = maybe_object(listed.get("location"))
            uri = maybe_text(location.get("uri"))
        return relative(self._raw, self._based(location, uri)) if uri else None

    def texts(self) -> Iterator[tuple[str | None, str | None]]:
        """The files whose text the log brings along."""
        for artifact in self._listed:
            yield self.file(maybe_object(artifact.get("location"))), maybe_text(maybe_object(artifact.get("contents")).get("text"))

    def _based(self, location: Json, uri: str) -> str:
        """The path that a URI means below its base, whose own base may be another."""
        for _ in range(_LONGEST_CHAIN):
            if uri.startswith(("file:", "/")):
                break
            location = maybe_object(self._bases.get(str(location.get("uriBaseId"))))
            base = maybe_text(location.get("uri"))
            if base is None:
                break
            uri = base.rstrip("/") + "/" + uri
        return uri if uri.startswith("file:") else unquote(uri, errors="surrogateescape")


class Units(Enum):
    """What columns count."""

    UTF16 = auto()
    BYTES = auto()
    POINTS = auto()


def place_of(sources: Sources, artifacts: Artifacts, units: Units, location: Json) -> Place:
    """The place of a `location`."""
    physical = maybe_object(location.get("physicalLocation"))
    region, file = maybe_object(physical.get("region")), artifacts.file(maybe_object(physical.get("artifactLocation")))
    line, column = maybe_int(region.get("startLine")), maybe_int(region.get("startColumn"))
    if line is None:
        return _by_offset(sources, file, region) or Place(file=file)
    end_line, end_column = maybe_int(region.get("endLine")) or line, maybe_int(region.get("endColumn"))
    return Place(file=file, line=line, column=_column(sources, units, file, line, column), end_line=end_line,
                 end_column=_column(sources, units, file, end_line, end_column))


def _column(sources: Sources, units: Units, file: str | None, line: int, column: int | None) -> int | None:
    match units:
        case Units.UTF16:
            return sources.from_utf16(file, line, column)
        case Units.BYTES:
            return sources.from_bytes(file, line, column)
        case Units.POINTS:
            return column


def _by_offset(sources: Sources, file: str | None, region: Json) -> Place | None:
    """A region that is told by offsets into the file alone, where the file can be read."""
    text = sources.text(file)
    if file is None or text is None:
        return None
    for start_key, length_key, measure in (("charOffset", "charLength", Ruler.utf16), ("byteOffset", "byteLength", Ruler.utf8)):
        start = maybe_int(region.get(start_key))
        if start is not None and start >= 0:
            ruler = measure(file, text)
            first, last = ruler.place(start), ruler.place(start + (maybe_int(region.get(length_key)) or 0))
            if first and last:
                return Place(file=file, line=first[0], column=first[1], end_line=last[0], end_column=last[1])
    return None
