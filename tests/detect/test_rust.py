"""Crates and workspaces, as cargo defines them."""

from __future__ import annotations

from pathlib import Path

from tests.detect.looking import at, look, one, shape

CRATE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'


def crate(name: str, rest: str = "") -> str:
    return CRATE.format(name) + rest


def messages(folder: Path, files: dict[str, str]) -> list[tuple[str, int | None, str]]:
    return [(problem.file, problem.line, problem.message) for problem in look(folder, files).problems]


def test_a_lone_crate_is_one_component(tmp_path: Path) -> None:
    component = one(look(tmp_path, {"Cargo.toml": crate("fd-find"), "Cargo.lock": "", "src/main.rs": "fn main() {}", "rust-toolchain": "1.80.0\n"}))
    assert (component.id, component.kind, component.name, component.lockfile) == ("fd-find", "cargo-crate", "fd-find", "Cargo.lock")
    assert (component.package_manager, component.toolchain_pin, component.workspace_root) == ("cargo", "1.80.0", None)


def test_members_are_those_of_globs_less_excluded_ones(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["crates/*", "./tools/gen"]\nexclude = ["crates/old"]\n', "crates/a/Cargo.toml": crate("a"),
             "crates/old/Cargo.toml": crate("old"), "tools/gen/Cargo.toml": crate("gen")}
    assert shape(look(tmp_path, files)) == {".": "cargo-workspace", "crates/a": "cargo-workspace-member", "tools/gen": "cargo-workspace-member", "crates/old": "cargo-crate"}


def test_a_member_named_literally_outweighs_exclude(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["crates/a"]\nexclude = ["crates"]\n', "crates/a/Cargo.toml": crate("a")}
    assert shape(look(tmp_path, files))["crates/a"] == "cargo-workspace-member"


def test_path_dependencies_of_members_are_members(tmp_path: Path) -> None:
    files = {"Cargo.toml": crate("root", '[workspace]\n[dependencies]\nb = { path = "b" }\n'), "b/Cargo.toml": crate("b", '[target."cfg(unix)".dev-dependencies]\nc = { path = "../c" }\n'),
             "c/Cargo.toml": crate("c")}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "cargo-workspace", "b": "cargo-workspace-member", "c": "cargo-workspace-member"}
    assert at(detection, ".").depends_on == ("b",)
    assert at(detection, "b").depends_on == ("c",)


def test_inherited_path_dependencies_are_followed(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.dependencies]\nb = { path = "libs/b" }\n', "a/Cargo.toml": crate("a", "[dependencies]\nb = { workspace = true }\n"),
             "libs/b/Cargo.toml": crate("b")}
    detection = look(tmp_path, files)
    assert shape(detection)["libs/b"] == "cargo-workspace-member"
    assert at(detection, "a").depends_on == ("libs-b",)


def test_dependencies_in_a_circle_end(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": crate("a", '[dependencies]\nb = { path = "../b" }\n'),
             "b/Cargo.toml": crate("b", '[dev-dependencies]\na = { path = "../a" }\n')}
    detection = look(tmp_path, files)
    assert at(detection, "a").depends_on == ("b",)
    assert at(detection, "b").depends_on == ("a",)


def test_a_crate_inside_a_workspace_that_does_not_list_it_is_left_out(tmp_path: Path) -> None:
    detection = look(tmp_path, {"Cargo.toml": '[workspace]\nmembers = ["a"]\n', "a/Cargo.toml": crate("a"), "stray/Cargo.toml": crate("stray")})
    assert "stray" not in shape(detection)
    assert [(item.root, "cargo refuses" in item.reason) for item in detection.excluded] == [("stray", True)]


def test_a_crate_with_an_empty_workspace_table_stands_alone(tmp_path: Path) -> None:
    files = {"Cargo.toml": crate("itoa"), "fuzz/Cargo.toml": crate("itoa-fuzz", '[workspace]\n[dependencies]\nitoa = { path = ".." }\n')}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "cargo-crate", "fuzz": "cargo-crate"}
    assert at(detection, "fuzz").depends_on == ("itoa",)


def test_a_member_outside_the_tree_is_refused(tmp_path: Path) -> None:
    assert messages(tmp_path, {"Cargo.toml": '[workspace]\nmembers = [\n  "a",\n  "../evil",\n]\n', "a/Cargo.toml": crate("a")}) == [
        ("Cargo.toml", 4, "workspace member '../evil' leads out of the tree and is left out")]


def test_a_member_without_a_manifest_is_a_problem_and_a_glob_without_matches_is_none(tmp_path: Path) -> None:
    assert messages(tmp_path, {"Cargo.toml": '[workspace]\nmembers = ["gone", "crates/*"]\n'}) == [("Cargo.toml", 2, "workspace member 'gone' has no Cargo.toml")]


def test_a_workspace_within_a_workspace_is_refused_as_a_member(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["inner"]\n', "inner/Cargo.toml": '[workspace]\nmembers = ["x"]\n', "inner/x/Cargo.toml": crate("x")}
    detection = look(tmp_path, files)
    assert at(detection, "inner/x").workspace_root == "inner"
    assert "is a workspace of its own" in detection.problems[0].message


def test_a_member_elsewhere_needs_to_point_back(tmp_path: Path) -> None:
    files = {"main/Cargo.toml": '[workspace]\nmembers = ["../other", "../foreign"]\n', "other/Cargo.toml": crate("other").replace("edition", 'workspace = "../main"\nedition'),
             "foreign/Cargo.toml": crate("foreign")}
    detection = look(tmp_path, files)
    assert at(detection, "other").workspace_root == "main"
    assert at(detection, "foreign").kind == "cargo-crate"
    assert "does not point back" in detection.problems[0].message


def test_examples_that_a_workspace_lists_are_components_and_fixtures_are_not(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[workspace]\nmembers = ["examples/*", "tests/fixtures/*"]\n', "examples/a/Cargo.toml": crate("a"), "tests/fixtures/b/Cargo.toml": crate("b")}
    detection = look(tmp_path, files)
    assert shape(detection) == {".": "cargo-workspace", "examples/a": "cargo-workspace-member"}
    assert [item.root for item in detection.excluded] == ["tests/fixtures"]


def test_members_share_the_lock_file_of_the_workspace(tmp_path: Path) -> None:
    detection = look(tmp_path, {"w/Cargo.toml": '[workspace]\nmembers = ["a"]\n', "w/Cargo.lock": "", "w/a/Cargo.toml": crate("a")})
    assert (at(detection, "w/a").lockfile, at(detection, "w/a").workspace_root) == ("w/Cargo.lock", "w")


def test_tests_and_benches_are_told_from_the_sources(tmp_path: Path) -> None:
    detection = look(tmp_path, {"a/Cargo.toml": crate("a"), "a/src/lib.rs": "#[cfg(test)] mod t { #[test] fn x() {} }", "a/benches/b.rs": "", "b/Cargo.toml": crate("b"), "b/src/lib.rs": "",
                                "c/Cargo.toml": crate("c"), "c/tests/it.rs": ""})
    assert at(detection, "a").traits[:2] == ("tests", "benches")
    assert "tests" not in at(detection, "b").traits
    assert "tests" in at(detection, "c").traits


def test_a_toolchain_file_above_pins_the_channel(tmp_path: Path) -> None:
    detection = look(tmp_path, {"rust-toolchain.toml": '[toolchain]\nchannel = "nightly-2026-01-01"\n', "core/Cargo.toml": crate("core")})
    assert one(detection).toolchain_pin == "nightly-2026-01-01"


def test_a_virtual_workspace_takes_its_name_from_the_repository(tmp_path: Path) -> None:
    detection = look(tmp_path, {"Cargo.toml": '[workspace]\nmembers = ["a"]\n[workspace.package]\nrepository = "https://example.org/o/ruff.git"\n', "a/Cargo.toml": crate("a")})
    assert (at(detection, ".").name, at(detection, ".").id) == ("ruff", "root")


def test_a_crate_of_cargo_fuzz_is_marked(tmp_path: Path) -> None:
    assert one(look(tmp_path, {"fuzz/Cargo.toml": crate("fuzz", "[package.metadata]\ncargo-fuzz = true\n[workspace]\n")})).traits == ("fuzz",)
