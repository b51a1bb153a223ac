"""How documents leave the program."""

from __future__ import annotations

import pytest

from gatekeeper.cli.output import json_pieces
from gatekeeper.model.sanitize import json_bytes


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 7])
def test_a_long_list_in_pieces_is_the_same_document(length: int) -> None:
    document = {"schema": 1, "odd [\n": [{"a": [1, 2]}, "x\n  ]"] * length, "more": [[]] * length, "last": {"b": []}}
    assert b"".join(json_pieces(document, 2)) == json_bytes(document, indent=2)


def test_no_piece_holds_more_than_it_may() -> None:
    assert max(piece.count(b"x") for piece in json_pieces({"list": ["x"] * 10}, 3)) == 3
