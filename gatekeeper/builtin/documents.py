"""Tells whether a manifest or data file can be parsed, by its name: JSON, JSON with comments, TOML, YAML, XML.

Constructs nothing that a document asks for: YAML tags and XML entities stay what they are. Does not know where the file
lies, nor whether a fault in it matters.
"""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable
from xml.parsers import expat

from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a document does not parse; `lenient` means that a reader which allows comments would take it."""

    message: str
    line: int | None = None
    column: int | None = None
    lenient: bool = False


class NotCheckedError(Exception):
    """The document is one that cannot be judged here; the message says why in a word or two."""


_SUFFIXES = {".json": "json", ".geojson": "json", ".webmanifest": "json", ".ipynb": "json", ".jsonc": "jsonc", ".code-workspace": "jsonc",
             ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".cff": "yaml",
             ".xml": "xml", ".xsd": "xml", ".svg": "xml", ".plist": "xml", ".csproj": "xml"}
_NAMES = {"pipfile": "toml", "cargo.lock": "toml", "poetry.lock": "toml", "uv.lock": "toml", "pdm.lock": "toml", "pipfile.lock": "json",
          "composer.lock": "json", "flake.lock": "json", "bun.lock": "jsonc", ".clang-format": "yaml", ".clang-tidy": "yaml",
          ".yamllint": "yaml", ".prettierrc": "loose", ".eslintrc": "loose", ".stylelintrc": "loose", ".markdownlintrc": "loose"}
#: files whose readers allow comments and trailing commas although they are called .json
_WITH_COMMENTS = ("tsconfig*.json", "tsconfig.*.json", "*.tsconfig.json", "jsconfig*.json", ".eslintrc.json", ".oxlintrc.json", "oxlintrc.json", "biome.json",
                  "turbo.json", "nx.json", "project.json", "deno.json", "api-extractor*.json", "tslint.json", "typedoc*.json", "angular.json",
                  "language-configuration.json", "devcontainer.json", "rush.json", ".hintrc", "*.tmlanguage.json", "wrangler.json",
                  "pyrightconfig.json", "cspell.json", ".cspell.json", ".markdownlint*.json", ".stylelintrc.json", ".luarc.json", "babel.config.json",
                  ".babelrc.json", "firebase.json", "dprint.json", "knip.json", "tsdoc.json")
_FOLDERS_WITH_COMMENTS = frozenset({".vscode", ".devcontainer", ".zed", "rush"})
#: read by programs that take plain JSON and nothing else
PLAIN_MANIFESTS = frozenset({"package.json", "package-lock.json", "npm-shrinkwrap.json", "composer.json", "pipfile.lock", "lerna.json"})


def format_of(path: str) -> str | None:
    """json, jsonc, toml, yaml, xml or loose (JSON with comments or YAML) for a name that promises such a document, else None."""
    name = path.rsplit("/", 1)[-1].lower()
    known = _NAMES.get(name) or _SUFFIXES.get(name[name.rfind("."):] if "." in name else "")
    if known == "json" and (any(fnmatch.fnmatchcase(name, pattern) for pattern in _WITH_COMMENTS)
                            or not _FOLDERS_WITH_COMMENTS.isdisjoint(path.split("/")[:-1])):
        return "jsonc"
    return known


def check(kind: str, data: bytes) -> Fault | None:
    """The fault of a document of that kind (see `format_of`), or None. Raises NotCheckedError for templates and the like."""
    if data.startswith(b"version https://git-lfs.github.com/"):
        raise NotCheckedError("lfs")
    try:
        fault = _PARSERS[kind](data)
    except RecursionError:
        return Fault(message="is nested too deeply")
    if fault is not None and _is_template(kind, data, fault):
        raise NotCheckedError("template")
    return fault


def _text(data: bytes) -> str | Fault:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Fault(message="is UTF-16, not UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Fault(message=f"is not UTF-8: byte {data[error.start]:#04x}", line=data.count(b"\n", 0, error.start) + 1)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _json(data: bytes) -> Fault | None:
    text = _text(data)
    if isinstance(text, Fault):
        return text
    fault = _strict(text)
    if fault is None:
        return None
    # comments and JSON lines are read by many programs, so they are told apart; a trailing comma is a slip wherever plain JSON is due
    lenient = _strict(without_comments(text)) is None or all(_strict(line) is None for line in text.splitlines() if line.strip())
    return Fault(message=fault.message, line=fault.line, column=fault.column, lenient=lenient and bool(text.strip()))


def _jsonc(data: bytes) -> Fault | None:
    text = _text(data)
    if isinstance(text, Fault):
        return text
    plain = _without_trailing_commas(without_comments(text))
    return _strict(plain) if plain.strip() else None


def _loose(data: bytes) -> Fault | None:
    fault = _jsonc(data)
    other = _yaml(data) if fault is not None else None
    if fault is None or other is None:
        return None
    return fault if data.lstrip()[:1] == b"{" else other


def _strict(text: str) -> Fault | None:
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=float)
    except json.JSONDecodeError as error:
        return Fault(message=error.msg[:1].lower() + error.msg[1:], line=error.lineno, column=error.colno)
    except ValueError as error:
        return Fault(message=str(error))
    return None


_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"?|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_STRING_OR_COMMA = re.compile(r'"(?:\\.|[^"\\\n])*"?|,(?=\s*[}\]])')


def without_comments(text: str) -> str:
    """JSON text with comments turned into blanks, so that lines and columns stay."""
    return _STRING_OR_COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else re.sub(r"[^\n]", " ", match[0]), text)


def _without_trailing_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda match: match[0] if match[0][0] == '"' else " ", text)


_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def _toml(data: bytes) -> Fault | None:
    text = _text(data)
    if isinstance(text, Fault):
        return text
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        message = _TOML_PLACE.sub("", str(error))
        last = text.count("\n") + 1
        return Fault(message=message[:1].lower() + message[1:], line=int(place[1]) if place and place[1] else last,
                     column=int(place[2]) if place and place[2] else None)
    except ValueError as error:
        return Fault(message=str(error))
    return None


def _yaml(data: bytes) -> Fault | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    anchors: set[str] = set()
    try:
        # events alone: nothing is built, whatever tags and aliases say
        for event in yaml.parse(data, Loader=loader):
            name = getattr(event, "anchor", None)
            if isinstance(event, yaml.DocumentStartEvent):
                anchors.clear()
            elif isinstance(event, yaml.AliasEvent) and name not in anchors:
                mark = event.start_mark
                return Fault(message=f"the alias *{name} has no anchor", line=mark.line + 1 if mark else None, column=mark.column + 1 if mark else None)
            elif name:
                anchors.add(name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "cannot be parsed"
        return Fault(message=str(said), line=mark.line + 1 if mark else None, column=mark.column + 1 if mark else None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return Fault(message=str(error).splitlines()[0])
    return None


def _xml(data: bytes) -> Fault | None:
    if data[:8] == b"bplist00" or (data.lstrip()[:1] in {b"{", b"("}):
        # property lists are also written in two formats that are no XML
        raise NotCheckedError("other_format")
    parser = expat.ParserCreate()

    def stop(*_declaration: object) -> None:
        # entities could make a small file endless
        raise NotCheckedError("entities")

    parser.EntityDeclHandler = stop
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return Fault(message=expat.ErrorString(error.code), line=error.lineno, column=error.offset + 1)
    except (ValueError, LookupError) as error:
        return Fault(message=str(error))
    return None


_PARSERS: dict[str, Callable[[bytes], Fault | None]] = {"json": _json, "jsonc": _jsonc, "toml": _toml, "yaml": _yaml, "xml": _xml, "loose": _loose}

#: helm, jinja, handlebars, cookiecutter, ERB; `${{ }}` is an expression of GitHub workflows, which are plain YAML
_TEMPLATE = re.compile(rb"(?<!\$)\{\{[-~]?\s*[\w.$#/!]|\{%|<%")
_QUOTED = re.compile(rb'"(?:\\.|[^"\\\n])*"|' + rb"'[^'\n]*'")


def _is_template(kind: str, data: bytes, fault: Fault) -> bool:
    """True when the file is the template of a document: marks of a template language where the document has structure."""
    if not _TEMPLATE.search(data):
        return False
    if kind == "xml":
        return True
    # a JSON string may well speak of {{name}}; only marks between the strings make it a template
    lines = () if kind in {"json", "jsonc"} else data.split(b"\n")[max(0, (fault.line or 1) - 2):fault.line or 1]
    return any(map(_TEMPLATE.search, lines)) or _TEMPLATE.search(_QUOTED.sub(b"", data)) is not None
