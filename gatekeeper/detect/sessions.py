"""Reads what the functions of noxfile.py and tasks.py run: read with `ast`, never run. Knows neither recipes nor where such files lie."""

from __future__ import annotations

import ast
import shlex


def sessions(text: str, runner: str) -> list[tuple[str, list[tuple[str, int]]]]:
    """`session.run("pytest", "tests")` of nox and `c.run("pytest tests")` of invoke: each function with its command lines and where they stand."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [(function.name, [(line, call.lineno) for call in ast.walk(function) if isinstance(call, ast.Call) and (line := _session_run(call, runner))])
            for function in module.body if isinstance(function, ast.FunctionDef)]


def _session_run(call: ast.Call, runner: str) -> str | None:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in {"run", "run_always", "run_install"}):
        return None
    words = [item.value for item in call.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    unknown = any(not isinstance(item, ast.Constant) and not _is_posargs(item) for item in call.args)
    if not words:
        return None
    line = words[0] if runner == "invoke" else shlex.join(words)
    return f"{line} $unknown" if unknown else line


def _is_posargs(item: ast.expr) -> bool:
    """`*session.posargs`: what a person adds, nothing in CI."""
    return isinstance(item, ast.Starred) and isinstance(item.value, ast.Attribute) and item.value.attr == "posargs"
