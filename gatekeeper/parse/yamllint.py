"""`yamllint`: `standard` (a heading per file, then `LINE:COLUMN  LEVEL  text  (rule)`), `parsable` (`PATH:LINE:COLUMN: [LEVEL] text (rule)`)
and `github` (workflow commands). Columns are 1-based characters.

It ends with 1 for errors, with 2 for warnings under `--strict`, and says nothing when all is well or there is no file. A file that is no
YAML is an error of the rule `syntax`. Recorded from yamllint 1.38.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper.model.finding import Category, Finding, Parsed, RawOutput
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.grade import Place, Scribe, level_of
from gatekeeper.parse.meaning import Account, Ended, conclude, ended, finds_at
from gatekeeper.parse.place import relative
from gatekeeper.parse.text import decode, first_line, lines_of, silent

_PARSABLE = re.compile(r"^(?P<path>\S.*?):(?P<line>\d{1,9}):(?P<column>\d{1,9}): \[(?P<level>error|warning)\] (?P<text>.*?)(?: \((?P<rule>[\w-]+)\))?$")
_STANDARD = re.compile(r"^  (?P<line>\d{1,9}):(?P<column>\d{1,9}) +(?P<level>error|warning) +(?P<text>.*?)(?: +\((?P<rule>[\w-]+)\))?$")
_GITHUB = re.compile(r"^::(?P<level>error|warning) file=(?P<path>.+),line=(?P<line>\d{1,9}),col=(?P<column>\d{1,9})::\d+:\d+ (?:\[(?P<rule>[\w-]+)\] )?(?P<text>.*)$")
_SYNTAX = "syntax"
#: a wrong configuration, or a file that is not there
_REFUSED = 255


def parse(raw: RawOutput, exits: ExitSpec) -> Parsed:
    """Findings of yamllint."""
    scribe = Scribe.of(raw, "yamllint", Category.LINT)
    findings = tuple(_findings(raw, scribe, lines_of(decode(raw.stdout))))
    foreign = ended(raw, exits) is Ended.UNKNOWN and not findings and not silent(raw)
    error = "the output is not yamllint's" if foreign else first_line(decode(raw.stderr)) or None if raw.exit_code == _REFUSED else None
    return conclude(raw, finds_at(exits, 1, 2) if findings else exits, Account(findings=findings, error=error))


def _findings(raw: RawOutput, scribe: Scribe, lines: list[str]) -> Iterator[Finding]:
    heading = ""
    for line in lines:
        whole, part = _PARSABLE.match(line) or _GITHUB.match(line), _STANDARD.match(line)
        if whole:
            yield _finding(raw, scribe, whole, whole["path"])
        elif part and heading:
            yield _finding(raw, scribe, part, heading)
        elif line and not line.startswith((" ", "::")):
            heading = line


def _finding(raw: RawOutput, scribe: Scribe, match: re.Match[str], path: str) -> Finding:
    place = Place(file=relative(raw, path), line=int(match["line"]), column=int(match["column"]))
    return scribe.finding(match["text"], level_of(match["level"]), place, rule=match["rule"], category=Category.BUILD if match["rule"] == _SYNTAX else None)
