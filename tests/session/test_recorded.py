"""Outputs that somebody recorded: where streams come from, what exit codes mean, whose root the paths have."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path

import pytest

from gatekeeper.errors import UsageError
from gatekeeper.execute.helper import run_helper
from gatekeeper.model.ports import Completed
from gatekeeper.model.status import Meaning
from gatekeeper.model.tool import ExitSpec
from gatekeeper.parse.formats import FORMATS
from gatekeeper.report.parsed import parsed_document
from gatekeeper.session.reader import OUT_OF_MEMORY
from gatekeeper.session.reading import LARGE, Read
from gatekeeper.session.recorded import Asked, exits_of, parse_recorded
from tests.parse.recordings import Recording, every

RUFF = '[{"filename": "%s", "message": "unused", "code": "F401", "location": {"row": 1, "column": 1}}]'


def read(asked: Asked, folder: Path, stdin: bytes | None = None) -> Read:
    stream = None if stdin is None else io.BytesIO(stdin)
    return parse_recorded(asked, folder=str(folder), stdin=stream, environment=dict(os.environ), runner=run_helper)


def file_of(found: Read) -> str | None:
    (finding,) = found.parsed.findings
    return finding.file


def test_what_is_piped_in_is_the_standard_output(tmp_path: Path) -> None:
    assert file_of(read(Asked(parser="ruff-json"), tmp_path, (RUFF % "pkg/a.py").encode())) == "pkg/a.py"


def test_nothing_at_all_is_never_clean(tmp_path: Path) -> None:
    assert read(Asked(parser="ruff-json"), tmp_path, b"").parsed.meaning is Meaning.TOOL_ERROR
    assert read(Asked(parser="ruff-json"), tmp_path, None).parsed.meaning is Meaning.TOOL_ERROR


def test_paths_are_relative_to_the_root_which_need_not_exist(tmp_path: Path) -> None:
    assert file_of(read(Asked(parser="ruff-json", root="/gone/tree"), tmp_path, (RUFF % "/gone/tree/a.py").encode())) == "a.py"


def test_sources_of_the_root_tell_where_the_tool_ran(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("import os\n")
    found = read(Asked(parser="ruff-json", root="."), tmp_path, (RUFF % "/srv/agent/7/pkg/a.py").encode())
    assert (file_of(found), found.root) == ("pkg/a.py", "/srv/agent/7")


def test_relative_names_start_in_the_folder_of_the_call(tmp_path: Path) -> None:
    assert file_of(read(Asked(parser="ruff-json", root="/repo", cwd="web/app"), tmp_path, (RUFF % "a.py").encode())) == "web/app/a.py"


def test_streams_come_from_the_files_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("[]")
    (tmp_path / "err").write_text("error: no such rule\n")
    parsed = read(Asked(parser="ruff-json", exit_code=2, stdout="out", stderr="err"), tmp_path).parsed
    assert (parsed.meaning, parsed.message) == (Meaning.TOOL_ERROR, "error: no such rule")


def test_a_report_that_was_written_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
    parsed = read(Asked(parser="junit", report="junit.xml", exit_code=0), tmp_path).parsed
    assert (parsed.meaning, [test.name for test in parsed.tests]) == (Meaning.CLEAN, ["a"])


def test_a_pipe_can_be_named_as_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(RUFF % "a.py"))
    writer.start()
    assert file_of(read(Asked(parser="ruff-json", stdout="pipe"), tmp_path)) == "a.py"
    writer.join()


@pytest.mark.parametrize("parser", ["ruff-json", "ruff-concise"])
def test_a_stream_that_was_saved_may_be_called_a_report(tmp_path: Path, parser: str) -> None:
    (tmp_path / "ruff.out").write_text(RUFF % "a.py" if parser == "ruff-json" else "a.py:1:1: F401 unused\n")
    assert file_of(read(Asked(parser=parser, report="ruff.out", exit_code=1), tmp_path)) == "a.py"


@pytest.mark.parametrize("parser", ["flake8", "exit-code", "tsc", "eslint-stylish", "prettier", "yamllint"])
def test_silence_is_clean_only_where_the_exit_code_says_so_too(tmp_path: Path, parser: str) -> None:
    assert read(Asked(parser=parser, exit_code=0), tmp_path, b"").parsed.meaning is Meaning.CLEAN
    assert read(Asked(parser=parser), tmp_path, b"").parsed.meaning is Meaning.TOOL_ERROR


@pytest.mark.parametrize("asked", [
    Asked(parser="ruff-jsn"), Asked(parser="ruff-json", stdout="gone"), Asked(parser="ruff-json", report="."), Asked(parser="ruff-json", stdout="-", stderr="-"),
    Asked(parser="ruff-json", pattern="x")])
def test_what_cannot_be_meant_is_one_line(asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(asked, tmp_path, b"[]")
    assert "\n" not in caught.value.message


def test_exit_codes_mean_what_the_catalogue_says() -> None:
    assert exits_of("pytest-junit").nothing == frozenset({5})
    assert exits_of("exit-code") == exits_of("sarif") == ExitSpec()


@pytest.mark.parametrize("case", [case for case in every("expected.json") if case.parser in FORMATS], ids=str)
def test_every_recording_means_the_same_from_outside(case: Recording, tmp_path: Path) -> None:
    """The same output through files, with the catalogue's exit codes, and with the sources somewhere else than the tool saw them."""
    names = {name: str(case.folder / name) for name in ("stdout", "stderr", "report") if (case.folder / name).is_file()}
    sources = case.folder / "source"
    asked = Asked(parser=case.parser, exit_code=case.raw.exit_code, root=str(sources) if sources.is_dir() else "/repo", cwd=os.path.relpath(case.raw.cwd, "/repo"), **names)
    expected = case.document("expected.json")
    found = read(asked, tmp_path)
    assert found.parsed.meaning.value == expected["meaning"]
    findings = expected.get("findings", [])
    assert isinstance(findings, list)
    assert [finding.file for finding in found.parsed.findings] == [finding.get("file") for finding in findings]
    assert json.dumps(parsed_document(found.parsed, case.parser))


def _large(text: str) -> bytes:
    return (text + " " * LARGE + "\n").encode()


def test_a_large_output_is_read_by_a_process_of_its_own(tmp_path: Path) -> None:
    calls: list[tuple[str, ...]] = []

    def counted(argv: tuple[str, ...], **more: object) -> Completed:
        calls.append(tuple(argv))
        return run_helper(argv, **more)  # type: ignore[arg-type]  # passes on what it is given

    found = parse_recorded(Asked(parser="ruff-json", root="/repo"), folder=str(tmp_path), stdin=io.BytesIO(_large(RUFF % "/repo/a.py")),
                           environment=dict(os.environ), runner=counted)  # type: ignore[arg-type]  # a Runner that counts
    assert (file_of(found), len(calls)) == ("a.py", 1)


@pytest.mark.parametrize(("end", "words"), [
    (Completed(exit_code=OUT_OF_MEMORY), "needs more than"), (Completed(exit_code=-9), "ended twice, by signal 9"), (Completed(exit_code=-11), "ended twice, by signal 11"),
    (Completed(exit_code=None, stderr=b"\ntimed out after 120 s"), "took longer than 120 s"), (Completed(exit_code=0), "failed"),
    (Completed(exit_code=None, stderr=b"cannot start `python`: gone"), "cannot start")])
def test_a_reader_that_dies_is_a_tool_error(tmp_path: Path, end: Completed, words: str) -> None:
    found = parse_recorded(Asked(parser="ruff-json"), folder=str(tmp_path), stdin=io.BytesIO(_large("[]")), environment={},
                           runner=lambda *_words, **_more: end)
    assert found.parsed.meaning is Meaning.TOOL_ERROR
    assert words in (found.parsed.message or "")


def test_a_pattern_that_backtracks_for_ever_is_ended(tmp_path: Path) -> None:
    def impatient(argv: tuple[str, ...], *, timeout: float, **more: object) -> Completed:
        return run_helper(argv, timeout=min(timeout, 1.0), **more)  # type: ignore[arg-type]  # passes on what it is given

    found = parse_recorded(Asked(parser="regex", pattern="^(?P<message>(a+)+)$"), folder=str(tmp_path), stdin=io.BytesIO(b"a" * 60 + b"!\n"),
                           environment=dict(os.environ), runner=impatient)  # type: ignore[arg-type]  # a Runner with less patience
    assert found.parsed.meaning is Meaning.TOOL_ERROR
    assert "the pattern backtracks too much" in (found.parsed.message or "")
