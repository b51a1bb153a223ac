"""What a run leaves behind."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.errors import StoreError
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.session.outcome import USUAL, published
from gatekeeper.store.home import Home, RunFolder, open_home, start_run
from gatekeeper.store.runs import read_record, verify_checksums
from tests.fakes.record import mixed


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(str(tmp_path), {})


def publish(home: Home, settings: Settings | None = None, environment: dict[str, str] | None = None, record: RunRecord | None = None) -> tuple[RunFolder, RunRecord]:
    folder = start_run(home)
    try:
        return folder, published(replace(record or mixed(), run_id=folder.run_id), settings or Settings(), home, folder, environment or {})
    finally:
        folder.close()


def test_a_bare_run_leaves_the_usual_reports(home: Home) -> None:
    folder, record = publish(home)
    assert {artifact.kind for artifact in record.artifacts} >= set(USUAL)
    assert all(Path(artifact.path).stat().st_size == artifact.size for artifact in record.artifacts)
    assert Path(home.latest).resolve() == Path(folder.path).resolve()


def test_the_record_reads_back_as_it_was_written(home: Home) -> None:
    folder, record = publish(home)
    assert read_record(folder.path) == record


def test_the_checksums_hold_and_notice_a_change(home: Home) -> None:
    folder, _ = publish(home)
    assert verify_checksums(folder.path) == ()
    (Path(folder.path) / "report.md").write_text("better")
    assert verify_checksums(folder.path) == ("report.md: is not as it was written",)


def test_the_summary_lists_the_other_reports(home: Home) -> None:
    folder, _ = publish(home)
    summary = json.loads((Path(folder.path) / "summary.json").read_text())
    assert {artifact["kind"] for artifact in summary["artifacts"]} >= set(USUAL) - {"json"}


def test_a_report_is_also_written_where_it_was_asked_for(home: Home, tmp_path: Path) -> None:
    publish(home, Settings(reports=(f"junit={tmp_path}/mine.xml",)))
    assert (tmp_path / "mine.xml").read_bytes().startswith(b"<?xml")


def test_a_report_that_cannot_be_written_is_said_after_everything_else_was_kept(home: Home, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        publish(home, Settings(reports=(f"junit={tmp_path}/missing/mine.xml",)))
    assert read_record(str(Path(home.latest).resolve())).verdict == mixed().verdict


def test_no_secret_of_the_environment_stands_in_anything_that_is_left(home: Home) -> None:
    secret = "s3cr3t-of-the-house"
    folder, _ = publish(home, environment={"API_TOKEN": secret}, record=replace(mixed(), notes=(f"sent {secret}",)))
    left = [path for path in Path(folder.path).rglob("*") if path.is_file()]
    assert len(left) > len(USUAL)
    assert [path.name for path in left if secret.encode() in path.read_bytes()] == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only /proc tells what a descriptor is of")
def test_every_report_is_synced_and_their_folder_after_the_last_of_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr("gatekeeper.store.atomic.os.fsync", lambda descriptor: synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}")))
    folder, record = publish(home)
    of_run = [path for path in synced if path.startswith(folder.path)]
    files = [path for path in of_run if path != folder.path]
    assert len(files) >= len([artifact for artifact in record.artifacts if artifact.kind in USUAL])
    assert of_run[-1] == folder.path
    assert of_run.count(folder.path) <= 3  # the record and the checksums; not one for each report
