"""unittest's text, fixers and cargo's list of updates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.model.finding import Parsed, RawOutput, TestOutcome
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import parse_output

EXITS = ExitSpec(clean=frozenset({0}), findings=frozenset({1}), nothing=frozenset({5}))


def run_unittest(folder: Path, body: str) -> Parsed:
    (folder / "test_it.py").write_text(f"import unittest\n\n\nclass Case(unittest.TestCase):\n{body}\n")
    done = subprocess.run([sys.executable, "-m", "unittest", "-v"], cwd=folder, capture_output=True, check=False)
    raw = RawOutput(stdout=done.stdout, stderr=done.stderr, exit_code=done.returncode, root=str(folder), cwd=str(folder))
    return parse_output("unittest", raw, EXITS)


def test_passing_tests_are_clean(tmp_path: Path) -> None:
    parsed = run_unittest(tmp_path, '    def test_a(self):\n        """Says what it does."""\n\n    def test_b(self):\n        pass\n')
    assert parsed.meaning is Meaning.CLEAN
    assert [(case.name, case.classname, case.outcome) for case in parsed.tests] == [
        ("test_a", "test_it.Case", TestOutcome.PASSED), ("test_b", "test_it.Case", TestOutcome.PASSED)]


def test_a_failing_test_has_its_message_and_place(tmp_path: Path) -> None:
    parsed = run_unittest(tmp_path, "    def test_a(self):\n        self.assertEqual(1, 2)\n\n    def test_b(self):\n        raise RuntimeError('no')\n")
    assert parsed.meaning is Meaning.FINDINGS
    first, second = parsed.tests
    assert (first.outcome, first.message, first.file, first.line) == (TestOutcome.FAILED, "AssertionError: 1 != 2", "test_it.py", 6)
    assert (second.outcome, second.message) == (TestOutcome.ERROR, "RuntimeError: no")


def test_a_module_that_cannot_be_imported_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import nowhere_at_all\n")
    done = subprocess.run([sys.executable, "-m", "unittest", "-v"], cwd=tmp_path, capture_output=True, check=False)
    parsed = parse_output("unittest", RawOutput(stderr=done.stderr, exit_code=done.returncode, root=str(tmp_path), cwd=str(tmp_path)), EXITS)
    assert parsed.meaning is Meaning.FINDINGS
    assert [case.outcome for case in parsed.tests] == [TestOutcome.ERROR]


@pytest.mark.parametrize("body", ["    pass\n", "    @unittest.skip('later')\n    def test_a(self):\n        pass\n"])
def test_no_test_that_ran_is_nothing_checked(tmp_path: Path, body: str) -> None:
    assert run_unittest(tmp_path, body).meaning is Meaning.NOTHING_CHECKED


def test_an_output_that_breaks_off_is_a_tool_error() -> None:
    raw = RawOutput(stderr=b"test_a (test_it.Case.test_a) ... ok\n", exit_code=0)
    assert parse_output("unittest", raw, EXITS).meaning is Meaning.TOOL_ERROR


def test_a_fixer_that_leaves_findings_did_its_work() -> None:
    assert parse_output("fixer", RawOutput(exit_code=1), EXITS).meaning is Meaning.CLEAN
    assert parse_output("fixer", RawOutput(exit_code=2, stderr=b"error: bad flag\n"), EXITS).meaning is Meaning.TOOL_ERROR


def test_packages_that_can_move_are_listed() -> None:
    raw = RawOutput(stderr=b"    Updating crates.io index\n     Locking 1 package\n    Updating itoa v1.0.1 -> v1.0.15\n", exit_code=0)
    parsed = parse_output("cargo-update", raw, ExitSpec(findings=frozenset()))
    assert [finding.message for finding in parsed.findings] == ["itoa 1.0.1 can move to 1.0.15"]


def test_an_index_that_cannot_be_reached_is_nothing_checked() -> None:
    raw = RawOutput(stderr=b"error: failed to get `itoa` as a dependency\n", exit_code=101)
    assert parse_output("cargo-update", raw, ExitSpec()).meaning is Meaning.NOTHING_CHECKED
