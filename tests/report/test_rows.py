from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.report.rows import rows_bytes

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_it_is_the_same_document_in_the_same_order(document: dict[str, object]) -> None:
    written = rows_bytes(document).decode()
    plain = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    if "?" not in str(plain):  # no half characters in it, which are spelled out
        assert json.loads(written) == plain
        assert list(json.loads(written)) == list(plain)
    assert written.endswith("}\n")


def test_a_list_has_an_element_a_line_and_may_be_an_iterator() -> None:
    assert rows_bytes({"a": iter([{"b": 1}, {"c": [2]}]), "d": [], "e": {"f": 1}}) == (
        b'{\n "a": [\n  {"b": 1},\n  {"c": [2]}\n ],\n "d": [],\n "e": {\n  "f": 1\n }\n}\n')
    assert rows_bytes({}) == b"{}\n"
