"""solhint's formatters for people, `stylish` (its default), `unix` and `compact`, which it took over from eslint.

Paths are relative and columns count characters, both other than eslint's. A clean run prints nothing. Recorded from solhint 6.2.4.
"""

from __future__ import annotations

from gatekeeper.model.finding import Category, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse import eslint_lines, eslint_stylish
from gatekeeper.parse.grade import Scribe
from gatekeeper.parse.place import Sources
from gatekeeper.parse.text import decode


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of solhint in whichever of the three forms."""
    scribe = Scribe.of(raw, "solhint", Category.LINT)
    listed = eslint_stylish.listed if "\u2716 " in decode(raw.stdout) else eslint_lines.listed
    return listed(raw, exits, scribe, _as_it_is)


def _as_it_is(_sources: Sources, _file: str | None, _line: int | None, column: int | None) -> int | None:
    return column
