"""Tells how components stand to the tools of the catalogue, by the traces that the catalogue names. Knows no tool by name.

used: something the project runs calls it · configured: a configuration file or key of its own · stale: configuration left over beside a
rival that is used · declared-only: a dependency and nothing else · default: no trace, the catalogue offers it as advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from gatekeeper.detect.entries import Call
from gatekeeper.detect.evidence import Evidence, folder_of
from gatekeeper.detect.globs import is_glob, matches
from gatekeeper.detect.index import ancestors, base, inside, join, parent, resolve
from gatekeeper.detect.language import Found, Scene
from gatekeeper.detect.owners import FAMILIES, Owners
from gatekeeper.model.component import Component, Language, ToolStatus, ToolUse
from gatekeeper.model.pipeline import Catalog
from gatekeeper.model.tool import Command, Tool, Traces
from gatekeeper.model.value import dataclass, replace

_CONFIG_OPTIONS = frozenset({"-c", "--config", "--config-file", "--config-path", "--rcfile", "--settings-path"})
_ASKING = frozenset({"--version", "-V", "--help", "-h"})
#: tools that reach a further language only through a package that must be declared
_PLUGINS = {("prettier", Language.SOLIDITY): "prettier-plugin-solidity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A tool's standing before rivals are looked at: `words` are the trace words that were seen, `declared` where it is a dependency."""

    use: ToolUse
    declared: str | None = None
    words: tuple[str, ...] = ()
    #: its configuration itself says what it checks
    targeted: bool = False


def uses_of(scene: Scene, found: tuple[Found, ...], evidence: Evidence, catalog: Catalog) -> dict[int, tuple[Use, ...]]:
    """The tool uses of every component, by its position in `found`, in the order of the catalogue, without defaults."""
    owners = Owners(found, scene)
    seen: dict[int, list[Use]] = {position: [] for position in range(len(found))}
    about = [folder_of(call) for call in evidence.calls]
    relatives, beginning = _relatives(found), _by_first_word(about)
    for tool in (_within_reach(tool, scene) for tool in catalog.tools if not tool.builtin and _leaves_traces(tool.traces)):
        languages = tool.languages or tuple(Language)
        called: dict[int, list[tuple[Call, str]]] = {}
        for call in _candidates(tool.traces, about, beginning):
            if (word := matched(tool.traces, call.words)) is not None:
                for position in owners.of_call(call, languages):
                    called.setdefault(position, []).append((call, word))
        hooked = _hooked(tool, evidence, owners, languages)
        for position, item in enumerate(found):
            plugin = _PLUGINS.get((tool.id, item.component.language))
            if item.component.language in languages and (plugin is None or plugin in item.declared):
                use = _use(scene, tool, item, relatives, (called.get(position, []), hooked.get(position, [])))
                seen[position] += [use] if use is not None else []
    return {position: _judged(tuple(listed), catalog) for position, listed in seen.items()}


def _by_first_word(calls: Sequence[Call]) -> Mapping[str, list[int]]:
    """The numbers of the calls by the program that they start."""
    numbers: dict[str, list[int]] = {}
    for number, call in enumerate(calls):
        numbers.setdefault(call.words[0], []).append(number)
    return numbers


def _candidates(traces: Traces, calls: Sequence[Call], beginning: Mapping[str, list[int]]) -> Sequence[Call]:
    """The calls that trace words may match, in order."""
    first, options = _begun(traces.words)
    if options:  # they count anywhere
        return calls
    return [calls[number] for number in sorted({number for word in (*first, *traces.npm) for number in beginning.get(word, ())})]


def _relatives(found: tuple[Found, ...]) -> Mapping[str, frozenset[str]]:
    """The folders of the components of each family of languages."""
    return {family: frozenset(item.component.root for item in found if FAMILIES[item.component.language] == family) for family in FAMILIES.values()}


def _within_reach(tool: Tool, scene: Scene) -> Tool:
    """The tool without traces that this tree cannot hold: most components are asked for files whose names are nowhere in it."""
    traces = tool.traces
    files = tuple(name for name in traces.files if is_glob(name) or scene.index.has_name(base(name)))
    keys = {name: wanted for name, wanted in traces.keys.items() if scene.index.has_name(base(name))}
    return replace(tool, traces=replace(traces, files=files, keys=keys))


@lru_cache(maxsize=512)
def _begun(trace_words: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The first words of trace words, and those that are options."""
    return frozenset(word.split()[0] for word in trace_words), tuple(word for word in trace_words if word.startswith("-"))


def matched(traces: Traces, words: tuple[str, ...]) -> str | None:
    """The longest of the trace words that a call begins with (an option counts anywhere), or None."""
    name = traces.words[0].split()[0] if traces.words and words[0] in traces.npm else words[0]
    first, options = _begun(traces.words)
    if name not in first and (not options or not any(option in words or option == name for option in options)):
        return None
    whole = (name, *words[1:])
    if (len(whole) < 4 and not _ASKING.isdisjoint(whole)) or whole[1:] == ("version",):
        return None
    fitting = [word for word in traces.words if (word in whole if word.startswith("-") else whole[:len(word.split())] == tuple(word.split()))]
    return max(fitting, key=len, default=None)


def defaults_for(component: Component, known: tuple[Use, ...], catalog: Catalog) -> tuple[ToolUse, ...]:
    """The tools that the catalogue offers as advice: no trace of them, and of no rival that is used or configured."""
    standing = {item.use.tool: item.use.status for item in known}
    chosen = {tool for tool, status in standing.items() if status in {ToolStatus.USED, ToolStatus.CONFIGURED}}
    offers = []
    for tool in catalog.tools:
        offered = any(command.default and not command.on_demand and _fits(command, component) for command in tool.commands)
        if tool.id not in standing and not tool.builtin and offered and chosen.isdisjoint(tool.instead_of):
            offers.append(ToolUse(tool=tool.id, config=None, status=ToolStatus.DEFAULT, evidence="no trace of it: offered as advice"))
    return tuple(offers)


def _leaves_traces(traces: Traces) -> bool:
    return bool(traces.files or traces.keys or traces.words or traces.hooks or traces.pypi or traces.npm)


def _fits(command: Command, component: Component) -> bool:
    """Whether a command suits a component: language, kind and the traits it asks for."""
    if component.language not in command.languages or (command.kinds and component.kind not in command.kinds):
        return False
    return all(component.holds(need) for need in command.requires) and not any(component.holds(trait) for trait in command.unless)


def _hooked(tool: Tool, evidence: Evidence, owners: Owners, languages: tuple[Language, ...]) -> dict[int, list[tuple[str, str]]]:
    """Evidence from hooks and actions by component, with the trace word that the hook's name spells (`ruff-format`)."""
    found: dict[int, list[tuple[str, str]]] = {}
    for hook in evidence.hooks:
        name = next((name for name in hook.names if name in tool.traces.hooks), None)
        if name is not None:
            spelled = name.rsplit("/", 1)[-1].replace("-", " ")
            word = spelled if spelled in tool.traces.words else ""
            kind = "action" if "/" in name else "hook"
            place = f"{hook.file}:{hook.line}" if hook.line else hook.file
            for position in owners.of_hook(hook, languages):
                found.setdefault(position, []).append((f"{kind}: {name} ({place})", word))
    return found


def _use(scene: Scene, tool: Tool, item: Found, relatives: Mapping[str, frozenset[str]], seen: tuple[list[tuple[Call, str]], list[tuple[str, str]]]) -> Use | None:
    called, hooked = seen
    declared = _declared(tool.traces, item)
    if called or hooked:
        config, _ = _config(scene, tool.traces, item, frozenset())
        speaking = called[:1] if config is not None else called  # a second call may use a second configuration
        config = next((named for call, _word in speaking if (named := _named_config(scene, call)) is not None), config)
        plain = tuple(dict.fromkeys(_seen_from(scene, call, item.component.root, len(word.split())) for call, word in called if call.plain))
        words = [*(word for _call, word in called), *(word for _evidence, word in hooked if word)]
        best = called[0][0].evidence if called else hooked[0][0]
        use = ToolUse(tool=tool.id, config=config, status=ToolStatus.USED, evidence=best, invocation=plain[0] if plain else (), invocations=plain)
        return Use(use=use, declared=declared, words=tuple(dict.fromkeys(words)), targeted=_targeted(scene, tool.traces, config))
    config, beside = _config(scene, tool.traces, item, relatives[FAMILIES[item.component.language]])
    if config is not None:
        note = f"; {beside} beside it is left over" if beside else ""
        place = f", declared in {declared}" if declared else ""
        return Use(use=ToolUse(tool=tool.id, config=config, status=ToolStatus.CONFIGURED, evidence=f"{config} configures it{place}{note}"), declared=declared,
                   words=_configured_words(scene, tool.traces, config), targeted=_targeted(scene, tool.traces, config))
    if declared is not None:
        return Use(use=ToolUse(tool=tool.id, config=None, status=ToolStatus.DECLARED_ONLY, evidence=f"declared in {declared} and nowhere run or configured"), declared=declared)
    return None


def _seen_from(scene: Scene, call: Call, root: str, named: int) -> tuple[str, ...]:
    """The words of a call with its paths as the component sees them; the first `named` words name the tool and are no paths."""
    if call.cwd == root:
        return call.words
    return (*call.words[:named], *(_path_seen_from(scene, call.cwd, word, root) for word in call.words[named:]))


def _path_seen_from(scene: Scene, cwd: str, word: str, root: str) -> str:
    """A word that is a path (or `--option=path`) as seen from `root`; `.` where it holds all of it. Other words stay."""
    option, equals, value = word.rpartition("=")
    path = resolve(cwd, value) if not value.startswith("-") else None
    if path is None or (path not in scene.index and not scene.index.is_folder(path)):
        return word
    if inside(root, path):
        return f"{option}{equals}."
    below = path.removeprefix(f"{root}/") if root != "." else path
    return f"{option}{equals}{below if inside(path, root) else '/'.join(['..'] * (root.count('/') + 1) + [path])}"


def _declared(traces: Traces, item: Found) -> str | None:
    wanted = traces.pypi if item.component.language is Language.PYTHON else traces.npm
    return next((item.declared[name] for name in wanted if name in item.declared), None)


def _config(scene: Scene, traces: Traces, item: Found, relatives: frozenset[str]) -> tuple[str | None, str]:
    """The configuration in force and further files beside it. Above the component only where none of its `relatives` lies."""
    if not traces.files and not traces.keys:
        return None, ""
    for folder in ancestors(item.component.root):
        if folder != item.component.root and folder in relatives:
            return None, ""
        files = [path for name in traces.files for path in _files(scene, folder, name)]
        if files:
            return files[0], ", ".join(base(path) for path in files[1:])
        if (key := _key(scene, traces.keys, folder)) is not None:
            return key, ""
    return None, ""


def _named_config(scene: Scene, call: Call) -> str | None:
    """The file that a call names with `--config`."""
    for position, word in enumerate(call.words[:-1]):
        option, _, value = word.partition("=")
        if option in _CONFIG_OPTIONS:
            path = resolve(call.cwd, value or call.words[position + 1])
            if path is not None and path in scene.index:
                return path
    return None


def _files(scene: Scene, folder: str, name: str) -> list[str]:
    if not is_glob(name):
        return [join(folder, name)] if join(folder, name) in scene.index else []
    start = len(folder) + 1 if folder != "." else 0
    return [path for path in scene.index.directly_in(parent(join(folder, name))) if matches(name, path[start:])]


def _key(scene: Scene, keys: Mapping[str, tuple[str, ...]], folder: str) -> str | None:
    """`FILE#KEY` of the first key that a shared file holds."""
    for name, wanted in keys.items():
        path = join(folder, name)
        if path in scene.index:
            for key in wanted:
                if _has_key(scene, path, key):
                    return f"{path}#{key}"
    return None


def _has_key(scene: Scene, path: str, key: str) -> bool:
    if path.endswith((".cfg", ".ini", ".flake8")):
        return any(section == key or section.startswith(f"{key}:") for section in scene.documents.ini(path))
    reader = scene.documents.toml if path.endswith(".toml") else scene.documents.yaml if path.endswith((".yaml", ".yml")) else scene.documents.json
    document = reader(path)
    return document is not None and document.has(*key.split("."))


def _targeted(scene: Scene, traces: Traces, config: str | None) -> bool:
    """Whether the configuration in force names what the tool checks, under one of the keys that the catalogue gives."""
    if config is None or not traces.targets:
        return False
    path, _, table = config.partition("#")
    table = table or next((key for name, keys in traces.keys.items() if base(name) == base(path) for key in keys), traces.words[0] if traces.words else "")
    if path.endswith((".cfg", ".ini")):
        return any(key in scene.documents.ini(path).get(table, {}) for key in traces.targets)
    return any(_has_key(scene, path, f"{table}.{key}") for key in traces.targets)


def _configured_words(scene: Scene, traces: Traces, config: str) -> tuple[str, ...]:
    """`ruff format` where [tool.ruff.format] stands: the sub-command has a table of its own."""
    path, _, key = config.partition("#")
    found = []
    for word in traces.words:
        parts = word.split()
        prefix = f"{key}." if key.endswith(parts[0]) else "" if base(path).lstrip(".").startswith(parts[0]) else None
        if len(parts) == 2 and prefix is not None and path.endswith(".toml") and _has_key(scene, path, f"{prefix}{parts[1]}"):
            found.append(word)
    return tuple(found)


def _judged(listed: tuple[Use, ...], catalog: Catalog) -> tuple[Use, ...]:
    """With configuration marked as stale that is left over beside a rival in use."""
    chosen = {item.use.tool: item for item in listed if item.use.status is ToolStatus.USED or (item.use.status is ToolStatus.CONFIGURED and item.declared)}
    judged = []
    for item in listed:
        rival = next((other for other in _rivals(item.use.tool, catalog) if other in chosen), None)
        if item.use.status is ToolStatus.CONFIGURED and item.declared is None and rival is not None:
            evidence = f"{item.use.config} is left over: not declared and nowhere run, {rival} does the work"
            judged.append(Use(use=ToolUse(tool=item.use.tool, config=item.use.config, status=ToolStatus.STALE, evidence=evidence)))
        else:
            judged.append(item)
    return tuple(judged)


def _rivals(tool_id: str, catalog: Catalog) -> Iterable[str]:
    for tool in catalog.tools:
        if tool.id == tool_id:
            yield from tool.instead_of
        elif tool_id in tool.instead_of:
            yield tool.id
