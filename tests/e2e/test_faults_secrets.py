"""Secrets: jobs do not get those that nobody gave them, and what they print of them anyway stays in no file and on no screen. Nor do jobs get what is ours."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from tests.fakes.faulty import only_run, python, repository, tasks_only
from tests.fakes.space import Space
from tests.fakes.stage import fake

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]
PASSWORD = "correct-horse/battery+staple"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ENVIRONMENT = {"DEPLOY_PASSWORD": PASSWORD, "GITHUB_TOKEN": TOKEN, "AWS_SECRET_ACCESS_KEY": "0123456789abcdef", "SSH_AUTH_SOCK": "/tmp/agent",
               "HARMLESS": "seen", "GIT_DIR": "/nowhere", "GATEKEEPER_JOBS": "2", "PYTHONPATH": "/elsewhere", "FORCE_COLOR": "1"}
TALKS = f"import sys; print('password is {PASSWORD}'); print('{TOKEN}', file=sys.stderr); open(sys.argv[1], 'w').write('{TOKEN}'); sys.exit(int(sys.argv[2]))"


def files_with(space: Space, secret: str) -> list[str]:
    """Files of ours that hold the secret."""
    ours = space.root / ".gatekeeper"
    return [path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes()]


@pytest.mark.parametrize("exit_code", ["0", "1", "3"])
def test_a_secret_that_a_tool_prints_stays_in_no_file_and_on_no_screen(tmp_path: Path, exit_code: str) -> None:
    code = tmp_path / "talks.py"  # outside the tree, so that only the output can bring it in
    code.write_text(TALKS)
    space = repository(tmp_path / "s", {"talks": (sys.executable, str(code), "{report}", exit_code)})
    ended = space.run(*tasks_only("--log-level", "debug"), env={"DEPLOY_PASSWORD": PASSWORD})
    shown = space.run("show", "D3/talks")
    for secret in (PASSWORD, TOKEN):
        assert secret not in ended.stdout + ended.stderr + shown.stdout, ended
        assert files_with(space, secret) == []
    log = next(only_run(space).glob("jobs/*/stdout.log"))
    assert log.read_text() == "password is ***\n"
    assert log.stat().st_mode & 0o077 == 0


ENCODED = """
import base64, json
value = base64.b64decode(sys_argv).decode()
print(json.dumps(value), value.encode().hex(), base64.b64encode(b'user:' + value.encode()).decode(), sep='\\n')
print('-----BEGIN RSA PRIVATE KEY-----', *['MIIE' + 'x' * 60] * 30, '-----END RSA PRIVATE KEY-----', sep='\\n')
raise SystemExit(1)
"""


def test_encoded_secrets_and_keys_of_many_lines_stay_in_no_file_and_on_no_screen(tmp_path: Path) -> None:
    hidden = base64.b64encode(PASSWORD.encode()[::-1]).decode()  # so that the configuration itself holds no form of it
    code = f"sys_argv = __import__('base64').b64encode(__import__('base64').b64decode('{hidden}')[::-1])" + ENCODED
    space = repository(tmp_path, {"talks": python(code)})
    ended = space.run(*tasks_only("--report", "html", "--report", "sarif", "--report", "github"), env={"DEPLOY_PASSWORD": PASSWORD})
    assert ended.exit_code == 1, ended
    told = [ended, space.run("show", "D3/talks"), space.run("logs", "talks"), space.run("history", "--json")]
    for form in (json.dumps(PASSWORD)[1:-1], PASSWORD.encode().hex(), base64.b64encode(b"user:" + PASSWORD.encode()).decode()[8:40], "MIIExxxx"):
        assert files_with(space, form) == []
        assert [one for one in told if form in one.stdout + one.stderr] == []


def test_jobs_see_neither_secrets_nor_what_is_ours(tmp_path: Path) -> None:
    space = repository(tmp_path, {"sees": fake("environment")})
    ended = space.run(*tasks_only(), env=ENVIRONMENT)
    assert ended.exit_code == 0, ended
    seen = json.loads(next(only_run(space).glob("jobs/*/stdout.log")).read_text())
    names = {name for name in ENVIRONMENT if name in seen["env"]}
    assert names == {"HARMLESS"}
    assert (seen["stdin"], seen["leader"], seen["cwd"], seen["fds"]) == ("", True, str(space.root), [0, 1, 2])
    assert {name for name in seen["env"] if name.startswith("GATEKEEPER_")} == {"GATEKEEPER_RUN_ID", "GATEKEEPER_JOB", "GATEKEEPER_SHARE"}


def test_our_own_virtual_environment_does_not_reach_jobs(tmp_path: Path) -> None:
    space = repository(tmp_path, {"sees": fake("environment")})
    ours = Path(sys.prefix)
    space.environment["PATH"] = f"{ours / 'bin'}:{space.environment['PATH']}"
    ended = space.run(*tasks_only(), env={"VIRTUAL_ENV": str(ours)})
    assert ended.exit_code == 0, ended
    seen = json.loads(next(only_run(space).glob("jobs/*/stdout.log")).read_text())["env"]
    assert "VIRTUAL_ENV" not in seen
    assert str(ours / "bin") not in seen["PATH"].split(":")


def test_a_secret_in_a_command_line_is_not_repeated(tmp_path: Path) -> None:
    space = repository(tmp_path, {"fails": python("raise SystemExit(1)", "https://user:hunter2secret@example.org/x")})
    ended = space.run(*tasks_only())
    assert ended.exit_code == 1, ended
    assert "hunter2secret" not in ended.stdout + ended.stderr
    assert files_with(space, "hunter2secret") == []
