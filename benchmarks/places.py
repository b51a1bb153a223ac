"""Makes the places that are measured in: an environment with the checkout, its peers from the registries, and synthetic repositories.

Everything lies in one folder outside the checkout. Knows no clock.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
import venv
from collections.abc import Mapping
from dataclasses import dataclass

#: from PyPI, native binaries but for pre-commit
PYTHON_PEERS = ("pre-commit==4.7.0", "prek==0.5.11", "lefthook==2.2.2", "ruff==0.17.5", "ninja==1.13.0", "go-task-bin==3.54.0")
#: from npm: turbo and moon as native binaries, nx as it comes
NODE_PEERS = ("turbo@2.11.11", "@moonrepo/cli@2.5.5", "nx@24.0.6")
_FILES_PER_FOLDER = 100
_FOREIGN = ("GIT_", "GATEKEEPER_", "PYTHON", "PRE_COMMIT", "PREK", "LEFTHOOK", "TURBO", "NX_", "MOON", "TASK_", "npm_", "NPM_", "MAKE", "CI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folder of the measurements and the programs in it; `repositories` are real ones to try, as the caller named them."""

    folder: str
    repositories: tuple[str, ...] = ()

    @property
    def scripts(self) -> str:
        return os.path.join(self.folder, "venv", "bin")

    def program(self, name: str) -> str:
        """A program of the checkout's environment."""
        return os.path.join(self.scripts, name)

    def peer(self, name: str) -> str:
        """A peer; they have an environment of their own, as they would be installed. Of those that come with a wrapper the native binary."""
        wrapped = glob.glob(os.path.join(self.folder, "peers", "lib", "python*", "site-packages", name, "bin", f"{name}-linux-*", name))
        native = glob.glob(os.path.join(self.folder, "node", "node_modules", f"@{name}", "linux-*", "bin", name))
        native += glob.glob(os.path.join(self.folder, "node", "node_modules", f"{name}-linux-*", "bin", name))
        native += glob.glob(os.path.join(self.folder, "node", "node_modules", f"@{name}repo", "core-linux-*", name))
        native += glob.glob(os.path.join(self.folder, "node", "node_modules", name, "dist", "bin", f"{name}.js"))
        return next(iter((*native, *wrapped)), os.path.join(self.folder, "peers", "bin", name))

    def system(self, name: str) -> str | None:
        """A program of the machine, or None."""
        return shutil.which(name)

    @property
    def env(self) -> dict[str, str]:
        """Environment variables under which every cache lies in our folder, and no setting of the caller reaches a contestant."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return kept | {"PATH": os.pathsep.join([os.path.join(self.folder, "peers", "bin"), os.environ.get("PATH", os.defpath)]), "HOME": os.path.join(self.folder, "home"),
                       "XDG_CACHE_HOME": os.path.join(self.folder, "cache"), "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1", "TURBO_TELEMETRY_DISABLED": "1",
                       "NX_DAEMON": "false", "NX_NO_CLOUD": "true", "NX_TUI": "false"}


def prepare(folder: str, checkout: str, repositories: tuple[str, ...] = ()) -> Place:
    """Installs the checkout and the peers as anybody would, from PyPI and npm; a second call in the same folder only renews the checkout."""
    place = Place(folder=os.path.abspath(folder), repositories=repositories)
    os.makedirs(place.env["HOME"], exist_ok=True)
    for name, words in (("peers", PYTHON_PEERS), ("venv", (checkout,))):
        environment = os.path.join(place.folder, name)
        if not os.path.isdir(environment):
            venv.create(environment, with_pip=True)
            run([*_pip(environment), "--upgrade", "pip"], cwd=place.folder)  # old ones write slow console scripts
        run([*_pip(environment), *words], cwd=place.folder)
    run([*_pip(place.folder + "/venv"), "--no-deps", "--force-reinstall", checkout], cwd=place.folder)
    if shutil.which("npm"):
        _node_peers(os.path.join(place.folder, "node"))
    return place


def _node_peers(folder: str) -> None:
    """Each by itself, if it is not there: one that npm does not have is left out with a word, wherever it is measured."""
    os.makedirs(folder, exist_ok=True)
    for peer in NODE_PEERS:
        name = peer.rpartition("@")[0]
        if os.path.isdir(os.path.join(folder, "node_modules", *name.split("/"))):
            continue
        try:
            run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", peer], cwd=folder)
        except RuntimeError as error:
            print(f"{peer} could not be installed: {error}")


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
        write(os.path.join(root, f"src/part{part:04}/module{index:02}.py"), f"VALUE = {number}\n")
    for path, content in extra.items():
        write(os.path.join(root, path), content)
    committed(root, place.env)
    if files:
        write(os.path.join(root, "src/part0000/module00.py"), "VALUE = 0\nOTHER = 1\n")
        run(["git", "add", "src/part0000/module00.py"], cwd=root, env=place.env)
    return root


def committed(root: str, env: Mapping[str, str]) -> None:
    """Makes a folder a repository with one commit."""
    git = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org", "-c", "gc.auto=0")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "start")):
        run([*git, *words], cwd=root, env=env)


def write(path: str, content: str) -> None:
    """Writes a file, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def run(argv: list[str], cwd: str, env: Mapping[str, str] | None = None) -> str:
    """What a command says. Raises RuntimeError with the output when it fails."""
    ended = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended.stdout
