"""What earlier runs tell of a job: the one value in which history speaks to the plan. Knows neither where it is kept nor how it was reckoned."""

from __future__ import annotations

import math

from gatekeeper.model.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One job, as the runs in which it did its work (passed or failed) tell it.

    `seconds` of wall time and `files` are of its middle run: so many files took so long (0 = it is given no list, or nobody wrote down how many).
    `peak_mb` is the largest memory of its recent runs, in MB of 10^6 bytes (0 = not measured). `failure_odds` from 0 to 1: how probable a red end is.
    """

    seconds: float
    peak_mb: float = 0.0
    failure_odds: float = 0.0
    files: int = 0

    def memory_mb(self, usual: int) -> int:
        """What to plan with: a quarter more than the peak, in steps of 16 MB (what takes the same waits in one line); `usual` where nobody measured."""
        return usual if self.peak_mb <= 0 else 16 * math.ceil(self.peak_mb * 1.25 / 16)
