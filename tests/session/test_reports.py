"""`--report FORMAT[=PATH]` is read, and room is made, before anything runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.model.result import RunRecord
from gatekeeper.report.formats import clean
from gatekeeper.session.reports import in_ci, make_room, part_paths, requested, written
from tests.fakes.record import job, mixed, record, result


def test_formats_come_with_and_without_a_path() -> None:
    assert requested(("junit", "json=out/a=b.json")) == (("junit", None), ("json", "out/a=b.json"))


@pytest.mark.parametrize("text", ["junt", "junit=", "=x"])
def test_what_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        requested((text,))


def test_missing_folders_are_made(tmp_path: Path) -> None:
    make_room((f"junit={tmp_path}/a/b/junit.xml",))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder") as caught:
        make_room((f"json={tmp_path}",))
    assert "summary.json" in (caught.value.hint or "")


def test_a_pipe_is_no_place_for_a_report(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no plain file"):
        make_room((f"json={tmp_path}/pipe",))


def test_a_file_where_a_folder_must_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        make_room((f"json={tmp_path}/file/summary.json",))


@pytest.mark.parametrize(("first", "second"), [
    ("junit=x.xml", "checkstyle=x.xml"), ("sarif=x.sarif", "code-scanning=./x.sarif"), ("sarif=x.sarif", "csv=x-2.sarif"), ("code-scanning=x-1.sarif", "sarif=x.sarif")])
def test_two_reports_at_one_place_or_at_that_of_a_part_are_refused_before_anything_runs(first: str, second: str) -> None:
    with pytest.raises(UsageError, match="is the place of --report"):
        make_room((first, second))


def test_one_report_at_two_places_and_two_with_like_names_are_no_mistake(tmp_path: Path) -> None:
    make_room(tuple(f"{name}={tmp_path}/{file}" for name, file in (("junit", "a.xml"), ("junit", "b.xml"), ("sarif", "x.sarif"), ("csv", "x-y.sarif"), ("csv", "x-1.csv"))))


def crowded(tools: int) -> RunRecord:
    jobs = [job("ruff.lint", component=f"c{number}") for number in range(tools)]
    return record([(entry, result(entry)) for entry in jobs])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_of_several_files_is_numbered_before_the_ending(tmp_path: Path) -> None:
    assert part_paths("/a.b/report.sarif", 1) == ["/a.b/report.sarif"]
    assert part_paths("/a.b/report.sarif", 2) == ["/a.b/report-1.sarif", "/a.b/report-2.sarif"]
    assert part_paths("/a.b/report", 2) == ["/a.b/report-1", "/a.b/report-2"]
    artifacts = written("sarif", f"{tmp_path}/out.sarif", clean(crowded(41)), {})
    assert [(artifact.kind, Path(artifact.path).name) for artifact in artifacts] == [("sarif", "out-1.sarif"), ("sarif", "out-2.sarif"), ("sarif", "out-3.sarif")]
    assert names(tmp_path) == ["out-1.sarif", "out-2.sarif", "out-3.sarif"]
    assert [artifact.size for artifact in artifacts] == [os.path.getsize(artifact.path) for artifact in artifacts]


def test_what_an_earlier_run_left_of_the_same_report_is_gone(tmp_path: Path) -> None:
    place = f"{tmp_path}/out.sarif"
    for tools, expected in ((41, ["out-1.sarif", "out-2.sarif", "out-3.sarif"]), (21, ["out-1.sarif", "out-2.sarif"]), (1, ["out.sarif"]),
                            (21, ["out-1.sarif", "out-2.sarif"])):
        written("sarif", place, clean(crowded(tools)), {})
        assert names(tmp_path) == expected


def test_files_of_others_stay_whatever_they_are_called(tmp_path: Path) -> None:
    for name in ("out-1.sarif", "out-9.sarif", "out-x.sarif", "my-out.sarif", "out-1.sarif.bak"):
        (tmp_path / name).write_text('{"version": "2.1.0", "runs": []}')
    (tmp_path / "out-2.sarif").symlink_to(tmp_path / "out-9.sarif")
    written("sarif", f"{tmp_path}/out.sarif", clean(crowded(1)), {})
    assert names(tmp_path) == ["my-out.sarif", "out-1.sarif", "out-1.sarif.bak", "out-2.sarif", "out-9.sarif", "out-x.sarif", "out.sarif"]


@pytest.mark.parametrize(("environment", "expected"), [({}, False), ({"CI": "true"}, True), ({"CI": "1"}, True), ({"CI": "false"}, False), ({"CI": ""}, False),
                                                       ({"GITHUB_ACTIONS": "true"}, True), ({"JENKINS_URL": "http://ci.example.org"}, True)])
def test_a_ci_is_known_by_its_variables(environment: dict[str, str], expected: bool) -> None:
    assert in_ci(environment) is expected


def test_junit_has_files_and_lines_in_a_ci_and_follows_both_schemas_elsewhere(tmp_path: Path) -> None:
    written("junit", f"{tmp_path}/ci.xml", clean(mixed()), {"CI": "true"})
    written("junit", f"{tmp_path}/here.xml", clean(mixed()), {})
    assert 'file="api/tests/test_sum.py" line="9"' in (tmp_path / "ci.xml").read_text()
    assert " file=" not in (tmp_path / "here.xml").read_text()


def test_files_of_a_tree_below_the_checkout_are_named_from_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "services" / "shop").mkdir(parents=True)
    run = mixed()
    of = clean(replace(run, plan=replace(run.plan, root=str(tmp_path / "services" / "shop"))))
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        environment = {variable: str(tmp_path), "CI": "true"}
        for name in ("code-scanning", "gitlab", "junit", "sarif"):
            written(name, f"{tmp_path}/{name}", of, environment)
        uploaded, whole = (tmp_path / "code-scanning").read_text(), (tmp_path / "sarif").read_text()
        assert '"uri":"services/shop/api/main.py"' in uploaded
        assert ('"uri":"api/main.py"' in uploaded, '"uri":"api/main.py"' in whole) == (False, True)
        assert '"path":"services/shop/api/main.py"' in (tmp_path / "gitlab").read_text()
        assert 'file="services/shop/api/tests/test_sum.py"' in (tmp_path / "junit").read_text()
    written("gitlab", f"{tmp_path}/gitlab", of, {"GITHUB_WORKSPACE": str(tmp_path / "services" / "shop")})
    assert '"path":"api/main.py"' in (tmp_path / "gitlab").read_text()
