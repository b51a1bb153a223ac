"""Reads what git hooks run: pre-commit, lefthook, husky, simple-git-hooks and lint-staged. Starts no hook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatekeeper.detect.documents import Document, Documents, line_of, walk
from gatekeeper.detect.entries import Entry, HookUse, Via
from gatekeeper.detect.index import Index, parent, resolve
from gatekeeper.model.late import late

_PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.yaml")
_LEFTHOOK = ("lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml")
_STAGED = (".lintstagedrc", ".lintstagedrc.json", ".lintstagedrc.yaml", ".lintstagedrc.yml")
_PREFIX = late(r"^\^?\(?([\w./-]+)/")
_STAGED_FILES = late(r"\{(?:staged_files|all_files|push_files|files|\d)\}")


def entries(index: Index, documents: Documents) -> Iterator[Entry | HookUse]:
    """Everything that hooks run, tool by tool."""
    for path in index.named(*_PRE_COMMIT):
        yield from _pre_commit(documents, path)
    for path in index.named(*_LEFTHOOK):
        yield from _lefthook(documents, path)
    for path in index.holding(".husky/"):
        if path.startswith(".husky/") or "/.husky/" in path:
            yield from _husky(documents, path)
    for path in index.named(*_STAGED):
        document = documents.json(path) if path.endswith(".json") else documents.yaml(path)
        yield from _staged(document, document.data if document else {}, parent(path))
    for path in index.named("package.json"):
        yield from _package(documents, path) if "node_modules/" not in path else ()


def _pre_commit(documents: Documents, path: str) -> Iterator[Entry | HookUse]:
    document = documents.yaml(path)
    repositories = document.get("repos") if document is not None else None
    for repository in repositories if isinstance(repositories, list) else ():
        hooks = repository.get("hooks") if isinstance(repository, Mapping) else None
        for hook in hooks if isinstance(hooks, list) else ():
            if document is not None and isinstance(hook, Mapping) and isinstance(hook.get("id"), str):
                yield from _hook(document, hook, repository.get("repo"))


def _hook(document: Document, hook: Mapping[object, object], repository: object) -> Iterator[Entry | HookUse]:
    name = str(hook["id"])
    line = line_of(document.text, f"id: {name}")
    files = hook.get("files")
    prefix = _PREFIX.match(files) if isinstance(files, str) else None
    folder = (resolve(parent(document.file), prefix.group(1)) if prefix else None) or parent(document.file)
    yield HookUse(names=(name,), folder=folder, file=document.file, line=line, via=Via.HOOK)
    entry = hook.get("entry")
    arguments = [str(word) for word in hook["args"]] if isinstance(hook.get("args"), list) else []  # type: ignore[attr-defined]
    if repository == "local" and isinstance(entry, str):
        yield Entry(text=" ".join([entry, *arguments]), cwd=parent(document.file), file=document.file, line=line, via=Via.HOOK, name=name)


def _lefthook(documents: Documents, path: str) -> Iterator[Entry]:
    document = documents.yaml(path)
    for part in walk(document.data) if document is not None else ():
        text = part.get("run") if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and isinstance(text, str):
            root = part.get("root")
            cwd = resolve(parent(path), root) if isinstance(root, str) else None
            yield Entry(text=_STAGED_FILES.sub("", text), cwd=cwd or parent(path), file=path, line=line_of(document.text if document else "", text.split("\n")[0]), via=Via.HOOK)


def _husky(documents: Documents, path: str) -> Iterator[Entry]:
    if "/_/" in path or path.endswith((".gitignore", ".js", ".mjs", ".json")):
        return
    home = path[:path.index(".husky/")].rstrip("/") or "."
    yield Entry(text=documents.text(path) or "", cwd=home, file=path, line=1, via=Via.HOOK)


def _package(documents: Documents, path: str) -> Iterator[Entry]:
    document = documents.json(path)
    if document is None:
        return
    staged = document.get("lint-staged")
    yield from _staged(document, staged if isinstance(staged, Mapping) else {}, parent(path))
    for table in ("simple-git-hooks", "husky"):
        hooks = document.get(table, "hooks") or document.get(table)
        for text in hooks.values() if isinstance(hooks, Mapping) else ():
            if isinstance(text, str):
                yield Entry(text=text, cwd=parent(path), file=path, line=document.line(table), via=Via.HOOK)


def _staged(document: Document | None, table: Mapping[str, object], folder: str) -> Iterator[Entry]:
    for value in table.values() if document is not None else ():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and document is not None:
                yield Entry(text=text, cwd=folder, file=document.file, line=line_of(document.text, text), via=Via.HOOK)
