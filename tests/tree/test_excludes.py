"""Where it is written what git ignores, beside the tree itself."""

from __future__ import annotations

from pathlib import Path

from gatekeeper.tree.excludes import exclude_files


def repository(folder: Path) -> Path:
    (folder / "repo" / ".git" / "objects").mkdir(parents=True)
    (folder / "repo" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "repo" / "sub").mkdir()
    return folder / "repo"


def test_the_repository_says_so_and_the_folders_above_the_tree(tmp_path: Path) -> None:
    root = repository(tmp_path)
    found = exclude_files(str(root / "sub"), {})
    assert {str(root / ".git" / "info" / "exclude"), str(root / ".gitignore"), str(tmp_path / ".ignore")} <= set(found)
    assert str(root / "sub" / ".gitignore") not in found, "that is one of the files of the tree"


def test_a_linked_work_tree_shares_what_its_repository_says(tmp_path: Path) -> None:
    own = repository(tmp_path) / ".git" / "worktrees" / "two"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / ".git").write_text(f"gitdir: {own}\n")
    assert str(tmp_path / "repo" / ".git" / "info" / "exclude") in exclude_files(str(tmp_path / "two"), {})


def test_the_user_says_so_in_the_usual_place_or_in_another(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n")
    (tmp_path / "more").write_text('[core]\r\n excludesfile="/srv/all"\r\n')
    found = exclude_files(str(tmp_path / "tree"), {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": str(tmp_path / "more")})
    assert {str(tmp_path / ".config" / "git" / "ignore"), str(tmp_path / "mine"), "/srv/all"} <= set(found)
    assert "/srv/all" not in exclude_files(str(tmp_path / "tree"), {"HOME": str(tmp_path)})


def test_without_a_repository_or_a_home_nothing_breaks(tmp_path: Path) -> None:
    assert all(path.endswith("ignore") for path in exclude_files(str(tmp_path), {}))
