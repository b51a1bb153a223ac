"""Reports and their files: those that were asked for (`--report FORMAT[=PATH]`) are read and made room for before anything runs; a report
that its readers want in several files becomes NAME-1, NAME-2 with the same ending. Knows no format's details.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

from gatekeeper.errors import UsageError
from gatekeeper.model.result import Artifact
from gatekeeper.report.address import below
from gatekeeper.report.formats import Clean, format_of, render_files
from gatekeeper.report.topics import has_nothing
from gatekeeper.session.ci import folder_below
from gatekeeper.store.atomic import naming, write_bytes

#: variables with which CI services say that they are one
_SERVICES = ("GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION", "BUILDKITE", "CIRCLECI", "TRAVIS", "BITBUCKET_BUILD_NUMBER")
#: reports that a service reads beside its checkout
_READ_IN_CHECKOUTS = frozenset({"code-scanning", "gitlab", "junit-ci"})
#: what a file of several says of itself near its beginning: without it a file is somebody else's
_OURS = b'"properties":{"gatekeeper":'
_HEAD_BYTES = 1000


def requested(reports: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """`FORMAT[=PATH]` as pairs. Raises UsageError for an unknown format, before anything ran."""
    pairs = []
    for text in reports:
        name, equals, path = text.partition("=")
        format_of(name)
        if equals and not path:
            raise UsageError(f"--report {text}: a path is missing after `=`")
        pairs.append((name, path or None))
    return tuple(pairs)


def make_room(reports: tuple[str, ...]) -> None:
    """Makes the folders that reports are to be written to. Raises UsageError where that cannot be, before anything ran."""
    asked = [(name, path) for name, path in requested(reports) if path is not None]
    _refuse_shared(asked)
    for name, path in asked:
        place, full = f"--report {name}={path}", os.path.abspath(path)
        if os.path.isdir(full):
            raise UsageError(f"{place}: is a folder", hint=f"name a file in it: {os.path.join(path, format_of(name).file)}")
        if os.path.exists(full) and not os.path.isfile(full):  # the file is replaced, which a device or pipe would not survive
            raise UsageError(f"{place}: is no plain file", hint=f"{'--json writes the summary' if name == 'json' else 'only --json writes'} to standard output")
        folder = os.path.dirname(full)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{place}: its folder cannot be made: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"{place}: its folder cannot be written", hint="check the permissions of that folder")


def _refuse_shared(asked: list[tuple[str, str]]) -> None:
    """Two reports at one place, or one where another may have to put its parts: the second would replace the first."""
    for number, (name, path) in enumerate(asked):
        for other, there in asked[:number]:
            one, two = os.path.realpath(path), os.path.realpath(there)
            if one == two or _may_be_part(other, two, one) or _may_be_part(name, one, two):
                raise UsageError(f"--report {name}={path}: is the place of --report {other}={there}, too", hint="name a file for each report")


def _may_be_part(name: str, path: str, other: str) -> bool:
    """Whether `other` has the name of a part of the report `name` at `path`."""
    folder, file = os.path.split(path)
    return format_of(name).parts is not None and os.path.dirname(other) == folder and _part_pattern(file).fullmatch(os.path.basename(other)) is not None


def in_ci(environment: Mapping[str, str]) -> bool:
    """Whether a CI service runs us."""
    return environment.get("CI", "").lower() not in {"", "0", "false", "no"} or any(environment.get(name) for name in _SERVICES)


def written(name: str, path: str, of: Clean, environment: Mapping[str, str], *, last: bool = True) -> list[Artifact]:
    """Writes a report to `path`, or beside it with numbers where it is several files. Raises StoreError; each file is whole or not there.

    `last` is False where another file of that folder is written after it: each makes all names before it last, and that costs milliseconds.
    """
    profile = ("junit-ci" if in_ci(environment) else "junit-strict") if name == "junit" else name
    files = render_files(profile, _as_the_service_sees(profile, of, environment))
    places = part_paths(path, len(files))
    for place, content in zip(places, files, strict=True):
        write_bytes(place, content, last=last)
    if format_of(profile).parts is not None:
        _remove_others(path, places)
    empty = has_nothing(name, of.record)
    return [Artifact(kind=name, path=place, size=len(content), empty=empty) for place, content in zip(places, files, strict=True)]


def _as_the_service_sees(name: str, of: Clean, environment: Mapping[str, str]) -> Clean:
    """For services that look for files in their checkout: of a tree below it, files are named from there."""
    if name not in _READ_IN_CHECKOUTS:
        return of
    return Clean(record=below(of.record, folder_below(of.record.plan.root, environment.get("GITHUB_WORKSPACE") or environment.get("CI_PROJECT_DIR"))))


def part_paths(path: str, number: int) -> list[str]:
    """Where the files of a report go: `report.sarif`, or `report-1.sarif`, `report-2.sarif`."""
    stem, ending = os.path.splitext(path)
    return [path] if number == 1 else [f"{stem}-{part}{ending}" for part in range(1, number + 1)]


def _remove_others(path: str, kept: list[str]) -> None:
    """Removes what an earlier run left of the same report in more or fewer files: it would be taken for part of this one."""
    for other in _parts_there(path):
        if other not in kept and _is_ours(other):
            with naming(other, "removed"):
                os.unlink(other)


def _parts_there(path: str) -> Iterator[str]:
    folder, name = os.path.split(path)
    pattern = _part_pattern(name)
    with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
        yield from [os.path.join(folder, entry.name) for entry in entries if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]


def _part_pattern(name: str) -> re.Pattern[str]:
    stem, ending = os.path.splitext(name)
    return re.compile(rf"{re.escape(stem)}(-[1-9][0-9]*)?{re.escape(ending)}")


def _is_ours(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _OURS in file.read(_HEAD_BYTES)
    except OSError:
        return False
