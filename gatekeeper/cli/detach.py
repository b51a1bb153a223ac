"""`gatekeeper run --detach`: makes the folder of the run, starts the run in a process of its own (`detached.py`), shows the run's id and leaves.

What is wrong before the first job is told here, with the exit code that the run would have had, and nothing is left. What the run prints is in
`output.log` in its folder. Does not know how a run is carried out.
"""

from __future__ import annotations

import os
import shutil
import sys

from gatekeeper.cli.here import Here
from gatekeeper.cli.output import command, harmless, show, show_json, tell
from gatekeeper.config.lean import words_of
from gatekeeper.config.load import load_bare
from gatekeeper.config.options import Arguments
from gatekeeper.errors import StoreError, UsageError
from gatekeeper.execute.detach import Detached
from gatekeeper.execute.detach import detach as started
from gatekeeper.store.home import RunFolder, open_home, start_run

OUTPUT = "output.log"
#: installing tools may take minutes: then the id is shown before the run has begun
READY_WITHIN = 5.0


def detach(arguments: Arguments, here: Here) -> int:
    """Starts the run and shows its id; 0 once it is under way. Raises GatekeeperError for what can be told without it."""
    _check(arguments)
    settings = load_bare(arguments, here.environment, cwd=here.cwd)
    folder = start_run(open_home(settings.root, here.environment))
    try:
        process = _started(arguments, here, folder)
        ready = process.wait_ready(READY_WITHIN)
        if ready is False:
            return _failed(process, folder)
    finally:
        folder.close()  # the run holds the lock of its folder itself
    if settings.json:
        show_json({"schema": 1, "run_id": folder.run_id, "folder": folder.path, "pid": process.pid})
    else:
        show(folder.run_id)
    if ready is None:
        tell("gatekeeper: the run is still getting its tools ready")
    tell(f"hint: gatekeeper watch --run {folder.run_id} shows it, gatekeeper cancel --run {folder.run_id} ends it")
    return 0


def _started(arguments: Arguments, here: Here, folder: RunFolder) -> Detached:
    given = {name: texts for name, texts in arguments.given.items() if name != "detach"}
    words = words_of(Arguments(path=arguments.path, given=given, files=arguments.files))
    # -P: the current folder is no place to import from; `started` adds the descriptor of readiness
    argv = (sys.executable, "-P", "-m", "gatekeeper.cli.detached", folder.path, str(folder.descriptor), str(len(words)), *words)
    try:
        return started(argv, here.environment, output=os.path.join(folder.path, OUTPUT), keep=(folder.descriptor,))
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise StoreError(f"the run cannot be started: {error.strerror or error}") from error


def _failed(process: Detached, folder: RunFolder) -> int:
    """Tells what the run said before it ended without beginning, and removes its folder."""
    code = process.exit_code()
    with open(os.path.join(folder.path, OUTPUT), encoding="utf-8", errors="replace") as file:
        command(harmless(file.read()))
    shutil.rmtree(folder.path, ignore_errors=True)
    return code


def _check(arguments: Arguments) -> None:
    """Raises UsageError for what needs this terminal."""
    if arguments.has("dry_run") or arguments.given.get("mode", ("",))[-1] == "dry-run":
        raise UsageError("--detach and --dry-run cannot be combined: a dry run runs nothing", hint="leave one out")
    for option, flag in (("events", "--events -"), ("files_from", "--files-from -")):
        if arguments.given.get(option, ("",))[-1] == "-":
            raise UsageError(f"--detach and {flag} cannot be combined: a detached run has no standard input or output", hint="name a file")
