"""Text with styles, and the one way out to a terminal: every text is redacted and made harmless here, then coloured when asked.

Styles only repeat what the words say: no state is told by colour alone. Knows no events and no stream.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from gatekeeper.model.redaction import redact
from gatekeeper.model.sanitize import ci_text, terminal_text
from gatekeeper.model.value import dataclass


class Style(StrEnum):
    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    DIM = "dim"
    STRONG = "strong"
    ADDED = "added"
    REMOVED = "removed"


#: SGR parameters; 16-colour codes only, so that the terminal's own palette decides
_SGR = {Style.GOOD: "32", Style.BAD: "1;31", Style.WARN: "33", Style.DIM: "2", Style.STRONG: "1", Style.ADDED: "32", Style.REMOVED: "31"}
#: a line longer than this is minified code or data; nobody reads it on a terminal
LONGEST_LINE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of one line; its text may come from anywhere."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a stream wants its text: `width` in cells, ANSI colour or none, box characters or ASCII, how much, and what must not be said.

    `ci`: lines may be read as commands by a CI service, so none may look like one.
    """

    width: int = 100
    color: bool = False
    unicode: bool = True
    verbose: bool = False
    quiet: bool = False
    secrets: tuple[str, ...] = ()
    ci: bool = False


def line(*parts: str | Span) -> Line:
    """A line of texts and spans."""
    return tuple(part if isinstance(part, Span) else Span(text=part) for part in parts)


def good(text: str) -> Span:
    """Text in the style of what is well."""
    return Span(text=text, style=Style.GOOD)


def bad(text: str) -> Span:
    """Text in the style of what fails."""
    return Span(text=text, style=Style.BAD)


def warn(text: str) -> Span:
    """Text in the style of what wants attention."""
    return Span(text=text, style=Style.WARN)


def dim(text: str) -> Span:
    """Text in the style of what matters least."""
    return Span(text=text, style=Style.DIM)


def strong(text: str) -> Span:
    """Text in the style of a heading."""
    return Span(text=text, style=Style.STRONG)


def shown(text: str, secrets: tuple[str, ...] = ()) -> str:
    """What may be seen of a text: no secret, no control character, one line. `Span` texts become terminal output only through this."""
    text = redact(text, secrets)
    return text if text.isprintable() else terminal_text(text.expandtabs(4)).replace("\n", " ")


def rendered(content: Line, look: Look) -> str:
    """One line of terminal text without its newline."""
    texts = [(shown(span.text, look.secrets), span.style) for span in content]
    if not look.color:
        plain = "".join(text for text, _ in texts).rstrip()
        return ci_text(plain) if look.ci else plain
    colored = "".join(f"\x1b[{_SGR[style]}m{text}\x1b[0m" if style in _SGR and text else text for text, style in texts)
    return ci_text(colored) if look.ci else colored


def text_of(lines: Iterable[Line], look: Look) -> str:
    """Several lines of terminal text, each ended by a newline."""
    return "".join(rendered(content, look) + "\n" for content in lines)


def cells(text: str) -> int:
    """How many cells a text takes on a terminal: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """`text` filled with blanks to `width` cells."""
    return text + " " * max(0, width - cells(text))


def cropped(content: Line, width: int) -> Line:
    """The part of a line that fits `width` cells; cut texts end in three dots."""
    if sum(cells(span.text) for span in content) <= width:
        return content
    room, kept = max(0, width - 3), []
    for span in content:
        piece = _fitting(span.text, room)
        room -= cells(piece)
        kept.append(Span(text=piece, style=span.style))
        if piece != span.text:
            break
    return (*kept, Span(text="..."[:width]))


def _fitting(text: str, room: int) -> str:
    if text.isascii():
        return text[:room]
    taken = 0
    for index, char in enumerate(text):
        taken += cells(char)
        if taken > room:
            return text[:index]
    return text


def clipped(text: str) -> str:
    """A line of tool output of bearable length."""
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} ... ({len(text) - LONGEST_LINE} more characters)"
