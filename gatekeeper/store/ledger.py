"""The history of a tree as an SQLite database: takes over the lines that runs have left, and answers who looks back.

Everything happens under the lock of the lines, in short transactions; a run that was taken over twice, because somebody died in between, is one run. A
database that is damaged, of a newer Gatekeeper or not ours (it may have come with the repository) is moved aside and told; where nothing can be written
the answers come from a copy in memory. Runs are kept for 400 days, and the newest 1,000 in any case. Does not know what the numbers mean.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from gatekeeper.errors import StoreError
from gatekeeper.model.value import dataclass
from gatekeeper.store.history_lines import FILE as LINES
from gatekeeper.store.history_lines import PastJob, PastRun, read_lines
from gatekeeper.store.home import Home
from gatekeeper.store.lock import locked

FILE = "history.sqlite3"
SCHEMA = 1
KEPT_DAYS = 400
KEPT_RUNS = 1000
_OURS = 0x6761_7465  # "gate"
_TABLES = """
CREATE TABLE runs (run TEXT PRIMARY KEY, started_at TEXT, seconds REAL, outcome TEXT, exit_code INTEGER, pipeline TEXT, scope TEXT, commit_id TEXT, tree TEXT,
                   estimated REAL, cpu REAL, pool INTEGER) WITHOUT ROWID;
CREATE TABLE jobs (run TEXT, job TEXT, status TEXT, seconds REAL, peak_mb REAL, cpu REAL, files INTEGER, attempts INTEGER, from_cache INTEGER, flaky INTEGER,
                   read_mb REAL, write_mb REAL, PRIMARY KEY (run, job)) WITHOUT ROWID;
CREATE INDEX jobs_by_job ON jobs (job, run);
"""
_NAMES = {"runs", "jobs", "jobs_by_job"}
_UNSTEADY = """
WITH ends AS (SELECT job, tree, max(status = 'passed') AS good, max(status IN ('failed', 'errored', 'timed_out')) AS bad
              FROM jobs JOIN runs USING (run) WHERE tree != '' AND NOT from_cache GROUP BY job, tree),
     trees AS (SELECT job, sum(good AND bad) AS trees FROM ends GROUP BY job),
     marks AS (SELECT job, count(*) AS runs, sum(flaky) AS marked, max(started_at) AS seen FROM jobs JOIN runs USING (run) WHERE NOT from_cache GROUP BY job)
SELECT job, runs, marked, coalesce(trees, 0), seen FROM marks LEFT JOIN trees USING (job)
WHERE marked > 0 OR coalesce(trees, 0) > 0 ORDER BY marked + coalesce(trees, 0) DESC, job LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsteady:
    """A job that came to different ends: `marked` runs in which another try passed, `trees` on which it once passed and once did not, of `runs` runs."""

    job: str
    runs: int
    marked: int
    trees: int
    last_seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """How long a job takes: seconds of its runs that did their work, the newest last, and its share of the time of all jobs of those runs."""

    job: str
    seconds: tuple[float, ...]
    peak_mb: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One run of one job."""

    run_id: str
    started_at: str
    commit: str | None
    status: str
    seconds: float
    from_cache: bool


class Ledger:
    """The open database; `notice` says what a person should know about it."""

    def __init__(self, database: sqlite3.Connection, notice: str | None) -> None:
        self._database = database
        self.notice = notice

    def recent(self, count: int) -> list[PastRun]:
        """The newest runs, newest first."""
        rows = self._database.execute("SELECT * FROM runs ORDER BY started_at DESC, run DESC LIMIT ?", (max(0, count),)).fetchall()
        return [PastRun(run_id=row[0], started_at=row[1], seconds=row[2], outcome=row[3], exit_code=row[4], pipeline=row[5], scope=row[6], commit=row[7],
                        tree=row[8], estimated_seconds=row[9], cpu_seconds=row[10], pool_size=row[11], jobs=self._jobs(row[0])) for row in rows]

    def _jobs(self, run: str) -> tuple[PastJob, ...]:
        rows = self._database.execute("SELECT job, status, seconds, peak_mb, cpu, files, attempts, from_cache, flaky, read_mb, write_mb FROM jobs WHERE run = ?"
                                      " ORDER BY job", (run,))
        return tuple(PastJob(id=row[0], status=row[1], seconds=row[2], peak_memory_mb=row[3], cpu_seconds=row[4], files=row[5], attempts=row[6],
                             from_cache=bool(row[7]), flaky=bool(row[8]), read_mb=row[9], write_mb=row[10]) for row in rows)

    def unsteady(self, count: int) -> list[Unsteady]:
        """Jobs that came to different ends on one content of the tree, or passed only at another try; the worst first."""
        rows = self._database.execute(_UNSTEADY, (count,))
        return [Unsteady(job=row[0], runs=row[1], marked=row[2], trees=row[3], last_seen=row[4]) for row in rows]

    def slowest(self, count: int, runs: int = 20) -> list[Timed]:
        """The jobs that took most time in the newest runs, the slowest middle run first."""
        rows = self._database.execute("""
            SELECT job, seconds, peak_mb FROM jobs JOIN (SELECT run, started_at FROM runs ORDER BY started_at DESC, run DESC LIMIT ?) USING (run)
            WHERE status IN ('passed', 'failed') AND NOT from_cache ORDER BY started_at, run""", (runs,)).fetchall()
        seconds: dict[str, list[float]] = {}
        peaks: dict[str, float] = {}
        for job, took, peak in rows:
            seconds.setdefault(job, []).append(took)
            peaks[job] = max(peak, peaks.get(job, 0.0))
        whole = sum(map(sum, seconds.values())) or 1.0
        timed = [Timed(job=job, seconds=tuple(told), peak_mb=peaks[job], share=sum(told) / whole) for job, told in seconds.items()]
        return sorted(timed, key=lambda one: (-sorted(one.seconds)[len(one.seconds) // 2], one.job))[:count]

    def trend(self, job: str, count: int) -> list[Moment]:
        """The newest runs of a job, oldest first."""
        rows = self._database.execute("SELECT run, started_at, commit_id, status, jobs.seconds, from_cache FROM jobs JOIN runs USING (run) WHERE job = ?"
                                      " ORDER BY started_at DESC, run DESC LIMIT ?", (_text(job), count)).fetchall()
        return [Moment(run_id=row[0], started_at=row[1], commit=row[2], status=row[3], seconds=row[4], from_cache=bool(row[5])) for row in reversed(rows)]

    def job_ids(self) -> list[str]:
        """Every job that is on record."""
        return [row[0] for row in self._database.execute("SELECT DISTINCT job FROM jobs ORDER BY job")]


@contextlib.contextmanager
def ledger(home: Home) -> Iterator[Ledger]:
    """The history of a tree with all its lines taken over; never fails."""
    database, notice = _opened(home)
    try:
        yield Ledger(database, notice)
    finally:
        database.close()


def _opened(home: Home) -> tuple[sqlite3.Connection, str | None]:
    if not os.path.isdir(home.folder):  # looking back makes nothing
        return _in_memory(home), None
    path = os.path.join(home.folder, FILE)
    lock = os.path.join(home.folder, f"{LINES}.lock")
    try:
        with locked(lock), contextlib.ExitStack() as stack:
            reason = _unfit(path)
            notice = None if reason is None else _moved_aside(path, reason)
            database = stack.enter_context(contextlib.closing(_connected(path)))
            lost = _take_over(database, home)
            stack.pop_all()
    except (OSError, StoreError, sqlite3.Error) as error:
        return _in_memory(home), f"the history cannot be written: {error}"
    return database, "; ".join(filter(None, (notice, _unread(home, lost)))) or None


def _unread(home: Home, lost: int) -> str | None:
    return f"{os.path.join(home.folder, LINES)}: {lost} line{'' if lost == 1 else 's'} could not be read and {'is' if lost == 1 else 'are'} lost" if lost else None


def _unfit(path: str) -> str | None:
    """Why a database must not be used, None where it may; one that does not exist may."""
    if os.path.islink(path):
        return "is a symbolic link"
    if not os.path.exists(path) or not os.path.getsize(path):
        return None
    try:
        # not for reading only: what a crash has left half done is put right here
        with contextlib.closing(sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, timeout=10)) as database:
            version, = database.execute("PRAGMA user_version").fetchone()
            ours, = database.execute("PRAGMA application_id").fetchone()
            names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")}
            sound, = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # busy, or it cannot be written: no fault of its content
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    if ours != _OURS or (version <= SCHEMA and names != _NAMES):
        return "is no history of Gatekeeper"
    if version > SCHEMA:
        return f"is of a newer Gatekeeper (schema {version})"
    return None if sound == "ok" else "is damaged"


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _moved_aside(path: str, reason: str) -> str:
    aside = f"{path}.{datetime.now(UTC):%Y%m%d-%H%M%S}.aside"
    os.rename(path, aside)
    for ending in ("-journal", "-wal", "-shm"):  # they belong to it, and would be played into the new one
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + ending, aside + ending)
    return f"{path} {reason}: it is now {os.path.basename(aside)}, and a new history begins"


def _connected(path: str) -> sqlite3.Connection:
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=10)))
        database.execute("PRAGMA trusted_schema = OFF")
        if path == ":memory:" or not os.path.getsize(path):
            database.executescript(f"BEGIN; PRAGMA application_id = {_OURS}; PRAGMA user_version = {SCHEMA}; {_TABLES} COMMIT;")
        stack.pop_all()
    return database


def _take_over(database: sqlite3.Connection, home: Home) -> int:
    """Moves the lines into the database; how many could not be read."""
    runs, lost = read_lines(home)
    if not runs and not lost:
        return 0
    _insert(database, runs)
    os.truncate(os.path.join(home.folder, LINES), 0)
    return lost


def _insert(database: sqlite3.Connection, runs: Sequence[PastRun]) -> None:
    oldest = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
    database.execute("BEGIN IMMEDIATE")
    with database:
        for run in runs:
            database.execute("DELETE FROM jobs WHERE run = ?", (run.run_id,))
            database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (
                run.run_id, run.started_at, run.seconds, run.outcome, run.exit_code, _text(run.pipeline), _text(run.scope), run.commit, run.tree,
                run.estimated_seconds, run.cpu_seconds, run.pool_size))
            database.executemany("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
                (run.run_id, _text(job.id), job.status, job.seconds, job.peak_memory_mb, job.cpu_seconds, job.files, job.attempts, job.from_cache, job.flaky,
                 job.read_mb, job.write_mb) for job in run.jobs])
        database.execute("DELETE FROM runs WHERE started_at < ? AND run NOT IN (SELECT run FROM runs ORDER BY started_at DESC, run DESC LIMIT ?)", (oldest, KEPT_RUNS))
        database.execute("DELETE FROM jobs WHERE run NOT IN (SELECT run FROM runs)")


def _text(value: str) -> str:
    """A text that a database takes: a name of bytes that are no UTF-8 with those spelled out."""
    return value.encode("utf-8", "backslashreplace").decode()


def _in_memory(home: Home) -> sqlite3.Connection:
    """What can be read, where nothing can be written."""
    database = _connected(":memory:")
    path = os.path.join(home.folder, FILE)
    try:
        if os.path.exists(path):
            with contextlib.closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True)) as kept:
                kept.backup(database)
    except (OSError, sqlite3.Error):
        database.close()
        database = _connected(":memory:")
    _insert(database, read_lines(home)[0])
    return database
