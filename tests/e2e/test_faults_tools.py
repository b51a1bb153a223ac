"""Tools that misbehave: they crash, flood, leak, write where they must not, say nothing, or leave reports that are none. Never green by accident."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty import jobs_of, only_run, python, repository, run_folders, tasks_only, valid_reports
from tests.fakes.space import Ended, Space
from tests.fakes.stage import Stage, fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
JUNIT = '<testsuites><testsuite name="s" tests="1"><testcase name="works" classname="c"/></testsuite></testsuites>'


def one(folder: Path, argv: Sequence[str], **more: object) -> tuple[Space, Ended, Any]:
    """A run of one task: the space, how it ended, and the job."""
    space = repository(folder, {"job": argv}, job=more)
    ended = space.run(*tasks_only("--json"))
    return space, ended, jobs_of(valid_reports(only_run(space)))["job"]


@pytest.mark.parametrize(("argv", "cause"), [
    (fake("segfaults"), "signal"),
    (python("import os; os.abort()"), "signal"),
    (fake("exits", "137"), "out-of-memory"),
    (python("import os; os.kill(os.getpid(), 9)"), "signal"),
    (fake("exits", "3"), "crash"),
    (("no-such-program-anywhere",), "spawn"),
    (("./a.txt",), "spawn"),
    (("/",), "spawn"),
], ids=["segfault", "abort", "137", "kill", "unknown-exit-code", "missing", "not-executable", "folder"])
def test_a_tool_that_dies_or_cannot_start_is_never_green(tmp_path: Path, argv: Sequence[str], cause: str) -> None:
    space, ended, job = one(tmp_path, argv)
    assert ended.exit_code == 3, ended
    assert job["status"] == "errored"
    assert job["cause"].replace("_", "-") == cause
    assert job["message"]
    assert list(space.root.glob("core*")) == []


@pytest.mark.parametrize("parser", ["junit", "ruff-json", "sarif", "gatekeeper-json", "eslint-json", "pytest-junit", "libtest", "cargo-json", "mocha-json"])
@pytest.mark.parametrize("said", ["", "{", "null", "[]trailing", "\x00", "<testsuites>"], ids=["nothing", "torn", "null", "trailing", "nul", "torn-xml"])
def test_a_tool_that_exits_with_0_and_says_nothing_that_can_be_read_is_never_green(tmp_path: Path, parser: str, said: str) -> None:
    _, ended, job = one(tmp_path, python(f"import sys; sys.stdout.write({said!r})"), output={"parser": parser})
    assert ended.exit_code == 3, ended
    assert job["status"] in {"errored", "unmeasured"}


def test_a_job_over_the_memory_limit_is_stopped_and_named_and_others_are_not(tmp_path: Path) -> None:
    holds = python("block = bytearray(150_000_000)\nwhile True: pass")
    space = repository(tmp_path, {"greedy": holds, "modest": python("print('done')")})
    config = json.loads(space.read("gatekeeper.yaml"))
    space.write("gatekeeper.yaml", json.dumps({**config, "limits": {"job_memory_mb": 100}}))
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 3, ended
    jobs = jobs_of(valid_reports(only_run(space)))
    assert (jobs["greedy"]["status"], jobs["greedy"]["cause"]) == ("errored", "out_of_memory")
    assert jobs["greedy"]["message"].endswith("more than its limit of 100 MB")
    assert jobs["modest"]["status"] == "passed"


REPORTS = {
    "missing": "",
    "empty": "open(path, 'w').close()",
    "truncated": f"open(path, 'w').write({JUNIT[:60]!r})",
    "folder": "os.mkdir(path)",
    "fifo": "os.mkfifo(path)",
    "link-outside": "os.symlink('/etc/passwd', path)",
    "link-to-a-report-outside": f"open('/tmp/gatekeeper-outside.xml', 'w').write({JUNIT!r}); os.symlink('/tmp/gatekeeper-outside.xml', path)",
    "dangling-link": "os.symlink('/no/such/file', path)",
    "device": "os.symlink('/dev/zero', path)",
    "unreadable": "os.mkdir(path + 'x'); os.symlink(path, path)",
}


@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_file_that_is_none_is_neither_waited_for_nor_believed(tmp_path: Path, kind: str) -> None:
    code = f"import os, sys; path = sys.argv[1]; {REPORTS[kind] or 'pass'}"
    _, ended, job = one(tmp_path, python(code, "{report}"), output={"parser": "junit"})
    assert ended.exit_code == 3, ended
    assert job["status"] == "errored"
    assert "root:" not in ended.stdout


def test_a_report_that_is_a_plain_file_is_believed(tmp_path: Path) -> None:
    _, ended, job = one(tmp_path, python(f"import sys; open(sys.argv[1], 'w').write({JUNIT!r})", "{report}"), output={"parser": "junit"})
    assert (ended.exit_code, job["status"]) == (0, "passed"), ended


def test_a_flood_is_cut_in_the_middle_and_said(tmp_path: Path) -> None:
    space, ended, job = one(tmp_path, fake("floods", "200000000", "120"))
    assert ended.exit_code == 0, ended
    assert any("dropped" in problem["message"] for problem in job["problems"]), job
    log = next(only_run(space).glob("jobs/*/stdout.log"))
    assert log.stat().st_size < 20_000_000
    with log.open("rb") as file:
        assert file.readline() == b"first\n"
        file.seek(-5, os.SEEK_END)
        assert file.read() == b"last\n"


def test_a_flood_without_a_newline_that_fails_is_shown_in_few_words(tmp_path: Path) -> None:
    space, ended, _ = one(tmp_path, python("import sys; sys.stdout.write('x' * 30_000_000); sys.exit(1)"))
    assert ended.exit_code == 1, ended
    assert len(ended.stdout) < 1_000_000
    assert (only_run(space) / "junit.xml").stat().st_size < 1_000_000
    assert len(space.run("show").stdout) < 100_000


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


def test_a_daemon_that_a_job_leaves_is_named_and_ended_and_the_job_is_leaky(tmp_path: Path, stage: Stage) -> None:
    space = repository(tmp_path, {"leaves": fake("spawns", "leaves", "daemon")})
    process = space.start(*tasks_only(), env={"FAKE_STAGE": stage.path})
    main, daemon = stage.actor("leaves"), stage.actor("leaves-daemon")
    daemon_name = Path(f"/proc/{daemon.pid}/comm").read_text(encoding="utf-8").strip()
    main.tell("exit 0")
    stdout, _ = process.communicate(timeout=30)
    assert daemon.gone()
    assert process.returncode == 0, stdout
    job = jobs_of(valid_reports(only_run(space)))["leaves"]
    assert job["leaky"] is True
    assert str(daemon.pid) in json.dumps(job)
    assert f"D3/leaves left processes behind, which were ended: {daemon_name} (pid {daemon.pid})" in stdout.decode()


HOSTILE = (b"\xff\xfe bytes \xc3\x28\n", b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\n", b"nul \x00 here\n", b"]]> </failure><evil/>\n",
           b"x" * 1_000_000 + b"\n", b"::error file=a.txt::owned\n", b"##vso[task.complete result=Succeeded;]\n", b"[bold]markup[/bold] \xe2\x80\xae rtl\n",
           b"\r\x1b[1A overwritten\n")


def test_hostile_output_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    out = tmp_path / "hostile"
    out.write_bytes(b"".join(HOSTILE))
    space, ended, job = one(tmp_path / "s", python("import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.exit(1)", str(out)))
    assert (ended.exit_code, job["status"]) == (1, "failed"), ended
    shown = space.run(*tasks_only())
    texts = {"stdout": shown.stdout, "stderr": shown.stderr, "json": ended.stdout, "show": space.run("show").stdout,
             **{path.name: path.read_text("utf-8") for path in run_folders(space)[-1].iterdir() if path.is_file()}}
    assert [name for name, text in texts.items() if any(char in text for char in "\x1b\x00\u202e")] == []
    assert [(name, line) for name, text in texts.items() for line in text.splitlines() if line.startswith(("::", "##vso"))] == []


def test_hostile_output_on_a_terminal_moves_no_cursor(tmp_path: Path) -> None:
    out = tmp_path / "hostile"
    out.write_bytes(b"\x1b]0;title\x07\x1b[2J\x1b[31m owned\n")
    space = repository(tmp_path / "s", {"job": python("import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.exit(1)", str(out))})
    screen = space.on_terminal(*tasks_only())
    assert screen.exit_code == 1, screen
    assert "\x1b]0;title" not in screen.stdout
    assert "owned" in screen.stdout


def test_all_that_goes_wrong_at_once_is_told_apart(tmp_path: Path) -> None:
    space = repository(tmp_path, {"good": python("print('fine')"), "bad": fake("exits", "1"), "crash": fake("segfaults"), "gone": ("no-such-program",),
                                  "after-crash": python("pass")}, **{"after-crash": {"needs": ["crash"]}})
    ended = space.run(*tasks_only("--json"))
    assert ended.exit_code == 1, ended
    assert {name: job["status"] for name, job in jobs_of(ended.json()).items()} == {
        "good": "passed", "bad": "failed", "crash": "errored", "gone": "errored", "after-crash": "blocked"}
