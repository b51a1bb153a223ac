"""Bytes of a tool's stream to plain text: decoded, without terminal escapes, and the lines that say what went wrong.

Does not know any format.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import RawOutput
from gatekeeper.model.late import late

#: CSI (colours, cursor), OSC (titles, links), and the two-byte escapes of ECMA-48
_ESCAPES = late(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Z]|\x1b[@-Z\\^_=>78]")
#: an error in its own words, or a test that failed in TAP's (one that is yet to do fails nothing; `error: |-` only announces a block)
_SPEAKING = late(r"^not ok \d+ (?!.*# (?:todo|skip)\b)|^(?!error: [|>])(?:[\w.@/ -]{1,80}: )*(?:fatal |internal )?(?:error|fatal|panic(?:ked)?|exception)\b|[A-Z]\w*(?:Error|Exception)\b", re.IGNORECASE)
_LONE = late("[\ud800-\udfff]")
_WORD = late(r"\w")
#: what package managers print around the scripts they run
_NOISE = late(r"^(?:> |\$ |yarn (?:run )?v\d|Done in |✨ |info Visit |npm (?:warn|error|notice|ERR!|WARN) |error Command failed|\s*ELIFECYCLE| ?WARN )", re.IGNORECASE)
#: of these, what says nothing about a failure even where nobody else says anything
_ECHO = late(r"^(?:> |\$ |yarn (?:run )?v\d|Done in |✨ |info Visit |npm (?:warn|notice) )", re.IGNORECASE)
#: what follows the reason: how to call the program, or (Haskell) where it stood
_USAGE = late(r"^usage\b", re.IGNORECASE)
_BACKTRACE = "HasCallStack backtrace:"
#: a log may be huge and the interesting end is short
_FEW = 4
_TAIL_BYTES = 64 * 1024
DETAIL_LINES = 200


def decode(data: bytes) -> str:
    """UTF-8, a byte order mark dropped, escapes removed. Bytes that are none become lone surrogates, so that a file name leads back to its bytes."""
    return strip_escapes(data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"))


def legible(text: str) -> str:
    """Text for people: what `decode` kept of bytes that are no UTF-8 is shown as U+FFFD."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def strip_escapes(text: str) -> str:
    """The text without terminal escape sequences."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def lines_of(text: str) -> list[str]:
    """Lines split at LF, CRLF and CR only (not at form feeds or U+2028, as `splitlines` does)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def capped(text: str, limit: int = DETAIL_LINES) -> str:
    """The text, or its first `limit` lines and a line that says how many were left out."""
    lines = text.split("\n", limit)
    if len(lines) <= limit:
        return text
    return "\n".join([*lines[:limit], f"... ({lines[limit].count(chr(10)) + 1} more lines)"])


def first_line(text: str) -> str:
    """The first line with something on it, trimmed; empty when there is none."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def blocks(lines: list[str], head: re.Pattern[str]) -> list[list[str]]:
    """The lines from each one that `head` matches up to the next; what comes before the first is left out."""
    found: list[list[str]] = []
    for line in lines:
        if head.match(line):
            found.append([line])
        elif found:
            found[-1].append(line)
    return found


def both_tails(raw: RawOutput, limit: int = 40) -> str | None:
    """The last lines of both streams, standard output first, together at most `2 * limit` lines."""
    parts = ["\n".join(_last_lines(data)[-limit:]) for data in (raw.stdout, raw.stderr)]
    return "\n".join(part for part in parts if part) or None


def complaint(raw: RawOutput) -> str | None:
    """The one line that says best why a tool failed, standard error first.

    That is the first line that calls itself an error, else the first of a few on standard error, else the last. What a package
    manager says around a script counts only where the script itself says nothing.
    """
    stderr, stdout = ([line.strip() for line in _last_lines(data) if _WORD.search(line) and not line.startswith(("{", "[", "</"))]
                      for data in (raw.stderr, raw.stdout))
    said = without_noise(stderr) or without_noise(stdout) or [line for line in (*stderr, *stdout) if not _ECHO.match(line)]
    if not said:
        return None
    brief = said[0] in stderr and len(said) <= _FEW and not said[0].startswith("Traceback")
    if any(line == _BACKTRACE for line in said[1:]):
        return said[0]
    return _speaking(said) or (said[0] if brief or any(_USAGE.match(line) for line in said[1:]) else said[-1])


def _speaking(lines: list[str]) -> str | None:
    """The first line that calls itself an error; one that ends with a colon is continued by the next."""
    at = next((at for at, line in enumerate(lines) if _SPEAKING.match(line) and "usage:" not in line), None)
    if at is None:
        return None
    return f"{lines[at]} {lines[at + 1]}" if lines[at].endswith(":") and at + 1 < len(lines) else lines[at]


def error_line(raw: RawOutput) -> str | None:
    """The first line that calls itself an error, standard error first, or None."""
    return _speaking([line.strip() for data in (raw.stderr, raw.stdout) for line in _last_lines(data)])


def silent(raw: RawOutput) -> bool:
    """True when neither stream holds anything but white space and terminal escapes."""
    return not any(decode(data).strip() for data in (raw.stdout, raw.stderr))


def _last_lines(data: bytes) -> list[str]:
    return [line.rstrip() for line in lines_of(decode(data[-_TAIL_BYTES:])) if line.strip()]


def without_noise(lines: list[str]) -> list[str]:
    """The lines without what npm, pnpm and yarn print around a script, and without empty ones."""
    return [line for line in lines if line.strip() and not _NOISE.match(line)]


def report_of(raw: RawOutput) -> bytes:
    """The report: the file that the tool wrote, else its standard output."""
    return raw.stdout if raw.report is None else raw.report
