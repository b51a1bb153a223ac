"""Finds cargo and its subcommands for a folder, as rustup would choose the toolchain, but reading only.

Running a rustup proxy in a folder with `rust-toolchain.toml` may install a toolchain; so the toolchain is worked out from files
(`RUSTUP_TOOLCHAIN`, directory overrides, the pin, the default) and handed to every job by `RUSTUP_TOOLCHAIN`. A pinned
toolchain that is not installed is a missing tool. Knows nothing of what cargo does.
"""

from __future__ import annotations

import os

from gatekeeper.model.component import Component
from gatekeeper.model.ports import Runner
from gatekeeper.model.tool import LocatedTool, MissingTool, Tool
from gatekeeper.model.value import dataclass
from gatekeeper.provide.places import Surroundings, executable, read_text
from gatekeeper.provide.probe import ask

#: subcommands that are part of cargo itself, not programs of their own beside it
BUILT_IN = frozenset({"add", "bench", "build", "check", "clean", "doc", "fetch", "generate-lockfile", "info", "locate-project", "metadata",
                      "package", "pkgid", "run", "rustc", "rustdoc", "test", "tree", "update", "vendor", "version"})
#: which rustup component brings a subcommand
_COMPONENTS = {"cargo-clippy": "clippy", "cargo-fmt": "rustfmt", "cargo-miri": "miri"}
_INSTALL = "install Rust: https://rustup.rs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """What cargo is in a folder: the program to start, the folder of its siblings, the name for rustup (None: no rustup) and who chose it."""

    cargo: str
    scripts: str
    name: str | None
    chosen_by: str


def locate_rust(surroundings: Surroundings, runner: Runner, tool: Tool, component: Component | None) -> LocatedTool | MissingTool:
    """The program for a Rust tool: cargo of the right toolchain, or a stand-alone program beside it or on PATH."""
    toolchain = find_toolchain(surroundings, component)
    if tool.executable != "cargo":
        return _program(surroundings, runner, tool, toolchain)
    if isinstance(toolchain, MissingTool):
        return toolchain
    for name in subcommands(tool):
        if not (executable(os.path.join(toolchain.scripts, name)) or _beside(surroundings, name)):
            return _no_subcommand(name, toolchain)
    real = os.path.join(toolchain.scripts, "cargo")
    if surroundings.inside(real):  # a toolchain that the repository brings is started by jobs only
        return LocatedTool(path=toolchain.cargo, version=None, source="toolchain", env=_variables(toolchain))
    version = ask(runner, [real], tool.version_probe, _environment(surroundings, toolchain))
    if version is None:
        return MissingTool(reason=f"{surroundings.show(real)} does not run", hint=_INSTALL)
    return LocatedTool(path=toolchain.cargo, version=version, source="toolchain", env=_variables(toolchain))


def subcommands(tool: Tool) -> tuple[str, ...]:
    """The programs `cargo-NAME` that a tool's commands (and its version probe) need beside cargo."""
    words = [argv[0] for argv in (*(command.argv for command in tool.commands), tool.version_probe.argv) if argv]
    return tuple(dict.fromkeys(f"cargo-{word}" for word in words if word[0] not in "-{+" and word not in BUILT_IN))


def find_toolchain(surroundings: Surroundings, component: Component | None) -> Toolchain | MissingTool:
    """The toolchain that a job in the component's folder gets, or why there is none."""
    home = rustup_home(surroundings)
    proxy = surroundings.find("cargo") or _cargo_home_program(surroundings, "cargo")
    if home is None or (proxy and not _is_proxy(proxy)):
        if proxy is None:
            return MissingTool(reason="cargo is not on PATH", hint=_INSTALL)
        return Toolchain(cargo=proxy, scripts=os.path.dirname(proxy), name=None, chosen_by="PATH")
    wanted, chosen_by = _chosen(surroundings, home, surroundings.folder(component))
    if wanted is None:
        return MissingTool(reason="rustup has no default toolchain", hint="rustup default stable")
    if os.path.isabs(wanted):
        return Toolchain(cargo=os.path.join(wanted, "bin", "cargo"), scripts=os.path.join(wanted, "bin"), name=wanted, chosen_by=chosen_by)
    name = _installed_name(home, wanted)
    if name is None:
        return MissingTool(reason=f"{chosen_by} asks for the toolchain {wanted}, which is not installed", hint=f"rustup toolchain install {wanted}")
    scripts = os.path.join(home, "toolchains", name, "bin")
    return Toolchain(cargo=proxy or os.path.join(scripts, "cargo"), scripts=scripts, name=name, chosen_by=chosen_by)


def rustup_home(surroundings: Surroundings) -> str | None:
    """The folder of rustup's toolchains, or None without rustup."""
    home = surroundings.environment.get("RUSTUP_HOME") or (surroundings.home and os.path.join(surroundings.home, ".rustup"))
    return home if home and os.path.isdir(os.path.join(home, "toolchains")) else None


def _is_proxy(program: str) -> bool:
    """rustup's `cargo` is rustup itself: a link to it, or one file under two names."""
    rustup = os.path.join(os.path.dirname(program), "rustup")
    return os.path.basename(os.path.realpath(program)) in {"rustup", "rustup-init"} or (os.path.exists(rustup) and os.path.samefile(program, rustup))


def _chosen(surroundings: Surroundings, home: str, folder: str) -> tuple[str | None, str]:
    """rustup's order: variable, then for each folder upwards an override or a pin, then the default."""
    if name := surroundings.environment.get("RUSTUP_TOOLCHAIN"):
        return name, "RUSTUP_TOOLCHAIN"
    settings = _toml(os.path.join(home, "settings.toml"))
    overrides = settings.get("overrides")
    while True:
        if isinstance(overrides, dict) and isinstance(override := overrides.get(folder), str):
            return override, "a rustup directory override"
        for pin in ("rust-toolchain.toml", "rust-toolchain"):
            path = os.path.join(folder, pin)
            if (text := read_text(path, 100_000)) is not None and (wanted := pinned_channel(text, folder)):
                return wanted, surroundings.show(path)
        if os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    default = settings.get("default_toolchain")
    return (default, "rustup's default") if isinstance(default, str) else (None, "")


def pinned_channel(text: str, folder: str) -> str | None:
    """What a `rust-toolchain(.toml)` names: a channel, or the absolute path of a custom toolchain; None for neither."""
    import tomllib  # lazy: only trees with crates pay

    try:
        table = tomllib.loads(text).get("toolchain")
    except (tomllib.TOMLDecodeError, RecursionError):
        word = text.strip()
        return word if word and len(word.split()) == 1 and "[" not in word else None
    if not isinstance(table, dict):
        return None
    if isinstance(channel := table.get("channel"), str):
        return channel
    return os.path.normpath(os.path.join(folder, path)) if isinstance(path := table.get("path"), str) else None


def _installed_name(home: str, wanted: str) -> str | None:
    """The installed toolchain that a name means: itself, or itself with the host's triple."""
    try:
        names = sorted(os.listdir(os.path.join(home, "toolchains")))
    except OSError:
        return None
    if wanted in names:
        return wanted
    host = _host(home, names)
    return next((name for name in names if name == f"{wanted}-{host}"), None)


def _host(home: str, names: list[str]) -> str:
    settings = _toml(os.path.join(home, "settings.toml"))
    if isinstance(triple := settings.get("default_host_triple"), str):
        return triple
    default = settings.get("default_toolchain")
    sample = default if isinstance(default, str) else next(iter(names), "")
    parts = sample.split("-")
    while parts and parts[0] not in {"x86_64", "aarch64", "arm64", "i686", "armv7", "riscv64gc", "powerpc64le", "s390x", "loongarch64"}:
        parts.pop(0)
    return "-".join(parts)


def _toml(path: str) -> dict[str, object]:
    import tomllib  # lazy: see above

    try:
        return tomllib.loads(read_text(path, 1_000_000) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _program(surroundings: Surroundings, runner: Runner, tool: Tool, toolchain: Toolchain | MissingTool) -> LocatedTool | MissingTool:
    """A stand-alone program such as cargo-audit."""
    variables = {} if isinstance(toolchain, MissingTool) else _variables(toolchain)
    path = _beside(surroundings, tool.executable)
    if path is None:
        return MissingTool(reason=f"{tool.executable} is not installed", hint=f"cargo install --locked {tool.executable}")
    version = ask(runner, [path], tool.version_probe, {**surroundings.environment, **variables})
    if version is None:
        return MissingTool(reason=f"{path} does not run", hint=f"cargo install --locked --force {tool.executable}")
    return LocatedTool(path=path, version=version, source="path", env=variables)


def _no_subcommand(name: str, toolchain: Toolchain) -> MissingTool:
    rustup = f" --toolchain {toolchain.name}" if toolchain.name else ""
    hint = f"rustup component add {_COMPONENTS[name]}{rustup}" if name in _COMPONENTS else f"cargo install --locked {name}"
    return MissingTool(reason=f"{name} is not installed for the toolchain {toolchain.name or toolchain.cargo}", hint=hint)


def _beside(surroundings: Surroundings, program: str) -> str | None:
    """A program that cargo would find: on PATH or in cargo's own bin folder. Proxies of rustup are no programs of their own."""
    found = surroundings.find(program) or _cargo_home_program(surroundings, program)
    return None if found and _is_proxy(found) else found


def _cargo_home_program(surroundings: Surroundings, program: str) -> str | None:
    base = surroundings.environment.get("CARGO_HOME") or (surroundings.home and os.path.join(surroundings.home, ".cargo"))
    path = os.path.join(base, "bin", program) if base else ""
    return path if path and executable(path) else None


def _variables(toolchain: Toolchain) -> dict[str, str]:
    return {} if toolchain.name is None else {"RUSTUP_TOOLCHAIN": toolchain.name, "RUSTUP_AUTO_INSTALL": "0"}


def _environment(surroundings: Surroundings, toolchain: Toolchain) -> dict[str, str]:
    """For the probe: subcommands are looked for beside the toolchain's cargo first."""
    path = os.pathsep.join([toolchain.scripts, *surroundings.search_path()])
    return {**surroundings.environment, **_variables(toolchain), "PATH": path}
