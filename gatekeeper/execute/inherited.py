"""What our caller left us of signals, and jobs must not inherit: a blocked or ignored signal survives the start of a program.

A script that starts us in the background has us ignore SIGINT; a careless one ignores SIGCHLD, and then the system throws exit codes away, where a
failed job looks like one that passed. We go on ignoring what we were told to ignore, but through a handler, which jobs do not inherit. Only `nohup`
is meant for jobs too: SIGHUP stays as it is. Knows no processes.
"""

from __future__ import annotations

import signal
import threading

#: those that we pass over because our caller did
_PASSED_OVER: set[signal.Signals] = set()
#: what ends or disturbs a process that ignores nothing; the signals of a terminal do not reach jobs, which have none
_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2)


def settle_signals() -> None:
    """Bring signals into the order in which we and our jobs want them. Cheap, and may be called again; handlers only change in the first thread."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _pass_over)
            _PASSED_OVER.add(number)


def passes_over(number: signal.Signals) -> bool:
    """Whether our caller had us ignore this signal."""
    return number in _PASSED_OVER or signal.getsignal(number) is signal.SIG_IGN


def stop_program() -> None:
    """Stand still as a program does whose terminal says so; returns when it is told to go on, or at once where nobody could tell it."""
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, handler)


def _pass_over(_signum: int, _frame: object) -> None:
    return
