"""A2, system health: processor, memory, disk, load, tool versions and what is missing, as facts; what deserves attention as advice.

Measures the machine while the run is going on. Does not look for tools: the caller hands in the inventory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psutil

from gatekeeper import __version__
from gatekeeper.builtin.contract import Outcome, finding, json_in, serve, tree_parser
from gatekeeper.errors import UsageError
from gatekeeper.execute.resources import capacity, cgroup_limits, free_memory_mb
from gatekeeper.store.atomic import write_bytes

LEAST_MEMORY_MB = 1000.0
LEAST_DISK_MB = 1000.0
#: seconds that processor use is measured over
SAMPLE = 0.2
#: processes waiting per core from which on measured times say little
HIGH_LOAD = 2.0
#: programs that every run may need, beside the tools of its components
_PROGRAMS = ("git", "python3", "node", "npm", "cargo")


def main(argv: Sequence[str]) -> int:
    """Measures the machine; see `--help`."""
    parser = tree_parser("health")
    parser.add_argument("--inventory", metavar="PATH", help="JSON file: list of tools with tool, version, source, path, missing, hint")
    parser.add_argument("--output", metavar="PATH", help="also write the facts to this JSON file")
    return serve(_work, parser, argv)


def _work(arguments: argparse.Namespace) -> Outcome:
    tools = _tools(arguments.inventory)
    facts = {
        "schema": 1, "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "gatekeeper": __version__, "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu(), "memory": memory(), "disk": disk(arguments.root), "load": load(), "programs": {name: shutil.which(name) for name in _PROGRAMS},
        "tools": tools, "missing": [tool["tool"] for tool in tools if tool.get("missing")],
    }
    if arguments.output:
        write_bytes(arguments.output, json.dumps(facts, indent=1).encode() + b"\n")
    advice = tuple(attention(facts))
    return Outcome(checked=4 + len(tools), facts=facts, findings=advice, message=_message(facts))


def _tools(path: str | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    data = json_in(path)
    if not isinstance(data, list) or not all(isinstance(tool, dict) and isinstance(tool.get("tool"), str) for tool in data):
        raise UsageError(f"{path}: a list of tools is needed")
    return data


def cpu() -> dict[str, Any]:
    """Cores of the machine, cores that we may use, and how busy all of them are in percent."""
    return {"cores": os.cpu_count() or 1, "usable": capacity().cpu, "percent": psutil.cpu_percent(interval=SAMPLE)}


def memory() -> dict[str, Any]:
    """Megabytes in the machine, and those that can be had (also below the limit of a container)."""
    usage = psutil.virtual_memory()
    free = min([free_memory_mb(), *(room for _, room in cgroup_limits())])
    swap = psutil.swap_memory()
    return {"total_mb": round(usage.total / 1e6), "available_mb": round(free), "percent": usage.percent, "swap_used_mb": round(swap.used / 1e6)}


def disk(root: str) -> dict[str, Any]:
    """Megabytes of the file system that holds the tree. Raises OSError when there is no such folder."""
    usage = shutil.disk_usage(root)
    return {"path": os.path.abspath(root), "total_mb": round(usage.total / 1e6), "free_mb": round(usage.free / 1e6),
            "percent": round(100 * usage.used / usage.total, 1) if usage.total else 0.0}


def load() -> dict[str, float]:
    """Processes that run or wait, averaged over one, five and fifteen minutes."""
    return dict(zip(("one", "five", "fifteen"), (round(value, 2) for value in os.getloadavg()), strict=True))


def attention(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a person should know; all of it is advice."""
    if facts["memory"]["available_mb"] < LEAST_MEMORY_MB:
        yield finding("low-memory", f"only {facts['memory']['available_mb']} MB of memory are free", level="info")
    if facts["disk"]["free_mb"] < LEAST_DISK_MB:
        yield finding("low-disk", f"only {facts['disk']['free_mb']} MB are free on the disk of {facts['disk']['path']}", level="info")
    if facts["load"]["one"] > HIGH_LOAD * facts["cpu"]["usable"]:
        yield finding("high-load", f"{facts['load']['one']} processes want {facts['cpu']['usable']} cores: measured times are those of a busy machine", level="info")
    for tool in facts["tools"]:
        if tool.get("missing"):
            yield finding("missing-tool", f"{tool['tool']}: {tool['missing']}", level="info", detail=tool.get("hint"))


def _message(facts: Mapping[str, Any]) -> str:
    return (f"{facts['cpu']['usable']} cores at {facts['cpu']['percent']:.0f} %, {facts['memory']['available_mb'] / 1000:.1f} GB of memory and "
            f"{facts['disk']['free_mb'] / 1000:.1f} GB of disk free, {len(facts['tools'])} tools, {len(facts['missing'])} missing")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
