"""Files that git does not list are found by globs, and never outside of the tree."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.session.unlisted import globbed


def test_ignored_files_are_found_by_name_glob_and_depth(tmp_path: Path) -> None:
    for name in ("dist/a.whl", "dist/deep/b.whl", "coverage.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert globbed(str(tmp_path), "coverage.xml") == ("coverage.xml",)
    assert globbed(str(tmp_path), "dist/*.whl") == ("dist/a.whl",)
    assert globbed(str(tmp_path), "**/*.whl") == ("dist/a.whl", "dist/deep/b.whl")
    assert globbed(str(tmp_path), "dist") == ()


def test_nothing_outside_of_the_tree_is_found(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.xml").write_text("x")
    (root / "link.xml").symlink_to(outside / "secret.xml")
    (root / "folder").symlink_to(outside)
    for pattern in ("../outside/*.xml", str(outside / "*.xml"), "link.xml", "folder/*.xml"):
        assert globbed(str(root), pattern) == ()
