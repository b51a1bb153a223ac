"""D1, code metrics: files, blank, comment and code lines per language and component, counted as cloc counts.

A file whose content was counted already is not counted again (cloc does the same); how many there were is said. Does not
know which files belong to the tree: the caller lists them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatekeeper.builtin.contract import Outcome, json_in, listed, serve, tree_parser
from gatekeeper.builtin.counting import Count, count
from gatekeeper.builtin.languages import language_of, language_of_script, style_of
from gatekeeper.errors import UsageError
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text
from gatekeeper.store.atomic import write_bytes

#: larger files are data, whatever their name says
LARGEST_FILE = 64 * 1024 * 1024
#: which of our languages a component of that language owns where several share a folder
_OWNS = {"rust": {"Rust"}, "python": {"Python", "Cython", "Jupyter Notebook"}, "solidity": {"Solidity"},
         "javascript": {"JavaScript", "JSX", "TypeScript"}, "typescript": {"JavaScript", "JSX", "TypeScript", "Vuejs Component", "Svelte"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One counted file."""

    path: str
    language: str
    lines: Count


def main(argv: Sequence[str]) -> int:
    """Counts the files it is given; see `--help`."""
    parser = tree_parser("lines")
    parser.add_argument("--components", metavar="PATH", help='JSON file: {"components": [{"id", "root", "language"}]} or that list')
    parser.add_argument("--output", metavar="PATH", help="also write the facts to this JSON file")
    parser.add_argument("--by-file", action="store_true", help="list every file as well")
    return serve(_work, parser, argv)


def _work(arguments: argparse.Namespace) -> Outcome:
    places = by_root(_components(arguments.components))
    seen: Counter[str] = Counter()
    counted = list(_counted(arguments.root, sorted(listed(arguments)), seen))
    by_component: dict[str, list[Counted]] = {}
    for file in counted:
        by_component.setdefault(owner(file.path, file.language, places), []).append(file)
    languages = tally(counted)
    total = _numbers(counted)
    facts: dict[str, Any] = {
        "languages": languages, "total": total, "components": {name: tally(files) for name, files in sorted(by_component.items())},
        "left_out": dict(seen), "method": "built in, as cloc 1.96 counts",
    }
    if arguments.by_file:
        facts["files"] = {file.path: {"language": file.language, **_as_dict(file.lines)} for file in counted}
    if arguments.output:
        write_bytes(arguments.output, json.dumps(facts, indent=1).encode() + b"\n")
    return Outcome(checked=len(counted), facts=facts,
                   message=f"{count_text(total['code'], 'line')} of code in {count_text(total['files'], 'file')}, {count_text(len(languages), 'language')}")


def _components(path: str | None) -> tuple[Mapping[str, str], ...]:
    if path is None:
        return ()
    data = json_in(path)
    listing = data.get("components") if isinstance(data, dict) else data
    if not isinstance(listing, list) or not all(isinstance(item, dict) and {"id", "root"} <= item.keys() for item in listing):
        raise UsageError(f"{path}: a list of components with id and root is needed")
    return tuple({key: str(item.get(key, "")) for key in ("id", "root", "language")} for item in listing)


def owner(path: str, language: str, places: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Id of the component that a file belongs to: the deepest root above it, then the one of its language; empty for none."""
    cut = len(path)
    while cut > 0:
        cut = path.rfind("/", 0, cut)
        nearest = places.get(path[:max(cut, 0)])
        if nearest:
            return next((component for component in nearest if language in _OWNS.get(component["language"], ())), nearest[0])["id"]
    return ""


def by_root(components: Sequence[Mapping[str, str]]) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The components by their folder, the tree itself as an empty name: looked up once per folder of a file."""
    places: dict[str, list[Mapping[str, str]]] = {}
    for component in components:
        places.setdefault("" if component["root"] == "." else component["root"].rstrip("/"), []).append(component)
    return places


def _counted(root: str, paths: Sequence[str], seen: Counter[str]) -> Iterator[Counted]:
    """The files that can be counted; why others were left out is counted in `seen`."""
    contents: set[bytes] = set()
    for path in paths:
        data = _read(os.path.join(root, path), seen)
        if data is None:
            continue
        language = language_of(path) or (language_of_script(data[:200]) if "." not in path.rsplit("/", 1)[-1] else None)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if language is None:
            seen["unknown"] += 1
        elif not data:
            seen["empty"] += 1
        elif digest in contents:
            seen["duplicate"] += 1
        else:
            contents.add(digest)
            yield Counted(path=path, language=language, lines=count(style_of(language), data))


def _read(full: str, seen: Counter[str]) -> bytes | None:
    try:
        status = os.lstat(full)
        if not stat.S_ISREG(status.st_mode):
            seen["links"] += 1
            return None
        if status.st_size > LARGEST_FILE:
            seen["too_large"] += 1
            return None
        with open(full, "rb") as file:
            data = file.read()
    except OSError:
        seen["unreadable"] += 1
        return None
    if b"\0" in data[:8192]:
        seen["binary"] += 1
        return None
    return data


def tally(files: Sequence[Counted]) -> dict[str, dict[str, int]]:
    """Numbers per language, most code first."""
    groups: dict[str, list[Counted]] = {}
    for file in files:
        groups.setdefault(file.language, []).append(file)
    numbers = {language: _numbers(group) for language, group in groups.items()}
    return dict(sorted(numbers.items(), key=lambda item: (-item[1]["code"], item[0])))


def _numbers(files: Sequence[Counted]) -> dict[str, int]:
    return {"files": len(files), **_as_dict(sum((file.lines for file in files), Count()))}


def _as_dict(lines: Count) -> dict[str, int]:
    return {"blank": lines.blank, "comment": lines.comment, "code": lines.code}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
