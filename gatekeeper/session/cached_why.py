"""Why a job's result was taken from the cache, or why not: its key beside that of the last run before that asked for the same job.

Reads what runs leave in their folders (`keys.json`), nothing else. Does not know what keys are made of: parts have names for people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from gatekeeper.plan.key import differing
from gatekeeper.store.home import Home, run_ids
from gatekeeper.tree.plain import open_plain

#: as `session.caching` writes it
FILE = "keys.json"
_SHOWN = 5


def cache_lines(home: Home, run_id: str, job: str, *, from_cache: bool) -> tuple[str, ...]:
    """Sentences about the cache and a job of a run; nothing where the run has left no keys."""
    now = _keys(home, run_id)
    if now is None:
        return ("the run neither took results from the cache nor kept any (--no-cache, --fix, --trust base, or mode strict)",)
    said = now["jobs"].get(job)
    if said is None:
        return ("it never came so far that somebody asked the cache",)
    before = next(((other, keys) for other in _earlier(home, run_id) if (keys := _keys(home, other)) is not None and (keys["jobs"].get(job) or {}).get("key")), None)
    return tuple(_lines(now, said, before, job, from_cache=from_cache))


def _lines(now: Mapping[str, Any], said: Mapping[str, Any], before: tuple[str, Mapping[str, Any]] | None, job: str, *, from_cache: bool) -> Iterator[str]:
    if from_cache:
        yield f"known under the key {str(said.get('key'))[:12]}, of which nothing has changed: {_covers(said)}"
        return
    if said.get("why"):
        yield str(said["why"])
    if not said.get("key"):
        return
    if before is None:
        yield "no run before has asked for it"
        return
    run, keys = before
    other = keys["jobs"][job]
    names = differing(other["parts"], said["parts"])
    if not names:
        yield f"its key is that of run {run}" + (": what changed are files, one by one" if said.get("scope") == "file" else
                                                   ", whose result was not one to keep (or the cache was cleared)")
    for name in names:
        yield f"since run {run}: {_changed(name, other['parts'], said['parts'], keys, now)}"


def _covers(said: Mapping[str, Any]) -> str:
    parts: Mapping[str, str] = said.get("parts", {})
    return {"file": "each of its files, the configuration around it, the tool and its environment"}.get(
        str(said.get("scope")), f"{len(parts)} parts, among them " + ", ".join(name for name in sorted(parts) if name.startswith(("files of", "version of"))))


def _changed(name: str, before: Mapping[str, str], after: Mapping[str, str], keys: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if name.startswith("files of "):
        group = name.removeprefix("files of ")
        return _files(keys["groups"].get(group, {}), now["groups"].get(group, {}), group)
    if name not in before:
        return f"{name} is new"
    if name not in after:
        return f"{name} is gone"
    if name.startswith("version of ") or name in ("timeout", "working folder", "platform"):
        return f"{name}: {before[name]} before, {after[name]} now"
    return f"{name} changed"


def _files(before: Mapping[str, str], after: Mapping[str, str], group: str) -> str:
    where = "the root" if group == "." else group
    told = [f"{name} {'is new' if name not in before else 'is gone' if name not in after else 'changed'}" for name in differing(before, after)]
    if not told:
        return f"files of {where} count now, or count no more"
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"in {where}: {', '.join(told[:_SHOWN])}{more}"


def _earlier(home: Home, run_id: str) -> list[str]:
    """The runs that left their keys before this one, the latest first: ids of one second say nothing of their order."""
    moments = {other: moment for other in run_ids(home) if (moment := _moment(home, other))}
    return sorted((other for other, moment in moments.items() if moment < moments.get(run_id, 0)), key=lambda other: -moments[other])


def _moment(home: Home, run_id: str) -> int:
    try:
        return os.lstat(os.path.join(home.runs, run_id, FILE)).st_mtime_ns
    except OSError:
        return 0


def _keys(home: Home, run_id: str) -> Mapping[str, Any] | None:
    try:
        with open_plain(os.path.join(home.runs, run_id, FILE)) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("schema") != 1 or not all(isinstance(found.get(name), dict) for name in ("jobs", "groups")):
        return None
    return found
