"""Limits from history, further tries and fallbacks as the plan holds them."""

from __future__ import annotations

from gatekeeper.model.component import ToolStatus
from gatekeeper.model.past import Past
from gatekeeper.model.plan import Job, Plan
from gatekeeper.model.recovery import DECLARED, UNDECLARED, Recovery, RetryPolicy, Trouble
from gatekeeper.model.settings import CustomTask, Execution, Settings, ToolSettings
from gatekeeper.model.tool import Effect, MissingTool
from gatekeeper.plan.make import make
from tests.fakes.planning import FakeToolbox, inputs, python_component, use

COMPONENT = python_component(use("ruff"), use("pytest"))
LINT = "B2/ruff.lint@api"
PATIENT = RetryPolicy(attempts=4, on=DECLARED)


def plan(tools: dict[str, ToolSettings] | None = None, *, past: dict[str, Past] | None = None, toolbox: FakeToolbox | None = None, **settings: object) -> Plan:
    return make(inputs(COMPONENT, settings=Settings(tools=tools or {}, **settings), past=past or {}, toolbox=toolbox,  # type: ignore[arg-type]
                       files=("app.py", "notes.ipynb", "README.md", "tests/test_a.py")))


def job(made: Plan, job_id: str) -> Job:
    found = made.job(job_id)
    assert found is not None, [one.id for one in made.jobs]
    return found


def test_a_timeout_is_a_multiple_of_what_history_tells_but_never_too_short() -> None:
    tools = {"ruff": ToolSettings(timeout_factor=5.0), "pytest": ToolSettings(timeout_factor=2.0)}
    made = plan(tools, past={LINT: Past(seconds=0.2), "B2/pytest.test@api": Past(seconds=100.0)})
    assert (job(made, LINT).timeout, job(made, "B2/pytest.test@api").timeout) == (30.0, 200.0)


def test_without_history_the_usual_limit_holds() -> None:
    assert job(plan({"ruff": ToolSettings(timeout_factor=5.0)}), LINT).timeout == 600.0
    assert job(plan({"pytest": ToolSettings(timeout_factor=5.0)}), "B2/pytest.test@api").timeout == 1200.0


def test_what_is_said_of_a_tool_stands_above_what_is_said_of_all() -> None:
    every = Execution(job_timeout=77.0, job_timeout_factor=9.0, retry=RetryPolicy(attempts=3))
    made = plan({"ruff": ToolSettings(timeout=44.0, retry=PATIENT)}, past={LINT: Past(seconds=100.0)}, execution=every)
    assert (job(made, LINT).timeout, job(made, LINT).retry) == (44.0, PATIENT)
    other = job(plan(past={LINT: Past(seconds=100.0)}, execution=every), LINT)
    assert (other.timeout, other.retry) == (900.0, RetryPolicy(attempts=3))
    assert job(plan(execution=every), LINT).timeout == 77.0


def test_what_asks_the_network_is_tried_again_by_itself_and_names_its_service() -> None:
    audits = [one for one in plan().jobs if one.services]
    assert {one.services for one in audits} == {("pypi",)}
    assert {one.retry for one in audits} == {RetryPolicy(on=(Trouble.SPAWN, Trouble.LOST, Trouble.NETWORK))}
    assert job(plan(), LINT).retry == UNDECLARED


def test_another_tool_stands_by_with_those_of_the_files_that_are_its_concern() -> None:
    made = job(plan({"ruff": ToolSettings(recovery=Recovery(fallback=("flake8",)))}), LINT)
    assert made.tool_id == "ruff"
    assert made.fallback is not None
    assert (made.fallback.id, made.fallback.command) == (LINT, "flake8.lint")
    assert made.fallback.files == ("app.py", "tests/test_a.py")
    assert "notes.ipynb" in made.files


def test_what_would_be_cut_for_speed_stands_by_in_one_piece() -> None:
    said = Settings(tools={"black": ToolSettings(recovery=Recovery(fallback=("isort",)))})
    slow = {"B2/isort.format@api": Past(seconds=100.0, files=2)}
    made = job(make(inputs(python_component(use("black")), settings=said, past=slow, files=("app.py", "more.py"))), "B2/black.format@api")
    assert made.fallback is not None
    assert (made.fallback.command, made.fallback.files) == ("isort.format", ("app.py", "more.py"))


def test_a_tool_that_could_look_at_none_of_the_files_stands_by_for_nobody() -> None:
    tools = {"ruff": ToolSettings(recovery=Recovery(fallback=("flake8",)))}
    made = make(inputs(COMPONENT, settings=Settings(tools=tools), files=("notes.ipynb",)))
    assert (job(made, LINT).files, job(made, LINT).fallback) == (("notes.ipynb",), None)


def test_a_tool_that_does_no_such_work_stands_by_for_nobody() -> None:
    assert job(plan({"ruff": ToolSettings(recovery=Recovery(fallback=("mypy",)))}), LINT).fallback is None


def test_where_the_tool_is_not_there_the_other_does_the_work_at_once_and_says_why() -> None:
    lacking = FakeToolbox(missing={"ruff": MissingTool(reason="no network", hint="gatekeeper setup")})
    made = job(plan({"ruff": ToolSettings(recovery=Recovery(fallback=("flake8.lint",)))}, toolbox=lacking), LINT)
    assert (made.tool_id, made.unavailable, made.reason.kind) == ("flake8", None, "fallback")
    assert made.reason.detail == "ruff.lint is unavailable (no network): flake8.lint does its work"


def test_where_neither_is_there_it_is_said_of_the_first() -> None:
    missing = MissingTool(reason="no network", hint="gatekeeper setup")
    made = job(plan({"ruff": ToolSettings(recovery=Recovery(fallback=("flake8",)))}, toolbox=FakeToolbox(missing={"ruff": missing, "flake8": missing})), LINT)
    assert (made.tool_id, made.unavailable is not None, made.fallback) == ("ruff", True, None)


def test_a_fixer_is_tried_again_only_where_what_it_did_is_put_back() -> None:
    def fixer(said: ToolSettings) -> Job:
        made = make(inputs(python_component(use("black")), settings=Settings(tools={"black": said}, fix=True)))
        return next(one for one in made.jobs if one.effect is Effect.WRITES)

    assert fixer(ToolSettings(retry=PATIENT)).retry == UNDECLARED
    assert fixer(ToolSettings(retry=PATIENT, recovery=Recovery(rollback=True))).retry == PATIENT


def test_a_task_stands_in_for_itself_with_its_files() -> None:
    task = CustomTask(id="mine", batch="beta", argv=("slow", "{files}"), takes="files", recovery=Recovery(fallback=("fast", "{files}", "--end")), timeout_factor=3.0)
    made = make(inputs(COMPONENT, settings=Settings(tasks=(task,)), past={"D3/mine": Past(seconds=20.0)}))
    mine = job(made, "D3/mine")
    assert mine.fallback is not None
    assert (mine.argv[0], mine.fallback.argv[0], mine.fallback.argv[-1], mine.fallback.files) == ("slow", "fast", "--end", mine.files)
    assert set(mine.files) <= set(mine.fallback.argv)
    assert mine.timeout == 60.0


def test_used_means_what_it_meant() -> None:
    assert COMPONENT.tools[0].status is ToolStatus.USED
