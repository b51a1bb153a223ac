from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gatekeeper.model.finding import Finding, State, Suppression, SuppressionKind
from gatekeeper.model.result import RunRecord
from gatekeeper.model.status import Status
from gatekeeper.report.html import asset, policy, render
from gatekeeper.report.html_tables import MOST_FINDINGS
from gatekeeper.report.html_text import link
from tests.fakes.nasty import TEXTS, nasty
from tests.fakes.record import finding, job, mixed, record, result

VOID = {"meta", "rect"}
TAGS = {"html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "h2", "span", "code", "nav", "ul", "li", "main", "b", "small", "section", "div",
        "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "details", "summary", "pre", "strong", "footer", "script"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "href", "rel", "id", "tabindex", "role", "aria-label", "aria-labelledby", "aria-hidden",
              "focusable", "scope", "data-key", "data-number", "data-pick", "viewbox", "preserveaspectratio", "x", "y", "width", "height"}


class Page(HTMLParser):
    """The page as a browser reads it: every tag with its attributes, in balance, and the texts of cells."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


RUNS = pytest.mark.parametrize("of", [mixed(), nasty(), record(())], ids=["mixed", "nasty", "empty"])


@RUNS
def test_the_page_is_made_of_nothing_but_its_own_tags_and_attributes(of: RunRecord) -> None:
    page = Page(render(of))
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= TAGS
    assert {name for _, attributes in page.tags for name in attributes} <= ATTRIBUTES
    assert len(page.values("id")) == len(set(page.values("id")))


@RUNS
def test_links_lead_inside_the_page_or_to_plain_addresses_that_learn_nothing(of: RunRecord) -> None:
    page = Page(render(of))
    for tag, attributes in page.tags:
        if "href" in attributes:
            assert tag == "a"
            assert re.match(r"#[a-z]+$", attributes["href"]) or ("noopener" in attributes["rel"] and re.match(r"https?://", attributes["href"]))
    assert {href[1:] for href in page.values("href") if href.startswith("#")} <= set(page.values("id"))


@pytest.mark.parametrize("address", [
    "javascript:alert(1)", "data:text/html,x", "//evil.invalid", "file:///etc/passwd", "https://a b", "https://x\n", 'https://x"onclick="y', " https://x",
    "https://x\u202e.invalid", "http://", "vbscript:x", *TEXTS])
def test_what_is_no_plain_address_is_no_link(address: str) -> None:
    assert link(address, "label") == "label"


def test_a_plain_address_is_a_link() -> None:
    assert link("https://docs.astral.sh/ruff/rules/x?a=1&b=2#c", "F401") == (
        '<a href="https://docs.astral.sh/ruff/rules/x?a=1&amp;b=2#c" rel="noopener noreferrer nofollow">F401</a>')


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    text = render(mixed()).decode()
    allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert allowed
    for name, kind in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in allowed[1]
    assert allowed[1].startswith("default-src 'none'; ")
    assert "unsafe" not in allowed[1]
    assert allowed[1] == policy(asset("page.css"), asset("page.js"))


def test_neither_style_nor_script_reaches_for_anything_outside_or_writes_markup() -> None:
    assert not re.search(r"url\(|@import|https?:", asset("page.css"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch|XMLHttp|https?:|</", asset("page.js"))


def test_every_text_of_the_corpus_is_shown_literally() -> None:
    shown = " ".join(Page(render(nasty())).texts)
    for text in TEXTS:
        if text.isprintable():
            assert " ".join(text.split()) in " ".join(shown.split())


def with_findings(*findings: Finding) -> RunRecord:
    lint = job()
    return record([(lint, result(lint, Status.FAILED, findings=findings))])


def test_verdict_conditions_failures_and_hints_are_there_without_a_script() -> None:
    shown = " ".join(Page(render(mixed())).texts)
    for text in ("FAIL", "3 blocking jobs failed", "api/main.py:3:1", "F401", "project dependencies are not installed", "npm ci", "assert 1 == 2",
                 "jobs/B2/stdout.log", "cd api && /v/bin/pytest -q"):
        assert text in shown


def test_sections_without_content_are_not_there() -> None:
    lint = job()
    anchors = Page(render(record([(lint, result(lint))]))).values("id")
    assert "jobs" in anchors
    assert not {"findings", "tests", "conditions", "compared", "unmeasured", "fixed"} & set(anchors)


def test_suppressed_findings_are_shown_with_their_reason_after_all_others_and_not_counted_in_the_chart() -> None:
    quiet = replace(finding("hushed"), state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.INLINE, reason="as agreed"))
    text = render(with_findings(quiet, replace(finding("loud"), state=State.NEW))).decode()
    assert text.index("loud") < text.index("hushed")
    assert "suppressed: as agreed" in text
    chart = text[text.index('id="severity"'):text.index('id="findings"')]
    assert chart.count("<rect") == 1


def test_a_page_of_fifty_thousand_findings_is_bounded_and_says_what_it_leaves_out() -> None:
    data = render(with_findings(*(finding(f"message {number}", line=number + 1) for number in range(50_000))))
    assert len(data) < 4_000_000
    assert f"{50_000 - MOST_FINDINGS:,} of 50,000 findings are left out here</strong>; summary.json has them all." in data.decode()
    assert "Findings (50,000)" in data.decode()


def test_bars_stay_inside_their_row_and_the_widest_fills_it() -> None:
    page = Page(render(mixed()))
    bars = [(float(one["x"]), float(one["width"])) for tag, one in page.tags if tag == "rect"]
    assert bars
    assert all(left >= 0 and width > 0 and left + width <= 1000.01 for left, width in bars)
    assert max(left + width for left, width in bars) == pytest.approx(1000.0)
