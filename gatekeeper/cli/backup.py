"""`gatekeeper backup`: archives of the files that git would keep: make, list, verify, restore."""

from __future__ import annotations

import os

import typer

from gatekeeper.cli import past
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json, tell
from gatekeeper.config.options import Arguments
from gatekeeper.model.document import to_document
from gatekeeper.model.wording import count_text, size_text
from gatekeeper.store.home import open_home

_ARCHIVE = typer.Argument("latest", metavar="ARCHIVE", help="A path, a name, a part of one name, or latest.")
_FAILED = 1


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verbs."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make, list, verify and restore backups.")
    app.add_typer(group, name="backup")
    _register_making(group, here)
    _register_using(group, here)


def _register_making(group: typer.Typer, here: Here) -> None:
    @group.command(help="Archive the files that git would keep; does nothing when the newest archive holds the same.")
    def create(*, root: str = past.ROOT, json: bool = past.JSON) -> int:
        from gatekeeper.execute.helper import run_helper
        from gatekeeper.store.backup import create as make
        from gatekeeper.tree.files import read_tree

        settings, _home = past.place(Arguments(path=root), here)
        tree = read_tree(settings.root, run_helper, here.environment)
        home = open_home(settings.root, here.environment)
        for notice in home.notices:
            tell(f"gatekeeper: {notice}")
        info = make(tree.root, tree.files, home.backups)
        if json:
            show_json({"schema": 1, "backup": to_document(info)})
        else:
            show(f"{info.path}: {'unchanged since' if info.skipped else 'made,'} {count_text(info.files, 'file')}, {size_text(info.size)}")
        return 0

    @group.command("list", help="List the archives, newest first.")
    def list_(*, root: str = past.ROOT, json: bool = past.JSON) -> int:
        from gatekeeper.store.backup import list_backups

        _settings, home = past.place(Arguments(path=root), here)
        backups = list_backups(home.backups)
        if json:
            show_json({"schema": 1, "backups": [to_document(info) for info in backups]})
        elif backups:
            show("\n".join(f"{os.path.basename(info.path)}  {count_text(info.files, 'file') if info.digest else 'cannot be read'}, {size_text(info.size)}"
                           for info in backups))
        else:
            tell("there are no backups yet")
        return 0


def _register_using(group: typer.Typer, here: Here) -> None:
    @group.command(help="Compare every file of an archive with its manifest; exit code 1 where one differs.")
    def verify(archive: str = _ARCHIVE, *, root: str = past.ROOT, json: bool = past.JSON) -> int:
        from gatekeeper.store.archive import verify as check

        checked = check(_found(archive, root, here))
        if json:
            show_json({"schema": 1, "verification": to_document(checked)})
        else:
            show("\n".join((f"{checked.path}: {count_text(checked.files, 'file')}, {'all as archived' if checked.ok else 'damaged:'}",
                            *(f"  {problem}" for problem in checked.problems))))
        return 0 if checked.ok else _FAILED

    @group.command(help="Unpack an archive into a new folder; nothing that is there is replaced.")
    def restore(
        archive: str = _ARCHIVE,
        target: str | None = typer.Argument(None, metavar="TARGET", help="The folder to make; beside the repository if not given."),
        *,
        root: str = past.ROOT,
        trusted: bool = typer.Option(False, "--trusted", help="Allow links that lead out of the tree."),
    ) -> int:
        from gatekeeper.store.archive import restore as unpack

        path = _found(archive, root, here)
        folder = _target(path, target, root, here)
        count = unpack(path, folder, trusted=trusted)
        show(f"{folder}: {count_text(count, 'file')} restored")
        return 0


def _found(archive: str, root: str, here: Here) -> str:
    from gatekeeper.store.backup import find_backup

    _settings, home = past.place(Arguments(path=root), here)
    named = os.path.join(here.cwd, archive)
    return named if archive != "latest" and os.path.isfile(named) else find_backup(home.backups, archive)


def _target(archive: str, target: str | None, root: str, here: Here) -> str:
    if target:
        return os.path.abspath(os.path.join(here.cwd, target))
    settings, _home = past.place(Arguments(path=root), here)
    stamp = os.path.basename(archive).removesuffix(".tar.gz").split("_", 1)[-1]
    return os.path.join(os.path.dirname(settings.root), f"restored-{stamp}")
