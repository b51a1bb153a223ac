"""The display for terminals: a picture that is redrawn in place (rich), with failures printed above it as they come.

rich only draws: texts reach it harmless (`spans.shown`) and as `Text`, so that markup in tool output is shown and not obeyed. Whatever happens,
leaving the `with` block gives the terminal back with its cursor. Decides nothing.
"""

from __future__ import annotations

from types import TracebackType
from typing import IO, Self, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from gatekeeper.display.frame import frame
from gatekeeper.display.plain import event_lines
from gatekeeper.display.sink import QuietFile, Sink
from gatekeeper.display.spans import Line, Look, Style, dim, line, shown, warn
from gatekeeper.display.view import View, advance
from gatekeeper.display.words import FAILED, standing_still
from gatekeeper.model.event import Event, JobFinished, Notice, Pressure, RunFinished, RunPaused, RunResumed, VerdictReached
from gatekeeper.model.ports import Clock

PER_SECOND = 4.0
_RICH = {Style.PLAIN: "", Style.GOOD: "green", Style.BAD: "bold red", Style.WARN: "yellow", Style.DIM: "dim", Style.STRONG: "bold",
         Style.ADDED: "green", Style.REMOVED: "red"}


class LiveDisplay:
    """Subscriber that keeps a picture on a terminal; `clock` is the one that the events' times come from."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self._look = sink.look
        self._console = Console(file=cast("IO[str]", QuietFile(sink)), force_terminal=True, highlight=False, markup=False, emoji=False,
                                no_color=not self._look.color, legacy_windows=False,
                                _environ={"TERM": "xterm-256color"})  # `choose` has looked at the real environment already
        self._picture = _Picture(self._look, clock)
        self._live = Live(self._picture, console=self._console, refresh_per_second=PER_SECOND, transient=True, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Self:
        try:
            self._live.start()
        except RuntimeError:  # the machine has no thread to spare for the seconds to count: the picture changes with the events alone
            self._live.auto_refresh = False
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        before = self._picture.view
        self._picture.view = advance(before, event)
        if _worth_a_line(event, self._look):
            for content in event_lines(before, self._picture.view, event, self._look):
                self._console.print(rich_text(content, self._look), soft_wrap=True)
        match event:
            case RunFinished():
                self._live.stop()  # the picture goes before the summary comes, also where both share a terminal
            case RunPaused():  # perhaps because of Ctrl-Z: the shell must get its cursor, and nothing moves in the picture meanwhile
                self._live.stop()
                self._console.print(rich_text(_paused(event, self._picture.view.run_id), self._look), soft_wrap=True)
            case RunResumed():
                self._live.start(refresh=True)
            case _:
                pass


class _Picture:
    """What rich asks to draw itself at each refresh, from its own thread; the view is replaced as a whole."""

    def __init__(self, look: Look, clock: Clock) -> None:
        self.view = View()
        self._look = look
        self._clock = clock

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        look = Look(width=options.max_width, color=self._look.color, unicode=not options.ascii_only and self._look.unicode, secrets=self._look.secrets)
        for content in frame(self.view, self._clock(), look, options.size.height - 1):
            text = rich_text(content, look)
            text.no_wrap, text.overflow = True, "crop"
            yield text


def _paused(event: RunPaused, run_id: str) -> Line:
    by_person = event.reason.startswith("paused")  # else the terminal stopped it, whose shell says what to do
    return line(warn(standing_still(event.reason)), dim(f"  gatekeeper resume --run {run_id} makes it go on") if by_person else "")


def rich_text(content: Line, look: Look) -> Text:
    """One line as rich draws it; nothing in it is markup."""
    text = Text()
    for span in content:
        text.append(shown(span.text, look.secrets), _RICH[span.style])
    return text


def _worth_a_line(event: Event, look: Look) -> bool:
    """Failures, notices and the early verdict stay above the picture; the rest is the picture."""
    match event:
        case JobFinished():
            return event.result.status in FAILED or look.verbose
        case Notice() | VerdictReached() | Pressure():
            return True
        case _:
            return False
