"""When policies were evaluated: asked of Resource Graph where groups are filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scanner.collect.plan import never_made
from scanner.emulator.faults import Status
from scanner.model.coverage import Outcome

Scan = Callable[..., Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
NETWORKS = f"{SUB}/resourceGroups/rg/providers/Microsoft.Network"
MANAGER = {"id": f"{NETWORKS}/networkManagers/nm", "properties": {}}
GROUP = {"id": f"{MANAGER['id']}/networkGroups/spokes", "properties": {}}
STATES = "Microsoft.PolicyInsights/policyStates"
PATH = "Microsoft.ResourceGraph"


def state(number: int) -> dict[str, Any]:
    return {
        "id": f"{NETWORKS}/virtualNetworks/v{number}/providers/{STATES}/s",
        "properties": {"timestamp": "2026-08-31T03:00:00Z"},
    }


def of_states(done: Any) -> Any:
    (reading,) = (each for each in done.readings if each.resource_type == STATES)
    return reading


def test_states_are_asked_for_where_there_are_groups(scan_estate: Scan) -> None:
    bodies = (MANAGER, GROUP, *map(state, range(3)))
    done = scan_estate(bodies=bodies)
    assert done.asked(PATH) == 2
    reading = of_states(done)
    assert (reading.outcome, reading.count) == (Outcome.READ, 3)
    found = {each.id for each in done.records if each.type == STATES}
    assert found == {body["id"] for body in bodies[2:]}


def test_many_states_come_in_pages(scan_estate: Scan) -> None:
    done = scan_estate(bodies=(MANAGER, GROUP, *map(state, range(2100))))
    assert done.asked(PATH) == 4
    assert of_states(done).count == 2100


@pytest.mark.parametrize(
    ("bodies", "graph"), [((), True), ((MANAGER,), True), ((MANAGER, GROUP), False)]
)
def test_states_are_not_asked_for_without_need_or_leave(
    scan_estate: Scan, bodies: tuple[Any, ...], graph: bool
) -> None:
    done = scan_estate(bodies=bodies, graph=graph)
    assert STATES not in {each.resource_type for each in done.readings}
    assert never_made(done.records, done.readings, TENANT, graph=graph) == []


def test_a_refused_query_is_a_gap(scan_estate: Scan) -> None:
    path = "/providers/Microsoft.ResourceGraph/*"
    refused = Status(path=path, status=403, code="AccessDenied")
    done = scan_estate(refused, bodies=(MANAGER, GROUP))
    assert [each.resource_type for each in done.gaps] == [STATES]
    assert done.gaps[0].gaps[0].http_status == 403


def test_a_run_that_ended_before_is_without_states(scan_estate: Scan) -> None:
    done = scan_estate(bodies=(MANAGER, GROUP, state(1)))
    rest = [each for each in done.readings if each.resource_type != STATES]
    (lacking,) = never_made(done.records, rest, TENANT)
    assert lacking.resource_type == STATES
    again = scan_estate(bodies=(MANAGER, GROUP, state(1)), earlier=True)
    assert again.asked(PATH) == 1
    assert of_states(again).whole
