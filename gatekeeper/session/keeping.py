"""What of a run's results is kept for others, at its end: those whose inputs nobody has touched since they were looked at, whole and without a secret.

Also leaves the keys and their parts in the folder of the run, for `explain`. Does not know what was taken from the cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gatekeeper.errors import TreeError
from gatekeeper.model.document import to_document
from gatekeeper.model.finding import Finding, Parsed
from gatekeeper.model.plan import Job
from gatekeeper.model.redaction import redact
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import dataclass, field
from gatekeeper.plan.key import digest_of
from gatekeeper.session import piecemeal
from gatekeeper.session.covering import named_by, words_of_files
from gatekeeper.session.inputs import TooManyError
from gatekeeper.session.keys import Keys, Wanted
from gatekeeper.session.reading import content
from gatekeeper.store.cache import ResultStore
from gatekeeper.tree.digests import Digests

#: the file in a run's folder that keeps the keys, for `explain`
FILE = "keys.json"
#: bytes of output that are kept with a result
_LOGS = 4 * 1024 * 1024


@dataclass(slots=True)
class Asked:
    """One job of the run: what it wants, what was known, what its run said."""

    job: Job
    wanted: Wanted
    pack: dict[str, Any] | None = None
    known: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    expected: Parsed | None = None
    parsed: Parsed | None = None
    attempt: Attempt | None = None
    keep: bool = False


class Keeping:
    """Keeps results of the tree at `root` (absolute) in a store. `folder` is that of the run."""

    def __init__(self, places: tuple[str, str], store: ResultStore, digests: Digests, keys: Keys, secrets: tuple[str, ...]) -> None:
        self._root, self._folder = places
        self._store, self._digests, self._keys, self._secrets = store, digests, keys, secrets

    def settled(self, kept: Sequence[Asked]) -> list[Asked]:
        """Those whose inputs nobody has touched since they were looked at: names, contents and programs."""
        if not self._keys.is_same_machine():
            return []
        groups = {group for asked in kept for group in asked.wanted.groups}
        try:
            same, now = self._keys.now(groups=bool(groups))
        except (TooManyError, TreeError):
            return []
        if not same:
            return []
        # a group may have been looked at anew meanwhile: what counts is what it held when a key was made of it
        held = {group: digest_of(words_of_files(now.get(group, ()), self._digests)) for group in groups
                if all(self._digests.unchanged(file) for file in (*now.get(group, ()), *named_by(now.get(group, ()), self._digests)))}
        return [asked for asked in kept if all(asked.wanted.key.parts.get(f"files of {group}") == held.get(group) for group in asked.wanted.groups)
                and all(self._digests.unchanged(file) for file, digest in asked.wanted.files.items() if digest is not None)
                and all(self._digests.unchanged(path) for path in asked.wanted.configuration)]

    def keep(self, asked: Asked) -> None:
        attempt, parsed = asked.attempt, asked.parsed
        if attempt is None or parsed is None:
            return
        logs = {"stdout": content(attempt.stdout), "stderr": content(attempt.stderr)}
        document = to_document(parsed)
        text = json.dumps(document, ensure_ascii=False)
        said = "\n".join((text, *(log.decode("utf-8", "surrogateescape") for log in logs.values())))
        if sum(map(len, logs.values())) > _LOGS or redact(said, self._secrets) != said:
            return
        here = self._root in text or os.path.realpath(self._root) in text
        entry = {"made": time.time(), "run": os.path.basename(self._folder), "job": asked.job.id, "root": self._root if here else "", **logs}
        if asked.wanted.scope != "file":
            self._store.put(asked.wanted.key.digest, {**entry, "exit": attempt.exit_code, "parsed": document})
            return
        rows = piecemeal.by_file(asked.job, parsed, attempt.exit_code, [file for file in asked.wanted.files if file not in asked.known])
        if rows is None:
            return
        # another job of the same command (a further list of files) may have kept something meanwhile
        pack = self._store.get(asked.wanted.key.digest)
        told = (pack or {}).get("parsed") if asked.known else document
        self._store.put(asked.wanted.key.digest, {**entry, "root": entry["root"] or (pack or {}).get("root", ""), "parsed": told, **piecemeal.updated(
            pack, rows, asked.wanted.files, whole=not asked.job.partial)})

    def write_keys(self, all_of_them: Mapping[str, Asked], why: Mapping[str, str]) -> None:
        """Leaves the keys and their parts in the folder of the run, for `explain`."""
        document = {
            "schema": 1,
            "jobs": {job: {"why": because, "scope": asked.wanted.scope if asked else "none", "key": asked.wanted.key.digest if asked else None,
                           "parts": {**asked.wanted.key.parts, **{f"configuration {path}": found for path, found in asked.wanted.around.items()}} if asked else {}}
                     for job in {**all_of_them, **why} for asked in [all_of_them.get(job)] for because in [why.get(job, "nothing was kept under its key")]},
            "groups": self._group_rows(all_of_them.values()),
        }
        with contextlib.suppress(OSError), open(os.path.join(self._folder, FILE), "w", encoding="utf-8") as file:
            file.write(json.dumps(document, separators=(",", ":")))

    def _group_rows(self, all_of_them: Iterable[Asked]) -> dict[str, dict[str, str]]:
        """The files of each group that a key covers; nothing where a job made more than can be looked at, or took the tree away."""
        groups = sorted({group for asked in all_of_them for group in asked.wanted.groups})
        try:
            return {group: {file: (self._digests.of(file) or "")[:12] for file in self._keys.members(group)} for group in groups}
        except (TooManyError, TreeError):
            return {}


def is_true(result: Result) -> bool:
    """Whether a result is one that would come again: work that was done, at once and whole."""
    return (result.status in (Status.PASSED, Status.FAILED) and result.cause in (None, Cause.FINDINGS) and not result.flaky and not result.leaky
            and len(result.attempts) == 1 and not result.attempts[0].dropped and not result.problems and result.attempts[0].exit_code is not None
            and not any(test.flaky for test in result.tests))
