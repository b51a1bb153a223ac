"""The `gatekeeper` command: nothing but the way in, and out. `--version` is answered here, before anything is imported: hooks and editors ask it often.

Knows what a process costs that lives a tenth of a second: to look for garbage while all that is loaded stays, to take the interpreter apart at the end.
"""

from __future__ import annotations

import gc
import os
import sys

#: what shells make of SIGINT
INTERRUPTED = 130


def program() -> int:
    """The command as a process; most often it ends here, and with it the process. Gives the exit code where something is left for the interpreter to end."""
    if sys.argv[1:2] in (["run"], ["plan"]):
        gc.disable()  # the session turns it on once all is loaded that stays
    code = main()
    if _all_is_done():
        os._exit(code)
    return code


def _all_is_done() -> bool:
    """Whether nothing is left to do: all words are out, and no thread works."""
    threads = sys.modules.get("threading")
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # the interpreter says so
        return False
    return threads is None or threads.active_count() == 1


def main() -> int:
    """Runs the command line of this process and gives its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        return _version()
    try:
        from gatekeeper.cli.start import main as start

        return start()
    except KeyboardInterrupt:  # before there was anybody to say so, or while it was said
        return INTERRUPTED


def _version() -> int:
    from gatekeeper import __version__

    try:
        os.write(1, f"gatekeeper {__version__}\n".encode())
    except OSError:  # nobody listens
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(program())
