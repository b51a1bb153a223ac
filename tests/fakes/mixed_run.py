"""A repository in four languages in which everything is wrong at once, and a real run of it: the `polyglot` fixture with defects planted over it.

In it are defects of every kind (format, lint, types, build, test, hygiene, an analysis script's), of four languages; one that is suppressed beside it, one that
the baseline knows; a test that passes at its second try; tools that crash, hang, are missing, and find nothing to check. `PLANTED` states all of it.
It knows the command line; the rooms behind it it does not.
"""

from __future__ import annotations

import json
import sys

from tests.fakes.fixture import Planted
from tests.fakes.space import Ended, Space

KNOWN = '"""Known of old."""\n\nimport json\n'
SERVICE = '''"""Shows counts."""

import os
import sys  # gatekeeper: ignore[F401] kept for its effect


def total(counts: dict[str, int]) -> str:
    return sum(counts.values())
'''
SERVICE_TEST = """import unittest

from tally import count


class WrongTest(unittest.TestCase):
    def test_words_are_counted_by_letter(self) -> None:
        self.assertEqual(count("a a"), {"a": 1})
"""
ENGINE = """
/// Whether `title` has no slug.
pub fn is_blank( title: &str) -> bool {
    slug(title).len() == 0
}

#[cfg(test)]
mod wrong {
    #[test]
    fn digits_are_dropped() {
        assert_eq!(super::slug("Chapter 7"), "chapter");
    }
}
"""
WEB = "export const   limit = 3;\n"
WEB_TEST = """import assert from "node:assert/strict";
import test from "node:test";

test("one is two", () => {
  assert.equal(1, 2);
});
"""
GATE = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\ncontract Gate {\n    bool   public open;\n}\n"
GATE_TEST = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Gate} from "../src/Gate.sol";

contract GateTest {
    function test_IsOpen() public {
        require(new Gate().open(), "is open");
    }
}
"""
#: an analysis of the repository's own: places and words that reports must not stumble over
SYNC = """
import json
print(json.dumps({"schema": 1, "checked": 1, "findings": [
    {"file": "a b/\\u00fc&<x>'.txt", "line": 2, "column": 3, "rule": "odd name", "level": "warning", "severity": "medium", "category": "documentation",
     "message": "]]> <b>bold</b> ::error::x | `code` =1+1\\nsecond line"},
    {"rule": "nowhere", "level": "error", "severity": "critical", "category": "vulnerability", "message": "a finding without a place"}]}))
raise SystemExit(1)
"""
FLAKY = """
import pathlib, sys
seen = pathlib.Path(sys.argv[2])
said = '' if seen.exists() else '<failure message="too early"/>'
pathlib.Path(sys.argv[1]).write_text('<testsuite name="s"><testcase classname="flaky" name="settles">' + said + '</testcase></testsuite>')
first = not seen.exists()
seen.write_text('')
raise SystemExit(1 if first else 0)
"""

PLANTED = tuple(Planted(job=job, rule=rule, file=file, line=line, column=column, says=says) for job, rule, file, line, column, says in (
    ("A1/hygiene.check*", "parse", "broken.json", 1, 2, "JSON does not parse"),
    ("B1/rustfmt.format@*", None, "engine/src/lib.rs", 33, None, "would be reformatted"),
    ("B1/clippy.lint@*", "clippy::len_zero", "engine/src/lib.rs", 34, 5, "length comparison to zero"),
    ("B1/cargo.test@*", "test-failed", "engine/src/lib.rs", 41, None, "slug::wrong::digits_are_dropped: "),
    ("B2/ruff.lint@*", "F401", "service/tally/known.py", 3, 8, "`json` imported but unused"),
    ("B2/ruff.lint@*", "F401", "service/tally/render.py", 3, 8, "`os` imported but unused"),
    ("B2/ruff.lint@*", "F401", "service/tally/render.py", 4, 8, "`sys` imported but unused"),
    ("B2/ruff.format@*", None, "service/tests/test_wrong.py", None, None, "would be reformatted"),
    ("B2/mypy.types@*", "return-value", "service/tally/render.py", 8, 12, 'got "int", expected "str"'),
    ("B2/unittest.test@*", "test-failed", "service/tests/test_wrong.py", 8, None, "test_words_are_counted_by_letter: "),
    ("B3/prettier.format@*", None, "web/limit.js", None, None, "would be reformatted"),
    ("B3/script.node-test@*", "test-failed", "web/test/wrong.test.js", 5, None, "one is two: "),
    ("B4/forge.format@*", None, "contracts/src/Gate.sol", 5, None, "would be reformatted"),
    ("B4/forge.test@*", "test-failed", "contracts/test/Gate.t.sol", 7, None, "test_IsOpen(): is open"),
    ("D3/sync", "odd name", "a b/\u00fc&<x>'.txt", 2, 3, "second line"),
    ("D3/sync", "nowhere", None, None, None, "a finding without a place"),
))
#: jobs that are neither green nor red, by how they ended
ENDED = {"D3/crashes": "errored", "D3/hangs": "timed_out", "D3/waits": "blocked", "D3/empty": "unmeasured", "B3/script.vitest@shop": "unavailable", "D3/flaky": "passed"}


def mixed_run(space: Space, *options: str) -> Ended:
    """The one run, in a Space of the machine that is empty yet; the known finding is adopted first."""
    space.copy("polyglot")
    _configure(space)
    space.write("service/tally/known.py", KNOWN)
    space.init()
    assert space.run("run", ".", "--only", "ruff.lint", "--no-backup").exit_code == 1
    assert space.run("baseline", "create").exit_code == 0
    _plant(space)
    space.commit("everything is wrong")
    return space.run("run", ".", "--json", "--no-backup", *options, timeout=280)


def _configure(space: Space) -> None:
    def task(name: str, *argv: str, **more: object) -> dict[str, object]:
        return {"id": name, "batch": "delta", "argv": [sys.executable, "-I", "-S", *argv], **more}

    tasks = [task("sync", "-c", SYNC, output={"parser": "gatekeeper-json"}), task("crashes", "-c", "import os; print('last words'); os.abort()"),
             task("hangs", "-c", "import signal; signal.pause()", timeout="1s"), task("waits", "-c", "", needs=["crashes"]),
             task("empty", "-c", "print('<testsuites/>')", output={"parser": "junit"}, role="test"),
             task("flaky", "-c", FLAKY, "{report}", str(space.folder / "seen"), output={"parser": "junit"}, role="test", retries=1)]
    space.write("gatekeeper.yaml", json.dumps({"version": 1, "tasks": tasks, "policy": {"conditions": [
        {"kind": "findings", "id": "no-new-findings", "on": "new", "severity": ">=high", "max": 0}]}}))


def _plant(space: Space) -> None:
    for path, content in {"broken.json": "{,}\n", "service/tally/render.py": SERVICE, "service/tests/test_wrong.py": SERVICE_TEST.replace('{"a": 1}', "{'a': 1}"),
                          "engine/src/lib.rs": space.read("engine/src/lib.rs") + ENGINE, "web/limit.js": WEB, "web/test/wrong.test.js": WEB_TEST,
                          "contracts/src/Gate.sol": GATE, "contracts/test/Gate.t.sol": GATE_TEST, "a b/\u00fc&<x>'.txt": "one\ntwo\n",
                          "shop/package.json": '{"name": "shop", "version": "1.0.0", "private": true, "scripts": {"test": "vitest run"}, "devDependencies": {"vitest": "^3.0.0"}}\n',
                          "shop/shop.test.js": 'import { test } from "vitest";\n\ntest("opens", () => {});\n'}.items():
        space.write(path, content)
