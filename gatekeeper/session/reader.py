"""The reader: a process of ours (`gatekeeper/builtin/reader.py`) that reads one output and leaves what it means in a file. Here is what it is started
with, asked and answers, for both sides. Does not know what starts it, nor how outputs are read.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable

from gatekeeper.judge.conclude import signal_name
from gatekeeper.model.document import from_document, to_document
from gatekeeper.session.reading import PATTERNS, Read, Reading, size_of
from gatekeeper.tree.plain import open_plain

#: megabytes of address space that a reader has
READER_MEMORY_MB = 3072
#: exit code of a reader that had too little of it
OUT_OF_MEMORY = 3


def unread(reading: Reading, end: str | int) -> str:
    """Why a reader gave no answer, in one line. `end` is its exit code (negative: a signal), `time`, or why it could not be started."""
    size = f"{sum(size_of(path) for path in (reading.stdout, reading.stderr, reading.report)) / 1e6:.1f} MB of output"
    if end == "time":
        why = "the pattern backtracks too much: it" if reading.parser in PATTERNS else f"reading {size}"
        return f"{why} took longer than {reading.seconds:g} s"
    if end == OUT_OF_MEMORY:
        return f"reading {size} needs more than {READER_MEMORY_MB} MB of memory"
    if isinstance(end, int) and end < 0:
        who = ": by somebody, or by the system because memory was short" if end == -9 else ""
        return f"what read {size} was ended twice, by {signal_name(-end)}{who}"
    return f"reading {size} failed ({f'exit code {end}' if isinstance(end, int) else end})"


def reader_argv(request: str, answer: str) -> tuple[str, ...]:
    """The words that start a reader, in isolation: it takes the reading from the file `request` and leaves what it read in `answer`."""
    return sys.executable, "-I", "-m", "gatekeeper.builtin.reader", request, answer


def write_request(reading: Reading, path: str) -> None:
    """Writes a reading down for a reader. Raises OSError."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(to_document(reading), file)


def read_request(path: str) -> Reading:
    """The reading in a file. Raises OSError and ValueError."""
    with open(path, encoding="utf-8") as file:
        return from_document(Reading, json.load(file))


def write_answer(read: Read, path: str) -> None:
    """Leaves what was read in a file: pickled, which takes a fourth of the time of JSON where there are 100,000 findings. Raises OSError."""
    with open(path, "wb") as file:
        pickle.dump(read, file, 5)


def read_answer(path: str) -> Read | None:
    """What a reader left, or None where it left nothing whole. Of a pickle only our own values are built."""
    try:
        with open_plain(path) as file:
            found = _Values(io.BytesIO(file.read())).load()
    except (OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, pickle.UnpicklingError):
        return None
    return found if isinstance(found, Read) else None


#: the classes that an answer is made of
VALUES: frozenset[tuple[str, str]] = frozenset(
    {("gatekeeper.session.reading", "Read"), ("gatekeeper.model.status", "Meaning"), ("gatekeeper.model.component", "Problem")}
    | {("gatekeeper.model.finding", name) for name in ("Parsed", "Finding", "TestCase", "TestOutcome", "Metric", "Fix", "Edit", "Safety", "Severity",
                                                       "Level", "Category", "State", "Suppression", "SuppressionKind")})


class _Values(pickle.Unpickler):
    """Builds the values that a reader tells, and nothing else: the file lies where jobs can write."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """The class of that name if it is one of ours."""
        if (module, name) not in VALUES:
            raise pickle.UnpicklingError(f"{module}.{name} is none of our values")
        found: Callable[..., object] = super().find_class(module, name)
        return found
