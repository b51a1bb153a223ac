"""Lines by language as metrics and facts, whichever program counted them.

`lines.code`, `lines.comment` and `lines.blank` for each language and for all, `files` beside them. Does not know any program's output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatekeeper.model.finding import Metric, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass
from gatekeeper.parse.document import Json, UnparsableError, maybe_int
from gatekeeper.parse.meaning import Account, conclude

KINDS = ("code", "comment", "blank")
_NOTHING = "no lines were counted"


@dataclass(frozen=True, slots=True)
class Count:
    """Lines and files of one language, or of one file."""

    files: int
    code: int
    comment: int
    blank: int

    def plus(self, other: Count | None) -> Count:
        return self if other is None else Count(self.files + other.files, self.code + other.code, self.comment + other.comment, self.blank + other.blank)


def of_entry(entry: Json, files: int, kinds: tuple[str, str, str]) -> Count:
    """The lines of an entry, whose `kinds` are its names for code, comments and blank lines."""
    numbers = [maybe_int(entry.get(kind)) for kind in kinds]
    if any(number is None or number < 0 for number in numbers):
        raise UnparsableError("an entry of the report has no numbers of lines")
    return Count(files, *(number or 0 for number in numbers))


def counted(raw: RawOutput, exits: ExitSpec, languages: Mapping[str, Count], error: str | None) -> Parsed:
    """The numbers of all languages, and of each."""
    total = Count(0, 0, 0, 0)
    for count in languages.values():
        total = total.plus(count)
    facts = {"languages": {name: {"files": count.files, "code": count.code, "comment": count.comment, "blank": count.blank} for name, count in sorted(languages.items())}}
    metrics = (*_metrics(None, total), *(metric for name, count in sorted(languages.items()) for metric in _metrics(name, count)))
    return conclude(raw, exits, Account(error=error, nothing=None if languages else _NOTHING, facts=facts if languages else None, metrics=metrics if languages else ()))


def _metrics(language: str | None, count: Count) -> Iterator[Metric]:
    yield Metric(name="files", value=float(count.files), unit="files", subject=language)
    for kind, number in zip(KINDS, (count.code, count.comment, count.blank), strict=True):
        yield Metric(name=f"lines.{kind}", value=float(number), unit="lines", subject=language)
