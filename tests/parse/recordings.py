"""Recorded outputs of real tools as inputs for tests: `fixtures/outputs/<tool>/<version>/<case>/`.

`python -m tests.parse.recordings` writes which versions each format was recorded from into the file that ships with the program.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.model.finding import RawOutput

OUTPUTS = Path(__file__).resolve().parents[2] / "fixtures" / "outputs"


@dataclass(frozen=True, slots=True)
class Recording:
    """One case: the folder, the format id, and the output as it was recorded."""

    folder: Path
    parser: str
    raw: RawOutput

    def __str__(self) -> str:
        return "/".join(self.folder.parts[-3:])

    def document(self, name: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / name).read_bytes())
        return found


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def load(folder: Path) -> Recording:
    """The recording in a folder; sources are those that lie beside it."""
    command = json.loads((folder / "cmd.json").read_bytes())
    raw = RawOutput(stdout=_bytes(folder / "stdout") or b"", stderr=_bytes(folder / "stderr") or b"", report=_bytes(folder / "report"),
                    exit_code=command["exit_code"], root="/repo", cwd=command["cwd"], read=lambda file: _bytes(folder / "source" / file))
    return Recording(folder, command["parser"], raw)


def every(with_document: str) -> list[Recording]:
    """All recordings that hold the named document."""
    return [load(path.parent) for path in sorted(OUTPUTS.glob("*/*/*/cmd.json")) if (path.parent / with_document).is_file()]


def versions() -> dict[str, list[dict[str, str]]]:
    """By format id the tools and versions of its recordings, sorted."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in OUTPUTS.glob("*/*/*/cmd.json"):
        found.setdefault(json.loads(path.read_bytes())["parser"], set()).add((path.parts[-4], path.parts[-3]))
    return {name: [{"tool": tool, "version": version} for tool, version in sorted(pairs)] for name, pairs in sorted(found.items())}


def text_of(recorded: dict[str, list[dict[str, str]]]) -> str:
    """The file as it ships: one line for each format, so that two who add recordings seldom meet."""
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(pairs)}" for name, pairs in recorded.items()) + "\n}\n"


SHIPPED = Path(__file__).resolve().parents[2] / "gatekeeper" / "parse" / "recorded.json"

if __name__ == "__main__":
    SHIPPED.write_text(text_of(versions()), encoding="utf-8")
