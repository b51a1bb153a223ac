"""What a CI service gets of a run: which reports it is written by default, and the files through which GitHub Actions takes summary and outputs.

Where `--report` names formats, those count and nothing is added. The annotations are text for the log of the step: whoever owns the streams
prints them. Nothing here can change a verdict: what a service does not take is told as a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from gatekeeper.model.redaction import redacted, secret_values
from gatekeeper.model.result import RunRecord
from gatekeeper.model.settings import Settings
from gatekeeper.model.value import dataclass

#: less room than this holds no page worth reading
_LEAST_ROOM = 4096


class Service(StrEnum):
    """A CI service that we know; the value is its word in the configuration."""

    GITHUB = "github"
    GITLAB = "gitlab"


#: written into the run folder, beside the usual ones
REPORTS: Mapping[Service, tuple[str, ...]] = {
    Service.GITHUB: ("github", "code-scanning", "comment", "html"),
    Service.GITLAB: ("gitlab", "html"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What is left to do after the files were written: workflow commands for the log, and sentences on what went wrong."""

    commands: str = ""
    problems: tuple[str, ...] = ()


def service(settings: Settings, environment: Mapping[str, str]) -> Service | None:
    """The CI that this run is for: the one that was named, else the one that the environment tells of."""
    if settings.ci == "off":
        return None
    if settings.ci != "auto":
        return Service(settings.ci)
    if environment.get("GITHUB_ACTIONS") == "true":
        return Service.GITHUB
    return Service.GITLAB if environment.get("GITLAB_CI") == "true" else None


def usual_reports(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The formats that the CI of this run gets without being asked; none where formats were asked for."""
    found = service(settings, environment)
    return REPORTS[found] if found is not None and not settings.reports else ()


def hand_over(record: RunRecord, settings: Settings, environment: Mapping[str, str]) -> Handed:
    """Appends to the files of GitHub Actions and gives its annotations, where the run is for GitHub and has the `github` report."""
    wanted = {text.partition("=")[0] for text in settings.reports} or set(usual_reports(settings, environment))
    if service(settings, environment) is not Service.GITHUB or "github" not in wanted:
        return Handed()
    from gatekeeper.report.github import annotated, outputs  # only runs for GitHub need it

    safe = redacted(record, secret_values(environment))
    problems = [*_append_summary(safe, environment.get("GITHUB_STEP_SUMMARY")), *_append(environment.get("GITHUB_OUTPUT"), outputs(safe))]
    commands = annotated(safe, folder_below(record.plan.root, environment.get("GITHUB_WORKSPACE"))).decode()
    return Handed(commands=commands if commands.strip() else "", problems=tuple(problems))


def folder_below(root: str, workspace: str | None) -> str:
    """Where the tree lies in the checkout, POSIX and relative; empty where it is the checkout itself or lies elsewhere."""
    if not workspace:
        return ""
    place = os.path.relpath(os.path.realpath(root), os.path.realpath(workspace))
    return "" if place == os.curdir or place.split(os.sep)[0] == os.pardir else place


def _append_summary(record: RunRecord, path: str | None) -> list[str]:
    """The page of the step, in the room that earlier commands of the step have left: above the limit GitHub shows nothing at all."""
    if not path:
        return []
    from gatekeeper.report.comment import STEP_BYTES, step_summary

    try:
        room = STEP_BYTES - os.path.getsize(path)
    except OSError:
        room = STEP_BYTES
    if room < _LEAST_ROOM:
        return [f"{path}: no room for the summary of the step: others have filled it"]
    return _append(path, step_summary(record, room))


def _append(path: str | None, data: bytes) -> list[str]:
    if not path:
        return []
    try:
        with open(path, "ab") as file:
            file.write(data)
    except OSError as error:
        return [f"{path}: GitHub did not take it: {error.strerror}"]
    return []
