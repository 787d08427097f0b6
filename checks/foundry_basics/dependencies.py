"""What Foundry hubs work with: the private ways to it, and who hosts their models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from checks.foundry_basics.managed_network import CONTROLS
from checks.shared.connections import target
from checks.shared.perimeters import (
    Guard,
    anything,
    guard_of,
    left_to_perimeter,
    let_in,
)
from checks.shared.wording import count, quote, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import (
    OutboundRule,
    Workspace,
    WorkspaceConnection,
    in_workspace,
    is_hub,
)
from scanner.model.search import SearchService
from scanner.model.storage import HUB_SERVICES, StorageAccount
from scanner.model.tenant import Tenant

Dependency = StorageAccount | KeyVault | Registry | SearchService | CognitiveAccount

_GROUPS: dict[type[Dependency], tuple[str, ...]] = {
    StorageAccount: HUB_SERVICES,
    KeyVault: ("vault",),
    Registry: ("registry",),
    SearchService: ("searchservice",),
    CognitiveAccount: ("account",),
}
"""The sub-resources that a hub needs of what it works with."""

_CONNECTED: tuple[type[Dependency], ...] = (SearchService, CognitiveAccount)
_MODEL_HOSTS = {"azureopenai", "aiservices"}


@dataclass(frozen=True, slots=True)
class _Need:
    """A resource that a hub works with."""

    view: type[Dependency]
    id: str

    def ways(self, tenant: Tenant) -> frozenset[tuple[str, str]]:
        """Return what rules have to lead to: its key, with each sub-resource."""
        found = tenant.known(self.view, self.id)
        of_its_kind = isinstance(found, StorageAccount) and found.hub_services
        groups = of_its_kind or _GROUPS[self.view]
        return frozenset((id_key(self.id), group) for group in groups)


class _Ways:
    """Where a hub's private endpoint rules lead."""

    def __init__(self, hub: Workspace) -> None:
        self.active: set[tuple[str, str]] = set()
        self.waiting: dict[tuple[str, str], str] = {}
        """Where rules lead that are not active, and what they are."""
        self.problem = hub.outbound_rules.missing
        """Why there may be more."""
        for rule in hub.outbound_rules.known():
            try:
                self._add(rule)
            except NotRead as problem:
                self.problem = problem.light()

    def _add(self, rule: OutboundRule) -> None:
        if rule.kind != "privateendpoint":
            return
        if not rule.target_id or not rule.target_group:
            raise rule.unread("properties.destination", "says not where it leads")
        if rule.status is None:
            raise rule.unread("properties.status", "says nothing")
        way = (id_key(rule.target_id), rule.target_group.lower())
        if rule.status.lower() == "active":
            self.active.add(way)
        else:
            self.waiting[way] = rule.status


@check(
    id="foundry-outbound-pe-dependencies",
    title="Foundry hubs reach what they work with by private endpoints",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=(Post.FOUNDRY_BASICS, Post.FOUNDRY_IDENTITY),
    controls=CONTROLS,
)
def outbound_pe_dependencies(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `properties.destination` and `properties.status` of the hub's outbound rules.

    Also `properties.publicNetworkAccess` of what the hub works with: its storage
    accounts, vault and registry, and the Search services and model accounts that its
    connections lead to. Storage needs a rule for `blob` and one for `file`, as far as
    an account of its `kind` has them. A rule counts when its status is Active; one that
    has no status is not assessed. An absent or null `publicNetworkAccess` means
    Enabled. A firewall is told by `networkAcls.defaultAction`, of a registry
    `networkRuleSet.defaultAction`, of a Search service `networkRuleSet.ipRules`. A
    network security perimeter that is enforced decides in place of all these: it closes
    what it has no inbound rule for. What does not exist any more needs no rule. A hub
    without a managed network (absent, null or Disabled isolation) has no such rules and
    is not applicable.

    ## Why it matters
    Computes of a managed network leave it only by its rules. What is closed to public
    networks and has no active rule is out of their reach: jobs fail, with messages that
    look like missing roles. What is open works, over its public address.

    ## How to fix
    Add a private endpoint rule for each sub-resource, and approve the endpoint at the
    resource where the hub's identity may not.

    ```sh
    az ml workspace outbound-rule set --resource-group RG --workspace-name HUB \
      --rule registry --type private_endpoint --service-resource-id "$REGISTRY_ID" \
      --subresource-target registry
    az ml workspace provision-network --resource-group RG --name HUB
    ```

    ```bicep
    // Microsoft.MachineLearningServices/workspaces/outboundRules@2025-06-01
    resource rule '...' = {
      parent: hub
      name: 'registry'
      properties: {
        type: 'PrivateEndpoint'
        category: 'UserDefined'
        destination: { serviceResourceId: registry.id, subresourceTarget: 'registry' }
      }
    }
    ```

    Rules become active when the network is built, which takes half an hour the first
    time. A registry has to be of the Premium tier.

    ## References
    - AI Foundry - The Basics
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    """
    if (hub.isolation_mode or "disabled").lower() == "disabled":
        return not_applicable("the hub has no managed network isolation")
    unclear = Unclear()
    needs = {id_key(each.id): each for each in _needs(hub, unclear)}.values()
    ways = _Ways(hub)
    broken, in_public, reached = list[str](), list[str](), 0
    for need in needs:
        with unclear:
            if fault := _fault(need, ways, tenant):
                (broken if fault.breaks else in_public).append(fault.said)
            else:
                reached += need.ways(tenant) <= ways.active
    if broken:
        return failed(some(broken))
    unclear.settle()
    if in_public:
        return warned(some(in_public))
    if not reached:
        return not_applicable("the hub works with nothing that is there")
    many = count(reached, "resource", "resources")
    return passed(f"active rules lead to what it works with: {many}")


def _needs(hub: Workspace, unclear: Unclear) -> Iterator[_Need]:
    """Yield what a hub works with; why there may be more is kept."""
    for storage in (hub.storage_account_id, *(hub.additional_storage_ids or ())):
        if storage:
            yield _Need(StorageAccount, storage)
    if hub.key_vault_id:
        yield _Need(KeyVault, hub.key_vault_id)
    if hub.registry_id:
        yield _Need(Registry, hub.registry_id)
    for connection in hub.connections.known():
        with unclear:
            yield from _connected(connection)
    unclear.add(hub.connections.missing)


def _connected(connection: WorkspaceConnection) -> Iterator[_Need]:
    named = connection.target_id or ""
    kind = ResourceId.parse(named).type.lower()
    for view in _CONNECTED:
        if kind == view.type.lower():
            yield _Need(view, named)
    if not named:
        found = target(connection, *_CONNECTED)
        if isinstance(found, SearchService | CognitiveAccount):
            yield _Need(type(found), found.id)


class _Fault(NamedTuple):
    """Why a hub has no private way to what it works with."""

    said: str
    breaks: bool
    """Whether there is no way at all."""


def _fault(need: _Need, ways: _Ways, tenant: Tenant) -> _Fault | None:
    """Return why a hub's rules do not lead to all that it needs.

    None where they do, or where it is gone: no rule could lead there. Raises NotRead
    where there may be a rule, or the resource was not read.
    """
    lacking = need.ways(tenant) - ways.active
    for way in sorted(lacking & ways.waiting.keys()):
        status = shown(ways.waiting[way])
        return _Fault(f"the rule for {way[1]} of {_name(need)} is {status}", True)
    found = tenant.get(need.view, need.id) if lacking else None
    if found is None:
        return None
    if ways.problem is not None:
        raise ways.problem
    groups = " and ".join(sorted(group for _, group in lacking))
    said = f"no active rule leads to {groups} of {_name(need)}"
    met = _met_in_public(found)
    return _Fault(f"{said}, {met.said}", met.breaks)


def _met_in_public(dependency: Dependency) -> _Fault:
    """Return how a resource meets a hub that comes by public networks.

    Raises NotRead where a perimeter may decide that was not read; registries are in
    none.
    """
    guard = None if isinstance(dependency, Registry) else guard_of(dependency)
    if guard is not None and not guard.holds:
        return _IN_PUBLIC
    is_closed = (dependency.public_network_access or "").lower() == "disabled"
    if guard is not None or is_closed:
        return _shut(dependency, guard)
    if left_to_perimeter(dependency):
        said = "access to which is left to a perimeter, and none is known to enforce it"
        return _Fault(said, False)
    if _is_limited(dependency):
        return _Fault("whose firewall may not let the hub in", False)
    return _IN_PUBLIC


_IN_PUBLIC = _Fault("which may be called in public", False)


def _shut(dependency: Dependency, guard: Guard | None) -> _Fault:
    """Return that a resource or its perimeter shuts the hub out, or may."""
    if not isinstance(dependency, Registry) and let_in(dependency, anything):
        return _Fault("whose perimeter may not let the hub in", False)
    if guard is not None:
        return _Fault(f"which enforced perimeter {guard.perimeter} closes", True)
    return _Fault("which is closed", True)


def _is_limited(dependency: Dependency) -> bool:
    """Whether only some of the public networks get in."""
    if isinstance(dependency, SearchService):
        return bool(dependency.ip_rules)
    return (dependency.network_default_action or "").lower() == "deny"


def _name(need: _Need) -> str:
    return quote(ResourceId.parse(need.id).name)


def _hosts_models(connection: WorkspaceConnection) -> bool:
    named = (connection.category or "").lower() in _MODEL_HOSTS
    return named and in_workspace(connection)


@check(
    id="foundry-model-host-posture",
    title="The accounts that host the models of workspaces are known and checked",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.INFORMATIONAL,
    on=WorkspaceConnection,
    where=_hosts_models,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AM-2", "NIST-800-53:CM-8"),
)
def model_host_posture(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    """
    Reads `properties.category` and `properties.metadata.ResourceId` of connections.

    It answers for connections of the categories AzureOpenAI and AIServices, and tells
    `properties.restrictOutboundNetworkAccess`, `publicNetworkAccess` and
    `disableLocalAuth` of the account they lead to; absent or null they are false,
    Enabled and false. Without a resource id the host in `properties.target` says which
    account it is. One that was not read leaves the connection not assessed.

    ## Why it matters
    A hub holds no models: prompts go to an account that may lie in another
    subscription, in the hands of another team. How well the hub is locked says nothing
    about where its data goes, the account's own checks do.

    ## How to fix
    Nothing is to be fixed here. Look at the results of the account itself, on outbound
    and inbound access, keys, authorization and logging, and scan its subscription too.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Connections in Azure AI Foundry
    """
    account = target(connection, CognitiveAccount)
    if isinstance(account, CognitiveAccount):
        return info(f"models are hosted by {quote(account.name)}: {_told(account)}")
    if connection.target_id:
        return not_applicable("leads to no account that is there")
    return manual(
        f"who hosts the models behind {shown(connection.target)}, and how safely?"
    )


def _told(account: CognitiveAccount) -> str:
    limited = "limited" if account.outbound_restricted else "open"
    public = shown(account.public_network_access or "Enabled")
    keys = "off" if account.local_auth_disabled else "on"
    return f"outbound {limited}, public network access {public}, keys {keys}"


CHECKS: tuple[Check[Any], ...] = (outbound_pe_dependencies, model_host_posture)
