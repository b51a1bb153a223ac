"""Reads one YAML document into plain values. Does not know what the document is for.

Only what JSON can hold comes out: keys are texts as written (`on:` stays `on`), dates stay texts, tags that construct
objects are refused, and aliases cannot blow a small file up. Importing this module imports yaml (27 ms): do so late.
"""

from __future__ import annotations

import math

import yaml

from gatekeeper.config.document import Document, describe
from gatekeeper.errors import ConfigError

_MOST_NODES = 50_000
_DEEPEST = 50
_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + kind for kind in ("null", "bool", "int", "float", "str", "timestamp", "value", "merge", "map", "seq"))


def read_document(name: str, data: bytes) -> Document:
    """Parses YAML. Raises ConfigError with file and line for what is no mapping of plain values; an empty file is an empty mapping."""
    text = _decode(name, data)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}:{_error_line(error)}: not valid YAML: {_error_words(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}:1: nested too deeply") from error
    if node is None:
        return Document(name=name)
    reader = _Reader(name)
    value = reader.value(node, "", 0)
    if not isinstance(value, dict):
        raise ConfigError(f"{name}:{node.start_mark.line + 1}: expected keys and values, found {describe(value)}")
    return Document(name=name, value=value, lines=reader.lines)


def _decode(name: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(f"{name}:1: the file is UTF-16", hint="save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: the file is not UTF-8", hint="save it as UTF-8") from error


def _error_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark is not None else 1


def _error_words(error: yaml.YAMLError) -> str:
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    return " ".join(str(words).split())


class _Reader:
    """Turns nodes into values; counts them, because an alias repeats its node."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._constructor = yaml.constructor.SafeConstructor()
        self._seen = 0
        self.lines: dict[str, int] = {}

    def value(self, node: yaml.Node, path: str, depth: int) -> object:
        self._seen += 1
        if self._seen > _MOST_NODES or depth > _DEEPEST:
            raise self._error(node, "too many values, or nested too deeply")
        if node.tag not in _TAGS:
            raise self._error(node, f"the tag {node.tag.replace(_TAG, '!!')} is not supported")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node.value, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, _join(path, str(index)), depth + 1) for index, item in enumerate(node.value)]
        return self._plain(node)

    def _mapping(self, pairs: list[tuple[yaml.Node, yaml.Node]], path: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, node in pairs:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "a key must be a plain word")
            if key.tag == _TAG + "merge":
                raise self._error(key, "merge keys (<<) are not supported: write the values out")
            if key.value in found:
                raise self._error(key, f"`{key.value}` is given twice (first in line {self.lines[_join(path, key.value)]})")
            inner = _join(path, key.value)
            self.lines[inner] = key.start_mark.line + 1
            found[key.value] = self.value(node, inner, depth + 1)
        return found

    def _plain(self, node: yaml.Node) -> object:
        tag = node.tag.removeprefix(_TAG)
        if tag in {"timestamp", "value"}:
            return str(node.value)
        try:
            value: object = self._constructor.construct_object(node)
        except (ValueError, KeyError, OverflowError) as error:
            raise self._error(node, f"`{node.value}` is no {tag}") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(node, f"`{node.value}` is no number")
        return value

    def _error(self, node: yaml.Node, words: str) -> ConfigError:
        return ConfigError(f"{self._name}:{node.start_mark.line + 1}: {words}")


def _join(path: str, key: str) -> str:
    return f"{path}/{key}" if path else key
