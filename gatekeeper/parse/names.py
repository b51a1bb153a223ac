"""Other names by which people know a format: what a tool calls its own option, what an issue tracker or an editor calls the output.

Knows only names; whether a name is right for an output is told by reading it. Case does not matter, and `_`, `.` and spaces are as good as `-`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gatekeeper.model.late import late

_JOINTS = late(r"[\s_.:/]+")

#: format id -> its other names; tools that print a common format have their own name for it (`ruff-sarif`)
_NAMES: Mapping[str, str] = MappingProxyType({
    "actionlint": "actionlint-text",
    "bandit-json": "bandit",
    "biome-github": "biome-actions",
    "biome-json": "biome biome-ci-json biome-check-json biome-lint-json biome-json-pretty",
    "black": "black-stderr black-text black-check",
    "bun-junit": "bun bun-test-junit bun-xml",
    "cargo": "cargo-long cargo-text cargo-human cargo-full cargo-build cargo-check cargo-clippy cargo-doc clippy clippy-text clippy-long rustc rustc-text rustc-long",
    "cargo-audit-json": "cargo-audit rustsec",
    "cargo-json": "clippy-json cargo-clippy-json cargo-check-json cargo-build-json rustc-json cargo-message-format-json",
    "cargo-short": "clippy-short rustc-short cargo-clippy-short cargo-check-short cargo-text-short cargo-short-text",
    "checkstyle": "checkstyle-xml eslint-checkstyle shellcheck-checkstyle hadolint-checkstyle oxlint-checkstyle biome-checkstyle stylelint-checkstyle "
                  "phpcs-checkstyle ktlint-checkstyle detekt-checkstyle swiftlint-checkstyle",
    "cloc-json": "cloc",
    "codespell": "codespell-text",
    "detect-secrets": "detect-secrets-hook detect-secrets-text",
    "detect-secrets-json": "detect-secrets-scan detect-secrets-baseline",
    "eslint-json": "eslint eslint-json-with-metadata",
    "eslint-stylish": "eslint-text stylish",
    "flake8": "flake8-text flake8-default flake8-pylint pycodestyle pyflakes pep8",
    "forge-build": "forge-build-text forge-compile",
    "forge-build-json": "forge-compile-json",
    "forge-fmt": "forge-fmt-check forge-fmt-diff",
    "forge-lint": "forge-lint-text",
    "forge-test": "forge-text forge-test-text forge",
    "forge-test-json": "forge-json",
    "gatekeeper-json": "gatekeeper",
    "gitlab": "codeclimate code-climate code-quality gitlab-json gitlab-codequality gitlab-code-quality ruff-gitlab mypy-gitlab eslint-gitlab biome-gitlab "
              "oxlint-gitlab shellcheck-gitlab hadolint-gitlab hadolint-codeclimate stylelint-gitlab",
    "gitleaks-json": "gitleaks",
    "hadolint": "hadolint-text hadolint-tty",
    "hardhat-build": "hardhat hardhat-compile",
    "isort": "isort-stderr isort-text isort-check",
    "jest": "jest-text jest-stderr jest-default",
    "jscpd": "jscpd-json",
    "junit": "junit-xml xunit forge-junit forge-test-junit vitest-junit jest-junit mocha-junit ava-junit nextest-junit cargo-nextest-junit libtest-junit playwright-junit "
             "cypress-junit phpunit-junit gotestsum-junit surefire eslint-junit mypy-junit ruff-junit stylelint-junit biome-junit deno-junit",
    "libtest": "libtest-text libtest-json cargo-test cargo-test-text cargo-test-json rust-test",
    "lizard": "lizard-csv",
    "mocha": "mocha-text mocha-spec",
    "mocha-json": "mocha-json-stream",
    "mocha-xunit": "mocha-xml",
    "mypy": "mypy-text mypy-pretty mypy-plain mypy-default",
    "mypy-json": "mypy-json-lines mypy-jsonl",
    "node-junit": "node-test-junit node-xml",
    "npm-audit-json": "npm-audit npm-audit-v2 npm-audit-v2-json npm-audit-report pnpm-audit pnpm-audit-json",
    "oxlint": "oxlint-text oxlint-default",
    "pip-audit-json": "pip-audit",
    "prettier": "prettier-check prettier-text prettier-list-different prettier-l",
    "pylint": "pylint-text pylint-parseable pylint-colorized",
    "pylint-json": "pylint-json2",
    "pyright": "pyright-text basedpyright",
    "pyright-json": "pyright-outputjson basedpyright-json",
    "pytest": "pytest-text pytest-stdout pytest-terminal",
    "pytest-junit": "pytest-xml pytest-junitxml pytest-junit-xml",
    "rdjson": "reviewdog reviewdog-json ruff-rdjson biome-rdjson",
    "rdjsonl": "reviewdog-jsonl rdjson-lines",
    "regex": "regexp pattern",
    "ruff-concise": "ruff-text ruff-check-concise ruff-check-text",
    "ruff-format": "ruff-format-check ruff-format-text ruff-fmt ruff-format-diff",
    "ruff-full": "ruff-check-full ruff-grouped",
    "ruff-json": "ruff ruff-check ruff-check-json",
    "ruff-json-lines": "ruff-jsonl ruff-json-line ruff-jsonlines ruff-check-json-lines",
    "rustfmt": "rustfmt-diff rustfmt-check rustfmt-l rustfmt-list rustfmt-files cargo-fmt cargo-fmt-check cargo-fmt-diff cargo-fmt-l",
    "safety-json": "safety safety-check safety-check-json safety-scan safety-scan-json",
    "sarif": "sarif-json sarif-2.1.0 ruff-sarif eslint-sarif biome-sarif bandit-sarif slither-sarif zizmor-sarif gitleaks-sarif shellcheck-sarif semgrep-sarif semgrep "
             "clippy-sarif hadolint-sarif oxlint-sarif trivy-sarif codeql codeql-sarif detekt-sarif pylint-sarif mypy-sarif solhint-sarif cargo-audit-sarif",
    "shellcheck": "shellcheck-tty shellcheck-text",
    "slither-json": "slither",
    "solc": "solc-text solcjs solcjs-text solc-human",
    "solc-json": "solc-standard-json solc-standard solc-json-standard solcjs-standard-json solcjs-json standard-json",
    "solhint": "solhint-stylish solhint-text",
    "tap": "node-tap node-test-tap node-test node tap-13 tap13 tap-14 mocha-tap ava-tap tape vitest-tap jest-tap bats",
    "taplo": "taplo-text taplo-format taplo-fmt taplo-lint taplo-check taplo-stderr",
    "tokei-json": "tokei",
    "tsc": "tsc-text tsc-plain tsc-pretty typescript typescript-plain typescript-pretty vue-tsc",
    "vitest-json": "vitest",
    "yamllint": "yamllint-parsable yamllint-standard yamllint-text yamllint-colored",
    "yarn-audit-json": "yarn-audit yarn-npm-audit yarn-npm-audit-json yarn-berry-audit-json",
    "zizmor": "zizmor-text zizmor-plain",
})


def spelled(name: str) -> str:
    """A name as this table spells it."""
    return _JOINTS.sub("-", name.strip().lower()).strip("-")


def aliases(formats: Iterable[str]) -> Mapping[str, str]:
    """Other name -> format id. The name of a tool alone means its JSON where it is no format itself."""
    known = tuple(formats)
    bare = {name.removesuffix("-json"): name for name in known if name.endswith("-json")}
    named = {spelled(other): name for name, others in _NAMES.items() for other in others.split()}
    return MappingProxyType({other: name for other, name in (bare | named).items() if other not in known})


def also_called(format_id: str, others: Mapping[str, str]) -> tuple[str, ...]:
    """The other names of one format, sorted."""
    return tuple(sorted(other for other, name in others.items() if name == format_id))
