"""Regular expressions meet output and files of strangers: none may take time with the square of its input."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).resolve().parents[2] / "gatekeeper").rglob("*.py"))
_MULTILINE = re.compile(r"MULTILINE|\(\?[a-z]*m[a-z]*\)")
#: at each line `\s*` would run over all empty lines that follow: 20,000 of them took seconds
_OVER_LINES = re.compile(r"\^\(?(?:\?[:=])?\\s[*+]")


def _multiline(path: Path) -> list[str]:
    """The calls of `re` in a module whose `^` means every line, as source."""
    text = path.read_text(encoding="utf-8")
    calls = [ast.get_source_segment(text, node) or "" for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.")]
    return [call for call in calls if _MULTILINE.search(call)]


@pytest.mark.parametrize("path", [path for path in MODULES if _multiline(path)], ids=lambda path: path.stem)
def test_the_start_of_a_line_does_not_reach_over_empty_lines(path: Path) -> None:
    assert [call for call in _multiline(path) if _OVER_LINES.search(call)] == []
