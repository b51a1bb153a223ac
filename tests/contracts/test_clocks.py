"""Nothing is due by the wall clock, which is set back and forth: it names and dates things, and what it says of ages is not believed of the future."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "gatekeeper"
#: who asks for the time of day, and what for
WALL = {
    "session/caching.py": "age of what the network said", "session/keeping.py": "when a result was made", "session/guarding.py": "which jobs ran when a file changed", "session/outset.py": "when a run began",
    "session/recovering.py": "services that did not answer, across runs", "session/resume.py": "when a run was resumed", "session/suppressing.py": "today",
    "store/backup.py": "names", "store/cache.py": "what was not used for long", "store/home.py": "names, and what is abandoned", "store/journal.py": "both clocks at one moment",
    "store/ledger.py": "what is too old", "store/samples.py": "today", "display/lines.py": "dates of lines", "cli/progress.py": "dates of lines",
    "builtin/health.py": "when it was measured", "tree/digests.py": "whether a file was written just now",
    "tree/times.py": "whether a folder was written to just now"}
_ASKED = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "dt.datetime.now", "datetime.datetime.now", "date.today", "time.localtime", "time.gmtime"}


def wall_clocks(path: Path) -> Iterator[str]:
    """Where a module asks for the time of day, or hands on who does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _ASKED:
            yield f"{ast.unparse(node)} in line {node.lineno}"


def test_only_those_ask_for_the_time_of_day_of_whom_we_know_what_for() -> None:
    found = {str(path.relative_to(ROOT)): list(wall_clocks(path)) for path in sorted(ROOT.rglob("*.py"))}
    assert {name: places for name, places in found.items() if places and name not in WALL} == {}
    assert [name for name in WALL if not found.get(name)] == []


@pytest.mark.parametrize("room", ["execute", "plan", "judge", "parse", "model"])
def test_what_is_due_is_never_reckoned_on_it(room: str) -> None:
    assert [name for name in WALL if name.startswith(room)] == []
    assert not any(name for path in (ROOT / room).rglob("*.py") for name in wall_clocks(path))
