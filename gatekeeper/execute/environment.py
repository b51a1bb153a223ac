"""The environment of a job, made from ours: without what is Gatekeeper's, without git's own, without secrets, with a standard block.

Knows no jobs and reads no environment itself: all is passed in. What the user set on purpose for tools (proxies, registries, certificates,
`PIP_*`, `npm_config_*`, `UV_*`) stays. A variable counts as a secret by its name; jobs that need one must be given it by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

#: set in every job; the values of a job and of its tool are laid over it
STANDARD: Mapping[str, str] = {
    "NO_COLOR": "1",
    "TERM": "dumb",
    "CARGO_TERM_COLOR": "never",
    "CARGO_TERM_PROGRESS_WHEN": "never",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    # nothing asks, nothing phones home, nothing looks for updates
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "NO_UPDATE_NOTIFIER": "1",
    "DISABLE_OPENCOLLECTIVE": "1",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "YARN_ENABLE_TELEMETRY": "0",
    "DO_NOT_TRACK": "1",
    "SEMGREP_SEND_METRICS": "off",
    "SEMGREP_ENABLE_VERSION_CHECK": "0",
    "NEXT_TELEMETRY_DISABLED": "1",
    "NUXT_TELEMETRY_DISABLED": "1",
    "ASTRO_TELEMETRY_DISABLED": "1",
    "GATSBY_TELEMETRY_DISABLED": "1",
    "TURBO_TELEMETRY_DISABLED": "1",
    "STORYBOOK_DISABLE_TELEMETRY": "1",
    "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
    "RUSTUP_AUTO_INSTALL": "0",
}

#: set where the user did not: a network that is not there fails in a second, not in a minute
UNLESS_SET: Mapping[str, str] = {
    "CI": "1",
    "npm_config_fetch_retries": "0",
    "UV_HTTP_RETRIES": "0",
    "UV_PYTHON_DOWNLOADS": "never",
    "PIP_RETRIES": "0",
    "CARGO_NET_RETRY": "0",
}

OURS = re.compile(r"GATEKEEPER_|PYTHON(PATH|HOME|STARTUP|EXECUTABLE|INSPECT|SAFEPATH|PLATLIBDIR)$|__PYVENV_LAUNCHER__$")
#: what a program that started us (a shell, make, npm, a test runner) meant for itself alone; through the files of GitHub's runner a job could set
#: variables of later steps, while tools that miss them fall back to commands on standard output, which nobody obeys
CALLERS = re.compile(
    r"(PWD|OLDPWD|SHLVL|_|INIT_CWD|MAKEFLAGS|MFLAGS|MAKELEVEL|CARGO_MAKEFLAGS|npm_(lifecycle|package)_.*|npm_(node_)?execpath|npm_command"
    r"|PYTEST_(CURRENT_TEST|VERSION|XDIST_.*)|GITHUB_(ENV|PATH|OUTPUT|STATE))$",
)
FORCED_COLOR = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "COLORTERM"})
#: of the variables that begin with GIT_ only these mean the same in every repository
GIT_KEPT = re.compile(r"GIT_(AUTHOR_|COMMITTER_|CONFIG_|EXEC_PATH$|SSH|SSL_|ALLOW_PROTOCOL$|HTTP_|CEILING_DIRECTORIES$|DISCOVERY_ACROSS_FILESYSTEM$)")
GIT_DROPPED = re.compile(r"GIT_CONFIG_PARAMETERS$|GIT_CONFIG$")
SECRET = re.compile(
    r"TOKEN(?!IZ)|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|MNEMONIC|WEBHOOK"
    r"|(^|_)(AUTH|PAT|PWD_HASH|JWT)(_|$)|_KEY$|^SSH_AUTH_SOCK$|^SSH_AGENT_PID$|^GPG_AGENT_INFO$|_AUTH(TOKEN)?$",
    re.IGNORECASE,
)
#: names that look like secrets and are none
HARMLESS = frozenset({"GIT_HTTP_PROXY_AUTHMETHOD"})


def is_secret(name: str) -> bool:
    """Whether a variable counts as a secret, by its name alone."""
    return name not in HARMLESS and SECRET.search(name) is not None


def base_environment(environ: Mapping[str, str], *, root: str, prefix: str, base_prefix: str,
                     allowed: Collection[str] = ()) -> Mapping[str, str]:
    """What every job of a run starts from. `root` is the absolute root of the tree, `prefix` and `base_prefix` are those of our own
    interpreter, `allowed` names secrets that jobs may see."""
    kept = {name: value for name, value in environ.items() if name in allowed or not _dropped(name)}
    _drop_git_headers(kept)
    if prefix != base_prefix and not _around(prefix, root):
        _leave_environment(kept, prefix)
    return {**UNLESS_SET, **kept, **STANDARD}


def without_manners(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for the project's own tests and scripts: what we ask of tools would change what programs under test print.

    Programs look for the mere presence of NO_COLOR, or for a dumb terminal; a test of coloured output then fails, which it would not in the
    project's own CI.
    """
    return {name: value for name, value in environment.items() if name not in {"NO_COLOR", "TERM"}}


def _dropped(name: str) -> bool:
    if name in FORCED_COLOR or OURS.match(name) or CALLERS.match(name) or is_secret(name):
        return True
    return name.startswith("GIT_") and (GIT_DROPPED.match(name) is not None or GIT_KEPT.match(name) is None)


def _drop_git_headers(kept: dict[str, str]) -> None:
    """`GIT_CONFIG_VALUE_0=AUTHORIZATION: basic ...` is a secret under a harmless name; the set only makes sense as a whole."""
    values = [value for name, value in kept.items() if name.startswith("GIT_CONFIG_VALUE_")]
    if any("authorization" in value.lower() for value in values):
        for name in [name for name in kept if re.match(r"GIT_CONFIG_(COUNT$|KEY_|VALUE_)", name)]:
            del kept[name]


def _around(prefix: str, root: str) -> bool:
    """Whether our virtual environment belongs to the project: it lies in its tree, so its tools are the project's too."""
    prefix, root = os.path.realpath(prefix), os.path.realpath(root)
    return os.path.commonpath([prefix, root]) == root


def _leave_environment(kept: dict[str, str], prefix: str) -> None:
    """Take our own virtual environment away from a project that did not ask for it."""
    if os.path.realpath(kept.get("VIRTUAL_ENV", "")) == os.path.realpath(prefix):
        for name in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"):
            kept.pop(name, None)
    scripts = os.path.realpath(os.path.join(prefix, "bin"))
    if "PATH" in kept:
        kept["PATH"] = os.pathsep.join(part for part in kept["PATH"].split(os.pathsep) if os.path.realpath(part or ".") != scripts)
