"""Regular expressions meet output and files of strangers: none may take time with the square of its input."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "gatekeeper").rglob("*.py"))
_MULTILINE = re.compile(r"MULTILINE|\(\?[a-z]*m[a-z]*\)")
#: at each line `\s*` would run over all empty lines that follow: 20,000 of them took seconds
_OVER_LINES = re.compile(r"\^\(?(?:\?[:=])?\\s[*+]")


def _multiline(path: Path) -> list[str]:
    """The calls of `re` in a module whose `^` means every line, as source."""
    text = path.read_text(encoding="utf-8")
    calls = [ast.get_source_segment(text, node) or "" for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("re.", "late"))]
    return [call for call in calls if _MULTILINE.search(call)]


@pytest.mark.parametrize("path", [path for path in MODULES if _multiline(path)], ids=lambda path: path.stem)
def test_the_start_of_a_line_does_not_reach_over_empty_lines(path: Path) -> None:
    assert [call for call in _multiline(path) if _OVER_LINES.search(call)] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "guardian.py" and " = late(" in path.read_text(encoding="utf-8")], ids=lambda path: path.stem)
def test_a_pattern_that_is_compiled_late_is_one(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    patterns = [value for value in vars(module).values() if type(value).__name__ == "_Late"]
    assert patterns
    assert all(isinstance(value.pattern, (str, bytes)) for value in patterns)
