"""`notify` of gatekeeper.yaml: who is told, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.config.load import load_settings
from gatekeeper.config.notify import notify_document
from gatekeeper.config.options import Arguments
from gatekeeper.errors import ConfigError
from gatekeeper.model.settings import Notify, Settings, Webhook


def settings(folder: Path, text: str, local: str = "") -> Settings:
    (folder / "gatekeeper.yaml").write_text(f"version: 1\n{text}\n")
    if local:
        (folder / "gatekeeper.local.yaml").write_text(f"version: 1\n{local}\n")
    return load_settings(Arguments(), {}, cwd=str(folder))


def test_webhooks_and_desktop_are_read_and_can_be_written_back(tmp_path: Path) -> None:
    told = settings(tmp_path, """notify:
  desktop: true
  webhook:
    - {url: "https://example.org/x", on: [pass, start], secret_env: GATE_SECRET}
    - {url_env: SLACK_WEBHOOK_URL}""").notify
    assert told == Notify(desktop=True, webhooks=(Webhook(url="https://example.org/x", on=("pass", "start"), secret_env="GATE_SECRET"),
                                                  Webhook(url_env="SLACK_WEBHOOK_URL", on=("fail", "incomplete"))))
    assert notify_document(told)["webhook"] == [{"url": "https://example.org/x", "secret_env": "GATE_SECRET", "on": ["pass", "start"]},
                                                {"url_env": "SLACK_WEBHOOK_URL", "on": ["fail", "incomplete"]}]


def test_nobody_is_told_where_nothing_is_said(tmp_path: Path) -> None:
    assert settings(tmp_path, "").notify is None


@pytest.mark.parametrize(("hook", "said"), [
    ("{url: 'ftp://example.org'}", "it is no http or https address"), ("{url: 'https://'}", "it is no http or https address"),
    ("{url: 'https://me:pw12345@example.org'}", "it holds a password"), ("{}", "needs either `url` or `url_env`"),
    ("{url: 'https://a.b', url_env: A_TOKEN}", "needs either"), ("{url_env: PLAIN}", "`PLAIN` does not look like a secret"),
    ("{url: 'https://a.b', on: [sometimes]}", "sometimes"), ("{url: 'https://a.b', token_env: 'a b'}", "token_env"),
])
def test_what_cannot_work_is_refused_with_its_line(tmp_path: Path, hook: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, f"notify:\n  webhook:\n    - {hook}")
    assert said in str(caught.value)
    assert "gatekeeper.yaml:" in str(caught.value)


def test_the_local_file_adds_and_takes_nobody_away(tmp_path: Path) -> None:
    told = settings(tmp_path, "notify: {webhook: [{url: 'https://a.b'}]}", "notify: {desktop: true}").notify
    assert told == Notify(desktop=True, webhooks=(Webhook(url="https://a.b"),))
