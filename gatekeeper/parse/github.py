"""Workflow commands for GitHub as linters print them: `::error file=F,line=L,col=C,endLine=L,endColumn=C,title=RULE::message`.

Biome's columns count characters, oxlint's (whose titles look like `plugin(rule)`) bytes. A clean run prints nothing, or the summary of
oxlint. Recorded from biome 1.9 to 2.6 and oxlint 0.18 and 1.94.
"""

from __future__ import annotations

import re

from gatekeeper.model.finding import Category, Finding, Level, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.biome_json import category_of, ended_badly
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended
from gatekeeper.parse.oxlint import kind_of, no_files
from gatekeeper.parse.place import Sources, relative
from gatekeeper.parse.text import decode, lines_of, without_noise

_COMMAND = re.compile(r"^::(?P<level>error|warning|notice)(?: (?P<properties>.*?))?::(?P<text>.*)$")
_PROPERTY = re.compile(r"(?:^|,)(?P<key>file|line|endLine|col|endColumn|title)=(?P<value>.*?)(?=,(?:file|line|endLine|col|endColumn|title)=|$)")
_OXLINT = re.compile(r"^(?:[\w@/-]+\([\w@/-]+\)|oxlint)$")
#: what oxlint gives as title where its parser speaks, and no rule
_NO_RULE = "oxlint"
_SUMMARY = re.compile(r"^(?:Found \d+ warnings? and \d+ errors?\.|Finished in \S+ on \d+ files? .*)$")
_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}
_ESCAPE = re.compile("|".join(_ESCAPES))


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings in workflow commands."""
    lines = [line for line in without_noise(lines_of(decode(raw.stdout))) if not _SUMMARY.match(line)]
    matches = [match for line in lines if (match := _COMMAND.match(line))]
    sources = Sources(raw)
    foreign = "the output holds no workflow commands" if lines and not matches and ended(raw, exits) is Ended.UNKNOWN else None
    return conclude(raw, exits, Account(findings=tuple(_finding(raw, sources, match) for match in matches), nothing=no_files(raw),
                                        error=foreign or (None if matches else ended_badly(raw))))


def _finding(raw: RawOutput, sources: Sources, match: re.Match[str]) -> Finding:
    told = {one["key"]: _plain(one["value"]) for one in _PROPERTY.finditer(match["properties"] or "")}
    rule, file = told.get("title"), relative(raw, told.get("file"))
    oxlint = bool(rule and _OXLINT.match(rule)) or "oxlint" in raw.tool
    rule = None if rule == _NO_RULE else rule
    scribe = Scribe.of(raw, "oxlint" if oxlint else "biome", Category.LINT)
    if rule == "format" and not oxlint:
        return scribe.unformatted(file)
    line, end_line, column, end_column = (_number(told.get(key)) for key in ("line", "endLine", "col", "endColumn"))
    prefix = f"{told.get('file')}:{line}:{column}: "
    if oxlint:
        column, end_column = sources.from_bytes(file, line, column), sources.from_bytes(file, end_line, end_column)
    level = level_of(match["level"], Level.INFO)
    return scribe.finding(_plain(match["text"]).removeprefix(prefix), level,
                          Place(file=file, line=line, column=column, end_line=end_line, end_column=end_column),
                          rule=rule, category=kind_of(rule, level) if oxlint else category_of(rule))


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
