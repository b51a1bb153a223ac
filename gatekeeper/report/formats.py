"""The table of report formats, and the one way out: every report is made of a `Clean` record, from which the secrets were taken.

Adding a format is one module with `render(record) -> bytes`, one line here, one test. A format whose readers limit the size of a file
has `parts` as well, which gives as many files as they ask for. Knows no file and no format's details.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatekeeper.errors import UsageError
from gatekeeper.model.redaction import redacted
from gatekeeper.model.result import RunRecord
from gatekeeper.model.value import dataclass

Render = Callable[[RunRecord], bytes]
Parts = Callable[[RunRecord], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """A record without secrets, as `clean` gives it: made once for all reports of a run, because it looks at every text."""

    record: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A report format: its id, the file that it becomes in the run directory, a sentence for help texts, its module's renderer."""

    id: str
    file: str
    title: str
    load: Callable[[], Render]
    #: the same report in as many files as its readers ask for; None: they take any size
    parts: Callable[[], Parts] | None = None


def _junit_ci() -> Render:
    from gatekeeper.report.junit import render as found
    return found


def _junit_strict() -> Render:
    from gatekeeper.report.junit import render_strict as found
    return found


def _json() -> Render:
    from gatekeeper.report.summary import render as found
    return found


def _sarif() -> Render:
    from gatekeeper.report.sarif import render as found
    return found


def _sarif_parts() -> Parts:
    from gatekeeper.report.sarif import parts as found
    return found


def _code_scanning() -> Render:
    from gatekeeper.report.sarif import render_upload as found
    return found


def _code_scanning_parts() -> Parts:
    from gatekeeper.report.sarif import upload_parts as found
    return found


def _gitlab() -> Render:
    from gatekeeper.report.gitlab import render as found
    return found


def _checkstyle() -> Render:
    from gatekeeper.report.checkstyle import render as found
    return found


def _csv() -> Render:
    from gatekeeper.report.table import render as found
    return found


def _openmetrics() -> Render:
    from gatekeeper.report.openmetrics import render as found
    return found


def _metrics() -> Render:
    from gatekeeper.report.metrics import render as found
    return found


def _markdown() -> Render:
    from gatekeeper.report.markdown import render as found
    return found


def _html() -> Render:
    from gatekeeper.report.html import render as found
    return found


def _comment() -> Render:
    from gatekeeper.report.comment import render as found
    return found


def _github() -> Render:
    from gatekeeper.report.github import render as found
    return found


def _security() -> Render:
    from gatekeeper.report.topics import render_security as found
    return found


def _documentation() -> Render:
    from gatekeeper.report.topics import render_documentation as found
    return found


def _analysis() -> Render:
    from gatekeeper.report.topics import render_analysis as found
    return found


FORMATS: Mapping[str, Format] = {entry.id: entry for entry in (
    Format(id="junit", file="junit.xml", title="JUnit XML: junit-ci where a CI is detected, junit-strict elsewhere", load=_junit_ci),
    Format(id="junit-ci", file="junit-ci.xml", title="JUnit XML with file and line, as CI systems read it best", load=_junit_ci),
    Format(id="junit-strict", file="junit-strict.xml", title="JUnit XML that is valid against the xUnit and the Ant schema", load=_junit_strict),
    Format(id="json", file="summary.json", title="the summary as JSON, schema 1", load=_json),
    Format(id="sarif", file="gatekeeper.sarif", title="everything that was found, and what could not look, as SARIF 2.1.0", load=_sarif, parts=_sarif_parts),
    Format(id="code-scanning", file="code-scanning.sarif", title="SARIF to upload to GitHub: of tools that did all of their work", load=_code_scanning,
           parts=_code_scanning_parts),
    Format(id="gitlab", file="gl-code-quality-report.json", title="GitLab code quality", load=_gitlab),
    Format(id="checkstyle", file="checkstyle.xml", title="findings by file as Checkstyle XML", load=_checkstyle),
    Format(id="csv", file="findings.csv", title="findings and failed tests as a table that is safe in spreadsheets", load=_csv),
    Format(id="openmetrics", file="metrics.prom", title="verdict, counts and times as OpenMetrics text", load=_openmetrics),
    Format(id="metrics", file="metrics.json", title="times, memory and counts as JSON", load=_metrics),
    Format(id="markdown", file="report.md", title="a page for people, as Markdown", load=_markdown),
    Format(id="html", file="report.html", title="a page for people, as one HTML file that needs no network", load=_html),
    Format(id="comment", file="comment.md", title="the body of a comment on a pull request, as Markdown with a hidden marker", load=_comment),
    Format(id="github", file="github.txt", title="annotations for GitHub Actions, as workflow commands", load=_github),
    Format(id="security", file="security.md", title="what audits and security scans found or could not look at, as Markdown", load=_security),
    Format(id="documentation", file="documentation.md", title="which documentation was built and what was wrong with it, as Markdown", load=_documentation),
    Format(id="analysis", file="analysis.md", title="what the project's analysis scripts found, as Markdown", load=_analysis),
)}


def format_of(format_id: str) -> Format:
    """The format with this id. Raises UsageError that names the known ones."""
    found = FORMATS.get(format_id)
    if found is None:
        raise UsageError(f"unknown report format {format_id!r}", hint=f"known formats: {', '.join(FORMATS)}")
    return found


def clean(record: RunRecord, secrets: tuple[str, ...] = ()) -> Clean:
    """The record without `secrets` and without whatever has the shape of one."""
    return Clean(record=redacted(record, secrets))


def render_files(format_id: str, of: Clean) -> tuple[bytes, ...]:
    """The report as its readers take it: one file, or several that together hold everything."""
    found = format_of(format_id)
    return (found.load()(of.record),) if found.parts is None else found.parts()(of.record)


def render(format_id: str, record: RunRecord, secrets: tuple[str, ...] = ()) -> bytes:
    """The report of a run in one piece, without `secrets` and without whatever has the shape of one."""
    return format_of(format_id).load()(clean(record, secrets).record)
