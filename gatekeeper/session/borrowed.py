"""The tools of the work tree for a checkout of its base: the same programs at the same versions, or none.

A base has no environment of its own. Where a component declares there what it declares here, the installed dependencies are those that it
would have; where it does not, its jobs are unavailable, and what they find here cannot be compared. Installs nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress

from gatekeeper.model.component import Component
from gatekeeper.model.ports import Toolbox
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.session.look import Sight

_GONE = "the component does not exist in the work tree"
_OTHER = "declares other dependencies at the merge-base than now, and only those of now are installed"


class Borrowed:
    """A Toolbox for `there` that answers with what `own` finds `here`."""

    def __init__(self, own: Toolbox, here: Sight, there: Sight) -> None:
        self._own, self._here, self._there = own, here, there
        self._twins = {component.id: component for component in here.detection.components}

    def locate(self, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
        """The program that the work tree would use."""
        twin = self.twin(component)
        if component is not None and twin is None:
            return MissingTool(reason=_GONE, hint="nothing to do")
        return self._own.locate(tool, twin)

    def dependencies(self, component: Component) -> MissingTool | None:
        """What is missing of the project's dependencies: all of them where they are declared otherwise here."""
        twin = self.twin(component)
        if twin is None:
            return MissingTool(reason=_GONE, hint="nothing to do", dependencies=True)
        if not self.same_dependencies(component):
            return MissingTool(reason=f"{component.manifest} {_OTHER}", hint="compare with a baseline instead: gatekeeper baseline create", dependencies=True)
        return self._own.dependencies(twin)

    def python(self, component: Component) -> str | None:
        """The interpreter of the work tree's environment."""
        twin = self.twin(component)
        return self._own.python(twin) if twin is not None else None

    def site_packages(self, component: Component) -> str | None:
        """The packages of the work tree's environment, where they are what the base declares."""
        twin = self.twin(component)
        return self._own.site_packages(twin) if twin is not None and self.same_dependencies(component) else None

    def solc(self, component: Component) -> str | None:
        """The compiler that the work tree would use."""
        twin = self.twin(component)
        return self._own.solc(twin) if twin is not None else None

    def builtin(self, module: str) -> tuple[str, ...]:
        """Ours are the same everywhere."""
        return self._own.builtin(module)

    def twin(self, component: Component | None) -> Component | None:
        """The same component in the work tree."""
        found = self._twins.get(component.id) if component is not None else None
        return found if found is not None and component is not None and found.root == component.root else None

    def same_dependencies(self, component: Component) -> bool:
        """Whether manifest, lockfile and the manifest of the workspace are the same bytes on both sides."""
        twin = self.twin(component)
        if twin is None:
            return False
        workspace = component.workspace_root
        names = {component.manifest, component.lockfile, twin.lockfile,
                 *([f"{'' if workspace == '.' else f'{workspace}/'}{component.manifest.rpartition('/')[2]}"] if workspace else [])}
        return all(self._here.tree.read(name) == self._there.tree.read(name) for name in names if name)

    def link_modules(self) -> None:
        """Gives the checkout the installed node_modules of the components that declare the same; they are links, and go with the checkout."""
        roots = {root for component in self._there.detection.components if self.same_dependencies(component) for root in (component.root, component.workspace_root)
                 if root is not None}
        for root in sorted(roots):
            source, target = os.path.join(self._here.tree.root, root, "node_modules"), os.path.join(self._there.tree.root, root, "node_modules")
            if os.path.isdir(source) and not os.path.lexists(target):
                with suppress(OSError):
                    os.symlink(os.path.realpath(source), target)
