"""What a run found, as one list for the formats that know nothing but findings: findings, and tests that failed told as findings.

Knows no format. Findings that are fixed are no finding of this run and left out; suppressed and unchanged ones stay, with their state.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.judge.excerpt import test_name
from gatekeeper.model.finding import Category, Finding, Level, Severity, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result, RunRecord
from gatekeeper.model.value import dataclass

#: rules of the findings that tell of tests
TEST_RULES = {TestOutcome.FAILED: "test-failed", TestOutcome.ERROR: "test-error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A finding with the job that found it; `test` where it tells of a test that failed."""

    job: Job
    finding: Finding
    test: TestCase | None = None


def issues(record: RunRecord) -> Iterator[Issue]:
    """All findings and failing tests of a run, in the order of the plan and of each tool."""
    for job, result in record.pairs():
        yield from issues_of(job, result)


def issues_of(job: Job, result: Result) -> Iterator[Issue]:
    """The findings and failing tests of one job."""
    for finding in result.findings:
        if finding.state is not State.FIXED:
            yield Issue(job=job, finding=finding)
    for test in result.tests:
        if test.outcome in TEST_RULES and test.state is not State.FIXED:
            yield Issue(job=job, finding=_told(job, test), test=test)


def _told(job: Job, test: TestCase) -> Finding:
    name = test_name(test)
    return Finding(tool=job.tool_id, message=f"{name}: {test.message}" if test.message else name, level=Level.ERROR, severity=Severity.HIGH,
                   category=Category.TEST, file=test.file, line=test.line, rule=TEST_RULES[test.outcome], detail=test.detail, state=test.state)


def rule_of(finding: Finding) -> str:
    """The rule, for formats that demand one: where the tool names none, the category is."""
    return finding.rule if finding.rule and not finding.rule.isspace() else finding.category.value


def cut(text: str, longest: int) -> str:
    """`text` with at most `longest` characters of its own, and how many are missing."""
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text) - longest} more characters)"
