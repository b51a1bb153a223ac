"""What `foundry.toml` and the folders around it say: compiler, and where forge may write. Runs nothing."""

from __future__ import annotations

import hashlib
import os

from gatekeeper.model.component import Component
from gatekeeper.provide.places import Surroundings, read_text


def profile(folder: str) -> dict[str, object]:
    """The default profile of a folder's foundry.toml; empty where there is none that can be read."""
    import tomllib  # lazy: only trees with contracts pay

    try:
        document = tomllib.loads(read_text(os.path.join(folder, "foundry.toml"), 1_000_000) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    profiles = document.get("profile")
    default = profiles.get("default") if isinstance(profiles, dict) else None
    return default if isinstance(default, dict) else {}


def foundry_solc(folder: str) -> str | None:
    """`solc` or `solc_version` of the default profile: a version or the path of a compiler."""
    table = profile(folder)
    return next((value for key in ("solc", "solc_version", "solc-version") if isinstance(value := table.get(key), str) and value), None)


def output_variables(surroundings: Surroundings, component: Component | None, home: str) -> dict[str, str]:
    """Where forge writes, when the project's own places would show up as changes of the tree: folders in our cache; else nothing.

    Tests that read build output by path (`fs_permissions`) keep the project's places.
    """
    folder = surroundings.folder(component)
    table = profile(folder)
    out, cache = (value if isinstance(value := table.get(key), str) else usual for key, usual in (("out", "out"), ("cache_path", "cache")))
    if all(_ignored(surroundings, component, name) for name in (out, cache)) or out in str(table.get("fs_permissions", "")):
        return {}
    base = os.path.join(home, "foundry", hashlib.blake2b(os.fsencode(os.path.realpath(folder)), digest_size=8).hexdigest())
    return {"FOUNDRY_OUT": os.path.join(base, "out"), "FOUNDRY_CACHE_PATH": os.path.join(base, "cache"),
            "FOUNDRY_TEST_FAILURES_FILE": os.path.join(base, "cache", "test-failures"),
            "FOUNDRY_FUZZ_FAILURE_PERSIST_DIR": os.path.join(base, "cache", "fuzz"),
            "FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR": os.path.join(base, "cache", "invariant")}


def _ignored(surroundings: Surroundings, component: Component | None, name: str) -> bool:
    """Whether a `.gitignore` from the component up to the root names the folder plainly."""
    start = surroundings.folder(component)
    name = os.path.normpath(name)
    for folder in surroundings.upwards(component):
        wanted = {name, os.path.normpath(os.path.join(os.path.relpath(start, folder), name))}
        lines = (read_text(os.path.join(folder, ".gitignore"), 1_000_000) or "").splitlines()
        if any(line.strip().removeprefix("**/").strip("/").removesuffix("/*").removesuffix("/**") in wanted for line in lines):
            return True
    return False
