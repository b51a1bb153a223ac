from __future__ import annotations

import pytest

from gatekeeper.model.result import RunRecord
from gatekeeper.report.formats import FORMATS, render
from tests.fakes.nasty import TEXTS, nasty

#: thirty times what a person would read, ten times what the corpus holds: a report that repeats a megabyte in every place is over it
LARGEST = 30_000_000


@pytest.fixture(scope="module")
def corpus() -> RunRecord:
    return nasty()


def test_the_corpus_has_every_text_in_every_place(corpus: RunRecord) -> None:
    assert {finding.message for result in corpus.results for finding in result.findings} >= set(TEXTS)
    assert {test.name for result in corpus.results for test in result.tests} >= set(TEXTS)
    assert len({result.job for result in corpus.results}) == len(corpus.results)


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_renders_the_corpus_as_bounded_utf8_without_a_character_that_a_terminal_obeys(format_id: str, corpus: RunRecord) -> None:
    report = render(format_id, corpus)
    text = report.decode("utf-8")
    assert len(report) < LARGEST
    assert not [char for char in set(text) if ord(char) < 32 and char not in "\n\t\r"]
    assert "\x1b" not in text
    assert "\x7f" not in text


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_gives_equal_bytes_for_equal_runs(format_id: str, corpus: RunRecord) -> None:
    assert render(format_id, corpus) == render(format_id, nasty())
