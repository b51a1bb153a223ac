"""C2, the backup: archives the files it is given, unless nothing changed since the newest archive. The work is `store.backup`'s.

Does not know git: the caller lists the files that git would keep.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict

from gatekeeper.builtin.contract import Outcome, listed, serve, tree_parser
from gatekeeper.model.wording import count_text, size_text
from gatekeeper.store.backup import KEPT, create
from gatekeeper.store.home import open_home


def main(argv: Sequence[str]) -> int:
    """Makes a backup; see `--help`."""
    parser = tree_parser("backup")
    parser.add_argument("--folder", help="where archives are kept (default: .gatekeeper/backups of the root)")
    parser.add_argument("--project", help="name in the archive's name (default: that of the root folder)")
    parser.add_argument("--label", type=_label, help="keep these archives apart from the others, in a folder of this name below")
    parser.add_argument("--keep", type=int, default=KEPT, help="how many archives stay")
    return serve(_work, parser, argv)


def _label(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not made of letters, digits and dashes")
    return text


def _work(arguments: argparse.Namespace) -> Outcome:
    files = listed(arguments)
    if not files:
        return Outcome(checked=0, message="there are no files to back up")
    folder = arguments.folder or open_home(arguments.root, os.environ).backups
    made = create(arguments.root, files, os.path.abspath(os.path.join(folder, arguments.label or "")),
                  project=arguments.project, keep=arguments.keep)
    name = os.path.basename(made.path)
    text = f"unchanged since {name}: skipped" if made.skipped else f"{name}: {count_text(made.files, 'file')}, {size_text(made.size)}"
    return Outcome(checked=made.files, message=text, facts={**asdict(made), "archive": made.path})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
