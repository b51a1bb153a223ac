"""Loads what only the end of a run needs, reports and summary, when its last job has ended: git then looks at the tree, and we would wait for it.

Knows neither the one nor the other; without it they would be loaded where they are used.
"""

from __future__ import annotations

from gatekeeper.model.event import Event, Stage, StageReached


def meanwhile(event: Event) -> None:
    """To be called with every event (`model.ports.Subscriber`)."""
    if isinstance(event, StageReached) and event.stage is Stage.FINISHING:
        import gatekeeper.display.summary
        import gatekeeper.session.timings  # noqa: F401 - both are for the end alone
        from gatekeeper.report.formats import format_of
        from gatekeeper.session.outcome import USUAL

        for name in USUAL:
            format_of(name).load()
