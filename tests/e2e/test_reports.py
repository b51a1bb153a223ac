"""The files of reports: where they are, that equal runs give equal ones, and what is refused before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatekeeper.report.formats import FORMATS
from tests.fakes.faulty import configure, only_run, python, repository, run_folders, tasks_only
from tests.fakes.space import Space

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

EVERY = tuple(word for format_id in FORMATS for word in ("--report", format_id))
FINDS = """
import json
print(json.dumps({"schema": 1, "checked": 3, "findings": [
    {"file": name, "line": line, "rule": rule, "level": level, "message": f"{rule} at {line}"}
    for name in ("a.txt", "z.txt", "b.txt") for line in (7, 3) for rule, level in (("second", "warning"), ("first", "error"))]}))
raise SystemExit(1)
"""
TESTS = """
import pathlib, sys
cases = "".join(f'<testcase classname="c" name="{name}">{said}</testcase>' for name, said in (("works", ""), ("breaks", '<failure message="no"/>'), ("later", "<skipped/>")))
pathlib.Path(sys.argv[1]).write_text(f'<testsuite name="s">{cases}</testsuite>')
raise SystemExit(1)
"""


def two_tasks(folder: Path) -> Space:
    """A repository with a linter and tests of its own, both of which fail."""
    return repository(folder, {"finds": python(FINDS), "tests": python(TESTS, "{report}")}, finds={"output": {"parser": "gatekeeper-json"}},
                      tests={"output": {"parser": "junit"}, "role": "test"})


def masked(folder: Path) -> Mapping[str, str]:
    """The reports of a run without its id, moments, spans of time, and what is measured of memory and of sizes of files that hold those."""
    texts = {entry.file: (folder / entry.file).read_text(encoding="utf-8") for entry in FORMATS.values()}
    summary = json.loads(texts["summary.json"])
    run = summary["run_id"]
    assert summary.pop("timings") is not None  # nothing but times, and jobs in the order of them
    texts["summary.json"] = json.dumps(summary, indent=2)
    # which job started first is a matter of time: the chart of times is in that order
    texts["report.html"] = re.sub(r'<section id="time".*?</section>', "", texts["report.html"], flags=re.DOTALL)
    patterns = (re.escape(run), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", r"\d+\.\d+", r'(?<="size": )\d+', r"(?<=_seconds )\d+", r"(?<=_bytes\{)[^\n]*",
                r"(?<=_seconds\{)[^\n]*", r'(?<=data-key=")\d+(?=")', r'(?<=width=")\d+(?=")', r"<td class=number>\d+", r"\d+ m?s\b", r"\d{13,}", r'(?<=_(?:mb|up)": )\d+', r'(?<="seconds": )\d+')
    return {name: re.sub("|".join(patterns), "#", text) for name, text in texts.items()}


def test_two_equal_runs_leave_equal_reports_but_for_times_and_ids(tmp_path: Path) -> None:
    space = two_tasks(tmp_path)
    for _ in range(2):
        assert space.run(*tasks_only(*EVERY)).exit_code == 1
    first, second = (masked(folder) for folder in run_folders(space))
    assert {name: _difference(text, second[name]) for name, text in first.items() if text != second[name]} == {}
    assert (first["findings.csv"].count("first at"), first["gatekeeper.sarif"].count('"ruleId":"first"')) == (6, 6)


def _difference(one: str, other: str) -> list[tuple[str, str]]:
    return [(left, right) for left, right in zip(one.splitlines(), other.splitlines(), strict=False) if left != right][:5]


def test_latest_holds_the_reports_that_were_asked_for_and_a_path_holds_the_same_bytes(tmp_path: Path) -> None:
    space = two_tasks(tmp_path)
    ended = space.run(*tasks_only("--report", "sarif", "--report", "csv=../out/findings.csv", "--report", "html=page.html"))
    assert ended.exit_code == 1, ended
    latest = space.root / ".gatekeeper" / "latest"
    assert latest.resolve() == only_run(space).resolve()
    assert {"gatekeeper.sarif", "findings.csv", "report.html", "summary.json", "junit.xml"} <= {path.name for path in latest.iterdir()}
    assert not (latest / "checkstyle.xml").exists()
    assert (space.folder / "out" / "findings.csv").read_bytes() == (latest / "findings.csv").read_bytes()
    assert "findings.csv" in ended.stdout


def test_a_report_of_several_files_is_numbered_at_its_path_and_those_of_the_run_before_are_gone(tmp_path: Path) -> None:
    space = two_tasks(tmp_path)
    configure(space, {f"t{number:02}": python("pass") for number in range(21)})
    assert space.run(*tasks_only("--report", "sarif=out/x.sarif")).exit_code == 0
    assert [path.name for path in sorted((space.root / "out").iterdir())] == ["x-1.sarif", "x-2.sarif"]
    configure(space, {"alone": python("pass")})
    assert space.run(*tasks_only("--report", "sarif=out/x.sarif")).exit_code == 0
    assert [path.name for path in sorted((space.root / "out").iterdir())] == ["x.sarif"]


def test_two_reports_at_one_path_are_refused_before_anything_runs(tmp_path: Path) -> None:
    space = two_tasks(tmp_path)
    ended = space.run(*tasks_only("--report", "junit=out.xml", "--report", f"checkstyle={space.root}/out.xml"))
    assert ended.exit_code == 2, ended
    assert "is the place of --report junit=out.xml, too" in ended.stderr
    assert run_folders(space) == []
