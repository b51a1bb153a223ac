"""When another try may help, and how long to wait for it. Pure: the end of an attempt, its last words and a seed go in. Starts nothing."""

from __future__ import annotations

import errno
import os
import re
import zlib

from gatekeeper.model.plan import Job
from gatekeeper.model.recovery import RetryPolicy, Trouble
from gatekeeper.model.result import Result
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.value import replace

#: a system that is short of something, or a program that is being written: what the next moment may change
_TRANSIENT = tuple(os.strerror(number) for number in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY, errno.EINTR, errno.EIO))
#: as npm, yarn, pnpm, pip, pip-audit, uv, cargo, git, curl and Python say it
_NETWORK = re.compile(
    r"ENOTFOUND|ECONNRESET|ECONNREFUSED|ECONNABORTED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET|socket hang up|network request to \S+ failed"
    r"|Could ?n[o']t resolve (?:host|proxy)|failed to lookup address|Temporary failure in name resolution|Name or service not known|name resolution|getaddrinfo"
    r"|nodename nor servname|dns error|Connection (?:reset|refused|aborted|timed out|broken)|connection (?:closed|error)|Failed to connect to|Network is unreachable"
    r"|No route to host|ConnectionError|ConnectTimeout|ReadTimeout|Read timed out|NewConnectionError|Max retries exceeded|RemoteDisconnected|IncompleteRead"
    r"|TLS handshake|SSL_ERROR_SYSCALL|SSLEOFError|unexpected eof while reading|spurious network error|error sending request|failed to (?:download|fetch) from"
    r"|(?:HTTP(?:/[\d.]+)?|status(?: code)?|error|response|server returned)[ :=(]{1,3}(?:429|502|503|504)\b|\b(?:429 Too Many Requests|502 Bad Gateway|503 Service"
    r"|504 Gateway|50[234] Server Error)", re.IGNORECASE)
#: the format in which a tool finds nothing: the one finding is that it failed
_NO_FINDINGS = "exit-code"
#: the most bytes of each stream in which a word of the network is looked for
LAST_WORDS = 64 * 1024


def says_network(text: str) -> bool:
    """Whether a tool's words say that a service could not be reached."""
    return _NETWORK.search(text) is not None


def trouble(job: Job, result: Result, said: str) -> Trouble | None:
    """What kind of trouble ended an attempt; `said` are its last words. None where no other try could change the result."""
    match result.status:
        case Status.FAILED:
            bare = job.output.parser == _NO_FINDINGS
            if result.findings and not result.tests and not bare:
                return None
            # whoever asked for another try only where the network failed meant also what has no other way to say so than to end badly
            network = bare and Trouble.NETWORK in job.retry.on and Trouble.FAILURE not in job.retry.on and says_network(said)
            return Trouble.NETWORK if network else Trouble.FAILURE
        case Status.TIMED_OUT:
            return Trouble.TIMEOUT if result.cause is Cause.TIMEOUT else None
        case Status.UNMEASURED:
            return Trouble.NETWORK if says_network(said) else None
        case Status.ERRORED:
            return _of_error(result, said)
        case _:
            return None


def _of_error(result: Result, said: str) -> Trouble | None:
    match result.cause:
        case Cause.SPAWN:
            return Trouble.SPAWN if any(words in result.message for words in _TRANSIENT) else None
        case Cause.LOST:
            return Trouble.LOST
        case Cause.SIGNAL:
            return Trouble.SIGNAL
        case Cause.OUT_OF_MEMORY:  # who was over a limit of ours would be so again
            return None if any(attempt.over_memory_mb for attempt in result.attempts[-1:]) else Trouble.OUT_OF_MEMORY
        case Cause.USAGE:
            return None
        case _:
            return Trouble.NETWORK if says_network(said) else Trouble.CRASH


def delay(policy: RetryPolicy, tried: int, seed: str) -> float:
    """Seconds to wait after `tried` attempts: from half to the whole of what the policy says, as `seed` decides, so that many do not come back at once."""
    whole = min(policy.max_delay, policy.delay * policy.factor ** (tried - 1))
    return whole * (0.5 + 0.5 * zlib.crc32(f"{seed} {tried}".encode(errors="surrogateescape")) / 2**32)


def heavier(job: Job, tried: int) -> Job:
    """The job with the room that it needs once it ran out of memory: so many times what it was given at first as this is the try."""
    memory = job.resources.memory_mb // tried * (tried + 1)
    return replace(job, resources=replace(job.resources, memory_mb=memory))
