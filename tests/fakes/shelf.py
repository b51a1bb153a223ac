"""The result cache of simulated runs: real entries on a file system that rots, asked for what one run has kept by the next.

Keys are made here, of a job and of what it looked at; what is kept says of which key it is, so that a mistaken one is noticed. Knows no run.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterable, Sequence

from gatekeeper.model.plan import Job
from gatekeeper.model.result import Result
from gatekeeper.model.status import Status
from gatekeeper.store.cache import ResultStore
from tests.fakes.world import must


class Shelf:
    """What is kept below `folder`. `version` counts what the jobs look at: those that changed have a new key in each run."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._versions: dict[str, int] = {}
        self._kept: dict[str, tuple[str, str]] = {}

    def change(self, job_ids: Iterable[str]) -> None:
        """What these jobs look at is another by now."""
        for job_id in job_ids:
            self._versions[job_id] = self._versions.get(job_id, 0) + 1

    def keep(self, results: Sequence[Result]) -> None:
        """As the session does it: work that was done at once and whole."""
        store = ResultStore(self.folder)
        for result in results:
            if result.status in {Status.PASSED, Status.FAILED} and len(result.attempts) == 1 and not result.leaky and not result.from_cache:
                said = str(result.status), result.message * 50
                store.put(self._key(result.job), {"of": self._of(result.job), "said": said})
                self._kept[self._of(result.job)] = said
        must(not store.notices, "a result could not be kept", store.notices)

    def rot(self, draw: random.Random) -> None:
        """Some of the files are not what they were, or not where."""
        paths = sorted(os.path.join(parent, name) for parent, _, names in os.walk(self.folder) for name in names)
        for path in (path for path in paths if draw.random() < 0.3):
            with open(path, "rb") as file:
                content = file.read()
            place = draw.randrange(len(content))
            other = draw.choice(paths)
            match draw.choice(["cut", "flip", "zeros", "longer", "moved"]):
                case "cut":
                    content = content[:place]
                case "flip":
                    content = content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1:]
                case "zeros":
                    content = content[:place] + bytes(len(content) - place)
                case "longer":
                    content += content[:place + 1]
                case _:
                    with open(other, "rb") as file:
                        content = file.read()
            with open(path, "wb") as file:
                file.write(content)

    def find(self, job: Job) -> Result | None:
        """What is known of a job as it is now."""
        found = ResultStore(self.folder).get(self._key(job.id))
        if found is None:
            return None
        must(found["of"] == self._of(job.id), "the cache gave the result of another key", (found["of"], self._of(job.id)))
        must(found["said"] == self._kept.get(self._of(job.id)), "the cache gave what was not kept", (job.id, found["said"]))
        return Result(job=job.id, status=Status(found["said"][0]), from_cache=True)

    def _of(self, job_id: str) -> str:
        return f"{job_id} {self._versions.get(job_id, 0)}"

    def _key(self, job_id: str) -> str:
        return hashlib.blake2b(self._of(job_id).encode(), digest_size=16).hexdigest()
