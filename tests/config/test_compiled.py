"""Compiled documents: a change is seen, anything broken is read again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.config.compiled import cache_folder
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
from gatekeeper.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]
PROBE = """
import sys
from gatekeeper.config.load import load_settings
from gatekeeper.config.options import Arguments
found = load_settings(Arguments(), {"XDG_CACHE_HOME": sys.argv[1]}, cwd=sys.argv[2])
print(found.jobs, *[name for name in ("yaml", "jsonschema") if name in sys.modules])
"""


def _probe(cache: Path, root: Path) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", PROBE, str(cache), str(root)], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return ran.stdout.split()


def test_an_unchanged_document_costs_neither_yaml_nor_jsonschema(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    root.mkdir()
    (root / "gatekeeper.yaml").write_text("jobs: 2\n")
    assert _probe(cache, root) == ["2", "yaml", "jsonschema"]
    assert _probe(cache, root) == ["2"]
    (root / "gatekeeper.yaml").write_text("jobs: 3\n")
    assert _probe(cache, root) == ["3", "yaml", "jsonschema"]


def _load(root: Path, cache: Path) -> int:
    return load_settings(Arguments(), {"XDG_CACHE_HOME": str(cache)}, cwd=str(root)).jobs


def test_a_damaged_compiled_document_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("jobs: 2\n")
    cache = tmp_path / "cache"
    assert _load(tmp_path, cache) == 2
    (kept,) = (cache / "gatekeeper" / "config").iterdir()
    for damage in (b"", b"{", b"[]", b"\xff", b'{"value": 1, "lines": {}}', b'{"value": {}, "lines": {"a": "b"}}'):
        kept.write_bytes(damage)
        assert _load(tmp_path, cache) == 2


def test_an_invalid_document_is_never_kept(tmp_path: Path) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("job: 2\n")
    cache = tmp_path / "cache"
    for _ in range(2):
        with pytest.raises(ConfigError):
            _load(tmp_path, cache)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "gatekeeper.yaml").write_text("jobs: 2\n")
    blocked = tmp_path / "cache"
    blocked.write_text("a file where a folder should be")
    assert _load(tmp_path, blocked) == 2


def test_the_cache_folder_needs_an_absolute_place() -> None:
    assert cache_folder({"HOME": "/h"}) == "/h/.cache/gatekeeper"
    assert cache_folder({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == "/c/gatekeeper"
    assert cache_folder({"HOME": "/h", "XDG_CACHE_HOME": "c"}) == "/h/.cache/gatekeeper"
    assert cache_folder({}) is None
    assert cache_folder({"HOME": ""}) is None


def test_old_documents_do_not_pile_up(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "gatekeeper" / "config"
    for number in range(230):
        (tmp_path / "gatekeeper.yaml").write_text(f"jobs: {number}\n")
        assert _load(tmp_path, tmp_path / "cache") == number
    assert 0 < len(list(folder.iterdir())) <= 200
    assert not [path for path in folder.iterdir() if path.suffix != ".json"]
