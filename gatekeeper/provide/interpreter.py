"""Asks the `python` on PATH where its packages lie. Isolated and without `site`: no project code, no `.pth` file runs."""

from __future__ import annotations

import json
import os

from gatekeeper.model.ports import Runner
from gatekeeper.provide.environments import Environment, read_environment
from gatekeeper.provide.places import Surroundings

_QUESTION = """
import json, os, site, sys, sysconfig
site_packages = list(site.getsitepackages())
try:
    site_packages.append(site.getusersitepackages())
except Exception:
    pass
print(json.dumps([sys.executable, sys.prefix, sysconfig.get_path("scripts"), [p for p in site_packages if os.path.isdir(p)]]))
"""


def path_environment(surroundings: Surroundings, runner: Runner, folder: str) -> Environment | None:
    """The interpreter that `python` means in `folder` (a pyenv shim looks at `.python-version` there), or None."""
    environment = {name: value for name, value in surroundings.environment.items() if not name.startswith("PYTHON")}
    for name in ("python", "python3"):
        program = surroundings.find(name)
        if program is None:
            continue
        prefix = os.path.dirname(os.path.dirname(program))
        # a virtual environment's files tell all that its interpreter could
        if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")) and (found := read_environment(prefix, "PATH")):
            return found
        completed = runner([program, "-I", "-S", "-c", _QUESTION], cwd=folder, env=environment, timeout=20.0)
        if completed.ok and (found := _read(completed.stdout)):
            return found
    return None


def _read(answer: bytes) -> Environment | None:
    try:
        python, prefix, scripts, site = json.loads(answer)
    except ValueError:
        return None
    # without `site` an interpreter takes the base of its virtual environment for its own
    own = os.path.dirname(os.path.dirname(str(python)))
    if os.path.isfile(os.path.join(own, "pyvenv.cfg")):
        return read_environment(own, "PATH")
    return Environment(prefix=str(prefix), python=str(python), scripts=str(scripts), site=tuple(str(path) for path in site), origin="PATH")
