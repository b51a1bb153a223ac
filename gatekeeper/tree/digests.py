"""What files hold, as digests: hashed once, and known again by what `stat` says of them for as long as that proves that nothing was written.

    known = {path: (mode, size, mtime_ns, ctime_ns, inode, digest, climb, named)}

Content decides: what stat says only spares reading. As in git's index, an entry is believed only where the file was last touched well before it was
hashed ("racily clean" files are hashed again). Git's own object ids are not used: where attributes convert contents, they name something else than
what tools read. Names are relative to the root, or absolute for what lies outside. Does not know what the files mean, nor where the index is kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping

from gatekeeper.model.late import late
from gatekeeper.tree.plain import open_plain

Row = tuple[int, int, int, int, int, str, int, tuple[str, ...]]
Signature = tuple[int, int, int, int, int]

ABSENT = "absent"
#: seconds between the last touch of a file and its hashing that make later changes visible in its times, whatever the file system
_SETTLED = 2.0
#: files above this size are hashed in pieces, and not looked through for names
_PIECE = 16 * 1024 * 1024
#: also as JSON may say it (`..\/`), and as tools for Windows do
_CLIMB = late(rb"(?:\.\.(?:/|\\/|\\{1,2}))+(?:\.\.)?")
#: as programs say it: join(here, "..", "..")
_STEPS = late(rb"""(?:["']\.\.["'][\s,+)]*)+""")
_WHOLE = late(rb"""["'=:,\s](?:/[\w.@]|~/|\$\{?\w)""")
#: what is no code by its ending, named by how to get there from the file: `./names.dat`, `../pictures/a.png`
_DATA = late(rb"""["'(](\.\.?/[^"'()\s?#*]{1,200}\.(?!(?:[cm]?[jt]sx?|json5?|jsonc|css|s[ac]ss|less|vue|svelte|pyi?|rs|sol|ya?ml|toml|lock|txt)\b)\w{1,8})["'?#)]""")
#: added to the number of folders for a file that speaks of places by their whole names
_FAR = 1 << 20
#: the same of a link that leads out of the tree
_OUT = 1 << 21


class Digests:
    """Digests of the files of one tree (absolute `root`), and of files outside by their absolute names. Remembers what it was asked."""

    def __init__(self, root: str, known: Mapping[str, Row] | None = None, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._known = known or {}
        self._clock = clock
        self._rows: dict[str, Row] = {}
        #: those touched so lately that their times prove nothing
        self._fresh: set[str] = set()
        self._absent: set[str] = set()
        self._unknown: dict[str, str] = {}
        self.hashed = 0

    def of(self, path: str) -> str | None:
        """The digest of what a file holds, with its kind and whether it may be executed; `absent` where there is none; None where that cannot
        be told (it cannot be read, or is a link to a folder elsewhere)."""
        row = self._rows.get(path)
        if row is not None:
            return row[5]
        if path in self._absent:
            return ABSENT
        return None if path in self._unknown else self._look(path)

    def climb(self, path: str) -> int:
        """How many folders upwards a file speaks of (`../../x`: 2), or a link leads; 0 where it was not looked at."""
        row = self._rows.get(path)
        return row[6] % _FAR if row is not None else 0

    def far(self, path: str) -> bool:
        """Whether a file speaks of a place by its whole name (`/x/y`, `~/x`, `$X/y`)."""
        row = self._rows.get(path)
        return row is not None and row[6] & _FAR != 0

    def leads_out(self, path: str) -> bool:
        """Whether a file is a link to one outside of the tree: what that imports lies there too."""
        row = self._rows.get(path)
        return row is not None and row[6] & _OUT != 0

    def named(self, path: str) -> tuple[str, ...]:
        """The files that are no code by their endings and that a file names by how to get there from it: relative to the root, those in the tree."""
        row = self._rows.get(path)
        places = (os.path.normpath(os.path.join(os.path.dirname(path), name)) for name in row[7]) if row is not None and row[7] else ()
        return tuple(place for place in places if not place.startswith(".."))

    def why(self, path: str) -> str:
        """Why the digest of a file cannot be told."""
        return self._unknown.get(path, "cannot be read")

    def unchanged(self, path: str) -> bool:
        """Whether a file that was looked at has been left alone since; a file that was touched in the meantime has not, whatever it holds."""
        row = self._rows.get(path)
        now = _signature(os.path.join(self._root, path))
        if row is None or now is None:
            return row is None and now is None and path not in self._unknown
        if now != row[:5]:
            return False
        try:
            return path not in self._fresh or self._hash(path, now)[5] == row[5]
        except OSError:
            return False

    def looked_at(self) -> tuple[str, ...]:
        """Every name that was asked for and could be told of."""
        return (*self._rows, *self._absent)

    def forget(self, paths: Iterable[str]) -> None:
        """Looks at these files again when asked."""
        for path in paths:
            self._rows.pop(path, None)
            self._unknown.pop(path, None)
            self._absent.discard(path)
            self._fresh.discard(path)

    def index(self) -> Mapping[str, Row]:
        """What the next run may believe: all that was known and still is, and what was looked at and had settled."""
        return {**{path: row for path, row in self._known.items() if path not in self._fresh and path not in self._absent},
                **{path: row for path, row in self._rows.items() if path not in self._fresh}}

    @property
    def learned(self) -> bool:
        """Whether the index holds more than it was given."""
        return any(self._known.get(path) != row for path, row in self._rows.items() if path not in self._fresh)

    def _look(self, path: str) -> str | None:
        full = os.path.join(self._root, path)
        before = self._clock()
        signature = _signature(full)
        if signature is None:
            self._absent.add(path)
            return ABSENT
        row = self._known.get(path)
        if row is None or row[:5] != signature or stat.S_ISLNK(signature[0]):
            try:
                row = self._hash(path, signature)
            except OSError as error:
                self._unknown[path] = error.strerror or str(error)
                return None
            if max(signature[2], signature[3]) / 1e9 > before - _SETTLED or stat.S_ISLNK(signature[0]):
                self._fresh.add(path)
        self._rows[path] = row
        return row[5]

    def _hash(self, path: str, signature: Signature) -> Row:
        """Reads a file. Raises OSError."""
        full = os.path.join(self._root, path)
        self.hashed += 1
        if stat.S_ISLNK(signature[0]):
            return (*signature, _of_link(self._root, full), _leads(self._root, path), ())
        with open_plain(full) as file:
            head = file.read(_PIECE)
            digest = hashlib.blake2b(b"x" if signature[0] & 0o111 else b"-", digest_size=16)
            digest.update(head)
            while len(head) == _PIECE and (more := file.read(_PIECE)):
                digest.update(more)
        return (*signature, digest.hexdigest(), _climbs(head), _named(head))


def _signature(full: str) -> Signature | None:
    """What stat says of a file itself; None where there is none."""
    try:
        found = os.lstat(full)
    except OSError:
        return None
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _climbs(head: bytes) -> int:
    if b"\0" in head[:8192]:
        return 0
    up = max((match[0].count(b"..") for match in _CLIMB.finditer(head)), default=0) if b"../" in head or b"..\\" in head else 0
    steps = max((match[0].count(b"..") for match in _STEPS.finditer(head)), default=0) if b'"..' in head or b"'.." in head else 0
    return up + steps + (_FAR if _WHOLE.search(head) else 0)


def _named(head: bytes) -> tuple[str, ...]:
    if b"./" not in head or b"\0" in head[:8192]:
        return ()
    return tuple(sorted({os.fsdecode(match[1]) for match in _DATA.finditer(head)}))


def _of_link(root: str, full: str) -> str:
    """The digest of where a link leads and what the file there holds. Raises OSError for one that leads to a folder out of the tree."""
    target, real = os.readlink(full), os.path.realpath(full)
    digest = hashlib.blake2b(b"l" + os.fsencode(target) + b"\0", digest_size=16)
    if os.path.isdir(real):
        base = os.path.realpath(root)
        digest.update(b"a folder")
        if real != base and not real.startswith(base.rstrip("/") + "/"):
            raise OSError(0, "is a link to a folder outside of the tree", full)
    elif os.path.exists(real):
        with open_plain(real) as file:
            digest.update(b"a file that runs\0" if os.access(real, os.X_OK) else b"a file\0")
            while piece := file.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()


def _leads(root: str, path: str) -> int:
    """How far up a link leads, at most to the root of the tree."""
    if os.path.isabs(path) or path.startswith(".."):
        return 0
    base, real = os.path.realpath(root), os.path.realpath(os.path.join(root, path))
    if real != base and not real.startswith(base.rstrip("/") + "/"):
        return _OUT
    shared = os.path.commonpath((os.path.dirname(path), os.path.relpath(real, base))) if path.count("/") else ""
    return path.count("/") - (shared.count("/") + 1 if shared else 0)
