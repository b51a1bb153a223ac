"""HTML from texts that nobody trusts: escaped text, code, links and tables. The one place of the HTML report where a text becomes markup.

Control characters are spelled out, long texts are cut and say so, addresses become links only where they are plain `http` or `https`. No attribute
`style` and no event handler is ever written: the policy of the page forbids both. Knows no run and no file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from gatekeeper.model.sanitize import one_line, terminal_text
from gatekeeper.model.value import dataclass

LONGEST_TEXT = 600
LONGEST_BLOCK = 6_000
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][^\s\"'<>\\^`{|}]{0,1900}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: markup that is already safe, and what it is sorted by where that is not its text. `number` cells stand to the right."""

    markup: str
    key: str | float | None = None
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its title, whether it is sorted by number, and whether the page offers its values to choose from."""

    title: str
    number: bool = False
    pick: bool = False
    wide: bool = False


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """Any text on one line, literally."""
    return html.escape(one_line(_cut(str(value), longest)), quote=True)


def code(value: object, longest: int = LONGEST_TEXT) -> str:
    """A text on one line as code; nothing where there is none."""
    shown = text(value, longest)
    return f"<code>{shown}</code>" if shown.strip() else ""


def block(value: str, longest: int = LONGEST_BLOCK) -> str:
    """A text with its lines as preformatted text."""
    return f"<pre>{html.escape(terminal_text(_cut(value, longest)), quote=True)}</pre>"


def link(address: str | None, label: str) -> str:
    """`label` (safe markup) as a link where the address is plain http or https, else alone."""
    if address is None or not address.isprintable() or _ADDRESS.fullmatch(address) is None:
        return label
    return f'<a href="{html.escape(address, quote=True)}" rel="noopener noreferrer nofollow">{label}</a>'


def folded(title: str, body: str) -> str:
    """Markup that opens when asked."""
    return f"<details><summary>{title}</summary>{body}</details>"


def tag(kind: str, word: str) -> str:
    """A word in the colour of its kind; `kind` and `word` are ours, not a tool's."""
    return f'<span class="tag {html.escape(kind)}">{html.escape(word)}</span>'


def number(value: float, shown: str | None = None) -> Cell:
    """A number to be sorted as one."""
    return Cell(markup=html.escape(shown if shown is not None else str(value)), key=value, number=True)


def cell(markup: str, key: str | float | None = None) -> Cell:
    """A cell of safe markup."""
    return Cell(markup=markup, key=key)


def table(label: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, filtered: bool = False) -> str:
    """A table that scrolls by keyboard where it is too wide, and that the page's script makes sortable."""
    head = "".join(f'<th scope="col"{_marks(column)}>{html.escape(column.title)}</th>' for column in columns)
    body = "\n".join(f"<tr>{''.join(_data(one) for one in row)}</tr>" for row in rows)
    kind = ' class="filtered"' if filtered else ""
    return (f'<div class="scroll" role="region" aria-label="{html.escape(label)} table" tabindex="0"><table{kind}>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>")


def section(anchor: str, title: str, body: str, note: str = "") -> str:
    """A section with a heading; nothing where it has no body."""
    if not body:
        return ""
    said = f'<p class="note">{note}</p>\n' if note else ""
    return f'<section id="{anchor}" aria-labelledby="{anchor}-title">\n<h2 id="{anchor}-title">{html.escape(title)}</h2>\n{said}{body}\n</section>'


def _marks(column: Column) -> str:
    return f"{' data-number' if column.number else ''}{' data-pick' if column.pick else ''}{' class=wide' if column.wide else ''}"


def _data(one: Cell) -> str:
    key = "" if one.key is None else f' data-key="{text(one.key)}"'
    return f"<td{' class=number' if one.number else ''}{key}>{one.markup}</td>"


def _cut(value: str, longest: int) -> str:
    return value if len(value) <= longest else f"{value[:longest]} ... ({len(value) - longest} more characters)"
