"""Where a finding lies, as a URI reference relative to the root of the tree. Knows no file system and no format.

File names are bytes (as os.fsdecode gives them); every byte that a URI cannot show is percent-encoded, so that the name can be had back.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache

from gatekeeper.model.finding import Finding
from gatekeeper.model.plan import Job
from gatekeeper.model.result import RunRecord
from gatekeeper.model.value import replace

#: what POSIX systems take as a path
LONGEST = 4096


@lru_cache(maxsize=10_000)  # findings come in files that come again
def relative_uri(file: str | None) -> str | None:
    """The reference of a file inside the tree; None where there is none: no file, the root itself, or a place outside of it, no name that a file can have."""
    if not file or "\x00" in file or len(file) > LONGEST:
        return None
    plain = posixpath.normpath(file)
    if plain == "." or plain.startswith("/") or plain.partition("/")[0] == "..":
        return None
    from urllib.parse import quote  # lazy: only reports with findings pay 3 ms

    return quote(file_bytes(plain), safe="/-._~!$&'()*+,;=@")


def file_bytes(file: str) -> bytes:
    """The bytes of a name; halves of characters, which no file system gives, as UTF-8 would have them."""
    try:
        return file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return file.encode("utf-8", "surrogatepass")


def stand_in(record: RunRecord, job: Job) -> str:
    """The file that a finding without a place is shown at, for readers that refuse those: lockfile or manifest of its component, else of the root."""
    named = [component for component in record.plan.components if component.id == job.component]
    rooted = sorted(record.plan.components, key=lambda component: (component.root != ".", component.root, component.id))
    for component in (*named, *rooted):
        for file in (component.lockfile, component.manifest):
            if uri := relative_uri(file):
                return uri
    return "gatekeeper.yaml"


def below(record: RunRecord, folder: str) -> RunRecord:
    """The record with its files named from a folder above the tree, as the checkout of a CI is; `folder` is POSIX, empty where it is the tree."""
    if not folder:
        return record
    components = tuple(replace(component, manifest=posixpath.join(folder, component.manifest), lockfile=_moved(component.lockfile, folder))
                       for component in record.plan.components)
    results = tuple(replace(result, findings=tuple(_finding_below(finding, folder) for finding in result.findings),
                            tests=tuple(replace(test, file=_moved(test.file, folder)) for test in result.tests)) for result in record.results)
    return replace(record, plan=replace(record.plan, components=components), results=results)


def _finding_below(finding: Finding, folder: str) -> Finding:
    fixes = tuple(replace(fix, edits=tuple(replace(edit, file=_moved(edit.file, folder) or "") for edit in fix.edits)) for fix in finding.fixes)
    return replace(finding, file=_moved(finding.file, folder), fixes=fixes)


def _moved(file: str | None, folder: str) -> str | None:
    """A place inside the tree gets the folder in front; one outside of it stays outside."""
    return posixpath.join(folder, file) if file is not None and relative_uri(file) is not None else file
