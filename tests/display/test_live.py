from __future__ import annotations

import fcntl
import io
import itertools
import os
import pty
import select
import struct
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest

from gatekeeper.display.choose import Wishes, choose, look_for, width_of
from gatekeeper.display.live import LiveDisplay, rich_text
from gatekeeper.display.plain import PlainDisplay
from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Look, Style, line
from gatekeeper.model.event import RunPaused
from tests.fakes.record import NASTY, hostile, mixed
from tests.fakes.stream import events_of

TERMINAL = {"TERM": "xterm-256color"}
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A real pseudo-terminal: what is written to `stream` is what a screen would get."""

    def __init__(self, width: int, height: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")

    def read(self) -> str:
        seen = b""
        while select.select([self._master], [], [], 0)[0]:
            seen += os.read(self._master, 65536)
        return seen.decode()

    def hang_up(self) -> None:
        with suppress(OSError):
            os.close(self._master)


@contextmanager
def terminal(width: int = 120, height: int = 40) -> Iterator[Terminal]:
    opened = Terminal(width, height)
    try:
        yield opened
    finally:
        with suppress(OSError):
            opened.stream.close()
        opened.hang_up()


def ticking() -> float:
    return 120.0


def break_off(stream: TextIO) -> None:
    with choose(stream, Wishes(), TERMINAL, ticking) as display:
        for event in itertools.islice(events_of(mixed()), 8):
            display(event)
        raise KeyboardInterrupt


def test_a_terminal_gets_the_live_display_and_everything_else_plain_lines(tmp_path: Path) -> None:
    with terminal() as tty, open(tmp_path / "f", "w", encoding="utf-8") as file:
        def chosen(stream: TextIO | None, environment: Mapping[str, str], wishes: Wishes | None = None) -> type:
            return type(choose(stream, wishes or Wishes(), environment, ticking))

        assert chosen(tty.stream, TERMINAL) is LiveDisplay
        assert chosen(file, TERMINAL) is PlainDisplay
        assert chosen(None, TERMINAL) is PlainDisplay
        for environment in ({"TERM": "dumb"}, {}, {**TERMINAL, "NO_COLOR": "1"}, {**TERMINAL, "CI": "true"}):
            assert chosen(tty.stream, environment) is PlainDisplay
        assert chosen(tty.stream, {**TERMINAL, "NO_COLOR": ""}) is LiveDisplay
        assert chosen(tty.stream, TERMINAL, Wishes(color="never")) is PlainDisplay
        assert chosen(tty.stream, TERMINAL, Wishes(quiet=True)) is PlainDisplay
        assert chosen(tty.stream, {**TERMINAL, "NO_COLOR": "1"}, Wishes(color="always")) is LiveDisplay


def test_colour_is_for_terminals_and_for_those_who_ask() -> None:
    with terminal(77) as tty:
        assert look_for(tty.stream, Wishes(), TERMINAL).color
        assert not look_for(tty.stream, Wishes(), {**TERMINAL, "NO_COLOR": "1"}).color
        assert not look_for(tty.stream, Wishes(), {"TERM": "dumb"}).color
        assert width_of(tty.stream, {}) == 77
        assert width_of(tty.stream, {"COLUMNS": "50"}) == 50
    assert not look_for(io.StringIO(), Wishes(), TERMINAL).color
    assert look_for(io.StringIO(), Wishes(color="always"), {"NO_COLOR": "1"}).color
    assert width_of(io.StringIO(), {"COLUMNS": "wide"}) == 100


def test_the_picture_is_drawn_failures_stand_above_and_the_terminal_is_given_back() -> None:
    with terminal() as tty:
        seen = ""
        with choose(tty.stream, Wishes(), TERMINAL, ticking) as display:
            for event in events_of(mixed()):
                display(event)
                seen += tty.read()
        seen += tty.read()
    assert "B2/ruff.lint@api" in seen
    assert "api/main.py:3:1 F401" in seen
    assert "total" in seen
    assert "█" in seen
    assert seen.count(HIDE) == seen.count(SHOW) == 1
    assert seen.rindex(SHOW) > seen.rindex("█")


def test_the_cursor_comes_back_when_the_run_breaks() -> None:
    with terminal() as tty:
        with pytest.raises(KeyboardInterrupt):
            break_off(tty.stream)
        seen = tty.read()
    assert seen.count(HIDE) == seen.count(SHOW) == 1


def test_a_terminal_that_hangs_up_is_no_error() -> None:
    with terminal() as tty, choose(tty.stream, Wishes(), TERMINAL, ticking) as display:
        for number, event in enumerate(events_of(mixed())):
            if number == 5:
                tty.hang_up()
            display(event)


def test_hostile_texts_reach_the_terminal_harmless() -> None:
    with terminal(400, 50) as tty:
        seen = ""
        with choose(tty.stream, Wishes(), TERMINAL, ticking) as display:
            for event in events_of(hostile()):
                display(event)
                seen += tty.read()
    assert "\x1b]0;" not in seen
    assert "\\x1b]0;title\\x07" in seen
    assert "[bold]markup[/bold]" in seen
    assert "\u202e" not in seen


def test_no_text_is_markup_for_rich() -> None:
    for nasty in NASTY:
        text = rich_text(line(nasty), Look())
        assert [str(span.style) for span in text.spans if span.style] == []
    assert rich_text(line("[bold]x"), Look()).plain == "[bold]x"


def test_every_style_has_colours_in_both_worlds() -> None:
    from gatekeeper.display import live, spans

    assert set(live._RICH) == set(Style)
    assert {*spans._SGR, Style.PLAIN} == set(Style)


def test_a_stream_that_is_no_terminal_can_be_drawn_on_when_forced() -> None:
    stream = io.StringIO()
    with LiveDisplay(Sink(stream, Look(color=False)), ticking) as display:
        for event in events_of(mixed()):
            display(event)
    assert "F401" in stream.getvalue()
    assert "\x1b[31m" not in stream.getvalue()


def test_a_run_that_a_person_paused_says_how_it_goes_on_and_one_that_the_terminal_stopped_leaves_that_to_the_shell() -> None:
    seen = []
    for reason in ("paused by me: lunch", "stopped by the terminal"):
        with terminal(160) as tty:
            with LiveDisplay(Sink(tty.stream, Look(width=160)), ticking) as live:
                live(next(events_of(mixed())))
                live(RunPaused(at=3.0, reason=reason))
            seen.append(tty.read())
    assert "paused by me: lunch" in seen[0]
    assert "gatekeeper resume --run" in seen[0]
    assert "paused: stopped by the terminal" in seen[1]
    assert "gatekeeper resume" not in seen[1]
