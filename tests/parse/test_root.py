"""Logs of other machines: below which root did the tool run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.model.finding import RawOutput
from gatekeeper.parse.root import recorded_root

HERE = RawOutput(root="/home/me/project", cwd="/home/me/project")


def guessed(text: str, *files: str, stderr: str = "") -> str | None:
    return recorded_root(replace(HERE, stdout=text.encode(), stderr=stderr.encode()), set(files).__contains__)


def test_the_root_is_above_the_names_that_exist_here() -> None:
    assert guessed('{"filename": "/srv/ci/one/pkg/a.py"}', "pkg/a.py", "a.py") == "/srv/ci/one"


def test_most_of_the_named_files_decide() -> None:
    assert guessed("/x/y/pkg/a.py:1\n/x/y/pkg/b.py:2\n/z/pkg/b.py:3\n", "pkg/a.py", "pkg/b.py") == "/x/y"


def test_an_output_that_names_files_below_the_known_root_is_believed() -> None:
    assert guessed("/home/me/project/a.py:1 /srv/ci/a.py:2", "a.py") is None


@pytest.mark.parametrize(("path", "root"), [
    ("/home/runner/work/api/api/src/a.ts", "/home/runner/work/api/api"), ("/__w/api/api/a.rs", "/__w/api/api"), ("/builds/group/app/a.py", "/builds/group/app"),
    ("file:///repo/a%20b.js", "/repo"), ("/usr/src/app/index.js", "/usr/src/app"), ("/home/vsts/work/1/s/a.sol", "/home/vsts/work/1/s"),
    (r"\/app\/src\/a.php", "/app"), (r"D:\\a\\api\\api\\src\\a.ts", "D:/a/api/api"), (r"D:\a\api\api\src\a.ts", "D:/a/api/api")])
def test_places_of_ci_services_are_known(path: str, root: str) -> None:
    assert guessed(f'"{path}"') == root


@pytest.mark.parametrize("text", ["https://example.org/app/x.html", "/usr/lib/python3.11/ast.py", "/opt/venv/lib/python3/site-packages/a.py", "src/a.py:1:1: E1 b", "", "/nowhere/a.py"])
def test_links_installed_files_and_relative_names_tell_no_root(text: str) -> None:
    assert guessed(text, "ast.py") is None


def test_long_outputs_are_scanned_in_linear_time() -> None:
    assert guessed("/" * 500_000 + "/a" * 300_000 + "a/b:" * 100_000) is None
