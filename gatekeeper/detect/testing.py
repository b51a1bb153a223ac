"""Says how a project runs its tests: the command with its scope, and where it stands. None where the project runs none.

Scope is what narrows or widens the set of tests (paths, packages, networks); how they are shown or timed is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from gatekeeper.detect.entries import Call, Via
from gatekeeper.detect.index import Index, resolve
from gatekeeper.model.component import Component, Kind, Language, TestCommand, ToolStatus

Words = tuple[str, ...]

_CARGO_FLAGS = frozenset({"--workspace", "--all", "--lib", "--bins", "--doc", "--all-targets", "--tests"})
_CARGO_VALUES = frozenset({"-p", "--package", "--exclude", "--test", "--bin"})
_FORGE_VALUES = frozenset({"--match-path", "--mp", "--no-match-path", "--nmp", "--match-contract", "--mc", "--no-match-contract", "--nmc", "--match-test", "--mt",
                           "--no-match-test", "--nmt"})
_HARDHAT_VALUES = frozenset({"--network", "--grep"})
_PYTEST_VALUES = frozenset({"-m", "-k"})
_UNITTEST_DROPPED = frozenset({"-v", "--verbose", "-q", "--quiet", "-b", "--buffer", "-f", "--failfast"})
_JS_RUNNERS = ("vitest", "jest", "mocha", "ava", "tap", "tape", "uvu", "borp", "wtr", "web-test-runner", "jasmine", "xv")
_JS_CALLS = frozenset({("node", "--test"), ("bun", "test"), ("playwright", "test"), ("cypress", "run"), ("karma", "start"), ("react-scripts", "test"), ("ng", "test")})
_NO_TESTS = frozenset({"bench", "reset-cache", "list", "init", "--init", "--clearCache", "typecheck"})
_PLACEHOLDER = "no test specified"


def test_of(component: Component, calls: tuple[Call, ...], index: Index) -> TestCommand | None:
    """How this component's tests are run; `calls` are all that the project makes about it, strongest first."""
    match component.language:
        case Language.RUST:
            return _rust(component, calls)
        case Language.PYTHON:
            return _python(component, calls, index)
        case Language.JAVASCRIPT | Language.TYPESCRIPT:
            return _javascript(component, calls)
        case Language.SOLIDITY:
            return _solidity(component, calls)


def member_test(member: Component, root: TestCommand | None) -> TestCommand | None:
    """A cargo workspace runs its members' tests with its own: the same command, for this member."""
    if root is None or "tests" not in member.traits or not root.command.startswith("cargo "):
        return None
    runner = "cargo nextest run" if root.command.startswith("cargo nextest") else "cargo test"
    return TestCommand(command=f"{runner} -p {member.name}", evidence=f"part of the workspace's {root.evidence}")


def _first(calls: tuple[Call, ...], *beginnings: Words) -> Call | None:
    """The strongest call that begins with one of these words; one that says all, and more than documentation tests, comes first."""
    fitting = [call for call in calls if any(call.words[:len(beginning)] == beginning for beginning in beginnings) and "--no-run" not in call.words]
    return min(fitting, key=lambda call: ("--doc" in call.words, not call.plain), default=None)


def _rust(component: Component, calls: tuple[Call, ...]) -> TestCommand | None:
    call = _first(calls, ("cargo", "nextest", "run"), ("cargo", "nextest", "r"), ("cargo", "test"))
    if call is not None:
        start = 3 if call.words[1] == "nextest" else 2
        scope = _kept(call.words[start:], _CARGO_FLAGS, _CARGO_VALUES)
        return TestCommand(command=" ".join((*call.words[:start], *scope)), evidence=call.evidence)
    if "tests" in component.traits and component.kind is not Kind.CARGO_WORKSPACE_MEMBER:
        return TestCommand(command="cargo test", evidence=f"tests in the sources of {component.manifest}, no call found")
    return None


def _kept(words: Words, flags: frozenset[str], values: frozenset[str], positional: Callable[[str], bool] | None = None) -> list[str]:
    """The words that say the scope, up to `--`; words that the shell would still have to fill in are dropped."""
    kept: list[str] = []
    position = 0
    while position < len(words) and words[position] != "--":
        word = words[position]
        name, _, value = word.partition("=")
        following = words[position + 1] if position + 1 < len(words) else ""
        if name in values:
            if "$" not in (value or following):
                kept += [word] if value else [word, _quoted(following)]
            position += 1 if value else 2
            continue
        if word in flags or (positional is not None and not word.startswith("-") and positional(word)):
            kept.append(word)
        position += 1
    return kept


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _python(component: Component, calls: tuple[Call, ...], index: Index) -> TestCommand | None:
    call = _first(calls, ("pytest",), ("py.test",))
    if call is not None:
        cwd = call.cwd
        scope = _kept(call.words[1:], frozenset(), _PYTEST_VALUES, lambda word: (path := resolve(cwd, word.split("::")[0])) is not None and
                      path != "." and (path in index or index.is_folder(path)))
        return TestCommand(command=" ".join(("pytest", *scope)), evidence=call.evidence)
    call = _first(calls, ("unittest",))
    if call is not None:
        return TestCommand(command=" ".join(("python -m unittest", *(word for word in call.words[1:] if word not in _UNITTEST_DROPPED))), evidence=call.evidence)
    call = next((call for call in calls if len(call.words) > 2 and call.words[1].endswith("manage.py") and call.words[2] == "test"), None) or _first(
        calls, ("nose2",), ("trial",), ("stestr",), ("green",), ("manage.py", "test"))
    if call is not None:
        return TestCommand(command=" ".join(call.words), evidence=call.evidence)
    use = component.use_of("pytest")
    if use is not None and "tests" in component.traits and use.status is not ToolStatus.STALE:
        return TestCommand(command="pytest", evidence=use.evidence)
    return None


def _javascript(component: Component, calls: tuple[Call, ...]) -> TestCommand | None:
    script = dict(component.scripts).get("test")
    if script is not None and _PLACEHOLDER not in script:
        return TestCommand(command=_script_command(component, "test"), evidence=f"{component.manifest} scripts.test: {script}")
    call = next((call for call in calls if (call.words[0] in _JS_RUNNERS and _NO_TESTS.isdisjoint(call.words[1:2])) or call.words[:2] in _JS_CALLS), None)
    if call is None:
        return None
    named = next((name for name, line in component.scripts if call.via is Via.RECIPE and name.startswith("test") and call.words[0] in line), None)
    return TestCommand(command=_script_command(component, named) if named else " ".join(call.words), evidence=call.evidence)


def _script_command(component: Component, script: str) -> str:
    """How one calls a script of a package from where it is installed."""
    manager = component.package_manager or "npm"
    run = script if script == "test" and manager != "bun" else f"run {script}"
    if component.kind is not Kind.NPM_WORKSPACE_MEMBER:
        return f"{manager} {run}"
    match manager:
        case "yarn":
            return f"yarn workspace {component.name} {script}"
        case "pnpm":
            return f"pnpm --filter {component.name} {run}"
        case "bun":
            return f"bun run --filter {component.name} {script}"
        case _:
            return f"npm {run} --workspace={component.name}"


def _solidity(component: Component, calls: tuple[Call, ...]) -> TestCommand | None:
    hardhat, forge = _first(calls, ("hardhat", "test")), _first(calls, ("forge", "test"), ("forge", "t"))
    call = (hardhat or forge) if component.kind is Kind.HARDHAT_PROJECT else (forge or hardhat)
    if call is not None:
        values = _HARDHAT_VALUES if call is hardhat else _FORGE_VALUES
        return TestCommand(command=" ".join((call.words[0], "test", *_kept(call.words[2:], frozenset(), values))), evidence=call.evidence)
    if "tests" not in component.traits:
        return None
    match component.kind:
        case Kind.FOUNDRY_PROJECT:
            return TestCommand(command="forge test", evidence=f"tests beside {component.manifest}, no call found")
        case Kind.HARDHAT_PROJECT:
            return TestCommand(command="hardhat test", evidence=f"tests beside {component.manifest}, no call found")
        case _:
            return None


