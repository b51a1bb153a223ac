"""Places in failure texts: the frame of a traceback that lies in the repository.

Knows how Python, pytest, Node and Rust print places; does not know the reports around them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from gatekeeper.model.finding import RawOutput
from gatekeeper.parse.place import nearest, relative

Spot = tuple[str, int]
_PYTEST = re.compile(r"^(?P<path>[^\s:][^:\n]*\.\w{1,5}):(?P<line>\d{1,9}):(?: |$)", re.MULTILINE)
_PYTHON = re.compile(r'^(?:E[ \t]+|[ \t]*)File "(?P<path>[^"\n]+)", line (?P<line>\d{1,9})', re.MULTILINE)
_NODE = re.compile(r"(?:^|[\s(])(?P<path>(?:file://)?(?:/?[A-Za-z]:(?=[\\/]))?/?[^\s():]*[^\s():/]\.[cm]?[jt]sx?):(?P<line>\d{1,9}):\d{1,9}", re.MULTILINE)
_RUST = re.compile(r"(?:panicked at |as expected at |^[ \t]*--> |', )(?P<path>[^\s:',]+\.rs):(?P<line>\d{1,9}):\d{1,9}", re.MULTILINE)
_FOREIGN = ("node_modules/", "site-packages/", "node:", "<")
#: frames of Node itself before 16, files on another machine's drive, and what lies outside
_OUTSIDE = re.compile(r"/|internal/|[A-Za-z]:/")


def pytest_spot(raw: RawOutput, text: str) -> Spot | None:
    """The last `path:line:` of a pytest failure that lies in the tree, else the last frame of a traceback."""
    return _last(_spots(raw, _PYTEST.finditer(text))) or _last(_spots(raw, _PYTHON.finditer(text)))


def node_spot(raw: RawOutput, text: str) -> Spot | None:
    """The first frame of a JavaScript stack that lies in the tree and not in node_modules."""
    return next(_spots(raw, _NODE.finditer(text)), None)


def rust_spot(raw: RawOutput, text: str) -> Spot | None:
    """Where a Rust test panicked, relative to its workspace; a panic in the standard library or a dependency has no place in the tree."""
    for found in _RUST.finditer(text):
        file = nearest(raw, found["path"])
        if file and not file.startswith(("/", "../")):
            return file, int(found["line"])
    return None


def _spots(raw: RawOutput, matches: Iterable[re.Match[str]]) -> Iterator[Spot]:
    for match in matches:
        file = relative(raw, match["path"])
        if file and not _OUTSIDE.match(file) and not any(part in file for part in _FOREIGN):
            yield file, int(match["line"])


def _last(spots: Iterator[Spot]) -> Spot | None:
    return next(iter(deque(spots, maxlen=1)), None)
