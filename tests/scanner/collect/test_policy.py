"""Policies: assignments with those inherited, definitions where they lie, once each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scanner.collect.plan import never_made, tenant_scope
from scanner.emulator.faults import Malformed, Status
from scanner.model.coverage import Outcome, Reading
from scanner.model.ids import id_key

Scan = Callable[..., Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
PROVIDER = "/providers/Microsoft.Authorization"
TOP = "/providers/Microsoft.Management/managementGroups/top"
ONE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
TWO = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"

BENCHMARK = f"{PROVIDER}/policySetDefinitions/benchmark"
OWN = f"{TOP}{PROVIDER}/policySetDefinitions/own"
BODIES = (
    *(
        {
            "id": f"{scope}{PROVIDER}/policyAssignments/{name}",
            "properties": {"policyDefinitionId": what},
        }
        for scope, name, what in (
            (TOP, "inherited", BENCHMARK.upper()),
            (ONE, "direct", BENCHMARK),
            (TWO, "custom", OWN),
        )
    ),
    *(
        {"id": name, "properties": {"policyType": "BuiltIn"}}
        for name in (BENCHMARK, f"{PROVIDER}/policyDefinitions/keys")
    ),
    {"id": OWN, "properties": {"policyType": "Custom"}},
    {"id": f"{TWO}{PROVIDER}/policyDefinitions/own", "properties": {}},
)


def readings(done: Any, kind: str) -> dict[str, Reading]:
    """Return what became of the reads of a type, by scope."""
    found = [each for each in done.readings if each.resource_type.endswith(f"/{kind}")]
    return {id_key(each.scope): each for each in found}


def test_assignments_are_listed_with_those_inherited(scan_estate: Scan) -> None:
    made = readings(scan_estate(bodies=BODIES), "policyAssignments")
    assert {scope: each.count for scope, each in made.items()} == {ONE: 2, TWO: 2}
    assert not any(each.gaps for each in made.values())


def test_an_initiative_of_azure_is_read_once_by_its_name(scan_estate: Scan) -> None:
    done = scan_estate(bodies=BODIES)
    made = readings(done, "policySetDefinitions")
    assert done.asked("policySetDefinitions/") == 1
    assert made[id_key(BENCHMARK)].outcome is Outcome.READ
    assert id_key(OWN) not in made
    assert never_made(done.records, done.readings, TENANT) == []


def test_definitions_are_read_where_they_lie(scan_estate: Scan) -> None:
    done = scan_estate(bodies=BODIES)
    definitions = readings(done, "policyDefinitions")
    counts = {scope: each.count for scope, each in definitions.items() if each.count}
    assert counts == {tenant_scope(TENANT): 1, TWO: 1}
    assert readings(done, "policySetDefinitions")[id_key(TOP)].count == 1


@pytest.mark.parametrize("status", [403, 500])
def test_an_initiative_that_is_refused_is_a_gap(scan_estate: Scan, status: int) -> None:
    fault = Status(scope=BENCHMARK, status=status, code="No")
    done = scan_estate(fault, bodies=BODIES)
    (gap,) = done.gaps
    assert id_key(gap.scope) == id_key(BENCHMARK)
    assert gap.gaps[0].http_status == status


def test_an_initiative_that_is_gone_is_known_to_be(scan_estate: Scan) -> None:
    gone = [each for each in BODIES if each["id"] != BENCHMARK]
    done = scan_estate(bodies=gone)
    assert not done.gaps
    assert readings(done, "policySetDefinitions")[id_key(BENCHMARK)].outcome is (
        Outcome.EMPTY
    )


def test_an_initiative_that_is_no_resource_is_a_gap(scan_estate: Scan) -> None:
    fault = Malformed(scope=BENCHMARK, form="object")
    (gap,) = scan_estate(fault, bodies=BODIES).gaps
    assert gap.gaps[0].reason == "malformed: item 1 is not an object"


def test_what_is_refused_above_the_subscriptions_is_no_gap(scan_estate: Scan) -> None:
    refused = Status(
        type="Microsoft.Authorization/policyDefinitions", scope=TOP, status=403
    )
    done = scan_estate(refused, bodies=BODIES)
    assert not done.gaps
    assert readings(done, "policyDefinitions")[id_key(TOP)].gaps
