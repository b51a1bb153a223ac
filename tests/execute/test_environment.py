"""The environment of a job: ours, without what is not its business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gatekeeper.execute.environment import base_environment, is_secret, without_manners


def made(environ: dict[str, str], **options: object) -> dict[str, str]:
    given = {"root": "/project", "prefix": "/usr", "base_prefix": "/usr", "allowed": (), **options}
    return dict(base_environment(environ, root=str(given["root"]), prefix=str(given["prefix"]), base_prefix=str(given["base_prefix"]),
                                 allowed=given["allowed"] if isinstance(given["allowed"], tuple) else ()))


@pytest.mark.parametrize("name", [
    "GITHUB_TOKEN", "NPM_TOKEN", "npm_config_//registry.example.org/:_authToken", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "DB_PASSWORD",
    "PGPASSWORD", "MYSQL_PASSWD", "GOOGLE_APPLICATION_CREDENTIALS", "OPENAI_API_KEY", "ETHERSCAN_APIKEY", "SSH_AUTH_SOCK", "NPM_AUTH",
    "AZURE_DEVOPS_EXT_PAT", "PRIVATE_KEY", "DEPLOY_KEY", "MNEMONIC", "npm_config__auth", "UV_INDEX_INTERNAL_PASSWORD", "JWT_SIGNING",
])
def test_secrets_do_not_reach_jobs(name: str) -> None:
    assert is_secret(name)
    assert name not in made({name: "x"})


@pytest.mark.parametrize("name", [
    "PATH", "HOME", "LANG", "USER", "TMPDIR", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_INDEX_URL",
    "npm_config_registry", "UV_INDEX_URL", "UV_CACHE_DIR", "CARGO_HOME", "RUSTUP_HOME", "TOKENIZERS_PARALLELISM", "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL", "CARGO_PKG_AUTHORS", "KEYBOARD", "XDG_CACHE_HOME", "DATABASE_URL", "NODE_OPTIONS", "GIT_SSH_COMMAND", "PATHEXT",
])
def test_what_the_user_set_for_tools_stays(name: str) -> None:
    assert made({name: "x"})[name] == "x"


def test_jobs_cannot_set_what_later_steps_of_the_ci_see() -> None:
    files = {f"GITHUB_{name}": "/x" for name in ("ENV", "PATH", "OUTPUT", "STATE")}
    assert made({**files, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/w"}).keys() & {*files, "GITHUB_ACTIONS", "GITHUB_WORKSPACE"} == {
        "GITHUB_ACTIONS", "GITHUB_WORKSPACE"}


@pytest.mark.parametrize("name", ["GATEKEEPER_JOBS", "GATEKEEPER_RUN_ID", "PYTHONPATH", "PYTHONHOME", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE",
                                  "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_PARAMETERS", "FORCE_COLOR"])
def test_what_is_ours_or_gits_own_goes(name: str) -> None:
    assert name not in made({name: "x"})


@pytest.mark.parametrize("name", ["MAKEFLAGS", "PWD", "OLDPWD", "npm_package_name", "npm_lifecycle_event", "PYTEST_XDIST_WORKER", "_"])
def test_what_our_caller_meant_for_itself_goes(name: str) -> None:
    assert name not in made({name: "x"})


def test_a_secret_that_was_asked_for_is_passed_on() -> None:
    assert made({"NPM_TOKEN": "x", "GITHUB_TOKEN": "y"}, allowed=("NPM_TOKEN",)).items() >= {("NPM_TOKEN", "x")}
    assert "GITHUB_TOKEN" not in made({"NPM_TOKEN": "x", "GITHUB_TOKEN": "y"}, allowed=("NPM_TOKEN",))


def test_git_headers_with_authorization_go_as_a_whole() -> None:
    plain = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    assert made(plain).items() >= plain.items()
    secret = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraheader", "GIT_CONFIG_VALUE_0": "AUTHORIZATION: basic eA=="}
    assert not made(secret).keys() & secret.keys()


def test_the_standard_block_is_set_whatever_the_user_has() -> None:
    env = made({"TERM": "xterm-256color", "CARGO_TERM_COLOR": "always", "GIT_TERMINAL_PROMPT": "1"})
    assert (env["NO_COLOR"], env["TERM"], env["CARGO_TERM_COLOR"], env["GIT_TERMINAL_PROMPT"]) == ("1", "dumb", "never", "0")


def test_ci_and_retries_are_set_only_where_the_user_did_not() -> None:
    assert made({})["CI"] == "1"
    assert made({"CI": "true", "PIP_RETRIES": "7"}).items() >= {("CI", "true"), ("PIP_RETRIES", "7")}
    assert made({})["PIP_RETRIES"] == "0"


def test_our_own_virtual_environment_does_not_leak(tmp_path: Path) -> None:
    prefix = tmp_path / "gatekeeper-venv"
    path = os.pathsep.join([f"{prefix}/bin", "/usr/bin", "/bin"])
    env = made({"VIRTUAL_ENV": str(prefix), "PATH": path}, prefix=prefix, root=tmp_path / "project")
    assert "VIRTUAL_ENV" not in env
    assert env["PATH"] == f"/usr/bin{os.pathsep}/bin"


def test_a_virtual_environment_of_the_project_stays(tmp_path: Path) -> None:
    theirs = {"VIRTUAL_ENV": str(tmp_path / "theirs"), "PATH": f"{tmp_path}/theirs/bin"}
    assert made(theirs, prefix=tmp_path / "ours", root=tmp_path / "project").items() >= theirs.items()
    inside = {"VIRTUAL_ENV": str(tmp_path / "project/.venv"), "PATH": f"{tmp_path}/project/.venv/bin"}
    assert made(inside, prefix=tmp_path / "project/.venv", root=tmp_path / "project").items() >= inside.items()


def test_programs_under_test_are_not_asked_for_plain_text() -> None:
    assert "NO_COLOR" in made({})
    assert "NO_COLOR" not in without_manners(made({}))
