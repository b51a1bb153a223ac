"""Reads TOML, JSON, JSON with comments and YAML so that nothing in them can stop detection.

A document that is broken gives a problem with file and line, and no document; a value of the wrong type gives a problem and counts as
absent. Knows no manifest: which keys matter is the business of the languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from gatekeeper.model.component import Problem
from gatekeeper.model.value import dataclass, field

_NAMES = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a table", type(None): "null"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
#: values nested deeper than this are not looked at (aliases in YAML can make them endless)
_DEEP = 24

Report = Callable[[str, int | None, str], None]
#: what somebody makes of a text, or has made of it before
Remember = Callable[[str, Callable[[str], object]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that was read: `data` is its top table. Getters give None or empties for what is absent or of a wrong type."""

    file: str
    text: str = field(repr=False)
    data: Mapping[str, object]
    report: Report = field(repr=False)

    def get(self, *keys: str) -> object:
        """The value at a path of keys, or None."""
        value: object = self.data
        for key in keys:
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
        return value

    def has(self, *keys: str) -> bool:
        return self.get(*keys) is not None

    def _typed(self, keys: tuple[str, ...]) -> object:
        """The value at a path of keys; a part of the path that is no table is a problem."""
        value: object = self.data
        for depth, key in enumerate(keys):
            if not isinstance(value, Mapping):
                if value is not None:
                    self._wrong(keys[:depth], value, "a table")
                return None
            value = value.get(key)
        return value

    def table(self, *keys: str) -> Mapping[str, object]:
        """A table with text keys; empty where there is none."""
        value = self._typed(keys)
        if value is None or isinstance(value, Mapping):
            return {str(key): item for key, item in (value or {}).items()}
        self._wrong(keys, value, "a table")
        return {}

    def string(self, *keys: str) -> str | None:
        value = self._typed(keys)
        if value is None or isinstance(value, str):
            return value
        self._wrong(keys, value, "a string")
        return None

    def strings(self, *keys: str) -> tuple[str, ...]:
        """A list of strings; entries of other types are left out with a problem."""
        value = self._typed(keys)
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong(keys, value, "a list")
            return ()
        for item in value:
            if not isinstance(item, str):
                self._wrong((*keys, ""), item, "a string")
        return tuple(item for item in value if isinstance(item, str))

    def line(self, *keys: str) -> int | None:
        """The line on which a path of keys seems to stand, 1-based."""
        return find_line(self.text, keys)

    def _wrong(self, keys: tuple[str, ...], value: object, wanted: str) -> None:
        named = ".".join(key for key in keys if key)
        entry = "an entry of " if keys[-1] == "" else ""
        self.report(self.file, self.line(*(key for key in keys if key)), f"{entry}{named} is {_NAMES.get(type(value), 'a value')}, not {wanted}")


def _afresh(text: str, work: Callable[[str], object]) -> object:
    return work(text)


class Documents:
    """Reads every file at most once, and collects the problems. `remembered` may spare it the YAML and TOML that was read in an earlier run."""

    def __init__(self, read: Callable[[str], bytes | None], remembered: Remember = _afresh) -> None:
        self._read = read
        self._remembered = remembered
        self._texts: dict[str, str | None] = {}
        self._parsed: dict[str, Document | None] = {}
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that could not be read, by file and line."""
        return tuple(sorted(self._problems, key=lambda problem: (problem.file, problem.line or 0, problem.message)))

    def report(self, file: str, line: int | None, message: str, *, harmless: bool = False) -> None:
        """Notes a problem, once."""
        self._problems[Problem(file=file, line=line, message=message, harmless=harmless)] = None

    def text(self, path: str) -> str | None:
        """The text of a file that need not be valid in any way, or None if it cannot be read."""
        if path not in self._texts:
            content = self._read(path)
            self._texts[path] = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").replace("\r\n", "\n") if content is not None else None
        return self._texts[path]

    def toml(self, path: str) -> Document | None:
        return self._document(path, lambda text: self._remembered(f"\0toml{text}", lambda _: _load_toml(text)))

    def json(self, path: str) -> Document | None:
        return self._document(path, json.loads)

    def jsonc(self, path: str) -> Document | None:
        """JSON with comments and trailing commas, as tsconfig.json is."""
        return self._document(path, lambda text: json.loads(_without_comments(text)))

    def yaml(self, path: str) -> Document | None:
        """The first YAML document of a file; unknown tags are read as plain values, none is constructed."""
        return self._document(path, lambda text: self._remembered(text, _load_yaml))

    def ini(self, path: str) -> Mapping[str, Mapping[str, str]]:
        """The sections of an INI file (setup.cfg, tox.ini); empty with a problem where it cannot be read."""
        import configparser  # start-up: few trees have such a file

        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        text = self._strict_text(path)
        try:
            parser.read_string(text or "", source=path)
        except configparser.Error as error:
            self.report(path, getattr(error, "lineno", None), f"is no valid INI: {_one_line(str(error))}")
            return {}
        return {section: {key: value or "" for key, value in parser.items(section)} for section in parser.sections()}

    def _document(self, path: str, load: Callable[[str], object]) -> Document | None:
        if path not in self._parsed:
            self._parsed[path] = self._load(path, load)
        return self._parsed[path]

    def _load(self, path: str, load: Callable[[str], object]) -> Document | None:
        text = self._strict_text(path)
        if text is None:
            return None
        if not text.strip():
            self.report(path, 1, "is empty")
            return None
        try:
            data = load(text)
        except (ValueError, RecursionError) as error:
            self.report(path, *_where(text, error))
            return None
        if not isinstance(data, Mapping):
            self.report(path, 1, f"holds {_NAMES.get(type(data), 'a value')} where a table is due")
            return None
        return Document(file=path, text=text, data=data, report=self.report)

    def _strict_text(self, path: str) -> str | None:
        content = self._read(path)
        if content is None:
            self.report(path, None, "cannot be read")
            return None
        if content.startswith(_UTF16) or (len(content) > 3 and content[1] == 0 and content[3] == 0):
            self.report(path, 1, "is UTF-16; manifests must be UTF-8")
            return None
        if content.startswith(b"\xef\xbb\xbf"):
            self.report(path, 1, "starts with a byte order mark", harmless=True)
            content = content[3:]
        try:
            return content.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            self.report(path, content.count(b"\n", 0, error.start) + 1, "is not UTF-8")
            return None


def find_line(text: str, keys: tuple[str, ...]) -> int | None:
    """The line where the last of `keys` stands, looked for one after the other; None if the first is nowhere."""
    position = 0
    found = False
    for key in keys:
        pattern = re.compile(rf"""(?:^|[\s\[."'{{,(]){re.escape(key)}["']?\s*(?:[=:\].,]|$)""", re.MULTILINE)
        match = pattern.search(text, position)
        if match is None:
            break
        found, position = True, max(match.start(), position)
        position += len(match.group()) - len(match.group().lstrip())
    return text.count("\n", 0, position) + 1 if found else None


def line_of(text: str, needle: str) -> int | None:
    """The first line that holds `needle`, 1-based."""
    position = text.find(needle)
    return text.count("\n", 0, position) + 1 if position >= 0 else None


def walk(value: object, depth: int = 0) -> Iterator[object]:
    """A value and everything in it, tables and lists before their content, not endlessly deep."""
    yield value
    if depth < _DEEP:
        if isinstance(value, Mapping):
            for item in value.values():
                yield from walk(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item, depth + 1)


def _without_comments(text: str) -> str:
    """JSON with comments and trailing commas as plain JSON of the same length, so that lines stay where they are."""
    def blank(match: re.Match[str]) -> str:
        found = match.group()
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)

    bare = re.sub(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?(?:\*/|\Z)', blank, text, flags=re.DOTALL)
    return re.sub(r'("(?:\\.|[^"\\\n])*")|,(?=\s*[}\]])', lambda match: match.group(1) or " ", bare)


def _where(text: str, error: Exception) -> tuple[int | None, str]:
    if isinstance(error, RecursionError):
        return None, "is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return error.lineno, f"is no valid JSON: {error.msg} (column {error.colno})"
    if isinstance(error, _YamlError):
        return error.line, f"is no valid YAML: {_one_line(str(error))}"
    message = _one_line(str(error))
    at_end = text.count("\n") + (0 if text.endswith("\n") else 1)
    place = re.search(r"\(at line (\d+), column \d+\)", message)
    return int(place.group(1)) if place else max(at_end, 1), f"is no valid TOML: {message}"


def _one_line(message: str) -> str:
    return " ".join(message.split())[:200]


class _YamlError(ValueError):
    """A YAML error with its line."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def _load_toml(text: str) -> object:
    import tomllib  # lazy: 3 ms that only trees with TOML that was not seen before pay

    return tomllib.loads(text)


def _load_yaml(text: str) -> object:
    import yaml  # lazy: 27 ms that only trees with YAML pay

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader is there or not
        pass

    def plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
        match node:
            case yaml.MappingNode():
                return loader.construct_mapping(node, deep=True)
            case yaml.SequenceNode():
                return loader.construct_sequence(node, deep=True)
            case yaml.ScalarNode():
                return loader.construct_scalar(node)
        return None

    Loader.add_multi_constructor("!", plain)
    try:
        return next(iter(yaml.load_all(text, Loader=Loader)), None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _YamlError(f"{error.problem or error.context}", mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, TypeError, AttributeError) as error:  # unhashable keys and the like
        raise _YamlError(str(error), None) from error
