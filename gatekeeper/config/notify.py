"""`notify` of gatekeeper.yaml as a value: who is told how a run went. The schema has checked the shapes before; sends nothing.

    notify: {desktop: true, webhook: [{url_env: SLACK_WEBHOOK_URL, on: [fail]}, {url: "https://ci.example.org/gate", secret_env: GATE_SECRET}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from gatekeeper.config.document import Document
from gatekeeper.errors import ConfigError
from gatekeeper.model.redaction import is_hidden
from gatekeeper.model.settings import Notify, Webhook

_SECRETS = ("url_env", "token_env", "secret_env")


def notify_of(document: Document) -> Notify:
    """What the document says. Raises ConfigError for an address that is none, and for a variable that jobs would see."""
    said = cast("Mapping[str, object]", document.value["notify"])
    hooks = cast("Sequence[Mapping[str, object]]", said.get("webhook", ()))
    return Notify(desktop=bool(said.get("desktop", False)), webhooks=tuple(_webhook(document, f"notify/webhook/{index}", hook) for index, hook in enumerate(hooks)))


def notify_document(notify: Notify) -> dict[str, object]:
    """The way back."""
    hooks = [{name: value for name, value in (("url", hook.url), *((name, getattr(hook, name)) for name in _SECRETS)) if value} | {"on": list(hook.on)}
             for hook in notify.webhooks]
    return {"desktop": notify.desktop, "webhook": hooks}


def _webhook(document: Document, path: str, said: Mapping[str, object]) -> Webhook:
    names = {name: str(said.get(name, "")) for name in _SECRETS}
    url = str(said.get("url", ""))
    if bool(url) == bool(names["url_env"]):
        raise ConfigError(f"{document.place(path)}: notify.webhook: needs either `url` or `url_env`")
    fault = _fault(url) if url else None
    if fault is not None:
        raise ConfigError(f"{document.place(f'{path}/url')}: notify.webhook.url: {fault}")
    for key, name in names.items():
        if name and not is_hidden(name):
            raise ConfigError(f"{document.place(f'{path}/{key}')}: notify.webhook.{key}: `{name}` does not look like a secret, so jobs would see it",
                              hint="give the variable a name with TOKEN, SECRET or WEBHOOK in it")
    return Webhook(url=url, on=tuple(cast("Sequence[str]", said["on"])) if "on" in said else Webhook().on, **names)


def _fault(url: str) -> str | None:
    from urllib.parse import urlsplit  # lazy: only who names a webhook pays 3 ms

    try:
        parts = urlsplit(url)
    except ValueError as error:
        return str(error)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable() or " " in url:
        return "it is no http or https address"
    return "it holds a password: put the address into a variable (url_env), or the password into one (token_env)" if "@" in parts.netloc else None
