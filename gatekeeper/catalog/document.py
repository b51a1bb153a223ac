"""A YAML mapping that is read key by key, so that a wrong or unknown key is named with its file. Knows no schema of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from gatekeeper.errors import ConfigError
from gatekeeper.model import duration

T = TypeVar("T")


class Section:
    """One mapping of a document; `where` is shown in messages (`ruff.yaml: commands.lint`). Call `done()` when all keys were taken."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise ConfigError(f"{where}: a mapping is needed here, not {type(data).__name__}")
        self._data = {str(key): value for key, value in data.items()}
        self._taken: set[str] = set()
        self.where = where

    def take(self, key: str, default: object = None) -> object:
        self._taken.add(key)
        return self._data.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str):
            raise ConfigError(f"{self.where}.{key}: text is needed, not {value!r}")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.take(key) is None else self.text(key)

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.where}.{key}: true or false is needed, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items):
            raise ConfigError(f"{self.where}.{key}: a list of texts is needed, not {value!r}")
        return tuple(str(item) for item in items)

    def numbers(self, key: str, default: frozenset[int]) -> frozenset[int]:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise ConfigError(f"{self.where}.{key}: a list of whole numbers is needed, not {value!r}")
        return frozenset(value)

    def seconds(self, key: str) -> float | None:
        value = self.take(key)
        if value is None:
            return None
        try:
            return duration.seconds(value if isinstance(value, int | float) else str(value))
        except ValueError as error:
            raise ConfigError(f"{self.where}.{key}: {error}") from None

    def choice(self, key: str, convert: Callable[[str], T], default: str | None = None) -> T:
        return self._convert(key, self.text(key, default), convert)

    def choices(self, key: str, convert: Callable[[str], T]) -> tuple[T, ...]:
        return tuple(self._convert(key, item, convert) for item in self.texts(key))

    def mapping(self, key: str) -> dict[str, str]:
        inner = self.section(key)
        return {name: str(inner.take(name)) for name in inner.keys()}  # noqa: SIM118 - a Section is no mapping

    def section(self, key: str) -> Section:
        value = self.take(key)
        return Section({} if value is None else value, f"{self.where}.{key}")

    def sections(self, key: str) -> tuple[Section, ...]:
        value = self.take(key)
        items = [] if value is None else value
        if not isinstance(items, list):
            raise ConfigError(f"{self.where}.{key}: a list is needed, not {value!r}")
        return tuple(Section(item, f"{self.where}.{key}[{number}]") for number, item in enumerate(items))

    def keys(self) -> tuple[str, ...]:
        return tuple(self._data)

    def done(self) -> None:
        """Raises ConfigError for the first key that nobody asked for, with the nearest one that exists."""
        for key in self._data:
            if key not in self._taken:
                import difflib  # lazy: only mistakes pay

                near = difflib.get_close_matches(key, self._taken, 1)
                raise ConfigError(f"{self.where}: unknown key `{key}`", hint=f"did you mean `{near[0]}`?" if near else None)

    def _convert(self, key: str, text: str, convert: Callable[[str], T]) -> T:
        try:
            return convert(text)
        except ValueError:
            allowed = [str(item) for item in convert] if isinstance(convert, type) and hasattr(convert, "__members__") else []  # type: ignore[attr-defined]
            import difflib  # lazy: only mistakes pay

            near = difflib.get_close_matches(text, allowed, 1)
            hint = f"did you mean `{near[0]}`?" if near else (f"one of: {', '.join(allowed)}" if allowed else None)
            raise ConfigError(f"{self.where}.{key}: unknown value `{text}`", hint=hint) from None
