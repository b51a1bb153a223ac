"""Takes away what stands in front of a command: `uv run`, `npx`, `poetry run`, `python -m`, `cross-env A=b`, `sudo`. Knows words only.

`unwrap` gives the inner words and every command on the way that counts by itself (`coverage run -m pytest` is coverage and pytest).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatekeeper.model.late import late

Words = tuple[str, ...]

_PYTHON = late(r"(?:python|pypy)(?:\d+(?:\.\d+)?t?)?(?:\.exe)?|py")
_ASSIGNMENT = late(r"[A-Za-z_]\w*=.*", re.DOTALL)
_BIN = late(r"^(?:.*/)?(?:bin|\.bin|Scripts)/([\w.@+-]+)$")
_MODULE = late(r"(?:^|/)node_modules/((?:@[\w.-]+/)?[\w.-]+)(?:/|$)")
_MOST = 12

#: options of wrappers that take a value, by wrapper
_VALUES = {
    "uv": frozenset({"--group", "--no-group", "--only-group", "--extra", "--with", "--with-editable", "--with-requirements", "--python", "-p", "--package", "--env-file",
                     "--index", "--default-index", "--index-url", "--extra-index-url", "--find-links", "--resolution", "--from", "-w", "--isolated-with", "--project",
                     "--directory", "--cache-dir", "--config-file", "--color", "--no-extra", "--exclude-newer", "-P", "--upgrade-package", "--link-mode"}),
    "npx": frozenset({"-p", "--package", "-w", "--workspace", "-c", "--call", "--prefix"}),
    "poetry": frozenset({"-C", "--directory", "-P", "--project"}),
    "pdm": frozenset({"-p", "--project", "-s", "--site-packages", "--venv"}),
    "hatch": frozenset({"-e", "--env", "-i", "--include", "-x", "--exclude", "-f", "--filter", "-py", "--python", "-p", "--project"}),
    "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "nice": frozenset({"-n"}),
    "xvfb-run": frozenset({"-s", "-n", "--server-args", "--server-num", "-e", "-f"}),
    "python": frozenset({"-W", "-X"}),
    "node": frozenset({"--import", "-r", "--require", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions", "--max-old-space-size"}),
    "c8": frozenset({"--reporter", "-r", "--include", "-n", "--exclude", "-x", "--reports-dir", "-o", "--lines", "--functions", "--branches", "--src", "--config", "-c"}),
    "coverage": frozenset({"--source", "--rcfile", "--omit", "--include", "--debug", "--context", "--data-file", "--concurrency", "--source-pkgs"}),
    "cargo": frozenset({"--config", "-Z", "--color", "-C"}),
    "dotenv": frozenset({"-e", "-f", "-c", "-v"}),
    "conda": frozenset({"-n", "--name", "-p", "--prefix"}),
    "pixi": frozenset({"-e", "--environment", "--manifest-path"}),
}
_DIRECTORIES = {"uv": frozenset({"--directory", "--project"}), "poetry": frozenset({"-C", "--directory", "-P", "--project"}),
                "pdm": frozenset({"-p", "--project"}), "uvx": frozenset({"--directory"})}
_CARGO_SHORT = {"c": "check", "b": "build", "t": "test", "d": "doc", "r": "run"}


def directory(words: Words) -> str | None:
    """The folder that a wrapper enters before it runs the command: `uv run --directory x`, `poetry -C x run`."""
    words = _program(words)
    options = _DIRECTORIES.get(words[0], frozenset()) if words else frozenset()
    for position, word in enumerate(words if options else ()):
        option, _, value = word.partition("=")
        if option in options and (value or position + 1 < len(words)):
            return value or words[position + 1]
        if position > 1 and not word.startswith("-") and words[position - 1] not in _VALUES.get(words[0], frozenset()):
            break
    return None


def unwrap(words: Words) -> tuple[Words, tuple[Words, ...]]:
    """The innermost command, and the commands around it that count as uses of their own, outer ones first."""
    around: list[Words] = []
    for _ in range(_MOST):
        words = _program(words)
        inner = _inner(words)
        if inner is None or inner == words:
            break
        if words[0] in {"coverage", "c8", "nyc", "slipcover"}:
            around.append(words)
        words = inner
    return words, tuple(around)


def _program(words: Words) -> Words:
    """Without leading assignments, and with the program by its name: `venv/bin/ruff` is `ruff`."""
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    if not words:
        return ()
    found = _MODULE.search(words[0]) if "node_modules/.bin/" not in words[0] else None
    if found:
        return (found.group(1), *words[1:])
    found = _BIN.match(words[0])
    return (found.group(1), *words[1:]) if found else words


def _inner(words: Words) -> Words | None:
    """What `words` wraps, or None when it wraps nothing we know."""
    if not words:
        return None
    name = "python" if _PYTHON.fullmatch(words[0]) else words[0]
    handler = _HANDLERS.get(name)
    return handler(words) if handler else None


def _after_options(words: Words, start: int, wrapper: str) -> Words:
    """What follows the options of a wrapper; `--` ends them."""
    values = _VALUES.get(wrapper, frozenset())
    position = start
    while position < len(words) and words[position].startswith("-"):
        if words[position] == "--":
            return words[position + 1:]
        position += 2 if words[position] in values else 1
    return words[position:]


def _simple(wrapper: str) -> Callable[[Words], Words]:
    return lambda words: _after_options(words, 1, wrapper)


def _counted(wrapper: str) -> Callable[[Words], Words]:
    """A wrapper whose first own argument is no command: `timeout 5m CMD`."""
    return lambda words: _after_options(words, 1, wrapper)[1:]


def _run(wrapper: str, *verbs: str) -> Callable[[Words], Words | None]:
    """`poetry run CMD`: the verb may follow options."""
    def inner(words: Words) -> Words | None:
        rest = _after_options(words, 1, wrapper)
        return _after_options(rest, 1, wrapper) if rest and rest[0] in verbs else None
    return inner


def _uv(words: Words) -> Words | None:
    rest = _after_options(words, 1, "uv")
    if rest[:2] == ("tool", "run") or rest[:1] == ("x",):
        return _versionless(_after_options(rest, 2 if rest[0] == "tool" else 1, "uv"))
    if rest[:1] == ("format",):
        return ("ruff", "format", *rest[1:])
    if rest[:1] != ("run",):
        return None
    position = 1
    while position < len(rest) and rest[position].startswith("-"):
        if rest[position] in {"-m", "--module"}:
            return rest[position + 1:]
        if rest[position] == "--":
            return rest[position + 1:]
        position += 2 if rest[position] in _VALUES["uv"] else 1
    return rest[position:]


def _versionless(words: Words) -> Words:
    """`ruff@0.4.1 check` as `ruff check`; a scope in front (`@biomejs/biome`) stays."""
    return (re.sub(r"(?<=.)@[^/]*$", "", words[0]), *words[1:]) if words else ()


def _npx(words: Words) -> Words:
    return _versionless(_after_options(words, 1, "npx"))


def _python(words: Words) -> Words | None:
    position = 1
    while position < len(words) and words[position].startswith("-"):
        if words[position] == "-m":
            return words[position + 1:]
        if words[position] == "-c":
            return None
        position += 2 if words[position] in _VALUES["python"] else 1
    return None


def _coverage(words: Words) -> Words | None:
    if words[1:2] != ("run",):
        return None
    if "-m" in words:
        return words[words.index("-m") + 1:]
    inner = _after_options(words, 2, "coverage")
    return inner if inner and not inner[0].endswith(".py") else None


def _node(words: Words) -> Words | None:
    """`node --import x ../node_modules/ava/entrypoints/cli.js` as `ava`."""
    rest = _after_options(words, 1, "node")
    found = rest and "node_modules/" in rest[0]
    return rest if found and "--test" not in words[:len(words) - len(rest)] else None


def _cargo(words: Words) -> Words | None:
    """`cargo +nightly --locked clippy` as `cargo clippy`, `cargo t` as `cargo test`."""
    rest = words[1:]
    rest = rest[1:] if rest and rest[0].startswith("+") else rest
    rest = _after_options(rest, 0, "cargo")
    if not rest:
        return None
    return ("cargo", _CARGO_SHORT.get(rest[0], rest[0]), *rest[1:])


def _hatch(words: Words) -> Words | None:
    rest = _after_options(words, 1, "hatch")
    match rest[:1]:
        case ("test",):  # its options are hatch's own
            return ("pytest",)
        case ("fmt",):
            return ("ruff", "format", *(word for word in rest[1:] if word == "--check"))
        case ("run",):
            inner = _after_options(rest, 1, "hatch")
            return (inner[0].split(":", 1)[-1], *inner[1:]) if inner else None
    return None


def _rye(words: Words) -> Words | None:
    match words[1:2]:
        case ("run",):
            return words[2:]
        case ("test",):
            return ("pytest", *words[2:])
        case ("lint",):
            return ("ruff", "check", *words[2:])
        case ("fmt" | "format",):
            return ("ruff", "format", *words[2:])
    return None


def _rustup(words: Words) -> Words | None:
    return words[3:] if words[1:2] == ("run",) else None


def _nix(words: Words) -> Words | None:
    mark = next((mark for mark in ("-c", "--command", "--run") if mark in words), None)
    return words[words.index(mark) + 1:] if mark else None


_HANDLERS: dict[str, Callable[[Words], Words | None]] = {
    **{name: _simple(name) for name in ("sudo", "nohup", "exec", "command", "env", "nice", "time", "xvfb-run", "cross-env", "cross-env-shell", "dotenv", "stdbuf", "c8", "nyc",
                                        "chronic", "retry", "ionice", "catchsegv", "infisical", "doppler", "tsx-run")},
    "timeout": _counted("timeout"), "gtimeout": _counted("timeout"),
    "uv": _uv, "uvx": lambda words: _versionless(_after_options(words, 1, "uv")), "npx": _npx, "bunx": _npx, "pnpx": _npx, "pipx": _run("uv", "run"),
    "poetry": _run("poetry", "run"), "pdm": _run("pdm", "run"), "pipenv": _run("poetry", "run"), "pixi": _run("pixi", "run"), "conda": _run("conda", "run"),
    "micromamba": _run("conda", "run"), "mamba": _run("conda", "run"), "mise": _run("poetry", "exec", "x"), "rtx": _run("poetry", "exec", "x"),
    "direnv": lambda words: words[3:] if words[1:2] == ("exec",) else None, "asdf": _run("poetry", "exec"), "volta": _run("poetry", "run"),
    "hatch": _hatch, "rye": _rye, "python": _python, "coverage": _coverage, "node": _node, "cargo": _cargo, "rustup": _rustup,
    "nix": _nix, "nix-shell": _nix, "devbox": lambda words: _after_options(words, 2, "env") if words[1:2] == ("run",) else None,
}
