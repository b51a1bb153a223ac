"""Gatekeeper on a machine that has less than this one: started as `python -P foreign.py KIND ARG...` in the place of `python -P -m gatekeeper`.

`portable`: the system has no pidfd, so the pool takes its portable variant. `bare`: nothing that only Linux has. The names are taken out of the standard
library, and /proc is an empty folder for this process and all that it starts; psutil and ps, which ask other systems in their own way, still see the real
one. `empty`: a Linux whose /proc is an empty folder for everybody, as in some sandboxes. `sealed`: no folder can be written, as in a container whose
file systems are read-only. All but the first take root: see `can_be_empty`.
It knows nothing of Gatekeeper but its entry point, and it is no Mac: what a Mac has and Linux has not (kqueue, LOCAL_PEERCRED, its own ps) is not tried.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and sys.argv[1] in {"portable", "bare"}:  # before anything else is imported: modules look once what there is
    del os.pidfd_open

#: what the documentation of Python says macOS has not, by module; a star stands for the rest of a name
_ONLY_LINUX = {
    "os": ("copy_file_range", "eventfd*", "EFD_*", "fdatasync", "getrandom", "GRND_*", "getresgid", "getresuid", "getxattr", "listxattr",
           "memfd_create", "MFD_*", "O_DIRECT", "O_LARGEFILE", "O_NOATIME", "O_PATH", "O_RSYNC", "O_TMPFILE", "P_PID*", "pipe2", "posix_fadvise",
           "POSIX_FADV_*", "posix_fallocate", "removexattr", "RWF_*", "sched_*", "SCHED_*", "setresgid", "setresuid", "setxattr", "splice", "SPLICE_*", "waitid",
           "XATTR_*"),
    "signal": ("pidfd_send_signal", "sigtimedwait", "sigwaitinfo", "SIGCLD", "SIGPOLL", "SIGPWR", "SIGRTMAX", "SIGRTMIN", "SIGSTKFLT"),
    "select": ("epoll", "EPOLL*"),
    "fcntl": ("F_ADD_SEALS", "F_GETPIPE_SZ", "F_GET_SEALS", "F_NOTIFY", "F_OFD_*", "F_SETLEASE", "F_SETPIPE_SZ"),
    "socket": ("AF_NETLINK", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "SO_DOMAIN", "SO_PASSCRED", "SO_PEERCRED", "SO_PROTOCOL"),
    "resource": ("prlimit", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING"),
    "time": ("CLOCK_BOOTTIME", "CLOCK_TAI", "pthread_getcpuclockid"),
}
_NEW_NAMESPACE, _PRIVATE, _BIND, _READ_ONLY = 0x20000, (1 << 18) | (1 << 14), 4096 | (1 << 14), 4096 | 32 | 1


def can_be_empty() -> bool:
    """Whether this user may give a process a /proc of its own."""
    import ctypes
    import shutil

    return sys.platform == "linux" and os.geteuid() == 0 and hasattr(ctypes.CDLL(None), "unshare") and shutil.which("ps") is not None


def main(kind: str, words: list[str]) -> int:
    match kind:
        case "bare":
            _forget_linux()
            _empty_proc()
        case "empty":
            _own_namespace()
            _mount("none", "/proc", 0, "tmpfs")
        case "sealed":
            _own_namespace()
            for folder in filter(os.path.isdir, ("/tmp", "/var/tmp", "/usr/tmp", os.environ["HOME"], os.getcwd())):
                _mount(folder, folder, _BIND)
                _mount("none", folder, _READ_ONLY)
            os.chdir(os.getcwd())  # into the sealed one
    from gatekeeper.__main__ import main as start

    sys.argv = ["gatekeeper", *words]
    return start()


def _forget_linux() -> None:
    import importlib

    for module in ("select", "_socket", *_ONLY_LINUX):  # `selectors` and `socket` take over what those two have when they are imported
        _forget(importlib.import_module(module), _ONLY_LINUX[module.lstrip("_")])


def _forget(module: object, patterns: tuple[str, ...]) -> None:
    import fnmatch

    for name in [name for name in vars(module) if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]:
        delattr(module, name)


def _empty_proc() -> None:
    import shutil
    import tempfile

    import psutil

    scratch = tempfile.mkdtemp(prefix="foreign-", dir=os.environ["HOME"])
    real, moved, wrapper = os.path.join(scratch, "proc"), os.path.join(scratch, "ps"), os.path.join(scratch, "wrapper")
    os.mkdir(real)
    place = os.path.realpath(shutil.which("ps", path=os.defpath) or "")
    shutil.copy(place, moved)
    with open(wrapper, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {sys.executable} -I -S {os.path.abspath(__file__)} ps {real} {moved} "$@"\n')
    os.chmod(wrapper, 0o755)
    _own_namespace()
    _mount("/proc", real, _BIND)
    _mount(wrapper, place, _BIND)
    _mount("none", "/proc", 0, "tmpfs")
    psutil.PROCFS_PATH = real


def _ps(real: str, program: str, *words: str) -> None:
    """The machine's own ps, which sees the real /proc."""
    _own_namespace()
    _mount(real, "/proc", _BIND)
    os.execv(program, [program, *words])


def _own_namespace() -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NAMESPACE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _mount("none", "/", _PRIVATE)


def _mount(source: str, target: str, flags: int, kind: str = "") -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).mount(source.encode(), target.encode(), kind.encode() or None, flags, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


if __name__ == "__main__" and sys.argv[1] == "ps":
    _ps(*sys.argv[2:])
if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
