"""Starts a process by `posix_spawn` of the C library: in any folder and in a session of its own, for a third of the processor time of `subprocess`.

`os.posix_spawn` cannot say in which folder; the C library can (glibc from 2.29, musl from 1.1.24). What it refuses it does not explain: the caller
then starts the process in the other way, which does. Knows no pool and no jobs, and reaps nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

#: bytes that are enough for an object of the C library: the largest here takes 336
_ROOM = 1024
_SETSIGDEF, _SETSID = 0x04, 0x80
#: what Python ignores for itself and its children should not
_PYTHONS = (signal.SIGPIPE, signal.SIGXFSZ)
#: environments that are kept in the form in which the system takes them
_KEPT = 4
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_END = bytes(_POINTER)
_NULL = os.devnull.encode()


class Direct:
    """One way to start processes. `usable` says whether this system has it."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self.usable = sys.platform == "linux" and hasattr(self._library, "posix_spawn_file_actions_addchdir_np")
        self._actions, self._attributes = ctypes.create_string_buffer(_ROOM), ctypes.create_string_buffer(_ROOM)
        #: environments that were asked for last, and their texts, which stay where they are
        self._environments: list[tuple[Mapping[str, str], Texts]] = []
        if self.usable:
            self._describe()

    def start(self, argv: tuple[str, ...], *, cwd: str, env: Mapping[str, str], more: Mapping[str, str], stdout: int, stderr: int) -> int:
        """The pid of the process, whose environment is `env`, which nobody changes any more, with `more` laid over it; 0 where this way leads to none."""
        if not self.usable or min(stdout, stderr) < 3 or not argv or argv[0][:1] != "/" or "\0" in cwd:
            return 0
        try:
            own = Texts([*_entries(more), *argv])
            common = self._common(env) if env.keys().isdisjoint(more) else None
            values = Texts(_entries({**env, **more})) if common is None else own
        except ValueError:
            return 0
        split = len(more) * _POINTER
        variables = values.table if common is None else own.table[:split] + common
        return self._spawn(own.words[len(more)], own.table[split:], variables + _END, os.fsencode(cwd), (stdout, stderr))

    def _spawn(self, program: bytes, argv: bytes, variables: bytes, cwd: bytes, streams: tuple[int, int]) -> int:
        library, actions, pid = self._library, self._actions, ctypes.c_int(0)
        library.posix_spawn_file_actions_init(actions)
        try:
            refused = (library.posix_spawn_file_actions_addopen(actions, 0, _NULL, os.O_RDONLY, 0) or library.posix_spawn_file_actions_adddup2(actions, streams[0], 1)
                       or library.posix_spawn_file_actions_adddup2(actions, streams[1], 2) or library.posix_spawn_file_actions_addchdir_np(actions, cwd)
                       or library.posix_spawn(ctypes.byref(pid), program, actions, self._attributes, argv + _END, variables))
        finally:
            library.posix_spawn_file_actions_destroy(actions)
        return 0 if refused else pid.value

    def _describe(self) -> None:
        """What holds for all: a session of its own, and the signals that Python ignores as they were."""
        signals, library = ctypes.create_string_buffer(_ROOM), self._library
        library.sigemptyset(signals)
        for number in _PYTHONS:
            library.sigaddset(signals, int(number))
        library.posix_spawnattr_init(self._attributes)
        self.usable = not (library.posix_spawnattr_setsigdefault(self._attributes, signals)
                           or library.posix_spawnattr_setflags(self._attributes, ctypes.c_short(_SETSIGDEF | _SETSID)))

    def _common(self, env: Mapping[str, str]) -> bytes:
        """What many jobs have in common is encoded once: they all come with the same object."""
        for known, texts in self._environments:
            if known is env:
                return texts.table
        texts = Texts(_entries(env))
        self._environments = [(env, texts), *self._environments[:_KEPT - 1]]
        return texts.table


class Texts:
    """Texts as the system takes them, each with a zero byte behind it, and a `table` of their addresses, which hold while this object lives.

    Raises ValueError where a text holds such a byte itself."""

    __slots__ = ("_data", "table", "words")

    def __init__(self, texts: list[str]) -> None:
        self.words = [os.fsencode(text) for text in texts]
        self._data = ctypes.c_char_p(b"\0".join(self.words))
        at: int = ctypes.c_void_p.from_buffer(self._data).value or 0
        places: list[bytes] = []
        for word in self.words:
            if b"\0" in word:
                raise ValueError("embedded null byte")
            places.append(at.to_bytes(_POINTER, sys.byteorder))
            at += len(word) + 1
        self.table = b"".join(places)


def _entries(env: Mapping[str, str]) -> list[str]:
    if any("=" in name for name in env):
        raise ValueError("illegal environment variable name")
    return [f"{name}={value}" for name, value in env.items()]
