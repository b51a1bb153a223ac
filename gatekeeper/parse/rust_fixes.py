"""What rustc, clippy and forge lint propose in their JSON: each child with `suggested_replacement` is one fix of one or more edits.

`MachineApplicable` keeps what the program does; `MaybeIncorrect` may change it; with placeholders or without a word a proposal is only to
be read. Alternatives come as one child whose spans are all the same: each is a fix of its own. Knows spans; does not know messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from gatekeeper.model.finding import Edit, Fix, RawOutput, Safety
from gatekeeper.parse.document import Json, maybe_int, maybe_objects, maybe_text
from gatekeeper.parse.place import nearest

_SAFETY = {"MachineApplicable": Safety.SAFE, "MaybeIncorrect": Safety.UNSAFE}
_GRAVER = (Safety.DISPLAY_ONLY, Safety.UNSAFE, Safety.SAFE)
_Span = tuple[int, int, int, int]


def fixes(raw: RawOutput, message: Json) -> tuple[Fix, ...]:
    """The fixes of one diagnostic, in the compiler's order."""
    return tuple(fix for child in maybe_objects(message.get("children")) for fix in _of(raw, child))


def _of(raw: RawOutput, child: Json) -> Iterator[Fix]:
    spans = [span for span in maybe_objects(child.get("spans")) if isinstance(span.get("suggested_replacement"), str)]
    edits = [edit for span in spans if (edit := _edit(raw, span)) is not None]
    if not spans:
        return
    safety, said = min((_safety(span) for span in spans), key=_GRAVER.index), maybe_text(child.get("message"))
    if len(edits) < len(spans):
        yield Fix(safety=Safety.DISPLAY_ONLY, message=said)
    elif len({(edit.file, _range(edit)) for edit in edits}) == 1:
        yield from (Fix(safety=safety, message=said, edits=(edit,)) for edit in edits)
    elif _apart(edits):
        yield Fix(safety=safety, message=said, edits=tuple(edits))
    else:
        yield Fix(safety=Safety.DISPLAY_ONLY, message=said)


def _safety(span: Json) -> Safety:
    word = span.get("suggestion_applicability")
    return _SAFETY.get(word, Safety.DISPLAY_ONLY) if isinstance(word, str) else Safety.DISPLAY_ONLY


def _edit(raw: RawOutput, span: Json) -> Edit | None:
    """The replacement, or None where the span is no place in the tree."""
    file, content = nearest(raw, maybe_text(span.get("file_name"))), span.get("suggested_replacement")
    places = [maybe_int(span.get(key)) for key in ("line_start", "column_start", "line_end", "column_end")]
    line, column, end_line, end_column = (place if place is not None and place > 0 else 0 for place in places)
    if file is None or file.startswith(("/", "<", "../")) or not isinstance(content, str) or not (line and column and end_line and end_column):
        return None
    return Edit(file=file, line=line, column=column, end_line=end_line, end_column=end_column, content=content)


def _range(edit: Edit) -> _Span:
    return edit.line, edit.column, edit.end_line, edit.end_column


def _apart(edits: list[Edit]) -> bool:
    """Whether no two edits of a file overlap."""
    ordered = sorted((edit.file, _range(edit)) for edit in edits)
    return all(one[0] != two[0] or one[1][2:] <= two[1][:2] for one, two in pairwise(ordered))
