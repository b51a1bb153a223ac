"""The benchmarks themselves: each is a function that gives a table. Knows nothing of where results are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from measure import Contestant, Row, compare, table
from places import Place, repository

_PROJECT = '[project]\nname = "bench"\nversion = "1"\n[tool.ruff]\nline-length = 100\n'
_JOBS = 100


def start_up(place: Place, repeats: int) -> list[Row]:
    """The program that only says its version, over the interpreter that only starts."""
    python, cwd = place.program("python"), place.env["HOME"]
    return table(compare([
        Contestant(name="python -c pass", argv=[python, "-c", "pass"], cwd=cwd, env=place.env),
        Contestant(name="gatekeeper --version", argv=[place.program("gatekeeper"), "--version"], cwd=cwd, env=place.env),
    ], repeats * 3), "python -c pass")


def staged(place: Place, repeats: int) -> list[Row]:
    """One staged file in a repository of 5,000: the plan, and the checks of a hook, over the peers that run one ruff hook."""
    ruff = place.peer("ruff")
    hook = {"id": "ruff", "name": "ruff", "language": "system", "entry": f"{ruff} check --force-exclude", "types": ["python"]}
    root = repository(place, "five-thousand", 5000, {
        "pyproject.toml": _PROJECT, ".gitignore": ".gatekeeper/\n.ruff_cache/\n",
        ".pre-commit-config.yaml": json.dumps({"repos": [{"repo": "local", "hooks": [hook]}]}),
        "lefthook.yml": json.dumps({"pre-commit": {"commands": {"ruff": {"glob": "*.py", "run": f"{ruff} check --force-exclude {{staged_files}}"}}}}),
    })
    gatekeeper = place.program("gatekeeper")
    calls = {
        "prek, ruff": [place.peer("prek"), "run"],
        "lefthook, ruff": [place.peer("lefthook"), "run", "pre-commit"],
        "pre-commit, ruff": [place.peer("pre-commit"), "run"],
        "gatekeeper plan --staged": [gatekeeper, "plan", ".", "--staged"],
        "gatekeeper run, ruff": [gatekeeper, "run", ".", "--pipeline", "quick", "--staged", "--only", "ruff.lint"],
        "gatekeeper run, quick: hygiene, ruff lint and format": [gatekeeper, "run", ".", "--pipeline", "quick", "--staged"],
    }
    return table(compare([Contestant(name=name, argv=argv, cwd=root, env=place.env) for name, argv in calls.items()], repeats), "pre-commit, ruff")


def large(place: Place, repeats: int) -> list[Row]:
    """Looking at 100,000 files, over what git itself needs to list them and to tell their state."""
    root = repository(place, "hundred-thousand", 100_000, {"pyproject.toml": _PROJECT, ".gitignore": ".gatekeeper/\n"})
    gatekeeper = place.program("gatekeeper")
    calls = {
        "git ls-files and git status": ["sh", "-c", "git ls-files -z && git status --porcelain"],
        "gatekeeper detect": [gatekeeper, "detect", "."],
        "gatekeeper plan": [gatekeeper, "plan", "."],
    }
    return table(compare([Contestant(name=name, argv=argv, cwd=root, env=place.env) for name, argv in calls.items()], repeats), "git ls-files and git status")


def many_jobs(place: Place, repeats: int) -> list[Row]:
    """A hundred jobs that do nothing, through the whole program."""
    names = [f"job-{number:03}" for number in range(_JOBS)]
    hooks = [{"id": name, "name": name, "language": "system", "entry": "/bin/true", "always_run": True, "pass_filenames": False} for name in names]
    root = repository(place, "hundred-jobs", 10, {
        ".gitignore": ".gatekeeper/\n",
        ".pre-commit-config.yaml": json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}),
        "prek.json": json.dumps({"repos": [{"repo": "local", "hooks": [hook | {"priority": 0} for hook in hooks]}]}),
        "lefthook.yml": json.dumps({"pre-commit": {"parallel": True, "commands": {name: {"run": "/bin/true"} for name in names}}}),
        "gatekeeper.yaml": json.dumps({"version": 1, "tasks": [{"id": name, "batch": "beta", "role": "lint", "argv": ["/bin/true"]} for name in names]}),
    })
    env = place.env | {"PREK_MAX_CONCURRENCY": "2"}
    calls = {
        "pre-commit, one at a time": [place.peer("pre-commit"), "run", "--all-files"],
        "prek, one at a time": [place.peer("prek"), "run", "--all-files", "--config", ".pre-commit-config.yaml"],
        "lefthook, all at once": [place.peer("lefthook"), "run", "pre-commit", "--all-files", "--force"],
        "gatekeeper, two at once": [place.program("gatekeeper"), "run", ".", "--pipeline", "quick", "--jobs", "2", "--only", "job-*"],
    }
    return table(compare([Contestant(name=name, argv=argv, cwd=root, env=env) for name, argv in calls.items()], repeats), "pre-commit, one at a time")


def executor(place: Place, repeats: int) -> list[Row]:
    """A thousand jobs that do nothing through the executor alone: our own CPU for each, over that of a bare loop that spawns and waits."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "executor.py")
    from statistics import median
    from subprocess import run

    samples = [json.loads(run([place.program("python"), script], cwd=place.folder, env=place.env, capture_output=True, check=True).stdout) for _ in range(repeats)]
    middle = {key: median(sample[key] for sample in samples) for key in samples[0]}
    return [("what", "our CPU us per job", "wall us per job", "ratio of CPU"),
            *((name, f"{middle[f'{key}_cpu']:.0f}", f"{middle[f'{key}_wall']:.0f}", f"{middle[f'{key}_cpu'] / middle['bare_cpu']:.2f}")
              for name, key in (("spawn and wait, one at a time", "bare"), ("run_plan, two at once", "plan")))]


#: by name: what it is called in the results, and the function
ROWS: dict[str, tuple[str, Callable[[Place, int], list[Row]]]] = {
    "start-up": ("Start-up", start_up),
    "staged": ("One staged file among 5,000", staged),
    "large": ("100,000 files", large),
    "many-jobs": ("100 jobs of /bin/true, the whole program", many_jobs),
    "executor": ("1,000 jobs of /bin/true, the executor alone", executor),
}
