"""The home of a tree on disk: `.gatekeeper/` in the work tree, its run folders, `latest`, and how long they stay.

    .gatekeeper/.gitignore            ignores itself
    .gatekeeper/runs/<YYYYMMDD-HHMMSS>-<id>/   one run; `run.lock` in it is held while the run lasts (times are UTC: names sort)
    .gatekeeper/latest                symbolic link to the run that finished last
    .gatekeeper/backups/, history.jsonl, past.json, history.sqlite3

Where the tree cannot be written the home is in the user's cache or temporary folder, and a notice says so. Does not know
what a run writes into its folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from gatekeeper.errors import StoreError
from gatekeeper.model.value import dataclass
from gatekeeper.store.atomic import UNFINISHED, naming, write_bytes
from gatekeeper.store.lock import Lock

FOLDER = ".gatekeeper"
LOCK = "run.lock"
KEPT_RUNS = 20
KEPT_BYTES = 1_000_000_000
_DOOMED = ".deleting-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where everything of one tree is kept; `notices` say what a person should know about it. All paths are absolute."""

    folder: str
    notices: tuple[str, ...] = ()

    @property
    def runs(self) -> str:
        return os.path.join(self.folder, "runs")

    @property
    def latest(self) -> str:
        return os.path.join(self.folder, "latest")

    @property
    def backups(self) -> str:
        return os.path.join(self.folder, "backups")


class RunFolder:
    """The folder of a run that is under way; it is locked until `close`."""

    def __init__(self, run_id: str, path: str, lock: Lock) -> None:
        self.run_id = run_id
        self.path = path
        self._lock = lock

    @classmethod
    def taken_over(cls, path: str, descriptor: int) -> RunFolder:
        """The folder of a run that another process made, with the lock that it handed over."""
        return cls(os.path.basename(path), path, Lock(descriptor))

    @property
    def descriptor(self) -> int:
        """That of the lock, to be handed over to another process, which then holds it too."""
        return self._lock.descriptor

    def close(self) -> None:
        """Ends the run: from now on its folder may be deleted when it is old. A second call does nothing."""
        self._lock.release()

    def discard(self) -> None:
        """Removes the folder of a run that did not begin."""
        with contextlib.suppress(OSError):
            _remove(self.path)
        self.close()


def home_of(root: str, environment: Mapping[str, str]) -> Home:
    """The home of the tree at `root` as it is on disk, for reading; nothing is created."""
    return next((Home(folder=folder) for folder in _places(root, environment) if os.path.isdir(os.path.join(folder, "runs"))),
                Home(folder=next(_places(root, environment))))


def open_home(root: str, environment: Mapping[str, str]) -> Home:
    """The home of the tree at `root`, created where it can be written. Raises StoreError when it can be nowhere."""
    reasons: list[str] = []
    for folder in _places(root, environment):
        try:
            _prepare(folder, trusted=not reasons)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
        else:
            notices = (f"the tree cannot hold {FOLDER}/ ({reasons[0].rsplit(': ', 1)[1]}): everything is kept in {folder}",) if reasons else ()
            return Home(folder=folder, notices=notices)
    raise StoreError(f"nothing can be kept anywhere: {'; '.join(reasons)}", hint="free some space, or set XDG_CACHE_HOME to a folder that can be written")


def _places(root: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Candidates, best first: the tree, the user's cache folder, the temporary folder."""
    absolute = os.path.realpath(root)
    yield os.path.join(absolute, FOLDER)
    name = f"{os.path.basename(absolute) or 'root'}-{hashlib.blake2b(os.fsencode(absolute), digest_size=6).hexdigest()}"
    cache = environment.get("XDG_CACHE_HOME") or (os.path.join(environment["HOME"], ".cache") if environment.get("HOME") else "")
    if os.path.isabs(cache):
        yield os.path.join(cache, "gatekeeper", "homes", name)
    import tempfile  # lazy: only trees that cannot be written pay

    with contextlib.suppress(FileNotFoundError):  # there is no folder that can be written
        yield os.path.join(environment.get("TMPDIR") or tempfile.gettempdir(), f"gatekeeper-{os.getuid()}", name)


def _prepare(folder: str, *, trusted: bool) -> None:
    """Creates the folders and proves that they can be written. Raises OSError."""
    if not trusted:
        # shared places: nobody else may have put the folder there
        parent = os.path.dirname(folder)
        os.makedirs(parent, mode=0o700, exist_ok=True)
        if os.lstat(parent).st_uid != os.getuid():
            raise OSError(errno.EPERM, "belongs to somebody else", parent)
    for path in (folder, os.path.join(folder, "runs")):
        if os.path.islink(path):
            # a link that came with the repository would lead our files anywhere
            raise OSError(errno.ELOOP, "is a symbolic link", path)
        os.makedirs(path, mode=0o755 if trusted else 0o700, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    try:
        # written every time: this is also the proof that there is space
        write_bytes(ignore, b"*\n")
    except StoreError as error:
        raise error.__cause__ if isinstance(error.__cause__, OSError) else OSError(errno.EIO, str(error), ignore) from None


def start_run(home: Home, *, now: datetime | None = None, token: str | None = None) -> RunFolder:
    """A new, locked run folder. `token` is the end of its name (six hexadecimal digits when None). Raises StoreError."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    for _ in range(10):
        run_id = f"{moment:%Y%m%d-%H%M%S}-{token or _token(moment)}"
        path = os.path.join(home.runs, run_id)
        with naming(path, "created"):
            folder = os.path.join(home.runs, f"{UNFINISHED}{os.urandom(8).hex()}")
            os.mkdir(folder)
            # locked before it has its name: whoever cleans up never sees it without
            lock = Lock.take(os.path.join(folder, LOCK))
            try:
                os.rename(folder, path)
            except OSError as error:
                lock.release()
                _rmtree(folder, ignore_errors=True)
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR} or token:
                    raise
            else:
                return RunFolder(run_id, path, lock)
    raise StoreError(f"{home.runs}: no free name for a run could be found")


def _token(moment: datetime) -> str:
    """Three digits for the part of the second (1/4096 s), so that runs of one second stand in the order of their starts, and three at random."""
    return f"{moment.microsecond * 4096 // 1_000_000:03x}{int.from_bytes(os.urandom(2)) % 4096:03x}"


def reopen_run(path: str) -> RunFolder | None:
    """The folder of a run that is to go on, locked again; None while it is under way. Raises StoreError."""
    with naming(path, "opened"):
        lock = Lock.try_take(os.path.join(path, LOCK))
    return None if lock is None else RunFolder(os.path.basename(path), path, lock)


def publish_latest(home: Home, run_id: str) -> None:
    """Makes `latest` point to a finished run, at once. Raises StoreError."""
    link = os.path.join(home.folder, f"{UNFINISHED}latest-{os.getpid()}")
    with naming(home.latest, "written"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(link)
        os.symlink(os.path.join("runs", run_id), link)
        try:
            os.replace(link, home.latest)
        except OSError:
            os.unlink(link)
            raise


def is_running(path: str) -> bool:
    """True while the run of that folder is under way (in whatever process)."""
    lock_file = os.path.join(path, LOCK)
    if not os.path.exists(lock_file):
        return False
    try:
        return Lock.is_held(lock_file)
    except OSError:
        return False


def run_ids(home: Home) -> tuple[str, ...]:
    """Ids of all runs on disk, newest first."""
    try:
        with os.scandir(home.runs) as entries:
            return tuple(sorted((entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)), reverse=True))
    except OSError:
        return ()


def prune(home: Home, *, keep: int = KEPT_RUNS, max_bytes: int = KEPT_BYTES) -> tuple[str, ...]:
    """Deletes the oldest runs until at most `keep` runs of at most `max_bytes` are left; returns their ids.

    The newest, the one that `latest` shows and those under way stay in any case. What cannot be deleted stays too.
    """
    _sweep(home)
    latest = os.path.basename(os.path.realpath(home.latest))
    removed: list[str] = []
    total = 0
    for position, run_id in enumerate(run_ids(home)):
        size = size_of(os.path.join(home.runs, run_id))
        total += size
        if position == 0 or run_id == latest or (position < keep and total <= max_bytes):
            continue
        if _delete(home, run_id):
            removed.append(run_id)
            total -= size
    return tuple(removed)


def _delete(home: Home, run_id: str) -> bool:
    path = os.path.join(home.runs, run_id)
    try:
        lock = Lock.try_take(os.path.join(path, LOCK))
        if lock is None:
            return False
        try:
            _remove(path)
        finally:
            lock.release()
    except OSError:
        return False
    return True


def _remove(path: str) -> None:
    """Removes a locked run folder, renamed first: a half deleted one must not look like a run. Raises OSError."""
    doomed = os.path.join(os.path.dirname(path), _DOOMED + os.path.basename(path))
    os.rename(path, doomed)
    _rmtree(doomed)


def _rmtree(path: str, *, ignore_errors: bool = False) -> None:
    import shutil  # lazy: only runs that delete something pay

    shutil.rmtree(path, ignore_errors=ignore_errors)


def _sweep(home: Home) -> None:
    """Removes what interrupted deletions and starts left behind."""
    for name in _names(home.runs, (_DOOMED, UNFINISHED)):
        path = os.path.join(home.runs, name)
        if (name.startswith(_DOOMED) or _is_old(path)) and not is_running(path):
            _rmtree(path, ignore_errors=True)
    for name in _names(home.folder, (UNFINISHED,)):
        path = os.path.join(home.folder, name)
        if _is_old(path):
            with contextlib.suppress(OSError):
                os.unlink(path)


def _is_old(path: str) -> bool:
    """An hour: between its creation and its lock a folder of a starting run looks abandoned."""
    try:
        return datetime.now(UTC).timestamp() - os.lstat(path).st_mtime > 3600
    except OSError:
        return False


def _names(folder: str, prefixes: tuple[str, ...]) -> Sequence[str]:
    try:
        return [name for name in os.listdir(folder) if name.startswith(prefixes)]
    except OSError:
        return ()


def size_of(path: str) -> int:
    """Bytes that the files below a folder take, links not followed."""
    return sum(_sizes(path))


def _sizes(path: str) -> Iterator[int]:
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        yield entry.stat(follow_symlinks=False).st_size
    except OSError:
        return
