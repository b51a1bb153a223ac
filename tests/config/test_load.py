"""Settings from all their sources."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gatekeeper.config.file import Names
from gatekeeper.config.lean import parse
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.errors import ConfigError, GatekeeperError, TreeError, UsageError
from gatekeeper.model.settings import CustomTask, PolicyCondition, Settings, ToolSettings

NAMES = Names(pipelines=("default", "quick", "ci"), tools=("ruff", "mypy", "bandit", "eslint"), reports=("junit", "json", "markdown"),
              parsers=("regex", "exit-code", "gatekeeper-json"))
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def call(*words: str, committed: str | None = None, local: str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
        if committed is not None:
            (tmp_path / "gatekeeper.yaml").write_text(committed)
        if local is not None:
            (tmp_path / "gatekeeper.local.yaml").write_text(local)
        arguments = parse("run", words)
        assert arguments is not None
        return load_settings(arguments, environment or {}, cwd=str(tmp_path), names=NAMES)
    return call


def test_without_anything_the_defaults_hold(load: Load, tmp_path: Path) -> None:
    assert load() == Settings(root=str(tmp_path), invoked_from=str(tmp_path))


def test_the_example_of_the_design_is_understood(load: Load) -> None:
    found = load(committed="""\
version: 1
pipeline: default
exclude: ["fixtures/**"]
tools: {bandit: off, mypy: {blocking: false}, eslint: {timeout: 5m}}
tasks: [{id: contracts-sync, batch: beta, argv: [python, scripts/check_sync.py], takes: repository, output: {parser: gatekeeper-json}}]
policy: {conditions: [{on: all, severity: ">=high", max: 0}]}
""")
    assert found.exclude == ("fixtures/**",)
    assert found.tools == {"bandit": ToolSettings(enabled=False), "mypy": ToolSettings(blocking=False), "eslint": ToolSettings(timeout=300.0)}
    assert found.tasks == (CustomTask(id="contracts-sync", batch="beta", argv=("python", "scripts/check_sync.py"), parser="gatekeeper-json"),)
    assert found.conditions == (PolicyCondition(on="all", severity="high", max=0),)
    assert found.origins["tools.mypy"] == "gatekeeper.yaml:4"


def test_file_environment_and_flags_win_in_this_order(load: Load) -> None:
    assert load(committed="jobs: 2\n").jobs == 2
    assert load(committed="jobs: 2\n", local="jobs: 3\n").jobs == 3
    assert load(committed="jobs: 2\n", local="jobs: 3\n", environment={"GATEKEEPER_JOBS": "4"}).jobs == 4
    found = load("-j5", committed="jobs: 2\n", local="jobs: 3\n", environment={"GATEKEEPER_JOBS": "4"})
    assert (found.jobs, found.origins["jobs"]) == (5, "--jobs")


def test_every_value_knows_where_it_comes_from(load: Load) -> None:
    found = load("--fail-fast", committed="version: 1\n\ntimeout: 30m\n", local="color: never\n",
                 environment={"GATEKEEPER_MODE": "strict", "GATEKEEPER_BATCH": ""})
    assert found.origins == {"timeout": "gatekeeper.yaml:3", "color": "gatekeeper.local.yaml:1", "mode": "GATEKEEPER_MODE",
                             "strict": "GATEKEEPER_MODE", "fail_fast": "--fail-fast"}


def test_skips_and_reports_of_all_sources_add_up(load: Load) -> None:
    found = load("--skip", "c", "--report", "json", committed="skip: [a]\nreports: [junit]\n", environment={"SKIP": "b,d", "GATEKEEPER_SKIP": "e"})
    assert found.skip == ("a", "e", "b", "d", "c")
    assert found.lenient == ("a", "e", "b", "d")
    assert found.reports == ("junit", "json")
    assert found.origins["skip"] == "gatekeeper.yaml:1, GATEKEEPER_SKIP, SKIP, --skip"


def test_opposite_switches_work_from_every_source(load: Load) -> None:
    assert load("--no-backup").backup is False
    assert load(environment={"GATEKEEPER_NO_PROVISION": "1"}).provision is False
    assert load(committed="provision: false\n").provision is False
    assert load(committed="provision: false\n", environment={"GATEKEEPER_NO_PROVISION": "0"}).provision is True


def test_no_color_is_respected_and_can_be_overridden(load: Load) -> None:
    assert load(environment={"NO_COLOR": "1"}).color == "never"
    assert load(environment={"NO_COLOR": ""}).color == "auto"
    assert load("--color", "always", environment={"NO_COLOR": "1"}).color == "always"


def test_strict_mode_makes_every_job_block(load: Load) -> None:
    assert load("--mode", "strict").strict is True
    assert load("--strict").mode == "auto"


@pytest.mark.parametrize(("words", "scope"), [
    ([], "all"), (["--staged"], "staged"), (["--changed"], "changed"), (["--since", "main"], "since"), (["--", "a.py"], "files"), (["--"], "files"),
])
def test_one_option_says_which_files_are_looked_at(load: Load, words: list[str], scope: str) -> None:
    assert load(*words).scope == scope


def test_names_come_from_a_file_separated_by_nul(load: Load, tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"a.py\0sub/b c.py\0\xff.py\0")
    assert load("--files-from", "names").files == ("a.py", "sub/b c.py", os.fsdecode(b"\xff.py"))
    (tmp_path / "names").write_bytes(b"")
    assert load("--files-from", "names").files == ()


def test_names_can_come_from_standard_input(tmp_path: Path) -> None:
    arguments = Arguments(given={"files_from": ("-",)})
    found = load_settings(arguments, {}, cwd=str(tmp_path), read=lambda path: b"a\0b" if path == "-" else None)
    assert (found.scope, found.files) == ("files", ("a", "b"))


@pytest.mark.parametrize(("words", "message"), [
    (["--jobs", "many"], "--jobs: `many` is no whole number"),
    (["--jobs=-1"], "--jobs: `-1` is no whole number"),
    (["--timeout", "5 minutes"], "--timeout: not a duration"),
    (["--timeout="], "--timeout: TIME may not be empty"),
    (["--mode", "stict"], "--mode: `stict` is none of auto, strict, dry-run: did you mean `strict`?"),
    (["--language", "pyton"], "--language: `pyton` is none of"),
    (["--staged", "--changed"], "--staged and --changed cannot be combined"),
    (["--staged", "--", "a.py"], "--staged and files after -- cannot be combined"),
    (["--verbose", "-q"], "--verbose and --quiet cannot be combined"),
    (["--no-cache", "--verify-cache"], "--no-cache and --verify-cache cannot be combined"),
    (["--nice", "40"], "--nice: `40` is more than 19"),
    (["--dry-run", "--mode", "strict"], "--dry-run and --mode strict cannot be combined"),
    (["--pipeline", "quik"], "--pipeline: unknown pipeline `quik`"),
    (["--report", "junt=x.xml"], "--report: unknown report format `junt`"),
    (["--files-from", "missing"], "--files-from missing: no such file"),
])
def test_a_wrong_option_is_named(load: Load, words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(*words)
    assert caught.value.message.startswith(message)


def test_lines_instead_of_nul_are_noticed(load: Load, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("a.py\nb.py\n")
    with pytest.raises(UsageError, match="separated by NUL"):
        load("--files-from", "names")


@pytest.mark.parametrize(("name", "value", "message"), [
    ("GATEKEEPER_JOBS", "x", "GATEKEEPER_JOBS: `x` is no whole number"),
    ("GATEKEEPER_STRICT", "maybe", "GATEKEEPER_STRICT: `maybe` is neither yes nor no"),
    ("GATEKEEPER_PIPELINE", "quik", "GATEKEEPER_PIPELINE: unknown pipeline `quik`"),
])
def test_a_wrong_variable_is_named(load: Load, name: str, value: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(environment={name: value})
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(("committed", "message", "hint"), [
    ("pipelin: quick\n", "gatekeeper.yaml:1: unknown key `pipelin`", "did you mean `pipeline`?"),
    ("version: 1\ntools:\n  mypy:\n    blockng: no\n", "gatekeeper.yaml:4: tools.mypy: unknown key `blockng`", "did you mean `blocking`?"),
    ("version: 2\n", "gatekeeper.yaml:1: version: `2` is not supported; this program reads 1", None),
    ("jobs: four\n", "gatekeeper.yaml:1: jobs: expected a whole number, found a text", None),
    ("nice: 20\n", "gatekeeper.yaml:1: nice: 20 is too large (at most 19)", None),
    ("jobs: -1\n", "gatekeeper.yaml:1: jobs: -1 is too small (at least 0)", None),
    ("timeout: soon\n", "gatekeeper.yaml:1: timeout: `soon` is not valid here", "write a duration such as 90s, 5m or 1h30m"),
    ("timeout: 0\n", "gatekeeper.yaml:1: timeout: 0 is too small (more than 0)", None),
    ("mode: strickt\n", "gatekeeper.yaml:1: mode: `strickt` is not known", "did you mean `strict`?"),
    ("tools: {ruf: off}\n", "gatekeeper.yaml:1: tools: unknown name `ruf`", "did you mean `ruff`?"),
    ("pipeline: quik\n", "gatekeeper.yaml:1: pipeline: unknown name `quik`", "did you mean `quick`?"),
    ("reports: [junti]\n", "gatekeeper.yaml:1: reports: unknown name `junti`", "did you mean `junit`?"),
    ("tools: {ruff: [1]}\n", "gatekeeper.yaml:1: tools.ruff: expected true or false or a mapping, found a list", None),
    ("tasks:\n- {id: a, batch: beta}\n", "gatekeeper.yaml:2: tasks.0: `argv` is missing", None),
    ("tasks:\n- {id: a, batch: beta, argv: []}\n", "gatekeeper.yaml:2: tasks.0.argv: may not be empty", None),
    ("tasks:\n- {id: a, batch: b, argv: [x]}\n- {id: a, batch: b, argv: [y]}\n", "gatekeeper.yaml:3: a task `a` stands above already", None),
    ("tasks:\n- {id: a, batch: b, argv: [x], output: {parser: gatekeeper-jsn}}\n",
     "gatekeeper.yaml:2: tasks: unknown name `gatekeeper-jsn`", "did you mean `gatekeeper-json`?"),
    ("tasks:\n- {id: a, batch: b, argv: [x], output: {parser: regex}}\n", "gatekeeper.yaml:2: tasks: the parser `regex` needs a `pattern`", None),
    ("tasks:\n- {id: a, batch: b, argv: [x], output: {parser: gatekeeper-json, pattern: x}}\n", "gatekeeper.yaml:2: tasks: a `pattern` is for the parser `regex`", None),
    ("tasks:\n- id: a\n  batch: b\n  argv: [x]\n  output: {parser: regex, pattern: '(?P<file>'}\n",
     "gatekeeper.yaml:5: tasks: it is no regular expression: missing ), unterminated subpattern at position 0", None),
    ("policy: {conditions: [{on: old, severity: high}]}\n", "gatekeeper.yaml:1: policy.conditions.0.on: `old` is not known", "one of: new, all"),
    ("policy: {conditions: [{severity: terrible}]}\n", "gatekeeper.yaml:1: policy.conditions.0.severity: `terrible` is not valid here",
     'write a severity such as high or ">=high"'),
    ("jobs: x\nmode: y\n", "gatekeeper.yaml:1: jobs: expected a whole number, found a text (and 1 more)", None),
])
def test_a_wrong_document_is_named_with_line_and_key(load: Load, committed: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load(committed=committed)
    assert caught.value.message == message
    if hint is not None:
        assert caught.value.hint == hint


@pytest.mark.parametrize("glob", ["/src/**", "!keep", "../x", "./x", "a/../b"])
def test_a_glob_that_cannot_match_is_refused(load: Load, glob: str) -> None:
    with pytest.raises(ConfigError, match="cannot match"):
        load(committed=f"exclude: ['{glob}']\n")


COMMITTED = "mode: strict\naudit_level: low\nexclude: [old/**]\ntools: {ruff: {blocking: true}, mypy: off}\ntasks: [{id: a, batch: b, argv: [x]}]\n"


@pytest.mark.parametrize(("local", "message"), [
    ("tools: {ruff: off}\n", "gatekeeper.local.yaml:1: tools.ruff: may not turn a tool off"),
    ("tools:\n  ruff:\n    blocking: no\n", "gatekeeper.local.yaml:2: tools.ruff: may not make a tool advise only"),
    ("tools: {ruff: {args: [--ignore, E]}}\n", "gatekeeper.local.yaml:1: tools.ruff: may not pass arguments to a tool"),
    ("exclude: [new/**]\n", "gatekeeper.local.yaml:1: exclude: may not leave anything out"),
    ("skip: [x]\n", "gatekeeper.local.yaml:1: skip: may not leave anything out"),
    ("pipeline: quick\n", "gatekeeper.local.yaml:1: pipeline: may not change from `default` to `quick`"),
    ("mode: auto\n", "gatekeeper.local.yaml:1: mode: may not change from `strict` to `auto`"),
    ("mode: dry-run\n", "gatekeeper.local.yaml:1: mode: may not change from `strict` to `dry-run`"),
    ("audit_level: high\n", "gatekeeper.local.yaml:1: audit_level: `high` reports less than `low`"),
    ("tasks: [{id: a, batch: b, argv: ['true']}]\n", "gatekeeper.local.yaml:1: tasks.0: may not change the task `a`"),
])
def test_the_local_file_cannot_loosen_anything(load: Load, local: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(committed=COMMITTED, local=local)
    assert caught.value.message == message
    assert caught.value.hint == "gatekeeper.local.yaml may only add or narrow; change gatekeeper.yaml instead"


def test_the_local_file_adds_and_narrows(load: Load) -> None:
    found = load(committed=COMMITTED, local="""\
jobs: 2
audit_level: info
exclude: [old/**]
tools: {mypy: on, ruff: {timeout: 20m}, eslint: {blocking: true}}
tasks: [{id: mine, batch: b, argv: [y]}]
policy: {conditions: [{severity: high}]}
""")
    assert found.tools == {"ruff": ToolSettings(blocking=True, timeout=1200.0), "mypy": ToolSettings(enabled=True), "eslint": ToolSettings(blocking=True)}
    assert [task.id for task in found.tasks] == ["a", "mine"]
    assert (found.audit_level, found.exclude, len(found.conditions), found.jobs) == ("info", ("old/**",), 1, 2)


def test_a_file_can_be_chosen_by_flag_or_variable(load: Load, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("jobs: 7\n")
    assert load("--config", "other.yaml", committed="jobs: 2\n").origins["jobs"] == "other.yaml:1"
    assert load(environment={"GATEKEEPER_CONFIG": "other.yaml"}).jobs == 7
    with pytest.raises(ConfigError, match=r"^missing\.yaml: no such file"):
        load("--config", "missing.yaml")


@pytest.mark.parametrize("name", ["gatekeeper.yml", ".gatekeeper.yaml"])
def test_a_file_under_a_wrong_name_is_noticed(load: Load, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("jobs: 2\n")
    with pytest.raises(ConfigError, match="not read under this name"):
        load()


def test_a_folder_or_pipe_in_place_of_the_file_is_an_error_and_no_hang(load: Load, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gatekeeper.yaml")
    with pytest.raises(ConfigError, match="no plain file"):
        load()
    os.unlink(tmp_path / "gatekeeper.yaml")
    (tmp_path / "gatekeeper.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load()


def test_a_missing_folder_and_a_file_as_path_are_told_apart(load: Load, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    with pytest.raises(TreeError, match="nowhere: no such folder"):
        load("nowhere")
    with pytest.raises(UsageError, match="is a file") as caught:
        load("a.py")
    assert caught.value.hint == "name files after --, for example: gatekeeper run -- a.py"
    with pytest.raises(GatekeeperError):
        load("")


@pytest.mark.parametrize("name", ["GATEKEEPER_PIPLINE", "GATEKEEPER_FAILFAST", "GATEKEEPER_STRICTS"])
def test_a_slip_in_a_variable_of_ours_is_no_silent_default(load: Load, name: str) -> None:
    with pytest.raises(UsageError, match=f"unknown variable {name}"):
        load(environment={name: "ci"})


def test_variables_of_jobs_and_of_other_programs_are_left_alone(load: Load) -> None:
    assert load(environment={"GATEKEEPER_JOB": "x", "GATEKEEPER_RUN_ID": "x", "GATEKEEPER_SCHEMAS": "x", "GATEKEEPER_NAMESPACE": "x", "GATEKEEPER_JOBSS": ""}).jobs == 0


def test_a_version_in_quotes_says_what_to_write(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(committed="version: '1'\n")
    assert (caught.value.message, caught.value.hint) == ("gatekeeper.yaml:1: version: `1` in quotes is not supported; this program reads 1", "write it without quotes")


def test_a_task_may_have_its_lines_read_by_an_expression(load: Load) -> None:
    settings = load(committed="tasks: [{id: a, batch: beta, argv: [x], output: {parser: regex, pattern: '^(?P<message>.+)$'}}]\n")
    assert (settings.tasks[0].parser, settings.tasks[0].pattern) == ("regex", "^(?P<message>.+)$")
