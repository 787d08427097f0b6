"""Agents of Foundry accounts: their network, and where they keep what they know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.foundry_accounts.agent_projects import (
    Store,
    hosts,
    injections,
    run_agents,
    stores,
)
from checks.shared.subnets import subnet_of
from checks.shared.wording import quote, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, Project, is_foundry
from scanner.model.ids import ResourceId
from scanner.model.network import Subnet
from scanner.model.tenant import Tenant
from scanner.model.traffic import Route, RouteTable, SecurityGroup

DELEGATION = "Microsoft.App/environments"
"""Whom a subnet of agents is delegated to."""

_ANYWHERE = "0.0.0.0/0"
_HALVES = ("0.0.0.0/1", "128.0.0.0/1")
"""Routes for both take all traffic from the one for anywhere: they are narrower."""


@check(
    id="fdp-agent-network-injection",
    title="Foundry agents run in a subnet of the customer's",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=(Post.OUTBOUND_ACCESS, Post.FOUNDRY_BASICS),
    controls=(
        "MCSB:NS-1",
        "MCSB:NS-2",
        "NIST-800-53:SC-7",
        "NIST-800-53:AC-4",
        "ISO-27001-2022:A.8.22",
        "PCI-DSS-4.0.1:1.4.4",
    ),
)
def agent_network_injection(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.networkInjections`, the subnet named there, and capability hosts.

    An entry counts with scenario `agent` and a `subnetArmId`; the subnet must be there
    and delegated to `Microsoft.App/environments`. Absent, null and empty mean that
    agents run in a network of Microsoft's (Cognitive Services REST reference,
    2025-09-01). Where no project has a capability host, the check is not applicable.

    ## Why it matters
    An agent calls tools: web pages, APIs, MCP servers. In a network of Microsoft's
    these calls pass none of your firewalls and reach none of your private endpoints;
    what `restrictOutboundNetworkAccess` limits is the account, not its agents.

    ## How to fix
    Make the account anew with a subnet for agents of its own, which must be there,
    empty and delegated, before the first capability host is made.

    ```sh
    az network vnet subnet create --resource-group RG --vnet-name VNET --name agents \
      --address-prefixes 10.0.8.0/24 --delegations Microsoft.App/environments
    ```

    ```bicep
    resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' = {
      kind: 'AIServices'
      properties: {
        networkInjections: [
          { scenario: 'agent', subnetArmId: agents.id }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "foundry" {
      kind = "AIServices"
      network_injection {
        scenario  = "agent"
        subnet_id = azurerm_subnet.agents.id
      }
    }
    ```

    Capability hosts cannot be changed: agents, threads and files of the old account
    have to be made anew or left behind. Agents in a subnet need the standard setup
    (`fdp-agent-standard-setup`), and their subnet a way out through your firewall
    (`fdp-agent-subnet-egress`): by itself it leads straight to the Internet.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - AI Foundry - The Basics
    - Microsoft Learn: Set up private networking for Foundry Agent Service
    """
    every = injections(account)
    named = [each.subnet_id for each in every if each.subnet_id]
    wrong = [said for each in named for said in _unfit(each, subnet_of(tenant, each))]
    if named and not wrong:
        return passed(f"agents run in subnet {some(map(_name, named))}")
    running = [each.name for each in run_agents(account)]
    if not running:
        return not_applicable("no project has a capability host for agents")
    if wrong:
        return warned(some(wrong), _MEND)
    where = "a network that Microsoft manages" if every else "Microsoft's own network"
    return warned(f"agents of {some(running)} run in {where}")


_MEND = (
    "Make the subnet what it was named for: there under that name, used by nothing "
    f"else, and delegated to {DELEGATION}. Another subnet needs another account."
)


def _name(subnet_id: str) -> str:
    return ResourceId.parse(subnet_id).name


def _unfit(subnet_id: str, subnet: Subnet | None) -> Iterator[str]:
    """Yield why agents cannot run in a subnet."""
    if subnet is None:
        yield f"subnet {_name(subnet_id)} does not exist"
    elif DELEGATION.lower() not in map(str.lower, subnet.delegations or ()):
        yield f"subnet {_name(subnet_id)} is not delegated to {DELEGATION}"


@check(
    id="fdp-agent-subnet-egress",
    title="What Foundry agents send out goes through a firewall",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=(Post.OUTBOUND_ACCESS, Post.FOUNDRY_BASICS),
    controls=(
        "MCSB:NS-2",
        "MCSB:NS-3",
        "NIST-800-53:SC-7",
        "NIST-800-53:SC-7(5)",
        "NIST-800-53:AC-4",
        "ISO-27001-2022:A.8.20",
        "ISO-27001-2022:A.8.22",
        "PCI-DSS-4.0.1:1.3.2",
    ),
)
def agent_subnet_egress(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.networkInjections`, and the routes of the subnet named there.

    The subnet needs a route table whose route for `0.0.0.0/0` leads to a virtual
    appliance, and a network security group; without a route Azure sends such traffic
    straight to the Internet (Microsoft Learn, "Virtual network traffic routing"). Where
    there are routes for `0.0.0.0/1` and `128.0.0.0/1`, they count in its place. No
    security group, or a route that leads past the appliance to the Internet, warns. In
    a network that Microsoft manages, `managedNetwork.isolationMode` must be
    `AllowOnlyApprovedOutbound`; absent and null are no isolation. Agents in neither are
    not applicable (`fdp-agent-network-injection`).

    ## Why it matters
    A subnet of your own changes nothing by itself: what leaves it goes to the Internet
    unseen. An agent that a document talked into it can post what it has read to any
    host, unless something on the way asks which host that is.

    ## How to fix
    Give the subnet of the agents a network security group and a route table whose
    default route leads to your firewall, and allow there the hosts that the agents
    need; take out routes past it. Let a network that Microsoft manages allow only what
    is approved.

    ```sh
    az network route-table route create --resource-group RG \
      --route-table-name agents --name through-firewall \
      --address-prefix 0.0.0.0/0 --next-hop-type VirtualAppliance \
      --next-hop-ip-address FIREWALL_IP
    az network vnet subnet update --resource-group RG --vnet-name VNET \
      --name agents --route-table agents --network-security-group agents
    az cognitiveservices account managed-network update --resource-group RG \
      --name ACCOUNT --managed-network allow_only_approved_outbound
    ```

    ```bicep
    resource table 'Microsoft.Network/routeTables@2024-05-01' = {
      properties: {
        disableBgpRoutePropagation: true
        routes: [
          {
            name: 'through-firewall'
            properties: {
              addressPrefix: '0.0.0.0/0'
              nextHopType: 'VirtualAppliance'
              nextHopIpAddress: firewallAddress
            }
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_route" "through_firewall" {
      address_prefix         = "0.0.0.0/0"
      next_hop_type          = "VirtualAppliance"
      next_hop_in_ip_address = var.firewall_address
    }
    ```

    Agents stop where the firewall does not yet let them through: the hosts that Azure
    Container Apps and the Agent Service need come first. So do the outbound rules of a
    managed network, private endpoints to the stores among them. Where
    `changeableIsolationModes` of it does not name the mode, the account has to be made
    anew; there is no way back to a wider one.

    ## Exceptions
    In a secured virtual hub the default route is announced by the hub and is in no
    route table: accept the finding with a reference to the routing intent.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - AI Foundry - The Basics
    - Microsoft Learn: Set up private networking for Foundry Agent Service
    """
    every = injections(account)
    named = [each.subnet_id for each in every if each.subnet_id]
    managed = any(each.managed_by_microsoft for each in every if not each.subnet_id)
    if not named and not managed:
        return not_applicable("agents run in no subnet and no managed network")
    subnets = [(each, subnet_of(tenant, each)) for each in named]
    open_ = [said for each in subnets for said in _ways_out(tenant, *each)]
    advice = "" if open_ else _APPROVE
    if managed:
        open_ += _managed_ways_out(account)
    if open_:
        return failed(some(open_), advice)
    weak = [said for each in subnets for said in _weak(tenant, *each)]
    if weak:
        return warned(some(weak))
    return passed("what agents send out goes through a firewall")


_APPROVE = (
    "Add outbound rules to the managed network for all that the agents need, private "
    "endpoints to their stores among them. Then set its isolationMode to "
    "AllowOnlyApprovedOutbound: what no rule names is out of reach from then on."
)


def _managed_ways_out(account: CognitiveAccount) -> Iterator[str]:
    """Yield how far a network of Microsoft's is open."""
    modes = [each.isolation_mode for each in account.managed_networks] or [None]
    for mode in modes:
        if (mode or "").lower() != "allowonlyapprovedoutbound":
            yield f"isolationMode of the managed network is {shown(mode)}"


def _ways_out(tenant: Tenant, subnet_id: str, subnet: Subnet | None) -> Iterator[str]:
    """Yield why a subnet's traffic goes out past any firewall."""
    name = _name(subnet_id)
    if subnet is None:
        yield f"subnet {name} does not exist"
        return
    table = _table(tenant, subnet)
    if table is None:
        yield f"subnet {name} has no route table"
        return
    default = _default_routes(table)
    if not default:
        yield f"the route table of subnet {name} has no route for {_ANYWHERE}"
    for route in default:
        if (route.next_hop_type or "").lower() != "virtualappliance":
            hop = shown(route.next_hop_type)
            yield f"{route.prefix} of subnet {name} leads to {hop}"


def _default_routes(table: RouteTable) -> list[Route]:
    """Return the routes that traffic takes for which there is no narrower one."""
    routes = {each.prefix: each for each in table.routes}
    halves = [routes[half] for half in _HALVES if half in routes]
    if len(halves) == len(_HALVES):
        return halves
    return [routes[_ANYWHERE]] if _ANYWHERE in routes else []


def _table(tenant: Tenant, subnet: Subnet) -> RouteTable | None:
    named = subnet.route_table_id
    return tenant.get(RouteTable, named) if named else None


def _weak(tenant: Tenant, subnet_id: str, subnet: Subnet | None) -> Iterator[str]:
    """Yield what a subnet lacks beside the way out, or lets past it."""
    if subnet is None:
        return
    group = subnet.security_group_id
    if not group or tenant.get(SecurityGroup, group) is None:
        yield f"subnet {_name(subnet_id)} has no network security group"
    table = _table(tenant, subnet)
    for route in table.routes if table else ():
        past = (route.next_hop_type or "").lower() == "internet"
        if past and route.prefix != _ANYWHERE:
            yield f"{quote(route.prefix or '')} leads past the firewall"


@check(
    id="fdp-agent-standard-setup",
    title="Foundry agents keep their data in stores of the customer's",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.LOW,
    on=Project,
    guidance=(Post.FOUNDRY_BASICS, Post.FOUNDRY_CMK),
    controls=(
        "MCSB:DP-2",
        "NIST-800-53:AC-4",
        "NIST-800-53:SC-28",
        "ISO-27001-2022:A.8.3",
    ),
)
def agent_standard_setup(project: Project, _: Tenant) -> Verdict:
    r"""
    Reads `properties` of the project's capability host: the connections it names.

    They are `threadStorageConnections` (Cosmos DB), `vectorStoreConnections` (Search)
    and `storageConnections` (storage). Where the project's own host names none, that of
    the account does; absent, null and empty in both leave the data with Microsoft
    (Microsoft Learn, "Capability hosts"). Some of the three without the others fails,
    for Azure supports all or none. A project without a capability host is not
    applicable.

    ## Why it matters
    Threads hold what people asked and what agents answered. In the basic setup they lie
    in stores of Microsoft's, which your keys do not encrypt, your backups do not hold
    and your logs do not watch, and projects are parted by Microsoft's code alone.

    ## How to fix
    Connect a Cosmos DB account, a Search service and a storage account to the project,
    grant its identity their roles (`fdp-agent-rbac`), then make its capability host
    anew with all three.

    ```bicep
    // KIND is Microsoft.CognitiveServices/accounts/projects/capabilityHosts
    resource host 'KIND@2025-09-01' = {
      parent: project
      properties: {
        capabilityHostKind: 'Agents'
        threadStorageConnections: [threads.name]
        vectorStoreConnections: [vectors.name]
        storageConnections: [files.name]
      }
    }
    ```

    Deleting a capability host ends the agents' access to all they kept so far. The
    standard setup signs in with Entra ID: keys of all three can and should be off.

    ## References
    - AI Foundry - The Basics
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Capability hosts
    """
    if not any(True for _ in hosts(project)):
        return not_applicable("the project has no capability host for agents")
    found = stores(project)
    lacking = [store.named for store, names in found.items() if not names]
    if not lacking:
        return passed("threads, vectors and files lie in stores of the customer's")
    if len(lacking) < len(Store):
        return failed(f"the capability host names no connection for {some(lacking)}")
    return warned("basic setup: threads, vectors and files lie with Microsoft")


CHECKS: tuple[Check[Any], ...] = (
    agent_network_injection,
    agent_subnet_egress,
    agent_standard_setup,
)
