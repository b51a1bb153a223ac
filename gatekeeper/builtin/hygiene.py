"""A1, the quality gate over plain files: documents parse, no merge markers, no newly added large files, no broken
symbolic links, no names that differ by case alone.

Faults in test data, templates and vendored trees are warnings: projects keep broken files there on purpose. Does not
know git: which files there are, and which are new, is told by the caller.
"""

from __future__ import annotations

import argparse
import os
import re
import stat
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from gatekeeper.builtin.contract import Outcome, finding, listed, names_in, serve, tree_parser
from gatekeeper.builtin.documents import PLAIN_MANIFESTS, Fault, NotCheckedError, check, format_of
from gatekeeper.model.wording import count_text

Found = dict[str, Any]
#: documents above this size are not parsed (and said to be so): parsing needs about ten times their size
LARGEST_DOCUMENT = 16 * 1024 * 1024
#: a file with a NUL in its first bytes is no text, as git sees it
_HEAD = 8192
_ON_PURPOSE = re.compile(
    r"(?:.*[-_.])?(?:tests?|testing|testdata|testsuite|fixtures?|specs?|snapshots?|corpus|cassettes|vendor|vendored|third[-_]party|templates?|"
    r"node_modules|playgrounds?|samples?|golden|mocks?|e2e|testcases?)(?:[-_.].*)?", re.IGNORECASE)
#: of these, the places that hold data alone: a conflict in a test is as bad as one in a source
_DATA = re.compile(r"(?:.*[-_.])?(?:testdata|fixtures?|snapshots?|corpus|cassettes|vendor|vendored|third[-_]party|node_modules|golden)(?:[-_.].*)?", re.IGNORECASE)
#: folders that an install or a build makes: a link into them is broken until then
_MADE_LATER = frozenset({"node_modules", "target", "build", "dist", "out", ".venv", "venv", "vendor", "lib"})
_TITLES = {"jsonc": "JSON", "loose": "JSON or YAML"}
_DOT_FOLDERS_THAT_COUNT = frozenset({".github", ".gitlab", ".circleci", ".cargo", ".husky", ".config"})


def main(argv: Sequence[str]) -> int:
    """Checks the files it is given; see `--help`."""
    parser = tree_parser("hygiene")
    parser.add_argument("--added", metavar="PATH", help="file with NUL-separated names of newly added files; only these can be too large")
    parser.add_argument("--known", metavar="PATH", help="file with NUL-separated names of all files, for case collisions")
    parser.add_argument("--max-size", type=int, default=1024 * 1024, metavar="BYTES", help="largest size of a newly added file")
    return serve(_work, parser, argv)


def _work(arguments: argparse.Namespace) -> Outcome:
    files = listed(arguments)
    known = names_in(arguments.known) if arguments.known else ()
    added = frozenset(names_in(arguments.added)) if arguments.added else frozenset()
    seen: Counter[str] = Counter()
    findings = [found for path in files for found in look_at(arguments.root, path, seen)]
    findings += large_files(arguments.root, [path for path in files if path in added], arguments.max_size)
    findings += case_collisions(files, known)
    findings.sort(key=lambda found: (found.get("file", ""), found.get("line", 0), found["rule"]))
    checked = seen["files"] + seen["links"]
    return Outcome(checked=checked, findings=findings, facts=dict(seen), message=_message(checked, findings, seen))


def _message(checked: int, findings: Sequence[Found], seen: Counter[str]) -> str:
    errors = sum(found["level"] == "error" for found in findings)
    faults = f", {count_text(errors, 'error')}, {count_text(len(findings) - errors, 'warning')}" if findings else ""
    unparsed = {"too_large": "too large to parse", "entities": "with XML entities", "lfs": "stored elsewhere by git lfs"}
    left = [f"{seen[key]} {words}" for key, words in unparsed.items() if seen[key]]
    return f"{count_text(checked, 'file')}, {count_text(seen['parsed'], 'document')} parsed{faults}" + "".join(f"; {text}" for text in left)


def look_at(root: str, path: str, seen: Counter[str]) -> Iterator[Found]:
    """The findings of one file, which is opened once; counts what it was in `seen`."""
    full = os.path.join(root, path)
    try:
        mode = os.lstat(full).st_mode
        if stat.S_ISLNK(mode):
            seen["links"] += 1
            yield from _broken_link(root, path)
        elif stat.S_ISREG(mode):
            seen["files"] += 1
            with open(full, "rb") as file:
                yield from _content(path, file, seen)
    except FileNotFoundError:
        seen["gone"] += 1
    except OSError as error:
        yield finding("unreadable", f"cannot be read: {error.strerror}", file=path)


def level_at(path: str) -> str:
    """warning for a place where projects keep broken files on purpose (test data, templates, vendored trees), else error."""
    return "warning" if any(_ON_PURPOSE.fullmatch(part) for part in path.split("/")[:-1]) or "{{" in path else "error"


def _content(path: str, file: BinaryIO, seen: Counter[str]) -> Iterator[Found]:
    head = file.read(_HEAD)
    kind = format_of(path)
    if b"\0" in head and (kind is None or head[:2] not in (b"\xff\xfe", b"\xfe\xff")):
        seen["binary"] += 1
        return
    data = head + file.read(LARGEST_DOCUMENT - len(head) + 1)
    if len(data) > LARGEST_DOCUMENT:
        seen["too_large"] += kind is not None
        file.seek(0)
        if _mentions_conflict(file):
            file.seek(0)
            yield from merge_markers(path, iter(lambda: file.readline(65536), b""))
        return
    if data.startswith(b"<<<<<<<") or b"\n<<<<<<<" in data:
        yield from merge_markers(path, data.split(b"\n"))
    if kind is not None:
        yield from _document(path, kind, data, seen)


def _mentions_conflict(file: BinaryIO) -> bool:
    rest = b"\n"
    while chunk := file.read(1024 * 1024):
        if b"\n<<<<<<<" in rest + chunk:
            return True
        rest = chunk[-7:]
    return False


def _document(path: str, kind: str, data: bytes, seen: Counter[str]) -> Iterator[Found]:
    try:
        fault = check(kind, data)
    except NotCheckedError as reason:
        seen[str(reason)] += 1
        return
    seen["parsed"] += 1
    if fault is not None:
        level = "warning" if _forgivable(path, fault) else level_at(path)
        yield finding("parse", f"{_TITLES.get(kind, kind.upper())} does not parse: {fault.message}", file=path, line=fault.line, column=fault.column, level=level)


def _forgivable(path: str, fault: Fault) -> bool:
    return fault.lenient and path.rsplit("/", 1)[-1].lower() not in PLAIN_MANIFESTS


def merge_markers(path: str, lines: Iterable[bytes]) -> Iterator[Found]:
    """One finding for each whole conflict: `<<<<<<< `, `=======` and `>>>>>>> ` in this order, each at the start of a line.

    A heading underlined with equals signs is none, nor is a conflict shown in a fenced block of a Markdown file.
    """
    markdown = path.lower().endswith((".md", ".mdx", ".markdown"))
    fenced = False
    opened = divided = 0
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n")
        if markdown and line.lstrip().startswith((b"```", b"~~~")):
            fenced = not fenced
        elif _marks(line, b"<<<<<<<") and not fenced:
            opened, divided = number, 0
        elif opened and line == b"=======":
            divided = number
        elif divided and _marks(line, b">>>>>>>"):
            level = "warning" if any(_DATA.fullmatch(part) for part in path.split("/")[:-1]) else "error"
            yield finding("merge-marker", f"unresolved merge conflict (lines {opened} to {number})", file=path, line=opened, level=level)
            opened = divided = 0


def _marks(line: bytes, mark: bytes) -> bool:
    return line.startswith(mark) and (len(line) == len(mark) or line[len(mark):len(mark) + 1] == b" ")


def _broken_link(root: str, path: str) -> Iterator[Found]:
    full = os.path.join(root, path)
    if os.path.exists(full):
        return
    target = os.readlink(full)
    later = not _MADE_LATER.isdisjoint(os.path.normpath(os.path.join(os.path.dirname(path), target)).split("/"))
    top = path.split("/", 1)[0]
    # what editors and assistants keep in folders of their own is read by no build
    aside = "/" in path and top.startswith(".") and top not in _DOT_FOLDERS_THAT_COUNT
    note = ", which an install or a build may make" if later else ""
    yield finding("broken-symlink", f"the symbolic link points to {target}, which does not exist{note}", file=path,
                  level="warning" if later or aside else level_at(path))


def large_files(root: str, added: Iterable[str], largest: int) -> Iterator[Found]:
    """A finding for each of the newly added files above `largest` bytes."""
    for path in added:
        try:
            status = os.lstat(os.path.join(root, path))
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size > largest:
            yield finding("large-file", f"newly added file of {status.st_size / 1024 / 1024:.1f} MB (limit {largest / 1024 / 1024:g} MB)", file=path)


def case_collisions(files: Sequence[str], known: Sequence[str]) -> Iterator[Found]:
    """A finding for each of `files` whose path, or a folder of it, differs from another known one by case alone.

    Such trees cannot be checked out on macOS or Windows. The first spelling in sorted order is the one that stays.
    """
    given = {name for path in files for name in _with_folders(path)}
    spellings: dict[str, set[str]] = {}
    for name in given.union(*map(_with_folders, known)):
        spellings.setdefault(_folded(name), set()).add(name)
    for names in (sorted(group) for group in spellings.values() if len(group) > 1 and not group.isdisjoint(given)):
        culprits = [name for name in names[1:] if name in given] or names[:1]
        for name in culprits:
            other = names[0] if name != names[0] else names[1]
            yield finding("case-collision", f"{name} and {other} are one file where case does not count", file=name, level=level_at(name))


def _with_folders(path: str) -> Iterator[str]:
    yield path
    cut = path.rfind("/")
    while cut > 0:
        yield path[:cut]
        cut = path.rfind("/", 0, cut)


def _folded(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name.casefold())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
