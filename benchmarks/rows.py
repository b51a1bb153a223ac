"""The list of benchmarks: what each is called, what it may take, and the function that measures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cached import cached
from cold import cold
from hooks import hundred, staged, version
from looking import large, sizes
from measure import Told
from places import Place
from spawning import thousand


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`title` and `budget` are for people."""

    title: str
    budget: str
    measure: Callable[[Place, int], Told]


BENCHMARKS = {
    "version": Benchmark("`gatekeeper --version`", "<= 1.5 x python -c pass", version),
    "hundred": Benchmark("100 trivial jobs, width 4, captured, journalled", "<= 1 x lefthook", hundred),
    "thousand": Benchmark("1,000 trivial jobs, width 2, the executor alone", "<= 0.25 ms per job over a bare loop", thousand),
    "cached": Benchmark("cached run: 50 packages, 1,000 files, 100 jobs", "<= 0.6 x turbo, native", cached),
    "staged": Benchmark("one no-op job on a staged file among 5,000", "<= 2 x prek, <= 4 calls of git", staged),
    "cold": Benchmark("cold gate", "<= 1.05 x the least", cold),
    "large": Benchmark("detect and plan 100,000 files", "<= 2 x git ls-files and git status, < 300 MB", large),
    "sizes": Benchmark("plan of 10 to 10,000 jobs", "linear time and memory", sizes),
}
