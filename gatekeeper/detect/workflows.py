"""Reads what continuous integration runs: GitHub workflows and composite actions, GitLab, and the `script` lists of others.

Knows YAML shapes; what the commands mean is the business of `calls`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gatekeeper.detect.documents import Document, Documents, line_of, walk
from gatekeeper.detect.entries import Entry, HookUse, Via
from gatekeeper.detect.index import Index, base, parent, resolve
from gatekeeper.model.late import late
from gatekeeper.model.value import dataclass, replace

_OTHERS = (".gitlab-ci.yml", ".gitlab-ci.yaml", ".travis.yml", "azure-pipelines.yml", "azure-pipelines.yaml", "bitbucket-pipelines.yml", "appveyor.yml",
           ".appveyor.yml", ".drone.yml", ".cirrus.yml", ".woodpecker.yml", "Jenkinsfile.yml", "buildspec.yml", ".builds.yml")
_SCRIPT_KEYS = frozenset({"run", "script", "scripts", "command", "commands", "before_script", "after_script", "test_script", "build_script", "bash", "tasks"})
_EXPRESSION = late(r"\$\{\{\s*([\w.-]+)\s*\}\}")
#: events with which a workflow guards every change; all others run beside (nightly, release)
_GUARDING = frozenset({"push", "pull_request", "pull_request_target", "merge_group", "workflow_call"})
_MOST_VARIANTS = 12
_DEEPEST = 4


def entries(index: Index, documents: Documents) -> Iterator[Entry | HookUse]:
    """Everything that CI runs, in file order."""
    for path in index.named(*(name for name in index.names() if name.endswith((".yml", ".yaml")))):
        if path.startswith((".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/")) and path.count("/") == 2:
            yield from _workflow(index, documents, path)
        elif path in _OTHERS or path.startswith((".circleci/", ".buildkite/", ".gitlab/")):
            yield from _generic(documents, path)


def _workflow(index: Index, documents: Documents, path: str) -> Iterator[Entry | HookUse]:
    document = documents.yaml(path)
    if document is None:
        return
    via = Via.CI if _guards(document) else Via.OTHER_CI
    outer = _Surroundings(document=document, via=via, cwd=_working_directory(document.data, "."), env=_literals(document.data.get("env")))
    for job in document.table("jobs").values():
        if isinstance(job, Mapping):
            strategy = job.get("strategy")
            matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
            around = outer.within(job, matrix=matrix)
            yield from _steps(index, documents, job.get("steps"), around)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surroundings:
    """What steps inherit: folder, environment, matrix, and how many composite actions they stand in."""

    document: Document
    via: Via
    cwd: str
    env: Mapping[str, str]
    matrix: object = None
    depth: int = 0

    def within(self, part: Mapping[object, object], matrix: object = None) -> _Surroundings:
        return replace(self, cwd=_working_directory(part, self.cwd), env={**self.env, **_literals(part.get("env"))}, matrix=matrix or self.matrix)


def _guards(document: Document) -> bool:
    events = document.data.get("on", document.data.get(True))  # type: ignore[call-overload]  # YAML 1.1 reads `on` as True
    names = {events} if isinstance(events, str) else set(events) if isinstance(events, (list, Mapping)) else set()
    return bool(names & _GUARDING)


def _working_directory(part: Mapping[object, object] | Mapping[str, object], cwd: str) -> str:
    defaults = part.get("defaults")
    run = defaults.get("run") if isinstance(defaults, Mapping) else None
    named = part.get("working-directory") or (run.get("working-directory") if isinstance(run, Mapping) else None)
    if not isinstance(named, str):
        return cwd
    return resolve(".", re.sub(r"\$\{\{\s*github\.workspace\s*\}\}/?", "", named)) or named


def _literals(env: object) -> dict[str, str]:
    if not isinstance(env, Mapping):
        return {}
    return {str(name): str(value) for name, value in env.items() if isinstance(value, (str, int, float)) and "${{" not in str(value)}


def _steps(index: Index, documents: Documents, steps: object, around: _Surroundings) -> Iterator[Entry | HookUse]:
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, Mapping):
            continue
        inner = around.within(step)
        run, uses = step.get("run"), step.get("uses")
        if isinstance(run, str):
            yield from _run(run, inner)
        elif isinstance(uses, str):
            yield from _action(index, documents, uses, step.get("with"), inner)


def _run(text: str, around: _Surroundings) -> Iterator[Entry]:
    line = _line(around.document.text, text)
    for variant in _variants(text, around):
        named = variant.strip().split("\n")[0].strip()
        line = line_of(around.document.text, named) or line if "matrix." in text and named else line
        yield Entry(text=variant, cwd=around.cwd, file=around.document.file, line=line, via=around.via, variables=around.env)


def _line(document: str, text: str) -> int | None:
    """Where a text stands; folded YAML has joined its lines, so that only its first words are found."""
    words = next((line for line in text.split("\n") if line.strip()), "").split(" ")
    return next((line for count in range(len(words), 0, -1) if (line := line_of(document, " ".join(words[:count]).strip())) is not None), None)


def _variants(text: str, around: _Surroundings) -> list[str]:
    """The text with `env` expressions filled in, and once for each value of the one matrix expression in it."""
    text = _EXPRESSION.sub(lambda found: around.env.get(found.group(1).removeprefix("env."), found.group()), text)
    names = {found for found in _EXPRESSION.findall(text) if found.startswith("matrix.")}
    if len(names) != 1 or not isinstance(around.matrix, Mapping):
        return [text]
    name = names.pop()
    values = _matrix_values(around.matrix, name.split(".")[1:])[:_MOST_VARIANTS]
    return [_EXPRESSION.sub(lambda found, value=value: value if found.group(1) == name else found.group(), text) for value in values] or [text]  # type: ignore[misc]


def _matrix_values(matrix: Mapping[object, object], keys: list[str]) -> list[str]:
    """The texts that `matrix.a.b` takes, once each."""
    included = matrix.get("include")
    values = [matrix, *(included if isinstance(included, list) else ())]
    for key in keys:
        inner = [value.get(key) for value in values if isinstance(value, Mapping)]
        values = [item for value in inner for item in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))


def _action(index: Index, documents: Documents, uses: str, given: object, around: _Surroundings) -> Iterator[Entry | HookUse]:
    line = line_of(around.document.text, uses)
    file = around.document.file
    if uses.startswith("./"):
        folder = resolve(".", uses)
        path = index.first_in(folder, "action.yml", "action.yaml") if folder else None
        document = documents.yaml(path) if path and around.depth < _DEEPEST else None
        if document is not None:
            inner = replace(around, document=document, matrix=None, depth=around.depth + 1)
            yield from _steps(index, documents, document.get("runs", "steps"), inner)
        return
    name = uses.split("@", 1)[0].lower()
    yield HookUse(names=(name,), folder=around.cwd, file=file, line=line, via=around.via)
    options = given if isinstance(given, Mapping) else {}
    command = options.get("command")
    if name == "actions-rs/cargo" and isinstance(command, str):
        yield Entry(text=f"cargo {command} {options.get('args') or ''}", cwd=around.cwd, file=file, line=line, via=around.via)
    if name == "pre-commit/action":
        yield Entry(text="pre-commit run --all-files", cwd=around.cwd, file=file, line=line, via=around.via)


def _generic(documents: Documents, path: str) -> Iterator[Entry]:
    """Every text under a key that holds commands, wherever it stands."""
    document = documents.yaml(path)
    home = parent(path) if base(parent(path)) not in {".circleci", ".buildkite", ".gitlab"} else "."
    for part in walk(document.data) if document is not None else ():
        if isinstance(part, Mapping):
            for key, value in part.items():
                for text in _texts(value) if key in _SCRIPT_KEYS else ():
                    first = text.strip().split("\n")[0]
                    named = part.get("working_directory")
                    cwd = resolve(home, named) if isinstance(named, str) else None
                    yield Entry(text=text, cwd=cwd or home, file=path, line=line_of(document.text if document else "", first), via=Via.CI)


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


