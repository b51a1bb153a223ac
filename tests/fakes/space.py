"""A scratch repository and the installed program in it: write files, run Gatekeeper, look at what it said and left.

    space = Space(tmp_path)
    space.copy("python-good")                       # or space.write("a.py", "...")
    space.init()
    ended = space.run("run", ".", "--json")
    assert ended.exit_code == 0, ended

By default a Space is hermetic: its own home and cache, no git identity, and a PATH of nothing but `git`, `sh`, what `programs`
names, and the fake tools. With `machine=True` the machine's own tools, home and cache are used (so that managed tools are
installed once), but never the environment that runs the tests. It knows the command line and nothing of the rooms behind it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.project_env import build_environment
from tests.fakes.terminal import run_on_terminal

CHECKOUT = Path(__file__).resolve().parents[2]
FIXTURES = CHECKOUT / "fixtures" / "repos"

#: as the console script does it: the current folder is no place to import from
PROGRAM = (sys.executable, "-P", "-m", "gatekeeper")

#: left by tools that somebody ran in the fixture itself
_LEFTOVERS = shutil.ignore_patterns("target", "node_modules", "out", "cache", ".venv", ".gatekeeper", "__pycache__", ".*_cache")

#: of the environment that runs the tests, what a developer's shell would not have
_FOREIGN = re.compile(r"^(GATEKEEPER_|GIT_|PYTHON|PYTEST|COV_|COVERAGE|VIRTUAL_ENV|CONDA|SKIP$|CI$|NO_COLOR$|FORCE_COLOR$|COLUMNS$|LINES$)")

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Space", "GIT_AUTHOR_EMAIL": "space@example.org", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Space", "GIT_COMMITTER_EMAIL": "space@example.org", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ended:
    """How a run of the program ended; `exit_code` is negative for a signal."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """The document on stdout; anything else fails the test and shows the whole run."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"no JSON on stdout: {error}\n{self!r}") from None

    def __repr__(self) -> str:
        return f"$ {' '.join(self.argv)}\nexit {self.exit_code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a fake tool does when all words of `when` are among its arguments.

    `writes` are files, by path relative to its working directory; `--option=` as path means the value of that option.
    A negative `exit_code` is the signal that it dies of.
    """

    when: tuple[str, ...] = ()
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    writes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a fake tool; `environment` holds only the names that were asked for."""

    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeTool:
    """A program on PATH that answers as told and remembers its calls."""

    path: Path
    log: Path

    @property
    def calls(self) -> tuple[Call, ...]:
        """In the order in which they started."""
        if not self.log.exists():
            return ()
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return tuple(Call(argv=tuple(call["argv"]), cwd=call["cwd"], environment=call["environment"]) for call in map(json.loads, lines))


class Space:
    """One scratch repository (`root`) with its own home, PATH and fake tools, all below `folder`."""

    def __init__(self, folder: Path, *, machine: bool = False, programs: Sequence[str] = (), program: Sequence[str] = PROGRAM) -> None:
        self.program = tuple(program)
        self.folder = folder.resolve()
        self.root = self.folder / "repo"
        self.home = self.folder / "home"
        self.bin = self.folder / "bin"
        self._fakes = self.folder / "fakes"
        for path in (self.root, self.home, self.bin, self._fakes):
            path.mkdir(parents=True, exist_ok=True)
        self.environment = self._machine() if machine else self._hermetic(("git", "sh", *programs))

    # -- files

    def write(self, path: str, content: str | bytes, *, executable: bool = False) -> Path:
        """A file of the repository with exactly this content; folders are made."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        if executable:
            target.chmod(0o755)
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def copy(self, fixture: str, into: str = ".") -> Path:
        """Lay a repository of `fixtures/repos` out."""
        target = self.root / into
        shutil.copytree(FIXTURES / fixture, target, dirs_exist_ok=True, ignore=_LEFTOVERS, symlinks=True)
        return target

    def python_env(self, *distributions: str, folder: str = ".venv") -> Path:
        """A virtual environment of the project with these distributions, taken from the interpreter that runs the tests; offline."""
        return build_environment(self.root / folder, distributions)

    # -- git

    def git(self, *argv: str, check: bool = True) -> str:
        """Run git in the repository under a fixed identity and date; gives stdout."""
        done = subprocess.run(["git", *argv], cwd=self.root, env={**self.environment, **_IDENTITY}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(argv)}: {os.fsdecode(done.stderr)}")
        return os.fsdecode(done.stdout)

    def init(self, *, branch: str = "main") -> None:
        """Make it a git repository with everything committed."""
        self.git("init", "-q", "-b", branch)
        self.commit("start")

    def commit(self, message: str) -> str:
        """Commit everything that is not ignored; gives the commit id."""
        self.git("add", "-A")
        self.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def state(self) -> Mapping[str, str]:
        """Everything that checking must not change: files that git does not ignore, the index, refs and stashes."""
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        files = {path: _digest(self.root / path) for path in sorted(set(listed) - {""}) if not path.startswith(".gatekeeper/")}
        return {
            **files,
            "(index)": self.git("ls-files", "--stage"),
            "(refs)": self.git("for-each-ref") + self.git("rev-parse", "HEAD", check=False),
            "(stashes)": self.git("stash", "list"),
        }

    # -- the program

    def run(self, *argv: str, cwd: str = ".", stdin: bytes | None = None, env: Mapping[str, str] | None = None,
            timeout: float = 100.0) -> Ended:
        """Run `gatekeeper ARGV...` to its end; a run that takes longer than `timeout` seconds is killed and fails the test."""
        process = self.start(*argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            ended = _ended(argv, process.returncode, stdout, stderr)
            raise AssertionError(f"still running after {timeout:g} s\n{ended}") from None
        return _ended(argv, process.returncode, stdout, stderr)

    def start(self, *argv: str, cwd: str = ".", env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL,
              ) -> subprocess.Popen[bytes]:
        """Start `gatekeeper ARGV...` in a session of its own, for tests that send signals or read while it runs."""
        return subprocess.Popen([*self.program, *argv], cwd=self.root / cwd, env={**self.environment, **_source(), **(env or {})}, stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def on_terminal(self, *argv: str, cwd: str = ".", env: Mapping[str, str] | None = None, columns: int = 100, rows: int = 30,
                    timeout: float = 100.0) -> Ended:
        """Run `gatekeeper ARGV...` on a terminal of this size; all that it wrote there, escapes included, is `stdout`."""
        environment = {**self.environment, "TERM": "xterm-256color", **_source(), **(env or {})}
        exit_code, screen = run_on_terminal((*self.program, *argv), cwd=str(self.root / cwd), env=environment, size=(rows, columns), timeout=timeout)
        return _ended(argv, exit_code, screen, b"")

    def scrub(self, text: str) -> str:
        """`text` without what differs from run to run: the scratch folder, durations, run ids."""
        text = text.replace(str(self.folder), "<space>")
        text = re.sub(r"\b\d{8}-\d{6}-[0-9a-z]+\b", "<run>", text)
        return re.sub(r"\b\d+(\.\d+)? ?(ms|s|m|min)\b", "<time>", text)

    # -- fake tools

    def fake(self, name: str, *answers: Answer, environment: Sequence[str] = (), folder: Path | None = None) -> FakeTool:
        """Put a fake program on PATH (or into `folder`); the first answer whose words are all there is given, no answer is exit 96."""
        place = folder or self.bin
        place.mkdir(parents=True, exist_ok=True)
        tool = FakeTool(path=place / name, log=self._fakes / f"{name}-{len(list(self._fakes.iterdir()))}.jsonl")
        spec = tool.log.with_suffix(".spec")
        spec.write_text(json.dumps({"name": name, "log": str(tool.log), "log_environment": list(environment),
                                    "answers": [asdict(answer) for answer in answers or (Answer(),)]}), encoding="utf-8")
        words = (sys.executable, "-I", "-S", str(CHECKOUT / "tests" / "fakes" / "fake_tool.py"), str(spec))
        tool.path.write_text(f"#!/bin/sh\nexec {' '.join(map(_quote, words))} \"$@\"\n", encoding="utf-8")
        tool.path.chmod(0o755)
        return tool

    # -- environments

    def _hermetic(self, programs: Sequence[str]) -> dict[str, str]:
        system = self.folder / "system"
        system.mkdir(exist_ok=True)
        for name in programs:
            found = shutil.which(name)
            if found is None:
                raise AssertionError(f"{name} is not on this machine")
            if not (system / name).is_symlink():
                (system / name).symlink_to(found)
        return {
            "PATH": os.pathsep.join((str(self.bin), str(system))), "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / ".cache"),
            "TMPDIR": tempfile.gettempdir(), "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "GIT_CONFIG_NOSYSTEM": "1",
        }

    def _machine(self) -> dict[str, str]:
        # not a folder of ours: sockets that real tools make there may have no more than 107 bytes in their names
        ours = os.path.join(sys.prefix, "bin")
        folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder and folder != ours]
        kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        return {**kept, "PATH": os.pathsep.join((str(self.bin), *folders)), "TMPDIR": tempfile.gettempdir(), "TZ": "UTC",
                "TERM": "dumb", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def _ended(argv: Sequence[str], exit_code: int, stdout: bytes, stderr: bytes) -> Ended:
    return Ended(argv=("gatekeeper", *argv), exit_code=exit_code, stdout=stdout.decode("utf-8", "replace"),
                 stderr=stderr.decode("utf-8", "replace"))


def _source() -> Mapping[str, str]:
    """Nothing where the program is installed; in a checkout without an installation the way to its source."""
    try:
        importlib.metadata.distribution("gatekeeper-polyglot")
    except importlib.metadata.PackageNotFoundError:
        return {"PYTHONPATH": str(CHECKOUT)}
    return {}


def _digest(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return "absent"
    if stat.S_ISLNK(mode):
        return f"link {path.readlink()}"
    return f"{mode & 0o777:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
