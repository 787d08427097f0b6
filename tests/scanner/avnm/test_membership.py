"""Who is in which network group, who manages whom, and rules at odds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.avnm.clashes import AdminRule, clashing
from scanner.avnm.membership import (
    Doubt,
    Facts,
    Group,
    Manager,
    Membership,
    Network,
    Overlap,
    Rule,
    Standing,
    manages,
    overlaps,
)
from scanner.policy.conditions import Subject

ZONES = "/providers/microsoft.management/managementgroups/zones"
SUBSCRIPTION = "/subscriptions/s"
ID = f"{SUBSCRIPTION}/providers/Microsoft.Network/virtualNetworks/net"
PROD = {"field": "tags['env']", "equals": "prod"}
ODD = {"field": "odd", "equals": "x"}
NAMED = {"field": "name", "equals": "net"}
NO = {"field": "name", "equals": "other"}

MANAGER = Manager("nm", frozenset({ZONES}), features=frozenset({"connectivity"}))
GROUP = Group("nm/g", "nm")
NETWORK = Network(
    Subject(ID, "westeurope", {"env": "prod"}), frozenset({SUBSCRIPTION, ZONES})
)


def standing(
    network: Network, *groups: Group, manager: Manager = MANAGER, doubt: bool = False
) -> Membership:
    return Membership(
        Facts(
            managers={"nm": manager},
            groups={each.id: each for each in groups},
            networks={"net": network},
            doubts=(Doubt("more"),) if doubt else (),
        )
    )


def rule(condition: object, group: str = "nm/g", doubt: Doubt | None = None) -> Rule:
    return Rule("definition", group, condition, doubt)


@pytest.mark.parametrize(
    ("rules", "groups", "said"),
    [
        ((rule(PROD),), {"nm/g": ("definition",)}, ""),
        ((rule(PROD), rule(PROD)), {"nm/g": ("definition", "definition")}, ""),
        ((rule(NO),), {}, ""),
        ((rule(ODD),), {}, "the field odd"),
        ((rule(PROD, doubt=Doubt("refused")),), {}, "refused"),
        ((rule(NO, doubt=Doubt("refused")),), {}, ""),
        ((rule(PROD, group="elsewhere"),), {}, "elsewhere was not read"),
    ],
)
def test_policies_take_networks_in(
    rules: tuple[Rule, ...], groups: dict[str, tuple[str, ...]], said: str
) -> None:
    found = standing(replace(NETWORK, rules=rules), GROUP)
    assert found.standings["net"].groups == groups
    assert said in " ".join(doubt.reason for _, doubt in found.standings["net"].open)
    assert bool(found.standings["net"].open) is bool(said)
    assert found.members("nm/g") == (("net",) if groups else ())


def test_members_by_hand_and_by_policy() -> None:
    by_hand = replace(GROUP, members=frozenset({"net"}), guarded=True)
    other = replace(GROUP, id="nm/h")
    network = replace(NETWORK, rules=(rule(PROD, "nm/h"), rule(NO, "nm/h")))
    found = standing(network, by_hand, other)
    assert found.standings["net"].groups == {"nm/g": (), "nm/h": ("definition",)}
    assert found.guarded("net")
    assert [each.group for each in found.by_tags("net")] == ["nm/h"]
    assert not [*found.doubts("nm/g")]


@pytest.mark.parametrize(
    ("group", "rules"),
    [
        (replace(GROUP, members=frozenset({"net"})), (rule(PROD),)),
        (GROUP, (rule(PROD), Rule("another", "nm/g", NAMED))),
        (GROUP, (rule({"anyOf": [PROD, NAMED]}),)),
        (GROUP, (rule(PROD), rule(ODD))),
        (replace(GROUP, doubts=(Doubt("members"),)), (rule(PROD),)),
    ],
    ids=["by hand", "another policy", "by name or tag", "open", "unread"],
)
def test_tags_do_not_keep_who_stays_without(
    group: Group, rules: tuple[Rule, ...]
) -> None:
    found = standing(replace(NETWORK, rules=rules), group)
    assert "nm/g" in found.standings["net"].groups
    assert not found.by_tags("net")


def test_without_features_nobody_is_taken_in() -> None:
    group = replace(GROUP, members=frozenset({"net"}), doubts=(Doubt("members"),))
    idle = replace(MANAGER, features=frozenset(), doubts=(Doubt("groups"),))
    found = standing(replace(NETWORK, rules=(rule(PROD),)), group, manager=idle)
    assert found.standings["net"] == Standing((), {}, frozenset(), ())


def test_outside_of_the_scope_nobody_is_taken_in() -> None:
    network = replace(NETWORK, scopes=frozenset({SUBSCRIPTION}), rules=(rule(PROD),))
    group = replace(GROUP, members=frozenset({"net"}))
    assert not standing(network, group).standings["net"].groups
    unknown = standing(replace(network, knows_above=False), group).standings["net"]
    assert not unknown.groups
    assert {group for group, _ in unknown.open} == {"", "nm/g"}


def test_what_was_not_read_is_said_of_every_group() -> None:
    group = replace(GROUP, doubts=(Doubt("members"),))
    manager = replace(MANAGER, doubts=(Doubt("groups"),))
    network = replace(NETWORK, doubts=(Doubt("policies"),))
    found = standing(network, group, manager=manager, doubt=True)
    reasons = {each.reason for each in found.doubts("nm/g")}
    assert reasons == {"members", "groups", "policies", "more"}


def test_scopes() -> None:
    assert manages(MANAGER, NETWORK) is True
    beside = replace(NETWORK, scopes=frozenset({SUBSCRIPTION}))
    assert manages(MANAGER, beside) is False
    assert manages(MANAGER, replace(beside, knows_above=False)) is None
    of_one = replace(MANAGER, scopes=frozenset({"/subscriptions/t"}))
    assert manages(of_one, replace(beside, knows_above=False)) is False


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (replace(MANAGER, id="b"), [Overlap("b", MANAGER.features, same=True)]),
        (replace(MANAGER, id="b", features=frozenset({"routing"})), []),
        (MANAGER, []),
        (
            replace(
                MANAGER,
                id="b",
                scopes=frozenset({SUBSCRIPTION}),
                above=frozenset({ZONES}),
            ),
            [Overlap("b", MANAGER.features, same=False)],
        ),
        (
            replace(MANAGER, id="b", scopes=frozenset({"/top"})),
            [Overlap("b", MANAGER.features, same=False, higher=True)],
        ),
        (replace(MANAGER, id="b", scopes=frozenset({"/aside"})), []),
    ],
)
def test_overlaps(other: Manager, found: list[Overlap]) -> None:
    own = replace(MANAGER, above=frozenset({"/top"}))
    assert [*overlaps(own, {"b": other})] == found


# Rules at odds

DENY = AdminRule(
    "a", "Deny", "Inbound", "Tcp", ("22", "3389"), ("Internet",), ("*",), ("1-9",)
)
ALLOW = replace(DENY, id="b", access="AlwaysAllow", ports=("20-25",))


@pytest.mark.parametrize(
    ("change", "clash"),
    [
        ({}, True),
        ({"access": "deny"}, False),
        ({"direction": "Outbound"}, False),
        ({"protocol": "Udp"}, False),
        ({"protocol": "Any"}, True),
        ({"ports": ("443", "23-24")}, False),
        ({"ports": ()}, True),
        ({"ports": ("odd",)}, True),
        ({"source_ports": ("10-65535",)}, False),
        ({"source_ports": ("0-65535",)}, True),
        ({"source_ports": ()}, True),
        ({"sources": ("10.0.0.0/8",)}, False),
        ({"sources": ("0.0.0.0/0",)}, True),
        ({"destinations": ("10.0.0.0/8",)}, True),
    ],
)
def test_clashes(change: dict[str, object], clash: bool) -> None:
    other = replace(ALLOW, **change)  # type: ignore[arg-type]
    assert bool(clashing([DENY], [other])) is clash
    assert bool(clashing([other], [DENY])) is clash


PORTS = st.lists(
    st.builds(
        lambda low, more: (low, low + more), st.integers(0, 9), st.integers(0, 3)
    ),
    min_size=1,
    max_size=3,
)


@given(one=PORTS, two=PORTS)
def test_ports_meet_where_they_have_one_in_common(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    def named(ranges: list[tuple[int, int]]) -> tuple[str, ...]:
        return tuple(str(a) if a == b else f"{a}-{b}" for a, b in ranges)

    def every(ranges: list[tuple[int, int]]) -> set[int]:
        return {port for a, b in ranges for port in range(a, b + 1)}

    found = clashing(
        [replace(DENY, ports=named(one))], [replace(ALLOW, ports=named(two))]
    )
    assert bool(found) is bool(every(one) & every(two))
