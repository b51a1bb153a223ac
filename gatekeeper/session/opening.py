"""The moments before a run begins: what is told of what takes time, of the run before, and what a folder becomes whose run does not begin.

Knows no plan's content and no job; `run` puts these together.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence

from gatekeeper.execute.control import Control
from gatekeeper.judge.triage import Reference
from gatekeeper.model.document import to_document
from gatekeeper.model.event import Notice
from gatekeeper.model.plan import Plan
from gatekeeper.model.ports import Subscriber, Toolbox
from gatekeeper.model.value import replace
from gatekeeper.provide.locate import Locator
from gatekeeper.session.look import Sight
from gatekeeper.store.home import Home, RunFolder
from gatekeeper.store.runs import died_last


@contextlib.contextmanager
def begun_or_gone(folder: RunFolder, *, ours: bool) -> Iterator[None]:
    """Removes a folder that was made for a run that does not begin (a retry that is refused): it would be taken for the newest run."""
    with contextlib.ExitStack() as otherwise:
        if ours:
            otherwise.callback(folder.discard)
        yield
        otherwise.pop_all()


def telling_of_death(home: Home) -> Home:
    """With a sentence about the run before, if its process died: it can go on."""
    died = died_last(home)
    if died is None:
        return home
    from gatekeeper.session.halfway import half_done_text  # lazy: only who comes after a run that died pays

    said = f"run {died} died before its end: gatekeeper resume --run {died} makes it go on{half_done_text(os.path.join(home.runs, died))}"
    return replace(home, notices=(*home.notices, said))


def tools(sight: Sight, toolbox: Locator) -> list[object]:
    """The rows of `gatekeeper tools`, for the jobs that are given them."""
    from gatekeeper.provide.inventory import inventory  # lazy: only runs with the ecosystem report pay

    return [to_document(row) for row in inventory(sight.catalog, sight.detection, toolbox)]


def merge_base(sight: Sight, plan: Plan, toolbox: Toolbox, control: Control, tell: Callable[[str], None]) -> tuple[Reference | None, tuple[str, ...]]:
    """What was found on the merge base, and what is to be said of that."""
    from gatekeeper.session.merge_base import base_reference  # lazy: only runs with --new-since pay

    return base_reference(sight, plan, toolbox, control, tell)


def teller(subscribers: Sequence[Subscriber], told: list[str]) -> Callable[[str], None]:
    """Tells everybody what takes time before the run itself starts, and keeps it in `told`."""
    def tell(text: str) -> None:
        told.append(text)
        for subscriber in subscribers:
            subscriber(Notice(at=time.monotonic(), message=text))

    return tell
