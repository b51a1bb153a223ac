"""The result cache of one run: says of a job whether its result is known, keeps results that are true, and remembers why.

    lookup    before a job starts: its result, the job for fewer files, or the job as it is
    merged    when its output was read: together with what was known of its other files
    finished  when it has its result: noted, if it is one to keep
    close     at the end of the run: kept, if what it depends on has been left alone since it was looked at

Kept are results of work that was done: passed or failed, at the first try, with all of its output, without a secret in it. What is kept is what was
read of the output; baseline, suppressions and policy judge it anew. Does not know what keys are made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatekeeper.config.compiled import cache_folder
from gatekeeper.execute.folders import job_folder
from gatekeeper.model.document import DocumentError, from_document
from gatekeeper.model.finding import Parsed
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.status import Meaning, Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass, replace
from gatekeeper.plan.expand import relative
from gatekeeper.plan.key import narrowed
from gatekeeper.plan.scope import ARGV_BYTES
from gatekeeper.session import piecemeal
from gatekeeper.session.covering import UncachedError
from gatekeeper.session.keeping import Asked, Keeping, is_true
from gatekeeper.session.keys import Keys
from gatekeeper.session.look import Sight
from gatekeeper.store.cache import ResultStore
from gatekeeper.tree.digests import Digests

#: seconds that the clocks of two machines with one cache folder may differ by
_SKEW = 60.0
#: of the hits of a run with --verify-cache, one in so many is run again; the first one always
_SAMPLE = 10
#: seconds after which a result of many files is reached anew: no key holds the calendar
_OLDEST = 7 * 86400.0
#: of what rows of the index tell; another number whenever that changes
_ROWS = b"4\0"
_MAY_WRITE = frozenset({Role.BUILD, Role.TEST, Role.DOCS, Role.BENCH, Role.ANALYSIS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A result that is known: as if a process had ended so (`attempt`) and its output had been read (`parsed`). `note` is for people, `log` the file
    of its output below the folder of the run; None where it said nothing: then there is no file, a hundred of them cost more than all that is looked up."""

    attempt: Attempt
    parsed: Parsed
    note: str = ""
    log: str | None = None


def caching(sight: Sight, plan: Plan, folder: str, secrets: tuple[str, ...], *, again: bool = False) -> Caching | None:
    """The cache of a run with these settings; None where nothing may be taken from it: asked so, in strict mode, while files are fixed, and over
    a proposal that is not trusted, whose code may have written into the cache.

    `again`: somebody wants these jobs to run once more, so nothing is taken, but kept.
    """
    settings = sight.settings
    if not settings.cache or settings.mode == "strict" or settings.fix or settings.trust == "base":
        return None
    return Caching(sight, plan, folder, ResultStore(cache_folder(sight.environment)), secrets=secrets, verify=settings.verify_cache, again=again)


class Caching:
    """See above. `verify`: a sample of what is known is run all the same, and compared."""

    def __init__(self, sight: Sight, plan: Plan, folder: str, store: ResultStore, *, secrets: tuple[str, ...] = (), verify: bool = False,
                 again: bool = False) -> None:
        self._again = again
        self._root, self._folder, self._store, self._verify = sight.tree.root, folder, store, verify
        # one index for each tree: paths are relative to it
        self._index = hashlib.blake2b(_ROWS + os.fsencode(os.path.realpath(self._root)), digest_size=16).hexdigest()
        known = (store.get(self._index) or {}).get("rows")
        self._digests = Digests(self._root, known if isinstance(known, dict) else None)
        self._keys = Keys(sight, plan, self._digests, {folder: "{run}"})
        self._keeping = Keeping((self._root, folder), store, self._digests, self._keys, secrets)
        self._jobs = {job.id: job for job in plan.jobs}
        self._asked: dict[str, Asked] = {}
        self._why: dict[str, str] = {}
        self._hits = 0
        self._written = False

    # --- before a job starts

    def through(self, known: Callable[[Job, Attempt, Parsed, str], Result]) -> Callable[[Job], Result | Job]:
        """What the executor asks: `known` makes a result of what is known."""
        def ask(job: Job) -> Result | Job:
            found = self.lookup(job)
            if isinstance(found, Job):
                return found
            return replace(known(job, found.attempt, found.parsed, found.note), log=found.log)

        return ask

    def lookup(self, job: Job) -> Hit | Job:
        """What is known of a job that may start now: its result, or the job as it has to run."""
        if self._written:
            self._keys.look_again()
            self._written = False
        try:
            asked = Asked(job, self._keys.of(job))
        except UncachedError as why:
            self._why[job.id] = str(why.args[0])
            return job
        self._asked[job.id] = asked
        if self._again:
            self._why[job.id] = "it was asked for once more"
            return job
        found = self._of_files(asked) if asked.wanted.scope == "file" else self._of_all(asked)
        if isinstance(found, Hit):
            return self._sampled(asked, found)
        return found

    def _of_all(self, asked: Asked) -> Hit | Job:
        entry = self._store.get(asked.wanted.key.digest)
        read = _read(entry, self._root)
        if entry is None or read is None:
            return asked.job
        age = time.time() - float(entry.get("made", 0))
        scope = asked.wanted.scope
        if scope.startswith("ttl:"):
            if age < -_SKEW:
                self._why[asked.job.id] = "what is kept is of a time to come: the clock was set back, and nobody knows how old it is"
                return asked.job
            age = max(0.0, age)
            if age > float(scope.removeprefix("ttl:")):
                self._why[asked.job.id] = f"what is kept is {_age(age)} old: too old for what the network may say anew"
                return asked.job
            return self._hit(asked, entry, read, int(entry["exit"]), f"as of {_age(age)} ago")
        if age > _OLDEST:
            self._why[asked.job.id] = f"what is kept is {_age(age)} old: it is measured anew now and then, whatever has not changed"
            return asked.job
        return self._hit(asked, entry, read, int(entry["exit"]))

    def _of_files(self, asked: Asked) -> Hit | Job:
        job, wanted = asked.job, asked.wanted
        pack = self._store.get(wanted.key.digest)
        known = piecemeal.known_files(pack, wanted.files) if pack is not None and pack.get("root") in ("", self._root) else None
        if pack is None or known is None:
            return job
        asked.pack = pack
        if not job.partial and piecemeal.lost_files(pack, wanted.files):
            self._why[job.id] = "files are gone that it looked at before, so it looks at all others again"
            return job
        todo = [file for file in wanted.files if file not in known]
        if todo:
            asked.known = known
            self._why[job.id] = f"it looks at {_some(todo)}; what is kept holds for {len(known)} others" if known else "nothing was kept for these files"
            few = sum(len(file) + 1 for file in todo) < ARGV_BYTES
            try:
                return self._narrowed(asked, todo) if known and few else self._all_of_it(asked)
            except OSError:  # the shorter list cannot be written
                return self._all_of_it(asked)
        findings = tuple(finding for each in known.values() for finding in each)
        told = _read({"parsed": pack.get("parsed")}, self._root)
        same = told is not None and len(pack.get("all", ())) == len(wanted.files) and told.meaning is Meaning.CLEAN and not findings
        parsed = told if same and told is not None else piecemeal.merged(Parsed(meaning=Meaning.CLEAN), {"": findings})
        return self._hit(asked, pack, parsed, piecemeal.exit_code(job, findings))

    def _all_of_it(self, asked: Asked) -> Job:
        asked.known = {}
        return asked.job

    def _narrowed(self, asked: Asked, todo: Sequence[str]) -> Job:
        command = asked.wanted.command
        assert command is not None
        job = narrowed(asked.job, command, todo, relative)
        for number, word in enumerate(job.argv):
            if "{files_from}" in " ".join(command.argv) and word.endswith(".files") and word.startswith(self._folder):
                path = f"{word.removesuffix('.files')}.some"
                with open(path, "wb") as file:
                    file.write(b"".join(os.fsencode(name) + b"\0" for name in todo))
                job = replace(job, argv=(*job.argv[:number], path, *job.argv[number + 1:]))
        return job

    def _hit(self, asked: Asked, entry: Mapping[str, Any], parsed: Parsed, exit_code: int, note: str = "") -> Hit:
        place = job_folder(self._folder, asked.job.id)
        paths = {name: os.path.join(place, f"{name}.log") for name in ("stdout", "stderr")}
        said = {path: data for name, path in paths.items() if isinstance(data := entry.get(name), bytes) and data}
        with contextlib.suppress(OSError):
            for path, data in said.items():
                os.makedirs(place, exist_ok=True)
                with open(path, "wb") as file:
                    file.write(data)
        attempt = Attempt(exit_code=exit_code, started=time.monotonic(), stdout=paths["stdout"], stderr=paths["stderr"])
        return Hit(attempt=attempt, parsed=parsed, note=note, log=next((os.path.relpath(path, self._folder) for path in said), None))

    def _sampled(self, asked: Asked, hit: Hit) -> Hit | Job:
        """The hit, or the job itself where the cache is to be put to the test."""
        self._hits += 1
        name = f"{os.path.basename(self._folder)}\0{asked.job.id}".encode()
        if not self._verify or (self._hits > 1 and hashlib.blake2b(name).digest()[0] % _SAMPLE):
            self._why[asked.job.id] = ""
            return hit
        asked.expected = hit.parsed
        self._why[asked.job.id] = "it is one of those that --verify-cache runs again"
        return asked.job

    # --- when it has ended

    def whole(self, job: Job) -> Job:
        """The job as it was planned, of one that was started for fewer files."""
        asked = self._of(job)
        return asked.job if asked is not None else job

    def _of(self, job: Job) -> Asked | None:
        """What was asked for a job; nothing for what does its work when it cannot: another tool, with other rules, that has nothing but the id of it."""
        asked = self._asked.get(job.id)
        return asked if asked is not None and asked.job.fallback == job.fallback else None

    def merged(self, job: Job, attempt: Attempt, parsed: Parsed) -> Parsed:
        """What the output of a job says, together with what is known of the files that it was not given."""
        asked = self._of(job)
        if asked is None:
            return parsed
        asked.parsed, asked.attempt = parsed, attempt
        if asked.expected is not None and not _same(asked.expected, parsed):
            self._store.drop(asked.wanted.key.digest)
            self._asked.pop(job.id)
            meaning = Meaning.FINDINGS_AND_TOOL_ERROR if parsed.findings else Meaning.TOOL_ERROR
            said = f"the cache held another result than this run gives ({_told(asked.expected)}, now {_told(parsed)}): the entry is removed"
            return replace(parsed, meaning=meaning, message=said)
        return piecemeal.merged(parsed, asked.known)

    def marked(self, job: Job, result: Result) -> Result:
        """The result with a word about what was not looked at again."""
        asked = self._of(job)
        if asked is None or not asked.known or result.status not in (Status.PASSED, Status.FAILED):
            return result
        return replace(result, message=f"{result.message} ({len(asked.known)} of {len(asked.wanted.files)} files from the cache)")

    def finished(self, result: Result) -> None:
        """Takes note of the end of a job."""
        job = self._jobs.get(result.job)
        if job is not None and not result.from_cache and (job.role in _MAY_WRITE or job.tool_id in ("task", "script")):
            self._written = True
        asked = self._asked.get(result.job)
        if asked is not None and not result.from_cache:
            asked.keep = is_true(result) and asked.parsed is not None

    # --- at the end

    def close(self) -> tuple[str, ...]:
        """Keeps what is true, and says what a person should know."""
        kept = [asked for asked in self._asked.values() if asked.keep]
        for asked in self._keeping.settled(kept) if kept else ():
            self._keeping.keep(asked)
        if self._digests.learned:
            self._store.put(self._index, {"rows": dict(self._digests.index())})
        self._keeping.write_keys(self._asked, self._why)
        if kept:
            self._store.tidy()
        return tuple(self._store.notices)


def _read(entry: Mapping[str, Any] | None, root: str) -> Parsed | None:
    """What an entry says; None where it is of no use here."""
    if entry is None or entry.get("root", "") not in ("", root):
        return None
    try:
        return from_document(Parsed, entry.get("parsed"))
    except (DocumentError, TypeError, ValueError):
        return None


def _same(before: Parsed, now: Parsed) -> bool:
    """Whether two outputs say the same; how long tests took is not part of it."""
    return before.meaning is now.meaning and sorted(map(repr, before.findings)) == sorted(map(repr, now.findings)) and \
        sorted((test.classname, test.name, test.outcome) for test in before.tests) == sorted((test.classname, test.name, test.outcome) for test in now.tests)


def _told(parsed: Parsed) -> str:
    return f"{str(parsed.meaning).replace('_', ' ')}, {len(parsed.findings)} findings"


def _some(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{len(files)} files ({', '.join(files[:3])}{', ...' if len(files) > 3 else ''})"


def _age(seconds: float) -> str:
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 172_800 else f"{round(seconds / 86400)} days"
