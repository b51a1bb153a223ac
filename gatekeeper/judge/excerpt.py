"""The lines that matter of one ended job, and the command that repeats it.

For formatters the diff, for tests each failing test, for linters the gravest findings, for what did not do its work the message and the last lines
that it said. Lines are raw text: whoever shows them makes them harmless (`model.sanitize`). Reads no file and knows no display.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from gatekeeper.model.finding import Category, Finding, Level, Severity, State, TestCase, TestOutcome
from gatekeeper.model.late import late
from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.model.tool import FailsAt
from gatekeeper.model.wording import count_text

DIFF_LINES = 40
FINDINGS = 10
TESTS = 10
TEST_DETAIL_LINES = 8
#: up to so many findings are shown with what the tool draws below them, each in so many lines
WITH_DETAIL = 3
DETAIL_LINES = 10
TAIL_LINES = 20
_TAIL_BYTES = 16_384
#: above this a command is repeated through Gatekeeper: nobody pastes five hundred file names
LONGEST_COMMAND = 2000

_LEVELS = {level: rank for rank, level in enumerate(Level)}
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
#: frames of JavaScript and Rust stacks; where it happened is in `file` and `line`
_STACK = late(r"\s+at .*[)\d]( \{)?$|\s*note: run with `RUST_BACKTRACE|stack backtrace:")
#: what npm says of itself and of the script that it starts
_CHATTER = late(r"npm (warn|notice)\b|> \S+@\S+ \S+$", re.IGNORECASE)
#: arguments that only make the output readable for us: a person who repeats the command wants to read it
_FOR_PROGRAMS = late(r"--(output-|message-)?(format|output|reporter)=(json[a-z-]*|junit)|--outputjson|--json")
_FORMAT_OPTIONS = frozenset({"--format", "--output-format", "--message-format", "--output", "--reporter", "-f", "-O"})
_THREADS = late(r"(THREADS|JOBS|WORKERS)$")


def excerpt(job: Job, result: Result, *, findings: int = FINDINGS) -> tuple[str, ...]:
    """The lines that a person needs to see of this result, at most `findings` findings; empty when the status alone says it."""
    parts = [*_said(result)]
    failing = tuple(test for test in result.tests if test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR})
    if failing:
        deciding = tuple(test for test in failing if test.counts)
        parts += _tests(deciding or failing)
        parts += _unshown([test for test in failing if not test.counts], "test") if deciding else []
    elif result.findings:
        counting = [finding for finding in result.findings if finding.counts]
        parts += _findings(gravest(counting or result.findings, job.fails_at), findings)
        parts += _unshown([finding for finding in result.findings if not finding.counts], "finding") if counting else []
    return tuple(parts)


def _unshown(spared: Sequence[Finding | TestCase], noun: str) -> list[str]:
    """How many do not count and why; they are shown only where nothing counts."""
    hidden = sum(one.state is State.SUPPRESSED for one in spared)
    known = len(spared) - hidden
    parts = (count_text(known, f"known {noun}") if known else "", count_text(hidden, f"suppressed {noun}") if hidden else "")
    return [f"... {' and '.join(part for part in parts if part)} {'is' if len(spared) == 1 else 'are'} not shown"] if spared else []


def _said(result: Result) -> list[str]:
    """What a tool that did not do its work left as message and last words."""
    if result.status in {Status.PASSED, Status.FAILED}:
        return []
    lines = result.message.splitlines()
    if result.status in {Status.ERRORED, Status.TIMED_OUT, Status.CANCELLED, Status.UNMEASURED}:
        tail = [line.rstrip() for line in result.tail.splitlines() if line.strip()][-TAIL_LINES:]
        lines += [line for line in tail if line.strip() not in lines]
    return lines


def last_words(stdout: bytes, stderr: bytes) -> str:
    """The last 20 lines with anything on them of what a tool said on standard error, else on standard output; for `Result.tail`.

    Only the end of the output is decoded, however long it is.
    """
    said = stderr if stderr.strip() else stdout
    text = said[-_TAIL_BYTES:].decode("utf-8", "replace")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-TAIL_LINES:])


def _tests(failing: Sequence[TestCase]) -> list[str]:
    lines: list[str] = []
    for test in failing[:TESTS]:
        lines.append(f"{_place(test.file, test.line, None)}{test_name(test)}: {test.message or test.outcome}{_spared(test)}")
        lines += _detail(test)
    return lines + _more(len(failing) - TESTS, "failing test")


def _detail(test: TestCase) -> list[str]:
    """The lines of a failing test's detail that say what went wrong.

    pytest marks them with `E` and `>`; a Python traceback ends with them; everything else begins with them and goes on with a stack.
    """
    lines = [line.rstrip() for line in (test.detail or "").splitlines() if line.strip() and not _STACK.match(line)]
    telling = [line for line in lines if line.startswith(("E  ", ">  "))] or lines
    said = _squeezed(test.message or "")
    telling = [line for line in telling if _squeezed(line.removeprefix("E")) not in {"", said}]
    kept = telling[-TEST_DETAIL_LINES:] if any(line.startswith("Traceback ") for line in lines) else telling[:TEST_DETAIL_LINES]
    return [f"    {line}" for line in kept]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_name(test: TestCase) -> str:
    """A test's name with its class where it has one."""
    return f"{test.classname}::{test.name}" if test.classname else test.name


def _findings(findings: Sequence[Finding], most: int) -> list[str]:
    diffs = [finding for finding in findings if finding.category is Category.FORMAT and finding.detail]
    if diffs and len(diffs) == len(findings):
        return _diff(diffs)
    lines: list[str] = []
    for finding in findings[:most]:
        lines.append(f"{finding_line(finding)}{_spared(finding)}")
        if len(findings) <= WITH_DETAIL:
            lines += _shown_detail(finding)
    return lines + _more(len(findings) - most, "finding")


def _spared(told: Finding | TestCase) -> str:
    """Why it does not count, where it does not."""
    match told.state:
        case State.UNCHANGED | State.MOVED:
            return " (known)"
        case State.SUPPRESSED:
            return " (suppressed)"
        case _:
            return ""


def _shown_detail(finding: Finding) -> list[str]:
    """What a compiler draws below its message begins with what matters; the output of a script, which has no place, ends with it."""
    said = _squeezed(finding.message)
    lines = [line.rstrip() for line in (finding.detail or "").splitlines() if _squeezed(line) not in {"", said} and not _CHATTER.match(line)]
    return [f"    {line}" for line in (lines[:DETAIL_LINES] if finding.file else lines[-DETAIL_LINES:])]


def _diff(findings: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    for number, finding in enumerate(findings):
        body = (finding.detail or "").rstrip("\n").splitlines()
        heading = [] if body and body[0].startswith(("---", "diff ")) else [finding_line(finding)]
        room = DIFF_LINES - len(lines) - len(heading)
        if room < 3:  # a heading without a line of its diff says nothing
            return lines + _more(len(findings) - number, "file")
        lines += heading + body[:room]
        if len(body) > room:
            return lines + _more(len(body) - room, "line") + _more(len(findings) - number - 1, "file")
    return lines


def gravest(findings: Iterable[Finding], fails_at: FailsAt = FailsAt.ANY) -> list[Finding]:
    """Findings with those that count and make the job fail first, then by level, severity and place."""
    limit = {FailsAt.ERROR: _LEVELS[Level.ERROR], FailsAt.WARNING: _LEVELS[Level.WARNING]}.get(fails_at, len(_LEVELS))
    return sorted(findings, key=lambda finding: (
        not finding.counts, _LEVELS[finding.level] > limit, _LEVELS[finding.level], _SEVERITIES[finding.severity], finding.file or "", finding.line or 0, finding.column or 0))


def finding_line(finding: Finding) -> str:
    """`file:line:column rule message`, without what is unknown; the first line of the message only."""
    first = finding.message.strip().splitlines()[0] if finding.message.strip() else "(no message)"
    rule = f"{finding.rule} " if finding.rule else ""
    return f"{_place(finding.file, finding.line, finding.column)}{rule}{first}"


def _place(file: str | None, line: int | None, column: int | None) -> str:
    if file is None:
        return ""
    return ":".join([file, *(str(number) for number in (line, column if line else None) if number is not None)]) + " "


def _more(number: int, noun: str) -> list[str]:
    return [f"... and {count_text(number, f'more {noun}')}"] if number > 0 else []


def repeat_command(job: Job, argv: Sequence[str] | None = None) -> str:
    """The command line, quoted for a POSIX shell and to be run at the root, that does what the job did.

    Arguments that only ask for our report file are left out, `{work}` becomes a fresh folder. Too long a line, and a job without a command of its
    own, are repeated through Gatekeeper.
    """
    words = [_quoted(word) for word in without_report(job.argv if argv is None else argv)]
    line = " ".join([*_environment(job), *words])
    if not words or (job.tool is not None and job.tool.source == "builtin") or len(line) > LONGEST_COMMAND:
        return f"gatekeeper run --only {shlex.quote(_literal(job.id))}"
    return line if job.cwd in {"", "."} else f"cd {shell_word(job.cwd)} && {line}"


def without_report(argv: Sequence[str]) -> list[str]:
    """`argv` without `--option={report}` and the pair `--option {report}`, and without what only asks for JSON in place of text."""
    kept: list[str] = []
    for before, word in zip(("", *argv), argv, strict=False):
        if before == "--json" and word == "-":  # where to, which goes with it
            continue
        if "{report}" in word:
            if not word.startswith("-") and len(kept) > 1 and kept[-1].startswith("-") and "=" not in kept[-1]:
                kept.pop()
        elif (word.startswith("json") and len(kept) > 1 and kept[-1] in _FORMAT_OPTIONS) or (word.startswith("junit_family=") and kept[-1] == "-o"):
            kept.pop()
        elif not _FOR_PROGRAMS.fullmatch(word):
            kept.append(word)
    return kept


#: an activated environment: the absolute path of the program says the same, and PATH would fill the line
_ACTIVATION = frozenset({"PATH", "VIRTUAL_ENV"})


def _environment(job: Job) -> list[str]:
    """What the tool needs in its environment to be the same tool; shares of the machine and places of ours are left out."""
    merged = {**(job.tool.env if job.tool else {}), **job.env}
    return [f"{name}={shlex.quote(value)}" for name, value in sorted(merged.items())
            if name not in _ACTIVATION and not _THREADS.search(name) and "{report}" not in value and "{work}" not in value]


def _quoted(word: str) -> str:
    parts = [shell_word(part) if part else "" for part in word.split("{work}")]
    return '"$(mktemp -d)"'.join(parts) or "''"


def shell_word(word: str) -> str:
    """One word as a POSIX shell (2024) reads it back: with `$'...'` where it holds what no terminal shows, such as newlines or bytes that are no text."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(_shown(char) for char in word)}'"


def _shown(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    raw = char.encode("utf-8", "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in raw)


def _literal(job_id: str) -> str:
    """A job id as a glob that matches only itself."""
    return re.sub(r"([\[*?])", r"[\1]", job_id)
