"""Asks a run that is under way in another process for something (`session.wire`), and gives its answer. Knows no verb and prints nothing."""

from __future__ import annotations

import os
import time

from gatekeeper.session.wire import LONGEST, connect, question_line, read_answer
from gatekeeper.session.wishes import Answer, Question
from gatekeeper.store.home import is_running

#: the run answers within 0.8 s, if it can; its door opens 0.2 s after its start
PATIENCE = 1.8
_PAUSE = 0.02


def ask(folder: str, question: Question, *, patience: float = PATIENCE) -> Answer:
    """What the run in a folder answers, within `patience` seconds. Silence is an answer too: not `done`, with the reason."""
    until = time.monotonic() + patience
    while True:
        try:
            return _asked(folder, question, until)
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):  # the door is not open yet, not any more, or besieged
            if not is_running(folder):
                return _silence("the run has ended")
            if time.monotonic() > until:
                return _silence("the run has no socket: it is older than this Gatekeeper, or its folder cannot hold one")
            time.sleep(_PAUSE)
        except TimeoutError:
            return _silence(f"the run does not answer: it is stopped, or very busy (gatekeeper status --run {os.path.basename(folder)})")
        except (BrokenPipeError, ConnectionResetError):
            return _silence("it hung up: a run listens to its owner and root, and not to its own jobs" if is_running(folder) else "the run has ended")
        except PermissionError:
            return Answer(ok=False, done=False, said="it is a run of somebody else: only its owner and root may change it", hint=f"gatekeeper status --run {os.path.basename(folder)} shows it")
        except (OSError, ValueError) as error:
            if not is_running(folder):
                return _silence("the run has ended")
            return _silence(f"the run cannot be asked: {getattr(error, 'strerror', None) or error}")


def _asked(folder: str, question: Question, until: float) -> Answer:
    with connect(folder, max(0.05, until - time.monotonic())) as link:
        link.sendall(question_line(question))
        heard = b""
        while not heard.endswith(b"\n") and len(heard) < LONGEST:
            link.settimeout(max(0.01, until - time.monotonic()))
            part = link.recv(LONGEST)
            if not part:
                raise ConnectionResetError(0, "it hung up")
            heard += part
    return read_answer(heard)


def _silence(why: str) -> Answer:
    return Answer(ok=True, done=False, said=why)
