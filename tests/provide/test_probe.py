"""Which versions fit the catalogue's commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from gatekeeper.model.tool import VersionProbe
from gatekeeper.provide.probe import supported

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(version=NUMBERS, least=NUMBERS)
def test_plain_versions_compare_as_packaging_compares_them(version: str, least: str) -> None:
    assert supported(version, VersionProbe(supported=f">={least}")) is SpecifierSet(f">={least}").contains(version)


def test_unusual_forms_are_compared_too_and_unknown_ones_get_the_benefit_of_the_doubt() -> None:
    probe = VersionProbe(supported=">=1.4,<2")
    assert supported("1.5rc1", probe)
    assert not supported("2.1", probe)
    assert supported("nightly", probe)
    assert supported(None, probe)
