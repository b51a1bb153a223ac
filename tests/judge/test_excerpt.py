from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import replace

import pytest

from gatekeeper.judge.excerpt import excerpt, finding_line, gravest, last_words, repeat_command, without_report
from gatekeeper.model.finding import Category, Level, State, TestCase, TestOutcome
from gatekeeper.model.plan import Job
from gatekeeper.model.status import Cause, Status
from gatekeeper.model.tool import FailsAt, LocatedTool
from tests.fakes.record import DIFF, TESTS, finding, job, result


def test_a_linter_shows_ten_findings_gravest_first_and_counts_the_rest() -> None:
    lint = job()
    warnings = [finding(f"w{line:02}", line=line, level=Level.WARNING) for line in range(1, 13)]
    lines = excerpt(lint, result(lint, Status.FAILED, findings=[*warnings, finding("bad", line=99)]))
    assert lines[0] == "api/main.py:99:1 F401 bad"
    assert lines[1] == "api/main.py:1:1 F401 w01"
    assert lines[10:] == ("... and 3 more findings",)


def test_findings_that_do_not_fail_the_job_come_last() -> None:
    found = [finding("info", level=Level.INFO, file="a"), finding("error", file="z"), finding("warning", level=Level.WARNING, file="a")]
    assert [entry.message for entry in gravest(found, FailsAt.ERROR)] == ["error", "warning", "info"]


def test_a_formatter_shows_its_diff_up_to_forty_lines() -> None:
    style = job("ruff.format")
    small = finding("would be reformatted", category=Category.FORMAT, detail=DIFF)
    assert excerpt(style, result(style, Status.FAILED, findings=[small])) == tuple(DIFF.splitlines())
    large = replace(small, detail="@@ -1 +1 @@\n" + "\n".join(f"+{number}" for number in range(100)))
    lines = excerpt(style, result(style, Status.FAILED, findings=[large, small, small]))
    assert len(lines) == 42
    assert lines[0] == "api/main.py:3:1 F401 would be reformatted"
    assert lines[-2:] == ("... and 62 more lines", "... and 2 more files")


def test_a_formatter_without_a_diff_names_the_files() -> None:
    style = job("prettier.check")
    lines = excerpt(style, result(style, Status.FAILED, findings=[finding("would be reformatted", line=None, rule=None, category=Category.FORMAT)]))
    assert lines == ("api/main.py would be reformatted",)


def test_a_test_job_shows_each_failing_test_with_message_and_telling_lines() -> None:
    tests = job("pytest.test")
    assert excerpt(tests, result(tests, Status.FAILED, tests=TESTS)) == (
        "api/tests/test_sum.py:9 tests.test_sum::test_subtracts: assert 1 == 2", "    >   assert 1 == 2")


def test_stacks_are_left_out_and_tracebacks_show_their_end() -> None:
    tests = job("mocha.test")
    node = TestCase(name="t", outcome=TestOutcome.FAILED, message="5 !== 4",
                    detail="Expected values to be equal:\n\n5 !== 4\n\n    at Test.run (node:internal/test:796:25)\n    at x (a.js:1:2) {")
    assert excerpt(tests, result(tests, Status.FAILED, tests=[node])) == ("t: 5 !== 4", "    Expected values to be equal:")
    python = TestCase(name="t", outcome=TestOutcome.FAILED, message="no", detail="Traceback (most recent call last):\n" + "  frame\n" * 20 + "AssertionError: x")
    assert excerpt(tests, result(tests, Status.FAILED, tests=[python]))[-1] == "    AssertionError: x"


def test_a_few_findings_come_with_what_the_compiler_draws_and_many_do_not() -> None:
    build = job("cargo.check")
    drawn = finding("mismatched types", rule="E0308", detail="error[E0308]: mismatched types\n   |\n19 |     slug(title)\n\n   |     ^^^^ expected usize")
    lines = excerpt(build, result(build, Status.FAILED, findings=[drawn]))
    assert lines == ("api/main.py:3:1 E0308 mismatched types", "    error[E0308]: mismatched types", "       |", "    19 |     slug(title)",
                     "       |     ^^^^ expected usize")
    assert len(excerpt(build, result(build, Status.FAILED, findings=[drawn] * 4))) == 4


def test_the_output_of_a_script_is_shown_from_its_end() -> None:
    script = job("script.lint")
    said = finding("failed", file=None, line=None, rule=None, detail="\n".join(f"l{number}" for number in range(30)))
    lines = excerpt(script, result(script, Status.FAILED, findings=[said]))
    assert lines[0] == "failed"
    assert lines[-1] == "    l29"
    assert len(lines) == 11


def test_what_npm_says_of_itself_is_no_output_of_the_script() -> None:
    script = job("script.lint")
    said = finding("a.js: too wide", file=None, line=None, rule=None, detail="> app@1.0.0 lint\n> node lint.js\na.js: too wide\nnpm warn Unknown user config\nb.js: too wide")
    assert excerpt(script, result(script, Status.FAILED, findings=[said])) == ("a.js: too wide", "    > node lint.js", "    b.js: too wide")


def test_a_test_job_that_did_not_compile_shows_the_errors() -> None:
    tests = job("cargo.test")
    lines = excerpt(tests, result(tests, Status.FAILED, findings=[finding("mismatched types", rule="E0308", category=Category.BUILD)]))
    assert lines == ("api/main.py:3:1 E0308 mismatched types",)


def test_a_job_that_did_not_do_its_work_shows_message_and_last_words() -> None:
    types = job("mypy.check")
    tail = "\n".join(f"line {number}" for number in range(50))
    lines = excerpt(types, result(types, Status.ERRORED, cause=Cause.CRASH, message="ended with exit code 2", tail=tail))
    assert lines[0] == "ended with exit code 2"
    assert lines[1:] == tuple(f"line {number}" for number in range(30, 50))


def test_last_words_that_are_the_message_are_not_said_twice() -> None:
    types = job("mypy.check")
    assert excerpt(types, result(types, Status.ERRORED, message="no module", tail="no module\n")) == ("no module",)


def test_last_words_are_those_on_standard_error_else_on_standard_output() -> None:
    assert last_words(b"out\n", b"one\n\n  two \n") == "one\n  two"
    assert last_words(b"out\n", b" \n") == "out"
    assert last_words(b"", b"") == ""
    assert last_words(b"", b"x\xff\n" * 100_000).splitlines() == ["x\ufffd"] * 20


def test_a_passed_job_has_nothing_to_show() -> None:
    lint = job()
    assert excerpt(lint, result(lint, message="fine")) == ()


def test_a_finding_without_place_or_message_is_still_a_line() -> None:
    assert finding_line(finding("  ", file=None, line=None, rule=None)) == "(no message)"
    assert finding_line(finding("first\nsecond", line=None)) == "api/main.py F401 first"


def test_more_than_ten_failing_tests_are_counted() -> None:
    tests = job("pytest.test")
    many = [TestCase(name=f"t{number}", outcome=TestOutcome.ERROR) for number in range(12)]
    lines = excerpt(tests, result(tests, Status.FAILED, tests=many))
    assert lines[0] == "t0: error"
    assert lines[-1] == "... and 2 more failing tests"


@pytest.mark.parametrize(("argv", "left"), [
    (("pytest", "--junitxml={report}", "-q"), ["pytest", "-q"]),
    (("tool", "-o", "{report}", "src"), ["tool", "src"]),
    (("tool", "src", "{report}"), ["tool", "src"]),
    (("{report}",), []),
    (("tool", "--a=b", "{report}"), ["tool", "--a=b"]),
    (("ruff", "check", "--output-format=json", "a.py"), ["ruff", "check", "a.py"]),
    (("cargo", "clippy", "--message-format=json", "--", "-Dwarnings"), ["cargo", "clippy", "--", "-Dwarnings"]),
    (("mypy", "--output", "json", "json"), ["mypy", "json"]),
    (("mypy", "-O", "json", "--strict"), ["mypy", "--strict"]),
    (("pytest", "-o", "junit_family=xunit1", "-o", "xfail_strict=true"), ["pytest", "-o", "xfail_strict=true"]),
    (("tool", "json", "--format=text"), ["tool", "json", "--format=text"]),
    (("slither", ".", "--json", "-"), ["slither", "."]),
])
def test_arguments_that_only_serve_our_reading_are_left_out(argv: tuple[str, ...], left: list[str]) -> None:
    assert without_report(argv) == left


def shell(of: Job, tmp_path: object) -> list[str]:
    script = repeat_command(of)
    done = subprocess.run(["/bin/sh", "-c", script], cwd=str(tmp_path), capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    return done.stdout.splitlines()


def test_the_command_to_repeat_gives_a_shell_the_very_arguments(tmp_path: object) -> None:
    words = ("a b", "$HOME", "it's", "*", "", "-x", "`id`", "a\\b")
    of = job(argv=("/usr/bin/printf", r"%s\n", *words), cwd=".")
    assert shell(of, tmp_path) == list(words)


def test_the_command_to_repeat_gets_a_fresh_folder_for_its_work(tmp_path: object) -> None:
    lines = shell(job(argv=("/usr/bin/printf", r"%s\n", "{work}/ou t"), cwd="."), tmp_path)
    assert lines[0].endswith("/ou t")
    assert lines[0] != "/ou t"


def test_the_command_to_repeat_sets_what_the_tool_needs_and_no_share_of_the_machine() -> None:
    of = replace(job(cwd="."), env={"RAYON_NUM_THREADS": "2", "OUT": "{report}", "MODE": "a b"},
                 tool=LocatedTool(path="/x", version=None, source="managed", env={"SOLC": "/s"}))
    assert repeat_command(of) == "MODE='a b' SOLC=/s /usr/bin/ruff check"


def test_a_command_too_long_to_paste_or_of_our_own_is_repeated_through_gatekeeper() -> None:
    long = job(argv=("/bin/ruff", *(f"file{number}.py" for number in range(500))), component="apps/[id]")
    assert shlex.split(repeat_command(long)) == ["gatekeeper", "run", "--only", "B2/ruff.lint@apps/[[]id]"]
    assert repeat_command(job("hygiene.check", source="builtin")) == "gatekeeper run --only B2/hygiene.check@api"


def test_the_folder_is_entered_first_and_quoted() -> None:
    assert repeat_command(job(cwd="my app")) == "cd 'my app' && /usr/bin/ruff check"


def test_a_word_with_half_a_character_is_spelled_out_and_not_given_up() -> None:
    assert repeat_command(job(argv=("/bin/x", "\ud800"), cwd=".")) == "/bin/x $'\\355\\240\\200'"


def test_names_that_no_terminal_shows_are_spelled_out_for_the_shell(tmp_path: object) -> None:
    names = ("new\nline.py", "bad\udcff.py", "it's\t\\.py", "\x1b[31mred")
    script = repeat_command(job(argv=("/usr/bin/printf", r"%s\0", *names), cwd="."))
    assert script.isprintable()
    done = subprocess.run(["/bin/bash", "-c", script], cwd=str(tmp_path), capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    assert done.stdout.split(b"\0")[:-1] == [os.fsencode(name) for name in names]


def test_only_what_counts_is_shown_and_the_rest_as_a_number() -> None:
    told = (finding("old", file="a.py"), finding("hidden", file="b.py"), finding("new", file="z.py"))
    states = (State.UNCHANGED, State.SUPPRESSED, State.NEW)
    of = job()
    lines = excerpt(of, result(of, Status.FAILED, findings=[replace(one, state=state) for one, state in zip(told, states, strict=True)]))
    assert [line for line in lines if not line.startswith(" ")] == ["z.py:3:1 F401 new", "... 1 known finding and 1 suppressed finding are not shown"]


def test_where_nothing_counts_all_is_shown_and_says_why_it_does_not() -> None:
    told = (replace(finding("old", file="a.py"), state=State.UNCHANGED), replace(finding("hidden", file="b.py"), state=State.SUPPRESSED))
    of = job()
    lines = excerpt(of, result(of, Status.PASSED, findings=told))
    assert [line for line in lines if not line.startswith(" ")] == ["a.py:3:1 F401 old (known)", "b.py:3:1 F401 hidden (suppressed)"]
