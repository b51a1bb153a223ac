"""Which services outside did not answer, kept in the user's cache for the next run: failures in a row and the moment of the last, by service.

Lost, foreign or broken is the same as nothing known: the next run finds out for itself. The last of two runs that write at once is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress

from gatekeeper.errors import StoreError
from gatekeeper.store.atomic import write_bytes

FILE = "services.json"
#: seconds after which nobody remembers a failure
_FORGOTTEN = 3600.0


def known_services(folder: str, now: float) -> Mapping[str, tuple[int, float]]:
    """What runs before have found out; `now` and the moments are seconds since 1970. What lies in the future is not believed."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            data = json.load(file)
        entries = [(str(name), int(entry["failures"]), float(entry["at"])) for name, entry in data["services"].items()] if data["schema"] == 1 else []
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {name: (failures, at) for name, failures, at in entries if failures > 0 and now - _FORGOTTEN < at <= now}


def remember_services(folder: str, services: Mapping[str, tuple[int, float]]) -> None:
    """Keeps what this run has found out; a cache that cannot be written is no reason to fail."""
    document = {"schema": 1, "services": {name: {"failures": failures, "at": round(at, 3)} for name, (failures, at) in sorted(services.items())}}
    with suppress(StoreError, OSError):
        os.makedirs(folder, exist_ok=True)
        write_bytes(os.path.join(folder, FILE), json.dumps(document).encode())
