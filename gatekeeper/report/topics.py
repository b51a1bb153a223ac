"""Pages on one topic of a run, for those who ask only for that: security, documentation, analysis. Knows no file.

A page is written for every run: where no job of the topic was planned it says so, because silence would read as "all is well".
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.model.finding import Category
from gatekeeper.model.plan import Job
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import markdown_code, markdown_text
from gatekeeper.model.status import Status
from gatekeeper.model.tool import Role
from gatekeeper.model.value import dataclass
from gatekeeper.model.wording import count_text
from gatekeeper.report.markdown import NOT_MEASURED, Pair, job_sections, joined, unmeasured_section
from gatekeeper.report.standing import table
from gatekeeper.report.summary import severity_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A page: its title, the roles of the jobs and the categories of the findings that belong on it, and what to say where none was planned."""

    title: str
    roles: frozenset[Role]
    categories: frozenset[Category] = frozenset()
    nothing: str


SECURITY = Topic(
    title="Security", roles=frozenset({Role.SECURITY, Role.DEPS}), categories=frozenset({Category.VULNERABILITY, Category.SECRET, Category.DEPENDENCY}),
    nothing="No security or dependency job was planned: nothing was audited.")
DOCUMENTATION = Topic(
    title="Documentation", roles=frozenset({Role.DOCS}), categories=frozenset({Category.DOCUMENTATION}),
    nothing="No documentation job was planned: no documentation tool is configured, or it is not in the scope of this run.")
ANALYSIS = Topic(
    title="Analysis", roles=frozenset({Role.ANALYSIS}),
    nothing="No analysis script was planned: name them under `tasks:` in gatekeeper.yaml.")


def render_security(record: RunRecord) -> bytes:
    """What audits and scans found, and what they could not look at."""
    return render_topic(record, SECURITY)


def render_documentation(record: RunRecord) -> bytes:
    """Which documentation was built, and what was wrong with it."""
    return render_topic(record, DOCUMENTATION)


def render_analysis(record: RunRecord) -> bytes:
    """What the project's own analysis scripts found."""
    return render_topic(record, ANALYSIS)


TOPICS = {"security": SECURITY, "documentation": DOCUMENTATION, "analysis": ANALYSIS}


def has_nothing(format_id: str, record: RunRecord) -> bool:
    """Whether this format is a page on a topic that no job of the run belongs to."""
    topic = TOPICS.get(format_id)
    return topic is not None and not any(_belongs(pair, topic) for pair in record.pairs())


def render_topic(record: RunRecord, topic: Topic) -> bytes:
    """One topic's page as UTF-8 Markdown."""
    pairs = [pair for pair in record.pairs() if _belongs(pair, topic)]
    looked = [pair for pair in pairs if pair[1].status not in NOT_MEASURED and (pair[1].findings or pair[1].tests or pair[1].status is not Status.PASSED)]
    missed = [pair for pair in pairs if pair[1].status in NOT_MEASURED]
    return joined((_head(record, topic, pairs), _overview(pairs), job_sections("What was found", looked), unmeasured_section(missed)))


def _belongs(pair: Pair, topic: Topic) -> bool:
    job, result = pair
    return job.role in topic.roles or any(finding.category in topic.categories for finding in result.findings)


def _head(record: RunRecord, topic: Topic, pairs: list[Pair]) -> Iterator[str]:
    yield f"# {topic.title}"
    yield ""
    if not pairs:
        yield topic.nothing
        return
    findings = [finding for _, result in pairs for finding in result.findings]
    counted = ", ".join(f"{number} {severity}" for severity, number in severity_counts(findings).items())
    blind = sum(result.status in NOT_MEASURED for _, result in pairs)
    yield f"{_sentence(len(pairs), len(findings), counted, blind)} Run {markdown_code(record.run_id)}, {markdown_text(record.started_at)}."


def _sentence(jobs: int, findings: int, counted: str, blind: int) -> str:
    found = f"{count_text(findings, 'finding')} ({counted})" if counted else count_text(findings, "finding")
    return f"{count_text(jobs, 'job')}, {found}" + (f"; {count_text(blind, 'job')} could not look." if blind else ".")


def _overview(pairs: list[Pair]) -> Iterator[str]:
    if pairs:
        yield from table(["job", "status", "findings", "says", "tool"], [
            [markdown_code(job.id), result.status, str(len(result.findings)), markdown_text(result.message), _version(job)] for job, result in pairs])


def _version(job: Job) -> str:
    return markdown_text(f"{job.tool_id} {job.tool.version or ''}".strip() if job.tool else job.tool_id)
