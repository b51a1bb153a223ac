from __future__ import annotations

import re

from gatekeeper.model.status import Status
from gatekeeper.report.markdown import render
from tests.fakes.record import finding, hostile, job, mixed, record, result


def page() -> str:
    return render(mixed()).decode()


def section(title: str, text: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_verdict_comes_first() -> None:
    assert page().startswith("# FAIL\n\n3 blocking jobs failed\n")


def test_the_table_lists_each_batch_with_both_numbers_and_the_missed_target() -> None:
    rows = section("Batches", page())
    assert "| batch | total | completed | running | failed | blocked | pending | apart | time | target |" in rows
    assert "| beta Language validation | 9 | 0 | 0 | 5 | 2 | 0 | 1 unavailable, 1 skipped | 5m 01s | 5m 00s (missed) |" in rows
    assert all(f"| {name} " in rows for name in ("alpha", "beta", "gamma", "delta", "all"))


def test_failures_come_with_the_lines_that_matter_and_the_command() -> None:
    text = section("Failed", page())
    assert "api/main.py:3:1 F401 `os` imported but unused" in text
    assert "```diff\n--- web/app.js\n+++ web/app.js" in text
    assert "api/tests/test_sum.py:9 tests.test_sum::test_subtracts: assert 1 == 2" in text
    assert "INTERNAL ERROR\nlast words" in section("Could not do their work", page())
    assert "cd api && /v/bin/pytest -q" in text
    assert "bandit" not in text


def test_what_could_not_be_measured_is_named_with_what_to_do() -> None:
    text = section("Could not be measured", page())
    assert "| `B3/eslint.lint@web` | unavailable | blocking | project dependencies are not installed | `npm ci` |" in text
    assert "`B1/cargo.build@core`" in text
    assert "`D2/bench.run@api`" in text


def test_findings_with_which_a_blocking_job_passes_are_no_advice() -> None:
    lint = job()
    text = render(record([(lint, result(lint, Status.PASSED, findings=[finding()]))])).decode()
    assert "F401" in section("Passed with findings", text)
    assert "## Advice" not in text


def test_advice_tests_tools_notes_and_artifacts_have_their_sections() -> None:
    text = page()
    assert "bandit" in section("Advice (never red)", text)
    assert "| `B2/pytest.test@api` | 3 | 1 | 1 | 0 | 1 |" in section("Tests", text)
    assert "| ruff | 1.2.3 | project |" in section("Tools", text)
    assert "shallow clone: everything was run" in section("Notes", text)
    assert "| junit | `/repo/junit.xml` | 2.0 KB |" in section("Artifacts", text)


def test_sections_without_content_are_not_there() -> None:
    lint = job()
    text = render(record([(lint, result(lint))])).decode()
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["Batches", "Tools"]


def test_no_hostile_text_makes_markup_or_leaves_its_fence_or_cell() -> None:
    text = render(hostile()).decode()
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text)
    spans = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<script", spans)
    assert "@everyone" not in spans
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in section("Tools", text).splitlines() if line.startswith("|")}
    assert widths == {4}


def test_a_fence_in_a_finding_does_not_end_the_fence_around_it() -> None:
    lint = job()
    text = render(record([(lint, result(lint, Status.FAILED, findings=[finding("use ```` four", file=None, line=None, rule=None)]))])).decode()
    assert "`````text\nuse ```` four\n`````" in text
