"""From settings to a plan: everything that is only looking. Executes nothing that the repository brings."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections.abc import Callable, Mapping

from gatekeeper.catalog.load import load_catalog
from gatekeeper.catalog.location import pipelines_folder
from gatekeeper.config.compiled import cache_folder
from gatekeeper.detect.find import detect
from gatekeeper.errors import UsageError
from gatekeeper.execute.helper import run_helper
from gatekeeper.model.component import Detection
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Runner, Toolbox
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass, replace
from gatekeeper.plan.inputs import PlanInputs
from gatekeeper.plan.make import make
from gatekeeper.plan.scope import excluded_by
from gatekeeper.provide.locate import Locator, make_locator
from gatekeeper.provide.managed import Permission
from gatekeeper.session.sharing import width
from gatekeeper.session.trust import content_at
from gatekeeper.store.atomic import write_bytes
from gatekeeper.store.history import past
from gatekeeper.store.home import home_of
from gatekeeper.tree import changes as scopes
from gatekeeper.tree.changes import Changes
from gatekeeper.tree.files import Tree, read_tree
from gatekeeper.tree.git import Git

#: the word for no baseline
NO_BASELINE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What looking at a repository gives: the tree, the catalogue, the components, and what is in scope."""

    settings: Settings
    environment: Mapping[str, str]
    runner: Runner
    tree: Tree
    git: Git
    catalog: Catalog
    detection: Detection


def see(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper, *, compared: bool = False) -> Sight:
    """Reads tree and catalogue and detects the components; `compared` is for runs, which know afterwards what was changed meanwhile. Raises
    GatekeeperError for what the user can mend."""
    own = _own_pipeline(settings, environment, runner)
    cache = cache_folder(environment)
    catalog = load_catalog(settings.pipeline, cache_folder=cache, project_file=own)
    tree = _without_baseline(without_excluded(read_tree(settings.root, runner, environment, compared=compared), settings.exclude), settings.baseline)
    return Sight(settings=settings, environment=environment, runner=runner, tree=tree, git=Git(runner, tree.root, environment), catalog=catalog,
                 detection=detect(tree, catalog, None if cache is None else os.path.join(cache, "documents")))


def _own_pipeline(settings: Settings, environment: Mapping[str, str], runner: Runner) -> str | None:
    """The path of a pipeline of the repository's own; over a proposal that is not trusted, of a copy of what it was before."""
    if not settings.pipeline.endswith((".yaml", ".yml")):
        return None
    if not settings.trusted:
        return os.path.join(settings.root, settings.pipeline)
    data = content_at(Git(runner, settings.root, environment), settings.trusted, settings.pipeline)
    if data is None:
        raise UsageError(f"{settings.pipeline}: is not in commit {settings.trusted[:12]}, which is the one that is trusted")
    import tempfile  # lazy: only proposals that are not trusted pay

    folder = cache_folder(environment) or tempfile.gettempdir()
    path = os.path.join(folder, "trusted", hashlib.blake2b(data, digest_size=12).hexdigest(), os.path.basename(settings.pipeline))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_bytes(path, data)
    return path


def without_excluded(tree: Tree, patterns: tuple[str, ...]) -> Tree:
    """The tree as if what the configuration excludes were not there."""
    return replace(tree, files=tuple(file for file in tree.files if not excluded_by(patterns, file))) if patterns else tree


def _without_baseline(tree: Tree, name: str) -> Tree:
    """The tree without its baseline: known findings are no matter of any tool."""
    place = bisect_left(tree.files, name)
    return replace(tree, files=(*tree.files[:place], *tree.files[place + 1:])) if tree.files[place:place + 1] == (name,) else tree


def in_scope(sight: Sight) -> Changes:
    """The files that this run looks at. Raises UsageError for a scope that needs git where there is none."""
    changes, baseline = _in_scope(sight), sight.settings.baseline
    if changes.files is None or baseline not in changes.files:
        return changes
    return replace(changes, files=tuple(file for file in changes.files if file != baseline))


def _in_scope(sight: Sight) -> Changes:
    settings = sight.settings
    if settings.scope in ("staged", "changed", "since") and not sight.tree.git:
        raise UsageError(f"--{settings.scope}: {sight.tree.root} is no git repository", hint="name the files instead: gatekeeper run . -- FILE...")
    match settings.scope:
        case "staged":
            return scopes.staged(sight.git, sight.tree.modified)
        case "changed":
            return scopes.changed(sight.git)
        case "since":
            return scopes.since(sight.git, settings.since or "")
        case "files":
            return scopes.named(sight.tree, settings.files, settings.invoked_from)
        case _:
            return scopes.everything()


def new_files(sight: Sight, changes: Changes) -> tuple[str, ...]:
    """The files that the base of the scope does not have; over everything, those that are new since the upstream, else since the last commit."""
    if changes.added is not None:
        return changes.added
    return scopes.added(sight.git, sight.tree.untracked) if sight.tree.git else ()


def locator(sight: Sight, permission: Permission, announce: Callable[[str], None] = lambda _text: None) -> Locator:
    """Which program each tool is; what is not there may be installed, announced or left missing."""
    return make_locator(root=sight.tree.root, environment=sight.environment, runner=sight.runner, catalog=sight.catalog,
                        home=cache_folder(sight.environment), locks=os.path.join(pipelines_folder(), "locks"), permission=permission, announce=announce)


def planned(sight: Sight, changes: Changes, toolbox: Toolbox) -> Plan:
    """The plan over what was seen."""
    return make(PlanInputs(
        detection=sight.detection, catalog=sight.catalog, settings=sight.settings, toolbox=toolbox, files=sight.tree.files,
        scope=changes.files, deleted=changes.deleted, scope_name=changes.scope, past=past(home_of(sight.tree.root, sight.environment)),
        pool_size=width(sight.settings, sight.environment), notes=(changes.note,) if changes.note else (),
    ))


def make_plan(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper) -> Plan:
    """The plan of a run with these settings; installs nothing."""
    sight = see(settings, environment, runner)
    permission = Permission.ANNOUNCE if settings.provision else Permission.NEVER
    return planned(sight, in_scope(sight), locator(sight, permission))


def look(settings: Settings, environment: Mapping[str, str], runner: Runner = run_helper) -> Detection:
    """The components of a repository."""
    return see(settings, environment, runner).detection
