"""What a job may change, kept before it starts, and put back when it did not do its work (`on_failure: rollback`).

Kept are the files that the job was given, else those of the tree below its folder: plain files, not links. What somebody else writes into one of them
while the job runs is put back too. A file that the job made new stays. Copies and their list are on disk before the job starts, so that it can be put
back, too, after this process was killed (`halfway`).
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from filecmp import cmp

from gatekeeper.errors import StoreError
from gatekeeper.model.naming import safe_name
from gatekeeper.model.plan import Job
from gatekeeper.model.wording import count_text
from gatekeeper.store.atomic import write_bytes

#: where the folder of a run has the checkpoints of its jobs, and each of those its list: the job, the root of the tree, copies by file
FOLDER, LIST = "checkpoints", "list.json"
#: copies up to which each is synced by itself: of more, everything at once
_FEW = 200


class Checkpoints:
    """Those of one run: `root` is that of the tree, `names` its files relative to it, `folder` (absolute) is made when something is kept."""

    def __init__(self, root: str, names: Sequence[str], folder: str) -> None:
        self._root, self._names, self._folder = root, names, folder

    def keep(self, job: Job) -> Callable[[], str]:
        """Copies what the job may change; the answer puts it back and says what it did. Raises OSError where it cannot be kept."""
        place = os.path.join(self._folder, safe_name(job.id))
        os.makedirs(place, exist_ok=True)
        below = "" if job.cwd == "." else f"{job.cwd}/"
        names = job.files or tuple(name for name in self._names if name.startswith(below))
        kept = {}
        for number, name in enumerate(names):
            if os.path.isfile(path := os.path.join(self._root, name)) and not os.path.islink(path):
                kept[name] = shutil.copy2(path, os.path.join(place, str(number)))
        _sync(list(kept.values()))
        document = {"job": job.id, "root": self._root, "files": {name: os.path.basename(copy) for name, copy in kept.items()}}
        try:
            write_bytes(os.path.join(place, LIST), json.dumps(document).encode())
        except StoreError as error:
            raise OSError(error.message) from error

        def put_back() -> str:
            return put_back_into(self._root, kept)

        return put_back

    def drop(self) -> None:
        """Nothing of the run will be put back any more."""
        shutil.rmtree(self._folder, ignore_errors=True)


def put_back_into(root: str, kept: Mapping[str, str]) -> str:
    """Puts back what differs from its copy (`kept`, by name below `root`), and says what was done."""
    changed = differing(root, kept)
    lost = [name for name in changed if not _restored(kept[name], os.path.join(root, name))]
    said = [f"{count_text(len(changed) - len(lost), 'file')} that it had changed put back"] if len(changed) > len(lost) else []
    said += [f"{count_text(len(lost), 'file')} could not be put back: {', '.join(lost[:3])}"] if lost else []
    return "; ".join(said)


def differing(root: str, kept: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the files that are not as their copies are."""
    return tuple(name for name, copy in kept.items() if not _same(copy, os.path.join(root, name)))


def _sync(paths: Sequence[str]) -> None:
    """Has copies on disk, whatever becomes of the machine."""
    if len(paths) > _FEW:
        os.sync()
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _same(copy: str, path: str) -> bool:
    try:
        return not os.path.islink(path) and stat.S_IMODE(os.lstat(path).st_mode) == stat.S_IMODE(os.lstat(copy).st_mode) and cmp(copy, path, shallow=False)
    except OSError:
        return False


def _restored(copy: str, path: str) -> bool:
    """Puts one file back, whole, with its mode and times."""
    try:
        with open(copy, "rb") as file:
            content = file.read()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_bytes(path, content, mode=stat.S_IMODE(os.stat(copy).st_mode))
    except (OSError, StoreError):
        return False
    with suppress(OSError):
        shutil.copystat(copy, path)
    return True
