"""Suppressions hide what they name, while they hold, and never anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.judge.conclude import conclude
from gatekeeper.judge.inline import inline_suppressions
from gatekeeper.judge.suppress import Suppressing, ledger
from gatekeeper.model.finding import Finding, Parsed, State, SuppressionKind
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.settings import SuppressionRule
from gatekeeper.model.status import Meaning, Status
from gatekeeper.model.tool import OutputSpec
from tests.fakes.record import finding, job, plan

TODAY = "2026-11-20"
JOB = replace(job("ruff.lint", component="api"), output=OutputSpec(parser="ruff-json"))


def suppressing(*sources: tuple[str, str], rules: tuple[SuppressionRule, ...] = (), today: str = TODAY) -> Suppressing:
    texts = {name: text.encode() for name, text in sources}
    return Suppressing(today=today, rules=rules, comments=lambda file: inline_suppressions(file, texts.get(file, b"")), files=lambda: texts,
                       components=plan([]).components)


def applied(text: str, line: int = 1, rule: str = "F401", file: str = "api/main.py", today: str = TODAY) -> Finding:
    (found,) = suppressing((file, text), today=today).apply([finding(file=file, line=line, rule=rule)])
    return found


@pytest.mark.parametrize(("file", "text", "line"), [
    ("a.py", "import os  # gatekeeper: ignore[F401] kept for its effect", 1),
    ("a.py", "# gatekeeper: ignore[F401] kept\nimport os\n", 2),
    ("a.py", "# gatekeeper: ignore[E1] one\n# gatekeeper: ignore[F401] two\nimport os\n", 3),
    ("a.py", "import os  # noqa: X  # gatekeeper: ignore[E1, ruff/F401] both", 1),
    ("a.rs", "let a = 1; // gatekeeper: ignore[F401] why not", 1),
    ("a.ts", "/* gatekeeper: ignore[F401] why not */\nlet a;", 2),
    ("a.ts", "/**\n * gatekeeper: ignore[F401] why not\n */\nlet a;", 3),
    ("a.sql", "select 1 -- gatekeeper: ignore[F401] why not", 1),
    ("a.md", "<!-- gatekeeper: ignore[F401] why not -->\ntext", 2),
    ("a.py", "import os  # gatekeeper: ignore[F4*] a family", 1),
    ("a.py", "import os  # gatekeeper:ignore[ruff/*] a tool", 1),
])
def test_a_comment_hides_the_finding_beside_or_below_it(file: str, text: str, line: int) -> None:
    found = applied(text, line, file=file)
    assert found.state is State.SUPPRESSED
    assert found.suppression is not None
    assert found.suppression.kind is SuppressionKind.INLINE
    assert not found.counts


@pytest.mark.parametrize(("file", "text", "line"), [
    ("a.py", "import os  # gatekeeper: ignore[E501] another rule", 1),
    ("a.py", "import os  # gatekeeper: ignore[mypy/F401] another tool", 1),
    ("a.py", "import os  # gatekeeper: ignore[F401] here\nimport sys\n", 2),
    ("a.py", "# gatekeeper: ignore[F401] next line only\n\nimport os\n", 3),
    ("a.py", "text = '# gatekeeper: ignore[F401] no comment'", 1),
    ("a.py", 'text = """\n# gatekeeper: ignore[F401] no comment\n"""', 3),
    ("a.ts", 'let a = "// gatekeeper: ignore[F401] no comment"', 1),
    ("a.md", "write `# gatekeeper: ignore[F401] reason`", 1),
    ("a.py", "import os  # gatekeeper: ignored[F401] another word", 1),
])
def test_a_comment_hides_nothing_else(file: str, text: str, line: int) -> None:
    assert applied(text, line, file=file).counts


@pytest.mark.parametrize(("text", "fault"), [
    ("# gatekeeper: ignore because", "names no rule"),
    ("# gatekeeper: ignore[] because", "names no rule"),
    ("# gatekeeper: ignore[F401]", "gives no reason"),
    ("# gatekeeper: ignore[F401] owner=alice", "gives no reason"),
    ("# gatekeeper: ignore[F401] late until=2026-02-30", "is no date"),
    ("# gatekeeper: ignore[F401] late until=tomorrow", "is no date"),
    ("# gatekeeper: ignore[F401] late until=", "is no date"),
])
def test_what_cannot_be_read_hides_nothing_and_is_named(text: str, fault: str) -> None:
    assert applied(f"import os  {text}").counts
    told = ledger(suppressing(("api/main.py", f"import os  {text}")), plan([JOB]), [Result(job=JOB.id, status=Status.PASSED)], filtered=False)
    assert len(told.malformed) == 1
    assert told.malformed[0].startswith("api/main.py:1 ")
    assert fault in told.malformed[0]


def test_expiry_is_enforced_the_day_after() -> None:
    text = "import os  # gatekeeper: ignore[F401] until the move owner=alice until=2026-11-20"
    assert not applied(text, today="2026-11-20").counts
    assert applied(text, today="2026-11-21").counts
    told = ledger(suppressing(("api/main.py", text), today="2026-11-21"), plan([JOB]), [], filtered=False)
    assert told.expired == ("api/main.py:1 expired on 2026-11-20 (owner: alice)",)
    assert told.unused == ()


@pytest.mark.parametrize(("rule", "hides"), [
    (SuppressionRule(reason="r", rules=("F401",)), True),
    (SuppressionRule(reason="r", rules=("ruff/F*",), paths=("api/**",)), True),
    (SuppressionRule(reason="r", tools=("ruff",), components=("a*",)), True),
    (SuppressionRule(reason="r", paths=("api",)), True),
    (SuppressionRule(reason="r", rules=("F401",), paths=("web/**",)), False),
    (SuppressionRule(reason="r", tools=("mypy",)), False),
    (SuppressionRule(reason="r", components=("web",)), False),
    (SuppressionRule(reason="r", rules=("F401",), expires="2026-11-19"), False),
    (SuppressionRule(reason="r", rules=("F401",), expires="2026-11-20"), True),
])
def test_the_configuration_hides_what_every_word_of_it_names(rule: SuppressionRule, *, hides: bool) -> None:
    (found,) = suppressing(rules=(rule,)).apply([finding(file="api/main.py")])
    assert found.counts is not hides


def test_what_hides_nothing_is_named_where_all_that_could_use_it_ran() -> None:
    source = ("api/main.py", "import os  # gatekeeper: ignore[F401] for nothing")
    ran, broken = Result(job=JOB.id, status=Status.PASSED), Result(job=JOB.id, status=Status.ERRORED)
    rule = SuppressionRule(reason="r", rules=("X",), where="gatekeeper.yaml:3")
    assert ledger(suppressing(source, rules=(rule,)), plan([JOB]), [ran], filtered=False).unused == (
        "api/main.py:1 [F401] hides nothing", "gatekeeper.yaml:3 hides nothing")
    assert ledger(suppressing(source, rules=(rule,)), plan([JOB]), [broken], filtered=False).unused == ()
    assert ledger(suppressing(source, rules=(rule,)), plan([JOB]), [ran], filtered=True).unused == ()


def test_what_is_used_is_not_called_unused() -> None:
    means = suppressing(("api/main.py", "import os  # gatekeeper: ignore[F401] needed"))
    result = Result(job=JOB.id, status=Status.PASSED, findings=means.apply([finding(line=1)]))
    told = ledger(means, plan([JOB]), [result], filtered=False)
    assert (told.used, told.unused) == (1, ())


def test_a_job_whose_findings_are_all_suppressed_passes_though_its_tool_ended_badly() -> None:
    means = suppressing(("api/main.py", "import os  # gatekeeper: ignore[F401] needed"))
    hidden = Parsed(meaning=Meaning.FINDINGS, findings=means.apply([finding(line=1)]))
    result = conclude(JOB, Attempt(exit_code=1), hidden)
    assert (result.status, result.message) == (Status.PASSED, "1 finding in 1 file, all suppressed")
    both = Parsed(meaning=Meaning.FINDINGS, findings=means.apply([finding(line=1), finding(line=2)]))
    assert conclude(JOB, Attempt(exit_code=1), both).status is Status.FAILED


def test_suppressed_findings_do_not_excuse_an_output_that_was_cut_or_an_exit_code_of_another_kind() -> None:
    hidden = Parsed(meaning=Meaning.FINDINGS, findings=suppressing(("api/main.py", "import os  # gatekeeper: ignore[F401] needed")).apply([finding(line=1)]))
    assert conclude(JOB, Attempt(exit_code=1, dropped=10), hidden).status is Status.FAILED
    assert conclude(JOB, Attempt(exit_code=7), hidden).status is Status.FAILED


def test_a_comment_in_a_notebook_hides_nothing_and_is_named() -> None:
    source = b'{"cells": [{"source": [\n"import os  # gatekeeper: ignore[F401] shown to readers\\n"\n]}]}'
    (note,) = inline_suppressions("a.ipynb", source)
    assert (note.line, note.rules) == (2, ())
    assert note.fault is not None
    assert "notebook" in note.fault
