"""What an exit code and an output say together.

Knows the five meanings; does not know any format, nor whether findings block.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

from gatekeeper.model.component import Problem
from gatekeeper.model.finding import Finding, Metric, Parsed, RawOutput, TestCase, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import dataclass, replace
from gatekeeper.parse.text import complaint, legible

_LONGEST_MESSAGE = 500


class Ended(Enum):
    """What the exit code alone says."""

    UNKNOWN = auto()
    CLEAN = auto()
    FINDINGS = auto()
    NOTHING = auto()
    BROKEN = auto()


def ended(raw: RawOutput, exits: ExitSpec) -> Ended:
    """The exit code as the catalogue explains it; a code in none of the sets is an error."""
    code = raw.exit_code
    if code is None:
        return Ended.UNKNOWN
    if code in exits.clean:
        return Ended.CLEAN
    if code in exits.findings:
        return Ended.FINDINGS
    return Ended.NOTHING if code in exits.nothing else Ended.BROKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a parser read. `error`: the output itself says that work was not done. `nothing`: it says that nothing was checked."""

    findings: tuple[Finding, ...] = ()
    tests: tuple[TestCase, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str | None = None
    nothing: str | None = None
    facts: object = None
    metrics: tuple[Metric, ...] = ()


def conclude(raw: RawOutput, exits: ExitSpec, account: Account) -> Parsed:
    """The meaning: an error in the output, then findings, then the exit code, then an empty check."""
    found = bool(account.findings) or any(test.outcome in {TestOutcome.FAILED, TestOutcome.ERROR} for test in account.tests)
    error = account.error or _exit_error(raw, ended(raw, exits), found=found, nothing=account.nothing)
    if error is not None:
        meaning, message = (Meaning.FINDINGS_AND_TOOL_ERROR if found else Meaning.TOOL_ERROR), error
    elif found:
        meaning, message = Meaning.FINDINGS, None
    elif account.nothing is not None or ended(raw, exits) is Ended.NOTHING:
        meaning, message = Meaning.NOTHING_CHECKED, account.nothing or complaint(raw) or "nothing was checked"
    else:
        meaning, message = Meaning.CLEAN, None
    return Parsed(meaning=meaning, findings=_unique(account.findings), tests=account.tests, problems=account.problems,
                  message=legible(message[:_LONGEST_MESSAGE]) if message else None, facts=account.facts, metrics=account.metrics)


def idle_at(exits: ExitSpec, *codes: int) -> ExitSpec:
    """`exits`, with codes that by the format's own rules mean that there was nothing to do."""
    return replace(exits, nothing=exits.nothing | set(codes))


def finds_at(exits: ExitSpec, *codes: int) -> ExitSpec:
    """`exits`, with codes that by the format's own rules go with findings."""
    return replace(exits, findings=exits.findings | set(codes))


def failed(raw: RawOutput, reason: str) -> Parsed:
    """The tool did not do its work; what it said itself comes before `reason` when it ended badly."""
    said = complaint(raw) if raw.exit_code else None
    return Parsed(meaning=Meaning.TOOL_ERROR, message=legible((said or reason)[:_LONGEST_MESSAGE]))


def _exit_error(raw: RawOutput, end: Ended, *, found: bool, nothing: str | None) -> str | None:
    match end:
        case Ended.UNKNOWN | Ended.CLEAN | Ended.NOTHING:
            return None
        case Ended.BROKEN:
            return complaint(raw) or f"exit code {raw.exit_code}"
        case Ended.FINDINGS:
            return None if found or nothing is not None else complaint(raw) or f"exit code {raw.exit_code} and no finding in the output"
        case _ as never:
            assert_never(never)


def _unique(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Without exact repetitions, in the order in which they came."""
    return tuple(dict.fromkeys(findings))
