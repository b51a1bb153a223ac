"""A job of ours that reads one large output for Gatekeeper: `python -m gatekeeper.builtin.reader REQUEST ANSWER [MEGABYTES]`.

It holds itself to a limit of memory; whoever started it holds it to one of time. Exit code 0: the answer is written; 3: out of memory;
2: it could not read its request or write its answer. Knows no jobs and no verdict.
"""

from __future__ import annotations

import gc
import resource
import sys
from contextlib import suppress

from gatekeeper.errors import GatekeeperError
from gatekeeper.session.reader import OUT_OF_MEMORY, READER_MEMORY_MB, read_request, write_answer
from gatekeeper.session.reading import read_output


def main(request: str, answer: str, megabytes: str = "") -> int:
    """Reads what `request` names and leaves what it means in `answer`, within so many megabytes of address space."""
    _limit(int(megabytes or READER_MEMORY_MB))
    gc.disable()  # it lives for one output; the collector would take half of its time
    try:
        write_answer(read_output(read_request(request)), answer)
    except MemoryError:
        return OUT_OF_MEMORY
    except (OSError, ValueError, GatekeeperError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _limit(megabytes: int) -> None:
    """No more address space than this; a system that refuses has its own limits."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
