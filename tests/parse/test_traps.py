"""Where tools mislead: outputs that look clean and are not, or look bad and are not."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import TestOutcome
from gatekeeper.model.status import Meaning
from tests.parse.outputs import raw_of, read

XUNIT = '<testsuite><testcase classname="t.a" name="test_x" file="t/a.py" line="0"/></testsuite>'


@pytest.mark.parametrize("line", [
    "FAIL Required test coverage of 90% not reached. Total coverage: 12.34%", "ERROR: Coverage failure: total of 12 is less than fail-under=90",
    "FAIL Required test coverage of 90.5% not reached. Total coverage: 90.00%"])
def test_missed_coverage_fails_a_pytest_run_in_which_all_tests_pass(line: str) -> None:
    parsed = read("pytest-junit", raw_of(f"1 passed\n{line}\n", code=1, report=XUNIT))
    assert (parsed.meaning, [one.rule for one in parsed.findings]) == (Meaning.FINDINGS, ["coverage"])


def test_a_pytest_that_fails_without_a_failing_test_did_not_do_its_work() -> None:
    assert read("pytest-junit", raw_of("1 passed\n", code=1, report=XUNIT)).meaning is Meaning.TOOL_ERROR


def test_pytest_lines_are_counted_from_zero() -> None:
    assert read("pytest-junit", raw_of(report=XUNIT)).tests[0].line == 1


def test_an_interrupted_pytest_keeps_what_it_measured() -> None:
    report = '<testsuite><testcase name="test_x"><failure message="m"/></testcase><testcase time="0"/></testsuite>'
    parsed = read("pytest-junit", raw_of("!!!!! KeyboardInterrupt !!!!!\n", code=2, report=report))
    assert (parsed.meaning, len(parsed.tests)) == (Meaning.FINDINGS_AND_TOOL_ERROR, 1)


def test_jest_coverage_below_its_threshold_is_a_finding() -> None:
    report = json.dumps({"testResults": [{"name": "/repo/a.test.js", "status": "passed", "assertionResults": [{"title": "a", "status": "passed"}]}], "success": True})
    said = 'Jest: "global" coverage threshold for lines (80%) not met: 50%\n'
    assert [one.rule for one in read("jest-json", raw_of("", said, code=1, report=report)).findings] == ["coverage"]


def test_vitest_with_an_unhandled_error_fails() -> None:
    report = json.dumps({"testResults": [{"name": "/repo/a.test.js", "status": "passed", "assertionResults": [{"title": "a", "status": "passed"}]}]})
    said = "Vitest caught 1 unhandled error during the test run.\nThis might cause false positive tests.\n"
    assert read("vitest-json", raw_of("", said, code=1, report=report)).meaning is Meaning.FINDINGS


def test_a_crashing_test_binary_without_a_name_to_blame_is_an_error() -> None:
    said = ("     Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)\nerror: test failed, to rerun pass `--lib`\n\nCaused by:\n"
            "  process didn't exit successfully: `/repo/target/debug/deps/demo-8348ca7a80742723` (signal: 11, SIGSEGV: invalid memory reference)\n")
    parsed = read("libtest", raw_of("\nrunning 2 tests\ntest a ... ok\n", said, code=101))
    assert [(one.name, one.outcome) for one in parsed.tests] == [("a", TestOutcome.PASSED), ("demo", TestOutcome.ERROR)]


def test_a_failure_whose_line_was_torn_is_known_from_the_list() -> None:
    out = "\nrunning 1 test\ntest a ... noise without end\n\nfailures:\n\nfailures:\n    a\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n"
    assert [(one.name, one.outcome) for one in read("libtest", raw_of(out, code=101)).tests] == [("a", TestOutcome.FAILED)]


def test_more_failures_counted_than_named_is_an_error() -> None:
    out = "\nrunning 2 tests\ntest a ... ok\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n"
    assert read("libtest", raw_of(out, code=101)).meaning is Meaning.TOOL_ERROR


def test_what_a_passing_rust_test_prints_is_no_test() -> None:
    out = "\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\ntest ghost ... FAILED\n"
    assert [one.name for one in read("libtest", raw_of(out)).tests] == ["a"]


def test_the_old_form_of_a_panic_is_read() -> None:
    out = ("\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\nthread 'a' panicked at 'no way', src/lib.rs:7:5\n\nfailures:\n    a\n\n"
           "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n")
    test = read("libtest", raw_of(out, code=101)).tests[0]
    assert (test.file, test.line, test.message) == ("src/lib.rs", 7, "no way")


def test_the_same_warning_of_lib_and_lib_test_is_one_finding() -> None:
    def line(rendered: str) -> str:
        span = {"file_name": "src/lib.rs", "is_primary": True, "line_start": 1, "line_end": 1, "column_start": 1, "column_end": 2}
        return json.dumps({"reason": "compiler-message", "message": {"level": "warning", "message": "unused", "code": {"code": "dead_code"}, "spans": [span], "rendered": rendered}})

    out = "\n".join([line("a"), line("a, with a note"), json.dumps({"reason": "build-finished", "success": True})])
    assert len(read("cargo-json", raw_of(out)).findings) == 1


def test_cargo_that_ends_before_the_build_is_finished_is_an_error() -> None:
    assert read("cargo-json", raw_of('{"reason":"compiler-artifact"}\n')).meaning is Meaning.TOOL_ERROR


def test_warnings_of_a_build_that_failed_elsewhere_do_not_hide_the_failure() -> None:
    warning = json.dumps({"reason": "compiler-message", "message": {"level": "warning", "message": "unused", "spans": []}})
    parsed = read("cargo-json", raw_of(warning + '\n{"reason":"build-finished","success":false}\n', "error: failed to run custom build command for `x`\n", code=101))
    assert (parsed.meaning, parsed.message) == (Meaning.FINDINGS_AND_TOOL_ERROR, "error: failed to run custom build command for `x`")


def test_rustfmt_warnings_about_unstable_options_are_no_error() -> None:
    said = "Warning: can't set `imports_granularity = Crate`, unstable features are only available in nightly channel.\n"
    assert read("rustfmt", raw_of("", said, code=0)).meaning is Meaning.CLEAN


@pytest.mark.parametrize("noise", ["yarn run v1.22.22\n$ tsc --noEmit\n{}Done in 2.11s.\n", "\n> demo@1.0.0 types\n> tsc --noEmit\n\n{}"])
def test_tsc_behind_a_package_manager_is_read(noise: str) -> None:
    clean, bad = noise.format(""), noise.format("src/a.ts(1,2): error TS2322: m\n  more\n")
    assert [read("tsc", raw_of(text, code=None)).meaning for text in (clean, bad)] == [Meaning.CLEAN, Meaning.FINDINGS]


def test_some_ignored_files_do_not_make_an_eslint_run_empty() -> None:
    ignored = {"filePath": "/repo/d.js", "messages": [{"ruleId": None, "severity": 1, "message": "File ignored by default."}]}
    parsed = read("eslint-json", raw_of(json.dumps([ignored, {"filePath": "/repo/a.js", "messages": []}])))
    assert (parsed.meaning, [problem.file for problem in parsed.problems]) == (Meaning.CLEAN, ["d.js"])


def test_eslint_that_was_given_only_ignored_files_checked_nothing() -> None:
    assert read("eslint-json", raw_of("[]")).meaning is Meaning.NOTHING_CHECKED


def test_black_of_the_years_before_26_counts_columns_from_zero() -> None:
    said = "error: cannot format pkg/a.py: Cannot parse for target version Python 3.11: 1:11: def broken(:\n"
    one = read("black", raw_of("", said, code=123)).findings[0]
    assert (one.file, one.line, one.column) == ("pkg/a.py", 1, 12)


def test_the_text_of_older_ruff_format_is_read() -> None:
    parsed = read("ruff-format-json", raw_of("Would reformat: a.py\n1 file would be reformatted\n", code=1))
    assert [one.file for one in parsed.findings] == ["a.py"]


def test_ambiguous_mypy_columns_stay_and_are_named_as_inexact() -> None:
    out = json.dumps({"file": "a.py", "line": 1, "column": 5, "end_line": 1, "end_column": 6, "message": "m", "code": "misc", "severity": "error"})
    parsed = read("mypy-json", raw_of(out, code=1, sources={"a.py": 'x = "éé"; y\n'}))
    assert (parsed.findings[0].column, len(parsed.problems)) == (6, 1)


def test_a_forge_test_is_found_in_its_source() -> None:
    report = {"test/A.t.sol:A": {"test_results": {"testX()": {"status": "Failure", "reason": "no", "duration": "1s 2ms"}}}}
    test = read("forge-test-json", raw_of(json.dumps(report), code=1, sources={"test/A.t.sol": "contract A {\n  function testX() public {}\n}\n"})).tests[0]
    assert (test.file, test.line, test.seconds, test.message) == ("test/A.t.sol", 2, 1.002, "no")


def test_a_docstring_warning_of_autodoc_has_a_file_but_no_line_in_it() -> None:
    one = read("sphinx", raw_of("", "/repo/pkg/a.py:docstring of pkg.a.f:3: WARNING: Unexpected indentation. [docutils]\n", code=0)).findings[0]
    assert (one.file, one.line, one.rule, one.message) == ("pkg/a.py", None, "docutils", "Unexpected indentation.")


def test_prettier_on_one_stream_is_read_from_there() -> None:
    parsed = read("prettier", raw_of("Checking formatting...\n[warn] a.js\n[warn] Code style issues found in the above file. Run Prettier with --write to fix.\n", code=1))
    assert [one.file for one in parsed.findings] == ["a.js"]


def test_findings_of_a_run_that_was_killed_are_kept_as_part_of_an_error() -> None:
    assert read("flake8", raw_of("a.py:1:1: E302 expected 2 blank lines\n", code=-9)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_a_warning_of_prettier_in_a_clean_run_is_no_file() -> None:
    parsed = read("prettier", raw_of("Checking formatting...\nAll matched files use Prettier code style!\n", "[warn] jsxBracketSameLine has been renamed.\n"))
    assert (parsed.meaning, [problem.message for problem in parsed.problems]) == (Meaning.CLEAN, ["jsxBracketSameLine has been renamed."])


def test_diagnostics_that_a_passing_rust_test_prints_are_no_compile_errors() -> None:
    out = "\nrunning 1 test\ntest ui ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n"
    assert read("libtest", raw_of(out, "error: expected `;`\n --> tests/ui/a.rs:3:5\n")).meaning is Meaning.CLEAN


def test_compiler_warnings_beside_forge_tests_do_not_hide_the_tests() -> None:
    report = json.dumps({"test/A.t.sol:A": {"test_results": {"testX()": {"status": "Success", "reason": None}}}})
    said = "Compiler run successful with warnings:\nWarning (2072): Unused local variable.\n --> test/A.t.sol:3:5:\n"
    assert [test.outcome for test in read("forge-test-json", raw_of(report, said)).tests] == [TestOutcome.PASSED]


@pytest.mark.parametrize(("name", "report"), [
    ("mocha-json", '{"stats": {}, "passes": [{"title": "a"}], "failures": [], "pending": []}'), ("node-junit", "<testsuites><testcase name='a'/></testsuites>")])
@pytest.mark.parametrize("line", ["ERROR: Coverage for lines (50%) does not meet global threshold (80%)", "Error: 50.00% line coverage does not meet threshold of 80%."])
def test_missed_coverage_fails_javascript_runs(name: str, report: str, line: str) -> None:
    assert [one.rule for one in read(name, raw_of("", f"{line}\n", code=1, report=report)).findings] == ["coverage"]


def test_a_cut_off_report_is_not_mistaken_for_a_part_of_it() -> None:
    whole = json.dumps({"errors": [], "contracts": {"a": [{"errors": [], "sources": {}}]}, "sources": {}}, indent=1)
    assert read("forge-build-json", raw_of(whole[:-20])).meaning is Meaning.TOOL_ERROR


def test_pytest_names_files_from_its_root_folder_which_may_lie_above() -> None:
    report = '<testsuite><testcase classname="pkg.tests.test_a" name="test_x" file="pkg/tests/test_a.py" line="4"/></testsuite>'
    test = read("pytest-junit", raw_of(report=report, cwd="/repo/pkg", sources={"pkg/tests/test_a.py": ""})).tests[0]
    assert (test.file, test.line) == ("pkg/tests/test_a.py", 5)


def test_a_failing_package_script_is_told_in_its_own_words() -> None:
    noise = "npm error Lifecycle script `lint` failed with error:\nnpm error code 1\n"
    finding = read("exit-code", raw_of("\n> demo@1.0.0 lint\n> eslint .\n\n/repo/a.js\n  1:5  error  no\n  2:5  error  no\n\n✖ 2 problems\n", noise, code=1)).findings[0]
    assert finding.message == "✖ 2 problems"


def test_a_package_manager_is_heard_where_the_script_says_nothing() -> None:
    assert read("exit-code", raw_of("", 'npm error Missing script: "lint"\n', code=1)).findings[0].message == 'npm error Missing script: "lint"'


def test_a_panic_in_the_standard_library_has_no_place_in_the_tree() -> None:
    def told(place: str) -> str:
        return (f"\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\nthread 'a' panicked at {place}:\nno way\n\nfailures:\n    a\n\n"
                "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n")

    test = read("libtest", raw_of(told("/rustc/f2d3ce0bd/library/core/src/ops/function.rs:250:5"), code=101)).tests[0]
    assert (test.outcome, test.file, test.line) == (TestOutcome.FAILED, None, None)
    assert read("libtest", raw_of(told("src/lib.rs:7:5"), code=101)).tests[0].file == "src/lib.rs"


_UNREACHED = ("WARNING: failed to reach any of the inventories with the following issues:\n"
              "intersphinx inventory 'https://docs.python.org/3/objects.inv' not fetchable due to <class 'requests.exceptions.ConnectionError'>: no route\n")


def test_documentation_that_fails_only_for_want_of_a_network_was_not_measured() -> None:
    parsed = read("sphinx", raw_of("", _UNREACHED, code=1))
    assert (parsed.meaning, parsed.findings) == (Meaning.NOTHING_CHECKED, ())


def test_documentation_that_also_has_faults_of_its_own_fails_without_a_network() -> None:
    assert read("sphinx", raw_of("", f"{_UNREACHED}docs/index.rst:3: WARNING: Title underline too short. [docutils]\n", code=1)).meaning is Meaning.FINDINGS


def test_documentation_that_succeeds_without_a_network_is_measured() -> None:
    assert read("sphinx", raw_of("build succeeded, 1 warning.\n", _UNREACHED)).meaning is Meaning.FINDINGS


def test_types_that_pyright_finds_incomplete_are_findings() -> None:
    def report(severity: str) -> str:
        symbol = {"name": "x.f", "diagnostics": [{"file": "/repo/x.py", "severity": severity, "message": "Return type is missing",
                                                  "range": {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 5}}}]}
        return json.dumps({"generalDiagnostics": [], "summary": {"filesAnalyzed": 1}, "typeCompleteness": {"symbols": [symbol]}})

    assert [(one.message, one.line) for one in read("pyright-json", raw_of(report("error"), code=1)).findings] == [("Return type is missing", 3)]
    assert read("pyright-json", raw_of(report("warning"))).meaning is Meaning.CLEAN


def test_forge_tests_that_fork_a_chain_out_of_reach_were_not_measured() -> None:
    away = {"status": "Failure", "reason": "vm.createFork: could not instantiate forked environment with provider x.rs; error sending request for url (https://x.rs/): dns error"}
    good, bad = {"status": "Success"}, {"status": "Failure", "reason": "assertion failed: 1 != 2"}

    def report(**tests: object) -> str:
        return json.dumps({"test/A.t.sol:A": {"test_results": {f"{name}()": result for name, result in tests.items()}}})

    parsed = read("forge-test-json", raw_of(report(test_a=good, test_b=away), code=1))
    assert (parsed.meaning, parsed.message) == (Meaning.NOTHING_CHECKED, "1 test could not reach the chain to fork")
    assert [one.outcome for one in parsed.tests] == [TestOutcome.PASSED, TestOutcome.SKIPPED]
    assert read("forge-test-json", raw_of(report(test_a=bad, test_b=away), code=1)).meaning is Meaning.FINDINGS


def test_a_file_that_isort_only_warns_about_was_not_checked() -> None:
    said = "/tools/isort/main.py:91: UserWarning: Unable to parse file /repo/a.py due to 'utf-8' codec can't decode byte 0xe9 in position 0\n  warn(\n"
    assert read("isort", raw_of("", said)).meaning is Meaning.TOOL_ERROR


def test_black_that_counts_more_files_than_it_names_is_an_error() -> None:
    assert read("black", raw_of("", "would reformat a.py\nOh no!\n2 files would be reformatted.\n", code=1)).meaning is Meaning.FINDINGS_AND_TOOL_ERROR


def test_a_broken_file_of_bun_is_explained_by_what_stands_before_the_next() -> None:
    rule = "-------------------------------"
    said = f"a.test.ts:\n\n# Unhandled error between tests\n\nb.test.ts:\n\n# Unhandled error between tests\n{rule}\nerror: gone\n{rule}\n"
    parsed = read("bun-junit", raw_of("", said, code=1, report="<testsuites/>"))
    assert [(one.name, one.message) for one in parsed.tests] == [("a.test.ts", "it could not be loaded"), ("b.test.ts", "gone")]


@pytest.mark.parametrize(("name", "out", "said"), [
    ("forge-build", "Compiling 1 files with Solc 0.8.28\nCompiler run successful with warnings:\nW", ""),
    ("pytest", "collected 3 items\n\ntests/test_f.py RR.RRF.                 [100%]\n\n=========================== rerun test summary info ============================\nR", ""),
    ("taplo", "", ' INFO taplo:lint_files:collect_files: found files total=1 excluded=0 cwd="/repo"\nerror: invalid TOML\n'),
    ("cargo-update", "", "     Locking 1 package to latest compatible version\n")])
def test_an_output_that_announces_findings_and_ends_is_cut_off(name: str, out: str, said: str) -> None:
    assert read(name, raw_of(out, said, code=None)).meaning is Meaning.TOOL_ERROR


def test_eslint_with_the_rules_beside_its_results_is_read() -> None:
    results = [{"filePath": "/repo/a.js", "messages": [{"ruleId": "no-undef", "severity": 2, "message": "no", "line": 1, "column": 1}]}]
    parsed = read("eslint-json", raw_of(json.dumps({"results": results, "metadata": {"rulesMeta": {}}}), code=1))
    assert [(one.file, one.rule) for one in parsed.findings] == [("a.js", "no-undef")]


def test_an_older_advisory_without_a_package_is_still_one() -> None:
    report = {"advisories": {"7": {"id": 7, "title": "Traversal", "severity": "high"}}, "metadata": {"totalDependencies": 3}}
    assert [(one.rule, one.message) for one in read("npm-audit-json", raw_of(json.dumps(report), code=1)).findings] == [("7", "(a package without a name): Traversal")]


@pytest.mark.parametrize("frame", ["internal/process/task_queues.js:97:5", r"C:\Users\x\lib\main.js:2:9"])
def test_a_frame_of_node_itself_or_of_another_machine_is_no_place(frame: str) -> None:
    report = f'<testsuites><testsuite><testcase name="a"><failure>Error: no\n    at run ({frame})</failure></testcase></testsuite></testsuites>'
    assert [(one.file, one.line) for one in read("junit", raw_of("", code=1, report=report)).tests] == [(None, None)]


def test_what_mypy_says_of_its_call_is_no_finding_in_a_file_of_that_name() -> None:
    parsed = read("mypy", raw_of("usage: mypy [-h]\nmypy: error: unrecognized arguments: --nope\n", code=None))
    assert (parsed.meaning, parsed.findings, parsed.message) == (Meaning.TOOL_ERROR, (), "mypy: error: unrecognized arguments: --nope")


def test_mypy_without_files_is_known_from_the_one_stream_that_was_kept() -> None:
    assert read("mypy", raw_of("There are no .py[i] files in directory 'a'\n", code=None)).meaning is Meaning.NOTHING_CHECKED


def test_a_file_that_ruff_cannot_format_is_known_from_the_one_stream_that_was_kept() -> None:
    out = "Would reformat: a.py\nerror: Failed to parse b.py:1:12: no\n1 file would be reformatted\n"
    assert [one.file for one in read("ruff-format", raw_of(out, code=None)).findings] == ["a.py", "b.py"]


def test_ruff_without_files_is_known_from_the_one_stream_that_was_kept() -> None:
    assert read("ruff-format", raw_of("warning: No Python files found under the given path(s)\n", code=None)).meaning is Meaning.NOTHING_CHECKED
