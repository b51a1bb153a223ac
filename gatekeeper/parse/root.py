"""Where a tool ran, when only its output can tell: a log of another machine names files from a root that does not exist here.

Knows paths as text; whether a file exists is asked of the caller. Guesses nothing where the output names files below the known root.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from gatekeeper.model.finding import RawOutput
from gatekeeper.model.late import late
from gatekeeper.parse.text import decode

#: an absolute path that is no part of a URL or of a longer word; `file://` may stand before it
_PATH = late(r"(?:file://|(?<![\w.:/~$}@%*?\\-]))(?P<path>/[\w.@+-][^\s\"'`:;,()<>|\[\]{}\\]{1,400})")
_DRIVE = late(r"(?<![\w])[A-Za-z]:[\\/][^\s\"'`:;,()<>|\[\]{}*?]{1,400}")
#: one, or two where JSON holds the path
_BACKSLASHES = late(r"\\+")
#: where CI services and containers lay a repository out
_USUAL = late(
    r"(?:/home/runner/work/[^/]+/[^/]+|/Users/runner/work/[^/]+/[^/]+|/__w/[^/]+/[^/]+|/home/vsts/work/\d+/s|/github/workspace|/builds/[^/]+/[^/]+"
    r"|/home/circleci/[^/]+|/var/(?:lib/)?jenkins/workspace/[^/]+|/home/jenkins/(?:agent/)?workspace/[^/]+|/opt/atlassian/pipelines/agent/build"
    r"|[A-Za-z]:/a/[^/]+/[^/]+|/drone/src|/workspaces/[^/]+|/usr/src/app|/repo|/workspace|/app|/src|/code|/project)(?=/)")
#: what a tool names beside the repository: its own files
_FOREIGN = late(r"^/(?:usr/(?!src/app/)|opt/(?!atlassian/)|nix/|etc/|proc/|dev/|lib(?:32|64)?/|tmp/pip-)|/(?:site-packages|node_modules|dist-packages|\.cargo|\.rustup)/")
_SCANNED = 1_000_000
_MOST_PATHS = 300
_DEEPEST = 16


def recorded_root(raw: RawOutput, exists: Callable[[str], bool]) -> str | None:
    """The absolute root that the output speaks of, when it is another than `raw.root`; None when nothing tells.

    The root below which most of the named files exist in the tree, else a place where CI services lay repositories out.
    """
    paths = _absolute(raw)
    if not paths or any(path.startswith(raw.root.rstrip("/") + "/") for path in paths):
        return None
    return _agreed(_known(paths, exists)) or _agreed(_usual(paths))


def _absolute(raw: RawOutput) -> tuple[str, ...]:
    """The first absolute paths in an output that may lie in a repository."""
    found: dict[str, None] = {}
    for data in (raw.report or b"", raw.stdout, raw.stderr):
        for path in _paths(decode(data[:_SCANNED]).replace("\\/", "/")):
            if not _FOREIGN.search(path):
                found[path.rstrip(".")] = None
            if len(found) >= _MOST_PATHS:
                return tuple(found)
    return tuple(found)


def _paths(text: str) -> Iterator[str]:
    yield from (match["path"] for match in _PATH.finditer(text))
    yield from (_BACKSLASHES.sub("/", match[0]) for match in _DRIVE.finditer(text))


def _known(paths: Iterable[str], exists: Callable[[str], bool]) -> Iterator[str]:
    """For each path the root above its longest end that exists in the tree."""
    for path in paths:
        lead, parts = "/" if path.startswith("/") else "", path.strip("/").split("/")
        if len(parts) <= _DEEPEST:
            at = next((at for at in range(1, len(parts)) if exists("/".join(parts[at:]))), None)
            if at is not None:
                yield lead + "/".join(parts[:at])


def _usual(paths: Iterable[str]) -> Iterator[str]:
    return (match[0] for match in map(_USUAL.match, paths) if match)


def _agreed(roots: Iterable[str]) -> str | None:
    """The root that most agree on, the first of equals."""
    ranked = Counter(roots).most_common(1)
    return ranked[0][0] if ranked else None
