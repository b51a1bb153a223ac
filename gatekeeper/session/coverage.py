"""Finds the coverage reports that this run's tests wrote and reads them as one: where conditions name them, else where tools usually write them.

A report that is older than the run is no measurement of it. Does not know which jobs wrote what, nor what is enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from posixpath import join, normpath

from gatekeeper.model.coverage import Coverage, FileCoverage
from gatekeeper.parse.coverage import CoverageFile, read_coverage
from gatekeeper.parse.document import UnparsableError
from gatekeeper.session.look import Sight
from gatekeeper.session.unlisted import globbed
from gatekeeper.tree.plain import open_plain

#: below each component: pytest-cov, coverage.py, c8, nyc, jest, vitest, cargo llvm-cov, tarpaulin, forge coverage, hardhat
USUAL = ("coverage.xml", "coverage.json", "lcov.info", "coverage.lcov", "cobertura.xml", "coverage/lcov.info", "coverage/coverage-final.json",
         "coverage/cobertura-coverage.xml", "target/llvm-cov/coverage.json", "target/coverage/lcov.info", "coverage/coverage.json")
_LARGEST = 200_000_000
#: file systems and kernels stamp files by a clock that ticks coarsely
_SLACK = 0.1


def coverage_of(sight: Sight, patterns: Sequence[str], began: float) -> Coverage:
    """What the reports of this run that `patterns` name say together (none: the usual places); `began` is the wall clock before the first job."""
    root, known = sight.tree.root, frozenset(sight.tree.files)
    places, problems = _places(sight, patterns)
    files: dict[str, FileCoverage] = {}
    sources: list[str] = []
    for name in places:
        told = _read(root, name, began, insist=bool(patterns))
        if isinstance(told, str):
            problems.append(told)
        elif told is not None:
            names = {one: _tree_name(one.file, told, root, os.path.dirname(name) or ".", known) for one in told.files}
            _add(files, names)
            (sources if any(names.values()) else problems).append(name if any(names.values()) else f"{name}: names no file of this tree")
    return Coverage(files=files, sources=tuple(sources), problems=tuple(problems))


def _places(sight: Sight, patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Where reports are, and one line for each pattern that names none."""
    if not patterns:
        return list(dict.fromkeys(normpath(join(component.root, name)) for component in sight.detection.components for name in USUAL)), []
    found = {pattern: globbed(sight.tree.root, pattern) for pattern in patterns}
    return list(dict.fromkeys(name for names in found.values() for name in names)), [f"{pattern}: no such report" for pattern, names in found.items() if not names]


def _read(root: str, name: str, began: float, *, insist: bool) -> CoverageFile | str | None:
    """A report; why it cannot be used; None where nothing is there and nothing was promised."""
    try:
        with open_plain(os.path.join(root, name)) as file:
            if os.fstat(file.fileno()).st_mtime < began - _SLACK:
                return f"{name}: is older than this run"
            return read_coverage(file.read(_LARGEST))
    except OSError as error:
        return f"{name}: {error.strerror}" if insist else None
    except UnparsableError as error:
        return f"{name}: {error}"


def _add(files: dict[str, FileCoverage], names: Mapping[FileCoverage, str | None]) -> None:
    """Adds a report's files under the names of the tree: a line counts as run when one report says so."""
    for one, name in names.items():
        if name is None:
            continue
        before = files.get(name, FileCoverage(file=name))
        covered = before.covered | one.covered
        files[name] = FileCoverage(file=name, covered=covered, missed=(before.missed | one.missed) - covered)


def _tree_name(written: str, told: CoverageFile, root: str, folder: str, known: frozenset[str]) -> str | None:
    """The file of the tree that a report means: reports name files from wherever their tool ran."""
    return next((name for name in _candidates(written.replace("\\", "/"), told, root, folder) if name in known), None)


def _candidates(written: str, told: CoverageFile, root: str, folder: str) -> Iterator[str]:
    """Names that may be meant, the likeliest first: below the report's own sources, beside it, then from the folders above it."""
    bases = [root] if os.path.isabs(written) else [os.path.join(root, base) for base in (*told.folders, folder, *_parents(folder))]
    for base in bases:
        full = normpath(join(base, written))
        for top in dict.fromkeys((root, os.path.realpath(root))):
            if full.startswith(top.rstrip("/") + "/"):
                yield full[len(top.rstrip("/")) + 1:]


def _parents(folder: str) -> Iterator[str]:
    while folder not in {"", "."}:
        folder = os.path.dirname(folder)
        yield folder or "."
