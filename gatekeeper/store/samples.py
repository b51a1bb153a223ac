"""What the plan wants to know of each job, reckoned when a run ends and kept in one small file, so that no plan opens a database.

    past.json: {"schema": 1, "jobs": {id: [day, [[seconds, peak_mb, red, files], ...]]}}   newest sample last

The file can be made again from the history, so it is written without waiting for the disk; one that is torn, foreign or gone is no error. Does not
know where the history is.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping

from gatekeeper.model.past import Past
from gatekeeper.model.status import Status
from gatekeeper.store.atomic import UNFINISHED
from gatekeeper.store.home import Home

SCHEMA = 1
FILE = "past.json"
#: how many runs of a job tell what to expect
REMEMBERED = 5
#: days after which a job that no run has is forgotten
FORGOTTEN = 120
#: only a job that did its work tells how long it takes
TELLING = frozenset({Status.PASSED.value, Status.FAILED.value})

#: wall seconds, peak memory in MB, whether it failed, number of its files
Sample = tuple[float, float, bool, int]
Samples = dict[str, tuple[int, list[Sample]]]


def today() -> int:
    """The number of the day, for `added`."""
    return int(time.time() // 86400)


def read_samples(home: Home) -> Samples | None:
    """The samples of each job; None where there are none to be had."""
    try:
        with open(_path(home), "rb") as file:
            kept = json.loads(file.read())
        if kept["schema"] != SCHEMA:
            return None
        return {str(job): (int(day), [(float(seconds), float(peak), bool(red), int(files)) for seconds, peak, red, files in told])
                for job, (day, told) in kept["jobs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_samples(home: Home, samples: Samples) -> None:
    """Replaces the file. Raises OSError."""
    unfinished = os.path.join(home.folder, f"{UNFINISHED}past-{os.getpid()}")
    text = json.dumps({"schema": SCHEMA, "jobs": samples}, separators=(",", ":"))
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(unfinished, _path(home))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def added(samples: Samples, told: Iterable[tuple[str, Sample]], day: int) -> Samples:
    """With one more sample of each job; what was not seen for long is left out."""
    kept = {job: entry for job, entry in samples.items() if entry[0] > day - FORGOTTEN}
    for job, sample in told:
        _, before = kept.get(job, (day, []))
        kept[job] = (day, [*before, sample][-REMEMBERED:])
    return kept


def reckoned(samples: Samples) -> Mapping[str, Past]:
    """What the plan is told of each job."""
    return {job: _past(told) for job, (_, told) in samples.items() if told}


def _past(told: list[Sample]) -> Past:
    """Of the middle run; of two in the middle the slower."""
    seconds, _, _, files = sorted(told)[len(told) // 2]
    return Past(seconds=seconds, files=files, peak_mb=max(sample[1] for sample in told), failure_odds=sum(sample[2] for sample in told) / len(told))


def _path(home: Home) -> str:
    return os.path.join(home.folder, FILE)
