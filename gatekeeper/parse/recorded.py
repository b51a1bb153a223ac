"""Which versions of which tools a format was recorded from: `recorded.json`, written from `fixtures/outputs` by `python -m tests.parse.recordings`.

The recordings themselves are not shipped. Knows no format.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping, Sequence

FILE = "recorded.json"


def recorded() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """By format id the tools, each with `tool` and `version`, sorted; a format that is in none was not recorded from a tool."""
    found: dict[str, list[dict[str, str]]] = json.loads(pkgutil.get_data("gatekeeper.parse", FILE) or b"{}")
    return found
