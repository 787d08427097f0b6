"""The matrix against the guidance, written out by role id."""

from __future__ import annotations

import pytest

from checks.shared.foundry_matrix import MATRIX, On, Who, needs

EXPECTED = {
    (Who.HUB, On.STORAGE): ["ba92f5b4", "69566ab7"],
    (Who.HUB, On.GROUP): ["b78c5d69"],
    (Who.PROJECT, On.STORAGE): ["17d1049b", "ba92f5b4", "69566ab7", "0a9a7e1f"],
    (Who.PROJECT, On.STORAGE_ENDPOINT): ["acdd72a7"],
    (Who.PERSON, On.STORAGE): ["ba92f5b4", "69566ab7"],
    (Who.PERSON, On.SEARCH): ["7ca78c08", "8ebe5a00"],
    (Who.SEARCH, On.ACCOUNT): ["5e0bd9bd"],
    (Who.ACCOUNT, On.SEARCH): ["7ca78c08", "8ebe5a00"],
    (Who.ENDPOINT, On.STORAGE): ["ba92f5b4"],
    (Who.ENDPOINT, On.REGISTRY): ["7f951dda"],
    (Who.ENDPOINT, On.ABAC_REGISTRY): ["b93aa761"],
    (Who.ENDPOINT, On.ACCOUNT): ["5e0bd9bd"],
    (Who.ENDPOINT, On.SEARCH): ["1407120a"],
    (Who.ENDPOINT, On.DATA): ["2a2b9908"],
    (Who.ENDPOINT, On.WORKSPACE): ["ea01e6af"],
}


@pytest.mark.parametrize(("pair", "roles"), EXPECTED.items())
def test_the_roles_to_grant(pair: tuple[Who, On], roles: list[str]) -> None:
    assert [each.roles[0][:8] for each in needs(*pair)] == roles


def test_nothing_else_is_expected() -> None:
    assert {(each.who, each.on) for each in MATRIX} == set(EXPECTED)


def test_what_will_do_instead() -> None:
    enough = {(each.who, each.on): each.roles for each in MATRIX}
    assert "b24988ac" in {role[:8] for role in enough[Who.HUB, On.GROUP]}
    assert "a001fd3d" in {role[:8] for role in enough[Who.SEARCH, On.ACCOUNT]}
    assert "1407120a" in {role[:8] for role in enough[Who.ACCOUNT, On.SEARCH]}
