"""Everybody in a hub or project at once: who signs in, and which roles are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.foundry_identity.expected import expected, works_with_entra
from checks.shared.citing import cite
from checks.shared.connections import target
from checks.shared.foundry_matrix import Who
from checks.shared.grants import access
from checks.shared.shortfall import Lack, Shortfall
from checks.shared.wording import count, shown, some
from scanner.access.answers import Grant, scope_name
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead
from scanner.model.identity import Identified
from scanner.model.machinelearning import (
    Workspace,
    holds_work,
    is_hub_or_project,
    is_project,
)
from scanner.model.search import SearchService
from scanner.model.tenant import Tenant

NAMED = 12
"""Identities that the inventory tells of one by one."""


@check(
    id="foundry-identity-inventory",
    title="Which identities work in a workspace, and what they may do",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.INFORMATIONAL,
    on=Workspace,
    where=holds_work,
    guidance=(Post.FOUNDRY_IDENTITY, Post.FOUNDRY_BASICS),
    controls=("MCSB:IM-3", "NIST-800-53:IA-9", "ISO-27001-2022:A.5.16"),
)
def identity_inventory(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity` of the workspace and of all that works in it, and their roles.

    That is the workspace, its online endpoints and computes, and the Search services
    and Cognitive Services accounts that its own connections lead to. No identity, a
    null type and `None` mean the same: it signs in as nobody (common types of Azure
    Resource Manager, ManagedServiceIdentity). Connections that lead out of the scan are
    left out.

    ## Why it matters
    An error of access in Foundry says that somebody may not do something, and seldom
    who. A flow runs as the person who tries it, deployed as its endpoint, and behind it
    Search and model accounts sign in as themselves. Knowing whose turn it was is half
    of the repair, and the list shows what each of them could reach if it were misused.

    ## How to fix
    Nothing is to be fixed; look here first when something in the workspace is refused.

    ```sh
    az ml workspace show --resource-group RG --name WORKSPACE --query identity
    az role assignment list --all --assignee PRINCIPAL --output table
    ```

    ```bicep
    output hubPrincipal string = hub.identity.principalId
    ```

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - AI Foundry - The Basics
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    entries = [*_entries(workspace, tenant)]
    tenant.all(RoleAssignment).require_whole()
    if not entries:
        return info("nothing here signs in as itself")
    told = "; ".join(entries[:NAMED])
    more = f"; and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
    return info(f"{count(len(entries), 'identity', 'identities')}: {told}{more}")


def _entries(workspace: Workspace, tenant: Tenant) -> Iterator[str]:
    """Yield every identity with the roles it holds; cites those it will name."""
    told = 0
    for label, resource in _signing_in(workspace):
        for identity in resource.identities:
            grants = access(tenant).grants(identity.principal_id)
            told += 1
            if told <= NAMED:
                cite(tenant, grants, resource)
            held = some(map(_held, grants)) or "no role"
            yield f"{label} as {identity.name} {identity.principal_id}: {held}"


def _held(grant: Grant) -> str:
    role = grant.role_name or f"role {grant.role_definition_id}"
    later = ", once activated" if grant.eligible else ""
    return f"{shown(role)} at {scope_name(grant.scope)}{later}"


def _signing_in(workspace: Workspace) -> Iterator[tuple[str, Identified]]:
    yield "the workspace", workspace
    for endpoint in workspace.online_endpoints:
        yield f"endpoint {shown(endpoint.name)}", endpoint
    if not is_project(workspace):  # which has no compute of its own
        for compute in workspace.computes:
            yield f"compute {shown(compute.name)}", compute
    for service in _connected(workspace):
        kind = "Search service" if isinstance(service, SearchService) else "account"
        yield f"{kind} {shown(service.name)}", service


def _connected(workspace: Workspace) -> Iterator[Identified]:
    """Yield the services that a workspace's own connections lead to, each once."""
    seen = set[str]()
    for connection in workspace.connections:
        try:
            found = target(connection, SearchService, CognitiveAccount)
        except NotRead as problem:
            if problem.gap:
                raise
            continue  # it leads out of the scan
        if isinstance(found, Identified) and found.key not in seen:
            seen.add(found.key)
            yield found


@check(
    id="foundry-missing-rbac",
    title="Identities and people of hubs and projects hold every role they need",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub_or_project,
    guidance=(Post.FOUNDRY_IDENTITY, Post.DATA_STORES),
    controls=(
        "MCSB:IM-3",
        "MCSB:PA-7",
        "NIST-800-53:IA-9",
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-6",
        "ISO-27001-2022:A.5.16",
        "ISO-27001-2022:A.5.18",
        "PCI-DSS-4.0.1:7.2.5",
        "PCI-DSS-4.0.1:8.6.1",
    ),
)
def missing_rbac(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode`, connections, and role assignments.

    It holds against each other the roles that Foundry works with and those found. In
    identity mode (null is `accesskey`, an absent key is not assessed): hub and project
    identities on the default storage and a project's on the private endpoints of it,
    endpoints and people on the same storage. For connections with Entra ID: people on
    Search, Search on model accounts and the other way round, endpoints and computes on
    all three. A user-assigned identity of a hub or project counts on the storage where
    it works with it (`foundry-umi-roles-preprovisioned`), each of several identities by
    itself; so does each of an endpoint there, and each of a project on the private
    endpoints. And a hub on its resource group or on its storage and its vault, where
    one of these outside the scan is not assessed, endpoints and computes on the
    registry and on the secrets of connections. A pair is met by the role, by one that
    allows as much, here or above, whatever condition it has. Each person in a group
    counts where its members are known, and otherwise the group as one. A workspace in
    another mode without such connections is not applicable.

    What a managed identity lacks fails. What people lack warns, for they may have it by
    groups that were not read, and so does what an endpoint or compute lacks where Azure
    Resource Manager does not tell whether its deployment needs it. Each pair has a
    check of its own, which says more; this one counts a workspace as a whole.

    ## Why it matters
    Most of what fails in Foundry fails for want of a role. Nearly every part signs in
    as itself, each needs two or three roles on each other part, and Azure grants only
    some of them. What is missing shows at the far end, as an upload that hangs or an
    answer without sources, and keys are the way around that everybody knows.

    ## How to fix
    Grant each role that is named to the identity that is named, on that resource and
    not above it.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope RESOURCE_ID --role ROLE
    ```

    ```bicep
    resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(target.id, principalId, roleId)
      scope: target
      properties: {
        principalId: principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: roleId
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "grant" {
      scope                = var.resource_id
      role_definition_name = var.role
      principal_id         = var.principal_id
    }
    ```

    Blob roles on the default storage belong under a condition that keeps each identity
    to its own containers: without it the grant opens those of every project.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    - Microsoft Learn: Set up authentication between Azure Machine Learning and other
      services
    """
    if not works_with_entra(workspace):
        return not_applicable("credential mode, and no connection with Entra ID")
    short = Shortfall(tenant)
    for part in expected(workspace):
        short.look_for(part)
    certain = [lack for lack in short.lacks if _is_certain(lack)]
    if certain:
        return failed(short.said(certain))
    short.settle()
    if short.lacks:
        return warned(short.said())
    if not short.looked:
        return not_applicable("nothing here needs a role")
    return passed(f"all roles that are needed here are held: {short.looked}")


def _is_certain(lack: Lack) -> bool:
    """Whether what is lacking is surely needed, and not to be had by a group."""
    return lack.need.sure and lack.need.who is not Who.PERSON


CHECKS: tuple[Check[Any], ...] = (
    identity_inventory,
    missing_rbac,
)
