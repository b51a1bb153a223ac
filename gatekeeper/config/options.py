"""Every option of `run` and `plan`, declared once as data.

The typer application, the lean parser, the environment variables, the schema of gatekeeper.yaml and the documentation
come from this table. Knows nothing of parsing or merging.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gatekeeper.model.component import Language
from gatekeeper.model.value import dataclass, field


class Kind(StrEnum):
    """What an option takes: nothing, one text, a number, a duration, a word of a list, or one text each time it is given."""

    SWITCH = "switch"
    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    CHOICE = "choice"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. `field` is that of Settings it sets, `value` what a switch sets it to.

    `variable` is its environment variable, `key` its key at the top of gatekeeper.yaml; None where it has none.
    """

    name: str
    flags: tuple[str, ...]
    kind: Kind
    field: str
    help: str
    value: bool | str = True
    metavar: str = ""
    choices: tuple[str, ...] = ()
    #: the largest number that makes sense
    most: int | None = None
    variable: str | None = None
    key: str | None = None
    verbs: tuple[str, ...] = ("run", "plan")

    @property
    def takes_value(self) -> bool:
        return self.kind is not Kind.SWITCH

    @property
    def flag(self) -> str:
        """The long flag, as messages name it."""
        return self.flags[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a command line said, unconverted: `given` holds the texts of each option by name (a switch has none).

    `files` are the names after `--`, None where there was no `--`.
    """

    path: str = "."
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] | None = None

    def has(self, name: str) -> bool:
        return name in self.given


LANGUAGES = tuple(str(language) for language in Language)
AUDIT_LEVELS = ("info", "low", "moderate", "high", "critical")
LOG_LEVELS = ("debug", "info", "warning", "error")
MODES = ("auto", "strict", "dry-run")
SERVICES = ("auto", "github", "gitlab", "off")
COLORS = ("auto", "always", "never")
TOOL_CHANGES = ("exempt", "count")
TRUSTS = ("tree", "base")

SCOPE = (
    Option(name="staged", flags=("--staged",), kind=Kind.SWITCH, field="scope", value="staged",
           help="Look only at files with staged changes."),
    Option(name="changed", flags=("--changed",), kind=Kind.SWITCH, field="scope", value="changed",
           help="Look only at files that differ from the upstream, else from the default branch."),
    Option(name="since", flags=("--since",), kind=Kind.TEXT, field="since", metavar="REF",
           help="Look only at files that differ from the merge-base with REF."),
    Option(name="files_from", flags=("--files-from",), kind=Kind.TEXT, field="files", metavar="FILE|-",
           help="Look only at the files named in FILE (or on standard input), separated by NUL."),
)
FILTERS = (
    Option(name="pipeline", flags=("--pipeline",), kind=Kind.TEXT, field="pipeline", metavar="NAME", variable="GATEKEEPER_PIPELINE",
           key="pipeline", help="The pipeline to run (default, quick, ci, phases)."),
    Option(name="only", flags=("--only",), kind=Kind.TEXTS, field="only", metavar="GLOB", variable="GATEKEEPER_ONLY",
           help="Plan only jobs, tasks or tools that match; may be repeated."),
    Option(name="skip", flags=("--skip",), kind=Kind.TEXTS, field="skip", metavar="GLOB", variable="GATEKEEPER_SKIP", key="skip",
           help="Leave out jobs, tasks or tools that match; may be repeated (SKIP=a,b does the same)."),
    Option(name="batch", flags=("--batch",), kind=Kind.TEXTS, field="batches", metavar="GLOB", variable="GATEKEEPER_BATCH",
           help="Plan only batches that match; may be repeated."),
    Option(name="language", flags=("--language",), kind=Kind.TEXTS, field="languages", metavar="LANGUAGE", choices=LANGUAGES,
           variable="GATEKEEPER_LANGUAGE", help="Plan only components of this language; may be repeated."),
)
MANNER = (
    Option(name="jobs", flags=("--jobs", "-j"), kind=Kind.NUMBER, field="jobs", metavar="N", variable="GATEKEEPER_JOBS", key="jobs",
           help="How many jobs run at once; 0 means as many as the machine carries."),
    Option(name="nice", flags=("--nice",), kind=Kind.NUMBER, field="nice", metavar="N", most=19, variable="GATEKEEPER_NICE", key="nice",
           help="How far every job stands back behind other programs: 0 (not at all) to 19."),
    Option(name="timeout", flags=("--timeout",), kind=Kind.DURATION, field="timeout", metavar="TIME", variable="GATEKEEPER_TIMEOUT",
           key="timeout", help="Limit of the whole run: 90s, 5m, 1h30m or seconds."),
    Option(name="mode", flags=("--mode",), kind=Kind.CHOICE, field="mode", metavar="MODE", choices=MODES, variable="GATEKEEPER_MODE",
           key="mode", help="auto; strict: every job blocks and each batch is confirmed first; dry-run: show the plan, run nothing."),
    Option(name="strict", flags=("--strict",), kind=Kind.SWITCH, field="strict", variable="GATEKEEPER_STRICT", key="strict",
           help="Every planned job blocks, also those that only advise."),
    Option(name="dry_run", flags=("--dry-run",), kind=Kind.SWITCH, field="mode", value="dry-run",
           help="Show the plan and run nothing; the same as --mode dry-run."),
    Option(name="yes", flags=("--yes", "-y"), kind=Kind.SWITCH, field="yes", variable="GATEKEEPER_YES",
           help="Take every confirmation as given."),
    Option(name="fix", flags=("--fix",), kind=Kind.SWITCH, field="fix",
           help="Let the formatters that the project uses change files, after a backup, before anything is checked."),
    Option(name="fail_fast", flags=("--fail-fast",), kind=Kind.SWITCH, field="fail_fast", variable="GATEKEEPER_FAIL_FAST",
           key="fail_fast", help="Start nothing more once a blocking job has failed."),
    Option(name="no_cache", flags=("--no-cache",), kind=Kind.SWITCH, field="cache", value=False, variable="GATEKEEPER_NO_CACHE", verbs=("run",),
           help="Run every job, and keep no result for the next run."),
    Option(name="verify_cache", flags=("--verify-cache",), kind=Kind.SWITCH, field="verify_cache", variable="GATEKEEPER_VERIFY_CACHE", verbs=("run",),
           help="Run some of the jobs whose results are known all the same, and compare: a difference is an error."),
    Option(name="no_provision", flags=("--no-provision",), kind=Kind.SWITCH, field="provision", value=False,
           variable="GATEKEEPER_NO_PROVISION", help="Install no tools; use what is there."),
    Option(name="no_backup", flags=("--no-backup",), kind=Kind.SWITCH, field="backup", value=False, variable="GATEKEEPER_NO_BACKUP",
           help="Write no backup archive."),
    Option(name="audit_level", flags=("--audit-level",), kind=Kind.CHOICE, field="audit_level", metavar="LEVEL", choices=AUDIT_LEVELS,
           variable="GATEKEEPER_AUDIT_LEVEL", key="audit_level", help="The lowest level of vulnerability that audits report."),
    Option(name="approve", flags=("--approve",), kind=Kind.TEXTS, field="approvals", metavar="ID=NAME", variable="GATEKEEPER_APPROVE",
           help="Approve a condition that waits for a person: its id and who you are; may be repeated."),
    Option(name="trust", flags=("--trust",), kind=Kind.CHOICE, field="trust", metavar="WHOM", choices=TRUSTS, variable="GATEKEEPER_TRUST",
           help="tree: the configuration in the tree holds; base: that of the merge-base, for proposals that are not trusted."),
)
COMPARISON = (
    Option(name="baseline", flags=("--baseline",), kind=Kind.TEXT, field="baseline", metavar="FILE", variable="GATEKEEPER_BASELINE", key="baseline",
           help="The findings that are known and do not count, in this file below the root; none compares with no file."),
    Option(name="baseline_tight", flags=("--baseline-tight",), kind=Kind.SWITCH, field="baseline_tight", variable="GATEKEEPER_BASELINE_TIGHT",
           key="baseline_tight", help="Fail while the baseline holds findings that are fixed."),
    Option(name="tool_change", flags=("--tool-change",), kind=Kind.CHOICE, field="tool_change", metavar="WORD", choices=TOOL_CHANGES,
           variable="GATEKEEPER_TOOL_CHANGE", key="tool_change",
           help="exempt: what only another version of a tool finds, on lines that nobody changed, does not count before the baseline is updated; count: it does."),
    Option(name="new_since", flags=("--new-since",), kind=Kind.TEXT, field="new_since", metavar="REF", variable="GATEKEEPER_NEW_SINCE", key="new_since",
           help="Count only findings that a run on the merge-base with REF does not have."),
    Option(name="changed_lines", flags=("--changed-lines",), kind=Kind.SWITCH, field="changed_lines", variable="GATEKEEPER_CHANGED_LINES",
           key="changed_lines", help="Count only findings on lines that changed since the base."),
)
OUTPUT = (
    Option(name="report", flags=("--report",), kind=Kind.TEXTS, field="reports", metavar="FORMAT[=PATH]", variable="GATEKEEPER_REPORT",
           key="reports", help="Write a further report; may be repeated. In CI this list replaces that of --ci."),
    Option(name="ci", flags=("--ci",), kind=Kind.CHOICE, field="ci", metavar="SERVICE", choices=SERVICES, variable="GATEKEEPER_CI", key="ci",
           help="Which CI gets its own reports where --report names none: auto looks at the environment, off means none."),
    Option(name="json", flags=("--json",), kind=Kind.SWITCH, field="json", help="Write JSON to standard output instead of text."),
    Option(name="events", flags=("--events",), kind=Kind.TEXT, field="events", metavar="FILE|-", verbs=("run",),
           help="Write every event as a line of JSON while it happens, into FILE or (in place of the summary) to standard output."),
    Option(name="detach", flags=("--detach",), kind=Kind.SWITCH, field="", verbs=("run",),
           help="Start the run, show its id and leave; it goes on without this terminal (see ps, watch, cancel)."),
    Option(name="validate", flags=("--validate",), kind=Kind.SWITCH, field="", verbs=("plan",),
           help="Say whether a run could measure what it is to: configuration, tools, trust, feasibility, resources."),
    Option(name="mermaid", flags=("--mermaid",), kind=Kind.SWITCH, field="", verbs=("plan",), help="Write the plan as a Mermaid diagram."),
    Option(name="color", flags=("--color",), kind=Kind.CHOICE, field="color", metavar="WHEN", choices=COLORS, variable="GATEKEEPER_COLOR",
           key="color", help="auto, always or never; NO_COLOR means never."),
    Option(name="log_level", flags=("--log-level",), kind=Kind.CHOICE, field="log_level", metavar="LEVEL", choices=LOG_LEVELS,
           variable="GATEKEEPER_LOG_LEVEL", key="log_level", help="How much is logged to standard error: debug, info, warning or error."),
    Option(name="verbose", flags=("--verbose", "-v"), kind=Kind.SWITCH, field="verbose", variable="GATEKEEPER_VERBOSE",
           help="Show also what is usually left out."),
    Option(name="quiet", flags=("--quiet", "-q"), kind=Kind.SWITCH, field="quiet", variable="GATEKEEPER_QUIET",
           help="Show no progress; of the summary only the verdict and what led to it."),
    Option(name="config", flags=("--config",), kind=Kind.TEXT, field="", metavar="FILE", variable="GATEKEEPER_CONFIG",
           help="Read this file instead of gatekeeper.yaml."),
)
OPTIONS = (*SCOPE, *FILTERS, *MANNER, *COMPARISON, *OUTPUT)
#: keys of gatekeeper.yaml whose flag says the opposite
OPPOSITES = {"provision": "no_provision", "backup": "no_backup", "cache": "no_cache"}
#: everything that may stand at the top of gatekeeper.yaml
CONFIG_KEYS = frozenset({option.key for option in OPTIONS if option.key} | set(OPPOSITES) | {"version", "exclude", "tools", "tasks", "policy", "suppressions", "notify", "execution", "limits"})


def options_of(verb: str) -> tuple[Option, ...]:
    """The options of `run` or `plan`, in the order in which help shows them."""
    return tuple(option for option in OPTIONS if verb in option.verbs)


def option_named(name: str) -> Option:
    """The option with this name. Raises KeyError: names are ours, not the user's."""
    return next(option for option in OPTIONS if option.name == name)
