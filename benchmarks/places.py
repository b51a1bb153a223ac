"""Makes the places that are measured in: an environment with the checkout and its peers installed, and synthetic repositories.

Everything lies in one folder outside the checkout. Knows no clock.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import venv
from collections.abc import Mapping
from dataclasses import dataclass

#: the peers, from PyPI (lefthook and prek ship their native binaries there)
PEERS = ("pre-commit==4.7.0", "prek==0.5.11", "lefthook==2.2.2", "ruff==0.17.5")
_FILES_PER_FOLDER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folder of the measurements and the programs in it."""

    folder: str

    @property
    def scripts(self) -> str:
        return os.path.join(self.folder, "venv", "bin")

    def program(self, name: str) -> str:
        """A program of the checkout's environment."""
        return os.path.join(self.scripts, name)

    def peer(self, name: str) -> str:
        """A peer; they have an environment of their own, as they would be installed."""
        return os.path.join(self.folder, "peers", "bin", name)

    @property
    def env(self) -> dict[str, str]:
        """Environment variables under which every cache lies in our folder, and no setting of the caller reaches a contestant."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GATEKEEPER_", "PYTHON", "PRE_COMMIT", "PREK", "LEFTHOOK"))}
        return kept | {"PATH": os.pathsep.join([os.path.join(self.folder, "peers", "bin"), os.environ.get("PATH", os.defpath)]), "HOME": os.path.join(self.folder, "home"),
                       "XDG_CACHE_HOME": os.path.join(self.folder, "cache"), "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1"}


def prepare(folder: str, checkout: str) -> Place:
    """Installs the checkout and the peers as anybody would, with pip from PyPI; a second call in the same folder only renews the checkout."""
    place = Place(folder=os.path.abspath(folder))
    os.makedirs(place.env["HOME"], exist_ok=True)
    for name, words in (("peers", PEERS), ("venv", (checkout,))):
        environment = os.path.join(place.folder, name)
        if not os.path.isdir(environment):
            venv.create(environment, with_pip=True)
            _run([*_pip(environment), "--upgrade", "pip"], cwd=place.folder)  # old ones write slow console scripts
        _run([*_pip(environment), *words], cwd=place.folder)
    _run([*_pip(place.folder + "/venv"), "--no-deps", "--force-reinstall", checkout], cwd=place.folder)
    return place


def _pip(environment: str) -> list[str]:
    return [os.path.join(environment, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def repository(place: Place, name: str, files: int, extra: Mapping[str, str]) -> str:
    """A git repository with that many small Python files and `extra` ones, all committed, and one more change staged. Made once."""
    digest = hashlib.blake2b(repr((files, sorted(extra.items()))).encode(), digest_size=4).hexdigest()
    root = os.path.join(place.folder, f"{name}-{digest}", "repository")
    if os.path.isdir(os.path.join(root, ".git")):
        return root
    for number in range(files):
        part, index = divmod(number, _FILES_PER_FOLDER)
        _write(os.path.join(root, f"src/part{part:04}/module{index:02}.py"), f"VALUE = {number}\n")
    for path, content in extra.items():
        _write(os.path.join(root, path), content)
    git = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org", "-c", "gc.auto=0")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "start")):
        _run([*git, *words], cwd=root, env=place.env)
    if files:
        _write(os.path.join(root, "src/part0000/module00.py"), "VALUE = 0\nOTHER = 1\n")
        _run([*git, "add", "src/part0000/module00.py"], cwd=root, env=place.env)
    return root


def _write(path: str, content: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def _run(argv: list[str], cwd: str, env: Mapping[str, str] | None = None) -> None:
    ended = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
