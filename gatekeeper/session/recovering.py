"""What a run needs to recover from jobs that did not pass: whether a person is there, what puts changes back, what is known of services outside.

Added to the options of a run; what only some runs need is loaded only for those. Decides nothing: that is `execute/recover.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from gatekeeper.config.compiled import cache_folder
from gatekeeper.execute.ports import RunOptions
from gatekeeper.model.plan import Plan
from gatekeeper.model.value import replace
from gatekeeper.session.look import Sight

#: variables by which CI services say that they are one; nobody sits in front of them
_NOBODY = ("CI", "GITHUB_ACTIONS", "GITLAB_CI")


def recovering(options: RunOptions, sight: Sight, plan: Plan, folder: str) -> RunOptions:
    """The options with all that the configuration and the jobs of `plan` declared; `folder` is the absolute run directory. Who asked for the events of
    the run is told how logs grow, too."""
    execution = sight.settings.execution
    options = replace(options, niceness=sight.settings.nice, breaker=execution.breaker, alerts=execution.alerts,
                      outputs=sight.settings.events is not None)
    if any(job.recovery.hold for job in plan.jobs):
        options = replace(options, person=someone_there(sight.environment, os.isatty))
    if any(job.recovery.rollback for job in plan.jobs):
        from gatekeeper.session.checkpoint import Checkpoints  # lazy: only runs with `on_failure: rollback` pay

        checkpoints = Checkpoints(sight.tree.root, sight.tree.files, os.path.join(folder, "checkpoints"))
        options = replace(options, checkpoint=checkpoints.keep, ended=checkpoints.drop)
    if any(job.services for job in plan.jobs):
        return _with_services(options, sight.environment)
    return options


def someone_there(environment: Mapping[str, str], is_terminal: Callable[[int], bool]) -> bool:
    """Whether a person can be asked: standard error is a terminal, and no CI says that it runs this."""
    return not any(environment.get(name, "").lower() not in {"", "0", "false"} for name in _NOBODY) and is_terminal(2)


def _with_services(options: RunOptions, environment: Mapping[str, str]) -> RunOptions:
    from gatekeeper.store.services import known_services, remember_services  # lazy: only runs with jobs that ask a service outside pay

    cache = cache_folder(environment)
    if cache is None:
        return options
    # on disk wall time, which another run understands; in the run the clock that only goes forward
    ahead = time.monotonic() - time.time()
    known = {service: (failures, moment + ahead) for service, (failures, moment) in known_services(cache, time.time()).items()}
    return replace(options, services=known, learnt=lambda learnt: remember_services(
        cache, {service: (failures, moment - ahead) for service, (failures, moment) in learnt.items()}))
