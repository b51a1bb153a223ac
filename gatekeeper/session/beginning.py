"""What a run starts from, in a form that the journal keeps: settings, content of the tree, programs, installed packages, decisive variables.

Configuration of users and above the tree counts, too. Two of them tell what changed between two runs, by name. What is installed is told by the
signature of each program (size, time, inode), by the names and versions of the Python distributions, and by the notes that npm, pnpm and yarn leave of
what they installed. Values of variables are kept as digests. Does not know what a job would make of a change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from gatekeeper.config.file import LOCAL_NAME, NAME
from gatekeeper.model.component import Language
from gatekeeper.model.document import from_document, to_document
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.redaction import redacted
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass, field
from gatekeeper.plan.key import configuration_names, user_configuration
from gatekeeper.session.leaves import Leaves
from gatekeeper.session.look import Sight
from gatekeeper.session.reading import content
from gatekeeper.tree.snapshot import Snapshot, differences

#: beginnings of the names of variables that decide what tools do; a session of a shell has many others, which differ each time
_DECISIVE = ("CARGO", "RUST", "PYTHON", "PYTEST", "MYPY", "RUFF", "PIP_", "UV_", "NODE_", "NPM_CONFIG", "npm_config", "ESLINT", "TSC_", "JEST", "VITEST",
             "FOUNDRY_", "DAPP", "SOLC", "HARDHAT", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CC", "CXX", "CI", "TZ", "LANG", "LC_", "GATEKEEPER_")
#: what package managers of JavaScript note of what they have installed
_NOTES = (".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml")
_WORDS = {"(index)": "the index of git", "(refs)": "the commit or the branches"}
#: where the header of a journal keeps it
KEY = "beginning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Everything but the plan. `settings` is None where they hold a secret, which is kept nowhere. Digests and signatures by path or name."""

    settings: Settings | None
    tree: Snapshot
    leaves: Leaves
    configuration: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    #: configuration of the tools that lies above the tree or belongs to the user
    around: Mapping[str, str] = field(default_factory=dict)


def beginning(sight: Sight, plan: Plan, toolbox: Toolbox, tree: Snapshot, leaves: Leaves) -> Beginning:
    """What a run with this plan starts from."""
    root = sight.tree.root
    return Beginning(
        settings=sight.settings, tree=tree, leaves=leaves,
        configuration={name: _digest(content) for name in (NAME, LOCAL_NAME) if (content := sight.tree.read(name)) is not None},
        tools={path: _signature(path) for path in sorted({path for job in plan.jobs for path in programs(job)})},
        packages=dict(sorted(_packages(root, plan, toolbox))),
        variables={name: _digest(os.fsencode(value)) for name, value in sorted(sight.environment.items()) if name.startswith(_DECISIVE)},
        around=dict(sorted(_around(sight, plan))))


def _around(sight: Sight, plan: Plan) -> Iterator[tuple[str, str]]:
    """Configuration outside of the tree that tools of the plan find by themselves, with its digest."""
    tools = {tool.id: tool for tool in sight.catalog.tools}
    jobs = {job.tool_id: job for job in plan.jobs}
    named = {name for job in jobs.values() if (tool := tools.get(job.tool_id)) for name in configuration_names(job, tool.traces.files, tool.traces.keys)}
    paths = {path for job in jobs.values() for path in user_configuration(job, sight.environment)}
    folder = sight.tree.root
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        paths.update(os.path.join(folder, name) for name in named)
    for path in paths:
        if os.path.isfile(path):
            yield path, _digest(content(path))


def programs(job: Job) -> Iterator[str]:
    """Paths of the files of the tool that a job uses: a program, or an interpreter and its script."""
    if job.tool is not None:
        yield from (word for word in (job.tool.path, *job.tool.prefix) if os.path.isabs(word))


def _packages(root: str, plan: Plan, toolbox: Toolbox) -> Iterator[tuple[str, str]]:
    for folder in {os.path.join(root, component.root) for component in plan.components} | {root}:
        yield from ((path, signature) for note in _NOTES if (signature := _signature(path := os.path.join(folder, "node_modules", note))))
    pythonic = [component for component in plan.components if component.language is Language.PYTHON]
    for site in {site for component in pythonic if (site := toolbox.site_packages(component)) is not None}:
        try:
            names = sorted(name for name in os.listdir(site) if name.endswith((".dist-info", ".egg-info", ".pth")))
        except OSError:
            names = []
        yield site, _digest("\0".join(names).encode("utf-8", "surrogateescape"))


def _signature(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def changes(then: Beginning, now: Beginning) -> tuple[str, ...]:
    """What is not as it was, by name; what an interrupted run has left in the tree and would have removed is no change."""
    files = (_WORDS.get(name, name) for name in differences(then.tree, now.tree) if not then.leaves.names(name))
    return (*files, *_differing("", then.configuration, now.configuration), *_differing("the program ", then.tools, now.tools),
            *_differing("what is installed: ", then.packages, now.packages), *_differing("the variable ", then.variables, now.variables),
            *_differing("the configuration ", then.around, now.around))


def _differing(kind: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{kind}{name}" for name in sorted({*then, *now}) if then.get(name) != now.get(name))


def kept(start: Beginning, secrets: tuple[str, ...]) -> dict[str, Any]:
    """What the header of a journal says of a beginning."""
    document = to_document(start)
    shown = redacted(document, secrets)
    return {KEY: shown if shown["settings"] == document["settings"] else shown | {"settings": None}}


def read_beginning(header: Mapping[str, Any]) -> Beginning:
    """What the header of a journal says that the run started from. Raises DocumentError where it says nothing of the kind."""
    return from_document(Beginning, header.get(KEY))
