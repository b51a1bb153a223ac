"""Cyclomatic complexity as lizard's `--csv` tells it, a row for each function.

    nloc,complexity,tokens,parameters,length,"name@start-end@file","file","name","long name",start,end

With `--extension=outside` every file has one row for what stands outside of functions, so an output without rows is none. Knows the columns; does not know which complexity is too much.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from gatekeeper.model.finding import Metric, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.model.wording import count_text
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.meaning import Account, conclude
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode

_COLUMNS = 11
_OUTSIDE = "*global*"


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """A metric `complexity` for each function, with its place."""
    rows = tuple(_metrics(raw))
    if not rows:
        raise UnparsableError("lizard printed nothing")
    metrics = tuple(metric for metric in rows if metric.subject != _OUTSIDE)
    most = max((metric.value for metric in metrics), default=0)
    parsed = conclude(raw, exits, Account())
    said = f"{count_text(len(metrics), 'function')}, the most complex has {most:g}"
    return replace(parsed, metrics=metrics, message=parsed.message or said)


def _metrics(raw: RawOutput) -> Iterator[Metric]:
    try:
        for row in csv.reader(decode(raw.stdout).splitlines(), strict=True):
            if len(row) != _COLUMNS:
                raise UnparsableError(f"a row of lizard has {len(row)} columns instead of {_COLUMNS}")
            yield Metric(name="complexity", value=float(int(row[1])), file=relative(raw, row[6]), line=int(row[9]), subject=row[7])
    except (csv.Error, ValueError) as error:
        raise UnparsableError(f"lizard's rows cannot be read: {error}") from None
