from __future__ import annotations

import io
import json

import pytest

from gatekeeper.display.choose import Wishes, look_for
from gatekeeper.display.fence import fenced, in_ci
from gatekeeper.display.lines import EventLines
from gatekeeper.display.plain import PlainDisplay
from gatekeeper.display.sink import Sink
from gatekeeper.display.spans import Look
from gatekeeper.display.summary import summary_text
from gatekeeper.model.event import Notice
from gatekeeper.report.formats import render
from gatekeeper.report.github import annotated
from tests.fakes.nasty import nasty
from tests.fakes.runner import Runner, obeyed_by_agents
from tests.fakes.stream import events_of

GITHUB = {"GITHUB_ACTIONS": "true"}
COMMANDS = ("::error::planted", "  ::add-mask::planted", "\u00a0::set-env name=A::b", "x ##[error]planted", "##vso[task.setvariable variable=a]b",
            "##teamcity[buildStatus status='SUCCESS']", "::stop-commands::planted")


def written(environment: dict[str, str], *texts: str) -> str:
    stream = io.StringIO()
    with fenced(lambda text: print(text, end="", file=stream), environment):
        for text in texts:
            print(text, file=stream)
    return stream.getvalue()


def test_outside_of_github_there_is_no_fence() -> None:
    assert written({}, "a") == "a\n"
    assert written({"GITLAB_CI": "true"}, "a") == "a\n"


def test_nothing_inside_the_fence_is_obeyed_and_everything_after_it_is() -> None:
    runner = Runner().read(written(GITHUB, *COMMANDS, "::planted::", "::error::again"))
    assert runner.obeyed == []
    assert runner.read("::error::ours").obeyed == [("error", "ours")]


def test_the_token_is_long_and_never_the_same() -> None:
    first, second = (written(GITHUB).splitlines()[0].removeprefix("::stop-commands::") for _ in range(2))
    assert first != second
    assert len(first) >= 32


def test_an_error_inside_closes_the_fence_too() -> None:
    lines: list[str] = []
    with pytest.raises(ValueError, match="x"), fenced(lines.append, GITHUB, "t"):
        raise ValueError("x")
    assert lines == ["::stop-commands::t\n", "::t::\n"]


@pytest.mark.parametrize("environment", [GITHUB, {"TF_BUILD": "True"}, {"TEAMCITY_VERSION": "2026.1"}])
def test_every_line_that_we_print_in_ci_is_harmless_without_a_fence_too(environment: dict[str, str]) -> None:
    look = look_for(None, Wishes(verbose=True), environment)
    stream = io.StringIO()
    with PlainDisplay(Sink(stream, look)) as display:
        for event in events_of(nasty()):
            display(event)
        for text in COMMANDS:
            display(Notice(at=0.0, message=text))
    for text in (stream.getvalue(), summary_text(nasty(), look)):
        assert Runner().read(text).obeyed == []
        assert Runner().read(text).token is None
        assert obeyed_by_agents(text) == []


def test_the_same_lines_would_be_obeyed_otherwise() -> None:
    text = summary_text(nasty(), Look(verbose=True))
    assert Runner().read(text).obeyed
    assert obeyed_by_agents(text)


def test_json_on_standard_output_holds_no_command_and_means_the_same() -> None:
    data = render("json", nasty()).decode()
    assert Runner().read(data).obeyed == []
    assert obeyed_by_agents(data) == []
    assert any(finding["message"] == "##[error]x" for finding in json.loads(data)["findings"])
    line = EventLines().lines(Notice(at=0.0, message="##[error]x"))
    assert obeyed_by_agents(line) == []
    assert json.loads(line)["message"] == "##[error]x"


def test_colour_does_not_hide_a_command_from_us() -> None:
    text = summary_text(nasty(), Look(verbose=True, color=True, ci=True))
    assert obeyed_by_agents(text) == []
    assert Runner().read(text).obeyed == []


def test_our_own_annotations_are_obeyed_and_hold_nothing_of_a_tools() -> None:
    lines = annotated(nasty()).decode()
    runner = Runner().read(lines)
    assert {name for name, _ in runner.obeyed} == {"error", "warning", "notice"}
    assert len(runner.obeyed) == len(lines.splitlines())
    assert runner.token is None


def test_a_terminal_is_no_ci() -> None:
    assert not in_ci({"CI": "true", "TERM": "xterm"})
