"""What the fixers of a run that died left half done: which files, and how they are put back from what was kept of them (`checkpoint`).

Only jobs with `on_failure: rollback` that were about to start, or under way, are asked about. What stood in a file when it was put back is kept in the
folder of the run: somebody may have gone on working there meanwhile. Does not know why the run died.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from gatekeeper.errors import StoreError
from gatekeeper.model.event import JobFinished
from gatekeeper.model.value import dataclass
from gatekeeper.session.checkpoint import FOLDER, LIST, differing, put_back_into
from gatekeeper.store.journal import FILE, read_journal

#: where the folder of a run keeps what was replaced when files were put back after its death
REPLACED = "replaced"
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """A job that was under way: copies of what it might change, by name below `root`, and the names of what is not as it was; `note` is its list."""

    job: str
    root: str
    kept: Mapping[str, str]
    changed: tuple[str, ...]
    note: str


def half_done(path: str) -> tuple[Half, ...]:
    """What fixers of the dead run in folder `path` may have left half done; nothing where nothing was kept, or nothing differs."""
    if not os.path.isdir(os.path.join(path, FOLDER)):
        return ()
    try:
        sittings = read_journal(os.path.join(path, FILE)).sittings
    except StoreError:
        return ()
    # whether a job had started is not asked: the journal is told after its process, which may have been the last that happened
    finished = {event.job for sitting in sittings for event in sitting.events if isinstance(event, JobFinished)}
    return tuple(half for half in _kept(os.path.join(path, FOLDER)) if half.job not in finished and half.changed)


def half_done_text(path: str) -> str:
    """The same in words, to come after others; empty for nothing."""
    return "".join(f"; `{half.job}` was changing files and may have left them half done ({_listed(half.changed)}): that puts them back first" for half in half_done(path))


def put_back(path: str) -> tuple[str, ...]:
    """Puts back what the fixers of the dead run in folder `path` had changed, once; a sentence for each."""
    return tuple(_put_back(half, os.path.join(path, REPLACED)) for half in half_done(path))


def _kept(folder: str) -> Iterator[Half]:
    for name in sorted(os.listdir(folder)):
        place = os.path.join(folder, name)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError), open(os.path.join(place, LIST), "rb") as file:
            document = json.loads(file.read())
            kept = {file: os.path.join(place, os.path.basename(copy)) for file, copy in document["files"].items() if _inside(file)}
            yield Half(job=document["job"], root=document["root"], kept=kept, changed=differing(document["root"], kept), note=os.path.join(place, LIST))


def _inside(name: str) -> bool:
    """Whether a name leads nowhere but below the root: the list lies where jobs can write."""
    return not os.path.isabs(name) and ".." not in name.split("/")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _put_back(half: Half, aside: str) -> str:
    for name in half.changed:
        with suppress(OSError):
            os.makedirs(os.path.dirname(os.path.join(aside, name)), exist_ok=True)
            shutil.copy2(os.path.join(half.root, name), os.path.join(aside, name), follow_symlinks=False)
    said = put_back_into(half.root, half.kept)
    with suppress(OSError):
        os.unlink(half.note)
    return f"`{half.job}` was changing files when the run died ({_listed(half.changed)}): {said}; what stood there is in {aside}"
