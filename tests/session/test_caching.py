"""When a run has a cache, and what it makes of the entries that it finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gatekeeper.catalog.load import load_catalog
from gatekeeper.execute.helper import run_helper
from gatekeeper.model.component import Component, Detection, Kind, Language
from gatekeeper.model.finding import Parsed
from gatekeeper.model.pipeline import Catalog, Pipeline
from gatekeeper.model.plan import Job, Plan, Reason
from gatekeeper.model.result import Attempt, Result
from gatekeeper.model.settings import CustomTask, Settings
from gatekeeper.model.status import Cause, Meaning, Status
from gatekeeper.model.tool import FailsAt, Role, Tool
from gatekeeper.model.value import replace
from gatekeeper.session import inputs
from gatekeeper.session.caching import Caching, Hit, caching
from gatekeeper.session.keeping import FILE
from gatekeeper.session.look import Sight
from gatekeeper.store.cache import ResultStore, read_packed, write_packed
from gatekeeper.tree.files import read_tree
from gatekeeper.tree.git import Git

JOB = Job(id="B2/check", task="B2", batch="beta", command="task.check", tool_id="task", role=Role.ANALYSIS, component=None, argv=("./check",), cwd=".",
          reason=Reason(kind="configured", detail="gatekeeper.yaml"))
APP = Component(id="app", root="app", language=Language.PYTHON, kind=Kind.PYPROJECT_PACKAGE, name="app", manifest="app/pyproject.toml")
CLEAN = Parsed(meaning=Meaning.CLEAN, message="fine")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "app").mkdir(parents=True)
    (folder / "check").write_bytes(b"\x7fELF")
    (folder / "check").chmod(0o755)
    (folder / "app" / "a.py").write_text("a = 1\n")
    return folder


def sight(root: Path, settings: Settings | None = None, tools: tuple[Tool, ...] = (), path: str = "/usr/bin:/bin") -> Sight:
    environment = {"PATH": path, "HOME": str(root.parent), "XDG_CACHE_HOME": str(root.parent / "cache")}
    usual = Settings(root=str(root), tasks=(CustomTask(id="check", batch="beta", argv=("./check",), cache="tree"),))
    return Sight(settings=settings or usual, environment=environment, runner=run_helper, tree=read_tree(str(root), run_helper, environment),
                 git=Git(run_helper, str(root), environment), catalog=Catalog(tools=tools, pipeline=Pipeline(name="default", batches=())),
                 detection=Detection(root=str(root), components=(APP,)))


class Run:
    """One run over the tree, as the session would have it."""

    writes = "what it wrote\n"

    def __init__(self, root: Path, job: Job = JOB, *, verify: bool = False, secrets: tuple[str, ...] = (), tools: tuple[Tool, ...] = (),
                 path: str = "/usr/bin:/bin") -> None:
        self.job = job
        self.folder = root.parent / "run"
        self.folder.mkdir(exist_ok=True)
        self.store = ResultStore(str(root.parent / "cache"))
        plan = Plan(root=str(root), pipeline="default", batches=(), jobs=(job,), components=(APP,))
        self.caching = Caching(sight(root, tools=tools, path=path), plan, str(self.folder), self.store, verify=verify, secrets=secrets)

    def look(self) -> Hit | Job:
        return self.caching.lookup(self.job)

    def end(self, parsed: Parsed = CLEAN, result: Result | None = None) -> Parsed:
        """The job ran: its output is read, its result is told, the run ends."""
        (self.folder / "out").write_text(self.writes)
        attempt = Attempt(exit_code=0, stdout=str(self.folder / "out"), stderr="")
        together = self.caching.merged(self.job, attempt, parsed)
        told = result or Result(job=self.job.id, status=Status.PASSED)
        self.caching.finished(replace(told, attempts=told.attempts or (attempt,)))
        self.caching.close()
        return together


def keep(root: Path) -> None:
    run = Run(root)
    assert isinstance(run.look(), Job)
    run.end()


PLAN = Plan(root=".", pipeline="default", batches=(), jobs=())
USUAL = Settings()


@pytest.mark.parametrize(("settings", "there"), [
    (USUAL, True), (replace(USUAL, cache=False), False), (replace(USUAL, mode="strict"), False), (replace(USUAL, fix=True), False), (replace(USUAL, trust="base"), False)],
    ids=["usual", "not wanted", "strict", "fixing", "a proposal"])
def test_there_is_a_cache_but_where_it_would_do_harm(root: Path, settings: Settings, *, there: bool) -> None:
    assert (caching(sight(root, settings), PLAN, str(root), ()) is not None) is there


def test_a_result_comes_back_with_its_log(root: Path) -> None:
    keep(root)
    found = Run(root).look()
    assert isinstance(found, Hit)
    assert (found.parsed, found.attempt.exit_code) == (CLEAN, 0)
    assert Path(found.attempt.stdout).read_text() == "what it wrote\n"
    assert found.log == "jobs/B2-check/stdout.log", found.log


def test_of_a_job_that_said_nothing_there_is_no_log(root: Path) -> None:
    run = Run(root)
    run.writes = ""
    assert isinstance(run.look(), Job)
    run.end()
    found = Run(root).look()
    assert isinstance(found, Hit)
    assert (found.log, (root.parent / "run" / "jobs").exists()) == (None, False)


def test_a_file_that_is_touched_while_the_job_runs_keeps_its_result_out(root: Path) -> None:
    run = Run(root)
    run.look()
    (root / "app" / "a.py").write_text("a = 1\n")
    run.end()
    assert isinstance(Run(root).look(), Job)


def test_a_file_that_appears_while_the_job_runs_keeps_its_result_out(root: Path) -> None:
    run = Run(root)
    run.look()
    (root / "app" / "new.py").write_text("")
    run.end()
    (root / "app" / "new.py").unlink()
    assert isinstance(Run(root).look(), Job)


def test_a_program_that_is_replaced_while_the_job_runs_keeps_its_result_out(root: Path) -> None:
    run = Run(root)
    run.look()
    (root / "check").write_bytes(b"\x7fELF2")
    run.end()
    (root / "check").write_bytes(b"\x7fELF")
    assert isinstance(Run(root).look(), Job)


PASSED = Result(job=JOB.id, status=Status.PASSED)
ATTEMPT = Attempt(exit_code=0)


@pytest.mark.parametrize("result", [
    replace(PASSED, flaky=True), replace(PASSED, leaky=True), replace(PASSED, attempts=(ATTEMPT, ATTEMPT)), replace(PASSED, attempts=(replace(ATTEMPT, dropped=7),)),
    replace(PASSED, attempts=(replace(ATTEMPT, exit_code=None, signal=9),)), replace(PASSED, from_cache=True),
    *(replace(PASSED, status=status) for status in Status if status not in (Status.PASSED, Status.FAILED)),
    replace(PASSED, status=Status.FAILED, cause=Cause.CRASH)], ids=range(19))
def test_only_finished_and_whole_results_are_kept(root: Path, result: Result) -> None:
    run = Run(root)
    run.look()
    run.end(result=result)
    assert isinstance(Run(root).look(), Job)


def test_what_other_jobs_need_runs_each_time(root: Path) -> None:
    keep(root)
    run = Run(root)
    other = replace(JOB, id="B2/other", needs=(JOB.id,))
    plan = Plan(root=str(root), pipeline="default", batches=(), jobs=(JOB, other), components=(APP,))
    cache = Caching(sight(root), plan, str(run.folder), run.store)
    assert [cache.lookup(job) for job in (JOB, other)] == [JOB, other]


def test_an_old_result_is_reached_anew(root: Path) -> None:
    keep(root)
    for path in (root.parent / "cache").rglob("*"):
        entry = read_packed(str(path)) if path.is_file() else None
        if isinstance(entry, dict) and "made" in entry:
            write_packed(str(path), {**entry, "made": entry["made"] - 8 * 86400})
    assert isinstance(Run(root).look(), Job)


def test_a_hit_that_is_put_to_the_test_and_holds_is_a_plain_result(root: Path) -> None:
    keep(root)
    run = Run(root, verify=True)
    assert isinstance(run.look(), Job)
    assert run.end() == CLEAN
    assert isinstance(Run(root).look(), Hit)


def test_a_hit_that_does_not_hold_breaks_the_job_and_goes(root: Path) -> None:
    keep(root)
    run = Run(root, verify=True)
    run.look()
    told = run.end(Parsed(meaning=Meaning.FINDINGS), Result(job=JOB.id, status=Status.ERRORED, cause=Cause.CRASH))
    assert told.meaning is Meaning.TOOL_ERROR
    assert "another result" in (told.message or "")
    assert isinstance(Run(root).look(), Job)


def test_what_does_the_work_of_a_job_that_cannot_is_measured_by_its_own_rules(root: Path) -> None:
    other = replace(JOB, command="task.other", fails_at=FailsAt.NEVER)
    run = Run(root, replace(JOB, fallback=other))
    few = run.look()
    assert isinstance(few, Job)
    assert run.caching.whole(few) is run.job
    assert run.caching.whole(other) is other


def test_what_another_tool_says_in_place_of_a_job_is_not_held_against_what_is_kept_of_the_job(root: Path) -> None:
    keep(root)
    other = replace(JOB, command="task.other")
    run = Run(root, replace(JOB, fallback=other), verify=True)
    assert isinstance(run.look(), Job)
    said = Parsed(meaning=Meaning.FINDINGS)
    assert run.caching.merged(other, Attempt(exit_code=1), said) is said
    assert isinstance(Run(root).look(), Hit)


def test_where_a_shorter_list_of_files_cannot_be_written_the_job_looks_at_all(root: Path) -> None:
    tool = load_catalog().tool("hygiene")
    assert tool is not None
    (command,) = tool.commands
    job = replace(JOB, command=command.id, tool_id="hygiene", role=command.role, output=command.output, exit=command.exit, fails_at=command.fails_at,
                  argv=("./check", "--files-from", str(root.parent / "run" / "hygiene.files")), files=("app/a.py", "check"))
    first = Run(root, job, tools=(tool,))
    assert first.look() is job
    first.end()
    (root / "app" / "a.py").write_text("a = 2\n")
    few = Run(root, job, tools=(tool,)).look()
    assert isinstance(few, Job)
    assert (few.files, Path(few.argv[2]).read_bytes()) == (("app/a.py",), b"app/a.py\0")
    Path(few.argv[2]).unlink()
    Path(few.argv[2]).mkdir()
    assert Run(root, job, tools=(tool,)).look() is job


def test_output_with_a_secret_is_not_kept(root: Path) -> None:
    run = Run(root, secrets=("what it wrote",))
    run.look()
    run.end()
    assert isinstance(Run(root).look(), Job)


def test_what_a_job_may_have_built_is_looked_at_again(root: Path) -> None:
    """Files that git ignores are inputs too: a hit by the state before the build would be stale."""
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("built/\n")
    second = replace(JOB, id="B2/second", argv=("./check", "more"))
    first = Run(root, second)
    first.look()
    first.end()
    assert isinstance(Run(root, second).look(), Hit)
    cache = Caching(sight(root), replace(PLAN, jobs=(JOB, second), components=(APP,)), str(first.folder), first.store)
    assert cache.lookup(JOB) == JOB
    (root / "built").mkdir()
    (root / "built" / "made.py").write_text("")
    cache.finished(replace(PASSED, attempts=(ATTEMPT,)))
    assert cache.lookup(second) == second


@pytest.mark.parametrize("name", ["base.jsonc", "rule.grit", "made.d.ts", "native.node", "py.typed"])
def test_what_git_ignores_is_an_input_where_a_check_may_take_it_for_code_or_configuration(root: Path, name: str) -> None:
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("built/\n")
    (root / "built").mkdir()
    (root / "built" / name).write_text("")
    first = Run(root)
    first.look()
    first.end()
    assert isinstance(Run(root).look(), Hit)
    (root / "built" / name).write_text("other")
    assert not isinstance(Run(root).look(), Hit)


def test_a_job_that_builds_more_than_can_be_looked_at_breaks_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("built/\n")
    run, second = Run(root), replace(JOB, id="B2/second", argv=("./check", "more"))
    run.look()
    monkeypatch.setattr(inputs, "MOST", 2)
    (root / "built").mkdir()
    for name in ("a.py", "b.py", "c.py"):
        (root / "built" / name).write_text("")
    run.caching.finished(replace(PASSED, job=JOB.id, attempts=(ATTEMPT,)))
    assert run.caching.lookup(second) == second
    run.end()
    assert (run.folder / FILE).exists()


def test_a_job_that_breaks_the_index_of_git_breaks_nothing_else(root: Path) -> None:
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    second = replace(JOB, id="B2/second", argv=("./check", "more"))
    settings = Settings(root=str(root), exclude=("nothing/**",), tasks=(CustomTask(id="check", batch="beta", argv=("./check",), cache="tree"),))
    (root.parent / "run").mkdir()
    cache = Caching(sight(root, settings), replace(PLAN, jobs=(JOB, second), components=(APP,)), str(root.parent / "run"), ResultStore(str(root.parent / "cache")))
    assert cache.lookup(JOB) == JOB
    (root / ".git" / "index").write_text("no index")
    cache.finished(replace(PASSED, attempts=(ATTEMPT,)))
    assert cache.lookup(second) == second
    cache.close()
    assert "cannot be listed any more" in (root.parent / "run" / FILE).read_text()


def test_what_is_built_while_a_job_runs_keeps_its_result_out(root: Path) -> None:
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("built/\n")
    run, second = Run(root), replace(JOB, id="B2/second", argv=("./check", "more"))
    run.look()
    (root / "built").mkdir()
    (root / "built" / "made.py").write_text("")
    # another job ends meanwhile, and a third one looks at what is there now
    run.caching.finished(replace(PASSED, job=JOB.id, attempts=(ATTEMPT,)))
    assert run.caching.lookup(second) == second
    run.end()
    (root / "built" / "made.py").unlink()
    (root / "built").rmdir()
    assert isinstance(Run(root).look(), Job)


@pytest.mark.parametrize("where", ["ruff.toml", "made.toml"])
def test_configuration_that_is_another_while_the_job_runs_keeps_its_result_out(root: Path, where: str) -> None:
    """Put back before the run ended, so that the tree is what it was: only the times of the file tell."""
    tool = load_catalog().tool("ruff")
    assert tool is not None
    command = next(command for command in tool.commands if command.id == "ruff.format")
    job = replace(JOB, command=command.id, tool_id="ruff", role=command.role, output=command.output, exit=command.exit, fails_at=command.fails_at,
                  argv=("./check", "app/a.py"), files=("app/a.py",))
    (root / "ruff.toml").write_text('extend = "made.toml"\n')
    (root / "made.toml").write_text("line-length = 80\n")
    for ends_well in (False, True):
        run = Run(root, job, tools=(tool,))
        assert isinstance(run.look(), Job)
        if not ends_well:
            before = (root / where).read_text()
            (root / where).write_text("line-length = 1\n")
            (root / where).write_text(before)
        run.end()
    assert isinstance(Run(root, job, tools=(tool,)).look(), Hit)


def with_data(root: Path) -> None:
    """A source that names what git ignores and what is no code by its name."""
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("*.dat\n")
    (root / "app" / "k.js").write_text("import x from './t.dat'\n")


def test_what_git_ignores_is_an_input_where_a_source_names_it(root: Path) -> None:
    with_data(root)
    keep(root)
    (root / "app" / "other.dat").write_text("nobody names it\n")
    assert isinstance(Run(root).look(), Hit)
    for text in ("it appears\n", "it is another\n"):
        (root / "app" / "t.dat").write_text(text)
        run = Run(root)
        assert isinstance(run.look(), Job)
        run.end()
        assert isinstance(Run(root).look(), Hit)


def test_what_a_source_names_keeps_a_result_out_when_it_changes_meanwhile(root: Path) -> None:
    with_data(root)
    run = Run(root)
    run.look()
    (root / "app" / "t.dat").write_text("here\n")
    run.end()
    (root / "app" / "t.dat").unlink()
    assert isinstance(Run(root).look(), Job)


def test_what_a_job_may_have_made_of_what_a_source_names_is_looked_at_again(root: Path) -> None:
    with_data(root)
    second = replace(JOB, id="B2/second", argv=("./check", "more"))
    first = Run(root, second)
    first.look()
    first.end()
    cache = Caching(sight(root), replace(PLAN, jobs=(JOB, second), components=(APP,)), str(first.folder), first.store)
    assert cache.lookup(JOB) == JOB
    (root / "app" / "t.dat").write_text("made\n")
    cache.finished(replace(PASSED, attempts=(ATTEMPT,)))
    assert cache.lookup(second) == second


def test_where_tools_would_leave_the_whole_tree_out_nothing_holds_that_was_kept_elsewhere(root: Path) -> None:
    keep(root)
    moved, elsewhere = root.parent / "build", root.parent / "copy"
    for place in (moved, elsewhere):
        shutil.copytree(root, place, symlinks=True)
    store = ResultStore(str(root.parent / "cache"))

    def look(place: Path) -> Hit | Job:
        plan = Plan(root=str(place), pipeline="default", batches=(), jobs=(JOB,), components=(APP,))
        return Caching(sight(place), plan, str(root.parent / "run"), store).lookup(JOB)

    assert isinstance(look(elsewhere), Hit), "where a tree lies does not count otherwise"
    assert isinstance(look(moved), Job)


def test_a_program_that_a_job_has_made_anew_is_looked_at_again(root: Path) -> None:
    """Also what is installed, as by a job that runs the package manager or generates code among the packages."""
    assert run_helper(("git", "init", "-q"), cwd=str(root), env={"PATH": "/usr/bin:/bin"}).ok
    (root / ".gitignore").write_text("built/\n")
    (root / "built").mkdir()
    (root / "check").rename(root / "built" / "check")
    jobs = [replace(JOB, id=f"B2/{name}", argv=("./built/check", name)) for name in ("first", "second")]
    runs = [Run(root, job) for job in jobs]
    for run in runs:
        run.look()
        run.end()
    assert all(isinstance(Run(root, job).look(), Hit) for job in jobs)
    cache = Caching(sight(root), replace(PLAN, jobs=(*jobs, JOB), components=(APP,)), str(runs[0].folder), runs[0].store)
    assert isinstance(cache.lookup(jobs[0]), Hit)
    (root / "built" / "check").write_bytes(b"\x7fELF, another")
    cache.finished(replace(PASSED, attempts=(ATTEMPT,)))
    assert cache.lookup(jobs[1]) == jobs[1]


def test_what_is_installed_while_a_job_runs_keeps_its_result_out(root: Path) -> None:
    """A package that appears changes no file that was looked at; it is gone again later, and then nothing holds that was measured beside it."""
    script = root / "check"
    modules = root / "node_modules"
    (modules / "check").mkdir(parents=True)
    (modules / "check" / "package.json").write_text("{}")
    script.unlink()
    (modules / "check" / "run").write_text("#!/usr/bin/env node\n")
    (modules / "check" / "run").chmod(0o755)
    node = root.parent / "bin" / "node"
    node.parent.mkdir()
    node.write_bytes(b"\x7fELF")
    node.chmod(0o755)
    job = replace(JOB, argv=("./node_modules/check/run",))

    def again() -> Run:
        run = Run(root, job, path=str(node.parent))
        assert isinstance(run.look(), Job)
        return run

    run = again()
    (modules / "new").mkdir()
    (modules / "new" / "package.json").write_text("{}")
    run.end()
    shutil.rmtree(modules / "new")
    again().end()
    assert isinstance(Run(root, job, path=str(node.parent)).look(), Hit)
