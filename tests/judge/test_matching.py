"""What is the same finding when the code around it changes: the four fingerprints and the matching over them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.judge.fingerprint import fingerprinted
from gatekeeper.judge.matching import matched
from gatekeeper.judge.symbols import symbols
from gatekeeper.model.finding import Category, Finding
from tests.judge.sources import found, told

PYTHON = '''"""Docs."""

import os


def first(text):
    value = text.strip()
    return eval(value)


class Reader:
    def second(self, text):
        for part in text.split():
            result = eval(part)
        return result
'''
RUST = """use std::fs;

impl Reader {
    pub fn second(&self, text: &str) -> u32 {
        let value = text.trim();
        eval(value)
    }
}

fn third() { eval(1); }
"""


def new_and_gone(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[list[tuple[str | None, int | None]], list[tuple[str | None, int | None]]]:
    known, now = found(before), found(after)
    pairs = matched(known, now)
    same, taken = {pair.found for pair in pairs}, {pair.known for pair in pairs}
    return ([(now[place].file, now[place].line) for place in range(len(now)) if place not in same],
            [(known[place].file, known[place].line) for place in range(len(known)) if place not in taken])


@pytest.mark.parametrize(("name", "text"), [("app.py", PYTHON), ("lib.rs", RUST)])
def test_lines_above_make_nothing_new(name: str, text: str) -> None:
    assert new_and_gone({name: text}, {name: f"\n\n\n{text}"}) == ([], [])


@pytest.mark.parametrize(("name", "text"), [("app.py", PYTHON), ("lib.rs", RUST)])
def test_another_indentation_makes_nothing_new(name: str, text: str) -> None:
    assert new_and_gone({name: text}, {name: text.replace("    ", "\t")}) == ([], [])


@pytest.mark.parametrize(("name", "other", "text"), [("app.py", "core.py", PYTHON), ("lib.rs", "main.rs", RUST)])
def test_another_file_name_makes_nothing_new(name: str, other: str, text: str) -> None:
    assert new_and_gone({name: text}, {other: text}) == ([], [])


def test_a_function_that_moves_to_another_file_takes_its_findings_along() -> None:
    head, tail = PYTHON.split("class Reader:")
    assert new_and_gone({"app.py": PYTHON, "other.py": "import sys\n"}, {"app.py": head, "other.py": f"import sys\n\n\nclass Reader:{tail}"}) == ([], [])


def test_functions_that_change_their_order_keep_their_findings() -> None:
    head, first, second = PYTHON.split("\n\n\n")
    assert new_and_gone({"app.py": PYTHON}, {"app.py": f"{head}\n\n\n{second}\n\n{first}\n"}) == ([], [])


def test_a_method_that_moves_and_changes_around_the_line_keeps_its_finding() -> None:
    after = PYTHON.replace("for part in text.split():", "for part in sorted(text.split(',')):").replace("return result", "print(result)\n        return 1")
    assert new_and_gone({"app.py": PYTHON}, {"lib/core.py": after}) == ([], [])


def test_of_two_equal_lines_the_one_that_was_fixed_is_gone() -> None:
    before = "def a():\n    x = eval(y)\n    return 1\n\n\ndef b():\n    x = eval(y)\n    return 2\n"
    assert new_and_gone({"a.py": before}, {"a.py": before.replace("x = eval(y)\n    return 1", "return 1")}) == ([], [("a.py", 2)])
    assert new_and_gone({"a.py": before}, {"a.py": before.replace("x = eval(y)\n    return 2", "return 2")}) == ([], [("a.py", 7)])


def test_of_two_equal_lines_the_right_one_is_gone_though_the_code_around_both_changed_a_little() -> None:
    before = "def a():\n    one()\n    two()\n    x = eval(y)\n    three()\n\n\ndef b():\n    four()\n    five()\n    x = eval(y)\n    six()\n"
    first_gone = before.replace("    x = eval(y)\n    three()", "    three()").replace("five()", "five(5)")
    assert new_and_gone({"a.py": before}, {"a.py": first_gone}) == ([], [("a.py", 4)])
    last_gone = before.replace("    x = eval(y)\n    six()", "    six()").replace("two()", "two(2)")
    assert new_and_gone({"a.py": before}, {"a.py": "\n" * 7 + last_gone}) == ([], [("a.py", 11)])


def test_the_lines_around_weigh_more_than_the_distance() -> None:
    before = "one()\ntwo()\nx = eval(y)\nthree()\nfour()\nfive()\nsix()\nx = eval(y)\nseven()\neight()\n"
    after = "five()\nsix(6)\nx = eval(y)\nseven()\neight()\n"
    assert new_and_gone({"a.py": before}, {"a.py": after}) == ([], [("a.py", 3)])


def test_of_equal_lines_that_change_places_the_right_one_is_gone() -> None:
    first, second, third = (f"a_{name}()\nin_{name}()\nx = eval(y)\nout_{name}()\nz_{name}()\n" for name in "abc")
    assert new_and_gone({"a.py": first + second + third}, {"a.py": third + first}) == ([], [("a.py", 8)])


def test_a_line_outside_of_all_functions_is_known_in_a_renamed_file_by_the_lines_around_it() -> None:
    text = "import os\nimport sys\nx = eval(y)\nprint(x)\n"
    assert new_and_gone({"a.py": text}, {"b.py": "# moved\n" + text}) == ([], [])


def test_what_stands_elsewhere_has_moved_and_what_only_has_another_line_number_has_not() -> None:
    assert {pair.moved for pair in matched(found({"app.py": PYTHON}), found({"core.py": PYTHON}))} == {True}
    assert {pair.moved for pair in matched(found({"app.py": PYTHON}), found({"app.py": f"\n{PYTHON}"}))} == {False}


def test_equal_lines_are_numbered_down_the_file_in_whatever_order_they_are_told() -> None:
    read = {"a.py": b"eval(x)\neval(x)\neval(x)\n"}.get
    forth = fingerprinted([told("a.py", line) for line in (1, 2, 3)], read)
    back = fingerprinted([told("a.py", line) for line in (3, 1, 2)], read)
    assert {finding.line: finding.fingerprints for finding in forth} == {finding.line: finding.fingerprints for finding in back}
    assert len({dict(finding.fingerprints)["exact/v1"] for finding in forth}) == 3


def test_of_three_equal_lines_the_one_that_was_added_is_new() -> None:
    before = "def a():\n    x = eval(y)\n    return 1\n\n\ndef b():\n    x = eval(y)\n    return 2\n"
    middle = before.replace("\n\n\ndef b", "\n\n\ndef c():\n    x = eval(y)\n    return 3\n\n\ndef b")
    assert new_and_gone({"a.py": before}, {"a.py": middle}) == ([("a.py", 7)], [])


def test_of_two_findings_on_one_line_the_one_that_was_fixed_is_gone() -> None:
    read = {"a.py": b"from a import b, c\n"}.get
    known = fingerprinted([told("a.py", 1, message="`b` unused", column=15), told("a.py", 1, message="`c` unused", column=18)], read)
    now = fingerprinted([told("a.py", 1, message="`c` unused", column=18)], read)
    assert [(pair.known, pair.found) for pair in matched(known, now)] == [(1, 0)]


def test_a_line_of_another_function_is_new_though_one_was_fixed() -> None:
    after = PYTHON.replace("return eval(value)", "return value").replace("return result\n", "return eval(result)\n")
    assert new_and_gone({"app.py": PYTHON}, {"app.py": after}) == ([("app.py", 15)], [("app.py", 8)])


def test_a_lone_line_outside_of_everything_is_not_the_same_in_another_file() -> None:
    assert new_and_gone({"a.py": "import eval(\n", "b.py": ""}, {"a.py": "", "b.py": "import eval(\n"}) == ([("b.py", 1)], [("a.py", 1)])


def test_what_is_told_of_a_whole_file_on_its_first_line_is_the_same_under_another_first_line() -> None:
    def module(text: str, message: str = "missing docstring in module") -> tuple[Finding, ...]:
        return fingerprinted([told("a.py", 1, rule="D100", message=message)], {"a.py": text.encode()}.get)

    assert len(matched(module("import os\n"), module("# a remark\nimport os\n"))) == 1
    assert matched(module("import os\n"), module("import sys\n", "another message")) == ()


def test_another_rule_is_another_finding() -> None:
    read = {"a.py": b"eval(x)\n"}.get
    assert matched(fingerprinted([told("a.py", 1)], read), fingerprinted([told("a.py", 1, rule="S102")], read)) == ()


def test_a_formatter_knows_its_file_whatever_changes_in_it() -> None:
    known = fingerprinted([told("a.py", 3, category=Category.FORMAT)], {"a.py": b"x=1\n\ny=2\n"}.get)
    now = fingerprinted([told("a.py", 1, category=Category.FORMAT)], {"a.py": b"z=9\n"}.get)
    assert len(matched(known, now)) == 1


def test_an_unformatted_file_is_new_though_another_one_was_formatted() -> None:
    known = fingerprinted([told("a.py", None, category=Category.FORMAT)], {"a.py": b"x=1\n"}.get)
    now = fingerprinted([told("b.py", None, category=Category.FORMAT)], {"b.py": b"y=2\n"}.get)
    assert matched(known, now) == ()


def test_a_finding_without_a_place_is_known_by_its_message() -> None:
    known = fingerprinted([replace(told("a.py", None), file=None, message="3 files are too large")], lambda _name: None)
    now = fingerprinted([replace(told("a.py", None), file=None, message="4 files are too large")], lambda _name: None)
    other = fingerprinted([replace(told("a.py", None), file=None, message="something else")], lambda _name: None)
    assert len(matched(known, now)) == 1
    assert matched(known, other) == ()


def test_a_cell_of_a_notebook_is_known_by_its_own_lines() -> None:
    def notebook(*cells: str) -> bytes:
        return b'{"cells": [' + b", ".join(b'{"source": ["%s"]}' % cell.encode() for cell in cells) + b"]}"

    known = fingerprinted([told("a.ipynb", 1, cell=1)], {"a.ipynb": notebook("eval(x)")}.get)
    now = fingerprinted([told("a.ipynb", 1, cell=2)], {"a.ipynb": notebook("import os", "eval(x)")}.get)
    assert len(matched(known, now)) == 1
    assert fingerprinted([told("a.ipynb", 1, cell=9)], {"a.ipynb": b"{"}.get)[0].fingerprints


def test_a_file_that_cannot_be_read_leaves_the_message_to_speak() -> None:
    assert len(matched(fingerprinted([told("a.py", 9)], lambda _name: None), fingerprinted([told("a.py", 12)], lambda _name: None))) == 1


def test_the_order_in_which_a_tool_tells_its_findings_changes_nothing() -> None:
    text = "x = eval(y)\n" * 9 + PYTHON
    known = found({"a.py": text})
    now = list(found({"a.py": text.replace("x = eval(y)\n", "", 1)}))
    expected = {(known[pair.known].line, now[pair.found].line) for pair in matched(known, now)}
    for seed in range(5):
        shuffled = [replace(finding, fingerprints=()) for finding in now]
        random.Random(seed).shuffle(shuffled)
        again = fingerprinted(shuffled, {"a.py": text.replace("x = eval(y)\n", "", 1).encode()}.get)
        assert {(known[pair.known].line, again[pair.found].line) for pair in matched(known, again)} == expected


FILLING = st.sampled_from(["", "   ", "# a remark", "    # another", "\t"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), FILLING), max_size=12))
def test_blank_lines_and_remarks_anywhere_make_nothing_new(insertions: list[tuple[int, str]]) -> None:
    lines = PYTHON.split("\n")
    for place, text in insertions:
        lines.insert(place, text)
    assert new_and_gone({"app.py": PYTHON}, {"app.py": "\n".join(lines)}) == ([], [])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["py", "rs", "ts", "sol", "ipynb", ""]), st.integers(1, 9))
def test_any_text_gets_the_same_fingerprints_twice(text: str, suffix: str, line: int) -> None:
    def once() -> tuple[Finding, ...]:
        return fingerprinted([told(f"a.{suffix}", line)], lambda _name: text.encode("utf-8", "surrogatepass"))

    assert once() == once()
    assert all(name and value for name, value in once()[0].fingerprints)


def test_symbols_are_named_with_those_around_them() -> None:
    python, rust = symbols("py", PYTHON.split("\n")), symbols("rs", RUST.split("\n"))
    assert (python[8].path, python[14].path, python[14].name) == ("first", "Reader.second", "second")
    assert (rust[6].path, rust[10].path) == ("Reader.second", "third")
    assert 3 not in python


@pytest.mark.parametrize(("suffix", "text", "path"), [
    ("ts", "export class Reader {\n  async load(name: string): Promise<void> {\n    eval(name)\n  }\n}\n", "Reader.load"),
    ("js", "const load = async (name) => {\n  if (name) {\n    eval(name)\n  }\n}\n", "load"),
    ("sol", "contract Vault {\n  function pay(address to) external {\n    eval(to);\n  }\n}\n", "Vault.pay"),
    ("sol", "contract Vault {\n  constructor(address to) {\n    eval(to);\n  }\n}\n", "Vault.constructor"),
    ("rs", 'mod a {\n  fn b() { let x = "}"; // }\n    eval(x);\n  }\n}\n', "a.b"),
])
def test_symbols_of_languages_with_braces_are_found(suffix: str, text: str, path: str) -> None:
    line = next(number for number, line in enumerate(text.split("\n"), 1) if "eval" in line)
    assert symbols(suffix, text.split("\n"))[line].path == path
