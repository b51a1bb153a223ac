"""`gatekeeper run` and `gatekeeper plan`: settings in, verdict out. Imports neither typer nor yaml, which start-up cannot afford."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from gatekeeper.cli.boundary import INCOMPLETE
from gatekeeper.cli.here import Here
from gatekeeper.cli.meanwhile import meanwhile
from gatekeeper.cli.output import command, data_stream, error_stream, harmless, show, show_bytes, show_json, tell
from gatekeeper.cli.progress import EventLog, Nothing
from gatekeeper.cli.signals import Signals
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.display.choose import Display, Wishes, choose, is_terminal, look_for
from gatekeeper.display.fence import fenced, in_github
from gatekeeper.display.plain import PlainDisplay
from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Look
from gatekeeper.errors import ConfigError, StoreError, UsageError
from gatekeeper.execute.control import Control
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Subscriber
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import RunRecord
from gatekeeper.model.sanitize import terminal_text
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace
from gatekeeper.report.formats import render

#: what a run does with those who listen and with what is asked of it
CarryOut = Callable[[Sequence[Subscriber], Control], RunRecord]


def perform(verb: str, arguments: Arguments, here: Here) -> int:
    """Runs or plans, and gives the exit code of the verdict (0 for a plan)."""
    if arguments.has("validate"):
        return _validate(arguments, here)
    if arguments.has("detach"):
        from gatekeeper.cli.detach import detach  # lazy: only who leaves pays

        return detach(arguments, here)
    settings = _settings(arguments, here)
    if verb == "plan" or settings.mode == "dry-run":
        show_plan(here.session.make_plan(settings, here.environment), settings, here.environment, mermaid=arguments.has("mermaid"))
        return 0
    if settings.mode == "strict" and not settings.yes:
        _confirm(here.session.make_plan(settings, here.environment))
    return carried_out(settings, here, _run(settings, here))


def carried_out(settings: Settings, here: Here, carry_out: CarryOut) -> int:
    """Carries a run out while a person watches, says its verdict, tells who else wants to know, and gives the exit code of the verdict."""
    if settings.notify is None:
        return _finish(watched(settings, here, carry_out), settings, here)
    from gatekeeper.execute.helper import run_helper
    from gatekeeper.session.notify import Notifier  # lazy: only who tells somebody pays

    with Notifier(settings.notify, here.environment, run_helper) as notifier:
        record = watched(settings, here, lambda subscribers, control: carry_out((*subscribers, notifier), control))
        notifier.tell(record)
        code = _finish(record, settings, here)
        with contextlib.suppress(KeyboardInterrupt):  # who does not want to wait for others has the verdict all the same
            for problem in notifier.rest():
                tell(f"gatekeeper: {problem}")
    return code


def _finish(record: RunRecord, settings: Settings, here: Here) -> int:
    """Tells the service that ran us, shows the summary, and gives the exit code of the verdict."""
    _tell_service(record, settings, here.environment)
    if settings.events != "-":
        try:
            show_record(record, settings, here.environment)
        except StoreError as error:  # what was found stands, and is on disk; who asked for it here did not get it, which is no pass
            tell(f"gatekeeper: {error.message}; the verdict is {record.verdict.outcome} (gatekeeper show --run {record.run_id})")
            return record.verdict.exit_code or INCOMPLETE
    return record.verdict.exit_code


def _settings(arguments: Arguments, here: Here) -> Settings:
    """The settings of the tree, or those that hold for a proposal that is not trusted."""
    if (arguments.given.get("trust") or (here.environment.get("GATEKEEPER_TRUST"),))[-1] != "base":
        return load_settings(arguments, here.environment, cwd=here.cwd, names=here.names())
    from gatekeeper.execute.helper import run_helper
    from gatekeeper.session.trust import trusted_settings

    return trusted_settings(arguments, here.environment, cwd=here.cwd, names=here.names(), runner=run_helper)


def _validate(arguments: Arguments, here: Here) -> int:
    """Shows whether a run could measure what it is to; 0 where it could, 3 where it could not or a person must look first, 2 for the configuration."""
    from gatekeeper.judge.preflight import CheckResult, unreadable, worst
    from gatekeeper.judge.verdict import EXIT_CODES
    from gatekeeper.model.document import to_document
    from gatekeeper.model.status import Outcome
    from gatekeeper.session.preflight import validated

    code = EXIT_CODES[Outcome.INCOMPLETE]
    try:
        checks = validated(_settings(arguments, here), here.environment)
    except ConfigError as error:
        checks, code = unreadable(f"{error.message}{f' ({error.hint})' if error.hint else ''}"), error.exit_code
    checks = redacted(checks, secret_values(here.environment))
    result = worst(checks)
    if arguments.has("json"):
        show_json({"schema": 1, "result": result, "checks": [to_document(check) for check in checks]})
    else:
        show("\n".join(line for check in checks for line in (terminal_text(f"{check.result:<16} {check.check}: {check.message}"),
                                                             *(terminal_text(f"{'':<16}   {detail}") for detail in check.details))))
    return 0 if result in {CheckResult.PASSED, CheckResult.WARNING} else code


def show_plan(plan: Plan, settings: Settings, environment: Mapping[str, str], *, mermaid: bool = False) -> None:
    """Writes a plan to standard output as a tree, as JSON or as a Mermaid diagram."""
    secrets = secret_values(environment)
    if settings.json:
        from gatekeeper.report.plan import render_plan
        show_bytes(render_plan(redacted(plan, secrets)))
        return
    from gatekeeper.display.plan import plan_mermaid, plan_tree

    text = harmless(plan_mermaid(redacted(plan, secrets)), environment) if mermaid else plan_tree(plan, data_look(settings, environment))
    show_bytes(_encoded(text))


def data_look(settings: Settings, environment: Mapping[str, str]) -> Look:
    """How standard output wants its text; how much is logged to standard error does not shorten it."""
    return look_for(data_stream(), replace(_wishes(settings, environment), quiet=settings.quiet), environment)


def run_watched(settings: Settings, here: Here) -> RunRecord:
    """Runs the gate while a person watches. Raises as `session.run` does."""
    return watched(settings, here, _run(settings, here))


def _run(settings: Settings, here: Here) -> CarryOut:
    return lambda subscribers, control: here.session.run(settings, here.environment, subscribers, control)


def watched(settings: Settings, here: Here, carry_out: CarryOut) -> RunRecord:
    """Carries something out while a person watches: signals are heeded, progress is shown as the settings say."""
    control = Control()
    signals = Signals(control)
    with contextlib.ExitStack() as stack:
        stack.enter_context(signals)
        stack.enter_context(fenced(command, here.environment))
        display = stack.enter_context(_display(settings, here.environment))
        subscribers: list[Subscriber] = [signals.notice, display, meanwhile]
        if settings.log_level == "debug":
            subscribers.append(EventLog(secret_values(here.environment)))
        if settings.events is not None:
            subscribers.append(stack.enter_context(_feed(settings.events, settings, here.environment)))
        return carry_out(subscribers, control)


@contextlib.contextmanager
def _feed(place: str, settings: Settings, environment: Mapping[str, str]) -> Iterator[Subscriber]:
    """Writes the events to where they are wanted, and says at the end where that did not work."""
    from gatekeeper.display.feed import STDOUT, Feed  # lazy: only `--events` pays
    from gatekeeper.display.lines import EventLines

    with Feed(place if place == STDOUT else os.path.join(settings.invoked_from, place), EventLines(secret_values(environment))) as feed:
        yield feed
    if feed.problem:
        tell(f"gatekeeper: {feed.problem}")


def _tell_service(record: RunRecord, settings: Settings, environment: Mapping[str, str]) -> None:
    """Gives GitHub Actions its annotations, on the stream that was fenced until now, and its files."""
    if settings.ci == "off" or (settings.ci == "auto" and not in_github(environment)):
        return
    from gatekeeper.session.ci import hand_over  # most runs are not for GitHub, and need not load what it reads

    handed = hand_over(record, settings, environment)
    for problem in handed.problems:
        tell(f"gatekeeper: {problem}")
    if handed.commands:
        command(handed.commands)


def _display(settings: Settings, environment: Mapping[str, str]) -> Display:
    wishes, stream = _wishes(settings, environment), error_stream()
    match settings.log_level:
        case "error":
            return Nothing()
        case "debug":  # a picture that is redrawn would fight with the log
            return PlainDisplay(Sink(stream, look_for(stream, wishes, environment)))
        case _:
            return choose(stream, wishes, environment, time.monotonic)


def _wishes(settings: Settings, environment: Mapping[str, str]) -> Wishes:
    quiet = settings.quiet or settings.log_level in {"warning", "error"}
    return Wishes(color=settings.color, verbose=settings.verbose, quiet=quiet, secrets=secret_values(environment))


def show_record(record: RunRecord, settings: Settings, environment: Mapping[str, str]) -> None:
    """Writes the summary of a run to standard output, as text or as JSON."""
    secrets = secret_values(environment)
    if settings.json:
        show_bytes(render("json", record, secrets))
        return
    from gatekeeper.display.summary import summary_text  # lazy: `meanwhile` has loaded it while git looked at the tree

    # as a whole, because a key goes over several lines, and the summary shows it line by line
    show_bytes(_encoded(summary_text(redacted(record, secrets), data_look(settings, environment))))


def _encoded(text: str) -> bytes:
    return text.encode(data_stream().encoding or "utf-8", "backslashreplace")


def _confirm(plan: Plan) -> None:
    """Strict mode: a person says yes to each batch before anything runs. Raises UsageError for a no, and where nobody can be asked."""
    if not is_terminal(sys.stdin):
        raise UsageError("--mode strict asks before each batch, and there is no terminal to ask on", hint="add --yes to confirm all batches")
    for batch in plan.batches:
        jobs = [job for job in plan.jobs if job.batch == batch.id]
        if not jobs:
            continue
        tell("\n".join((f"{batch.id} {batch.title}:", *(f"  {job.id}{'  (writes)' if job.effect == 'writes' else ''}" for job in jobs))))
        tell(f"run these {len(jobs)} jobs? [y/N]")
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise UsageError(f"batch {batch.id} was not confirmed: nothing was run")
