"""One Rust test as a result: the place in a doctest's name, the place and the line of a panic.

Knows what Rust's test harness says of a test; does not know in which form (text or JSON) it said so.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import RawOutput, TestCase, TestOutcome
from gatekeeper.model.value import dataclass
from gatekeeper.parse.place import nearest
from gatekeeper.parse.stack import rust_spot
from gatekeeper.parse.tally import headline
from gatekeeper.parse.text import capped

_DOCTEST = re.compile(r"^(?P<path>\S.*?\.(?:rs|md)) - .*\(line (?P<line>\d{1,9})\)")
#: before Rust 1.73 the message stood in quotes before the place, and could go on in the next lines
_PANIC = re.compile(r"^thread .*? panicked at (?:'(?P<old>.*?)(?:', [^']*:\d+:\d+)?|[^'\n][^\n]*:\d+:\d+:)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a harness says of one test beside name and outcome."""

    classname: str = ""
    message: str | None = None
    seconds: float | None = None
    detail: str = ""


def rust_case(raw: RawOutput, name: str, outcome: TestOutcome, told: Told) -> TestCase:
    """One Rust test; a doctest's place is in its name, a failing test's where it panicked."""
    doctest, text = _DOCTEST.match(name), told.detail.strip("\n")
    spot = (nearest(raw, doctest["path"]), int(doctest["line"])) if doctest else rust_spot(raw, f"{text}\n{told.message or ''}") or (None, None)
    return TestCase(name=name, classname=told.classname, outcome=outcome, file=spot[0], line=spot[1], seconds=told.seconds,
                    message=headline(told.message) or panic(text), detail=capped(text) or None)


def panic(text: str) -> str | None:
    """The line of a failing test's output that says why: the panic's message, or `Error: ...`."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        found = _PANIC.match(line)
        if found:
            return headline(found["old"] or "\n".join(lines[at + 1:]))
    return next((line.strip() for line in lines if line.startswith(("Error: ", "note: test did not panic"))), headline(text))


def plain_name(name: str) -> str:
    """Without what libtest adds to a name: ` - should panic`, ` - compile fail`."""
    return name.removesuffix(" - should panic").removesuffix(" - compile fail").removesuffix(" - compile")
