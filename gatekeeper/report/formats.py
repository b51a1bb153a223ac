"""The table of report formats, and the one way out: every report leaves through `render`, which takes the secrets out first.

Adding a format is one module with `render(record) -> bytes`, one line here, one test. Knows no file and no format's details.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gatekeeper.errors import UsageError
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import redacted

Render = Callable[[RunRecord], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A report format: its id, the file that it becomes in the run directory, a sentence for help texts, its module's renderer."""

    id: str
    file: str
    title: str
    load: Callable[[], Render]


def _junit() -> Render:
    from gatekeeper.report.junit import render as found  # junit-xml is only imported where it is used
    return found


def _junit_strict() -> Render:
    from gatekeeper.report.junit import render_strict as found
    return found


def _json() -> Render:
    from gatekeeper.report.summary import render as found
    return found


def _metrics() -> Render:
    from gatekeeper.report.metrics import render as found
    return found


def _markdown() -> Render:
    from gatekeeper.report.markdown import render as found
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
    Format(id="junit", file="junit.xml", title="JUnit XML with file and line, as CI systems read it best", load=_junit),
    Format(id="junit-strict", file="junit-strict.xml", title="JUnit XML that is valid against the xUnit and the Ant schema", load=_junit_strict),
    Format(id="json", file="summary.json", title="the summary as JSON, schema 1", load=_json),
    Format(id="metrics", file="metrics.json", title="times, memory and counts as JSON", load=_metrics),
    Format(id="markdown", file="report.md", title="a page for people, as Markdown", load=_markdown),
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


def render(format_id: str, record: RunRecord, secrets: tuple[str, ...] = ()) -> bytes:
    """The report of a run in this format, without `secrets` and without whatever has the shape of one."""
    return format_of(format_id).load()(redacted(record, secrets))
