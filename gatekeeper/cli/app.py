"""The typer application: help, completion, and every verb that the fast path leaves to it.

The options of `run` and `plan` come from the table in `config.options`; typer hands their texts on unconverted, so that
both parsers give the same arguments.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import typer

from gatekeeper import __version__
from gatekeeper.cli import (
    backup,
    baseline,
    cache,
    config,
    control,
    detect,
    doctor,
    explain,
    history,
    init,
    logs,
    parse,
    ps,
    resume,
    retry,
    setup,
    status,
    tools,
    trace,
    watch,
)
from gatekeeper.cli import show as show_verb
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, tell
from gatekeeper.cli.run import perform
from gatekeeper.config.lean import arguments, split_files
from gatekeeper.config.options import Arguments, Kind, Option, options_of
from gatekeeper.config.values import nearest
from gatekeeper.errors import UsageError

#: what click raises for a wrong command line; its own module differs between versions of typer, its place in this order does not
_WRONG_LINE: type[Exception] = typer.BadParameter.__mro__[2]
Take = Callable[[str, Arguments], int]
PLANNED = {
    "run": "Decide whether a repository is fit to merge.",
    "plan": "Show what a run would do, and why; runs nothing.",
}
MODULES = (detect, show_verb, explain, logs, history, trace, resume, retry, ps, status, watch, control, doctor, tools, init, setup, parse, config, backup, baseline, cache)
_EPILOG = "Files can be named after --, for example: gatekeeper run -- src/a.py src/b.py"


def call(words: Sequence[str], here: Here) -> int:
    """Runs the command that the words name. Raises UsageError for a line that makes no sense."""
    return _invoke(words, lambda verb, told: perform(verb, told, here), here)


def parse_with_typer(verb: str, words: Sequence[str]) -> Arguments:
    """What typer makes of the arguments of `run` or `plan`. Raises UsageError as `call` does."""
    taken: list[Arguments] = []

    def take(_verb: str, told: Arguments) -> int:
        taken.append(told)
        return 0

    _invoke((verb, *words), take, Here(environment={}, cwd="/"))
    return taken[0]


def build(here: Here, take: Take, files: tuple[str, ...] | None = None) -> typer.Typer:
    """The whole application; `take` gets the arguments of `run` and `plan`, `files` are the names after `--`."""
    app = typer.Typer(name="gatekeeper", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                      context_settings={"help_option_names": ["--help", "-h"]},
                      help="One command decides whether a repository is fit to merge, and can prove why.")
    app.callback()(_root)
    for verb, sentence in PLANNED.items():
        app.command(verb, help=sentence, epilog=_EPILOG)(_planned(verb, take, files))
    for module in MODULES:
        module.register(app, here)
    _shorten(app)
    return app


def _shorten(app: typer.Typer) -> None:
    """In a list of verbs each has what stands before the first `;` or `:` of its help, which fits a terminal of 80 cells uncut."""
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _shorten(group.typer_instance)
    for command in app.registered_commands:
        if command.help and command.short_help is None:
            command.short_help = f"{re.split('[;:]', command.help)[0].rstrip('.')}."


def verbs() -> tuple[str, ...]:
    """Every verb, as typed."""
    app = build(Here(environment={}, cwd="/"), lambda _verb, _told: 0)
    commands = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    return (*commands, *(group.name for group in app.registered_groups if isinstance(group.name, str)))


def _invoke(words: Sequence[str], take: Take, here: Here) -> int:
    head, files = split_files(words) if words and words[0] in PLANNED else (list(words), None)
    _check_verb(words)
    app = build(here, take, files)
    try:
        code = app(args=head, prog_name="gatekeeper", standalone_mode=False)
    except typer.Exit as exit_:
        return exit_.exit_code
    except typer.Abort as abort:
        raise KeyboardInterrupt from abort
    except _WRONG_LINE as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            tell(str(getattr(error, "message", error)))
            return UsageError.exit_code
        raise _usage_error(error, words) from error
    return code if isinstance(code, int) else 0


def _check_verb(words: Sequence[str]) -> None:
    known = verbs()
    if words and not words[0].startswith("-") and words[0] not in known:
        near = nearest(words[0], known)
        raise UsageError(f"unknown verb `{words[0]}`", hint=f"did you mean `{near}`?" if near else f"one of: {', '.join(known)}")


def _usage_error(error: Exception, words: Sequence[str]) -> UsageError:
    said = " ".join(str(getattr(error, "format_message", error.__str__)()).split()).rstrip(".")
    verb = words[0] if words and not words[0].startswith("-") else ""
    wrong = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and isinstance(wrong, str):
        flags = {flag for option in options_of(verb) for flag in option.flags} | set(getattr(error, "possibilities", None) or ())
        near = nearest(wrong, flags)
        if wrong in {"-C", "--root"}:
            return UsageError(f"unknown option `{wrong}`", hint=f"name the folder itself: gatekeeper {verb} PATH")
        return UsageError(f"unknown option `{wrong}`", hint=f"did you mean `{near}`?" if near else f"see: {_help(verb)}")
    if "unexpected extra argument" in said and verb in PLANNED:
        return UsageError(said[:1].lower() + said[1:], hint=f"name files after --, for example: gatekeeper {verb} -- FILE")
    if "unexpected extra argument" in said:
        return UsageError(said[:1].lower() + said[1:], hint=f"the folder of the repository is named with -C PATH; see: {_help(verb)}")
    return UsageError(said[:1].lower() + said[1:], hint=f"see: {_help(verb)}")


def _help(verb: str) -> str:
    return " ".join(word for word in ("gatekeeper", verb, "--help") if word)


def _root(*, version: bool = typer.Option(False, "--version", "-V", help="Show the version and leave.", is_eager=True)) -> None:
    if version:
        show(f"gatekeeper {__version__}")
        raise typer.Exit


def _planned(verb: str, take: Take, files: tuple[str, ...] | None) -> Callable[..., int]:
    """The command function of `run` or `plan`, with a signature made from the option table."""
    options = options_of(verb)

    def command(**values: Any) -> int:
        given = {option.name: _texts(option, values[option.name]) for option in options if _is_given(values[option.name])}
        return take(verb, arguments(values["path"], given, files))

    parameters = [_path_parameter(), *(_parameter(option) for option in options)]
    command.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]  # read by typer
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": int}
    return command


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != []


def _texts(option: Option, value: object) -> list[str]:
    if option.kind is Kind.SWITCH:
        return []
    return [str(text) for text in value] if isinstance(value, list) else [str(value)]


def _path_parameter() -> inspect.Parameter:
    default = typer.Argument(None, metavar="PATH", show_default=False, help="The folder to look at; the current one if not given.")
    return inspect.Parameter("path", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=str | None)


def _parameter(option: Option) -> inspect.Parameter:
    annotation = {Kind.SWITCH: bool, Kind.TEXTS: list[str] | None}.get(option.kind, str | None)
    more: dict[str, Any] = {"help": _help_text(option), "show_default": False}
    if option.takes_value:
        more["metavar"] = option.metavar
    if option.choices:
        more["autocompletion"] = _completing(option.choices)
    default = typer.Option(False if option.kind is Kind.SWITCH else None, *option.flags, **more)
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _help_text(option: Option) -> str:
    return f"{option.help} [{option.variable}]" if option.variable else option.help


def _completing(choices: tuple[str, ...]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return complete
