"""The command lines that fill the folder of a managed tool, with uv and npm. Starts them through the Runner that it is given.

No install script runs: PyPI packages come as wheels only, npm gets `--ignore-scripts`. Everything is installed from a lock with hashes: the
catalogue's, else one that is resolved once and kept beside the tools, so that the same version can never become something else on this machine.
Knows nothing of the project.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence

from gatekeeper.model.late import late
from gatekeeper.model.ports import Completed, Runner
from gatekeeper.model.value import dataclass
from gatekeeper.provide.kits import Ecosystem, Kit, split_pin
from gatekeeper.provide.places import Surroundings, read_text

_TIMEOUT = 900.0
#: variables that would lead an installer to another environment than the new folder
_MISLEADING = late(r"^(VIRTUAL_ENV|CONDA_PREFIX|PYTHON(PATH|HOME)|UV_(PROJECT_ENVIRONMENT|PYTHON|SYSTEM_PYTHON|TARGET|CONSTRAINT|OVERRIDE|WORKING_DIRECTORY)|"
                         r"NODE_OPTIONS|NODE_ENV|npm_config_(local_prefix|prefix|global|omit|include|workspaces?|ignore_scripts|package_lock\w*)|npm_(package|lifecycle)_.*|GIT_.*)$",
                         re.IGNORECASE)
#: one try, then the truth: without a network the answer comes at once
_IMPATIENT = {"UV_HTTP_RETRIES": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "npm_config_fetch_retries": "1",
              "npm_config_fetch_retry_mintimeout": "200", "npm_config_fetch_retry_maxtimeout": "1000", "npm_config_update_notifier": "false",
              "NO_COLOR": "1"}
_NPM_LOCK = ("package.json", "package-lock.json")
#: a pin by content, as uv and npm write it
_HASHED = late(r"--hash=sha\d+:|\"integrity\": \"sha\d+-")
#: how uv draws its errors
_DRAWING = " \t\u2502\u251c\u2570\u25b6\u2500\u00d7\u252c\u2514\u256d\u00b7"
_UNREACHABLE = late(r"failed to fetch|request failed|failed to lookup|name resolution|connect|dns error|getaddrinfo|ENOTFOUND|ECONN|EAI_AGAIN|ETIMEDOUT|timed out|network", re.IGNORECASE)
_NOISE = late(r"complete log of this run|npm (warn|notice)|^warning:|npm (error|ERR!)( code| errno| syscall)?\s*$|npm (error|ERR!) (code|errno|syscall) |^hint:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Installs kits; `offline` uses what the caches of uv and npm have."""

    surroundings: Surroundings
    runner: Runner
    home: str
    offline: bool = False

    def install(self, kit: Kit, folder: str) -> str | None:
        """Fills `folder` (empty, absolute); None when it worked, else one line that says why not."""
        return self._pypi(kit, folder) if kit.ecosystem is Ecosystem.PYPI else self._npm(kit, folder)

    def _pypi(self, kit: Kit, folder: str) -> str | None:
        uv = find_uv(self.surroundings)
        if uv is None:
            return "uv is not installed"
        offline = ["--offline"] if self.offline else []
        python = os.path.join(folder, "bin", "python")
        wheels = ["--quiet", "--python", python, "--only-binary", ":all:", *offline]
        lock = kit.lock or self._kept(kit)
        commands = [[uv, "venv", "--quiet", "--relocatable", "--no-project", "--allow-existing", "--python", sys.executable, *offline, folder]]
        if lock is None:
            wanted, lock = (os.path.join(folder, name) for name in ("requirements.in", "requirements.txt"))
            _write(wanted, f"{kit.package}=={kit.version}\n")
            commands.append([uv, "pip", "compile", *wheels, "--generate-hashes", "--no-header", "--no-annotate", "--output-file", lock, wanted])
        commands.append([uv, "pip", "install", *wheels, "--require-hashes", "--no-deps", "-r", lock])
        problem = self._all(folder, commands)
        return problem if problem or kit.lock else self._keep(kit, folder, ("requirements.txt",))

    def _npm(self, kit: Kit, folder: str) -> str | None:
        npm = self.surroundings.find("npm")
        if npm is None or self.surroundings.find("node") is None:
            return "node and npm are not on PATH"
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *(["--offline"] if self.offline else ["--prefer-offline"])]
        resolve: list[list[str]] = []
        if lock := kit.lock or self._kept(kit):
            for name in _NPM_LOCK:
                shutil.copyfile(os.path.join(lock, name), os.path.join(folder, name))
        else:
            _write(os.path.join(folder, "package.json"), '{"private": true}\n')
            resolve.append([npm, "install", "--package-lock-only", *flags, "--save-exact", *_packages(kit)])
        problem = self._all(folder, [*resolve, [npm, "ci", *flags]])
        return problem if problem or kit.lock else self._keep(kit, folder, _NPM_LOCK)

    def _kept(self, kit: Kit) -> str | None:
        """The lock that was made when this version was first installed here: a file for PyPI, a folder for npm."""
        folder = self._lock_folder(kit)
        if not os.path.isdir(folder):
            return None
        return os.path.join(folder, "requirements.txt") if kit.ecosystem is Ecosystem.PYPI else folder

    def _keep(self, kit: Kit, folder: str, names: Sequence[str]) -> str | None:
        """Keeps the lock of a version that only the project pins; a line when it pins nothing by hash."""
        kept = self._lock_folder(kit)
        if os.path.isdir(kept):
            return None
        texts = {name: read_text(os.path.join(folder, name)) or "" for name in names}
        if not _HASHED.search(texts[names[-1]]):
            return f"no hashes are known for {kit.package} {kit.version}"
        os.makedirs(f"{kept}.building", exist_ok=True)
        for name, text in texts.items():
            _write(os.path.join(f"{kept}.building", name), text)
        os.replace(f"{kept}.building", kept)
        return None

    def _lock_folder(self, kit: Kit) -> str:
        return os.path.join(self.home, "locks", kit.folder_name)

    def _all(self, folder: str, commands: Sequence[Sequence[str]]) -> str | None:
        environment = self.environment()
        for argv in commands:
            completed = self.runner(argv, cwd=folder, env=environment, timeout=_TIMEOUT)
            if not completed.ok:
                return failure(argv, completed)
        return None

    def environment(self) -> dict[str, str]:
        """The user's environment (proxies, registries) without what points elsewhere; caches of our own where there is no home."""
        kept = {name: value for name, value in self.surroundings.environment.items() if not _MISLEADING.match(name)}
        if self.surroundings.home is None:
            kept |= {"UV_CACHE_DIR": os.path.join(self.home, "uv"), "npm_config_cache": os.path.join(self.home, "npm")}
        return kept | _IMPATIENT


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _packages(kit: Kit) -> tuple[str, ...]:
    """The package at its version; extras only where they follow the same major version as the tool."""
    major = kit.version.split(".")[0]
    extra = tuple(pin for pin in (kit.tool.provide.extra if kit.tool.provide else ()) if split_pin(pin)[1].split(".")[0] == major)
    return (f"{kit.package}@{kit.version}", *extra)


def find_uv(surroundings: Surroundings) -> str | None:
    """The uv that Gatekeeper depends on, else one on PATH."""
    import uv  # start-up: only when something is installed

    try:
        return os.fspath(uv.find_uv_bin())
    except FileNotFoundError:
        return surroundings.find("uv")


def failure(argv: Sequence[str], completed: Completed) -> str:
    """The one line of an installer's complaint that tells the cause."""
    name = os.path.basename(argv[0])
    if completed.exit_code is None:
        return f"{name} could not be started, or took longer than {_TIMEOUT:.0f} seconds"
    lines = [line for raw in (completed.stderr + b"\n" + completed.stdout).decode("utf-8", "replace").splitlines()
             if (line := raw.strip(_DRAWING)) and not _NOISE.search(line)]
    if not lines:
        return f"{name} ended with exit code {completed.exit_code}"
    if name == "npm":
        return _bare(next((line for line in lines if line.startswith("npm")), lines[-1]))
    return ": ".join(dict.fromkeys(_bare(line) for line in (lines[0], lines[-1])))


def _bare(line: str) -> str:
    """A line without the installer's own prefix and without a password in an address."""
    return re.sub(r"//[^/\s@]+@", "//", re.sub(r"^(npm (error|ERR!)|error:|cause:)\s*", "", line))[:300]


def no_network(problem: str) -> bool:
    """Whether an installer's complaint is that it reached nobody."""
    return _UNREACHABLE.search(problem) is not None


def base_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """For version probes of managed tools: the user's environment without what would load other code."""
    return {name: value for name, value in environment.items() if not _MISLEADING.match(name)} | {"NO_COLOR": "1", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
