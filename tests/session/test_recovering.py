"""What a run is given to recover: what a job may change is kept and put back, services are remembered, and somebody must be there to ask."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gatekeeper.model.plan import Job
from gatekeeper.session.checkpoint import Checkpoints
from gatekeeper.session.recovering import someone_there
from gatekeeper.store.services import FILE, known_services, remember_services
from tests.fakes.house import job


def kept(folder: Path, *names: str) -> Checkpoints:
    return Checkpoints(str(folder), names, str(folder / "run" / "checkpoints"))


def test_what_was_changed_removed_or_made_another_thing_is_put_back_with_its_mode(tmp_path: Path) -> None:
    for name, content in {"a.py": b"a\n", "sub/b.py": b"b\n", "c.sh": b"c\n", "d.py": b"d\n", "same.py": b"s\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "c.sh").chmod(0o755)
    undo = kept(tmp_path, "a.py", "sub/b.py", "c.sh", "d.py", "same.py").keep(job("fix"))
    (tmp_path / "a.py").write_bytes(b"")
    (tmp_path / "sub" / "b.py").unlink()
    (tmp_path / "sub").rmdir()
    (tmp_path / "c.sh").chmod(0o600)
    (tmp_path / "d.py").unlink()
    (tmp_path / "d.py").symlink_to("a.py")
    before = os.stat(tmp_path / "same.py").st_mtime_ns
    assert undo() == "4 files that it had changed put back"
    assert [(tmp_path / name).read_bytes() for name in ("a.py", "sub/b.py", "c.sh", "d.py")] == [b"a\n", b"b\n", b"c\n", b"d\n"]
    assert (os.stat(tmp_path / "c.sh").st_mode & 0o777, (tmp_path / "d.py").is_symlink(), os.stat(tmp_path / "same.py").st_mtime_ns) == (0o755, False, before)
    assert undo() == ""


@pytest.mark.parametrize(("one", "changed", "said"), [
    (job("given", files=("web/a.js",)), ("web/a.js",), "1 file that it had changed put back"),
    (job("below", cwd="web"), ("web/a.js", "web/b.js"), "2 files that it had changed put back"),
    (job("all"), ("web/a.js", "web/b.js", "a.py"), "3 files that it had changed put back"),
])
def test_kept_is_what_the_job_was_given_else_what_lies_below_its_folder(tmp_path: Path, one: Job, changed: tuple[str, ...], said: str) -> None:
    names = ("web/a.js", "web/b.js", "a.py", "website.py")
    (tmp_path / "web").mkdir()
    for name in names:
        (tmp_path / name).write_text("before")
    undo = kept(tmp_path, *names).keep(one)
    for name in changed:
        (tmp_path / name).write_text("after")
    assert undo() == said


def test_links_and_what_is_gone_already_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("t")
    (tmp_path / "link").symlink_to("target")
    undo = kept(tmp_path, "link", "gone").keep(job("fix"))
    (tmp_path / "target").write_text("changed")
    assert undo() == ""
    assert (tmp_path / "target").read_text() == "changed"


def test_what_cannot_be_put_back_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_text("b")
    undo = kept(tmp_path, "a/b.py").keep(job("fix"))
    (tmp_path / "a" / "b.py").unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").write_text("in the way")
    assert undo() == "1 file could not be put back: a/b.py"


def test_nothing_is_left_of_checkpoints_after_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("secret")
    shelf = kept(tmp_path, "a.py")
    shelf.keep(job("fix"))
    assert (tmp_path / "run" / "checkpoints" / "T-fix").is_dir()
    shelf.drop()
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(("environment", "terminal", "there"), [
    ({}, True, True), ({}, False, False), ({"CI": "true"}, True, False), ({"CI": "1"}, True, False), ({"CI": "false"}, True, True), ({"CI": ""}, True, True),
    ({"GITHUB_ACTIONS": "true"}, True, False),
])
def test_a_person_is_there_where_there_is_a_terminal_and_no_ci(environment: dict[str, str], terminal: bool, there: bool) -> None:
    assert someone_there(environment, lambda _descriptor: terminal) is there


def test_services_are_remembered_until_it_is_no_use(tmp_path: Path) -> None:
    folder = str(tmp_path / "cache")
    remember_services(folder, {"npm": (3, 1000.0), "pypi": (1, 990.0)})
    assert known_services(folder, 1010.0) == {"npm": (3, 1000.0), "pypi": (1, 990.0)}
    assert known_services(folder, 1000.0 + 3601.0) == {}
    assert known_services(folder, 995.0) == {"pypi": (1, 990.0)}
    remember_services(folder, {})
    assert known_services(folder, 1010.0) == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 2, "services": {"npm": {"failures": 3, "at": 1}}}', b'{"schema": 1, "services": []}',
                                     b'{"schema": 1, "services": {"npm": 3}}', b'{"schema": 1, "services": {"npm": {"failures": "x", "at": 1}}}', b"\xff\xfe",
                                     json.dumps({"schema": 1, "services": {"npm": {"failures": 0, "at": 1.0}}}).encode()])
def test_what_is_broken_or_foreign_is_nothing_known(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert known_services(str(tmp_path), 10.0) == {}


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    remember_services(str(tmp_path / "file" / "cache"), {"npm": (3, 1.0)})
    assert known_services(str(tmp_path / "file" / "cache"), 2.0) == {}
