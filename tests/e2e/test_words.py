"""What people are told of a real run is true: each of these sentences was once wrong."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.faulty import python, repository, tasks_only


def test_a_retry_says_of_a_job_that_never_ran_that_it_has_no_result_and_not_that_something_changed(tmp_path: Path) -> None:
    space = repository(tmp_path, {"bad": python("import sys; sys.exit(1)"), "late": python("print(1)"), "fine": python("print(2)")},
                       late={"needs": ["bad"]})
    assert space.run(*tasks_only("--fail-fast", "--jobs", "1")).exit_code == 1
    again = space.run("retry", "bad")
    assert again.exit_code == 1, again
    assert "something that they look at changed" not in again.stdout
    assert "these run too, because they had come to no result: D3/fine, D3/late" in again.stdout or \
        "these run too, because they had come to no result: D3/late" in again.stdout
