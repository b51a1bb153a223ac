"""The health job measures this machine and passes on what the inventory says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.builtin import health

TOOLS: list[dict[str, Any]] = [
    {"tool": "ruff", "components": ["api"], "version": "0.17.5", "source": "project", "path": "/x/ruff", "missing": None, "hint": None},
    {"tool": "mypy", "components": ["api"], "version": None, "source": None, "path": None, "missing": "not installed", "hint": "uv sync"},
]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    return health.main(arguments), json.loads(capsys.readouterr().out)


def test_it_knows_processor_memory_disk_load_and_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, "--root", str(tmp_path))
    facts = said["facts"]
    assert 1 <= facts["cpu"]["usable"] <= (os.cpu_count() or 1)
    assert 0 <= facts["cpu"]["percent"] <= 100
    assert 0 < facts["memory"]["available_mb"] <= facts["memory"]["total_mb"]
    assert 0 < facts["disk"]["free_mb"] <= facts["disk"]["total_mb"]
    assert set(facts["load"]) == {"one", "five", "fifteen"}
    assert {"git", "cargo", "node"} <= set(facts["programs"])
    assert said["checked"] == 4


def test_missing_tools_are_advice_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inventory.json").write_text(json.dumps(TOOLS))
    code, said = run(capsys, "--root", str(tmp_path), "--inventory", str(tmp_path / "inventory.json"))
    found = [finding for finding in said["findings"] if finding["rule"] == "missing-tool"]
    assert [(finding["message"], finding["level"], finding["detail"]) for finding in found] == [("mypy: not installed", "info", "uv sync")]
    assert code == 0
    assert said["facts"]["tools"] == TOOLS
    assert said["facts"]["missing"] == ["mypy"]
    assert "2 tools, 1 missing" in said["message"]


def test_the_facts_go_to_a_file_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run(capsys, "--root", str(tmp_path), "--output", str(tmp_path / "health.json"))
    assert json.loads((tmp_path / "health.json").read_text()) == said["facts"]


@pytest.mark.parametrize(("change", "rule"), [
    ({"memory": {"available_mb": 10}}, "low-memory"), ({"disk": {"free_mb": 1, "path": "/r"}}, "low-disk"), ({"load": {"one": 9.0}}, "high-load")])
def test_a_machine_in_need_is_told(change: dict[str, Any], rule: str) -> None:
    healthy: dict[str, Any] = {"memory": {"available_mb": 9e4}, "disk": {"free_mb": 9e4, "path": "/r"}, "load": {"one": 1.0}, "cpu": {"usable": 2}, "tools": []}
    assert list(health.attention(healthy)) == []
    assert [finding["rule"] for finding in health.attention({**healthy, **change})] == [rule]


@pytest.mark.parametrize("text", ["", "{}", '[{"name": 1}]'])
def test_an_inventory_that_makes_no_sense_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "inventory.json").write_text(text)
    code, said = run(capsys, "--inventory", str(tmp_path / "inventory.json"))
    assert code == 2
    assert said["status"] == "tool_error"
    assert "inventory.json: " in said["message"]


def test_a_folder_that_is_not_there_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "--root", "/nowhere")
    assert (code, said["message"]) == (2, "/nowhere: No such file or directory")
