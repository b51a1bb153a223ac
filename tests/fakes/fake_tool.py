"""The program behind every fake tool of a Space: logs its call, then answers as it was told.

Started as `python -I -S fake_tool.py SPEC ARG...`; SPEC is a JSON file with `log`, `log_environment` and `answers`
(see `space.Answer`). It imports nothing but the standard library and knows nothing of Gatekeeper.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(spec_path: str, argv: list[str]) -> int:
    with open(spec_path, encoding="utf-8") as file:
        spec = json.load(file)
    _log(spec, argv)
    for answer in spec["answers"]:
        if all(word in argv for word in answer["when"]):
            return _give(answer, argv)
    sys.stderr.write(f"{spec['name']}: no answer for {argv}\n")
    return 96


def _log(spec: dict[str, Any], argv: list[str]) -> None:
    """One line per call, in one write: several fakes may run at once."""
    environment = {name: os.environ[name] for name in spec["log_environment"] if name in os.environ}
    line = json.dumps({"argv": argv, "cwd": os.getcwd(), "environment": environment}) + "\n"
    descriptor = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, line.encode("utf-8", "surrogateescape"))
    os.close(descriptor)


def _give(answer: dict[str, Any], argv: list[str]) -> int:
    for target, text in answer["writes"].items():
        with open(_path(target, argv), "w", encoding="utf-8") as file:
            file.write(text)
    sys.stdout.write(answer["stdout"])
    sys.stderr.write(answer["stderr"])
    sys.stdout.flush()
    sys.stderr.flush()
    if answer["exit_code"] < 0:
        os.kill(os.getpid(), -answer["exit_code"])
    return int(answer["exit_code"])


def _path(target: str, argv: list[str]) -> str:
    """`--option=` stands for the value of that option on the command line; anything else is a path."""
    if not target.startswith("-"):
        return target
    option = target.rstrip("=")
    for index, word in enumerate(argv):
        if word.startswith(option + "="):
            return word[len(option) + 1:]
        if word == option and index + 1 < len(argv):
            return argv[index + 1]
    raise SystemExit(f"fake tool: no option {option} in {argv}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
