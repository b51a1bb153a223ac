"""How a second process talks to a run: a Unix socket in the run's folder, one question and one answer per connection, each one line of JSON.

    asked     {"gatekeeper": 1, "action": "cancel", "subject": "B2/pytest@api", "value": "", "reason": "not needed"}
    answered  {"gatekeeper": 1, "ok": true, "done": true, "said": "B2/pytest@api: is being cancelled", "hint": ""}

`action` is a word of `execute.control.Action`, or `ping` (`session.wishes`). `subject` is a job (its id, or a part of it that no other has), empty for the run; `value` as `Action`
describes it; all but `gatekeeper` and `action` may be missing. `ok` is false where the wish makes no sense, `done` true once the run has done it.
A question is at most `LONGEST` bytes. The socket is for its owner alone (mode 0600, and the peer's user id is asked of the kernel: it, or root).

A path of any length is bound through `/proc/self/fd`; where there is none, or the file system has no sockets, the socket lies in a private folder
of its own and `control.sock` is a link to it. Knows neither runs nor verbs.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator

from gatekeeper.session.wishes import Answer, Question

SOCKET = "control.sock"
VERSION = 1
LONGEST = 65_536
_ROOT = 0
_LINUX = hasattr(socket, "SO_PEERCRED")
#: what `sun_path` holds on every system we know, its end included
_LONGEST_PATH = 104


def question_line(question: Question) -> bytes:
    """A question as it is sent."""
    return _line({"action": question.action, "subject": question.subject, "value": question.value, "reason": question.reason})


def answer_line(answer: Answer) -> bytes:
    """An answer as it is sent."""
    return _line({"ok": answer.ok, "done": answer.done, "said": answer.said, "hint": answer.hint})


def read_question(line: bytes) -> Question:
    """What a line asks. Raises ValueError with words for whoever sent it."""
    document = _document(line)
    match {"subject": "", "value": "", "reason": "", **document}:
        case {"action": str(action), "subject": str(subject), "value": str(value), "reason": str(reason)} if action:
            return Question(action=action, subject=subject, value=value, reason=reason)
        case _:
            raise ValueError("`action` must be a text, and so must `subject`, `value` and `reason` where they are there")


def read_answer(line: bytes) -> Answer:
    """What a line answers. Raises ValueError where it is no answer."""
    match _document(line):
        case {"ok": bool(ok), "done": bool(done), "said": str(said), "hint": str(hint)}:
            return Answer(ok=ok, done=done, said=said, hint=hint)
        case _:
            raise ValueError("it is no answer")


def _line(document: dict[str, object]) -> bytes:
    return json.dumps({"gatekeeper": VERSION, **document}, separators=(",", ":")).encode() + b"\n"


def _document(line: bytes) -> dict[str, object]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  # to whoever reads a line all of this is one kind of wrong
    if document.get("gatekeeper") != VERSION:
        raise ValueError(f"its version is {document.get('gatekeeper')!r}, this Gatekeeper speaks {VERSION}")
    return document


# --- the socket ------------------------------------------------------------------------------------------------------


def listen(folder: str) -> socket.socket:
    """A socket that listens in a run's folder, for its owner alone; what a killed run left there is replaced. Raises OSError."""
    close(folder)
    try:
        with _short(folder) as path:
            return _bound(path)
    except OSError:
        close(folder)
        return _listen_elsewhere(folder)


def _listen_elsewhere(folder: str) -> socket.socket:
    """A socket in a private folder of its own, with a link to it in the run's."""
    import shutil
    import tempfile  # lazy: only places whose names are too long for a socket pay

    place = os.path.join(tempfile.mkdtemp(prefix="gatekeeper-"), SOCKET)  # 0700
    try:
        os.symlink(place, os.path.join(folder, SOCKET))
        return _bound(place)
    except OSError:
        shutil.rmtree(os.path.dirname(place), ignore_errors=True)
        raise


def _bound(path: str) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(path)
        os.chmod(path, 0o600)  # nobody can connect before `listen`
        door.listen(128)
        door.setblocking(False)
    except OSError:
        door.close()
        raise
    return door


def close(folder: str) -> None:
    """Removes the socket from a run's folder, with the private folder that it may lie in."""
    path = os.path.join(folder, SOCKET)
    with contextlib.suppress(OSError):
        target = os.readlink(path)
        if os.lstat(os.path.dirname(target)).st_uid == os.getuid() and os.path.basename(target) == SOCKET:
            os.unlink(target)
            os.rmdir(os.path.dirname(target))
    with contextlib.suppress(OSError):
        os.unlink(path)


def connect(folder: str, timeout: float) -> socket.socket:
    """A connection to the run in a folder. Raises OSError where nobody listens, or somebody else does."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(timeout)
    try:
        target = os.path.join(folder, SOCKET)
        if os.path.islink(target):
            link.connect(os.readlink(target))
        else:
            with _short(folder) as path:
                link.connect(path)
        friendly = is_friend(peer_of(link))
    except OSError:
        link.close()
        raise
    if not friendly:
        link.close()
        raise PermissionError("it belongs to somebody else")
    return link


def is_inside(link: socket.socket) -> bool:
    """Whether a process that this one started is at the other end: a job may not change the run that judges it. Only Linux can tell."""
    if not _LINUX:
        return False
    pid, _, _ = struct.unpack("iII", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII")))
    for _ in range(64):
        if pid <= 1:
            return False
        pid = _parent(pid)
        if pid == os.getpid():
            return True
    return False


def _parent(pid: int) -> int:
    """The parent of a process, 0 where it has none or is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def peer_of(link: socket.socket) -> int | None:
    """The user id at the other end, as the kernel knows it; None where it does not say. Raises OSError when it is gone."""
    if _LINUX:
        _, uid, _ = struct.unpack("iII", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII")))
        return int(uid)
    with contextlib.suppress(OSError):  # BSD and macOS: LOCAL_PEERCRED gives an xucred, of which the second field is the user
        return int(struct.unpack_from("II", link.getsockopt(0, 1, 76))[1])
    return None


def is_friend(uid: int | None) -> bool:
    """Whether a user may talk to us: the same one, or root. Where the kernel does not say who it is, the mode of the socket decides alone."""
    return uid is None or uid in {os.getuid(), _ROOT}


@contextlib.contextmanager
def _short(folder: str) -> Iterator[str]:
    """A path of the socket that is short enough, however long the folder's own is."""
    if not os.path.isdir("/proc/self/fd"):
        path = os.path.join(folder, SOCKET)
        if len(os.fsencode(path)) >= _LONGEST_PATH:
            raise OSError(0, "the path is too long for a socket", path)
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
