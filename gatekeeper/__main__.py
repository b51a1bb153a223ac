"""The `gatekeeper` command: nothing but the way in."""

from __future__ import annotations

import sys

from gatekeeper.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
