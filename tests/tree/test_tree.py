"""What belongs to a tree, what changed in it, and that checking did not write."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gatekeeper.errors import TreeError, UsageError
from gatekeeper.model.ports import Completed
from gatekeeper.tree import changes
from gatekeeper.tree.files import Tree, read_tree
from gatekeeper.tree.git import Git
from gatekeeper.tree.snapshot import differences, first, take

ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "t",
               "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org"}


def runner(argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
    done = subprocess.run(argv, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=timeout, check=False)
    return Completed(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


class Repository:
    """A scratch repository with one commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.call("init", "-q", "-b", "main")
        self.write("kept.py", "x = 1\n").write(".gitignore", "ignored/\n").call("add", "-A")
        self.call("commit", "-qm", "first")

    def call(self, *words: str) -> Repository:
        subprocess.run(("git", *words), cwd=self.folder, env=ENVIRONMENT, check=True, capture_output=True)
        return self

    def write(self, name: str, text: str) -> Repository:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return self

    @property
    def git(self) -> Git:
        return Git(runner, str(self.folder), ENVIRONMENT)

    @property
    def tree(self) -> Tree:
        return read_tree(str(self.folder), runner, ENVIRONMENT)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_tracked_and_untracked_files_are_listed_and_ignored_ones_are_not(repository: Repository) -> None:
    repository.write("new.py", "").write("ignored/x.py", "")
    assert repository.tree.files == (".gitignore", "kept.py", "new.py")
    assert repository.tree.untracked == {"new.py"}


def test_a_deleted_file_is_not_listed(repository: Repository) -> None:
    (repository.folder / "kept.py").unlink()
    assert "kept.py" not in repository.tree.files


def test_names_that_are_no_text_survive(repository: Repository) -> None:
    name = os.fsdecode(b"caf\xe9 \n.py")
    (repository.folder / name).write_text("")
    assert name in repository.tree.files


def test_a_repository_inside_is_nested_and_its_files_are_not_listed(repository: Repository) -> None:
    inner = repository.folder / "inner"
    inner.mkdir()
    Repository(inner)
    assert repository.tree.nested == ("inner",)
    assert not [name for name in repository.tree.files if name.startswith("inner")]


def test_an_installed_environment_that_gitignore_forgets_is_not_the_projects(repository: Repository) -> None:
    repository.write(".venv/pyvenv.cfg", "").write(".venv/lib/x.py", "").write("web/node_modules/a/index.js", "").write("new.py", "")
    assert repository.tree.untracked == {"new.py"}
    assert changes.added(repository.git) == ("new.py",)


def test_only_the_files_below_the_root_count(repository: Repository) -> None:
    repository.write("sub/a.py", "").call("add", "-A")
    assert read_tree(str(repository.folder / "sub"), runner, ENVIRONMENT).files == ("a.py",)


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("")
    (tmp_path / "a.js").write_text("")
    tree = read_tree(str(tmp_path), runner, ENVIRONMENT)
    assert (tree.git, tree.files) == (False, ("a.js",))


def test_a_missing_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="no such folder"):
        read_tree(str(tmp_path / "nothing"), runner, ENVIRONMENT)


def test_reading_never_leaves_the_tree_or_hangs_on_a_pipe(repository: Repository) -> None:
    os.symlink("/etc/passwd", repository.folder / "out")
    os.mkfifo(repository.folder / "pipe")
    assert repository.tree.read("out") is None
    assert repository.tree.read("../x") is None
    assert repository.tree.read("pipe") is None
    assert repository.tree.read("kept.py") == b"x = 1\n"


def test_staged_files_are_those_that_would_be_committed(repository: Repository) -> None:
    repository.write("a.py", "1").write("b.py", "1").call("add", "a.py")
    assert changes.staged(repository.git).files == ("a.py",)


def test_a_partly_staged_file_is_named(repository: Repository) -> None:
    repository.write("kept.py", "x = 2\n").call("add", "kept.py").write("kept.py", "x = 3\n")
    compared = read_tree(str(repository.folder), runner, ENVIRONMENT, compared=True)
    assert changes.staged(repository.git, compared.modified).partly_staged == ("kept.py",)
    assert changes.staged(repository.git, repository.tree.modified).partly_staged == ()  # a plan compares no contents


def test_changes_since_a_branch_include_untracked_and_deleted_files(repository: Repository) -> None:
    repository.write("old.py", "").call("add", "-A").call("commit", "-qm", "second").call("checkout", "-qb", "topic")
    (repository.folder / "old.py").unlink()
    repository.write("kept.py", "x = 9\n").call("commit", "-qam", "third").write("new.py", "")
    found = changes.since(repository.git, "main")
    assert (found.files, found.deleted) == (("kept.py", "new.py"), ("old.py",))


def test_an_unknown_base_is_a_usage_error(repository: Repository) -> None:
    for ref in ("nowhere", "--output=x"):
        with pytest.raises(UsageError, match="no such commit"):
            changes.since(repository.git, ref)


def test_without_upstream_the_default_branch_is_the_base(repository: Repository) -> None:
    repository.call("checkout", "-qb", "topic").write("kept.py", "x = 5\n")
    assert changes.changed(repository.git).files == ("kept.py",)


def test_a_named_file_outside_the_tree_is_refused(repository: Repository) -> None:
    with pytest.raises(UsageError, match="not below"):
        changes.named(repository.tree, ("../elsewhere.py",), str(repository.folder))


def test_named_files_are_relative_to_where_the_command_was_started(repository: Repository) -> None:
    repository.write("sub/a.py", "")
    assert changes.named(repository.tree, ("a.py",), str(repository.folder / "sub")).files == ("sub/a.py",)


def test_new_files_are_those_untracked_or_added_since_head(repository: Repository) -> None:
    repository.write("staged.py", "").call("add", "staged.py").write("loose.py", "")
    assert changes.added(repository.git) == ("loose.py", "staged.py")


def test_without_a_commit_every_file_is_new(tmp_path: Path) -> None:
    subprocess.run(("git", "init", "-q", str(tmp_path)), env=ENVIRONMENT, check=True)
    (tmp_path / "staged.py").write_text("")
    subprocess.run(("git", "add", "."), cwd=tmp_path, env=ENVIRONMENT, check=True)
    (tmp_path / "loose.py").write_text("")
    assert changes.added(Git(runner, str(tmp_path), ENVIRONMENT)) == ("loose.py", "staged.py")


def test_files_that_a_branch_added_are_new_until_it_is_merged(repository: Repository) -> None:
    repository.call("checkout", "-qb", "side").write("new.py", "").call("add", "-A").call("commit", "-qm", "new").call("branch", "-u", "main")
    assert changes.added(repository.git, repository.tree.untracked) == ("new.py",)


def test_a_touched_file_is_no_difference_but_a_changed_one_is(repository: Repository) -> None:
    before = take(repository.tree, repository.git)
    os.utime(repository.folder / "kept.py", (1, 1))
    assert differences(before, take(repository.tree, repository.git)) == ()
    repository.write("kept.py", "x = 7\n")
    assert differences(before, take(repository.tree, repository.git)) == ("kept.py",)


def test_a_change_to_a_file_that_was_dirty_before_is_seen(repository: Repository) -> None:
    repository.write("kept.py", "x = 7\n")
    before = take(repository.tree, repository.git)
    repository.write("kept.py", "x = 8\n")
    assert differences(before, take(repository.tree, repository.git)) == ("kept.py",)


def test_a_changed_index_and_a_new_stash_are_seen(repository: Repository) -> None:
    before = take(repository.tree, repository.git)
    repository.write("kept.py", "x = 7\n").call("stash")
    assert "(refs)" in differences(before, take(repository.tree, repository.git))


def test_looking_starts_no_program_of_the_repository(repository: Repository) -> None:
    marker = repository.folder / "ran"
    repository.call("config", "core.fsmonitor", f"touch {marker}; false").call("config", "diff.external", f"touch {marker}")
    _ = repository.tree
    take(repository.tree, repository.git)
    changes.staged(repository.git)
    assert not marker.exists()


class Counting:
    """The runner of these tests, and how often it was asked."""

    def __init__(self) -> None:
        self.calls: list[Sequence[str]] = []

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.calls.append(argv)
        return runner(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)


def test_a_tree_takes_one_call_of_git_and_a_snapshot_one_and_none_where_contents_were_compared(repository: Repository) -> None:
    counting = Counting()
    tree = read_tree(str(repository.folder), counting, ENVIRONMENT)
    git = Git(counting, str(repository.folder), ENVIRONMENT)
    assert len(counting.calls) == 1
    assert first(tree, git) == take(tree, git)
    assert len(counting.calls) == 3
    compared = read_tree(str(repository.folder), counting, ENVIRONMENT, compared=True)
    first(compared, git)
    assert len(counting.calls) == 4


def test_what_changes_between_looking_and_the_first_job_is_a_difference(repository: Repository) -> None:
    repository.write("loose.py", "1")
    compared = read_tree(str(repository.folder), runner, ENVIRONMENT, compared=True)
    assert differences(first(compared, repository.git), take(compared, repository.git)) == ()
    repository.write("kept.py", "x = 7\n").write("late.py", "")
    assert differences(first(compared, repository.git), take(compared, repository.git)) == ("kept.py", "late.py")
    repository.call("add", "late.py")
    assert "(index)" in differences(first(compared, repository.git), take(compared, repository.git))


def test_what_a_scope_adds_comes_with_its_files(repository: Repository) -> None:
    repository.call("checkout", "-qb", "side").write("new.py", "").call("add", "-A").call("commit", "-qm", "new").write("kept.py", "x = 2\n").write("loose.py", "")
    repository.write("staged.py", "").call("add", "staged.py", "kept.py")
    assert changes.staged(repository.git).added == ("staged.py",)
    assert changes.since(repository.git, "main").added == ("loose.py", "new.py", "staged.py")
    assert changes.everything().added is None


def test_what_a_sparse_checkout_leaves_out_is_not_listed(repository: Repository) -> None:
    repository.write("far/a.py", "").call("add", "-A").call("update-index", "--skip-worktree", "far/a.py", "kept.py")
    (repository.folder / "far" / "a.py").unlink()
    assert repository.tree.files == (".gitignore", "kept.py")


def test_links_and_files_in_conflict_are_listed_once(repository: Repository) -> None:
    os.symlink("kept.py", repository.folder / "link")
    repository.call("add", "-A").call("commit", "-qm", "link").call("checkout", "-qb", "side").write("kept.py", "x = 2\n").call("commit", "-qam", "side")
    repository.call("checkout", "-q", "main").write("kept.py", "x = 3\n").call("commit", "-qam", "main")
    subprocess.run(("git", "merge", "side"), cwd=repository.folder, env=ENVIRONMENT, check=False, capture_output=True)
    assert repository.tree.files == (".gitignore", "kept.py", "link")
    assert repository.tree.symlinks == {"link"}


def test_a_submodule_is_named_and_what_changes_in_it_is_seen(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Repository(tmp_path_factory.mktemp("other"))
    repository.call("-c", "protocol.file.allow=always", "submodule", "add", str(other.folder), "inner").call("commit", "-qm", "submodule")
    tree = repository.tree
    assert tree.submodules == ("inner",)
    before = take(tree, repository.git)
    repository.write("inner/kept.py", "x = 9\n")
    assert differences(before, take(tree, repository.git)) == ("inner",)


def test_a_repository_without_a_commit_can_be_compared(tmp_path: Path) -> None:
    subprocess.run(("git", "init", "-q", str(tmp_path)), env=ENVIRONMENT, check=True)
    (tmp_path / "a.py").write_text("")
    tree, git = read_tree(str(tmp_path), runner, ENVIRONMENT), Git(runner, str(tmp_path), ENVIRONMENT)
    before = take(tree, git)
    assert differences(before, take(tree, git)) == ()
    (tmp_path / "a.py").write_text("x = 1")
    assert differences(before, take(tree, git)) == ("a.py",)


def test_a_broken_repository_is_an_error_and_not_a_plain_folder(repository: Repository) -> None:
    (repository.folder / ".git" / "index").write_bytes(b"DIRC nonsense that is no index at all, and long enough to be read")
    with pytest.raises(TreeError, match="git ls-files failed"):
        _ = repository.tree


def test_looking_at_the_files_starts_no_filter(repository: Repository) -> None:
    marker = repository.folder / "ran"
    repository.write(".gitattributes", "*.py filter=x\n").call("config", "filter.x.clean", f"touch {marker}; cat").write("kept.py", "x = 2\n")
    _ = repository.tree
    assert not marker.exists()
