from __future__ import annotations

from gatekeeper.model.finding import Category
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.report.topics import render_analysis, render_documentation, render_security
from tests.fakes.record import finding, hostile, job, record, result


def test_the_security_page_has_findings_and_what_could_not_look() -> None:
    audit = job("pip-audit.audit", role=Role.SECURITY, blocking=False)
    offline = job("npm.audit", component="web", role=Role.SECURITY, blocking=False)
    lint = job()
    page = render_security(record([
        (audit, result(audit, Status.FAILED, findings=[finding("CVE-2026-1 in jinja2", rule="CVE-2026-1", category=Category.VULNERABILITY)])),
        (offline, result(offline, Status.UNMEASURED, message="offline", hint="connect")), (lint, result(lint, Status.FAILED, findings=[finding()]))])).decode()
    assert page.startswith("# Security\n\n2 jobs, 1 finding (1 high); 1 job could not look. Run `20260102-030405-abcd`")
    assert "CVE-2026-1 in jinja2" in page
    assert "| `B2/npm.audit@web` | unmeasured | advisory | offline | `connect` |" in page
    assert "F401" not in page


def test_a_secret_found_by_a_linter_belongs_on_the_security_page() -> None:
    lint = job()
    page = render_security(record([(lint, result(lint, Status.FAILED, findings=[finding("a key", category=Category.SECRET)]))])).decode()
    assert "B2/ruff.lint@api" in page


def test_a_topic_without_jobs_says_that_nothing_was_looked_at() -> None:
    assert render_security(record(())) == b"# Security\n\nNo security or dependency job was planned: nothing was audited.\n"
    assert b"No documentation job was planned" in render_documentation(record(()))
    assert b"No analysis script was planned" in render_analysis(record(()))


def test_a_topic_page_shows_its_own_roles_only() -> None:
    docs, script = job("sphinx.build", role=Role.DOCS), job("contracts-sync.run", role=Role.ANALYSIS)
    of = record([(docs, result(docs)), (script, result(script))])
    assert b"sphinx.build" in render_documentation(of)
    assert b"contracts-sync" not in render_documentation(of)
    assert b"contracts-sync" in render_analysis(of)
    assert b"What was found" not in render_analysis(of)


def test_hostile_texts_stay_harmless_on_a_topic_page() -> None:
    text = render_security(hostile()).decode()
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
