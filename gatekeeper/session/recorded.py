"""Parses an output that somebody recorded or pipes in: no job, no plan, no verdict. What is large is read by a process of its own.

Knows where the streams come from and what exit codes mean by the catalogue; does not know how the answer is shown.
"""

from __future__ import annotations

import os
import select
import shutil
import stat
import tempfile
from collections.abc import Mapping
from functools import cache
from typing import BinaryIO

from gatekeeper.catalog.load import load_catalog
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.model.finding import Parsed
from gatekeeper.model.pattern import pattern_fault
from gatekeeper.model.ports import Completed, Runner
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import Command, ExitSpec
from gatekeeper.model.value import dataclass, replace
from gatekeeper.parse.formats import format_named, takes_report
from gatekeeper.session.reader import read_answer, reader_argv, unread, write_request
from gatekeeper.session.reading import LARGEST, PATTERNS, Read, Reading, read_output

#: seconds that standard input is waited for where another stream is named already
_PATIENCE = 2.0
_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a command line says of an output. File names are as given (`-`: standard input), `root` and `cwd` too; None = not said."""

    parser: str
    exit_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None
    report: str | None = None
    root: str | None = None
    cwd: str | None = None
    pattern: str = ""


def parse_recorded(asked: Asked, *, folder: str, stdin: BinaryIO | None, environment: Mapping[str, str], runner: Runner) -> Read:
    """What the output means. `folder` is where relative names start. Raises UsageError for formats and files that do not exist."""
    asked = replace(asked, parser=format_named(asked.parser))
    _check_pattern(asked)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-parse-") as place:
        reading = _reading(asked, folder, stdin, place)
        return _read_elsewhere(reading, place, environment, runner) if reading.large else read_output(reading)


def _check_pattern(asked: Asked) -> None:
    hint = r"for example: --format regex --pattern '^(?P<file>[^:]+):(?P<line>\d+): (?P<message>.*)'"
    if (asked.parser in PATTERNS) != bool(asked.pattern):
        raise UsageError(f"--format {asked.parser} needs --pattern" if not asked.pattern else f"--pattern is for --format regex, not {asked.parser}", hint=hint)
    fault = pattern_fault(asked.pattern) if asked.pattern else None
    if fault is not None:
        raise UsageError(f"--pattern: {fault}", hint=hint)


def _reading(asked: Asked, folder: str, stdin: BinaryIO | None, place: str) -> Reading:
    root = os.path.abspath(os.path.join(folder, asked.root or "."))
    named = {"stdout": asked.stdout, "stderr": asked.stderr, "report": asked.report}
    if list(named.values()).count(_STDIN) > 1:
        raise UsageError("standard input can be one of --stdout, --stderr and --report, not several")
    if asked.stdout is None and _STDIN not in named.values() and _speaks(stdin, patient=any(named.values())):
        named["stdout"] = _STDIN
    paths = {name: None if told is None else _copied(stdin, place) if told == _STDIN else _plain(os.path.join(folder, told), told, place, name)
             for name, told in named.items()}
    if paths["report"] and not paths["stdout"] and not takes_report(asked.parser):
        paths["stdout"] = paths["report"]  # somebody saved the stream to a file and calls that a report
    return Reading(parser=asked.parser, exit_code=asked.exit_code, root=root, cwd=os.path.normpath(os.path.join(root, asked.cwd or ".")), sources=root,
                   pattern=asked.pattern, exits=exits_of(asked.parser), guess=True, stdout=paths["stdout"], stderr=paths["stderr"],
                   report=paths["report"])


@cache
def exits_of(parser: str) -> ExitSpec:
    """What exit codes mean with this format: as the catalogue says of the commands that speak it where they agree, else the usual."""
    said = {command.exit for command in _commands() if command.output.parser == parser}
    return said.pop() if len(said) == 1 else ExitSpec()


@cache
def _commands() -> tuple[Command, ...]:
    return tuple(command for tool in load_catalog().tools for command in tool.commands)


def _speaks(stdin: BinaryIO | None, *, patient: bool) -> bool:
    """Whether standard input is to be read. Where another stream is named (`patient`) nobody may have meant it: then only if something comes soon."""
    if stdin is None:
        return False
    if not patient:
        return True
    try:
        kind = os.fstat(stdin.fileno()).st_mode
        return stat.S_ISREG(kind) or (not stdin.isatty() and bool(select.select([stdin], [], [], _PATIENCE)[0]))
    except (OSError, ValueError):
        return False


def _copied(stream: BinaryIO | None, place: str, name: str = "stdin") -> str:
    """The path of a plain file with all that a stream holds."""
    path = os.path.join(place, name)
    try:
        with open(path, "wb") as file:
            if stream is not None:
                shutil.copyfileobj(_Limited(stream), file, 1024 * 1024)
    except OSError as error:
        raise StoreError(f"what is read cannot be kept in {place}: {error.strerror}") from error
    return path


class _Limited:
    """A stream that refuses to give more than can be parsed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = LARGEST

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise UsageError(f"the output is larger than {LARGEST // 1024 // 1024} MB", hint="cut it into parts, one for each package or folder")
        return data


def _plain(path: str, told: str, place: str, name: str) -> str:
    """The path of a plain file with the content of what was named, which may be a link or a pipe (`<(...)` of a shell)."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
                return os.path.realpath(path)
            return _copied(file, place, name)
    except OSError as error:
        raise UsageError(f"--{name} {told}: {error.strerror}") from error


def _read_elsewhere(reading: Reading, place: str, environment: Mapping[str, str], runner: Runner) -> Read:
    """Has a reader do it, within its limits."""
    request, answer = os.path.join(place, "request"), os.path.join(place, "answer")
    try:
        write_request(reading, request)
    except OSError as error:
        raise StoreError(f"{place} cannot be written: {error.strerror}") from error
    ended = runner(reader_argv(request, answer), cwd=place, env=environment, timeout=reading.seconds)
    read = read_answer(answer) if ended.ok else None
    return read or Read(parsed=Parsed(meaning=Meaning.TOOL_ERROR, message=unread(reading, _end_of(ended))))


def _end_of(ended: Completed) -> str | int:
    if ended.exit_code is not None:
        return ended.exit_code
    said = ended.stderr.decode("utf-8", "replace").strip()
    return "time" if "timed out" in said else said
