"""The command lines that fill the folder of a managed tool, with uv and npm. Starts them through the Runner that it is given.

No install script runs: PyPI packages come as wheels only, npm gets `--ignore-scripts`. Knows nothing of the project.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.model.ports import Completed, Runner
from gatekeeper.provide.kits import Ecosystem, Kit, split_pin
from gatekeeper.provide.places import Surroundings

_TIMEOUT = 900.0
#: variables that would lead an installer to another environment than the new folder
_MISLEADING = re.compile(r"^(VIRTUAL_ENV|CONDA_PREFIX|PYTHON(PATH|HOME)|UV_(PROJECT_ENVIRONMENT|PYTHON|SYSTEM_PYTHON|TARGET|CONSTRAINT|OVERRIDE|WORKING_DIRECTORY)|"
                         r"NODE_OPTIONS|NODE_ENV|npm_config_(local_prefix|prefix|global|omit|include|workspaces?|ignore_scripts|package_lock\w*)|npm_(package|lifecycle)_.*|GIT_.*)$",
                         re.IGNORECASE)
#: one try, then the truth: without a network the answer comes at once
_IMPATIENT = {"UV_HTTP_RETRIES": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "npm_config_fetch_retries": "1",
              "npm_config_fetch_retry_mintimeout": "200", "npm_config_fetch_retry_maxtimeout": "1000", "npm_config_update_notifier": "false",
              "NO_COLOR": "1"}
#: how uv draws its errors
_DRAWING = " \t\u2502\u251c\u2570\u25b6\u2500\u00d7\u252c\u2514\u256d\u00b7"
_UNREACHABLE = re.compile(r"failed to fetch|request failed|failed to lookup|name resolution|connect|dns error|getaddrinfo|ENOTFOUND|ECONN|EAI_AGAIN|ETIMEDOUT|timed out|network", re.IGNORECASE)
_NOISE = re.compile(r"complete log of this run|npm (warn|notice)|^warning:|npm (error|ERR!)( code| errno| syscall)?\s*$|npm (error|ERR!) (code|errno|syscall) |^hint:", re.IGNORECASE)


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
        what = ["--require-hashes", "--no-deps", "-r", kit.lock] if kit.lock else [f"{kit.package}=={kit.version}"]
        return self._all(folder, [
            [uv, "venv", "--quiet", "--relocatable", "--no-project", "--allow-existing", "--python", sys.executable, *offline, folder],
            [uv, "pip", "install", "--quiet", "--python", python, "--only-binary", ":all:", *offline, *what],
        ])

    def _npm(self, kit: Kit, folder: str) -> str | None:
        npm = self.surroundings.find("npm")
        if npm is None or self.surroundings.find("node") is None:
            return "node and npm are not on PATH"
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *(["--offline"] if self.offline else ["--prefer-offline"])]
        if kit.lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(os.path.join(kit.lock, name), os.path.join(folder, name))
            return self._all(folder, [[npm, "ci", *flags]])
        with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
            file.write('{"private": true}\n')
        return self._all(folder, [[npm, "install", *flags, "--save-exact", *_packages(kit)]])

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
