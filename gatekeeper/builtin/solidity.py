"""Compiles bare Solidity files with any compiler that answers `--standard-json`, native or the shim over npm's solc.

All sources go in as text, imported files among them, so that the compiler needs no access of its own. Prints the compiler's answer as it
is (format: solidity documentation, "Compiler Input and Output JSON Description"). Knows no project layout beyond relative imports
and `node_modules`.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import sys
from collections.abc import Sequence

from gatekeeper.execute.helper import run_helper

_IMPORT = re.compile(r"""^[ \t]*import\s+(?:[^"';]{0,4000}?from\s+)?["']([^"']+)["']""", re.MULTILINE)
_LIMIT_SECONDS = 550.0


def main(argv: Sequence[str]) -> int:
    """Exit code 0: the compiler answered (errors stand in its JSON), 2: it did not."""
    parser = argparse.ArgumentParser(prog="python -m gatekeeper.builtin.solidity")
    parser.add_argument("--solc", required=True, help="a compiler that answers --standard-json")
    parser.add_argument("--optimize", action="store_true")
    parser.add_argument("--optimize-runs", type=int, default=200)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args(argv)
    question = json.dumps(standard_input(arguments.files, optimize=arguments.optimize, runs=arguments.optimize_runs)).encode()
    completed = run_helper((arguments.solc, "--standard-json"), cwd=".", stdin=question, timeout=_LIMIT_SECONDS)
    sys.stdout.buffer.write(completed.stdout)
    sys.stderr.buffer.write(completed.stderr)
    return 0 if completed.ok else 2


def standard_input(files: Sequence[str], *, optimize: bool, runs: int) -> dict[str, object]:
    """The compiler's input for these files and all that they import."""
    return {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sorted(_closure(files).items())},
        "settings": {"optimizer": {"enabled": optimize, "runs": runs}, "outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }


def _closure(files: Sequence[str]) -> dict[str, str]:
    """Every file that can be reached by imports, by the name under which the compiler will ask for it."""
    found: dict[str, str] = {}
    pending = [posixpath.normpath(name) for name in files]
    while pending:
        name = pending.pop()
        content = None if name in found else _read(name)
        if content is None:
            continue
        found[name] = content
        pending.extend(_target(name, imported) for imported in _IMPORT.findall(content))
    return found


def _target(importer: str, imported: str) -> str:
    """How the compiler names an import: relative ones against the importing file, others as they are."""
    if imported.startswith(("./", "../")):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), imported))
    return imported


def _read(name: str) -> str | None:
    here = os.getcwd()
    places = [name]
    while True:
        places.append(os.path.join(here, "node_modules", name))
        if os.path.dirname(here) == here:
            break
        here = os.path.dirname(here)
    for place in places:
        try:
            with open(place, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            continue
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
