"""Runs the benchmarks and appends their tables to `results.md`: `python3 benchmarks/run.py [--no-record] [ROW ...]`.

Needs Python 3.11, git, a network for pip and npm on the first time, and nothing else. Knows no benchmark in particular.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime

from measure import Row, Told
from places import NODE_PEERS, PYTHON_PEERS, prepare
from rows import BENCHMARKS

_HERE = os.path.dirname(os.path.abspath(__file__))
_FEWEST = 9


def main() -> int:
    """Measures what was asked for; prints it, and records it unless told not to."""
    wishes = _wishes()
    place = prepare(wishes.folder or tempfile.mkdtemp(prefix="gatekeeper-benchmarks-"), os.path.abspath(wishes.checkout), tuple(wishes.repository))
    print(f"measuring in {place.folder}", file=sys.stderr)
    _say(_heading(wishes), record=wishes.record)
    verdicts: list[Row] = []
    for name in wishes.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        print(f"{name} ...", file=sys.stderr)
        told = benchmark.measure(place, wishes.repeats)
        verdicts.append((benchmark.title, benchmark.budget, told.measured, _MET[told.met]))
        _say(f"**{benchmark.title}**: {(benchmark.measure.__doc__ or '').splitlines()[0]}\n\n{_markdown(told.rows)}\n\n{_sentence(benchmark.budget, told)}", record=wishes.record)
    _say(_markdown([("what", "budget", "measured", "met"), *verdicts]), record=wishes.record)
    return 0


_MET = {True: "met", False: "not met", None: "not to be said"}


def _sentence(budget: str, told: Told) -> str:
    return f"Budget: {budget}. Measured: {told.measured}: {_MET[told.met]}."


def _say(text: str, *, record: bool) -> None:
    """Tells a part as soon as it is known: what was measured is not lost when a later part fails."""
    print(f"{text}\n", flush=True)
    if record:
        with open(os.path.join(_HERE, "results.md"), "a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="ROW", help=f"which benchmarks: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--repeats", type=int, default=_FEWEST, help="counted rounds, at least 9 where it is recorded")
    parser.add_argument("--repository", action="append", default=[], metavar="PATH", help="a clone of a real repository for the row `cold`; may be given again")
    parser.add_argument("--checkout", default=os.path.dirname(_HERE), help="the checkout to measure (default: this one)")
    parser.add_argument("--folder", help="where to install and to lay out; kept and used again (default: a new temporary folder)")
    parser.add_argument("--note", default="", help="a word to the heading, for example: before")
    parser.add_argument("--no-record", dest="record", action="store_false", help="only print")
    wishes = parser.parse_args()
    if unknown := [name for name in wishes.names if name not in BENCHMARKS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if wishes.record and wishes.repeats < _FEWEST:
        parser.error(f"--repeats {wishes.repeats}: a median of fewer than {_FEWEST} is chance")
    return wishes


def _heading(wishes: argparse.Namespace) -> str:
    git = subprocess.run(["git", "-C", wishes.checkout, "describe", "--always", "--dirty", "--exclude=*"], capture_output=True, text=True, check=False)
    commit = git.stdout.strip() or "an unknown commit"
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (f"## {day}, {commit}{f', {wishes.note}' if wishes.note else ''}\n\n"
            f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}; "
            f"load before {load}; medians of {wishes.repeats} (version: of {wishes.repeats * 3}), order shuffled in each round; peers: {', '.join((*PYTHON_PEERS, *NODE_PEERS))}.")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    except OSError:
        return platform.processor() or platform.machine()


def _markdown(rows: Sequence[Row]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((head, f"|{' --- |' * len(rows[0])}", *body))


if __name__ == "__main__":
    sys.exit(main())
