"""Makes a plan ready for one run directory: fills the last placeholders and writes what our own jobs read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping

from gatekeeper.model.document import to_document
from gatekeeper.model.naming import safe_name
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.value import replace
from gatekeeper.tree.files import Tree

_INPUTS = "inputs"
#: what D4 reads; written when its job is queued, because only then the other results are known
RECORD = "record.json"


def prepared(plan: Plan, folder: str, tree: Tree, added: Callable[[], Iterable[str]], inventory: Callable[[], object]) -> Plan:
    """The plan with every path in it that only this run knows; writes the lists of files and facts that the jobs are given.

    `added` and `inventory` are only asked when a job is given the answer: one asks git, the other every tool for its version.
    """
    inputs = os.path.join(folder, _INPUTS)
    os.makedirs(inputs, exist_ok=True)
    wanted = {name for job in plan.jobs for word in job.argv for name in ("added", "known", "components", "inventory") if word == f"{{{name}}}"}
    places = {name: os.path.join(inputs, name) for name in ("added", "known", "components", "inventory")}
    if "added" in wanted:
        _write_names(places["added"], added())
    if "known" in wanted:
        _write_names(places["known"], tree.files)
    if "components" in wanted:
        _write(places["components"], json.dumps([to_document(component) for component in plan.components]).encode())
    if "inventory" in wanted:
        _write(places["inventory"], json.dumps(inventory()).encode())
    places |= {"run": folder, "record": os.path.join(folder, _INPUTS, RECORD)}
    return replace(plan, jobs=tuple(_filled(job, inputs, places) for job in plan.jobs))


def record_path(folder: str) -> str:
    """Where the results so far are written for the ecosystem report."""
    return os.path.join(folder, _INPUTS, RECORD)


def _filled(job: Job, inputs: str, places: Mapping[str, str]) -> Job:
    mine = dict(places)
    if any("{files_from}" in word for word in job.argv):
        mine["files_from"] = os.path.join(inputs, f"{safe_name(job.id)}.files")
        _write_names(mine["files_from"], job.files)
    return replace(job, argv=tuple(word if "{" not in word or job.is_file(word) else _fill(word, mine) for word in job.argv))


def _fill(word: str, places: Mapping[str, str]) -> str:
    for name, path in places.items():
        word = word.replace(f"{{{name}}}", path)
    return word


def _write_names(path: str, names: Iterable[str]) -> None:
    _write(path, b"".join(os.fsencode(name) + b"\0" for name in names))


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
