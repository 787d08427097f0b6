"""Conditions of role assignments beside the accounts and networks they reach."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import chain, islice
from typing import Any

from checks.abac.overlap import others, paths
from checks.abac.storage_scopes import (
    Store,
    Stores,
    holds_accounts,
    require_all,
    stores_in,
)
from checks.shared.account_keys import advice_on_all_keys
from checks.shared.citing import cite
from checks.shared.condition_verdicts import analysed, cite_role, judged
from checks.shared.conditions import CONTROLS, on_networks, on_storage, on_tags
from checks.shared.grants import access
from checks.shared.scanned import reaches_out, require_scanned_at, so_far
from checks.shared.tags import plain_tag
from checks.shared.taken import taken_in, unclear
from checks.shared.wording import CITED, count, printable, shown, some
from scanner.access.answers import scope_name
from scanner.access.conditions import (
    NetworkReference,
    network_references,
    parse,
)
from scanner.access.conditions.analysis.catalogue import BLOB_READ
from scanner.access.conditions.analysis.network import SUBNETS
from scanner.access.engine import Access
from scanner.access.facts import Assignment, last_segment
from scanner.access.scopes import scope_at
from scanner.model.authorization import RoleAssignment, RoleGrant
from scanner.model.check import (
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
    passed,
)
from scanner.model.coverage import Unclear
from scanner.model.fields import Field
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

LIST_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"


# Where calls come from


@check(
    id="abac-env-network",
    title="Networks that conditions ask for exist",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=on_networks,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def env_network(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: the networks it names, and those that there are.

    A private endpoint that is connected to a scanned storage account exists, whoever
    owns it, unless the connection is Rejected or Disconnected; others are looked for by
    their id. One in a subscription that is not in the
    tenant does not exist if the whole tenant was scanned; else it is not assessed.
    Patterns, prefixes and networks that calls must not come from name nothing that has
    to exist. Ids compare without case only by the `IgnoreCase` operators (azure-docs,
    "Actions and attributes for Azure role assignment conditions for Azure Blob
    Storage", environment attributes). Conditions that ask for no network are left out.

    ## Why it matters
    A condition that asks for an endpoint that is gone is false for everyone: an outage
    on the day the endpoint is rebuilt under another name, and a pressing wish to drop
    the condition.

    ## How to fix
    Name the endpoint or subnet that is in use, or ask for any private link.

    ```sh
    az network private-endpoint list --query "[].id"
    az role assignment update --role-assignment assignment.json
    ```

    ```text
    @Environment[isPrivateLink] BoolEquals true
    ```

    The condition is one layer: the firewall of the account has to refuse the public
    network besides.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Example Azure role assignment conditions for Blob Storage
    """
    fault = analysed(assignment, by_role=True).of("abac-env-network")
    if fault and fault.fails:
        return judged(fault, "")
    references = _references(assignment)
    gone = _gone(references, tenant)
    if gone:
        names = some(scope_name(each.resource_id) for each in gone)
        return failed(f"no call can come from what does not exist: {printable(names)}")
    if not references:
        return judged(fault, "asks for no single network")
    number = count(len(references), "network", "networks")
    return judged(fault, f"names {number} by id, and none is gone")


def _references(assignment: RoleAssignment) -> tuple[NetworkReference, ...]:
    """Return the ids of networks that a condition asks for, patterns left out."""
    named = network_references(parse(assignment.condition or "").expression)
    return tuple(
        each
        for each in named
        if each.is_well_formed and each.is_whole and each.is_asked_for
    )


def _gone(
    references: Iterable[NetworkReference], tenant: Tenant
) -> list[NetworkReference]:
    """Return those that do not exist; raises NotRead if there are none for sure."""
    gone: list[NetworkReference] = []
    unclear = Unclear()
    for reference in references:
        with unclear:
            if not _exists(reference, tenant):
                gone.append(reference)
    if not gone:
        unclear.settle()
    return gone


def _exists(reference: NetworkReference, tenant: Tenant) -> bool:
    named = reference.resource_id
    stores = tenant.once(Stores)
    if id_key(named) in stores.endpoints:
        return True
    is_subnet = reference.path == SUBNETS
    view = VirtualNetwork if is_subnet else PrivateEndpoint
    target = ResourceId.parse(named).parent if is_subnet else named
    if tenant.is_foreign(named):
        stores.require_endpoints(tenant)
        return False
    found = tenant.get(view, target)
    if found is None:
        return False
    found.note("id", found.id)
    if not isinstance(found, VirtualNetwork):
        return True
    return id_key(named) in {id_key(each.id or "") for each in found.subnets}


# The accounts in reach


def _cite_accounts(tenant: Tenant, stores: Iterable[Store], field: Field[Any]) -> None:
    for store in tuple(stores)[:CITED]:
        account = tenant.known(StorageAccount, store.id)
        if account:
            account.cite(field)


def _names(stores: Iterable[Store]) -> str:
    return some(shown(ResourceId.parse(store.id).name) for store in stores)


def _without_findings(
    assignment: RoleAssignment, tenant: Tenant, reason: str, field: Field[Any]
) -> Verdict:
    """Return that no account in reach is at fault, if they are all known."""
    scope = scope_at(assignment)
    require_all(tenant, scope)
    stores = stores_in(tenant, scope)
    if not stores:
        require_scanned_at(tenant, scope, "storage accounts in its scope")
        return not_applicable("there is no storage account with blobs in its scope")
    _cite_accounts(tenant, stores, field)
    return passed(so_far(tenant, reason) if reaches_out(tenant, scope) else reason)


@check(
    id="abac-hns-tags",
    title="Conditions on tags are on accounts that have tags",
    topic=Topic.ABAC,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=on_tags,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def hns_tags(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and `properties.isHnsEnabled` of accounts in scope.

    Accounts with a hierarchical namespace have no blob index tags (azure-docs, "Manage
    and find Azure Blob data with blob index tags"). An absent or null `isHnsEnabled`
    means no hierarchical namespace (Storage REST reference). An account that the
    condition leaves out by its name or by `isHnsEnabled`, or lets through without tags,
    does not count. Conditions without tags are left out; not applicable where no
    storage account is in scope.

    ## Why it matters
    No blob there will ever carry the tag. Clauses that ask for it refuse everything,
    clauses that let untagged blobs through allow everything, and neither looks wrong in
    the condition.

    ## How to fix
    Restrict by container or path there, and by access control lists.

    ```text
    @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]
      StringLike 'restricted/*'
    ```

    ```sh
    az role assignment update --role-assignment assignment.json
    az storage fs access update-recursive --acl "group:GROUP_ID:r-x" \
      --path restricted --file-system FILE_SYSTEM --account-name ACCOUNT \
      --auth-mode login
    ```

    A hierarchical namespace cannot be switched off again: data that needs tags has to
    move to another account.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Manage and find Azure Blob data with blob index tags
    """
    asked = analysed(assignment)
    field = StorageAccount.hierarchical
    found = [
        each
        for each in stores_in(tenant, scope_at(assignment))
        if each.hierarchical and asked.asks_tags_of(ResourceId.parse(each.id).name)
    ]
    if found:
        _cite_accounts(tenant, found, field)
        return failed(f"there are no blob index tags on {_names(found)}: hierarchical")
    reason = "it asks for tags on no account with a hierarchical namespace"
    return _without_findings(assignment, tenant, reason, field)


@check(
    id="abac-key-bypass",
    title="Accounts with conditions accept no account keys",
    topic=Topic.ABAC,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=on_storage,
    guidance=(Post.ABAC, Post.DATA_STORES),
    controls=(*CONTROLS, "MCSB:IM-1", "NIST-800-53:IA-2"),
)
def key_bypass(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and `properties.allowSharedKeyAccess` of accounts.

    An absent or null `allowSharedKeyAccess` means that keys are accepted (Storage REST
    reference; built-in policy 8c6a50c6). Signatures made with the account key are as
    good as the key; those made with a user delegation key keep to the condition. Only
    conditions on blobs and queues are judged: they name them, or restrict what the role
    grants on them. Accounts for files alone have neither and are left out; not
    applicable where no other storage account is in scope.

    ## Why it matters
    A condition is asked of those who come with a token. Whoever has the account key, or
    a signature made of it, is asked nothing, and the log names nobody. Who may list the
    keys needs no other way in.

    ## How to fix
    Set `allowSharedKeyAccess` to false once nothing signs in with keys any more.

    ```sh
    az storage account update --resource-group RG --name ACCOUNT \
      --allow-shared-key-access false
    ```

    ```bicep
    resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
      properties: { allowSharedKeyAccess: false }
    }
    ```

    ```terraform
    resource "azurerm_storage_account" "account" {
      shared_access_key_enabled = false
    }
    ```

    Foundry hubs in credential mode, function apps and mounted file shares stop working
    without the keys: move them to identities first.

    ## Exceptions
    An account that Azure made for a workspace with customer-managed keys is a way past
    the condition too, but its keys have to stay (`foundry-cmk-storage-shared-key`):
    take it out of the scope of the role instead.

    ## References
    - Azure Authorization - Azure ABAC
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    found = analysed(assignment)
    if not found.families:
        analysed(assignment, by_role=True)
    field = StorageAccount.shared_key_allowed
    stores = [
        each for each in stores_in(tenant, scope_at(assignment)) if each.takes_keys
    ]
    if stores:
        _cite_accounts(tenant, stores, field)
        reason = f"account keys are accepted past the condition by {_names(stores)}"
        advice = advice_on_all_keys(tenant, (each.id for each in stores))
        return failed(reason + _own_way(assignment, tenant), advice)
    reason = "no account in its scope accepts account keys"
    return _without_findings(assignment, tenant, reason, field)


def _own_way(assignment: RoleAssignment, tenant: Tenant) -> str:
    """Return by what its principal lists the keys itself, if it is known to."""
    allowed = access(tenant).by
    listing = [
        each
        for each in others(assignment, tenant)
        if not each.eligible and allowed(each.assignment, LIST_KEYS)
    ]
    if not listing:
        return ""
    cite(tenant, listing, assignment)
    return f"; its principal lists the keys by {paths(assignment, listing)}"


# Where a condition would help


def _unrestricted(tenant: Tenant) -> Container[str]:
    """Return the assignments that read every blob of accounts, or may."""
    known = access(tenant)
    facts = known.facts.assignments
    told = {id_key(each.id) for each in facts}
    malformed = {id_key(each) for each in tenant.all(RoleAssignment).ids()} - told
    wide = (
        id_key(each.id)
        for each in facts
        if not each.eligible and not each.managing_tenant
        if not (each.condition or "").strip() and holds_accounts(each.scope)
        if _may_read_all(known, each)
    )
    return malformed.union(wide)


def _may_read_all(known: Access, assignment: Assignment) -> bool:
    role = last_segment(assignment.role_definition_id)
    if role not in known.facts.roles:
        return True
    grant = known.by(assignment, BLOB_READ, data=True)
    return grant is not None and not grant.restrictions


@check(
    id="abac-opportunity",
    title="Grants of all blobs that a condition could narrow",
    topic=Topic.ABAC,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=_unrestricted,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def opportunity(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and the `tags` and users of accounts in scope.

    Judged are assignments without a condition (absent, null or blank) whose role reads
    blobs, at the scope of a storage account or above. A line is worth it where an
    account carries a tag that marks sensitive data, or keeps the containers of several
    workspaces; an account without tags is not marked. Containers themselves are not
    listed, for they may be thousands.

    ## Why it matters
    Whoever reads one container of such an account reads them all: other projects'
    training data, other departments' documents. Attributes of the data or of the reader
    often draw the line that scopes cannot.

    ## How to fix
    Narrow the assignment by container, by tag, or by an attribute of the reader.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL_ID \
      --assignee-principal-type User --role "Storage Blob Data Reader" \
      --scope STORAGE_ID --condition "$(cat condition.txt)" --condition-version 2.0
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    An assignment at the scope of one container needs no condition at all.

    ## Settings
    `sensitivity_tags`: the names of tags that mark sensitive data.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: What is Azure attribute-based access control (Azure ABAC)?
    """
    if assignment.key not in taken_in(tenant):
        raise unclear(assignment)
    assignment.cite(RoleGrant.condition)
    role = last_segment(assignment.role_definition_id or "")
    cite_role(assignment, access(tenant).facts.roles.get(role))
    sensitive = set(map(plain_tag, tenant.settings.sensitivity_tags))
    stores = stores_in(tenant, scope_at(assignment))
    marked = [each for each in stores if each.tags & sensitive]
    shared = [each for each in stores if each.workspaces > 1]
    said = [
        *([f"{_names(marked)} is marked as sensitive"] if marked else []),
        *([f"several workspaces keep data in {_names(shared)}"] if shared else []),
    ]
    _cite_accounts(tenant, [*marked, *shared], StorageAccount.tags)
    _cite_workspaces(tenant, shared)
    if said:
        return info(f"reads every blob in its scope, where {' and '.join(said)}")
    tenant.all(Workspace).require_whole()
    reason = "no account in its scope is marked or shared by workspaces"
    return _without_findings(assignment, tenant, reason, StorageAccount.tags)


def _cite_workspaces(tenant: Tenant, stores: Iterable[Store]) -> None:
    """Note the workspaces that keep their data in some accounts."""
    users = chain.from_iterable(
        tenant.referring(Workspace, "storage_account_id", each.id).known()
        for each in stores
    )
    for workspace in islice(users, CITED):
        workspace.cite(Workspace.storage_account_id)
