"""A backup holds the whole tree or does not exist; restoring never trusts an archive."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.builtin import backup as job
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.store.archive import read_manifest, restore, verify
from gatekeeper.store.backup import create, find_backup, list_backups

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]
ODD = os.fsdecode(b"caf\xe9 \n.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tree = tmp_path / "my project"
    (tree / "src").mkdir(parents=True)
    (tree / "src/main.py").write_text("print(1)\n")
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    (tree / "empty").write_bytes(b"")
    (tree / ODD).write_bytes(b"\0" * 1024)
    (tree / "manifest.json").write_text("{}")
    (tree / "link").symlink_to("src/main.py")
    (tree / "dangling").symlink_to("nowhere")
    return tree


FILES = ["src/main.py", "run.sh", "empty", ODD, "manifest.json", "link", "dangling"]


def contents(folder: Path) -> Mapping[str, Any]:
    """Type, mode and content of everything below a folder."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = (path.stat().st_mode, path.read_bytes())
    return found


def test_what_is_restored_equals_what_was_backed_up(root: Path, tmp_path: Path) -> None:
    made = create(str(root), FILES, str(tmp_path / "backups"), now=NOON)
    assert Path(made.path).name == "backup_my-project_20260102_120000.tar.gz"
    assert (made.files, made.skipped) == (7, False)
    assert verify(made.path).problems == ()
    assert restore(made.path, str(tmp_path / "new")) == 7
    assert contents(tmp_path / "new") == contents(root)
    assert (tmp_path / "new/run.sh").stat().st_mtime == int((root / "run.sh").stat().st_mtime)


def test_an_unchanged_tree_is_not_archived_again_and_a_changed_one_is(root: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "backups")
    first = create(str(root), FILES, folder, now=NOON)
    (root / "run.sh").touch()
    again = create(str(root), FILES, folder, now=NOON + timedelta(hours=1))
    assert again.skipped
    assert again.path == first.path
    (root / "run.sh").chmod(0o644)
    changed = create(str(root), FILES, folder, now=NOON + timedelta(hours=2))
    assert not changed.skipped
    assert [info.path for info in list_backups(folder)] == [changed.path, first.path]


def test_two_backups_within_one_second_have_two_names(root: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "backups")
    first = create(str(root), FILES, folder, now=NOON)
    second = create(str(root), FILES[1:], folder, now=NOON)
    assert first.path != second.path
    assert len(list_backups(folder)) == 2


def test_only_the_newest_archives_are_kept(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    removed: list[str] = []
    for hour in range(4):
        (root / "empty").write_text(str(hour))
        removed += create(str(root), FILES, str(folder), now=NOON + timedelta(hours=hour), keep=2).removed
    assert sorted(path.name[-13:-7] for path in folder.iterdir()) == ["140000", "150000"]
    assert [name[-13:-7] for name in removed] == ["120000", "130000"]


def test_an_archive_never_holds_the_folder_it_lies_in(root: Path) -> None:
    folder = root / "backups"
    folder.mkdir()
    (folder / "old.bin").write_text("x")
    made = create(str(root), ["run.sh", "backups/old.bin"], str(folder), now=NOON)
    assert [entry.path for entry in read_manifest(made.path).entries] == ["run.sh"]


def test_a_file_that_cannot_be_read_is_named_and_no_archive_stays(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(StoreError, match=r"my project/pipe: cannot be read: is no plain file"):
        create(str(root), [*FILES, "pipe"], str(tmp_path / "backups"))
    with pytest.raises(StoreError, match=r"gone: cannot be read: No such file"):
        create(str(root), [*FILES, "gone"], str(tmp_path / "backups"))
    assert list_backups(str(tmp_path / "backups")) == ()


def test_no_files_is_said_instead_of_an_empty_archive(root: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no files to back up"):
        create(str(root), [], str(tmp_path / "backups"))


@pytest.mark.faults
def test_a_full_disk_leaves_no_half_archive(root: Path, tmp_path: Path) -> None:
    (root / "big").write_bytes(os.urandom(300_000))
    code = ("import resource, signal, sys; from gatekeeper.store.backup import create\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "from gatekeeper.errors import StoreError\n"
            "try: create(sys.argv[1], ['big'], sys.argv[2])\n"
            "except StoreError as error: print(error)")
    done = subprocess.run([sys.executable, "-c", code, str(root), str(tmp_path / "backups")], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "backups: cannot be written: File too large" in done.stdout
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_place_that_is_no_folder_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/backups: cannot be created: Not a directory"):
        create(str(root), FILES, str(tmp_path / "file/backups"))


def test_backups_are_found_by_latest_name_part_and_path(root: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "backups")
    first = create(str(root), FILES, folder, now=NOON)
    second = create(str(root), FILES[:2], folder, now=NOON + timedelta(days=1))
    assert find_backup(folder) == second.path
    assert find_backup(folder, "20260102") == first.path
    assert find_backup("/nowhere", first.path) == first.path
    with pytest.raises(UsageError, match="2 backups are called so"):
        find_backup(folder, "2026")
    with pytest.raises(UsageError, match="no such backup"):
        find_backup(str(tmp_path / "none"))


def test_a_target_that_is_not_empty_is_refused(root: Path, tmp_path: Path) -> None:
    made = create(str(root), FILES, str(tmp_path / "backups"))
    with pytest.raises(StoreError, match="is there already and not empty"):
        restore(made.path, str(root))
    (tmp_path / "empty folder").mkdir()
    assert restore(made.path, str(tmp_path / "empty folder")) == 7
    (tmp_path / "sly").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is there already"):
        restore(made.path, str(tmp_path / "sly"))


def test_links_that_lead_out_need_trust(root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to("../../etc/passwd")
    (root / "up").symlink_to("src/../run.sh")
    made = create(str(root), ["out", "up", "run.sh"], str(tmp_path / "backups"))
    with pytest.raises(StoreError, match=r"files/out: is a link to ../../etc/passwd, outside of the tree; nothing was restored") as caught:
        restore(made.path, str(tmp_path / "new"))
    assert caught.value.hint == "if you made this backup yourself: --trusted"
    assert not (tmp_path / "new").exists()
    assert restore(made.path, str(tmp_path / "new"), trusted=True) == 3
    assert (tmp_path / "new/out").readlink() == Path("../../etc/passwd")


# archives that an enemy made


def entry(path: str, data: bytes = b"x", **other: Any) -> dict[str, Any]:
    return {"path": path, "type": "file", "mode": 0o644, "size": len(data), "sha256": sha256(data).hexdigest(), "target": None, **other}


def member(path: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(f"files/{path}")
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    info.type, info.linkname = kind, link
    return info, data


def link_entry(path: str, target: str) -> dict[str, Any]:
    return entry(path, b"", type="symlink", mode=0o777, sha256="", target=target)


HOSTILE: Mapping[str, tuple[list[dict[str, Any]], list[tuple[tarfile.TarInfo, bytes]], str]] = {
    "absolute": ([entry("/etc/x")], [member("/etc/x")], "absolute name"),
    "up": ([entry("../x")], [member("../x")], "leads elsewhere"),
    "up inside": ([entry("a/../../x")], [member("a/../../x")], "leads elsewhere"),
    "dot": ([entry("./x")], [member("./x")], "leads elsewhere"),
    "unlisted": ([entry("a")], [member("a"), member("b")], "not in the manifest"),
    "twice": ([entry("a")], [member("a"), member("a")], "or twice"),
    "listed twice": ([entry("a"), entry("a")], [member("a")], "lists a file twice"),
    "missing": ([entry("a"), entry("b")], [member("a")], "is missing"),
    "device": ([entry("a")], [member("a", kind=tarfile.CHRTYPE)], "neither a file nor a symbolic link"),
    "pipe": ([entry("a")], [member("a", kind=tarfile.FIFOTYPE)], "neither a file nor"),
    "hard link": ([entry("a"), entry("b")], [member("a"), member("b", kind=tarfile.LNKTYPE, link="files/a")], "neither a file nor"),
    "folder": ([entry("a")], [member("a", kind=tarfile.DIRTYPE)], "neither a file nor"),
    "other link": ([link_entry("a", "b")], [member("a", kind=tarfile.SYMTYPE, link="c")], "differs from the manifest"),
    "link out": ([link_entry("a", "/etc")], [member("a", kind=tarfile.SYMTYPE, link="/etc")], "outside of the tree"),
    "through a link": ([link_entry("a", "b"), entry("a/x")], [member("a", kind=tarfile.SYMTYPE, link="b"), member("a/x")], "lies below the link"),
    "through a later link": ([entry("a/x"), link_entry("a", "b")], [member("a/x"), member("a", kind=tarfile.SYMTYPE, link="b")], "lies below the link"),
    "case": ([entry("A"), entry("a")], [member("A"), member("a")], "by case alone"),
    "case of a folder": ([entry("D/a"), entry("d/b")], [member("D/a"), member("d/b")], "by case alone"),
    "other size": ([entry("a", b"xx")], [member("a", b"x")], "differs from the manifest"),
    "set uid": ([entry("a", mode=0o4755)], [member("a")], "differs from the manifest"),
    "too large": ([entry("a", size=10**15)], [member("a")], "more than"),
    "checksum": ([entry("a", b"y")], [member("a", b"x")], "differs from its checksum"),
}


def forge(path: Path, entries: list[dict[str, Any]], members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    manifest = json.dumps({"schema": 1, "project": "p", "created_at": "", "digest": "", "files": entries}).encode()
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        archive.addfile(info, io.BytesIO(manifest))
        for made, data in members:
            archive.addfile(made, io.BytesIO(data))


@pytest.fixture
def watched(tmp_path: Path) -> Callable[[], list[str]]:
    """What lies in the folder of the target, beside the archive."""
    return lambda: sorted(path.name for path in tmp_path.iterdir() if path.name != "evil.tar.gz")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_is_written(kind: str, tmp_path: Path, watched: Callable[[], list[str]]) -> None:
    entries, members, words = HOSTILE[kind]
    forge(tmp_path / "evil.tar.gz", entries, members)
    with pytest.raises(StoreError, match=words):
        restore(str(tmp_path / "evil.tar.gz"), str(tmp_path / "new"))
    assert watched() == []


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path, watched: Callable[[], list[str]]) -> None:
    bomb = entry("a", b"\0" * 5_000_000)
    forge(tmp_path / "evil.tar.gz", [bomb], [member("a", b"\0" * 5_000_000)])
    with pytest.raises(StoreError, match="more than 1000000 bytes"):
        restore(str(tmp_path / "evil.tar.gz"), str(tmp_path / "new"), max_bytes=1_000_000)
    forge(tmp_path / "evil.tar.gz", [entry("a")], [member("a"), member("b", b"\0" * 5_000_000)])
    with pytest.raises(StoreError, match="not in the manifest"):
        restore(str(tmp_path / "evil.tar.gz"), str(tmp_path / "new"), max_bytes=1_000_000)
    assert watched() == []


def test_checking_names_each_file_that_differs(tmp_path: Path) -> None:
    forge(tmp_path / "a.tar.gz", [entry("a"), entry("b", b"y"), entry("c")], [member("a"), member("b", b"x"), member("d")])
    checked = verify(str(tmp_path / "a.tar.gz"))
    assert not checked.ok
    assert checked.problems == ("b: differs from the manifest", "files/d: is not in the manifest, or twice", "c: is missing")


def problems(archive: str) -> tuple[str, ...]:
    try:
        return verify(archive).problems
    except StoreError as error:
        return (error.message,)


@pytest.mark.faults
def test_a_damaged_archive_is_told_from_a_good_one_wherever_it_is_cut(root: Path, tmp_path: Path) -> None:
    (root / "noise").write_bytes(os.urandom(3000))
    made = create(str(root), [*FILES, "noise"], str(tmp_path / "backups"))
    whole = Path(made.path).read_bytes()
    for cut in range(0, len(whole) - 8, 97):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:cut])
        assert problems(str(tmp_path / "cut.tar.gz"))


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(b"", mtime=0), gzip.compress(b"no tar", mtime=0), gzip.compress(b"\0" * 10240, mtime=0)])
def test_what_is_no_archive_is_said_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(data)
    with pytest.raises(StoreError, match=r"x\.tar\.gz: (is no readable backup|cannot be read)"):
        verify(str(tmp_path / "x.tar.gz"))


@pytest.mark.parametrize("manifest", [b"{", b"[]", b'{"schema": 2}', b'{"schema": 1, "files": [{}]}', b'{"schema": 1, "files": 3}', b"[" * 100_000])
def test_a_manifest_that_makes_no_sense_is_said_so(tmp_path: Path, manifest: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        archive.addfile(info, io.BytesIO(manifest))
    with pytest.raises(StoreError, match="is no readable backup"):
        read_manifest(str(tmp_path / "x.tar.gz"))


def test_an_unreadable_newest_archive_does_not_stop_a_new_one(root: Path, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups/backup_my-project_20250101_000000.tar.gz").write_bytes(b"broken")
    assert not create(str(root), FILES, str(tmp_path / "backups"), now=NOON).skipped
    assert [info.digest == "" for info in list_backups(str(tmp_path / "backups"))] == [False, True]


def test_the_job_says_what_it_made_and_what_it_skipped(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.main(["--root", str(root), *FILES]) == 0
    said = json.loads(capsys.readouterr().out)
    assert Path(said["facts"]["path"]).parent == root / ".gatekeeper/backups"
    assert said["checked"] == 7
    assert job.main(["--root", str(root), *FILES]) == 0
    assert "skipped" in json.loads(capsys.readouterr().out)["message"]
    assert job.main(["--root", str(root), "gone"]) == 2
    assert "gone: cannot be read" in json.loads(capsys.readouterr().out)["message"]
    assert job.main(["--root", str(root)]) == 0
    assert json.loads(capsys.readouterr().out)["checked"] == 0


def test_labelled_backups_lie_apart_and_are_still_found(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.main(["--root", str(root), *FILES]) == 0
    whole = json.loads(capsys.readouterr().out)["facts"]["archive"]
    assert job.main(["--root", str(root), "--label", "before-fix", "run.sh"]) == 0
    part = json.loads(capsys.readouterr().out)["facts"]["archive"]
    folder = str(root / ".gatekeeper/backups")
    assert Path(part).parent == Path(folder, "before-fix")
    assert find_backup(folder) == whole
    assert find_backup(folder, "before-fix") == part
    assert {info.path for info in list_backups(folder)} == {whole, part}
