"""One output from files to its meaning, here or in a process of its own: what is large, and what follows a pattern of the user's, may neither stall
nor fill the process that runs the gate.

A reading is a value that can be written down: `read_output` does it on the spot, `session/reader.py` has it done elsewhere. Does not know jobs, nor
what starts processes.
"""

from __future__ import annotations

import os

from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, field
from gatekeeper.parse.formats import one_stream, parse_output
from gatekeeper.parse.root import recorded_root
from gatekeeper.tree.files import Tree
from gatekeeper.tree.plain import open_plain

#: an output above this many bytes is read by a process of its own
LARGE = 256 * 1024
#: the most bytes of one stream or report that are read at all
LARGEST = 512 * 1024 * 1024
#: seconds that a reader has
READER_SECONDS = 120.0
#: seconds for a pattern of the user's
PATTERN_SECONDS = 20.0
#: formats that are read elsewhere whatever their size: the time that a user's expression takes knows no limit
PATTERNS = frozenset({"regex"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which files hold an output, and what is known of it. Paths are absolute, None = there is none.

    `root` is what paths are made relative to, `sources` the folder from which source files are read. `guess` lets the output itself say
    below which root its tool ran.
    """

    parser: str
    stdout: str | None = None
    stderr: str | None = None
    report: str | None = None
    exit_code: int | None = None
    root: str = "/"
    cwd: str = "/"
    sources: str = "/"
    tool: str = ""
    pattern: str = ""
    exits: ExitSpec = field(default_factory=ExitSpec)
    guess: bool = False

    @property
    def large(self) -> bool:
        """Whether reading it is work for a process of its own."""
        return self.parser in PATTERNS or sum(size_of(path) for path in (self.stdout, self.stderr, self.report)) > LARGE

    @property
    def seconds(self) -> float:
        """The limit of a reader."""
        return PATTERN_SECONDS if self.parser in PATTERNS else READER_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What an output means, and the root below which its tool ran where that is another than was told."""

    parsed: Parsed
    root: str | None = None


def read_output(reading: Reading) -> Read:
    """Reads and parses in this process. Raises UsageError for an unknown format; MemoryError when there is not enough."""
    tree = Tree(root=reading.sources, files=(), git=False)
    raw = RawOutput(stdout=content(reading.stdout), stderr=content(reading.stderr), report=None if reading.report is None else content(reading.report),
                    exit_code=reading.exit_code, root=reading.root, cwd=reading.cwd, tool=reading.tool, read=tree.read, pattern=reading.pattern)
    root = recorded_root(raw, lambda file: tree.read(file, 1) is not None) if reading.guess else None
    if root is not None:
        below = os.path.relpath(reading.cwd, reading.root)
        raw = RawOutput(stdout=raw.stdout, stderr=raw.stderr, report=raw.report, exit_code=raw.exit_code, root=root, pattern=raw.pattern,
                        cwd=os.path.normpath(os.path.join(root, below)), tool=raw.tool, read=raw.read)
    heard = one_stream(reading.parser, raw) if reading.guess and reading.stderr is None else raw
    return Read(parsed=parse_output(reading.parser, heard, reading.exits), root=root)


def content(path: str | None) -> bytes:
    """What lies there; nothing where something else than a plain file is: what lies behind a link is no measurement of this run."""
    if not path:
        return b""
    try:
        with open_plain(path) as file:
            return file.read(LARGEST)
    except OSError:
        return b""


def tail(path: str | None, most: int) -> bytes:
    """The last bytes of a plain file, at most so many."""
    if not path:
        return b""
    try:
        with open_plain(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read(most)
    except OSError:
        return b""


def size_of(path: str | None) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return os.lstat(path).st_size if path else 0
    except OSError:
        return 0
