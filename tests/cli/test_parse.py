"""`gatekeeper parse` as it is called: streams, exit codes, the list."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.parse.formats import FORMATS

OUTPUT = b'[{"filename": "/repo/a\\u001b[31m.py", "message": "unused", "code": "F401", "location": {"row": 1, "column": 1}}]'


def parse(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "gatekeeper", "parse", *words], cwd=folder, input=stdin, capture_output=True, check=False)


def test_findings_are_no_reason_to_fail_and_json_is_all_that_is_printed(tmp_path: Path) -> None:
    ended = parse(tmp_path, "--format", "ruff-json", "--exit-code", "1", "--json", stdin=OUTPUT)
    document = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, document["status"], document["counts"]["findings"]) == (0, b"", "findings", 1)
    assert document["recorded_root"] == "/repo"


def test_an_output_of_another_tool_is_a_tool_error_and_still_printed(tmp_path: Path) -> None:
    ended = parse(tmp_path, "--format", "ruff-json", "--json", stdin=b"Segmentation fault\n")
    assert (ended.returncode, json.loads(ended.stdout)["status"]) == (0, "tool_error")


def test_people_get_lines_that_no_terminal_obeys(tmp_path: Path) -> None:
    ended = parse(tmp_path, "--format", "ruff-json", stdin=OUTPUT)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1] == b"findings: 1 finding (1 error)"
    assert b"\x1b" not in ended.stdout


@pytest.mark.parametrize(("words", "said"), [
    ((), b"--format ID"), (("--format", "ruf-json"), b"did you mean `ruff-json`?"), (("--format", "ruff-json", "--exit-code", "x"), b"--exit-code"),
    (("--format", "ruff-json", "--stdout", "gone.txt"), b"--stdout gone.txt"), (("--format", "regex"), b"--pattern"), (("extra",), b"extra")])
def test_wrong_calls_are_usage_errors_with_what_to_do(tmp_path: Path, words: tuple[str, ...], said: bytes) -> None:
    ended = parse(tmp_path, *words)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert said in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_the_list_names_every_format_with_the_versions_it_was_recorded_from(tmp_path: Path) -> None:
    formats = json.loads(parse(tmp_path, "--list", "--json").stdout)["formats"]
    assert [one["id"] for one in formats] == list(FORMATS)
    assert {"tool": "mypy", "version": "2.4.1"} in next(one["recorded"] for one in formats if one["id"] == "mypy-json")
    assert b"mypy 2.4.1" in parse(tmp_path, "--list").stdout
