"""The shipped catalogue holds together, and wrong documents are named with file and key."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import pytest

from gatekeeper.catalog.load import load_catalog, parse_yaml, pipeline_names
from gatekeeper.catalog.pipelines import build_pipeline
from gatekeeper.catalog.tools import build_tool
from gatekeeper.errors import ConfigError
from gatekeeper.model.component import Kind
from gatekeeper.model.tool import Takes
from gatekeeper.parse.formats import FORMATS
from gatekeeper.plan.expand import _LATER, _PLACEHOLDER

_AT_PLAN_TIME = {"files", "adopted", "unchosen", "manifest", "lockfile", "workspace", "all", "locked", "python", "own_python", "site_packages", "solc", "tool",
                 "cpus", "audit_level", "--", "trait", "root", "workspace_root", "builtin", "since", "rest"}


@pytest.mark.parametrize("name", pipeline_names())
def test_every_shipped_pipeline_loads(name: str) -> None:
    assert load_catalog(name).pipeline.batches


def test_the_default_pipeline_has_the_fifteen_tasks() -> None:
    tasks = [task.id for batch in load_catalog().pipeline.batches for task in batch.tasks]
    assert tasks == ["A1", "A2", "A3", "B1", "B2", "B3", "B4", "C1", "C2", "C3", "C4", "D1", "D2", "D3", "D4"]


@pytest.mark.parametrize("command", [command for tool in load_catalog().tools for command in tool.commands], ids=lambda command: command.id)
def test_every_command_uses_known_placeholders_and_parsers(command) -> None:  # type: ignore[no-untyped-def]
    names = {match[1] for word in (*command.argv, *(command.fix or ())) for match in _PLACEHOLDER.finditer(word)}
    assert names <= _AT_PLAN_TIME | _LATER
    assert command.output.parser in FORMATS
    assert command.takes is not Takes.FILES or "{files}" in command.argv
    assert not set(command.kinds) - set(Kind)


def test_a_compiled_catalogue_is_the_same(tmp_path: Path) -> None:
    first = load_catalog(cache_folder=str(tmp_path))
    assert list(tmp_path.glob("catalog-*"))
    assert load_catalog(cache_folder=str(tmp_path)) == first == load_catalog()


def test_a_pipeline_of_a_project_is_compiled_by_its_content(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("version: 1\nname: own\nbatches: [{id: one, title: One, tasks: []}]\n")
    state = os.stat(own)
    assert [batch.id for batch in load_catalog("own.yaml", cache_folder=str(tmp_path), project_file=str(own)).pipeline.batches] == ["one"]
    own.write_text("version: 1\nname: own\nbatches: [{id: two, title: One, tasks: []}]\n")
    os.utime(own, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [batch.id for batch in load_catalog("own.yaml", cache_folder=str(tmp_path), project_file=str(own)).pipeline.batches] == ["two"]


def test_a_compiled_catalogue_builds_nothing_but_values(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    first = load_catalog(cache_folder=str(tmp_path))
    (kept,) = tmp_path.glob("catalog-*")
    data = pickle.dumps(Harm(), 5)
    kept.write_bytes(hashlib.blake2b(data, digest_size=16).digest() + data)
    assert load_catalog(cache_folder=str(tmp_path)) == first
    assert not (tmp_path / "harm").exists()


def test_a_corrupt_compiled_catalogue_is_read_anew(tmp_path: Path) -> None:
    first = load_catalog(cache_folder=str(tmp_path))
    (path,) = tmp_path.glob("catalog-*")
    whole = path.read_bytes()
    for torn in (b"", whole[:10], whole[:-1], whole[:5000] + b"x" + whole[5001:], b"{torn"):
        path.write_bytes(torn)
        assert load_catalog(cache_folder=str(tmp_path)) == first
    assert path.read_bytes() == whole


def test_an_unknown_pipeline_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        load_catalog("defualt")
    assert caught.value.hint == "did you mean `default`?"


@pytest.mark.parametrize(("document", "message"), [
    ({"version": 2, "id": "x"}, "version 1 is needed"),
    ({"version": 1, "id": "x", "comands": {}}, "unknown key `comands`"),
    ({"version": 1, "id": "x", "commands": {"lint": {"role": "lnt"}}}, "unknown value `lnt`"),
    ({"version": 1, "id": 5}, "text is needed"),
    ([], "a mapping is needed"),
])
def test_a_wrong_tool_document_is_refused_with_its_place(document: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        build_tool(document, "/where/ruff.yaml")
    assert caught.value.message.startswith("ruff.yaml")


def test_a_batch_may_only_need_earlier_ones() -> None:
    document = {"version": 1, "name": "x", "batches": [{"id": "a", "title": "A", "needs": ["b"], "tasks": []}, {"id": "b", "title": "B", "tasks": []}]}
    with pytest.raises(ConfigError, match="does not stand before it"):
        build_pipeline(document, "x.yaml")


def test_broken_yaml_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml:2: not valid YAML"):
        parse_yaml(b"a: 1\nb: [}\nc: 2\n", "x.yaml")
