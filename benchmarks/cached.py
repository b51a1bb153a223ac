"""A run in which nothing changed: 50 packages, 1,000 files, 100 jobs whose results are known."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping

from measure import Contestant, Told, compare, ratio, table
from places import Place, committed, run, write

_PACKAGES, _FILES = 50, 20
_SCRIPTS = ("build", "lint")


def cached(place: Place, repeats: int) -> Told:
    """A hundred jobs in fifty packages of twenty files, all known from the run before; ours also plans, compares the tree and writes its reports."""
    root = _laid_out(place)
    gatekeeper = [place.program("gatekeeper"), "run", ".", "--pipeline", "quick", *(word for script in _SCRIPTS for word in ("--only", f"*/{script}@*"))]
    ours = [Contestant(name="gatekeeper", argv=gatekeeper, cwd=root, env=place.env)]
    calls = _calls(place, root)
    for name, argv in calls.items():
        if not os.path.exists(argv[0]):
            print(f"{name}: is not installed and is left out")
    contestants = ours + [Contestant(name=name, argv=argv, cwd=root, env=place.env) for name, argv in calls.items() if os.path.exists(argv[0])]
    _known(place, root, gatekeeper)
    medians = compare(contestants, repeats)
    if "turbo, native" not in medians:
        return Told(table(medians, "ninja"), "turbo could not be installed", None)
    return Told(table(medians, "turbo, native"), *ratio(medians, "gatekeeper", "turbo, native", 0.6))


def _calls(place: Place, root: str) -> dict[str, list[str]]:
    """The peers, each told to be quiet where it can be."""
    nx = os.path.join(root, "node_modules", "nx")
    if os.path.islink(nx):
        os.unlink(nx)  # the folder may have been moved
    if not os.path.exists(nx):
        os.symlink(os.path.join(place.folder, "node", "node_modules", "nx"), nx)  # it runs only where it is installed
    return {
        "turbo, native": [place.peer("turbo"), "run", *_SCRIPTS, "--output-logs=none"],
        "ninja": [place.peer("ninja")],
        "go-task": [place.peer("task"), "--silent", "all"],
        "nx, no daemon": [place.peer("nx"), "run-many", "--targets", ",".join(_SCRIPTS), "--outputStyle=static"],
        "moon, native": [place.peer("moon"), "run", *(f":{script}" for script in _SCRIPTS), "--quiet"],
    }


def _laid_out(place: Place) -> str:
    root = os.path.join(place.folder, "fifty-packages", "repository")
    if os.path.isdir(os.path.join(root, ".git")):
        return root
    manager = f"npm@{run(['npm', '--version'], cwd=place.folder, env=place.env).strip()}"
    _json(root, "package.json", {"name": "bench", "private": True, "workspaces": ["packages/*"], "packageManager": manager})
    _json(root, "turbo.json", {"tasks": {script: {} for script in _SCRIPTS}})
    _json(root, "gatekeeper.yaml", {"version": 1, "tasks": [
        {"id": script, "batch": "beta", "role": "lint", "argv": ["true"], "takes": "component", "cache": "component"} for script in _SCRIPTS]})
    _json(root, "nx.json", {"analytics": False, "targetDefaults": {script: {"cache": True, "inputs": ["{projectRoot}/**/*"]} for script in _SCRIPTS}})
    _json(root, ".moon/workspace.yml", {"projects": ["packages/*"], "telemetry": False})
    _json(root, ".moon/tasks/all.yml", {"tasks": {script: {"command": "true", "inputs": ["**/*"]} for script in _SCRIPTS}})
    write(os.path.join(root, ".gitignore"), ".gatekeeper/\n.turbo/\n.nx/\n.moon/cache/\n.task/\nnode_modules/\nstamps/\n.ninja_log\n")
    edges = []
    tasks: dict[str, object] = {}
    for number in range(_PACKAGES):
        folder = f"packages/p{number:02}"
        _json(root, f"{folder}/package.json", {"name": f"p{number:02}", "version": "1.0.0", "scripts": dict.fromkeys(_SCRIPTS, "true")})
        files = [f"{folder}/src/file{index:02}.js" for index in range(_FILES)]
        for name in files:
            write(os.path.join(root, name), f"// {name}\n" + "export const value = 1; // so that it has a size\n" * 40)
        tasks |= {f"{script}{number}": {"sources": [f"{folder}/**/*"], "cmds": ["true"]} for script in _SCRIPTS}
        edges += [f"build stamps/{script}{number}: r {' '.join(files)}\n" for script in _SCRIPTS]
    write(os.path.join(root, "build.ninja"), "rule r\n  command = touch $out\n" + "".join(edges))
    _json(root, "Taskfile.yml", {"version": "3", "tasks": {"all": {"deps": list(tasks)}, **tasks}})
    run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=root, env=place.env)
    committed(root, place.env)
    return root


def _known(place: Place, root: str, argv: list[str]) -> None:
    """Runs ours until all is known, and makes sure that it is: a run that does the work again must not be taken for a cached one."""
    subprocess.run(argv, cwd=root, env=place.env, capture_output=True, check=True)
    ended = subprocess.run([*argv, "--json"], cwd=root, env=place.env, capture_output=True, text=True, check=True)
    results: list[Mapping[str, object]] = json.loads(ended.stdout)["jobs"]
    again = [result["id"] for result in results if not result.get("from_cache")]
    if len(results) < _PACKAGES * len(_SCRIPTS) or again:
        raise RuntimeError(f"{len(results)} jobs, and these were not taken from the cache: {again[:5]}")


def _json(root: str, name: str, value: object) -> None:
    write(os.path.join(root, name), json.dumps(value, indent=1) + "\n")
