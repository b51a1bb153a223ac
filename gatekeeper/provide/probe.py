"""Asks a program for its version, outside the tree. Knows no tool; only programs that the repository does not bring are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import VersionProbe

#: `>=1.11`, and a version of nothing but numbers: compared without a library
_USUAL = late(r">=\s*([\d.]*\d)")
_PLAIN = late(r"\d+(\.\d+)*")


def ask(runner: Runner, program: Sequence[str], probe: VersionProbe, environment: Mapping[str, str]) -> str | None:
    """The version that a program prints; None when it does not run, or says nothing that looks like one."""
    completed = runner([*program, *probe.argv], cwd="/", env=environment, timeout=60.0)
    if not completed.ok:
        return None
    text = (completed.stdout + b"\n" + completed.stderr).decode("utf-8", "replace")
    found = re.search(probe.pattern, text)
    if found is None:
        return None
    return found[1] if found.re.groups else found[0]


def supported(version: str | None, probe: VersionProbe) -> bool:
    """Whether the catalogue's commands fit this version; unknown and unusual versions get the benefit of the doubt."""
    if not probe.supported or not version:
        return True
    if (usual := _USUAL.fullmatch(probe.supported)) and (plain := _PLAIN.fullmatch(version)):
        return _numbers(plain[0]) >= _numbers(usual[1])
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # start-up: seldom needed, and 8 ms
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) in SpecifierSet(probe.supported, prereleases=True)
    except (InvalidVersion, InvalidSpecifier):
        return True


def _numbers(version: str) -> tuple[int, ...]:
    """`1.10.0` as (1, 10): zeros at the end say nothing."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
