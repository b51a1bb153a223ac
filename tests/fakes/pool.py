"""A pool without processes: jobs take the seconds that a script gives them, on a manual clock; frozen ones stand still."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gatekeeper.execute.process import Ended, Ladder, ProcessSpec
from gatekeeper.model.result import Attempt
from tests.fakes.clock import ManualClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How one job goes: seconds of wall time, its attempt, its output, and what happens elsewhere when it starts."""

    seconds: float = 1.0
    attempt: Attempt = field(default_factory=lambda: Attempt(exit_code=0))
    stdout: bytes = b""
    stderr: bytes = b""
    on_start: Callable[[], None] | None = None


#: how a job goes, or how each of its attempts does (the last one again where there are more)
Scripts = Mapping[str, Script | tuple[Script, ...]]


class FakePool:
    """Satisfies `run.Pool`. `wait` moves the clock to the next end; jobs that no script names take one second and exit with 0."""

    def __init__(self, clock: ManualClock, scripts: Scripts | None = None) -> None:
        self._clock = clock
        self._scripts = dict(scripts or {})
        self._running: dict[str, tuple[ProcessSpec, float, Attempt]] = {}
        self._woken = False
        self._starts: Counter[str] = Counter()
        #: what happens elsewhere, and when
        self._elsewhere: list[tuple[float, Callable[[], None]]] = []
        self.specs: dict[str, ProcessSpec] = {}
        self.stopped: list[str] = []
        #: when jobs were frozen that are frozen now
        self.suspended: dict[str, float] = {}
        self.most_at_once = 0

    def start(self, spec: ProcessSpec) -> int:
        script = self._script(spec.key)
        os.makedirs(os.path.dirname(spec.stdout), exist_ok=True)
        with open(spec.stdout, "wb") as out, open(spec.stderr, "wb") as err:
            out.write(script.stdout)
            err.write(script.stderr)
        attempt, seconds = replace(script.attempt, started=self._clock(), stdout=spec.stdout, stderr=spec.stderr), script.seconds
        if spec.timeout is not None and spec.timeout < seconds:
            attempt, seconds = replace(attempt, exit_code=None, signal=15, timed_out=True), spec.timeout
        self._running[spec.key] = (spec, self._clock() + seconds, attempt)
        self.specs[spec.key] = spec
        self.most_at_once = max(self.most_at_once, len(self._running))
        if script.on_start is not None:
            script.on_start()
        return 1000 + len(self.specs)

    def wait(self, timeout: float | None = None) -> list[Ended]:
        assert self._running or timeout is not None, "waits for nothing"
        if self._woken:
            self._woken = False
            return []
        limit = float("inf") if timeout is None else self._clock() + timeout
        moving = {key: at for key, (_, at, _) in self._running.items() if key not in self.suspended}
        first = min(moving.values(), default=limit)
        if self._elsewhere and self._elsewhere[0][0] <= min(first, limit):
            at, happens = self._elsewhere.pop(0)
            self._clock.advance(max(0.0, at - self._clock()))
            happens()
            return []
        self._clock.advance(max(0.0, min(first, limit) - self._clock()))
        keys = [key for key, at in moving.items() if at <= self._clock()]
        return [self._end(key) for key in keys]

    def stop(self, key: str, ladder: Ladder | None = None, *, timed_out: bool = False) -> None:
        if key in self._running:
            spec, _, attempt = self._running[key]
            self.stopped.append(key)
            self.suspended.pop(key, None)
            attempt = replace(attempt, exit_code=None, signal=15, timed_out=timed_out, cancelled=not timed_out)
            self._running[key] = (spec, self._clock(), attempt)

    def suspend(self, key: str) -> None:
        if key in self._running:
            self.suspended[key] = self._clock()

    def resume(self, key: str) -> None:
        if key in self.suspended:
            spec, at, attempt = self._running[key]
            self._running[key] = (spec, at + self._clock() - self.suspended.pop(key), attempt)

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Something happens elsewhere at that moment, if the run still waits then."""
        self._elsewhere = sorted([*self._elsewhere, (moment, happens)], key=lambda one: one[0])

    def _script(self, key: str) -> Script:
        found = self._scripts.get(key, Script())
        self._starts[key] += 1
        return found if isinstance(found, Script) else found[min(self._starts[key], len(found)) - 1]

    def wake(self) -> None:
        self._woken = True

    def _end(self, key: str) -> Ended:
        _, at, attempt = self._running.pop(key)
        return Ended(key=key, attempt=replace(attempt, wall_seconds=at - attempt.started))
