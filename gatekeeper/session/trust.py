"""What holds for a proposal that is not trusted (`--trust base`): gatekeeper.yaml, the pipeline, the baseline, suppressions and approvals as they
are at the commit where the proposal left its base, read with git and never from the tree. Without such a commit there is no run.

A proposal's own branch is no base: the upstream of HEAD is not asked. Does not know what the files mean.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping, Sequence

from gatekeeper.config.file import LOCAL_NAME, Names
from gatekeeper.config.load import Reader, load_settings, read_file
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.model.coverage import ChangedLines
from gatekeeper.model.ports import Runner
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace
from gatekeeper.tree.files import Tree
from gatekeeper.tree.git import Git
from gatekeeper.tree.lines import changed_lines
from gatekeeper.tree.touched import merge_base

#: where CI says which branch a proposal is meant for
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


def trusted_settings(arguments: Arguments, environment: Mapping[str, str], *, cwd: str, names: Names | None, runner: Runner) -> Settings:
    """The settings of a run over a proposal that is not trusted. Raises UsageError where nobody can tell what it is a proposal for."""
    root = os.path.abspath(os.path.join(cwd, arguments.path))
    git = Git(runner, root, environment)
    commit = _base(git, _refs(arguments, environment))
    settings = load_settings(arguments, environment, cwd=cwd, names=names, read=_reader(git, commit, root))
    return replace(settings, trusted=commit)


def content_at(git: Git, commit: str, name: str) -> bytes | None:
    """A file below git's folder as it is at a commit, None where it is not there."""
    inside = posixpath.normpath(name)
    if posixpath.isabs(inside) or inside.startswith("../"):
        return None
    return git.ask("show", "--no-textconv", "--no-ext-diff", f"{commit}:./{inside}")


def trusted_lines(tree: Tree, git: Git, commit: str) -> Callable[[str, int], bool]:
    """Whether a line of the tree is as it was at the commit; where git cannot tell, none is."""
    changed: list[ChangedLines | None] = []

    def trusted(file: str, line: int) -> bool:
        if not changed:
            changed.append(changed_lines(tree, git, commit))
        return changed[0] is not None and not changed[0].touches(file, line)

    return trusted


def trust_notes(settings: Settings) -> tuple[str, ...]:
    """What a person must know of a run over a proposal that is not trusted."""
    if not settings.trusted:
        return ()
    said = (f"the proposal is not trusted: gatekeeper.yaml, pipeline, baseline, suppressions and approvals are those of commit {settings.trusted[:12]}; "
            "the tools' own configuration files, and whatever tests and builds run, are the proposal's")
    return (said,)


def _refs(arguments: Arguments, environment: Mapping[str, str]) -> Sequence[str]:
    """What the base may be called; what somebody names is the only one."""
    named = [text for option in ("new_since", "since") for text in arguments.given.get(option, ())[-1:]]
    target = next((f"origin/{environment[name]}" for name in _TARGETS if environment.get(name)), None)
    return named[:1] or ([target] if target else _USUAL)


def _base(git: Git, refs: Sequence[str]) -> str:
    for ref in refs:
        if (found := merge_base(git, ref)) is not None:
            return found
    raise UsageError("--trust base: nobody can tell what this is a proposal for: no merge-base with " + " or ".join(refs),
                     hint="name the branch that it is meant for, with its history: --since origin/main (git fetch --unshallow)")


def _reader(git: Git, commit: str, root: str) -> Reader:
    """Reads files of the tree from the commit, whatever lies there now; files elsewhere, and standard input, as they are."""
    real = os.path.realpath(root)

    def read(path: str) -> bytes | None:
        full = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if path == "-" or not full.startswith(real.rstrip("/") + "/"):
            return read_file(path)
        name = os.path.relpath(full, real)
        return None if name == LOCAL_NAME else content_at(git, commit, name)

    return read
