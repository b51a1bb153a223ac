"""XML into an element tree, safely: no DOCTYPE, no entities of its own, illegal characters shown as U+FFFD.

Knows XML; does not know what the elements mean.
"""

from __future__ import annotations

import re
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from gatekeeper.parse.document import UnparsableError

#: what XML 1.0 forbids, raw and as character references
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|(\d{1,8}));")
_DEEPEST = 500


def load_xml(data: bytes, root: frozenset[str]) -> Element:
    """The root element, which must be one of `root`; UnparsableError for anything else."""
    text = _decode(data).lstrip()
    if not text:
        raise UnparsableError("no report: the file is missing or empty")
    if not text.startswith("<"):
        raise UnparsableError("the report is no XML document")
    element = _build(_legal(text))
    if element.tag not in root:
        raise UnparsableError(f"the report starts with <{element.tag[:40]}>")
    return element


def _decode(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def _legal(text: str) -> str:
    return _REFERENCE.sub(_legal_reference, _ILLEGAL.sub("\ufffd", text))


def _legal_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    legal = number in {9, 10, 13} or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF
    return match[0] if legal else "\ufffd"


def _build(text: str) -> Element:
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise UnparsableError("the report is nested too deeply")
        builder.start(tag.rpartition(":")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(":")[2])

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise UnparsableError(f"the report is cut off or no XML: {expat.ErrorString(error.code)}, line {error.lineno}") from None
    return builder.close()


def _refuse(*_declaration: object) -> NoReturn:
    raise UnparsableError("the report declares a document type, which may hide entity bombs")
