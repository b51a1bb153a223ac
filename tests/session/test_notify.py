"""Who is told how a run went: what is posted, what is signed, and that no host and no desktop can fail or hold up a run."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gatekeeper.model.event import RunStarted
from gatekeeper.model.ports import Completed
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Notify, Webhook
from gatekeeper.model.status import Outcome
from gatekeeper.session.notify import Notifier, desktop_argv, news, signature
from tests.fakes.record import mixed

pytestmark = pytest.mark.concurrency
RECORD = mixed()
START = RunStarted(at=0.0, run_id=RECORD.run_id, plan=RECORD.plan)


class Programs:
    """Satisfies `Runner`: remembers what was started; everything ends with this exit code."""

    def __init__(self, exit_code: int = 0) -> None:
        self.calls: list[tuple[str, ...]] = []
        self._exit_code = exit_code

    def __call__(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self.calls.append(tuple(argv))
        return Completed(exit_code=self._exit_code)


class Host:
    """A web server that keeps what is posted to it, and answers `status` once `free` is set."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.free = threading.Event()
        self.free.set()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host.posted.append((self.path, dict(self.headers), body))
                host.free.wait(20)
                with contextlib.suppress(OSError):
                    self.send_response(host.status)
                    self.send_header("Location", f"{host.url}/elsewhere")
                    self.end_headers()

            def do_GET(self) -> None:
                host.posted.append((self.path, {}, b""))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the standard library
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.free.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    host = Host()
    yield host
    host.close()


def told(*hooks: Webhook, record: RunRecord = RECORD, seconds: float = 20.0, **environment: str) -> tuple[str, ...]:
    with Notifier(Notify(webhooks=hooks), environment, Programs(), seconds=seconds) as notifier:
        notifier(START)
        notifier.tell(record)
        return notifier.rest()


def ended(outcome: Outcome) -> RunRecord:
    return replace(RECORD, verdict=replace(RECORD.verdict, outcome=outcome))


def test_a_failed_run_is_one_post_with_verdict_counters_and_what_failed(host: Host) -> None:
    assert told(Webhook(url=f"{host.url}/gate")) == ()
    ((path, headers, body),) = host.posted
    assert path == "/gate"
    document = json.loads(body)
    assert (document["run_id"], document["outcome"], document["exit_code"]) == (RECORD.run_id, "fail", 1)
    assert document["counters"]["total"] == len(RECORD.plan.jobs)
    assert {entry["job"] for entry in document["failed"]} <= {job.id for job in RECORD.plan.jobs}
    assert document["failed"]
    assert "FAIL" in document["text"]
    assert headers["X-Gatekeeper-Event"] == "run.finished"
    assert RECORD.run_id in headers["X-Gatekeeper-Delivery"]
    assert "X-Gatekeeper-Signature-256" not in headers


@pytest.mark.parametrize(("outcome", "word"), [(Outcome.PASS, "pass"), (Outcome.FAIL, "fail"), (Outcome.INCOMPLETE, "incomplete"), (Outcome.INTERRUPTED, "incomplete")])
def test_each_is_told_only_what_it_wants_to_hear(host: Host, outcome: Outcome, word: str) -> None:
    hooks = [Webhook(url=f"{host.url}/{wanted}", on=(wanted,)) for wanted in ("start", "pass", "fail", "incomplete")]
    assert told(*hooks, record=ended(outcome)) == ()
    assert sorted(path for path, _, _ in host.posted) == sorted({"/start", f"/{word}"})


def test_the_body_is_signed_and_the_token_sent_where_there_are_such(host: Host) -> None:
    hook = Webhook(url_env="A_WEBHOOK", token_env="A_TOKEN", secret_env="A_SECRET")
    assert told(hook, A_WEBHOOK=f"{host.url}/x", A_TOKEN="t0ken", A_SECRET="s3cret") == ()
    ((_, headers, body),) = host.posted
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["X-Gatekeeper-Signature-256"] == f"sha256={signature('s3cret', body)}"
    # printf hello | openssl dgst -sha256 -hmac s3cret
    assert signature("s3cret", b"hello") == "e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68"


def test_secrets_in_what_jobs_said_are_not_told(host: Host) -> None:
    record = replace(RECORD, verdict=replace(RECORD.verdict, message="with hunter2hunter2"))
    assert told(Webhook(url=host.url), record=record, MY_PASSWORD="hunter2hunter2") == ()
    assert b"hunter2" not in host.posted[0][2]


def test_a_host_that_does_not_answer_is_given_up_and_named_without_its_address(host: Host) -> None:
    host.free.clear()
    (problem,) = told(Webhook(url_env="A_WEBHOOK"), seconds=0.2, A_WEBHOOK=f"{host.url}/services/T0P/s3cr3tpath")
    assert problem == "webhook 127.0.0.1: it did not answer within 0.2 s"


def test_the_slow_do_not_keep_the_others_waiting(host: Host) -> None:
    other = Host()
    try:
        host.free.clear()
        problems = told(Webhook(url=host.url), Webhook(url=other.url), seconds=0.2)
        assert len(problems) == 1
        assert len(other.posted) == 1
    finally:
        other.close()


@pytest.mark.parametrize("status", [500, 404, 302, 307])
def test_what_is_no_success_is_told_and_no_redirect_is_followed(host: Host, status: int) -> None:
    host.status = status
    (problem,) = told(Webhook(url=f"{host.url}/gate"))
    assert f"it answered {status}" in problem
    assert [path for path, _, _ in host.posted] == ["/gate"]


def test_nobody_at_home_is_told(host: Host) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (problem,) = told(Webhook(url=f"http://127.0.0.1:{port}/"))
    assert problem.startswith("webhook 127.0.0.1: it cannot be reached")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "gopher://x", "nonsense", "http://", "http://u:p@127.0.0.1/", "http://127.0.0.1:99999/", "http://a b/"])
def test_only_plain_web_addresses_are_posted_to(url: str) -> None:
    (problem,) = told(Webhook(url_env="A_WEBHOOK"), A_WEBHOOK=url)
    assert problem == "webhook: A_WEBHOOK holds no http or https address: nobody was told"


def test_a_variable_that_is_not_set_is_named() -> None:
    assert told(Webhook(url="http://127.0.0.1:1/", token_env="A_TOKEN")) == ("webhook: A_TOKEN is not set: nobody was told",)


def test_a_run_that_came_to_no_verdict_is_told_as_incomplete(host: Host) -> None:
    notifier = Notifier(Notify(webhooks=(Webhook(url=host.url, on=("incomplete",)),)), {}, Programs(), seconds=20.0)
    notifier(START)
    with pytest.raises(RuntimeError, match="broke"), notifier:
        raise RuntimeError("it broke")
    document = json.loads(host.posted[0][2])
    assert (document["event"], document["outcome"], document["message"]) == ("run.failed", "incomplete", "it broke")


def test_news_are_the_same_for_the_same_record() -> None:
    assert news(RECORD) == news(RECORD)


def test_the_desktop_is_asked_only_where_there_is_one(tmp_path: Path) -> None:
    for name in ("notify-send", "osascript"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    there = {"PATH": str(tmp_path), "DISPLAY": ":0"}
    assert desktop_argv({"PATH": str(tmp_path)}, "t", "x", urgent=True, platform="linux") == ()
    assert desktop_argv({"PATH": "/nowhere", "DISPLAY": ":0"}, "t", "x", urgent=True, platform="linux") == ()
    argv = desktop_argv(there, "-t", "<b>&", urgent=True, platform="linux")
    assert argv[-3:] == ("--", "-t", "&lt;b&gt;&amp;")
    assert "--urgency=critical" in argv
    assert desktop_argv(there, "t", 'x" & quit', urgent=False, platform="darwin")[-2:] == ("t", 'x" & quit')


@pytest.mark.parametrize(("exit_code", "problems"), [(0, ()), (1, ("desktop: notify-send did not show the notice",))])
def test_a_desktop_that_fails_is_a_line_and_nothing_else(tmp_path: Path, exit_code: int, problems: tuple[str, ...]) -> None:
    (tmp_path / "notify-send").write_text("#!/bin/sh\n")
    (tmp_path / "notify-send").chmod(0o755)
    programs = Programs(exit_code)
    with Notifier(Notify(desktop=True), {"PATH": str(tmp_path), "DISPLAY": ":0"}, programs) as notifier:
        notifier.tell(RECORD)
        assert programs.calls == []  # a desktop that does not answer must not hold up the verdict
        assert notifier.rest() == problems
    ((program, *words),) = programs.calls
    assert program == str(tmp_path / "notify-send")
    assert "Gatekeeper: FAIL" in words
