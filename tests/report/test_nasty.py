from __future__ import annotations

import pytest

from gatekeeper.model.result import RunRecord
from gatekeeper.report.formats import FORMATS, Clean, clean, render_files
from tests.fakes.nasty import TEXTS, nasty

#: ten times what the corpus holds: a report that repeats a megabyte in every place is over it
LARGEST = 30_000_000


@pytest.fixture(scope="module")
def corpus() -> RunRecord:
    return nasty()


@pytest.fixture(scope="module")
def cleaned(corpus: RunRecord) -> Clean:
    return clean(corpus)


def test_the_corpus_has_every_text_in_every_place(corpus: RunRecord) -> None:
    assert {finding.message for result in corpus.results for finding in result.findings} >= set(TEXTS)
    assert {test.name for result in corpus.results for test in result.tests} >= set(TEXTS)
    assert len({result.job for result in corpus.results}) == len(corpus.results)


@pytest.mark.parametrize("format_id", FORMATS)
def test_every_format_renders_the_corpus_as_bounded_utf8_without_a_character_that_a_terminal_obeys(format_id: str, cleaned: Clean) -> None:
    files = render_files(format_id, cleaned)
    text = b"".join(files).decode("utf-8")
    assert sum(map(len, files)) < LARGEST
    assert not [char for char in set(text) if ord(char) < 32 and char not in "\n\t\r"]
    assert "\x1b" not in text
    assert "\x7f" not in text
