"""Conditions that keep each Foundry identity to the containers of its workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from checks.shared.citing import cite
from checks.shared.containers import (
    CORE,
    Stray,
    blob_grants,
    container_grants,
    container_of,
    id_in,
    is_conditioned,
    strays,
    tells_whose,
    unsettled,
    with_untold,
)
from checks.shared.grants import bounded, require_settled
from checks.shared.wording import count, quote, some
from checks.shared.workspaces import default_storage
from scanner.access.answers import Grant
from scanner.access.conditions.analysis.linting import VERSION
from scanner.access.facts import Missing
from scanner.model.authorization import RoleAssignment
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
from scanner.model.coverage import NotRead, Unclear
from scanner.model.identity import ManagedIdentity
from scanner.model.ids import id_key
from scanner.model.machinelearning import Workspace, is_hub, is_hub_or_project
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "MCSB:DP-2",
    "NIST-800-53:AC-3(13)",
    "NIST-800-53:AC-6",
    "NIST-800-53:AC-16",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.3",
    "PCI-DSS-4.0.1:7.2.5",
    "PCI-DSS-4.0.1:7.3.1",
)


@check(
    id="foundry-mi-abac-present",
    title="Blob roles of hub and project identities come with a condition",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub_or_project,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_BASICS),
    controls=_CONTROLS,
)
def mi_abac_present(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` of every grant of blobs to the workspace's identity.

    Those of its system-assigned identity (`identity.principalId`) on the account in
    `properties.storageAccount` and at all scopes above, of whatever role that has a
    data action on blobs. An absent or null condition means that the grant is not
    restricted (Azure RBAC documentation), and one such grant undoes the conditions of
    all others. An absent or null `properties.conditionVersion` is 2.0, the only one
    that Azure accepts. A grant on a single container needs a condition where the
    container's name has the id of another workspace in it, as told by
    `foundry-mi-abac-correct`. An identity without such grants is not applicable.

    ## Why it matters
    A hub and all of its projects keep their data in one account, and the condition is
    all that stands between them: it keeps each identity to the containers that bear
    its workspace's id. Without it, code that runs as one project reads and changes the
    documents of every other.

    ## How to fix
    Put the condition that Foundry sets itself on the assignment, with the id of the
    workspace in it, and remove every other grant of blobs to the identity.

    ```sh
    az role assignment update --role-assignment assignment-with-condition.json
    az role assignment delete --ids OTHER_ASSIGNMENT_ID
    ```

    ```bicep
    var data = 'Microsoft.Storage/storageAccounts/blobServices/containers'
    resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: nameOfTheAssignment
      properties: {
        principalId: project.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: blobDataContributor
        conditionVersion: '2.0'
        condition: join([
          '((!(ActionMatches{\'${data}/blobs/delete\'})'
          'AND !(ActionMatches{\'${data}/blobs/read\'})'
          'AND !(ActionMatches{\'${data}/blobs/write\'})'
          'AND !(ActionMatches{\'${data}/blobs/move/action\'})'
          'AND !(ActionMatches{\'${data}/blobs/add/action\'}))'
          'OR (@Resource[${data}:name] StringStartsWithIgnoreCase'
          '\'${project.properties.workspaceId}\'))'
        ], ' ')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "blobs" {
      scope                = azurerm_storage_account.hub.id
      role_definition_name = "Storage Blob Data Contributor"
      principal_id         = azurerm_ai_foundry_project.project.identity[0].principal_id
      condition_version    = "2.0"
      condition            = local.own_containers_only
    }
    ```

    A project that reads containers of its own making, under other names, loses them:
    give it a separate grant on such a container.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - The Basics
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    identity = workspace.system_identity
    if identity is None:
        return not_applicable("the workspace has no system-assigned identity")
    storage = default_storage(workspace, tenant)
    if storage is None:
        return not_applicable("the workspace has no default storage")
    grants, single = _held(tenant, identity, storage)
    open_ones = [each for each in grants if not is_conditioned(each)]
    if open_ones:
        return failed(f"every container is open to {identity.name}: {_why(open_ones)}")
    others = _of_others(workspace, identity, single)
    if others:
        said = f"containers of others are open to {identity.name}"
        return failed(f"{said}: {_why(others)}")
    wrong = [each for each in grants if _version(tenant, each) != VERSION]
    if wrong:
        return failed(f"a condition is not of version {VERSION}: {_why(wrong)}")
    principal = identity.principal_id
    missing = _unsettled(tenant, principal, storage, unrestricted=True)
    if not grants:
        what = "no role on all containers" if single else "no blobs"
        said = with_untold(f"{identity.name} holds {what} of {storage.name}", single)
        return not_applicable(bounded(said, missing))
    said = count(len(grants), "grant of blobs has", "grants of blobs have")
    return passed(bounded(with_untold(f"{said} a condition", single), missing))


def _held(
    tenant: Tenant, identity: ManagedIdentity, storage: StorageAccount
) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """Return the grants of blobs to an identity, noted as evidence.

    Those on all containers, and those on single ones.
    """
    grants = blob_grants(tenant, identity.principal_id, storage)
    single = container_grants(tenant, identity.principal_id, storage)
    cite(tenant, (*grants, *single), storage)
    return grants, single


def _of_others(
    workspace: Workspace, identity: ManagedIdentity, single: Iterable[Grant]
) -> list[Grant]:
    """Return the grants, without a condition, of single containers of others."""
    return [
        each
        for each in single
        if not is_conditioned(each) and _strays(workspace, identity, each)
    ]


def _version(tenant: Tenant, grant: Grant) -> str:
    """Return the version of a grant's condition; absent and null are the only one."""
    assignment = tenant.known(RoleAssignment, grant.assignment_id)
    return (assignment.condition_version if assignment else None) or VERSION


def _why(grants: list[Grant]) -> str:
    return some(each.why for each in grants)


def _unsettled(
    tenant: Tenant, principal: str, storage: StorageAccount, *, unrestricted: bool
) -> tuple[Missing, ...]:
    """Return why there may be more grants of blobs; raises NotRead for a gap.

    `unrestricted` are those without a condition.
    """
    found = unsettled(tenant, principal, storage, unrestricted=unrestricted)
    require_settled(found)
    return found


@check(
    id="foundry-mi-abac-correct",
    title="Conditions on blob roles name the containers of the right workspace",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub_or_project,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def mi_abac_correct(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` of grants of blobs, and `properties.workspaceId`.

    Each condition on a grant of blobs to one of the workspace's identities, on the
    account in `properties.storageAccount` or above it, is worked out for every action
    on blobs that the role allows: the containers it lets the action reach must have
    names that begin with the id of the workspace; those of a hub may also begin with
    that of one of its projects, and those of a user-assigned identity with that of any
    workspace that has it, a hub with its projects. The id is compared without case; an
    absent or null `properties.workspaceId` is not assessed. Reading, writing, deleting,
    adding and moving blobs beyond these containers fails, any other action warns.
    A grant on a single container is judged alike, with or without a condition, if the
    container's name has an id in it; one without an id may be the project's own, and is
    told. Other grants without a condition are left to `foundry-mi-abac-present` and
    `foundry-umi-conditions`; where there is none with one, the check is not applicable.

    ## Why it matters
    A condition looks like a fence from afar. One that names the id of another
    workspace, the id cut short, a wildcard, or only some of the actions keeps its
    project out of its own data or leaves everybody else's open, and the portal shows
    the same green tick for all of them.

    ## How to fix
    Replace the condition by the one that Foundry sets, with the id of this workspace.

    ```sh
    az ml workspace show --resource-group RG --name PROJECT --query workspace_id
    az role assignment update --role-assignment assignment-with-condition.json
    ```

    ```bicep
    var own = project.properties.workspaceId
    var named = '@Resource[${data}:name] StringStartsWithIgnoreCase \'${own}\''
    resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      properties: {
        conditionVersion: '2.0'
        condition: '((${noneOfTheActions}) OR (${named}))'
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "blobs" {
      condition_version = "2.0"
      condition         = local.own_containers_only
    }
    ```

    The condition of an assignment can be changed in place; the identity keeps its
    access meanwhile.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    storage = default_storage(workspace, tenant)
    if storage is None:
        return not_applicable("the workspace has no default storage")
    conditioned, single = list[Grant](), list[Grant]()
    found = list[Stray]()
    for identity in workspace.identities:
        wide, narrow = _held(tenant, identity, storage)
        conditioned += filter(is_conditioned, wide)
        single += narrow
        for grant in (*filter(is_conditioned, wide), *narrow):
            found += _strays(workspace, identity, grant)
    core = [each for each in found if each.action in CORE]
    if core:
        return failed(_said(workspace, core))
    missing = _any_more(workspace, storage)
    if found:
        return warned(_said(workspace, found))
    if not conditioned:
        said = "no grant of blobs to its identities has a condition"
        return not_applicable(bounded(with_untold(said, single), missing))
    said = "grants with a condition lead to containers of their own workspaces alone"
    return passed(bounded(with_untold(said, single), missing))


def _any_more(workspace: Workspace, storage: StorageAccount) -> tuple[Missing, ...]:
    """Return why there may be more conditions; raises NotRead for a gap."""
    tenant = workspace.tenant
    found = dict.fromkeys(
        each
        for identity in workspace.identities
        for each in _unsettled(
            tenant, identity.principal_id, storage, unrestricted=False
        )
    )
    return tuple(found)


def _strays(
    workspace: Workspace, identity: ManagedIdentity, grant: Grant
) -> tuple[Stray, ...]:
    """Return where a grant leads that is none of the identity's business."""
    if container_of(grant) and not tells_whose(grant):
        return ()
    tenant, unclear = workspace.tenant, Unclear()
    found = strays(tenant, grant, [_own_id(workspace)])
    if not found:
        return found
    places = [workspace, *_sharing(workspace, identity, unclear)]
    own = [each for place in places for each in _own_ids(place, unclear)]
    found = strays(tenant, grant, own)
    if any(each.prefixes for each in found):
        unclear.settle()
    return found


def _own_id(workspace: Workspace) -> str:
    if not workspace.workspace_id:
        raise workspace.unread("properties.workspaceId", "says nothing")
    return workspace.workspace_id


def _own_ids(workspace: Workspace, unclear: Unclear) -> Iterator[str]:
    """Yield the ids of a workspace and of its projects; `unclear` why more may be."""
    places = [workspace]
    if is_hub(workspace):
        projects = workspace.tenant.referring(Workspace, "hub_id", workspace.id)
        places += projects.known()
        unclear.add(projects.missing)
    for place in places:
        with unclear:
            yield _own_id(place)


def _sharing(
    workspace: Workspace, identity: ManagedIdentity, unclear: Unclear
) -> Iterator[Workspace]:
    """Yield the other workspaces that have an identity; `unclear` why more may."""
    if identity.is_system:
        return
    tenant = workspace.tenant
    by_identity, problem = tenant.once(_by_identity)
    unclear.add(problem)
    for other_id in by_identity.get(id_key(identity.resource_id), ()):
        other = tenant.known(Workspace, other_id)
        if other is not None and other.key != workspace.key:
            _ = other.user_assigned_identities  # to read them is to note them
            yield other


def _by_identity(tenant: Tenant) -> tuple[Mapping[str, list[str]], NotRead | None]:
    """Return the ids of workspaces by their user-assigned identities.

    With why there may be more.
    """
    found, unclear = defaultdict[str, list[str]](list), Unclear()
    every = tenant.all(Workspace)
    for workspace in every.known():
        with unclear:
            for identity in workspace.user_identities:
                found[id_key(identity.resource_id)].append(workspace.id)
    unclear.add(every.missing)
    return found, unclear.problem


def _said(workspace: Workspace, found: list[Stray]) -> str:
    """Return which actions lead where."""
    actions = dict.fromkeys(each.action.partition("/blobs/")[2] for each in found)
    prefixes = dict.fromkeys(prefix for each in found for prefix in each.prefixes)
    whose = some(_named(workspace.tenant, prefix) for prefix in prefixes)
    where = "containers of any name"
    if all(each.prefixes for each in found):
        where = f"containers of {whose}"
    elif prefixes:
        where = f"{where}, or those of {whose}"
    return f"{some(actions)} lead to {where}"


def _named(tenant: Tenant, prefix: str) -> str:
    """Return whose containers begin in a way, or how."""
    whose = id_in(prefix) or prefix
    owners = tenant.referring(Workspace, "workspace_id", whose).known()
    names = [each.name for each in owners]
    return some(names) if names else f"names that begin with {quote(prefix)}"


def _has_assigned(workspace: Workspace) -> bool:
    """Whether a hub or project signs in with a user-assigned identity."""
    used = (True for _ in workspace.user_identities)
    return is_hub_or_project(workspace) and any(used)


@check(
    id="foundry-umi-conditions",
    title="Blob roles of user-assigned identities come with a condition",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=_has_assigned,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def umi_conditions(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` of every grant of blobs to the assigned identities.

    All identities in `identity.userAssignedIdentities` are judged, whichever of them is
    the primary one or opens the encryption key: code in the workspace may sign in as
    any of them. Grants on the account in `properties.storageAccount` and at all scopes
    above count, of whatever role that has a data action on blobs. An absent or null
    condition means that the grant is not restricted (Azure RBAC documentation). So do
    those on single containers whose names have the id of another workspace in them, as
    told by `foundry-mi-abac-correct`. Identities without such a grant are not
    applicable.

    ## Why it matters
    Roles for a user-assigned identity are granted before the workspace is there, when
    its id is not known yet, so they are granted wide. Unless somebody comes back to
    them, the identity goes on reading the containers of every hub and project in the
    account.

    ## How to fix
    Once the workspace is made, put its id into a condition on the blob role, as Foundry
    does for identities that it makes itself.

    ```sh
    az ml workspace show --resource-group RG --name HUB --query workspace_id
    az role assignment update --role-assignment assignment-with-condition.json
    ```

    ```bicep
    resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      properties: { conditionVersion: '2.0', condition: ownContainersOnly }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "blobs" {
      condition_version = "2.0"
      condition         = local.own_containers_only
    }
    ```

    An identity that several workspaces share needs the ids of all of them in one
    condition, or they lose their data.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    storage = default_storage(workspace, tenant)
    if storage is None:
        return not_applicable("the workspace has no default storage")
    identities = list(workspace.user_identities)
    held = {each: _held(tenant, each, storage) for each in identities}
    single = [grant for _, narrow in held.values() for grant in narrow]
    wide = list(_wide(held))
    if wide:
        return warned(f"every container is open to {some(wide)}")
    others = [
        f"{each.name} ({_why(grants)})"
        for each, (_, narrow) in held.items()
        if (grants := _of_others(workspace, each, narrow))
    ]
    if others:
        return warned(f"containers of others are open to {some(others)}")
    missing = dict.fromkeys(
        each
        for identity in identities
        for each in _unsettled(
            tenant, identity.principal_id, storage, unrestricted=True
        )
    )
    if not any(grants for grants, _ in held.values()):
        what = "a role on all containers" if single else "blobs"
        said = f"no user-assigned identity holds {what} of {storage.name}"
        return not_applicable(bounded(with_untold(said, single), missing))
    said = "every grant of blobs on all containers has a condition"
    return passed(bounded(with_untold(said, single), missing))


def _wide(
    held: Mapping[ManagedIdentity, tuple[Sequence[Grant], Sequence[Grant]]],
) -> Iterator[str]:
    for identity, (grants, _) in held.items():
        open_ones = [each for each in grants if not is_conditioned(each)]
        if open_ones:
            yield f"{identity.name} ({_why(open_ones)})"


CHECKS: tuple[Check[Any], ...] = (
    mi_abac_present,
    mi_abac_correct,
    umi_conditions,
)
