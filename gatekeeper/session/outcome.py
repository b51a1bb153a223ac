"""What a run leaves behind: reports, artifacts, the record. Each is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gatekeeper.errors import StoreError
from gatekeeper.execute.run import job_folder
from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import Artifact, RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import replace
from gatekeeper.report.formats import Clean, clean, format_of
from gatekeeper.session.ci import usual_reports
from gatekeeper.session.reports import requested, written
from gatekeeper.store.home import Home, RunFolder, publish_latest, size_of
from gatekeeper.store.runs import write_checksums, write_record

#: what a bare run writes without being asked
USUAL = ("junit", "metrics", "markdown", "security", "documentation", "analysis", "json")


def published(record: RunRecord, settings: Settings, home: Home, folder: RunFolder, environment: Mapping[str, str]) -> RunRecord:
    """Writes all reports; the JSON summary last, because it lists the others. Gives the record with its artifacts."""
    secrets = secret_values(environment)
    safe = clean(record, secrets)  # once for all: it looks at every text
    asked = requested(settings.reports)
    names = [name for name in dict.fromkeys((*USUAL, *usual_reports(settings, environment), *(name for name, _ in asked))) if name != "json"]
    artifacts = list(_made_by_jobs(record, folder.path))
    for name in names:
        artifacts += written(name, os.path.join(folder.path, format_of(name).file), safe, environment, last=False)
    artifacts += written("json", os.path.join(folder.path, format_of("json").file), _with(safe, artifacts, secrets), environment, last=False)
    listed, failures = _with(safe, artifacts, secrets), list[StoreError]()
    for name, path in asked:
        try:
            artifacts += written(name, os.path.abspath(path), listed, environment) if path else []
        except StoreError as error:  # said at the end: the run itself is kept all the same
            failures.append(error)
    write_record(folder.path, _with(safe, artifacts, secrets).record)
    # without the log, which the rest of the run still writes to
    write_checksums(folder.path, [os.path.relpath(artifact.path, folder.path) for artifact in artifacts if os.path.isfile(artifact.path)
                                  and artifact.path.startswith(folder.path + os.sep) and artifact.kind != "log"])
    publish_latest(home, folder.run_id)
    if failures:
        raise failures[0]
    return replace(record, artifacts=tuple(artifacts))


def _with(safe: Clean, artifacts: list[Artifact], secrets: tuple[str, ...]) -> Clean:
    return Clean(record=replace(safe.record, artifacts=redacted(tuple(artifacts), secrets)))


#: where documentation lands in a job's own folder: sphinx, cargo doc
_DOCUMENTATION = ("html", os.path.join("cargo", "doc"))


def _made_by_jobs(record: RunRecord, folder: str) -> list[Artifact]:
    """What our own jobs wrote: the ecosystem page, the backup archive, documentation."""
    found = []
    for kind, name in (("health", "health.json"), ("lines", "lines.json"), ("ecosystem", "ecosystem.md"), ("log", "run.log")):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            found.append(Artifact(kind=kind, path=path, size=os.path.getsize(path)))
    for _, facts in record.facts:
        archive = facts.get("archive") if isinstance(facts, dict) else None
        if isinstance(archive, str) and os.path.isfile(archive):
            found.append(Artifact(kind="backup", path=archive, size=os.path.getsize(archive)))
    for job in record.plan.jobs:
        for place in _DOCUMENTATION:
            built = os.path.join(job_folder(folder, job.id), "work", place)
            if os.path.isdir(built):
                found.append(Artifact(kind="docs", path=built, size=size_of(built)))
    return found
