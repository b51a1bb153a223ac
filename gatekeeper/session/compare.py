"""What a run is compared with: the committed baseline, a run on the merge-base, the lines of the change. Finds and reads them; judges nothing.

git is asked late: a run without findings needs to know neither changed lines nor renamed files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property

from gatekeeper.errors import ConfigError, UsageError
from gatekeeper.judge.known import KnownSet, Terrain
from gatekeeper.judge.triage import Comparison, Reference
from gatekeeper.model.finding import Finding, Parsed, State, Suppression, SuppressionKind
from gatekeeper.model.plan import Job
from gatekeeper.model.tool import Takes
from gatekeeper.model.value import dataclass, replace
from gatekeeper.session.look import NO_BASELINE, Sight
from gatekeeper.session.trust import content_at
from gatekeeper.store.baseline import parse_baseline, read_baseline
from gatekeeper.tree.changes import Changes, usual_ref
from gatekeeper.tree.git import Git
from gatekeeper.tree.touched import Touched, last_commit_of, merge_base, renames, touched

_NO_BASE = "there is no base to compare lines with (no git, no upstream and no default branch, or a shallow clone): findings on all lines count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The comparison of a run, and what a person must know of it."""

    comparison: Comparison
    notes: tuple[str, ...] = ()


def compared(sight: Sight, changes: Changes, base: Reference | None = None, notes: tuple[str, ...] = (), baseline: KnownSet | None = None) -> Compared:
    """Everything that this run is compared with. `base` is the run on the merge-base with `notes` about it, `baseline` the known findings
    where they do not come from the tree. Raises ConfigError for a baseline that cannot be read, UsageError for a ref that does not exist."""
    known = baseline if baseline is not None else known_findings(sight)
    references = tuple(reference for reference in (baseline_reference(sight, changes, known) if known is not None else None, base) if reference is not None)
    wanted = sight.settings.changed_lines
    asked = sight.tree.git and (wanted or sight.settings.scope in {"staged", "changed", "since"})
    lines = _Lines(sight.git, base_of(sight, changes), staged=sight.settings.scope == "staged") if asked else None
    if lines is None or lines.base is None:
        return Compared(comparison=Comparison(references=references), notes=(*notes, _NO_BASE) if wanted else notes)
    name = f"the lines that changed since {lines.base[:12]}"
    return Compared(comparison=Comparison(references=references, on_changed=lines, lines_count=wanted, lines_name=name), notes=notes)


def baseline_path(sight: Sight) -> str | None:
    """The absolute path of the baseline, None where there is to be none."""
    name = sight.settings.baseline
    return None if name == NO_BASELINE else os.path.join(sight.tree.root, name)


def known_findings(sight: Sight) -> KnownSet | None:
    """The baseline of the tree, None where there is none. Raises ConfigError for one that was named and is not there."""
    path = baseline_path(sight)
    known = _read_known(sight, path) if path is not None else None
    if path is not None and known is None and (origin := sight.settings.origins.get("baseline")):
        raise ConfigError(f"{origin}: baseline: {sight.settings.baseline}: no such file", hint="make it with: gatekeeper baseline create")
    return known


def _read_known(sight: Sight, path: str) -> KnownSet | None:
    """The baseline in the tree; over a proposal that is not trusted, as it was before."""
    if not sight.settings.trusted:
        return read_baseline(path, sight.settings.baseline)
    data = content_at(sight.git, sight.settings.trusted, sight.settings.baseline)
    return None if data is None else parse_baseline(data, sight.settings.baseline)


def baseline_reference(sight: Sight, changes: Changes, known: KnownSet) -> Reference:
    """The baseline as something to compare with: with the files that were renamed, and the lines that changed, since it was written."""
    since = _Since(sight, changes, known)
    return Reference(name=sight.settings.baseline, known=known, terrain=terrain(sight, since.renamed), changed=since, kept=True,
                     exempts=sight.settings.tool_change == "exempt")


def terrain(sight: Sight, renamed: dict[str, str] | None = None) -> Terrain:
    """The tree as known findings are distributed over it."""
    root = sight.tree.root
    return Terrain(renamed=renamed or {}, exists=lambda file: os.path.lexists(os.path.join(root, file)), takes_files=taking_files(sight))


def taking_files(sight: Sight) -> Callable[[Job], bool]:
    """Whether a job is given single files, and so looks at no others."""
    commands = {command.id: command.takes for tool in sight.catalog.tools for command in tool.commands}
    commands |= {f"task.{task.id}": Takes(task.takes) for task in sight.settings.tasks}
    return lambda job: commands.get(job.command) is Takes.FILES


def base_of(sight: Sight, changes: Changes) -> Callable[[], str | None]:
    """The commit that changed lines are counted from: that of the scope, else that of --new-since, else the merge-base with the usual branch."""
    def find() -> str | None:
        ref = sight.settings.new_since or usual_ref(sight.git)
        return merge_base(sight.git, ref) if ref else None

    return find if changes.base is None else lambda: changes.base


def wanted_base(sight: Sight) -> str | None:
    """The commit of --new-since; None where history is missing. Raises UsageError for a ref that does not exist."""
    ref = sight.settings.new_since
    if not ref:
        return None
    if not sight.tree.git:
        raise UsageError(f"--new-since {ref}: {sight.tree.root} is no git repository", hint="compare with a baseline: gatekeeper baseline create")
    if ref.startswith("-") or sight.git.line("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is None:
        raise UsageError(f"--new-since {ref}: no such commit", hint="name a branch, tag or commit, for example: --new-since origin/main")
    return merge_base(sight.git, ref)


class _Lines:
    """Whether findings lie on changed lines; git is asked once, when the first finding asks."""

    def __init__(self, git: Git, base: Callable[[], str | None], *, staged: bool) -> None:
        self._git, self._base, self._staged = git, base, staged

    @cached_property
    def base(self) -> str | None:
        return self._base()

    @cached_property
    def _lines(self) -> Touched | None:
        return touched(self._git, self.base, staged=self._staged) if self.base else None

    def __call__(self, finding: Finding) -> bool | None:
        return self._lines.touches(finding.file, finding.line, finding.end_line) if self._lines is not None else None


class _Since:
    """What happened since the baseline was committed: asked only where a known file is gone, or a tool has another version."""

    def __init__(self, sight: Sight, changes: Changes, known: KnownSet) -> None:
        self._sight, self._changes, self._known = sight, changes, known

    @cached_property
    def _commit(self) -> str | None:
        if not self._sight.tree.git:
            return None
        # a proposal that is not trusted could say by a commit of its own that nothing changed since
        return self._sight.settings.trusted or last_commit_of(self._sight.git, self._sight.settings.baseline)

    @cached_property
    def renamed(self) -> dict[str, str]:
        present = frozenset(self._sight.tree.files)
        gone = any(one.finding.file is not None and one.finding.file not in present for one in self._known.findings)
        return dict(renames(self._sight.git, self._commit)) if gone and self._commit is not None else {}

    @cached_property
    def _lines(self) -> tuple[Touched | None, ...]:
        """What changed since before that commit, which may have brought code along, and in the change under judgement, before it or after."""
        if self._commit is None:
            return (None,)
        git = self._sight.git
        before = self._commit if self._sight.settings.trusted else git.line("rev-parse", "--verify", "--quiet", f"{self._commit}^") or self._commit
        bases = dict.fromkeys(base for base in (before, base_of(self._sight, self._changes)()) if base is not None)
        return tuple(touched(git, base) for base in bases)

    def __call__(self, finding: Finding) -> bool | None:
        answers = [lines.touches(finding.file, finding.line, finding.end_line) if lines is not None else None for lines in self._lines]
        return None if None in answers else any(answers)


def without_own(parsed: Parsed, baseline: str) -> Parsed:
    """What was found, findings in the baseline itself marked: its fingerprints look like secrets to those who look for such."""
    def marked(finding: Finding) -> Finding:
        if finding.file != baseline:
            return finding
        return replace(finding, state=State.SUPPRESSED, suppression=Suppression(kind=SuppressionKind.CONFIGURATION, reason="a fingerprint of the baseline",
                                                                                where=baseline))

    return parsed if baseline == NO_BASELINE else replace(parsed, findings=tuple(marked(finding) for finding in parsed.findings))
