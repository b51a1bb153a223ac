"""A page that must stay within a size: the body of a comment on a pull request, and the summary of a CI step. Knows no service and no file.

The comment opens with a hidden marker, so that whoever posts it finds the one of the run before and replaces it. What does not fit is left out in
whole pieces (a job, a table), later ones first, and a last line says how many and where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from gatekeeper.model.duration import spoken
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import markdown_code, markdown_text
from gatekeeper.model.status import Status
from gatekeeper.model.wording import count_text
from gatekeeper.report.markdown import BROKEN, NOT_MEASURED, WORDS, Pair, job_section, unmeasured_section
from gatekeeper.report.standing import (
    comparison_section,
    conditions_section,
    decided,
    delta_words,
    ending_section,
    fixed_section,
    new_section,
    scores_section,
)

#: begins the comment; unique, invisible and stable, so that the comment of the run before can be found
MARKER = "<!-- gatekeeper -->"
#: GitHub refuses comments of more than 65,536 characters; counted in bytes, because nobody documents which characters are meant
COMMENT_BYTES = 65_000
#: GitHub takes 1 MiB per step and drops the whole summary above it
STEP_BYTES = 1024 * 1024 - 4096
_ROOM_FOR_TAIL = 400


def render(record: RunRecord) -> bytes:
    """The body of a comment as UTF-8 Markdown, marker first."""
    return fitted([MARKER, *_pieces(record)], COMMENT_BYTES)


def step_summary(record: RunRecord, room: int = STEP_BYTES) -> bytes:
    """The summary of a CI step as UTF-8 Markdown of at most `room` bytes."""
    return fitted(list(_pieces(record)), room)


def fitted(pieces: Sequence[str], limit: int) -> bytes:
    """The pieces with empty lines between them, in at most `limit` bytes; the last line tells of those that had no room."""
    kept: list[bytes] = []
    room, missing = limit - _ROOM_FOR_TAIL, 0
    for piece in pieces:
        data = piece.encode()
        if len(data) + 2 > room:
            missing += 1
            continue
        kept.append(data)
        room -= len(data) + 2
    if missing:
        kept.append(f"**{count_text(missing, 'part')} of this page left out: the limit is {limit:,} bytes. `report.md` and `summary.json` of the run have all.**".encode())
    return b"\n\n".join(kept) + b"\n"


def _pieces(record: RunRecord) -> Iterator[str]:
    """The page in pieces, those that matter most first."""
    yield from _head(record)
    yield from _joined(comparison_section(record), new_section(record), conditions_section(record))
    pairs = record.pairs()
    yield from _jobs("Failed", [pair for pair in pairs if pair[1].status is Status.FAILED and pair[0].blocking])
    yield from _jobs("Could not do their work", [pair for pair in pairs if pair[1].status in BROKEN])
    yield from _joined(unmeasured_section([pair for pair in pairs if pair[1].status in NOT_MEASURED]), ending_section(record))
    yield from _folded("Fixed", fixed_section(record))
    yield from _folded("Scores", scores_section(record))
    yield _foot(record)


def _head(record: RunRecord) -> Iterator[str]:
    verdict = record.verdict
    yield f"# Gatekeeper: {WORDS[verdict.outcome]}"
    compared = f" ({delta_words(record.delta)})" if record.delta is not None else ""
    yield f"{markdown_text(verdict.message) or 'No message.'}{compared}"
    decisive = [condition for condition in verdict.conditions if record.plan.job(condition.subject) is None]
    if decisive:
        yield "\n".join(map(decided, decisive[:50]))


def _foot(record: RunRecord) -> str:
    return (f"{count_text(len(record.results), 'job')} in {spoken(record.wall_seconds)}, exit code {record.verdict.exit_code}; pipeline "
            f"{markdown_code(record.plan.pipeline)}, {markdown_text(record.plan.scope)}; run {markdown_code(record.run_id)}, Gatekeeper {markdown_text(record.version)}")


def _joined(*sections: Iterable[str]) -> Iterator[str]:
    yield from (text for section in sections if (text := "\n".join(section)))


def _jobs(title: str, pairs: Sequence[Pair]) -> Iterator[str]:
    """One piece per job; the heading stands with the first, so that it never stands alone."""
    for number, pair in enumerate(pairs):
        heading = () if number else (f"## {title} ({len(pairs)})", "")
        yield "\n".join(chain(heading, job_section(*pair)))


def _folded(title: str, section: Iterable[str]) -> Iterator[str]:
    """A section that opens when asked; our own tags, nothing of a tool is in them."""
    lines = list(section)
    if lines:
        body = "\n".join(lines[2:])
        yield f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
