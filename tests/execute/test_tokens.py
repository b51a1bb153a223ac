"""Cores that nobody uses are lent to jobs that can use more, and taken back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatekeeper.execute.jobserver import Style
from gatekeeper.execute.tokens import Tokens
from gatekeeper.model.status import Status
from gatekeeper.model.value import replace
from tests.fakes.house import House, job
from tests.fakes.pool import Script


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    with closing(Tokens()) as opened:
        yield opened


def cargo(name: str = "a", **fields: object) -> object:
    return job(name, argv=("/bin/cargo",), jobserver="pipe", **fields)


class Client:
    """A tool that takes tokens as they come."""

    def __init__(self, fds: tuple[int, ...]) -> None:
        self._read, self._write = fds
        os.set_blocking(self._read, False)

    def take(self) -> int:
        try:
            return len(os.read(self._read, 100))
        except BlockingIOError:
            return 0

    def give(self, count: int) -> None:
        os.write(self._write, b"+" * count)


def test_a_job_of_three_cores_gets_two_tokens(tokens: Tokens) -> None:
    env, fds = tokens.serve(job("a", argv=("/bin/cargo",), jobserver="pipe"), 3)
    assert set(env) == {"CARGO_MAKEFLAGS"}
    assert Client(fds).take() == 2


@pytest.mark.parametrize("program", ["make", "/usr/bin/gmake"])
def test_only_make_itself_is_told_by_the_variable_that_every_make_below_heeds(tokens: Tokens, program: str) -> None:
    env, _ = tokens.serve(job("a", argv=(program,), jobserver="pipe"), 2)
    assert set(env) == {"CARGO_MAKEFLAGS", "MAKEFLAGS"}


def test_idle_cores_are_lent_in_equal_parts_and_taken_back(tokens: Tokens) -> None:
    first, second = (Client(tokens.serve(job(name, argv=("cargo",), jobserver="pipe"), 1)[1]) for name in "ab")
    tokens.lend(3)
    assert (first.take(), second.take()) == (2, 1)
    tokens.lend(0)
    assert tokens.owed == 3
    first.give(2)
    tokens.lend(1)
    assert tokens.owed == 1
    assert first.take() == 1
    second.give(1)
    tokens.lend(1)
    assert tokens.owed == 0
    assert second.take() == 0


def test_what_a_job_had_is_lent_to_the_others_when_it_has_ended(tokens: Tokens) -> None:
    first, _ = (Client(tokens.serve(job(name, argv=("cargo",), jobserver="pipe"), 1)[1]) for name in "ab")
    tokens.lend(4)
    tokens.end("T/b")
    tokens.lend(4)
    assert first.take() == 4


def test_a_server_that_cannot_be_made_is_no_failure(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_style: Style, _tokens: int) -> object:
        raise OSError("no descriptor left")

    monkeypatch.setattr("gatekeeper.execute.tokens.Jobserver", none_left)
    assert tokens.serve(job("a", argv=("cargo",), jobserver="pipe"), 2) == ({}, ())


def test_a_run_lends_what_its_jobs_leave_idle(tmp_path: Path) -> None:
    """Two cores, two jobs; when the short one has ended the other may use both."""
    taken: list[int] = []

    def look() -> None:
        taken.append(Client(house.pool.specs["T/a"].pass_fds).take())

    house = House(tmp_path, job("a", argv=("cargo",), jobserver="pipe"), job("b"), scripts={"T/a": Script(seconds=9.0), "T/b": Script(seconds=3.0)})
    house.pool.at(1.0, look)
    house.pool.at(4.0, look)
    assert {result.status for result in house.run()} == {Status.PASSED}
    assert taken == [0, 1]
    assert "CARGO_MAKEFLAGS" in house.pool.specs["T/a"].more
    assert house.pool.specs["T/b"].pass_fds == ()


def test_a_run_without_such_tools_loads_none_of_it(tmp_path: Path) -> None:
    sys.modules.pop("gatekeeper.execute.tokens", None)
    house = House(tmp_path, job("a"))
    house.options = replace(house.options, fail_fast=False)
    house.run()
    assert "gatekeeper.execute.tokens" not in sys.modules
