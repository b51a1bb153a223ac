"""README cannot drift: every verb, option, variable rule and exit code is in it, and its blocks are what they say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from gatekeeper.catalog.location import document_names, pipelines_folder
from gatekeeper.cli.app import build, parse_with_typer, verbs
from gatekeeper.cli.here import Here, installed_names
from gatekeeper.config.file import from_document
from gatekeeper.config.options import CONFIG_KEYS, OPTIONS
from gatekeeper.config.reading import read_document
from gatekeeper.config.schema import schema_named
from gatekeeper.config.validate import check
from gatekeeper.report.formats import FORMATS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(language, text) for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def _blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


#: what the map of the house points at: files and folders, those with a placeholder left out
PLACES = [word for word in re.findall(r"`([\w./-]+)`", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")) if "/" in word]


@pytest.mark.parametrize("place", PLACES)
def test_what_the_map_of_the_house_points_at_is_there(place: str) -> None:
    assert (ROOT / place).exists() or (ROOT / "gatekeeper" / place).exists()


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_documented(verb: str) -> None:
    assert re.search(rf"`(gatekeeper )?{verb}`|`gatekeeper {verb}\b|^gatekeeper {verb}\b", README, re.MULTILINE)


@pytest.mark.parametrize("flag", sorted({option.flag for option in OPTIONS}))
def test_every_option_is_documented(flag: str) -> None:
    assert re.search(rf"`{flag}[` =]", README)


@pytest.mark.parametrize("verb", ["config", "backup"])
def test_every_second_verb_is_documented(verb: str) -> None:
    app = build(Here(environment={}, cwd="/"), lambda _verb, _told: 0)
    (group,) = [entry.typer_instance for entry in app.registered_groups if entry.name == verb]
    assert group is not None
    names = [command.name or getattr(command.callback, "__name__", "") for command in group.registered_commands]
    (line,) = [line for line in README.splitlines() if line.startswith(f"| `{verb}` |")]
    assert [name for name in names if not re.search(rf"`{name}\b", line)] == []


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 129, 130, 143])
def test_every_exit_code_is_documented(code: int) -> None:
    section = README[README.index("exit codes"):]
    assert re.search(rf"^\|.*\b{code}\b.*\|", section, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_report_format_is_documented(name: str) -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("| `--report")]
    assert re.search(rf"\b{name}\b", line)


@pytest.mark.parametrize("name", [Path(path).name for path in document_names(pipelines_folder())])
def test_every_pipeline_is_documented(name: str) -> None:
    assert f"`{name}`" in README or f"/{name}`" in README


def test_every_block_says_what_it_is() -> None:
    assert [text for language, text in BLOCKS if language not in {"sh", "yaml", "json", "text", "console"}] == []
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("text", _blocks("yaml"))
def test_yaml_blocks_parse_and_configurations_are_valid(text: str) -> None:
    value = yaml.safe_load(text)
    assert value
    if isinstance(value, dict) and set(value) <= CONFIG_KEYS:
        document = read_document("README.md", text.encode())
        check(document, schema_named("config"))
        from_document(document, installed_names())


@pytest.mark.parametrize("text", _blocks("json"))
def test_json_blocks_parse(text: str) -> None:
    assert json.loads(text) is not None


def _calls() -> list[list[str]]:
    """Every `gatekeeper ...` of the shell blocks, the YAML steps and the prose, as words."""
    lines = [line for text in (*_blocks("sh"), *_blocks("yaml")) for line in text.splitlines()]
    lines += re.findall(r"`(gatekeeper [^`]+)`", README)
    found = [match.group(1) for line in lines if (match := re.search(r"(?:^|[\s/&:-])gatekeeper ((?:[a-z-]+).*)$", line))]
    calls = [shlex.split(text.split(" && ")[0], comments=True) for text in found]
    return [words for words in calls if words and words[0] in verbs()]


@pytest.mark.parametrize("words", _calls(), ids=" ".join)
def test_every_call_that_is_shown_is_understood(words: list[str]) -> None:
    if words[0] in {"run", "plan"}:
        parse_with_typer(words[0], words[1:])
    assert words[0] in verbs()


def test_the_calls_were_found() -> None:
    assert len(_calls()) >= 8


def test_settings_that_are_no_flag_are_documented_in_the_configuration_section() -> None:
    section = README[README.index("## Configure it"):README.index("## In a hook")]
    assert [key for key in ("exclude", "tools", "tasks", "policy") if f"{key}:" not in section] == []
