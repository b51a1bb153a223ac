"""Which folders hold something that only looks like a component: fixtures, templates, vendored and built trees. Knows names, not manifests.

The words count below the root only: a checkout that itself lies in a folder `fixtures` is a repository like any other.
"""

from __future__ import annotations

from collections.abc import Iterable

from gatekeeper.detect.index import ancestors, base
from gatekeeper.model.component import Exclusion
from gatekeeper.model.late import late

_TOOLS_OWN = "belongs to a tool, not to the project"
_FIXTURE = "test fixture"
_TEMPLATE = "template, copied and not run here"
_VENDORED = "vendored code of others"
_BUILT = "build output"
_EXAMPLE = "example, no member of a workspace"

#: whole names of folders
_WORDS = {
    **dict.fromkeys(("fixtures", "fixture", "__fixtures__", "testdata", "test-data", "test_data", "testfixtures", "test-fixtures",
                     "test_fixtures", "testcases", "test-cases", "test_cases", "__snapshots__", "snapshots", "tap-snapshots",
                     "testassets", "test-assets", "test_assets", "__testfixtures__", "__mocks__", "corpus"), _FIXTURE),
    **dict.fromkeys(("templates", "template", "__templates__", "_templates", "boilerplate", "boilerplates", "cookiecutter", "skeleton", "skeletons",
                     "scaffolds", "_template"), _TEMPLATE),
    **dict.fromkeys(("vendor", "vendors", "vendored", "_vendor", "_vendored", "third_party", "third-party", "thirdparty", "3rdparty", "third_parties",
                     "site-packages", "external_libs"), _VENDORED),
    **dict.fromkeys(("node_modules", "bower_components", "jspm_packages", ".yarn", ".pnpm-store", ".venv", "venv", ".tox", ".nox", ".eggs"),
                    "installed dependencies"),
    **dict.fromkeys(("target", "dist", "out", "_build", ".next", ".nuxt", ".output", ".svelte-kit", "artifacts", "typechain-types", "typechain",
                     "coverage", "htmlcov", "generated", "__generated__", "_generated"), _BUILT),
    **dict.fromkeys(("examples", "example", "samples", "sample", "demos", "demo", "tutorials", "cookbook"), _EXAMPLE),
}
#: beginnings and endings of names
_SHAPES = (
    (late(r"(?:template|templates)[-_.].+|.+[-_](?:template|templates)"), _TEMPLATE),
    (late(r"\{\{.*\}\}.*|.*\{\{.*\}\}|__[a-z_-]*name__|\$\{.*\}"), _TEMPLATE),
    (late(r".+[-_](?:fixture|fixtures)"), _FIXTURE),
)
#: what membership in a workspace does not outweigh
_ALWAYS = frozenset({_FIXTURE, "installed dependencies", _TOOLS_OWN})
_TOOL_FOLDERS = frozenset({".git", ".hg", ".claude", ".cursor", ".opencode", ".agents", ".codex", ".gatekeeper", ".cache", ".turbo", ".nx", ".yarn"})


def word(name: str) -> str | None:
    """Why a folder of this name is left out, or None."""
    if name in _TOOL_FOLDERS and name not in _WORDS:
        return _TOOLS_OWN
    if name.lower() in _WORDS:
        return _WORDS[name.lower()]
    return next((reason for shape, reason in _SHAPES if shape.fullmatch(name)), None)


class Exclusions:
    """Decides for folders that hold a manifest, and remembers what was left out at the highest folder that explains it."""

    def __init__(self, *, vendored: Iterable[str] = (), separate: Iterable[tuple[str, str]] = ()) -> None:
        self._vendored = dict.fromkeys(vendored, _VENDORED)
        self._separate = dict(separate)
        self._found: dict[str, str] = dict(self._separate)

    def covers(self, folder: str, *, member: bool = False) -> bool:
        """Whether `folder` is no component; then it is remembered. `member`: a workspace names it as its own."""
        cause = self.cause(folder, member=member)
        if cause is None:
            return False
        self.leave_out(*cause)
        return True

    def cause(self, folder: str, *, member: bool = False) -> tuple[str, str] | None:
        """The highest folder at or above `folder` that explains why it is left out, with the reason."""
        causes = [(above, reason) for above in ancestors(folder) if (reason := self._reason(above)) is not None]
        if member:
            causes = [(above, f"{reason} (although a workspace lists it)") for above, reason in causes if reason in _ALWAYS]
        return causes[-1] if causes else None

    def leave_out(self, folder: str, reason: str) -> None:
        """Remembers a folder that is no component."""
        self._found.setdefault(folder, reason)

    def holds(self, folder: str) -> bool:
        """Whether `folder` lies in what was left out, by its name or because a language said so."""
        return self.cause(folder) is not None or any(above in self._found for above in ancestors(folder) if above != ".")

    def listed(self, components: Iterable[str]) -> tuple[Exclusion, ...]:
        """Everything left out, sorted, without what lies in another entry; a folder that holds components stays with its own reason."""
        roots = set(components)
        kept = [folder for folder in sorted(self._found)
                if folder not in roots and not any(above in self._found for above in ancestors(folder) if above not in {folder, "."})]
        return tuple(Exclusion(root=folder, reason=self._found[folder]) for folder in kept)

    def _reason(self, folder: str) -> str | None:
        if folder == ".":
            return None
        return self._separate.get(folder) or self._vendored.get(folder) or word(base(folder))
