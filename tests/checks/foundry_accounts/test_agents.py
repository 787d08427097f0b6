"""Agents of Foundry accounts: their subnets, the way out, and their stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_accounts import agents as foundry_agents
from scanner.model.check import Status
from scanner.model.cognitive import (
    AccountCapabilityHost,
    ManagedNetwork,
    Project,
    ProjectCapabilityHost,
)
from scanner.model.network import VirtualNetwork
from scanner.model.traffic import RouteTable, SecurityGroup

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/account"
PROJECT = f"{ACCOUNT}/projects/project"
NETWORK = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{NETWORK}/subnets/agents"
TABLE = f"{PROVIDERS}/Microsoft.Network/routeTables/table"
GROUP = f"{PROVIDERS}/Microsoft.Network/networkSecurityGroups/group"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
ABSENT: object = ...

CHECKS = {check.id: check for check in foundry_agents.CHECKS}
INJECTED = [{"scenario": "agent", "subnetArmId": SUBNET}]
MANAGED = [{"scenario": "agent", "subnetArmId": "", "useMicrosoftManagedNetwork": True}]


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def account(injected: object = INJECTED) -> Body:
    return body(ACCOUNT, {"networkInjections": injected}, kind="AIServices")


def host(of: str = PROJECT, **properties: object) -> Body:
    return body(
        f"{of}/capabilityHosts/h", {"capabilityHostKind": "Agents"} | properties
    )


def network(**properties: object) -> Body:
    usual = {
        "delegations": [{"properties": {"serviceName": "Microsoft.App/environments"}}],
        "routeTable": {"id": TABLE},
        "networkSecurityGroup": {"id": GROUP},
    }
    return body(NETWORK, {"subnets": [body(SUBNET, {**usual, **properties})]})


def table(*routes: tuple[str, object]) -> Body:
    made = [
        {"properties": {"addressPrefix": prefix, "nextHopType": hop}}
        for prefix, hop in routes
    ]
    return body(TABLE, {"routes": made})


def halves(hop: str) -> list[tuple[str, object]]:
    return [("0.0.0.0/1", hop), ("128.0.0.0/1", hop)]


THROUGH = ("0.0.0.0/0", "VirtualAppliance")
RUNNING = (body(PROJECT, {}), host())


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(CHECKS[check], *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


# Where agents run


@pytest.mark.parametrize(
    ("injected", "agents", "otherwise"),
    [
        (INJECTED, PASS, PASS),
        (INJECTED[0], PASS, PASS),
        ([{"scenario": "AGENT", "subnetArmId": SUBNET.upper()}], PASS, PASS),
        ([{"scenario": "none", "subnetArmId": SUBNET}], WARN, NONE),
        ([{"scenario": "agent", "subnetArmId": f"{NETWORK}/subnets/x"}], WARN, NONE),
        ([{"scenario": "agent", "subnetArmId": None}], WARN, NONE),
        ([{"subnetArmId": SUBNET}], WARN, NONE),
        (MANAGED, WARN, NONE),
        ([], WARN, NONE),
        (None, WARN, NONE),
        (ABSENT, WARN, NONE),
        ("agent", UNREAD, UNREAD),
        ([{"scenario": "agent", "subnetArmId": "no id"}], UNREAD, UNREAD),
        ([{"scenario": "agent", "subnetArmId": "/"}], UNREAD, UNREAD),
        ([{"scenario": "agent", "subnetArmId": 7}], UNREAD, UNREAD),
    ],
)
def test_agents_are_in_a_subnet(
    injected: object, agents: Status, otherwise: Status, verdicts: Verdicts
) -> None:
    check, given = "fdp-agent-network-injection", (account(injected), network())
    assert status_of(verdicts, check, *given, *RUNNING) is agents
    assert status_of(verdicts, check, *given, RUNNING[0]) is otherwise


@pytest.mark.parametrize(
    ("delegations", "status"),
    [
        ([{"properties": {"serviceName": "microsoft.app/environments"}}], PASS),
        ([{"properties": {"serviceName": "Microsoft.Web/serverFarms"}}], WARN),
        ([], WARN),
        (None, WARN),
        (ABSENT, WARN),
        ("Microsoft.App/environments", UNREAD),
    ],
)
def test_the_subnet_is_delegated(
    delegations: object, status: Status, verdicts: Verdicts
) -> None:
    given = (account(), network(delegations=delegations), *RUNNING)
    assert status_of(verdicts, "fdp-agent-network-injection", *given) is status


def test_an_unfit_subnet_needs_no_other_account(verdicts: Verdicts) -> None:
    check = CHECKS["fdp-agent-network-injection"]
    elsewhere = account([{"scenario": "agent", "subnetArmId": f"{NETWORK}/subnets/x"}])
    for given in ((account(), network(delegations=[])), (elsewhere, network())):
        result = verdicts(check, *given, *RUNNING).only(ACCOUNT)
        assert result.advice.startswith("Make the subnet what it was named for")
    assert verdicts(check, account([]), *RUNNING).only(ACCOUNT).advice == ""


def test_where_agents_run_may_not_be_known(verdicts: Verdicts) -> None:
    check, unread = "fdp-agent-network-injection", [(VirtualNetwork, SUBSCRIPTION)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD
    assert status_of(verdicts, check, account(), *RUNNING) is WARN
    elsewhere = [{"scenario": "agent", "subnetArmId": SUBNET.replace("bbbb", "cccc")}]
    given = account(elsewhere)
    assert status_of(verdicts, check, given, *RUNNING, whole_tenant=False) is UNREAD


def test_who_runs_agents_may_not_be_known(verdicts: Verdicts) -> None:
    check, given = "fdp-agent-network-injection", account([])
    project, other = RUNNING[0], body(f"{ACCOUNT}/projects/a", {})
    unread: list[Any] = [(ProjectCapabilityHost, other["id"])]
    for bodies, status in (((other,), UNREAD), ((other, *RUNNING), WARN)):
        assert status_of(verdicts, check, given, *bodies, unread=unread) is status
    assert status_of(verdicts, check, given, project) is NONE
    assert status_of(verdicts, check, given, unread=[(Project, ACCOUNT)]) is UNREAD
    of_another_kind = host(capabilityHostKind="Other")
    assert status_of(verdicts, check, given, project, of_another_kind) is NONE


# The way out


@pytest.mark.parametrize(
    ("routes", "status"),
    [
        ([THROUGH], PASS),
        ([("0.0.0.0/0", "virtualappliance"), ("10.0.0.0/8", "VnetLocal")], PASS),
        ([THROUGH, ("20.0.0.0/8", "Internet")], WARN),
        ([("0.0.0.0/0", "Internet")], FAIL),
        ([("0.0.0.0/0", None)], FAIL),
        ([("10.0.0.0/8", "VirtualAppliance")], FAIL),
        ([], FAIL),
        (halves("VirtualAppliance"), PASS),
        ([("0.0.0.0/0", "Internet"), *halves("VirtualAppliance")], PASS),
        ([THROUGH, *halves("Internet")], FAIL),
        ([THROUGH, *halves("Internet")[:1]], WARN),
        (halves("VirtualAppliance")[:1], FAIL),
        ([("0.0.0.0/0", ["VirtualAppliance"])], UNREAD),
    ],
)
def test_routes(
    routes: list[tuple[str, object]], status: Status, verdicts: Verdicts
) -> None:
    given = (account(), network(), table(*routes), body(GROUP, {}))
    assert status_of(verdicts, "fdp-agent-subnet-egress", *given) is status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"routeTable": None}, FAIL),
        ({"routeTable": ABSENT}, FAIL),
        ({"routeTable": {"id": f"{TABLE}-gone"}}, FAIL),
        ({"routeTable": TABLE}, UNREAD),
        ({"networkSecurityGroup": None}, WARN),
        ({"networkSecurityGroup": ABSENT}, WARN),
        ({"networkSecurityGroup": {"id": f"{GROUP}-gone"}}, WARN),
        ({"networkSecurityGroup": {"id": 7}}, UNREAD),
    ],
)
def test_what_the_subnet_has(changes: Body, status: Status, verdicts: Verdicts) -> None:
    given = (account(), network(**changes), table(THROUGH), body(GROUP, {}))
    assert status_of(verdicts, "fdp-agent-subnet-egress", *given) is status


def test_what_was_not_read_decides_nothing(verdicts: Verdicts) -> None:
    check, given = "fdp-agent-subnet-egress", (account(), network())
    for view in (RouteTable, SecurityGroup):
        made = [] if view is RouteTable else [table(THROUGH)]
        unread: list[Any] = [(view, SUBSCRIPTION)]
        assert status_of(verdicts, check, *given, *made, unread=unread) is UNREAD
    unread = [(SecurityGroup, SUBSCRIPTION)]
    assert status_of(verdicts, check, *given, table(), unread=unread) is FAIL
    unread = [(VirtualNetwork, SUBSCRIPTION)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD
    assert status_of(verdicts, check, account()) is FAIL


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("AllowOnlyApprovedOutbound", PASS),
        ("allowOnlyApprovedOutbound", PASS),
        ("AllowInternetOutbound", FAIL),
        ("Disabled", FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        (7, UNREAD),
    ],
)
def test_a_network_of_microsoft_s(
    mode: object, status: Status, verdicts: Verdicts
) -> None:
    network = {"managedNetwork": {"isolationMode": mode}}
    made = body(f"{ACCOUNT}/managedNetworks/default", network)
    check = "fdp-agent-subnet-egress"
    assert status_of(verdicts, check, account(MANAGED), made) is status


def test_a_route_table_closes_no_network_of_microsoft_s(verdicts: Verdicts) -> None:
    def advice(injected: object) -> str:
        check = CHECKS["fdp-agent-subnet-egress"]
        result = verdicts(check, account(injected), network(routeTable=None)).only()
        assert result.status is FAIL
        return result.advice

    assert "isolationMode to AllowOnlyApprovedOutbound" in advice(MANAGED)
    assert advice(INJECTED) == advice([*INJECTED, *MANAGED]) == ""


def test_a_managed_network_that_was_not_read(verdicts: Verdicts) -> None:
    check, given = "fdp-agent-subnet-egress", account(MANAGED)
    assert status_of(verdicts, check, given) is FAIL
    unread = [(ManagedNetwork, ACCOUNT)]
    assert status_of(verdicts, check, given, unread=unread) is UNREAD
    for nowhere in ([], None, ABSENT):
        assert status_of(verdicts, check, account(nowhere)) is NONE


# What agents keep

THREE: Body = {
    "threadStorageConnections": ["t"],
    "vectorStoreConnections": ["v"],
    "storageConnections": ["s"],
}


@pytest.mark.parametrize(
    ("own", "shared", "status"),
    [
        (THREE, None, PASS),
        ({}, THREE, PASS),
        ({"storageConnections": ["s"]}, THREE, PASS),
        ({}, {}, WARN),
        (dict.fromkeys(THREE, None), None, WARN),
        ({key: [] for key in THREE}, None, WARN),
        ({"storageConnections": ["s"]}, None, FAIL),
        ({**THREE, "vectorStoreConnections": []}, {}, FAIL),
        ({**THREE, "vectorStoreConnections": "v"}, None, UNREAD),
        (None, THREE, NONE),
    ],
)
def test_stores(
    own: Body | None, shared: Body | None, status: Status, verdicts: Verdicts
) -> None:
    made = [] if own is None else [host(**own)]
    made += [] if shared is None else [host(ACCOUNT, **shared)]
    given = (body(PROJECT, {}), account(), *made)
    assert status_of(verdicts, "fdp-agent-standard-setup", *given) is status


def test_hosts_that_were_not_read(verdicts: Verdicts) -> None:
    check, given = "fdp-agent-standard-setup", (body(PROJECT, {}), account())
    unread: list[Any] = [(ProjectCapabilityHost, PROJECT)]
    assert status_of(verdicts, check, *given, unread=unread) is UNREAD
    unread = [(AccountCapabilityHost, ACCOUNT)]
    assert status_of(verdicts, check, *given, host(), unread=unread) is UNREAD
    assert status_of(verdicts, check, *given, host(**THREE), unread=unread) is PASS
