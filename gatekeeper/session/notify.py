"""Tells others how a run went: a POST to each webhook of `notify`, a notice on the desktop. Never a reason to fail, never waited for before the verdict is said.

    POST {"schema": 1, "event": "run.finished", "run_id", "outcome", "exit_code", "message", "text", "project", "root", "hostname", "pipeline", "scope",
          "started_at", "seconds", "counters": {...}, "failed": [{"job", "status", "message"}]}

`text` is the whole in one line: what Slack, Mattermost and Teams show. Headers: `X-Gatekeeper-Event`, `X-Gatekeeper-Delivery` (the same for the same news,
so that it can be told twice and counted once), `Authorization: Bearer ...` where there is a token, and where there is a secret
`X-Gatekeeper-Signature-256: sha256=HEX`, the HMAC of the body, as GitHub signs its own. Only http and https, no redirect is followed, an answer is not read;
a host has `SECONDS` to answer. What goes wrong is told in words that hold no address but the host's name. Does not know where the configuration comes from.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from gatekeeper.judge.counters import counters, total
from gatekeeper.model.document import to_document
from gatekeeper.model.duration import spoken
from gatekeeper.model.event import Event, RunStarted
from gatekeeper.model.ports import Runner
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import json_bytes, terminal_text
from gatekeeper.model.settings import Notify, Webhook
from gatekeeper.model.status import Outcome, Status

SECONDS = 2.0
#: beyond the time of a host: looking up its name cannot be given a limit
_GRACE = 0.5
_MOST_FAILED = 20
_LONGEST = 500
_FAILED = frozenset({Status.FAILED, Status.ERRORED, Status.TIMED_OUT})
_WORDS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.INCOMPLETE: "incomplete", Outcome.INTERRUPTED: "incomplete"}


class Notifier:
    """A subscriber inside a `with` block around the run; `tell` comes after the verdict was said, `rest` last."""

    def __init__(self, notify: Notify, environment: Mapping[str, str], runner: Runner, *, seconds: float = SECONDS) -> None:
        self._notify, self._environment, self._runner, self._seconds = notify, environment, runner, seconds
        self._secrets = secret_values(environment)
        self._posts: list[_Post] = []
        self._shown: RunRecord | None = None
        self._problems: list[str] = []
        self._started: RunStarted | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        """A run that came to no verdict is incomplete to those who wait for it; who is at the terminal hears it anyway."""
        if error is not None and self._started is not None:
            message = redacted(str(error) or getattr(kind, "__name__", "error"), self._secrets)[:_LONGEST]
            self._send("incomplete", _failure_document(self._started, message))
            self.rest()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._started = event
            self._send("start", _start_document(event))

    def tell(self, record: RunRecord) -> None:
        """Sends the news of a run that has its verdict; does not wait."""
        record = redacted(record, self._secrets)
        self._send(_WORDS[record.verdict.outcome], news(record))
        self._shown = record if self._notify.desktop else None

    def rest(self) -> tuple[str, ...]:
        """Shows the notice on the desktop, and waits until all is told, at most as long as one host may take; what went wrong, a line each."""
        until = time.monotonic() + self._seconds + _GRACE
        if self._shown is not None:
            self._show(self._shown)
            self._shown = None
        for post in self._posts:
            post.wait(max(0.0, until - time.monotonic()))
            if post.problem:
                self._problems.append(post.problem)
        self._posts.clear()
        problems, self._problems = self._problems, []
        return tuple(problems)

    def _send(self, word: str, document: Mapping[str, object]) -> None:
        body = json_bytes(document, indent=1)
        for webhook in self._notify.webhooks:
            if word not in webhook.on:
                continue
            request = self._request(webhook, body, str(document["event"]), f"{document['run_id']}-{document['event']}")
            if isinstance(request, str):
                self._problems.append(request)
            else:
                self._posts.append(_Post(request, self._seconds))

    def _request(self, webhook: Webhook, body: bytes, event: str, delivery: str) -> _Request | str:
        """What is sent and whereto, or why it cannot be."""
        names = [name for name in (webhook.url_env, webhook.token_env, webhook.secret_env) if name]
        missing = [name for name in names if not self._environment.get(name)]
        if missing:
            return f"webhook: {missing[0]} is not set: nobody was told"
        url = self._environment[webhook.url_env].strip() if webhook.url_env else webhook.url
        if not is_address(url):
            return f"webhook: {webhook.url_env or 'url'} holds no http or https address: nobody was told"
        headers = {"Content-Type": "application/json", "User-Agent": "gatekeeper", "X-Gatekeeper-Event": event, "X-Gatekeeper-Delivery": delivery}
        if webhook.token_env:
            headers["Authorization"] = f"Bearer {self._environment[webhook.token_env].strip()}"
        if webhook.secret_env:
            headers["X-Gatekeeper-Signature-256"] = f"sha256={signature(self._environment[webhook.secret_env], body)}"
        return url, headers, body

    def _show(self, record: RunRecord) -> None:
        argv = desktop_argv(self._environment, f"Gatekeeper: {str(record.verdict.outcome).upper()}", terminal_text(_sentence(record)),
                            urgent=record.verdict.outcome is not Outcome.PASS)
        if not argv:
            return
        ended = self._runner(argv, cwd=os.path.abspath(os.sep), timeout=self._seconds)
        if not ended.ok:
            self._problems.append(f"desktop: {os.path.basename(argv[0])} did not show the notice")


_Request = tuple[str, Mapping[str, str], bytes]


class _Post:
    """One delivery, in a thread of its own."""

    def __init__(self, request: _Request, seconds: float) -> None:
        self._request, self._seconds = request, seconds
        self._host = urlsplit(request[0]).hostname or "?"
        self.problem = f"webhook {self._host}: it did not answer within {seconds:g} s"
        self._thread = threading.Thread(target=self._work, name="webhook", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self.problem = f"webhook {self._host}: this machine has no thread left to tell it"

    def wait(self, seconds: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the thread that runs the run
        said = _posted(*self._request, self._seconds)
        self.problem = f"webhook {self._host}: {said}" if said else ""


def _posted(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> str:
    """Delivers; why it failed, empty where it did not."""
    import http.client  # lazy: 30 ms, and only those pay who have a webhook
    import urllib.error
    import urllib.request

    opener = urllib.request.OpenerDirector()  # not `build_opener`: no files, no ftp, no redirects
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    try:
        with opener.open(urllib.request.Request(url, data=body, headers=dict(headers), method="POST"), timeout=seconds) as answer:  # noqa: S310  # checked: http(s)
            status = answer.status
    except (TimeoutError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        return f"it did not answer within {seconds:g} s" if isinstance(reason, TimeoutError) else f"it cannot be reached ({getattr(reason, 'strerror', None) or type(reason).__name__})"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"it cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"
    return "" if 200 <= status < 300 else f"it answered {status}{' (redirects are not followed)' if 300 <= status < 400 else ''}"


def is_address(url: str) -> bool:
    """Whether it is an http or https address with a host, and without a password, which would not be sent."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0 and url.isprintable() and " " not in url
    except ValueError:
        return False


def signature(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body, in hexadecimal digits."""
    import hmac  # lazy: only those pay who sign

    return hmac.new(secret.strip().encode("utf-8", "surrogateescape"), body, "sha256").hexdigest()


# --- what is told ----------------------------------------------------------------------------------------------------


def news(record: RunRecord) -> dict[str, object]:
    """What a webhook is told of a run that has its verdict."""
    parts = counters(record.plan, record.results)
    failed = [{"job": result.job, "status": str(result.status), "message": result.message[:_LONGEST]} for result in record.results if result.status in _FAILED]
    return {"schema": 1, "event": "run.finished", "run_id": record.run_id, "outcome": str(record.verdict.outcome), "exit_code": record.verdict.exit_code,
            "message": record.verdict.message[:_LONGEST], "text": _sentence(record), "project": _project(record.plan.root), "root": record.plan.root,
            "hostname": record.hostname, "pipeline": record.plan.pipeline, "scope": record.plan.scope, "started_at": record.started_at,
            "seconds": record.wall_seconds, "counters": to_document(total(parts.values())), "failed": failed[:_MOST_FAILED]}


def _start_document(event: RunStarted) -> dict[str, object]:
    plan = event.plan
    return {"schema": 1, "event": "run.started", "run_id": event.run_id, "text": f"{_project(plan.root)}: run {event.run_id} started, {len(plan.jobs)} jobs",
            "project": _project(plan.root), "root": plan.root, "hostname": os.uname().nodename, "pipeline": plan.pipeline, "scope": plan.scope, "jobs": len(plan.jobs)}


def _failure_document(event: RunStarted, message: str) -> dict[str, object]:
    return {**_start_document(event), "event": "run.failed", "outcome": str(Outcome.INCOMPLETE), "message": message,
            "text": f"{_project(event.plan.root)}: run {event.run_id} came to no verdict: {message}"}


def _project(root: str) -> str:
    return os.path.basename(os.path.abspath(root)) or root


def _sentence(record: RunRecord) -> str:
    said = f": {record.verdict.message}" if record.verdict.message else ""
    return f"{_project(record.plan.root)}: {str(record.verdict.outcome).upper()}{said} (run {record.run_id}, {spoken(record.wall_seconds)})"[:_LONGEST]


def desktop_argv(environment: Mapping[str, str], title: str, text: str, *, urgent: bool, platform: str = sys.platform) -> tuple[str, ...]:
    """The program that shows a notice, with its words; nothing where there is no display or no such program."""
    path = environment.get("PATH")
    if platform == "darwin":
        found = shutil.which("osascript", path=path)
        script = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
        return (found, *(word for line in script for word in ("-e", line)), title, text) if found else ()
    found = shutil.which("notify-send", path=path) if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") else None
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # the body is markup
    return (found, "--app-name=Gatekeeper", f"--urgency={'critical' if urgent else 'normal'}", "--", title, plain) if found else ()
