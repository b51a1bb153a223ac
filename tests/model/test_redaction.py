"""Secrets in every shape and form are taken out of texts and values, and nothing else is."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.model import redaction
from gatekeeper.model.occurring import occurring
from gatekeeper.model.status import Status
from tests.fakes.record import NASTY, finding, job, result

SECRET = "s3cr3t/with+odd&chars"


@pytest.mark.parametrize("secret", [
    "ghp_" + "a1B2" * 9, "github_pat_" + "a1B2" * 6, "glpat-" + "a1B2" * 5, "AKIA" + "ABCDEFGH12345678", "xoxb-123456789012-abcdef", "sk-proj-" + "a1B2" * 6,
    "npm_" + "a1B2" * 9, "AIza" + "a1B2c" * 7, "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz0123456789\n",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQdGBGabcdefghijklmnop\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\\nAAAA\\n-----END OPENSSH PRIVATE KEY-----",
    "glrt-" + "a1B2" * 5, "glptt-" + "a1B2" * 8, "xapp-1-A0123456789-0123456789", "sk_live_" + "a1B2" * 5, "rk_test_" + "a1B2" * 5, "whsec_" + "a1B2" * 8,
    "SG." + "a1B2" * 5 + "." + "a1B2" * 8, "hf_" + "a1B2" * 9, "dop_v1_" + "a1b2" * 16, "dckr_pat_" + "a1B2" * 6, "shpat_" + "a1b2" * 8, "GOCSPX-" + "a1B2" * 6,
    "ya29." + "a1B2" * 8, "sk-ant-api03-" + "a1B2" * 8, "ghs_" + "a1B2" * 9,
])
def test_well_known_shapes_of_secrets_are_taken_out(secret: str) -> None:
    assert redaction.redact(f"before {secret} after") in {"before *** after", "before ***\n after"}


@pytest.mark.parametrize(("text", "left"), [
    ("https://user:pw@host/x", "https://***@host/x"), ("https://abcdefghijklmnop1234@host/x", "https://***@host/x"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
    ('{"authorization": "Basic dXNlcjpwYXNz"}', '{"authorization": "Basic ***"}'), ("AUTHORIZATION: token abc", "AUTHORIZATION: token ***"),
    ("X-Api-Key: 0123456789abcdef01", "X-Api-Key: ***"), ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPx", "aws_secret_access_key = ***"),
    ("AccountName=a;AccountKey=abc123abc123abc123==;Suffix=b", "AccountName=a;AccountKey=***;Suffix=b"),
    ("//registry.invalid/:_authToken=0123456789abcdef", "//registry.invalid/:_authToken=***"),
    ("postgres://me:pw@db/x and redis://:pw@cache", "postgres://***@db/x and redis://***@cache"),
    ("the end\nMIIEabcdefghijklmnopqrstuvwxyz0123\nQUJD\n-----END RSA PRIVATE KEY-----\nmore", "the end\n***\nmore"),
])
def test_credentials_in_urls_and_headers_are_taken_out_and_the_rest_stays(text: str, left: str) -> None:
    assert redaction.redact(text) == left


@pytest.mark.parametrize("text", [
    "ssh://git@github.com/a/b", "https://docs.example.org/a:b@c", "task-execution-engine-with-a-long-name-1", "risk-assessment2026-report-final",
    "see https://example.org and mail a@b.org", "ghp_short", "xoxo", "-----BEGIN CERTIFICATE-----", "the header x-api-key: required-by-the-server",
    "secret_access_key: str", "class hf_model_with_a_rather_long_name_indeed_yes", "SG.module.name", "word\n-----END CERTIFICATE-----", "angle-brackets and single-quotes",
    "Authorization: Bearer", "AKIAs are keys", "eyJ is how they begin", "npm_config_registry", "0x" + "ab" * 32, "sha256-" + "A1b2" * 11,
])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redaction.redact(text) == text


def test_secret_values_come_from_names_that_look_secret_and_are_found_in_every_encoding() -> None:
    environment = {"MY_API_KEY": SECRET, "GITHUB_TOKEN": "true", "HOME": "/home/me/here", "PASSWORD_FILE": "/run/secrets/password", "SSH_AUTH_SOCK": "/tmp/ssh-12345"}
    secrets = redaction.secret_values(environment)
    encoded = base64.b64encode(SECRET.encode()).decode()
    for form in (SECRET, quote(SECRET, safe=""), encoded):
        assert redaction.redact(f"x {form} y", secrets) in {"x *** y", "x ***= y", "x ***== y"}
    text = "true /home/me/here /run/secrets/password /tmp/ssh-12345"
    assert redaction.redact(text, secrets) == text


@pytest.mark.parametrize("form", [
    SECRET, quote(SECRET), quote(SECRET, safe=""), quote(SECRET, safe="").lower(), json.dumps(SECRET), json.dumps(json.dumps(SECRET)), SECRET.encode().hex(),
    SECRET.encode().hex().upper(), SECRET.replace("&", "&amp;"), *(base64.b64encode(before + SECRET.encode() + after).decode()
                                                                 for before in (b"", b"u:", b"me:", b"you:") for after in (b"", b"!", b"!!", b"!!!")),
    base64.urlsafe_b64encode(b"user:" + SECRET.encode()).decode(),
])
def test_a_secret_is_found_in_every_form_that_programs_write_it_in(form: str) -> None:
    secrets = redaction.secret_values({"MY_API_KEY": SECRET})
    for text in (f"x {form} y", f"{form}\n" * 500):
        left = redaction.redact(text, secrets)
        assert SECRET not in left
        assert "***" in left
        assert len(left) < len(text) - text.count(form) * len(SECRET) / 2


@pytest.mark.parametrize(("name", "value", "secret"), [
    ("DATABASE_URL", "postgres://me:s3cretpassword@db/x", "s3cretpassword"), ("HTTP_PROXY", "http://u:proxy-password@p:1", "proxy-password"),
    ("GIT_CONFIG_VALUE_0", "AUTHORIZATION: basic eC1hY2Nlc3M6YWJj", "eC1hY2Nlc3M6YWJj"), ("DEPLOY_KEY", "abcdefgh1234", "abcdefgh1234"),
    ("WALLET_MNEMONIC", "test test test junk", "test test test junk"), ("MY_JWT", "abcd.efgh.ijkl", "abcd.efgh.ijkl"), ("DB_PWD", " padded-secret\n", "padded-secret"),
    ("SERVICE_CREDENTIALS", '{\n  "private_key_id": "0123456789abcdef"\n}', '"private_key_id": "0123456789abcdef"')])
def test_secrets_are_known_by_the_name_of_their_variable_or_by_where_they_stand_in_its_value(name: str, value: str, secret: str) -> None:
    assert redaction.redact(f"said {secret} aloud", redaction.secret_values({name: value})) == "said *** aloud"


@pytest.mark.parametrize("name", ["TOKENIZERS_PARALLELISM", "CACHE_KEY", "PUBLIC_KEY", "SORT_KEY", "AUTHOR", "COMPASS", "PATH_INFO", "SECRET_FILE", "PWD"])
def test_names_that_only_resemble_secrets_blacken_nothing(name: str) -> None:
    assert redaction.redact("/an/ordinary/value", redaction.secret_values({name: "/an/ordinary/value"})) == "/an/ordinary/value"


@given(st.text() | st.sampled_from(NASTY), st.text(min_size=8).filter(str.strip))
def test_no_secret_survives_whatever_stands_around_it(text: str, secret: str) -> None:
    secrets = redaction.secret_values({"A_TOKEN": secret})
    assert all(form not in redaction.redact(f"{text}{secret}{text}", secrets) for form in secrets if "*" not in form)


@pytest.mark.performance
@pytest.mark.parametrize("text", ["QUJD" * 19 + "\n", "-----BEGIN PRIVATE KEY-----\n", "a:", "://", "gl-key", "x-api-key: ", "eyJ"])
def test_the_cost_of_redaction_grows_with_the_text_and_not_faster(text: str) -> None:
    def cost(number: int) -> float:
        started = time.process_time()
        redaction.redact(text * number + " ://-----END RSA PRIVATE KEY-----", ("hunter2hunter2",))
        return time.process_time() - started

    cost(100)
    assert cost(40_000) < 40 * max(cost(4_000), 0.005)


_PIECES = st.sampled_from([*(mark for mark, _ in redaction._SHAPES), "ghp_" + "a1B2" * 9, "x-api-key: 0123456789abcdef01", "https://user:pw@host/x", SECRET, "two\nlines", "a***b",
                           "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz\n", "MIIEabcdefghijklmnopqrstuvwxyz0123\n", "-----END RSA PRIVATE KEY-----", "-----END",
                           "\n", " ", "gh", "-", "--", "_", "e", "\u00e9", "\u2713", "\udcff", "\r", "a", "b", "two", "\nlines"])


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_a_long_text_loses_what_a_short_one_does(text: str) -> None:
    secrets = (SECRET, "two\nlines", "a***b", "\u2713\u2713")
    assert redaction._redact_long(text, secrets) == redaction._redact(text, secrets)


@given(st.lists(_PIECES | st.text("gh-_p\nx", max_size=9), max_size=25).map("".join), st.integers(1, 40))
def test_what_occurs_in_a_long_text_is_found_however_it_is_cut(text: str, size: int) -> None:
    words = {"gh", "gl", "-", "--", "-e", "_", "ghp_", "e\u2713", "\udcff", "pp", "x"}
    assert occurring(words, text, size) == {word for word in words if word in text}


@pytest.mark.parametrize("flood", ["x" * 3_000_000, "y\n" * 1_500_000, ("WARN: old_package-1.0: see https://example.org/GH-12 Just\n" * 50_000),
                                   "".join(f"{number} [INFO] pkg_{number % 7}: a-b\n" for number in range(100_000))], ids=["one line", "short lines", "one warning", "a log"])
def test_a_flood_keeps_everything_but_its_secrets(flood: str) -> None:
    assert redaction.redact(flood) == flood
    assert redaction.redact(f"{flood} ghp_{'a1B2' * 9}\n{flood}{SECRET} {flood}", (SECRET,)) == f"{flood} ***\n{flood}*** {flood}"


def test_a_model_value_is_redacted_through_and_through_and_otherwise_equal() -> None:
    secrets = (SECRET,)
    of = job(argv=("/bin/x", SECRET))
    clean = result(of, Status.FAILED, findings=[finding()])
    assert redaction.redacted(clean, secrets) is clean
    dirty = redaction.redacted(result(of, Status.FAILED, findings=[finding(f"a {SECRET}")], tail=SECRET), secrets)
    assert dirty.findings[0].message == "a ***"
    assert dirty.tail == "***"
    assert dirty.status is Status.FAILED
    assert redaction.redacted(of, secrets).argv == ("/bin/x", "***")
    assert redaction.redacted({f"{SECRET}.txt": [SECRET]}, secrets) == {"***.txt": ["***"]}
