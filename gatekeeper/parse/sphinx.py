"""`sphinx-build`: warnings `PATH:LINE: WARNING: message [type]` on standard error (or in the `-w` file), with lines of context below.

autodoc adds `:docstring of NAME` to the path. A build that fails only because inventories of other projects could not be fetched says
nothing about the documentation: it measured nothing. An extension or configuration error ends with 2 and checks nothing. Recorded from
sphinx 9.0.4.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Extra, Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import blocks, decode, lines_of

_LINE = re.compile(r"^(?:(?P<path>[^\s:][^:]*)(?::docstring of (?P<name>[^:\s]+))?(?::(?P<line>\d{1,9}|<\w+>))?: )?"
                   r"(?P<level>WARNING|ERROR|CRITICAL|SEVERE): (?P<text>.*)$")
_TYPE = re.compile(r" ?\[(?P<rule>[a-z][\w-]*(?:\.[\w-]+)*)\]$")
_FAILED = re.compile(r"^(?:Extension error|Configuration error|Application error|Theme error|Exception occurred|Sphinx error|Config directory|Could not import)", re.MULTILINE)
_RAISED = re.compile(r"^[ \t]*(?:[\w.]+\.)?\w+Error: (\S.*)$", re.MULTILINE)
_UNREACHED = re.compile(r"failed to reach any of the inventories|intersphinx inventory .* not fetchable")
_DONE = re.compile(r"^(?:build succeeded|build finished with problems|The HTML pages are in)", re.MULTILINE)


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Warnings of a documentation build."""
    scribe, said = Scribe.of(raw, "sphinx", Category.DOCUMENTATION), decode(raw.stderr)
    told = decode(raw.report) if raw.report and raw.report.strip() else said
    findings = tuple(_finding(raw, scribe, lines) for lines in blocks(lines_of(told), _LINE))
    error = _error(raw, exits, said, findings)
    if ended(raw, exits) is Ended.FINDINGS and _is_offline(findings):
        return conclude(raw, exits, Account(nothing="inventories of other projects (intersphinx) could not be fetched", error=error))
    return conclude(raw, exits, Account(findings=findings, error=error))


def _is_offline(findings: tuple[Finding, ...]) -> bool:
    """Whether all warnings are inventories out of reach and references that those would have resolved."""
    left = [finding for finding in findings if not _UNREACHED.search(finding.message)]
    return len(left) < len(findings) and all((finding.rule or "").startswith("ref.") for finding in left)


def _finding(raw: RawOutput, scribe: Scribe, lines: list[str]) -> Finding:
    match, rest = _LINE.match(lines[0]), [line for line in lines[1:] if line.strip()]
    assert match is not None
    kind = _TYPE.search(match["text"]) or (_TYPE.search(rest[-1]) if rest else None)
    line = int(match["line"]) if match["line"] and match["line"].isdigit() else None
    return scribe.finding(_TYPE.sub("", match["text"]), level_of({"SEVERE": "error"}.get(match["level"], match["level"])),
                          Place(file=relative(raw, match["path"]), line=None if match["name"] else line), rule=kind["rule"] if kind else None,
                          extra=Extra(detail="\n".join(lines).rstrip() if rest or match["name"] else None))


def _error(raw: RawOutput, exits: ExitSpec, said: str, findings: tuple[Finding, ...]) -> str | None:
    failed = _FAILED.search(said)
    if failed:
        raised = _RAISED.findall(said)
        return f"{failed[0].lower()}: {raised[-1]}" if raised else next(line for line in lines_of(said[failed.start():]) if line.strip())
    foreign = (raw.stdout.strip() or said.strip()) and not findings and not _DONE.search(decode(raw.stdout))
    return "the output is not sphinx's" if foreign and ended(raw, exits) is Ended.UNKNOWN else None
