"""What the tests of this room build: trees, environments, and a machine whose installers and programs are functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gatekeeper.model.component import Component, Kind, Language, ToolStatus, ToolUse
from gatekeeper.model.pipeline import Catalog, Pipeline
from gatekeeper.model.ports import Completed
from gatekeeper.model.tool import Command, Provide, Role, Takes, Tool, Traces, VersionProbe
from gatekeeper.provide.locate import Locator, make_locator
from gatekeeper.provide.managed import Permission

Answer = Callable[[Sequence[str], str], Completed | None]


class Machine:
    """A Runner that remembers every call and answers from functions; a program that nobody answers for does not start."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, ...]] = []
        self.environments: list[Mapping[str, str]] = []
        self.folders: list[str] = []

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.calls.append(tuple(argv))
        self.environments.append(dict(env or {}))
        self.folders.append(cwd)
        for answer in self.answers:
            if (said := answer(argv, cwd)) is not None:
                return said
        return Completed(exit_code=None, stderr=b"no such program")

    def started(self, word: str) -> list[tuple[str, ...]]:
        """The calls with `word` among their words (or as the name of the program)."""
        return [call for call in self.calls if word in call or os.path.basename(call[0]) == word]


def versions(**known: str) -> Answer:
    """Programs that answer `--version` (also behind a subcommand) with their name and a version."""
    def answer(argv: Sequence[str], _cwd: str) -> Completed | None:
        name = os.path.basename(argv[0])
        return Completed(exit_code=0, stdout=f"{name} {known[name]}\n".encode()) if name in known and "--version" in argv else None
    return answer


def uv(executable: str) -> Answer:
    """A uv that makes environments and installs one program."""
    def answer(argv: Sequence[str], cwd: str) -> Completed | None:
        if os.path.basename(argv[0]) != "uv":
            return None
        if "compile" in argv:
            Path(argv[argv.index("--output-file") + 1]).write_text(f"{Path(argv[-1]).read_text().strip()} \\\n    --hash=sha256:00\n", encoding="utf-8")
        else:
            program(Path(cwd) / "bin" / ("python" if argv[1] == "venv" else executable))
        return Completed(exit_code=0)
    return answer


def npm(executable: str) -> Answer:
    """An npm that installs one program."""
    def answer(argv: Sequence[str], cwd: str) -> Completed | None:
        if os.path.basename(argv[0]) != "npm":
            return None
        if "--package-lock-only" in argv:
            write(Path(cwd), {"package-lock.json": '{"packages": {"node_modules/x": {"integrity": "sha512-00"}}}'})
        else:
            program(Path(cwd) / "node_modules" / ".bin" / executable)
        return Completed(exit_code=0)
    return answer


def refusing(name: str, stderr: str) -> Answer:
    """An installer that fails with these lines."""
    return lambda argv, _cwd: Completed(exit_code=2, stderr=stderr.encode()) if os.path.basename(argv[0]) == name else None


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def program(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def virtual_environment(prefix: Path, *distributions: str, scripts: Sequence[str] = ()) -> Path:
    """A virtual environment with `name-version` distributions, as files alone."""
    program(prefix / "bin" / "python")
    site = prefix / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n", encoding="utf-8")
    for distribution in distributions:
        (site / f"{distribution}.dist-info").mkdir()
    for script in scripts:
        program(prefix / "bin" / script)
    return prefix


def package(folder: Path, name: str, version: str, *, binary: str | None = None) -> None:
    """An installed npm package in `folder`/node_modules."""
    write(folder / "node_modules" / name, {"package.json": f'{{"name": "{name}", "version": "{version}"}}'})
    if binary:
        program(folder / "node_modules" / ".bin" / binary)


def python_tool(name: str, pin: str | None = None, **more: object) -> Tool:
    return _tool(name, (Language.PYTHON,), Provide(pypi=f"{name}=={pin}") if pin else None, Traces(pypi=(name,), hooks=(name,)), more)


def npm_tool(name: str, pin: str | None = None, **more: object) -> Tool:
    return _tool(name, (Language.JAVASCRIPT,), Provide(npm=f"{name}@{pin}") if pin else None, Traces(npm=(name,), hooks=(name,)), more)


def cargo_tool(name: str, *words: str, executable: str = "cargo") -> Tool:
    return _tool(name, (Language.RUST,), None, Traces(), {"executable": executable, "commands": (command(name, *words),)})


def _tool(name: str, languages: tuple[Language, ...], provide: Provide | None, traces: Traces, more: Mapping[str, object]) -> Tool:
    values: dict[str, object] = {"id": name, "executable": name, "languages": languages, "provide": provide, "traces": traces, "version_probe": VersionProbe(pattern=r" (\S+)"), **more}
    return Tool(**values)  # type: ignore[arg-type]  # a test names any field


def command(tool: str, *words: str, dependencies: bool = False) -> Command:
    return Command(id=f"{tool}.run", tool=tool, role=Role.LINT, takes=Takes.COMPONENT, argv=words or ("check",), dependencies=dependencies)


def component(root: str = ".", language: Language = Language.PYTHON, kind: Kind = Kind.PYPROJECT_PACKAGE, **more: object) -> Component:
    values: dict[str, object] = {"id": "it", "root": root, "language": language, "kind": kind, "name": "it", "manifest": "pyproject.toml", **more}
    return Component(**values)  # type: ignore[arg-type]  # a test names any field


def use(tool: str, status: ToolStatus = ToolStatus.USED) -> ToolUse:
    return ToolUse(tool=tool, config=None, status=status, evidence="CI")


def locator(tmp_path: Path, machine: Machine, *tools: Tool, path: Sequence[Path] = (), permission: Permission = Permission.INSTALL,
            **environment: str) -> Locator:
    """A Locator over `tmp_path`/tree, with nothing on PATH but the given folders, and a home of its own."""
    for name in ("tree", "home", "locks"):
        (tmp_path / name).mkdir(exist_ok=True)
    variables = {"HOME": str(tmp_path / "home"), "PATH": os.pathsep.join(map(str, path)), **environment}
    return make_locator(root=str(tmp_path / "tree"), environment=variables, runner=machine, home=str(tmp_path / "cache"), locks=str(tmp_path / "locks"),
                        catalog=Catalog(tools=tools, pipeline=Pipeline(name="none", batches=())), permission=permission)
