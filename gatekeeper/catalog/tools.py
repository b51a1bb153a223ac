"""`pipelines/tools/*.yaml` -> Tool and Command values. One YAML is one tool; a wrong key names its file."""

from __future__ import annotations

import os

from gatekeeper.catalog.document import Section
from gatekeeper.errors import ConfigError
from gatekeeper.model.component import Kind, Language
from gatekeeper.model.recovery import RetryPolicy, Trouble
from gatekeeper.model.tool import (
    Command,
    Effect,
    ExitSpec,
    FailsAt,
    OutputSpec,
    Provide,
    Role,
    Stream,
    Takes,
    Tool,
    Traces,
    VersionProbe,
)


def build_tool(data: object, path: str) -> Tool:
    """One tool from its document. Raises ConfigError with file and key."""
    section = Section(data, os.path.basename(path))
    if section.take("version") != 1:
        raise ConfigError(f"{section.where}: version 1 is needed, not {section.take('version')!r}")
    tool_id = section.text("id")
    languages = section.choices("languages", Language)
    commands = section.section("commands")
    tool = Tool(
        id=tool_id,
        license=section.text("license", ""),
        languages=languages,
        executable=section.text("executable", tool_id),
        builtin=section.flag("builtin"),
        traces=_traces(section),
        version_probe=_probe(section.section("version_probe")),
        provide=_provide(section),
        executes_repository_code=section.flag("executes_repository_code"),
        commands=tuple(_command(tool_id, languages, name, commands.section(name)) for name in commands.keys()),  # noqa: SIM118
        instead_of=section.texts("instead_of"),
        represented=section.flag("represented"),
    )
    section.done()
    return tool


def _traces(section: Section) -> Traces:
    config, traces = section.section("config"), section.section("traces")
    keys = config.section("keys")
    value = Traces(
        files=config.texts("files"),
        keys={name: keys.texts(name) for name in keys.keys()},  # noqa: SIM118
        targets=config.texts("targets"),
        words=traces.texts("words"),
        hooks=traces.texts("hooks"),
        pypi=traces.texts("pypi"),
        npm=traces.texts("npm"),
    )
    config.done()
    traces.done()
    return value


def _probe(section: Section) -> VersionProbe:
    usual = VersionProbe()
    probe = VersionProbe(argv=section.texts("argv") or usual.argv, pattern=section.text("pattern", usual.pattern),
                         supported=section.optional_text("supported"))
    section.done()
    return probe


def _provide(section: Section) -> Provide | None:
    if section.take("provide") is None:
        return None
    inner = section.section("provide")
    provide = Provide(pypi=inner.optional_text("pypi"), npm=inner.optional_text("npm"), binary=inner.optional_text("binary"),
                      extra=inner.texts("extra"))
    inner.done()
    return provide


def _command(tool_id: str, languages: tuple[Language, ...], name: str, section: Section) -> Command:
    usual = ExitSpec()
    exits, output = section.section("exit"), section.section("output")
    command = Command(
        id=f"{tool_id}.{name}",
        tool=tool_id,
        role=section.choice("role", Role),
        takes=section.choice("takes", Takes, "component"),
        argv=section.texts("argv"),
        fix=section.texts("fix") or None,
        globs=section.texts("globs"),
        languages=section.choices("languages", Language) or languages,
        kinds=section.choices("kinds", Kind),
        requires=section.texts("requires"),
        unless=section.texts("unless"),
        default=section.flag("default"),
        advisory=section.flag("advisory"),
        on_demand=section.flag("on_demand"),
        dependencies=section.flag("dependencies"),
        output=OutputSpec(source=output.choice("from", Stream, "stdout"), parser=output.text("parser", "exit-code"), pattern=output.text("pattern", "")),
        exit=ExitSpec(clean=exits.numbers("clean", usual.clean), findings=exits.numbers("findings", usual.findings),
                      nothing=exits.numbers("nothing", usual.nothing), usage=exits.numbers("usage", usual.usage)),
        fails_at=section.choice("fails_at", FailsAt, "any"),
        strict_words=section.texts("strict_words"),
        adopt=section.texts("adopt"),
        effect=section.choice("effect", Effect, "reads"),
        cache=_cache(section),
        threads=section.mapping("threads"),
        env=section.mapping("env"),
        memory=section.text("memory", "small"),
        timeout=section.seconds("timeout"),
        exclusive=section.texts("exclusive"),
        leaves=section.texts("leaves"),
        after=section.texts("after"),
        interrupt=section.flag("interrupt"),
        services=section.texts("services"),
        retry=_retry(section),
    )
    for inner in (exits, output, section):
        inner.done()
    return command


def _retry(section: Section) -> RetryPolicy | None:
    """`retry: {on: [network, signal], attempts: 2, delay: 1s, factor: 2, max_delay: 1m}`, each key with its usual value."""
    if section.take("retry") is None:
        return None
    inner, usual = section.section("retry"), RetryPolicy()
    policy = RetryPolicy(attempts=int(inner.text("attempts", str(usual.attempts))), on=inner.choices("on", Trouble) or usual.on, delay=inner.seconds("delay") or usual.delay,
                         factor=float(inner.text("factor", str(usual.factor))), max_delay=inner.seconds("max_delay") or usual.max_delay)
    inner.done()
    return policy


def _cache(section: Section) -> str:
    """`file`, `component`, `tree`, `none`, or `ttl:SECONDS` for what depends on the network (`plan.key` says what they mean)."""
    value = section.take("cache", "none")
    if isinstance(value, dict):
        inner = section.section("cache")
        ttl = inner.seconds("ttl")
        inner.done()
        return f"ttl:{ttl}"
    if value not in ("file", "component", "tree", "none"):
        raise ConfigError(f"{section.where}: cache: {value!r} is none of file, component, tree, none and {{ttl: TIME}}")
    return str(value)
