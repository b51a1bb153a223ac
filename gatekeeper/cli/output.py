"""The two ways out: data to standard output, words for people to standard error. Knows no verb and no format.

In CI no line of either looks like a command to the service that reads it, but for those that `command` is given.

Closed pipes end quietly, full disks do not, and a terminal that some program left non-blocking is waited for.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator, Mapping
from typing import TextIO

from gatekeeper.display.fence import in_ci
from gatekeeper.errors import StoreError
from gatekeeper.model.sanitize import ci_text, json_bytes, terminal_text


def show(text: str) -> None:
    """Writes text and a final newline to standard output; control characters are spelled out."""
    show_bytes((harmless(text).rstrip("\n") + "\n").encode("utf-8", "backslashreplace"))


def show_json(document: object) -> None:
    """Writes a document as JSON to standard output, long lists in parts: the text of 500,000 findings at once takes two gigabytes."""
    for piece in json_pieces(document):
        show_bytes(piece)


def json_pieces(document: object, most: int = 1000) -> Iterator[bytes]:
    """The bytes of `json_bytes`, at most `most` items of a list of the document at a time."""
    if not isinstance(document, dict) or not any(isinstance(value, list) and len(value) > most for value in document.values()):
        yield json_bytes(document, indent=2)
        return
    lead = b"{\n"
    for key, value in document.items():
        for text in _texts(key, value, most):
            yield lead + text
            lead = b",\n"
    yield b"\n}\n"


def _texts(key: str, value: object, most: int) -> Iterator[bytes]:
    """One member of an object as text, a long list in parts that belong together with commas between them."""
    length = len(value) if isinstance(value, list) else 0
    for at in range(0, max(length, 1), most):
        part = value[at:at + most] if isinstance(value, list) else value
        text = json_bytes({key: part}, indent=2)[len(b"{\n"):-len(b"\n}\n")]
        text = text[text.index(b"[\n") + len(b"[\n"):] if at else text
        yield text.removesuffix(b"\n  ]") if at + most < length else text


def show_bytes(data: bytes) -> None:
    """Writes bytes as they are to standard output. Raises StoreError when they cannot be written, but for a closed pipe."""
    try:
        _write(sys.stdout, data)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise StoreError(f"standard output cannot be written: {error.strerror}") from error


def tell(text: str) -> None:
    """Writes words for people to standard error; where that is not possible, nobody listens."""
    command(harmless(text))


def harmless(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Text that neither a terminal obeys nor the CI that the environment tells of."""
    return ci_text(terminal_text(text)) if in_ci(environment) else terminal_text(text)


def command(text: str) -> None:
    """Writes lines to standard error that a CI service is meant to obey: ours alone, never a tool's."""
    try:
        _write(sys.stderr, (text.rstrip("\n") + "\n").encode("utf-8", "backslashreplace"))
    except OSError:
        _silence(sys.stderr)


def error_stream() -> TextIO:
    """Standard error, or a stream to nowhere where the caller closed it."""
    return sys.stderr if sys.stderr is not None else open(os.devnull, "w", encoding="utf-8")  # lives as long as we do


def data_stream() -> TextIO:
    """Standard output, or a stream to nowhere where the caller closed it."""
    return sys.stdout if sys.stdout is not None else open(os.devnull, "w", encoding="utf-8")


def _write(stream: TextIO | None, data: bytes) -> None:
    if stream is None:
        return
    stream.flush()
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        stream.write(data.decode("utf-8", "replace"))
        return
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest):]
        except BlockingIOError:
            select.select((), (descriptor,), ())


def _silence(stream: TextIO | None) -> None:
    """Points a stream that cannot be written at nothing, so that the interpreter's last flush does not fail either."""
    if stream is None:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
