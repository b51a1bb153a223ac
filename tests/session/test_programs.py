"""Which configuration leads to programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.session.mentions import Mentions
from gatekeeper.session.programs import above, names_programs, programs_outside

KEYS = {"package.json": ("prettier",)}


@pytest.mark.parametrize(("name", "text", "there"), [
    (".stylelintrc.json", '{"extends": "stylelint-config-standard"}', False),
    (".stylelintrc.json", '{"plugins": ["some-package"]}', True),
    (".stylelintrc.json", '{"extends": "./shared/data.json"}', False),
    (".stylelintrc.json", '{"extends": "./shared/plugged.json"}', True),
    (".stylelintrc.json", '{"extends": "./shared/module"}', True),
    (".stylelintrc.yaml", "customSyntax: ./shared/syntax", True),
    ("package.json", '{"prettier": "./shared/plugged.json"}', True),
    ("package.json", '{"scripts": {"x": "./run.sh"}, "prettier": {}}', False),
    ("missing.json", "", False),
])
def test_a_program_is_found_through_what_is_extended(tmp_path: Path, name: str, text: str, *, there: bool) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/data.json").write_text("{}")
    (tmp_path / "shared/plugged.json").write_text('{"plugins": ["a"]}')
    if text:
        (tmp_path / name).write_text(text)
    assert names_programs(str(tmp_path), [name], Mentions(str(tmp_path), {}), KEYS) is there


def test_a_program_beside_configuration_above_the_tree_is_outside(tmp_path: Path) -> None:
    root = tmp_path / "outer/tree"
    root.mkdir(parents=True)
    (tmp_path / "outer/.prettierrc").write_text('{"plugins": ["./plugin.mjs", "./tree/own.mjs"]}')
    (tmp_path / "outer/plugin.mjs").write_text("")
    (root / "own.mjs").write_text("")
    paths = [path for path in above(str(root), [".prettierrc"]) if path.startswith(str(tmp_path))]
    assert list(programs_outside(paths, Mentions(str(root), {}), {})) == [str(tmp_path / "outer/plugin.mjs")]


@pytest.mark.parametrize("word", ["a\0b", "a\0/*b", "*\0", "./**/\0/x"])
def test_what_configuration_leads_to_may_be_a_picture_whose_bytes_are_no_name(tmp_path: Path, word: str) -> None:
    """A README that Cargo.toml names led to a picture: a run of a real repository ended as a bug."""
    (tmp_path / "Cargo.toml").write_text('[package]\nreadme = "./logo.png"\n')
    (tmp_path / "logo.png").write_bytes(f'\x89PNG "{word}" \'{word}\''.encode("latin-1"))
    mentions = Mentions(str(tmp_path), {})
    assert mentions.of("Cargo.toml", {}).files == ("logo.png",)
    assert mentions.of("logo.png", {}).files == ()
