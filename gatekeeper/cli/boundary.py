"""The one place where errors become an exit code and a line for people. Knows no verb.

Foreseeable errors are one line and a hint; a bug of ours is one line and a file that can be sent in.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from gatekeeper import __version__
from gatekeeper.cli.output import tell
from gatekeeper.config.compiled import cache_folder
from gatekeeper.errors import GatekeeperError

INCOMPLETE = 3
BUG = 4
INTERRUPTED = 130
#: what a machine answers that has no descriptor, process, memory or disk left: nobody's bug, and no verdict either
_REFUSALS = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})

#: how Python says that neither TMPDIR nor any folder of its own choice can be written
_NOWHERE = "No usable temporary directory"


def guarded(action: Callable[[], int], words: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of `action`; whatever it raises becomes one, too."""
    try:
        return action()
    except GatekeeperError as error:
        complain(error, environment)
        return error.exit_code
    except KeyboardInterrupt:
        tell("gatekeeper: interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # nobody listens any more, and nothing was decided
        return INCOMPLETE
    except MemoryError:
        return _refused("out of memory")
    except Exception as error:  # noqa: BLE001  # the one boundary: a bug must not look like a verdict
        if isinstance(error, OSError) and (error.errno in _REFUSALS or _NOWHERE in str(error)):
            return _refused(error.strerror or str(error))
        _confess(error, words, environment)
        return BUG


def _refused(why: str) -> int:
    tell(f"gatekeeper: this machine has no room for the run ({_one_line(why).lower()}): nothing was decided")
    tell("hint: gatekeeper doctor shows what is free, ulimit -a the limits of this shell")
    return INCOMPLETE


def complain(error: GatekeeperError, environment: Mapping[str, str]) -> None:
    """One line for what is wrong, one for the next step; both may repeat what a tool or an address said, so secrets are taken out."""
    from gatekeeper.model.redaction import redact, secret_values

    secrets = secret_values(environment)
    tell(f"gatekeeper: {redact(_one_line(error.message), secrets)}")
    if error.hint:
        tell(f"hint: {redact(_one_line(error.hint), secrets)}")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _confess(error: Exception, words: Sequence[str], environment: Mapping[str, str]) -> None:
    from gatekeeper.model.redaction import redact, secret_values

    said = redact(_one_line(f"{type(error).__name__}: {error}"), secret_values(environment))[:300]
    path = _keep(_bug_report(error, words, environment), environment)
    tell(f"gatekeeper: this is a bug in gatekeeper {__version__}, sorry: {said}")
    tell(f"hint: a report for the maintainers is in {path}" if path else "hint: a report could not be written; please tell the maintainers")


def _bug_report(error: Exception, words: Sequence[str], environment: Mapping[str, str]) -> str:
    import platform
    import traceback

    from gatekeeper.model.redaction import redact, secret_values
    from gatekeeper.model.sanitize import markdown_fence

    told = "".join(traceback.format_exception(error))
    facts = "\n".join((f"gatekeeper {__version__}", f"Python {sys.version.split()[0]}", platform.platform(), f"arguments: {list(words)!r}"))
    return redact(f"# A bug in gatekeeper\n\n{markdown_fence(facts)}\n\n{markdown_fence(told)}\n", secret_values(environment))


def _keep(report: str, environment: Mapping[str, str]) -> str | None:
    import tempfile  # lazy: only bugs of ours pay

    name = time.strftime(f"bug-%Y%m%d-%H%M%S-{os.getpid()}.md")
    places: tuple[Callable[[], str | None], ...] = (lambda: cache_folder(environment), tempfile.gettempdir)
    for place in places:
        try:
            if (folder := place()) is None:
                continue
            os.makedirs(os.path.join(folder, "bugs"), mode=0o700, exist_ok=True)
            path = os.path.join(folder, "bugs", name)
            with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(report)
        except OSError:
            continue
        return path
    return None
