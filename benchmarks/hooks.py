"""Start-up, one small job, and a hundred: what a git hook feels, beside the programs that run hooks."""

from __future__ import annotations

import json
import os
import stat
import subprocess

from measure import Contestant, Told, compare, ratio, table
from places import Place, repository

_JOBS, _WIDTH = 100, 4
_PROJECT = '[project]\nname = "bench"\nversion = "1"\n[tool.ruff]\nline-length = 100\n'


def version(place: Place, repeats: int) -> Told:
    """The program that only says its version, over the interpreter that only starts."""
    python, cwd = place.program("python"), place.env["HOME"]
    medians = compare([
        Contestant(name="python -c pass", argv=[python, "-c", "pass"], cwd=cwd, env=place.env),
        Contestant(name="gatekeeper --version", argv=[place.program("gatekeeper"), "--version"], cwd=cwd, env=place.env),
        Contestant(name="prek --version", argv=[place.peer("prek"), "--version"], cwd=cwd, env=place.env),
        Contestant(name="pre-commit --version", argv=[place.peer("pre-commit"), "--version"], cwd=cwd, env=place.env),
    ], repeats * 3)
    return Told(table(medians, "python -c pass"), *ratio(medians, "gatekeeper --version", "python -c pass", 1.5))


def staged(place: Place, repeats: int) -> Told:
    """One staged file in a repository of 5,000 and one job that does nothing with it; then the same with a linter, and what a whole hook does."""
    ruff = place.peer("ruff")
    root = repository(place, "five-thousand", 5000, {
        "pyproject.toml": _PROJECT, ".gitignore": ".gatekeeper/\n.ruff_cache/\n",
        ".pre-commit-config.yaml": _json({"repos": [{"repo": "local", "hooks": [_hook("noop", "true"), _hook("ruff", f"{ruff} check --force-exclude")]}]}),
        "lefthook.yml": _json({"noop": {"commands": {"noop": {"glob": "*.py", "run": "true {staged_files}"}}},
                               "lint": {"commands": {"ruff": {"glob": "*.py", "run": f"{ruff} check --force-exclude {{staged_files}}"}}}}),
        "gatekeeper.yaml": _json({"version": 1, "tasks": [{"id": "noop", "batch": "beta", "role": "lint", "argv": ["true"], "takes": "files"}]}),
    })
    ours = [place.program("gatekeeper"), "run", ".", "--pipeline", "quick", "--staged", "--no-cache"]
    calls = {
        "prek, no-op": [place.peer("prek"), "run", "noop"],
        "lefthook, no-op": [place.peer("lefthook"), "run", "noop", "--no-auto-install"],
        "pre-commit, no-op": [place.peer("pre-commit"), "run", "noop"],
        "gatekeeper, no-op": [*ours, "--only", "*/noop*"],
        "prek, ruff": [place.peer("prek"), "run", "ruff"],
        "lefthook, ruff": [place.peer("lefthook"), "run", "lint", "--no-auto-install"],
        "gatekeeper, ruff": [*ours, "--only", "ruff.lint"],
        "gatekeeper plan --staged": [ours[0], "plan", ".", "--staged"],
        "gatekeeper, quick: hygiene, ruff lint and format": ours,
    }
    medians = compare([Contestant(name=name, argv=argv, cwd=root, env=place.env) for name, argv in calls.items()], repeats)
    measured, met = ratio(medians, "gatekeeper, no-op", "prek, no-op", 2)
    asked = _calls_of_git(place, root, calls["gatekeeper, no-op"])
    return Told(table(medians, "prek, no-op"), f"{measured}, {asked} calls of git", met and asked <= 4)


def hundred(place: Place, repeats: int) -> Told:
    """A hundred jobs that do nothing, at most four at once, their output kept; ours also keeps a journal and seven reports."""
    names = [f"job-{number:03}" for number in range(_JOBS)]
    hooks = [_hook(name, "/bin/true") | {"always_run": True, "pass_filenames": False} for name in names]
    root = repository(place, "hundred-jobs", 10, {
        ".gitignore": ".gatekeeper/\n",
        ".pre-commit-config.yaml": _json({"repos": [{"repo": "local", "hooks": hooks}]}),
        "prek.yaml": _json({"repos": [{"repo": "local", "hooks": [hook | {"priority": 0} for hook in hooks]}]}),
        "lefthook.yml": _json({"pre-commit": {"parallel": True, "commands": {name: {"run": "/bin/true"} for name in names}}}),
        "gatekeeper.yaml": _json({"version": 1, "tasks": [{"id": name, "batch": "beta", "role": "lint", "argv": ["/bin/true"]} for name in names]}),
        "tasks.yml": _json({"version": "3", "tasks": {"all": {"deps": names}, **{name: {"cmds": ["/bin/true"]} for name in names}}}),
    })
    env = place.env | {"PREK_MAX_CONCURRENCY": str(_WIDTH)}
    calls = {
        "prek, four at once": [place.peer("prek"), "run", "--all-files", "--config", "prek.yaml"],
        "lefthook, all at once": [place.peer("lefthook"), "run", "pre-commit", "--all-files", "--force", "--no-auto-install"],
        "pre-commit, one at a time": [place.peer("pre-commit"), "run", "--all-files", "--config", ".pre-commit-config.yaml"],
        "go-task, four at once": [place.peer("task"), "--taskfile", "tasks.yml", "--concurrency", str(_WIDTH), "--output", "group", "--silent", "all"],
        "gatekeeper, four at once": [place.program("gatekeeper"), "run", ".", "--pipeline", "quick", "--jobs", str(_WIDTH), "--no-cache", "--only", "*/job-*"],
    }
    medians = compare([Contestant(name=name, argv=argv, cwd=root, env=env) for name, argv in calls.items()], repeats)
    return Told(table(medians, "lefthook, all at once"), *ratio(medians, "gatekeeper, four at once", "lefthook, all at once", 1))


def _hook(name: str, entry: str) -> dict[str, object]:
    return {"id": name, "name": name, "language": "system", "entry": entry, "types": ["python"]}


def _json(value: object) -> str:
    return json.dumps(value) + "\n"


def _calls_of_git(place: Place, root: str, argv: list[str]) -> int:
    """How often a call starts git: counted by a git of ours that is first on the search path."""
    folder = os.path.join(place.folder, "counting")
    log, script, real = os.path.join(folder, "log"), os.path.join(folder, "git"), place.system("git")
    os.makedirs(folder, exist_ok=True)
    with open(script, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n')
    os.chmod(script, stat.S_IRWXU)
    with open(log, "w", encoding="utf-8"):
        pass
    subprocess.run(argv, cwd=root, env=place.env | {"PATH": os.pathsep.join([folder, place.env["PATH"]])}, capture_output=True, check=True)
    with open(log, encoding="utf-8") as file:
        return len(file.readlines())
