"""The table of formats: id to module, loaded when first needed, and the one door through which outputs are parsed.

Knows which formats exist; does not know which tool speaks which (that is the catalogue's). Adding a format is one module with
`parse(raw, exits) -> Parsed` and one line here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Protocol, cast

from gatekeeper.errors import UsageError
from gatekeeper.model.finding import Parsed, RawOutput
from gatekeeper.model.late import late
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.model.value import replace
from gatekeeper.parse.document import UnparsableError
from gatekeeper.parse.meaning import failed
from gatekeeper.parse.names import aliases, spelled
from gatekeeper.parse.place import Remembered
from gatekeeper.parse.text import decode, lines_of, silent, without_noise


class Parser(Protocol):
    """Reads one format; may raise `UnparsableError` for an output that is not of it."""

    def __call__(self, raw: RawOutput, exits: ExitSpec) -> Parsed: ...


#: format id -> module of this room; the only place of lazy imports here
FORMATS: Mapping[str, str] = MappingProxyType({
    "actionlint": "actionlint",
    "actionlint-json": "actionlint_json",
    "bandit-json": "bandit_json",
    "biome-github": "github",
    "biome-json": "biome_json",
    "black": "black",
    "bun-junit": "bun_junit",
    "cargo": "cargo_text",
    "cargo-audit-json": "cargo_audit_json",
    "cargo-json": "cargo_json",
    "cargo-short": "cargo_text",
    "cargo-update": "cargo_update",
    "checkstyle": "checkstyle",
    "cloc-json": "cloc_json",
    "codespell": "codespell",
    "detect-secrets": "detect_secrets_text",
    "detect-secrets-json": "detect_secrets_json",
    "eslint-compact": "eslint_lines",
    "eslint-json": "eslint_json",
    "eslint-stylish": "eslint_stylish",
    "eslint-unix": "eslint_lines",
    "exit-code": "exit_code",
    "fixer": "fixer",
    "flake8": "flake8",
    "forge-build": "forge_text",
    "forge-build-json": "solc_json",
    "forge-fmt": "forge_fmt",
    "forge-lint": "forge_text",
    "forge-lint-json": "forge_lint",
    "forge-test": "forge_test_text",
    "forge-test-json": "forge_test_json",
    "gatekeeper-json": "gatekeeper_json",
    "gitlab": "gitlab",
    "gitleaks-json": "gitleaks_json",
    "hadolint": "hadolint",
    "hadolint-json": "hadolint_json",
    "hardhat-build": "solc_output",
    "isort": "isort",
    "jest": "jest_text",
    "jest-json": "jest_json",
    "jscpd": "jscpd",
    "junit": "junit",
    "libtest": "libtest",
    "lizard": "lizard",
    "markdownlint": "markdownlint",
    "markdownlint-json": "markdownlint_json",
    "mocha": "mocha_text",
    "mocha-json": "mocha_json",
    "mocha-xunit": "mocha_xunit",
    "mypy": "mypy_text",
    "mypy-json": "mypy_json",
    "node-junit": "junit",
    "npm-audit-json": "npm_audit_json",
    "npm-outdated-json": "npm_outdated_json",
    "oxlint": "oxlint",
    "oxlint-github": "github",
    "oxlint-json": "oxlint_json",
    "oxlint-unix": "oxlint_unix",
    "pip-audit-json": "pip_audit_json",
    "pip-outdated-json": "pip_outdated_json",
    "prettier": "prettier",
    "pylint": "pylint_text",
    "pylint-json": "pylint_json",
    "pyright": "pyright_text",
    "pyright-json": "pyright_json",
    "pytest": "pytest_text",
    "pytest-junit": "pytest_junit",
    "rdjson": "rdjson",
    "rdjsonl": "rdjsonl",
    "regex": "regex",
    "ruff-concise": "ruff_text",
    "ruff-format": "ruff_format",
    "ruff-format-json": "ruff_format_json",
    "ruff-full": "ruff_text",
    "ruff-json": "ruff_json",
    "ruff-json-lines": "ruff_json_lines",
    "rustfmt": "rustfmt",
    "safety-json": "safety_json",
    "sarif": "sarif",
    "shellcheck": "shellcheck_text",
    "shellcheck-gcc": "shellcheck_text",
    "shellcheck-json": "shellcheck_json",
    "shellcheck-json1": "shellcheck_json",
    "slither-json": "slither_json",
    "solc": "solc_output",
    "solc-json": "solc_json",
    "solhint": "solhint_text",
    "solhint-compact": "solhint_text",
    "solhint-json": "solhint_json",
    "solhint-unix": "solhint_text",
    "sphinx": "sphinx",
    "stylelint-json": "stylelint_json",
    "tap": "tap",
    "taplo": "taplo",
    "tokei-json": "tokei_json",
    "tsc": "tsc",
    "typedoc": "typedoc",
    "unittest": "unittest_text",
    "vitest-json": "jest_json",
    "yamllint": "yamllint",
    "yarn-audit-json": "yarn_audit_json",
    "zizmor": "zizmor_text",
    "zizmor-json": "zizmor_json",
})

#: texts in which tests speak, too: these are documents only where they also end like one
_TEST_OUTPUTS = frozenset({"jest", "mocha", "forge-test"})
#: tools that say nothing on standard output where all is well: what is said on standard error does not tell that it is
_WORDLESS = frozenset({"biome-github", "eslint-compact", "eslint-unix", "forge-fmt", "mypy-json", "oxlint-github", "oxlint-unix", "prettier", "ruff-json-lines",
                       "rustfmt", "solhint", "solhint-compact", "solhint-unix", "tsc"})
#: yarn 1 says so only of a script that ended well; npm says nothing after the empty line below its echo
_RAN = late(r"^Done in |^> .+\r?\n\r?\n", re.MULTILINE)
#: formats that listen to standard error and mistake nothing there that belongs on standard output
_BOTH_STREAMS = frozenset({"black", "bun-junit", "cargo-update", "cloc-json", "forge-build-json", "forge-lint-json", "hadolint", "libtest", "mypy", "mypy-json", "pyright",
                           "ruff-concise", "ruff-json", "ruff-json-lines", "rustfmt", "safety-json", "shellcheck", "shellcheck-gcc", "shellcheck-json", "shellcheck-json1",
                           "sphinx", "stylelint-json", "unittest", "zizmor-json"})
#: test runners whose XML is a format of its own
_IN_XML: Mapping[str, str] = MappingProxyType({"pytest": "pytest-junit", "mocha": "mocha-xunit", "mocha-json": "mocha-xunit"} | dict.fromkeys(
    ("forge-test", "forge-test-json", "jest", "jest-json", "libtest", "tap", "vitest-json"), "junit"))
_XML = late(rb"\s*(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]{0,200}>\s*)?<testsuite(?P<many>s)?[\s>]")
_DOCUMENT = late(rb"\{\s*[\"}]|\[\s*[{\]]")

#: other names that people know a format by
ALIASES: Mapping[str, str] = aliases(FORMATS)


def parse_output(format_id: str, raw: RawOutput, exits: ExitSpec) -> Parsed:
    """What an output means. Never raises for what the output holds: what cannot be read is a tool error with a message.

    Silence means that all is well only where an exit code says so too. An unknown format id is a `UsageError`.
    """
    format_id = _spoken(format_named(format_id), raw)
    parser, reader = _parser(format_id), Remembered(raw.read)
    try:
        parsed = parser(replace(raw, read=reader), exits)
        if parsed.meaning is Meaning.CLEAN and raw.exit_code is None and _says_nothing(format_id, raw):
            return replace(parsed, meaning=Meaning.TOOL_ERROR, message="it said nothing, and its exit code is unknown")
        return replace(parsed, problems=(*parsed.problems, *reader.problems())) if reader.uncounted else parsed
    except UnparsableError as error:
        return failed(raw, str(error))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        # hostile output must not end the run; the message says that this is a parser's fault
        return failed(raw, f"the {format_id} parser could not read this output ({type(error).__name__})")


def format_named(name: str) -> str:
    """The id of the format that people call so. Raises UsageError for one that does not exist."""
    plain = spelled(name)
    found = plain if plain in FORMATS else ALIASES.get(plain)
    if found is None:
        from difflib import get_close_matches  # lazy: only mistakes pay

        near = get_close_matches(plain, (*FORMATS, *ALIASES), 1)
        raise UsageError(f"no output format is called `{name}`", hint=f"did you mean `{near[0]}`?" if near else "formats: " + ", ".join(FORMATS))
    return found


def _spoken(format_id: str, raw: RawOutput) -> str:
    """The format of the tool's JSON or XML where that was given for its text: no text of theirs starts so."""
    if format_id in _IN_XML and (root := _XML.match(raw.report or raw.stdout)):
        return "junit" if root["many"] and format_id != "pytest" else _IN_XML[format_id]
    document = f"{format_id}-json"
    if document not in FORMATS:
        return format_id
    said = raw.stdout.strip() or (raw.report or b"").strip()
    whole = format_id not in _TEST_OUTPUTS or said[-1:] in {b"}", b"]"}
    return document if whole and _DOCUMENT.match(said) else format_id


def one_stream(format_id: str, raw: RawOutput) -> RawOutput:
    """An output of which somebody kept one stream, maybe both in one: a format that listens to both finds it on either."""
    both = format_named(format_id) in _BOTH_STREAMS and raw.stdout and not raw.stderr
    return replace(raw, stderr=raw.stdout) if both else raw


def takes_report(format_id: str) -> bool:
    """Whether the format is also read from a report file; the others are read from the streams alone. Raises UsageError as `parse_output` does."""
    return hasattr(_module(format_id), "report_of")


def _says_nothing(format_id: str, raw: RawOutput) -> bool:
    if raw.report and raw.report.strip() and takes_report(format_id):
        return False
    return silent(raw) or (format_id in _WORDLESS and not _speaks(decode(raw.stdout)))


def _speaks(text: str) -> bool:
    """Whether the tool says something, or a package manager around it has told the whole of what it tells of a script that ends well."""
    return bool(without_noise(lines_of(text))) or _RAN.search(text) is not None


def _parser(format_id: str) -> Parser:
    return cast("Parser", _module(format_id).parse)


def _module(format_id: str) -> ModuleType:
    return import_module(f"gatekeeper.parse.{FORMATS[format_named(format_id)]}")
