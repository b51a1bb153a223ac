"""Finds past runs and reads what they left: the record, checksums of the reports.

    runs/<id>/record.json        to_document(RunRecord), under "record" beside "schema"
    runs/<id>/jobs/<safe id>/    stdout.log, stderr.log of each job (`model.naming.safe_name`)
    runs/<id>/SHA256SUMS         of the reports, as `sha256sum -c` reads it

Does not know how reports look.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence

from gatekeeper.errors import StoreError, UsageError
from gatekeeper.model.document import DocumentError, from_document, to_document
from gatekeeper.model.result import RunRecord
from gatekeeper.store.atomic import naming, write_bytes
from gatekeeper.store.home import Home, is_running, run_ids
from gatekeeper.store.journal import FILE as JOURNAL

SCHEMA = 1
RECORD = "record.json"
SUMS = "SHA256SUMS"
#: how the run that finished last is called
LATEST = "latest"
#: how a journal ends; the last event of a run is not longer
_END, _LONGEST_END = b'{"event":"RunFinished"', 1_000_000


def find_run(home: Home, wanted: str = LATEST) -> str:
    """Absolute path of a run's folder: `latest` (finished last), an id, the start of one, or of its last part. Raises UsageError."""
    known = run_ids(home)
    if not known:
        above = runs_above(home)
        raise UsageError(f"there are no runs in {home.folder}", hint=f"{above} has runs: add -C {above}" if above else "make one: gatekeeper run")
    if wanted == LATEST:
        finished = os.path.realpath(home.latest)
        return finished if os.path.isdir(finished) else os.path.join(home.runs, known[0])
    if wanted in known:
        return os.path.join(home.runs, wanted)
    found = [run_id for run_id in known if wanted and (run_id.startswith(wanted) or run_id.rsplit("-", 1)[-1].startswith(wanted))]
    if len(found) == 1:
        return os.path.join(home.runs, found[0])
    if found:
        raise UsageError(f"{wanted}: {len(found)} runs start so: {', '.join(found[:5])}", hint="give more of the id")
    raise UsageError(f"{wanted}: no such run", hint=f"the newest are {', '.join(known[:3])}")


def runs_above(home: Home) -> str | None:
    """The nearest folder above that of a home that has runs, for those who stand somewhere in a tree; None where there is none, or this one has runs."""
    folder, name = os.path.split(home.folder)
    while not os.path.isdir(os.path.join(folder, name, "runs")):
        if folder == (folder := os.path.dirname(folder)):
            return None
    return folder if os.path.join(folder, name) != home.folder else None


def died(path: str) -> bool:
    """Whether the run in a folder ended before its end, and left a journal from which it can go on."""
    journal = os.path.join(path, JOURNAL)
    if os.path.exists(os.path.join(path, RECORD)) or not os.path.exists(journal) or is_running(path):
        return False
    with naming(journal, "read"), open(journal, "rb") as file:
        file.seek(max(0, os.path.getsize(journal) - _LONGEST_END))
        *_, line, torn = (b"", *file.read().split(b"\n"))
    return bool(torn) or not line.startswith(_END)


def died_last(home: Home) -> str | None:
    """The id of the newest run if it died before its end."""
    newest = next(iter(run_ids(home)), None)
    return newest if newest is not None and died(os.path.join(home.runs, newest)) else None


def newest_dead(home: Home) -> str | None:
    """The id of the newest run that died before its end, whatever ran after it."""
    return next((run_id for run_id in run_ids(home) if died(os.path.join(home.runs, run_id))), None)


def write_record(folder: str, record: RunRecord) -> str:
    """Keeps the record of a run in its folder; returns the path. Raises StoreError."""
    path = os.path.join(folder, RECORD)
    document = {"schema": SCHEMA, "record": to_document(record)}
    write_bytes(path, json.dumps(document, separators=(",", ":"), allow_nan=False).encode() + b"\n")
    return path


def read_record(folder: str) -> RunRecord:
    """The record of the run in `folder`. Raises StoreError when it has none (still running, died) or it cannot be read."""
    path = os.path.join(folder, RECORD)
    if os.path.isdir(folder) and not os.path.exists(path):
        run_id = os.path.basename(folder)
        if is_running(folder):
            raise StoreError(f"run {run_id} is still under way", hint=f"gatekeeper status --run {run_id} says how far it is")
        raise StoreError(f"run {run_id} died before its end, and left no record", hint=f"gatekeeper resume --run {run_id} goes on where it was")
    with naming(path, "read"), open(path, "rb") as file:
        data = file.read()
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise DocumentError("schema is not known")
        return from_document(RunRecord, document.get("record"))
    except RecursionError:
        raise StoreError(f"{path}: is nested too deeply") from None
    except ValueError as error:
        raise StoreError(f"{path}: {error}", hint="it was written by another version, or damaged") from None


def write_checksums(folder: str, names: Sequence[str]) -> str:
    """Writes SHA256SUMS over files of a run (names relative to its folder); returns its path. Raises StoreError."""
    path = os.path.join(folder, SUMS)
    lines = [f"{_digest(os.path.join(folder, name))}  {name}\n" for name in sorted(names)]
    write_bytes(path, "".join(lines).encode("utf-8", "surrogateescape"))
    return path


def verify_checksums(folder: str) -> tuple[str, ...]:
    """What is wrong with the reports of a run, a line each; nothing when all are as they were written. Raises StoreError without sums."""
    path = os.path.join(folder, SUMS)
    with naming(path, "read"), open(path, "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    return tuple(problem for line in lines if (problem := _checked(folder, line)) is not None)


def _checked(folder: str, line: str) -> str | None:
    digest, _, name = line.partition("  ")
    try:
        return None if _digest(os.path.join(folder, name)) == digest else f"{name}: is not as it was written"
    except StoreError as error:
        return error.message


def _digest(path: str) -> str:
    with naming(path, "read"), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
