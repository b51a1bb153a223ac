"""The `gatekeeper` command: nothing but the way in. `--version` is answered here, before anything is imported: hooks and editors ask it often."""

from __future__ import annotations

import os
import sys

#: what shells make of SIGINT
INTERRUPTED = 130


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
    sys.exit(main())
