"""What a job may change, kept before it starts, and put back when it did not do its work (`on_failure: rollback`).

Kept are the files that the job was given, else those of the tree below its folder: plain files, not links. What somebody else writes into one of them
while the job runs is put back too. A file that the job made new stays.
"""

from __future__ import annotations

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

        def put_back() -> str:
            return self._put_back(kept)

        return put_back

    def drop(self) -> None:
        """Nothing of the run will be put back any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _put_back(self, kept: Mapping[str, str]) -> str:
        changed = [name for name, copy in kept.items() if not _same(copy, os.path.join(self._root, name))]
        lost = [name for name in changed if not _restored(kept[name], os.path.join(self._root, name))]
        said = [f"{count_text(len(changed) - len(lost), 'file')} that it had changed put back"] if len(changed) > len(lost) else []
        said += [f"{count_text(len(lost), 'file')} could not be put back: {', '.join(lost[:3])}"] if lost else []
        return "; ".join(said)


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
