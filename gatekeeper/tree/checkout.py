"""Lays a commit out in a folder of its own: a repository that borrows the objects of the first and has none of its configuration.

So nothing that the repository or the user has set up is started (no hooks, no filters, no fsmonitor), and the first repository is not
written to. Submodules stay empty. Does not know what the files are for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gatekeeper.model.ports import Runner
from gatekeeper.tree.git import Git

_BARE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_LFS_SKIP_SMUDGE": "1"}
_REDIRECTING = ("GIT_INDEX_FILE", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_TEMPLATE_DIR", "GIT_DEFAULT_HASH", "GIT_ATTR_SOURCE", "GIT_NAMESPACE")


def bare_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which git knows no configuration but that of the folder."""
    kept = {name: value for name, value in environment.items() if name not in _REDIRECTING and not name.startswith("GIT_CONFIG_")}
    return kept | _BARE


def lay_out(git: Git, commit: str, folder: str, runner: Runner, environment: Mapping[str, str]) -> str | None:
    """Writes the files of `commit` into the empty folder; None when all is there, else one line that says why not."""
    objects, shape = git.line("rev-parse", "--path-format=absolute", "--git-path", "objects"), git.line("rev-parse", "--show-object-format")
    if objects is None or not os.path.isdir(objects):
        return "git does not say where its objects are"
    there = Git(runner, folder, bare_environment(environment))
    if not there.call("init", "-q", "--template=", f"--object-format={shape or 'sha1'}", ".").ok:
        return "git cannot make a repository there"
    with open(os.path.join(folder, ".git", "objects", "info", "alternates"), "wb") as file:
        file.write(_quoted(objects) + b"\n")
    for words in (("read-tree", commit), ("update-ref", "--no-deref", "HEAD", commit), ("checkout-index", "-a", "-f", "-q")):
        done = there.call(*words)
        if not done.ok:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
            return f"git {words[0]}: {said or 'no answer'}"
    return None


def prefix_of(git: Git) -> str:
    """Where the folder lies in its repository: empty at the top, else a path that ends with a slash."""
    answer = git.ask("rev-parse", "--show-prefix")
    return os.fsdecode(answer).removesuffix("\n") if answer is not None else ""


def _quoted(path: str) -> bytes:
    """A line of `alternates`: quoted as C does where it would be read otherwise."""
    data = os.fsencode(path)
    if not data.startswith((b'"', b"#")) and b"\n" not in data:
        return data
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
