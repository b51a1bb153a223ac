"""What every job of ours says on stdout: one `gatekeeper-json` document; and how it is told its files.

    {"schema": 1, "findings": [...], "message": "one line", "facts": {...}, "checked": N}

Exit code 0: nothing worse than warnings, 1: errors found, 2: could not do its work (`message` says why). `checked: 0` says that nothing was
looked at. Does not know what any job checks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatekeeper.errors import GatekeeperError, UsageError
from gatekeeper.model.value import dataclass, field

#: file lists are read whole; 100 MB is more than a million names
_LONGEST_LIST = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job has to say; `findings` are made by `finding`, `checked` is the number of things looked at."""

    checked: int
    message: str
    findings: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def finding(rule: str, message: str, *, file: str | None = None, level: str = "error", category: str = "hygiene",
            line: int | None = None, column: int | None = None, detail: str | None = None) -> dict[str, Any]:
    """One finding of the contract; `level` is error, warning or info, lines and columns are 1-based."""
    places = {"file": file, "line": line, "column": column, "detail": detail}
    return {"rule": rule, "level": level, "category": category, "message": message,
            **{key: value for key, value in places.items() if value is not None}}


def serve(work: Callable[[argparse.Namespace], Outcome], parser: argparse.ArgumentParser, argv: Sequence[str]) -> int:
    """Does the work, prints its document and returns the exit code: 1 for errors found, 0 with no more than warnings.

    What a user can cause becomes exit code 2 and one line.
    """
    try:
        outcome = work(parser.parse_args(argv))
    except GatekeeperError as error:
        return _failed(error.message if error.hint is None else f"{error.message} ({error.hint})")
    except OSError as error:
        return _failed(f"{os.fsdecode(error.filename)}: {error.strerror}" if error.filename else str(error))
    _print({"schema": 1, "findings": list(outcome.findings), "message": outcome.message, "facts": outcome.facts, "checked": outcome.checked})
    return 1 if any(found.get("level", "error") == "error" for found in outcome.findings) else 0


def _failed(message: str) -> int:
    _print({"schema": 1, "findings": [], "message": message, "status": "tool_error"})
    sys.stderr.write(f"{message.encode('ascii', 'backslashreplace').decode()}\n")
    return 2


def _print(document: Mapping[str, Any]) -> None:
    # ASCII only: file names may hold bytes that are no text, and stdout may have any encoding
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def tree_parser(name: str) -> argparse.ArgumentParser:
    """A parser with what all jobs over files share: --root, --files-from and files by name."""
    parser = argparse.ArgumentParser(prog=f"python -m gatekeeper.builtin.{name}", allow_abbrev=False)
    parser.add_argument("--root", default=".", help="folder that all file names are relative to")
    parser.add_argument("--files-from", metavar="PATH", help="file with NUL-separated names, or - for stdin")
    parser.add_argument("files", nargs="*", metavar="FILE")
    return parser


def listed(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The files that the job was given, without doubles, in order. Raises UsageError when the list cannot be read."""
    given = [*arguments.files, *(names_in(arguments.files_from) if arguments.files_from else ())]
    return tuple(dict.fromkeys(given))


def names_in(path: str) -> tuple[str, ...]:
    """NUL-separated file names in the file at `path` (`-`: stdin). Raises UsageError when it cannot be read."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_LONGEST_LIST)
        else:
            with open(path, "rb") as file:
                data = file.read(_LONGEST_LIST)
    except OSError as error:
        raise UsageError(f"{path}: the list of files cannot be read: {error.strerror}") from None
    return tuple(os.fsdecode(name) for name in data.split(b"\0") if name)


def json_in(path: str) -> Any:
    """The JSON document at `path`. Raises UsageError with file and line when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except RecursionError:
        raise UsageError(f"{path}: is nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON: {error}") from None
