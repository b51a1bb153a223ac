"""Reads backup archives as if an enemy had made them: manifest, checksums, restoring into a new folder.

Every member is looked at before the first byte is written. Refused are absolute names, `..`, names that are not in the
manifest or twice, names below a link, devices and hard links, more or larger than limited; and unless the archive is
trusted also links that lead out of the tree and names that differ by case alone. Does not know how archives are made.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import IO, BinaryIO

from gatekeeper.errors import StoreError
from gatekeeper.model.value import dataclass
from gatekeeper.store.atomic import naming, sync_folder

SCHEMA = 1
MANIFEST = "manifest.json"
#: the tree lies below this folder of the archive
FILES = "files/"
LARGEST_MANIFEST = 512_000_000
MOST_FILES = 2_000_000
MOST_BYTES = 64_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a backup: type is `file` or `symlink`, size in bytes, mode the permission bits, target of a link."""

    path: str
    type: str
    mode: int
    size: int
    sha256: str
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive says it holds; `digest` covers names, modes and contents, `created_at` is ISO 8601."""

    project: str
    created_at: str
    digest: str
    entries: tuple[Entry, ...]

    def encode(self) -> bytes:
        """As JSON; ASCII, because file names may hold bytes that are no text."""
        return json.dumps({"schema": SCHEMA, "project": self.project, "created_at": self.created_at, "digest": self.digest,
                           "files": [asdict(entry) for entry in self.entries]}, indent=0).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What checking an archive gave; `problems` are one line each, empty when all is well."""

    path: str
    files: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


class _Limited:
    """A decompressed stream that refuses to give more than `limit` bytes: a small archive may be endless inside.

    Going back by one byte, as tarfile does before each header, is served from memory: gzip would start all over.
    """

    def __init__(self, file: gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._last = b""
        self._again = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_MANIFEST:
            raise StoreError("a part of the archive is too large")
        data = self._again[:size] + self._file.read(size - len(self._again[:size]))
        self._again = self._again[size:]
        self._last = data[-1:]
        self._check(self._file.tell())
        return data

    def seek(self, offset: int, _whence: int = 0) -> int:
        self._check(offset)
        if offset == self.tell() - 1 and self._last and not self._again:
            self._again = self._last
        elif offset != self.tell():
            self._again = self._last = b""
            self._file.seek(offset)
        return offset

    def tell(self) -> int:
        return self._file.tell() - len(self._again)

    def _check(self, offset: int) -> None:
        if offset > self._limit:
            raise StoreError(f"the archive holds more than {self._limit} bytes")


@contextlib.contextmanager
def _open(path: str, limit: int = MOST_BYTES) -> Iterator[tarfile.TarFile]:
    """The archive for reading; whatever is wrong with its bytes becomes a StoreError that names it."""
    try:
        with naming(path, "read"), open(path, "rb") as file, gzip.GzipFile(fileobj=file) as unpacked, \
                tarfile.open(fileobj=_Limited(unpacked, limit), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:  # type: ignore[call-overload]
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise _damaged(path, str(error)) from None
    except StoreError as error:
        raise error if error.message.startswith(("/", path)) else _damaged(path, error.message) from None


def _damaged(path: str, why: str) -> StoreError:
    return StoreError(f"{path}: is no readable backup: {why or 'it is damaged'}", hint="check the others: gatekeeper backup verify")


def read_manifest(path: str) -> Manifest:
    """The manifest of the archive at `path`. Raises StoreError when it has none or cannot be read."""
    with _open(path) as archive:
        return _manifest(path, archive)


def _manifest(path: str, archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    file = archive.extractfile(first) if first is not None and first.name == MANIFEST and first.isreg() else None
    if file is None:
        raise _damaged(path, f"it does not start with {MANIFEST}")
    try:
        data = json.loads(file.read())
        if data["schema"] != SCHEMA:
            raise _damaged(path, f"schema {data['schema']!r} is not known")
        entries = tuple(Entry(path=str(item["path"]), type=str(item["type"]), mode=int(item["mode"]), size=int(item["size"]),
                              sha256=str(item["sha256"]), target=item["target"]) for item in data["files"])
        return Manifest(project=str(data["project"]), created_at=str(data["created_at"]), digest=str(data["digest"]), entries=entries)
    except (KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, f"{MANIFEST} does not follow its schema ({error})") from None


def verify(path: str) -> Verification:
    """Reads the whole archive and compares every file with the manifest. Raises StoreError only when it cannot be read at all."""
    problems: list[str] = []
    with _open(path) as archive:
        expected = {FILES + entry.path: entry for entry in _manifest(path, archive).entries}
        total = len(expected)
        for member in _members(archive):
            entry = expected.pop(member.name, None)
            if entry is None:
                problems.append(f"{member.name}: is not in the manifest, or twice")
            elif not _matches(archive, member, entry):
                problems.append(f"{entry.path}: differs from the manifest")
        problems += [f"{entry.path}: is missing" for entry in expected.values()]
    return Verification(path=path, files=total, problems=tuple(problems))


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """All members but the first, which is the manifest."""
    while (member := archive.next()) is not None:
        # tarfile keeps every header it has read
        archive.members = []  # type: ignore[attr-defined]  # not in its stub
        yield member


def _matches(archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry) -> bool:
    if member.issym():
        return entry.type == "symlink" and member.linkname == entry.target
    if not member.isreg() or entry.type != "file" or member.mode != entry.mode:
        return False
    file = archive.extractfile(member)
    return file is not None and _sha256(file) == entry.sha256


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(1024 * 1024):
        digest.update(chunk)
    return digest.hexdigest()


def restore(path: str, target: str, *, trusted: bool = False, max_bytes: int = MOST_BYTES) -> int:
    """Unpacks an archive into `target`, a folder that must not exist or be empty; returns the number of files.

    Everything is checked before the first write, written beside the target, and put in place at the end. `trusted`: take
    links that lead out of the tree and names that differ by case alone, as your own tree may have them. Raises StoreError.
    """
    if os.path.islink(target) or (os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target))):
        raise StoreError(f"{target}: is there already and not empty", hint="give the name of a new folder")
    with _open(path, max_bytes) as archive:
        manifest = _manifest(path, archive)
        _refuse_unsafe(path, archive, manifest, trusted=trusted, max_bytes=max_bytes)
    parent = os.path.dirname(os.path.abspath(target))
    with naming(target, "written"):
        os.makedirs(parent, exist_ok=True)
        beside = tempfile.mkdtemp(prefix=f".{os.path.basename(target)}.", dir=parent)
    try:
        with naming(target, "written"):
            _unpack(path, beside, manifest, max_bytes)
            os.chmod(beside, 0o755)  # noqa: S103 - as a fresh checkout has it
            os.rename(beside, target)
            sync_folder(parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return len(manifest.entries)


def _refuse_unsafe(path: str, archive: tarfile.TarFile, manifest: Manifest, *, trusted: bool, max_bytes: int) -> None:
    expected = {FILES + entry.path: entry for entry in manifest.entries}
    if len(expected) != len(manifest.entries) or len(expected) > MOST_FILES:
        raise _unsafe(path, MANIFEST, "lists a file twice" if len(expected) <= MOST_FILES else "lists too many files")
    if sum(max(entry.size, 0) for entry in manifest.entries) > max_bytes:
        raise _unsafe(path, MANIFEST, f"lists more than {max_bytes} bytes")
    links = {name for name, entry in expected.items() if entry.type == "symlink"}
    folded: dict[str, str] = {}
    for member in _members(archive):
        entry = expected.pop(member.name, None)
        problem = _unlisted(member) if entry is None else _bad_name(entry.path) or _bad_member(member, entry) or _below_link(member.name, links)
        if problem is not None:
            raise _unsafe(path, member.name, problem)
        if not trusted and entry is not None and (doubt := _doubtful(entry) or _collision(member.name, folded)):
            raise _unsafe(path, member.name, doubt, hint="if you made this backup yourself: --trusted")
    if expected:
        raise _unsafe(path, next(iter(expected)), "is missing")


def _unsafe(path: str, name: str, why: str, hint: str | None = None) -> StoreError:
    shown = name.encode("utf-8", "backslashreplace").decode()
    return StoreError(f"{path}: {shown}: {why}; nothing was restored", hint=hint)


def _unlisted(member: tarfile.TarInfo) -> str:
    return _bad_name(member.name) or "is not in the manifest, or twice"


def _bad_name(name: str) -> str | None:
    if name.startswith("/"):
        return "is an absolute name"
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return "is a name that leads elsewhere"
    return "has a NUL in its name" if "\0" in name else None


def _bad_member(member: tarfile.TarInfo, entry: Entry) -> str | None:
    if member.issym():
        return None if entry.type == "symlink" and entry.target == member.linkname else "differs from the manifest"
    if not member.isreg() or member.issparse():
        return "is neither a file nor a symbolic link"
    return None if entry.type == "file" and member.size == entry.size and member.mode == entry.mode else "differs from the manifest"


def _doubtful(entry: Entry) -> str | None:
    """Why an entry may do harm although a tree can hold such things, or None."""
    if entry.type == "symlink" and _leads_out(entry):
        return f"is a link to {entry.target}, outside of the tree"
    return "has special mode bits" if entry.mode & ~0o777 else None


def _leads_out(entry: Entry) -> bool:
    target = entry.target or ""
    joined = os.path.normpath(os.path.join(os.path.dirname(entry.path), target))
    return target.startswith("/") or joined == ".." or joined.startswith("../")


def _below_link(name: str, links: set[str]) -> str | None:
    cut = name.rfind("/")
    while cut > 0:
        if name[:cut] in links:
            return f"lies below the link {name[:cut]}"
        cut = name.rfind("/", 0, cut)
    return None


def _collision(name: str, folded: dict[str, str]) -> str | None:
    """Why the name, or a folder of it, is another one's where case does not count, or None."""
    cut = len(name)
    while cut > 0:
        part = name[:cut]
        other = folded.setdefault(unicodedata.normalize("NFC", part.casefold()), part)
        if other != part:
            return f"differs from {other} by case alone"
        cut = name.rfind("/", 0, cut)
    return None


def _unpack(path: str, folder: str, manifest: Manifest, max_bytes: int) -> None:
    entries: Mapping[str, Entry] = {FILES + entry.path: entry for entry in manifest.entries}
    with _open(path, max_bytes) as archive:
        archive.next()
        for member in _members(archive):
            entry = entries[member.name]
            full = os.path.join(folder, entry.path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if entry.type == "file":
                _write_file(path, archive, member, entry, full)
    # links last: nothing is ever written through one
    for entry in manifest.entries:
        if entry.type == "symlink":
            os.symlink(entry.target or "", os.path.join(folder, entry.path))


def _write_file(path: str, archive: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry, full: str) -> None:
    source = archive.extractfile(member)
    descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        digest = _copy(source, file) if source is not None else ""
        if digest != entry.sha256:
            raise _damaged(path, f"{entry.path} differs from its checksum; nothing was restored")
        os.fchmod(descriptor, entry.mode)
        os.utime(descriptor, (member.mtime, member.mtime))


def _copy(source: IO[bytes], file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(1024 * 1024):
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    return digest.hexdigest()
