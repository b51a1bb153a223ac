"""Every verb with a session that answers at once: what goes to which stream, and the exit code."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.cli.app import call
from gatekeeper.cli.boundary import guarded
from gatekeeper.cli.here import Here
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.config.reading import read_document
from gatekeeper.model.status import Outcome
from gatekeeper.provide.install import SetupStep
from gatekeeper.provide.inventory import DependencyRow, ToolRow
from gatekeeper.session.equip import Equipment
from tests.fakes.gate import FakeSession

Gate = Callable[..., int]


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def gate(tmp_path: Path, session: FakeSession) -> Gate:
    def run(*words: str, **environment: str) -> int:
        here = Here(environment={"HOME": str(tmp_path / "home"), **environment}, cwd=str(tmp_path), session=session)
        return guarded(lambda: call(words, here), words, here.environment)
    return run


Captured = pytest.CaptureFixture[str]


def test_run_gives_the_exit_code_of_the_verdict(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    assert gate("run") == session.record.verdict.exit_code == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("FAIL")
    assert captured.out.splitlines()[-1].startswith("FAIL")
    assert "Gatekeeper 20260102-030405-abcd" in captured.err


def test_quiet_shortens_the_summary_and_a_log_level_does_not(gate: Gate, capsys: Captured) -> None:
    assert gate("run", "--quiet") == 1
    assert "Artifacts" not in capsys.readouterr().out
    assert gate("run", "--log-level", "error") == 1
    assert "Artifacts" in capsys.readouterr().out


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.PASS, 0), (Outcome.INCOMPLETE, 3), (Outcome.INTERRUPTED, 130)])
def test_every_verdict_has_its_exit_code(gate: Gate, session: FakeSession, outcome: Outcome, code: int) -> None:
    session.record = replace(session.record, verdict=replace(session.record.verdict, outcome=outcome, exit_code=code))
    assert gate("run", "--quiet") == code


def test_json_is_all_that_goes_to_standard_output(gate: Gate, capsys: Captured) -> None:
    gate("run", "--json")
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["run_id"]) == (1, "20260102-030405-abcd")


def test_log_level_error_says_nothing_but_the_summary(gate: Gate, capsys: Captured) -> None:
    gate("run", "--log-level", "error")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("FAIL")


def test_log_level_debug_tells_times_and_events(gate: Gate, capsys: Captured) -> None:
    gate("run", "--log-level", "debug")
    assert " debug run 20260102-030405-abcd: finished" in capsys.readouterr().err


def test_a_dry_run_plans_and_never_runs(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    for words in (["run", "--dry-run"], ["run", "--mode", "dry-run"], ["plan"], ["plan", "--strict"]):
        assert gate(*words) == 0
    assert {asked for asked, _settings in session.asked} == {"make_plan"}
    assert "B2" in capsys.readouterr().out


def test_a_plan_is_also_json_and_mermaid(gate: Gate, capsys: Captured) -> None:
    assert gate("plan", "--json") == 0
    assert json.loads(capsys.readouterr().out)["root"] == "/repo"
    assert gate("plan", "--mermaid") == 0
    assert capsys.readouterr().out.startswith("flowchart")


def test_settings_reach_the_session(gate: Gate, session: FakeSession) -> None:
    gate("run", "-j3", "--only", "ruff*", "--", "a.py", GATEKEEPER_FAIL_FAST="1")
    _asked, settings = session.asked[-1]
    assert (settings.jobs, settings.only, settings.scope, settings.files, settings.fail_fast) == (3, ("ruff*",), "files", ("a.py",), True)


def test_strict_mode_asks_and_without_a_terminal_needs_a_yes(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    assert gate("run", "--mode", "strict") == 2
    assert "add --yes" in capsys.readouterr().err
    assert [asked for asked, _settings in session.asked] == ["make_plan"]
    assert gate("run", "--mode", "strict", "--yes") == 1
    assert session.asked[-1][0] == "run"
    assert session.asked[-1][1].strict


def test_a_signal_during_the_run_ends_it_in_order(gate: Gate, session: FakeSession) -> None:
    seen: list[int] = []

    def during(control: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        seen.append(getattr(control, "interrupts", 0))
        seen.append(getattr(control, "signum", 0))

    session.during = during
    assert gate("run", "--quiet") == 1
    assert seen == [2, signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("words", "message", "hint"), [
    (["rnu"], "unknown verb `rnu`", "did you mean `run`?"),
    (["run", "--jbos", "4"], "unknown option `--jbos`", "did you mean `--jobs`?"),
    (["run", "--jobs"], "option '--jobs' requires an argument", "see: gatekeeper run --help"),
    (["run", "a", "b"], "got unexpected extra argument(s) (b)", "name files after --, for example: gatekeeper run -- FILE"),
    (["run", "--jobs", "x"], "--jobs: `x` is no whole number", None),
    (["run", "nowhere"], "nowhere: no such folder", "give the folder of a repository, for example: gatekeeper run ."),
    (["run", "--pipeline", "quikc"], "--pipeline: unknown pipeline `quikc`", "did you mean `quick`?"),
    (["config", "shwo"], "no such command 'shwo'. Did you mean 'show'?", "see: gatekeeper config --help"),
    (["config", "schema", "confg"], "no schema `confg`", "one of: config, plan, detection, summary, finding, pipeline, tool, script, parse"),
    (["history", "-n", "0"], "--count: 0 is less than 1", None),
    (["show"], "there are no runs", "make one: gatekeeper run"),
    (["logs", "x"], "there are no runs", "make one: gatekeeper run"),
    (["backup", "verify"], "latest: no such backup", "make one: gatekeeper backup create"),
])
def test_a_wrong_line_is_one_line_with_a_next_step(gate: Gate, capsys: Captured, words: list[str], message: str, hint: str | None) -> None:
    assert gate(*words) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert lines[0].startswith(f"gatekeeper: {message}")
    assert lines[1:] == ([f"hint: {hint}"] if hint else [])


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["run", "--help"], ["plan", "-h"], ["config", "--help"], ["backup", "create", "--help"]])
def test_help_goes_to_standard_output(gate: Gate, capsys: Captured, words: list[str]) -> None:
    assert gate(*words) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: gatekeeper")
    assert captured.err == ""


@pytest.mark.parametrize("words", [[], ["config"], ["backup"]])
def test_without_a_verb_help_is_shown_and_nothing_was_decided(gate: Gate, capsys: Captured, words: list[str]) -> None:
    assert gate(*words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("Usage: gatekeeper")
    assert captured.out == ""


def test_detect_shows_components_and_gives_json(gate: Gate, capsys: Captured) -> None:
    assert gate("detect") == 0
    assert "api  pyproject-package (python) in api" in capsys.readouterr().out
    assert gate("detect", "--json") == 0
    assert [component["id"] for component in json.loads(capsys.readouterr().out)["components"]] == ["api"]


def _switched_on(text: str) -> str:
    """The document with every setting taken out of its comment."""
    return "\n".join(line[1:] if (line[:1] == "#" and line[1:2] != " ") or line.startswith("#  ") else line for line in text.splitlines())


def test_init_writes_a_document_that_is_valid_as_it_is_and_switched_on(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    assert gate("init") == 0
    written = (tmp_path / "gatekeeper.yaml").read_text()
    assert capsys.readouterr().out == f"{tmp_path}/gatekeeper.yaml\n"
    assert read_document("x", written.encode()).value == {"version": 1}
    (tmp_path / "gatekeeper.yaml").write_text(_switched_on(written))
    settings = load_settings(Arguments(), {}, cwd=str(tmp_path))
    assert set(settings.tools) == {"ruff", "mypy", "pip-audit"}
    assert settings.tools["pip-audit"].enabled is False
    assert (settings.timeout, settings.jobs, len(settings.tasks), len(settings.conditions)) == (3600.0, 4, 1, 1)


def test_init_replaces_nothing_unless_forced(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("this: is wrong")
    assert gate("init") == 2
    assert "gatekeeper.yaml is there already" in capsys.readouterr().err
    assert (tmp_path / "gatekeeper.yaml").read_text() == "this: is wrong"
    assert gate("init", "--force") == 0
    assert (tmp_path / "gatekeeper.yaml").read_text().startswith("# What this repository decides")


def test_config_check_names_line_and_key(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("version: 1\njbos: 2\n")
    assert gate("config", "check") == 2
    assert capsys.readouterr().err == "gatekeeper: gatekeeper.yaml:2: unknown key `jbos`\nhint: did you mean `jobs`?\n"
    (tmp_path / "gatekeeper.yaml").write_text("jobs: 2\n")
    assert gate("config", "check") == 0
    assert capsys.readouterr().out == "gatekeeper.yaml: valid\ngatekeeper.local.yaml: nothing set\n"


FULL = """\
pipeline: quick
skip: ["x*"]
jobs: 2
timeout: 90m
mode: strict
provision: false
reports: [junit]
exclude: ["fixtures/**"]
tools: {ruff: {blocking: false, timeout: 90s, args: [--preview]}, mypy: off}
tasks: [{id: a-b, batch: beta, argv: [python, x.py], timeout: 5m, needs: [B2]}]
policy:
  small_change: {lines: 20}
  conditions:
    - {on: all, severity: ">=high", max: 2}
    - {kind: coverage, of: changed, min: 80.5, report: cov.xml, enforcement: warning, component: [api]}
    - {kind: duration, max: 5m}
    - {kind: artifact-size, files: [dist/*], max: 1KB}
    - {kind: complexity, max: 0}
    - {kind: approval, id: release, reviewer: alice}
    - {kind: suppressions}
    - {severity: info}
suppressions: [{rule: F401, path: old, reason: generated, owner: alice, expires: 2027-01-31}]
"""


def test_config_show_writes_a_document_with_the_same_settings_and_their_origins(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "gatekeeper.yaml").write_text(FULL)
    before = load_settings(Arguments(), {}, cwd=str(tmp_path))
    assert gate("config", "show") == 0
    shown = capsys.readouterr().out
    assert "jobs: 2  # gatekeeper.yaml:3" in shown.splitlines()
    (tmp_path / "gatekeeper.yaml").write_text(shown)
    after = load_settings(Arguments(), {}, cwd=str(tmp_path))
    assert replace(after, origins={}) == replace(before, origins={})


def test_config_show_knows_the_environment(gate: Gate, capsys: Captured) -> None:
    assert gate("config", "show", "--json", GATEKEEPER_JOBS="7") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["settings"]["jobs"], document["origins"]["jobs"]) == (7, "GATEKEEPER_JOBS")


def test_schemas_are_written_as_json(gate: Gate, capsys: Captured) -> None:
    assert gate("config", "schema", "config") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "gatekeeper config"


STEPS = (SetupStep(argv=("uv", "sync"), cwd="api", why="api declares pytest"), SetupStep(argv=("install", "ruff 0.17.5"), cwd=".", why="ruff for api"))


def test_setup_shows_its_steps_and_does_nothing_without_a_yes(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    session.steps = STEPS
    assert gate("setup") == 2
    captured = capsys.readouterr()
    assert captured.out == "uv sync   in api   # api declares pytest\ninstall 'ruff 0.17.5'   # ruff for api\n"
    assert "add --yes" in captured.err
    assert gate("setup", "--dry-run") == 0
    assert session.done == []


def test_setup_does_every_step_and_tells_what_failed(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    session.steps = (SetupStep(argv=("fail",), cwd=".", why="because"), *STEPS)
    assert gate("setup", "--yes") == 3
    assert len(session.done) == 3
    assert "1 step failed:\n  it did not work\n" in capsys.readouterr().out
    session.steps = STEPS
    assert gate("setup", "-y") == 0


def test_setup_with_nothing_to_do_says_so(gate: Gate, capsys: Captured) -> None:
    assert gate("setup") == 0
    assert capsys.readouterr().out == "nothing is missing\n"


MISSING = Equipment(
    tools=(ToolRow(tool="ruff", components=("api",), status="used", version="0.17.5", path="/usr/bin/env", source="project"),
           ToolRow(tool="mypy", components=("api", "web"), status="configured", missing="not installed", hint="gatekeeper setup")),
    dependencies=(DependencyRow(component="web", missing="left-pad is not installed", hint="npm ci"),))


def test_tools_lists_what_is_there_and_what_to_do(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    session.equipped = MISSING
    assert gate("tools") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ruff  0.17.5  project  used  api  /usr/bin/env",
        "mypy is missing for api, web (configured): not installed", "    to do: gatekeeper setup",
        "web: its own dependencies are missing: left-pad is not installed", "    to do: npm ci"]
    assert gate("tools", "--json") == 0
    assert [row["tool"] for row in json.loads(capsys.readouterr().out)["tools"]] == ["ruff", "mypy"]


def test_doctor_is_incomplete_where_a_run_would_be(gate: Gate, session: FakeSession, capsys: Captured) -> None:
    session.equipped = MISSING
    assert gate("doctor", PATH="") == 3
    out = capsys.readouterr().out
    assert "look  git         not on PATH (lists files, finds changes)" in out
    assert "mypy is missing for api, web" in out
    assert out.splitlines()[-1].endswith("a run would lack; see what is to do above")
    assert gate("doctor", "--json", PATH="") == 3
    document = json.loads(capsys.readouterr().out)
    assert {"gatekeeper", "python", "git", "repository", "cache", "disk"} <= {check["name"] for check in document["checks"]}
    assert set(document["resources"]) == {"cores", "cpu_free", "mem_free", "disk_free", "workers"}
    assert document["resources"]["mem_free"] > 0
    assert document["resources"]["workers"] >= 1


def test_doctor_starts_no_program_of_the_repository(gate: Gate, tmp_path: Path, capsys: Captured) -> None:
    trap = tmp_path / "bin" / "node"
    trap.parent.mkdir()
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    trap.chmod(0o755)
    assert gate("doctor", PATH=f"{tmp_path}/bin") == 3
    assert "belongs to the repository itself and was not started" in capsys.readouterr().out
    assert not (tmp_path / "started").exists()


def test_a_bug_is_one_line_and_a_file_without_secrets(gate: Gate, session: FakeSession, tmp_path: Path, capsys: Captured) -> None:
    def broken(_control: object) -> None:
        raise KeyError("password-of-mine")

    session.during = broken
    assert gate("run", "--quiet", MY_TOKEN="password-of-mine") == 4
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert lines[-2].startswith("gatekeeper: this is a bug in gatekeeper")
    (report,) = (tmp_path / "home" / ".cache" / "gatekeeper" / "bugs").iterdir()
    assert lines[-1] == f"hint: a report for the maintainers is in {report}"
    assert "Traceback" in report.read_text()
    assert "password-of-mine" not in report.read_text()
    assert "password-of-mine" not in "".join(lines)


def test_interrupts_before_the_run_are_130(gate: Gate, session: FakeSession) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    session.before = interrupted
    assert gate("detect") == 130


def test_an_error_message_repeats_no_secret(gate: Gate, capsys: Captured) -> None:
    assert gate("run", "./hunter2hunter2/none", MY_PASSWORD="hunter2hunter2") == 2
    told = capsys.readouterr().err
    assert "***/none: no such folder" in told
    assert "hunter2hunter2" not in told
