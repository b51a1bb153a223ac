"""GitHub's hash of a line, against the vectors that github/codeql-action publishes (src/fingerprints.test.ts, MIT)."""

from __future__ import annotations

import pytest

from gatekeeper.judge.line_hash import line_hashes

WORLD = ["e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1",
         "c129715d7a2bc9a3:1"]
VECTORS = [
    ("", ["c129715d7a2bc9a3:1"]),
    (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
    (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
     ["8b7cf3e952e7aeb2:1", "b1ae1287ec4718d9:1", "bff680108adb0fcc:1", "c6805c5e1288b612:1", "b86d3392aea1be30:1", "e6ceba753e1a442:1"]),
    (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", WORLD),
    (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", WORLD),
    (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", WORLD),
    (" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", WORLD),
    ("Lorem ipsum dolor sit amet.\n" * 10,
     [*(f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)), "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1",
      "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1"]),
    ("x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n",
     ["e54938cc54b302f1:1", "bb609acbe9138d60:1", "1131fd5871777f34:1", "5c482a0f8b35ea28:1", "54517377da7028d2:1", "2c644846cb18d53e:1",
      "f1b89f20de0d133:1", "c129715d7a2bc9a3:1"]),
]


@pytest.mark.parametrize(("text", "expected"), VECTORS)
def test_every_published_vector_is_met(text: str, expected: list[str]) -> None:
    assert list(line_hashes(text.encode(), range(1, 99)).values()) == expected


def test_only_the_wanted_lines_are_given_and_their_numbers_count_those_before() -> None:
    assert line_hashes(b"Lorem ipsum dolor sit amet.\n" * 10, {3, 400}) == {3: "a7f2ff13bc495cf2:3"}


def test_characters_beyond_the_first_plane_count_as_the_two_units_that_javascript_sees() -> None:
    by_units, value = "\ud83d\ude00", 0
    for unit in (*map(ord, by_units), 0xFFFF, *[0] * 97):
        value = (value * 37 + unit) % 2**64
    assert line_hashes("\U0001f600".encode(), {1}) == {1: f"{value:x}:1"}
