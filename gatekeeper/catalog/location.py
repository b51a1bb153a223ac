"""Finds the `pipelines` folder: beside the package in a checkout (also an editable install), inside it in a wheel."""

from __future__ import annotations

import os
from functools import cache

from gatekeeper.errors import ConfigError


@cache
def pipelines_folder() -> str:
    """Absolute path of the shipped pipelines. Raises ConfigError when the installation lost them."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in (os.path.join(os.path.dirname(package), "pipelines"), os.path.join(package, "_pipelines")):
        if os.path.isfile(os.path.join(folder, "default.yaml")):
            return folder
    raise ConfigError(f"no pipelines beside or inside {package}: the installation is incomplete", hint="install gatekeeper again")


def document_names(folder: str, subfolder: str = "") -> tuple[str, ...]:
    """The YAML documents of a folder, absolute, sorted by name."""
    where = os.path.join(folder, subfolder)
    return tuple(os.path.join(where, name) for name in sorted(os.listdir(where)) if name.endswith(".yaml"))
