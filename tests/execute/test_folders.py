"""Where a job's files lie."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.execute.folders import fill, job_folder, log_of, prepare, tidy, wants_work
from gatekeeper.model.naming import safe_name
from gatekeeper.model.plan import Job, Reason
from gatekeeper.model.tool import LocatedTool, Role


def job(*argv: str, files: tuple[str, ...] = (), env: dict[str, str] | None = None, tool: LocatedTool | None = None) -> Job:
    return Job(id="B2/x@a", task="B2", batch="beta", command="x", tool_id="x", role=Role.LINT, component=None, argv=argv, cwd=".", files=files,
               env=env or {}, tool=tool, reason=Reason(kind="asked", detail=""))


def test_a_plain_id_stays_readable() -> None:
    assert safe_name("B2/ruff.lint@api") == "B2-ruff.lint@api"
    assert job_folder("/runs/1", "B2/ruff.lint@api") == "/runs/1/jobs/B2-ruff.lint@api"


IDS = st.text(alphabet="aB2/-.@ é\n", min_size=1, max_size=12)


@given(one=IDS, other=IDS)
def test_different_ids_get_different_names_that_are_one_path_part(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert "/" not in safe_name(one)
    assert safe_name(one) not in {".", "..", ""}


def test_a_long_id_fits_into_a_file_name() -> None:
    assert len(safe_name("B2/" + "x" * 400)) < 200
    assert safe_name("B2/" + "x" * 400) != safe_name("B2/" + "x" * 401)


def test_report_and_work_are_filled_in() -> None:
    tool = LocatedTool(path="/bin/x", version=None, source="path", env={"OUT": "{work}/tool"})
    argv, env, asked = fill(job("x", "--out={report}", "-t", "{work}", tool=tool, env={"CACHE": "{work}/c"}), "/p")
    assert argv == ("x", "--out=/p/report", "-t", "/p/work")
    assert env == {"OUT": "/p/work/tool", "CACHE": "/p/work/c"}
    assert asked


def test_a_file_named_like_a_placeholder_stays_a_file() -> None:
    argv, _, asked = fill(job("x", "{report}", files=("{report}",)), "/p")
    assert argv == ("x", "{report}")
    assert not asked


def test_a_file_named_like_a_placeholder_stays_a_file_below_a_component(tmp_path: Path) -> None:
    inside = replace(job("x", "./{work}/{report}.py", files=("api/{work}/{report}.py",)), cwd="api")
    assert fill(inside, str(tmp_path)) == (("x", "./{work}/{report}.py"), {}, False)
    assert not wants_work(inside)


def test_the_work_folder_is_made_fresh_and_dropped_when_empty(tmp_path: Path) -> None:
    place = tmp_path / "job"
    place.mkdir()
    (place / "old").write_text("x")
    prepare(job("x", "{work}"), str(place))
    assert os.listdir(place) == ["work"]
    tidy(str(place))
    assert os.listdir(place) == []


def test_a_variable_of_the_tool_can_want_the_work_folder() -> None:
    assert wants_work(job("x", tool=LocatedTool(path="/bin/x", version=None, source="path", env={"OUT": "{work}"})))
    assert not wants_work(job("x"))


def test_a_work_folder_with_files_is_kept_unless_it_is_large(tmp_path: Path) -> None:
    for size, kept in ((10, ["work"]), (60_000_000, [])):
        prepare(job("x", "{work}"), str(tmp_path))
        with (tmp_path / "work" / "f").open("wb") as file:
            file.truncate(size)
        tidy(str(tmp_path))
        assert os.listdir(tmp_path) == kept


def test_the_log_is_the_stream_that_says_something(tmp_path: Path) -> None:
    place = tmp_path / "jobs" / "a"
    place.mkdir(parents=True)
    assert log_of(str(place), str(tmp_path)) is None
    (place / "stdout.log").write_text("")
    (place / "stderr.log").write_text("boom")
    assert log_of(str(place), str(tmp_path)) == "jobs/a/stderr.log"
    (place / "stdout.log").write_text("report")
    assert log_of(str(place), str(tmp_path)) == "jobs/a/stdout.log"
