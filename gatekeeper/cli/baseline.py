"""`gatekeeper baseline`: makes what a run found into what is known, tightens that, shows it. Starts no run; `init --baseline` does.

Does not know how findings are compared.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import typer

from gatekeeper.cli import past
from gatekeeper.cli.boundary import INCOMPLETE
from gatekeeper.cli.here import Here
from gatekeeper.cli.output import show, show_json, tell
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.errors import UsageError
from gatekeeper.judge.accept import Renewal, accepted, measured_jobs, stays_red, tightened, widened
from gatekeeper.judge.known import Known, KnownSet, KnownTest
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.status import Outcome
from gatekeeper.model.wording import count_text
from gatekeeper.store.baseline import read_baseline, write_baseline
from gatekeeper.store.home import home_of
from gatekeeper.store.runs import find_run, read_record

_NONE = "none"
_FAIL = 1


def register(app: typer.Typer, here: Here) -> None:
    """Adds the verbs."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make, tighten and show what is known and does not count.")
    app.add_typer(group, name="baseline")
    _register_create(group, here)
    _register_update(group, here)
    _register_show(group, here)


def _register_create(group: typer.Typer, here: Here) -> None:
    @group.command(help="Write a baseline of everything that a run found.")
    def create(*, run: str = past.RUN, root: str = past.ROOT, force: bool = typer.Option(False, "--force", help="Replace a baseline that is there.")) -> int:
        settings = _settings(here, root)
        check_room(settings, force=force)
        write(settings, _record(settings, here, run))
        return 0


def _register_update(group: typer.Typer, here: Here) -> None:
    @group.command(help="Take out of the baseline what is fixed, follow what moved; adds nothing unless asked.")
    def update(*, run: str = past.RUN, root: str = past.ROOT,
               add: bool = typer.Option(False, "--add", help="Accept what is new, too, and name each.")) -> int:
        settings = _settings(here, root)
        known, record = _known(settings), _record(settings, here, run)
        if record.delta is None or settings.baseline not in record.delta.against:
            raise UsageError(f"the run {record.run_id} was not compared with {settings.baseline}", hint="make a new one: gatekeeper run")
        renewal = tightened(known, record, record.delta)
        if add:
            renewal = widened(renewal, record)
        if renewal.known != known:
            write_baseline(_path(settings), renewal.known)
        _tell_renewal(renewal, record, settings.baseline, added=add)
        return 0


def _register_show(group: typer.Typer, here: Here) -> None:
    @group.command("show", help="Show what the baseline holds, by tool, rule and file.")
    def show_(*, root: str = past.ROOT, json: bool = past.JSON) -> int:
        settings = _settings(here, root)
        known = _known(settings)
        if json:
            show_json(_document(known, settings.baseline))
        else:
            show("\n".join(_lines(known, settings.baseline)))
        return 0


def check_room(settings: Settings, *, force: bool) -> None:
    """Raises UsageError where a baseline is already, or where there is to be none."""
    if os.path.lexists(_path(settings)) and not force:
        raise UsageError(f"{settings.baseline} is there already", hint="gatekeeper baseline update tightens it; --force replaces it by everything that was found")


def write(settings: Settings, record: RunRecord) -> int:
    """Writes what a run found as the baseline, says so, and says what stays red or unmeasured; the exit code that fits."""
    if record.plan.scoped:
        raise UsageError(f"the run {record.run_id} looked at {record.plan.scope} only", hint="make one that looks at everything: gatekeeper run")
    known = accepted(record.plan, record.results)
    write_baseline(_path(settings), known)
    show(f"{settings.baseline}: {_counted(known)} of the run {record.run_id}")
    unmeasured = [job.id for job, measured in measured_jobs(record.plan, record.results) if not measured]
    if unmeasured:
        tell(f"gatekeeper: these did not run to their end, so what they would find is not in it: {', '.join(unmeasured)}")
    if any(skipped.reason.kind == "filtered" for skipped in record.plan.skipped):
        tell("gatekeeper: filters left jobs out of that run: what those would find is not in it")
    if not _merges_well(settings):
        tell(f"hint: commit it, and let branches merge it without conflicts by this line in .gitattributes: {settings.baseline} merge=union")
    return _told_rest(record)


def _told_rest(record: RunRecord) -> int:
    red = [job.id for job, result in record.pairs() if job.blocking and stays_red(job, result)]
    open_ = [condition.subject for condition in record.verdict.conditions if condition.outcome is Outcome.INCOMPLETE]
    if red:
        tell(f"gatekeeper: these stay red, because broken code, failed builds and failures without findings are never known: {', '.join(red)}")
    if open_:
        tell(f"gatekeeper: these could not be measured, so the next run will not pass either: {', '.join(open_)}")
        tell("hint: mend that as the run says (gatekeeper show; often: gatekeeper setup), then take in what they find: gatekeeper run, gatekeeper baseline update --add")
    jobs = {job.id for job in record.plan.jobs}
    if strict := [condition.subject for condition in record.verdict.conditions if condition.outcome is Outcome.FAIL and condition.subject not in jobs]:
        tell(f"gatekeeper: these conditions failed, and stay red unless they speak of what is new only: {', '.join(strict)}")
    if not red and not open_ and not strict:
        tell("gatekeeper: from now on only what is new counts; the next run of this tree passes")
    return _FAIL if red else INCOMPLETE if open_ else 0


def _settings(here: Here, root: str) -> Settings:
    return load_settings(Arguments(path=root), here.environment, cwd=here.cwd, names=here.names())


def _path(settings: Settings) -> str:
    if settings.baseline == _NONE:
        raise UsageError(f"{settings.origins.get('baseline', 'the configuration')} says that there is to be no baseline", hint="name a file there")
    return os.path.join(settings.root, settings.baseline)


def _record(settings: Settings, here: Here, run: str) -> RunRecord:
    return read_record(find_run(home_of(settings.root, here.environment), run))


def _known(settings: Settings) -> KnownSet:
    known = read_baseline(_path(settings), settings.baseline)
    if known is None:
        raise UsageError(f"there is no {settings.baseline}", hint="make it with: gatekeeper baseline create")
    return known


def _merges_well(settings: Settings) -> bool:
    try:
        with open(os.path.join(settings.root, ".gitattributes"), encoding="utf-8", errors="replace") as file:
            return any(line.split()[:1] == [settings.baseline] and "merge=union" in line for line in file)
    except OSError:
        return False


# --- words -----------------------------------------------------------------------------------------------------------


def _counted(known: KnownSet) -> str:
    tests = f" and {count_text(len(known.tests), 'failing test')}" if known.tests else ""
    return f"{count_text(len(known.findings), 'finding')}{tests}"


def _tell_renewal(renewal: Renewal, record: RunRecord, name: str, *, added: bool) -> None:
    done = [f"{renewal.removed} removed", f"{renewal.refreshed} followed", *([f"{len(renewal.added)} added"] if added else [])]
    for one in renewal.added:
        show(f"added  {_named(one)}")
    show(f"{name}: {', '.join(done)}; {_counted(renewal.known)} known")
    if not added and record.delta is not None and record.delta.by_tool_change:
        excused = count_text(record.delta.by_tool_change, "finding")
        tell(f"gatekeeper: {excused} that only another version of a tool has will count from now on; gatekeeper baseline update --add accepts them")


def _named(one: Known | KnownTest) -> str:
    if isinstance(one, KnownTest):
        return f"{one.command}  {one.classname}{'::' if one.classname else ''}{one.name}"
    finding = one.finding
    place = f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file or one.component or "repository"
    return f"{place}  {finding.tool} {finding.rule or ''}  {finding.message}".replace("   ", "  ")


def _lines(known: KnownSet, name: str) -> Iterable[str]:
    yield f"{name}: {_counted(known)}"
    by_rule = Counter((one.finding.tool, one.finding.rule or "-") for one in known.findings)
    by_file = Counter(one.finding.file or "(no file)" for one in known.findings)
    for title, rows in (("by rule", [(" ".join(key), count) for key, count in by_rule.items()]), ("by file", list(by_file.items())),
                        ("failing tests", [(_named(test), 1) for test in known.tests]),
                        ("made with", [(f"{tool} {', '.join(sorted(versions))}", 0) for tool, versions in known.versions.items()])):
        if rows:
            yield title
            yield from (f"  {count:>5}  {text}" if count else f"         {text}" for text, count in sorted(rows, key=lambda row: (-row[1], row[0])))


def _document(known: KnownSet, name: str) -> dict[str, object]:
    findings = [{"tool": one.finding.tool, "rule": one.finding.rule, "file": one.finding.file, "line": one.finding.line, "message": one.finding.message,
                 "command": one.command, "component": one.component, "fingerprints": dict(one.finding.fingerprints)} for one in known.findings]
    tests = [{"classname": test.classname, "name": test.name, "command": test.command, "component": test.component} for test in known.tests]
    return {"schema": 1, "file": name, "findings": findings, "tests": tests, "versions": {tool: sorted(versions) for tool, versions in known.versions.items()}}
