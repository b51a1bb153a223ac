"""Backups of a tree: a compressed archive of the files that git would keep, with a manifest that proves it whole.

    backup_<project>_YYYYMMDD_HHMMSS.tar.gz      tar with pax headers: names that are no text, modes and links survive
        manifest.json                            schema, digest, and of every file path, type, mode, size, sha256 or link target
        files/...

An unchanged tree is not archived again. An archive appears whole or not at all. Times in names are UTC, so that they sort.
Reading archives is `store.archive`'s work. Does not know git: the caller lists the files.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from gatekeeper.errors import StoreError, UsageError
from gatekeeper.model.value import dataclass
from gatekeeper.store.archive import FILES, MANIFEST, Entry, Manifest, read_manifest
from gatekeeper.store.atomic import UNFINISHED, naming, sync_folder
from gatekeeper.tree.plain import open_plain

KEPT = 10
_NAME = re.compile(r"backup_.+_\d{8}_\d{6}\.tar\.gz")
#: level 6 is what gzip itself uses: level 9 takes thrice the time for one percent
_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupInfo:
    """An archive: absolute path, size in bytes, number of files, digest of the content. `skipped`: the tree was unchanged, this is the earlier one."""

    path: str
    size: int
    files: int
    digest: str
    created_at: str
    skipped: bool = False
    removed: tuple[str, ...] = ()


def create(root: str, files: Sequence[str], folder: str, *, now: datetime | None = None, project: str | None = None, keep: int = KEPT) -> BackupInfo:
    """Archives `files` (relative to `root`) into `folder`, unless its newest archive holds the same content.

    Files in `folder` itself are left out. Keeps the `keep` newest archives of that folder. Raises StoreError naming the file
    that cannot be read, or that changed meanwhile; no half archive stays.
    """
    entries = tuple(_entry(root, path) for path in sorted(_outside(root, files, folder)))
    if not entries:
        raise StoreError(f"{root}: there are no files to back up")
    digest = digest_of(entries)
    with naming(folder, "created"):
        os.makedirs(folder, exist_ok=True)
    newest = next(iter(_archives(folder)), None)
    if newest is not None and (unchanged := _same(os.path.join(folder, newest), digest)) is not None:
        return unchanged
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    manifest = Manifest(project=project or _project(root), created_at=moment.isoformat(timespec="seconds"), digest=digest, entries=entries)
    path = _write(root, folder, manifest, moment)
    with naming(path, "read"):
        size = os.path.getsize(path)
    return BackupInfo(path=path, size=size, files=len(entries), digest=digest, created_at=manifest.created_at,
                      removed=_prune(folder, keep, os.path.basename(path)))


def list_backups(folder: str) -> tuple[BackupInfo, ...]:
    """The archives in `folder` and the labelled ones below it, newest first; those that cannot be read have no files and an empty digest."""
    return tuple(_info(path) for path in _all_archives(folder))


def find_backup(folder: str, wanted: str = "latest") -> str:
    """Absolute path of an archive: `latest`, a path, a name in `folder`, or a part of one name. Raises UsageError."""
    paths = _all_archives(folder)
    if wanted == "latest" and (unlabelled := _archives(folder)):
        return os.path.join(folder, unlabelled[0])
    if os.path.isfile(wanted):
        return os.path.abspath(wanted)
    found = [path for path in paths if wanted in os.path.relpath(path, folder)]
    if len(found) == 1:
        return found[0]
    raise UsageError(f"{wanted}: {'no such backup' if not found else f'{len(found)} backups are called so'} in {folder}",
                     hint=f"there is {', '.join(os.path.relpath(path, folder) for path in paths[:3])}" if paths else "make one: gatekeeper backup create")


def digest_of(entries: Sequence[Entry]) -> str:
    """A digest over names, types, modes and contents, independent of time."""
    lines = [json.dumps([entry.path, entry.type, entry.mode, entry.sha256, entry.target]) for entry in entries]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _project(root: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", os.path.basename(os.path.realpath(root))).strip("-.") or "tree"


def _outside(root: str, files: Sequence[str], folder: str) -> Iterator[str]:
    """The files that do not lie in `folder`: an archive never holds itself or its like."""
    own = os.path.relpath(os.path.realpath(folder), os.path.realpath(root)) + "/"
    return (path for path in dict.fromkeys(files) if not path.startswith(own))


def _entry(root: str, path: str) -> Entry:
    full = os.path.join(root, path)
    with naming(full, "read"):
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            return Entry(path=path, type="symlink", mode=0o777, size=0, sha256="", target=os.readlink(full))
        with open_plain(full) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            status = os.fstat(file.fileno())
        return Entry(path=path, type="file", mode=stat.S_IMODE(status.st_mode), size=status.st_size, sha256=digest, target=None)


def _same(archive: str, digest: str) -> BackupInfo | None:
    info = _info(archive)
    if info.digest != digest:
        return None
    return BackupInfo(path=info.path, size=info.size, files=info.files, digest=digest, created_at=info.created_at, skipped=True)


def _info(archive: str) -> BackupInfo:
    size = os.path.getsize(archive) if os.path.exists(archive) else 0
    try:
        manifest = read_manifest(archive)
    except StoreError:
        return BackupInfo(path=archive, size=size, files=0, digest="", created_at="")
    return BackupInfo(path=archive, size=size, files=len(manifest.entries), digest=manifest.digest, created_at=manifest.created_at)


def _archives(folder: str) -> tuple[str, ...]:
    """Names of archives, newest first (their names end in the time)."""
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except OSError:
        return ()
    return tuple(sorted(names, key=_age_key, reverse=True))


def _all_archives(folder: str) -> tuple[str, ...]:
    """Paths of the archives in a folder and in the folders right below it, newest first."""
    try:
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        below = []
    paths = [os.path.join(place, name) for place in (folder, *below) for name in _archives(place)]
    return tuple(sorted(paths, key=_age_key, reverse=True))


def _age_key(path: str) -> tuple[str, str]:
    return path[-len("YYYYMMDD_HHMMSS.tar.gz"):], path


def _write(root: str, folder: str, manifest: Manifest, moment: datetime) -> str:
    descriptor, unfinished = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
    try:
        with naming(folder, "written"), os.fdopen(descriptor, "wb") as file:
            _pack(root, manifest, file)
            file.flush()
            os.fsync(file.fileno())
        return _placed(unfinished, folder, manifest.project, moment)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)


def _placed(unfinished: str, folder: str, project: str, moment: datetime) -> str:
    """Gives the archive its name; two within one second get two names. An existing file is never replaced."""
    for second in range(60):
        path = os.path.join(folder, f"backup_{project}_{moment + timedelta(seconds=second):%Y%m%d_%H%M%S}.tar.gz")
        with naming(path, "written"):
            try:
                os.link(unfinished, path)
            except FileExistsError:
                continue
        sync_folder(folder)
        return path
    raise StoreError(f"{folder}: no free name for a backup could be found")


def _pack(root: str, manifest: Manifest, file: BinaryIO) -> None:
    # no name and no time in the gzip header: equal trees give equal archives but for the manifest's time
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as archive:
        data = manifest.encode()
        archive.addfile(_member(MANIFEST, 0o644, len(data)), io.BytesIO(data))
        for entry in manifest.entries:
            _add(archive, root, entry)


def _add(archive: tarfile.TarFile, root: str, entry: Entry) -> None:
    member = _member(FILES + entry.path, entry.mode, entry.size)
    if entry.type == "symlink":
        member.type = tarfile.SYMTYPE
        member.linkname = entry.target or ""
        archive.addfile(member)
        return
    full = os.path.join(root, entry.path)
    with naming(full, "read"), open_plain(full) as file:
        member.mtime = int(os.fstat(file.fileno()).st_mtime)
        reader = _Hashing(file)
        try:
            archive.addfile(member, reader)
        except OSError as error:
            if error.errno is None:
                # tarfile's word for a file that has become shorter
                raise StoreError(f"{full}: changed while it was backed up", hint="run it again") from None
            raise
        if file.read(1) or reader.digest.hexdigest() != entry.sha256:
            raise StoreError(f"{full}: changed while it was backed up", hint="run it again")


def _member(name: str, mode: int, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = mode
    member.size = size
    return member


class _Hashing:
    """A file that digests what is read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _prune(folder: str, keep: int, newest: str) -> tuple[str, ...]:
    """Deletes what is older than the `keep` newest archives, never `newest`; returns the deleted names."""
    removed = []
    for name in _archives(folder)[max(keep, 1):]:
        if name != newest:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))
                removed.append(name)
    return tuple(removed)
