"""Identities of Foundry agents: the roles they need, and how far these reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from checks.foundry_accounts.agent_projects import Store, hosts, stores
from checks.shared.citing import cite
from checks.shared.connections import target
from checks.shared.containers import (
    CORE,
    blob_grants,
    container_grants,
    is_conditioned,
    strays,
    tells_whose,
    unsettled,
    with_untold,
)
from checks.shared.foundry_matrix import Need, On, Who
from checks.shared.grants import bounded, require_settled
from checks.shared.shortfall import Case, ids, shortfall
from checks.shared.wording import quote, some
from scanner.access.answers import Grant
from scanner.access.builtin import BuiltIn, is_role
from scanner.access.facts import Missing
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
from scanner.model.cognitive import AccountConnection, Project, ProjectConnection
from scanner.model.connections import Connection
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import id_key
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

KEPT_IN: dict[Store, type[Resource]] = {
    Store.THREADS: CosmosAccount,
    Store.VECTORS: SearchService,
    Store.FILES: StorageAccount,
}
"""What each of the stores is."""

NEEDS = {
    Store.THREADS: (Need(Who.PROJECT, On.DATABASE, (BuiltIn.COSMOS_OPERATOR,)),),
    Store.VECTORS: (
        Need(Who.PROJECT, On.SEARCH, (BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR,)),
        Need(Who.PROJECT, On.SEARCH, (BuiltIn.SEARCH_CONTRIBUTOR,)),
    ),
    Store.FILES: (
        Need(
            Who.PROJECT,
            On.DATA,
            (BuiltIn.STORAGE_CONTRIBUTOR, BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR),
        ),
    ),
}
"""The roles of a project's identity on what its agents keep (Microsoft Learn,
"Standard agent setup")."""

CONTAINERS = {
    "azureml-blobstore": BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR,
    "agents-blobstore": BuiltIn.STORAGE_BLOB_DATA_OWNER,
}
"""Those on the containers that a capability host makes, by how their names end."""

DATABASE = "/dbs/enterprise_memory"
"""Where threads are kept, below the Cosmos DB account."""

COLLECTIONS = (
    "thread-message-store",
    "system-thread-message-store",
    "agent-entity-store",
)
"""The collections there that each project has of its own, by how their names end."""

_DATA_CONTRIBUTOR = "00000000-0000-0000-0000-000000000002"
_OF_COSMOS = {"00000000-0000-0000-0000-000000000001", _DATA_CONTRIBUTOR}


@check(
    id="fdp-agent-rbac",
    title="Identities of Foundry projects hold the roles that their agents need",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.HIGH,
    on=Project,
    guidance=(Post.FOUNDRY_IDENTITY, Post.DATA_STORES),
    controls=(
        "MCSB:IM-3",
        "MCSB:PA-7",
        "MCSB:AI-4",
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-6",
        "NIST-800-53:CM-7",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.8.3",
        "PCI-DSS-4.0.1:7.2.1",
        "PCI-DSS-4.0.1:7.3.1",
    ),
)
def agent_rbac(project: Project, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.type`, and the roles that reach what the project's agents keep.

    With the three stores of the standard setup the project's identity needs Cosmos DB
    Operator; Search Index Data Contributor and Search Service Contributor; Storage
    Account Contributor or Storage Blob Data Contributor, each on the resource that the
    connection leads to or above. Of the containers whose names begin with the GUID in
    `properties.internalId`, it needs Storage Blob Data Contributor on the one that ends
    in `azureml-blobstore` and Storage Blob Data Owner on the one in `agents-blobstore`;
    in Cosmos DB its Built-in Data Contributor on `enterprise_memory` or the account, or
    there on each of the three collections whose names begin with that GUID. A role that
    allows all that one of them does will do; a role of Cosmos DB that somebody made
    warns. An absent or null internal id is not assessed; without a
    capability host, or in the basic setup, the check is not applicable.

    ## Why it matters
    Azure sets up agents half when a role is missing: threads are kept and files are
    not, and what people see is an agent that forgets. The repair under pressure is a
    wide role on a whole resource group, which stays.

    ## How to fix
    Grant the project's identity each role that is missing where it is missing.

    ```sh
    az role assignment create --assignee-object-id PROJECT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope COSMOS_ID \
      --role "Cosmos DB Operator"
    az cosmosdb sql role assignment create --resource-group RG --account-name COSMOS \
      --role-definition-id 00000000-0000-0000-0000-000000000002 \
      --principal-id PROJECT_PRINCIPAL --scope /dbs/enterprise_memory
    ```

    ```bicep
    resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: cosmos
      name: guid(cosmos.id, project.id, 'operator')
      properties: {
        principalId: project.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '230815da-be43-4aae-9cb4-875f7bd000aa')
      }
    }
    ```

    ```terraform
    resource "azurerm_cosmosdb_sql_role_assignment" "threads" {
      resource_group_name = azurerm_resource_group.agents.name
      account_name        = azurerm_cosmosdb_account.threads.name
      role_definition_id  = local.built_in_data_contributor_id
      principal_id        = azapi_resource.project.output.identity.principalId
      scope               = local.enterprise_memory_id
    }
    ```

    Grant the roles on the containers and the database after the capability host has
    made them, and those on the resources before. On the storage account, Storage
    Account Contributor may list the keys, which can be off; Storage Blob Data
    Contributor needs a condition (`fdp-agent-storage-condition`).

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Standard agent setup
    """
    named = _kept(project)
    if not any(named.values()):
        return not_applicable("no agents, or none that keep data in stores of yours")
    short = shortfall(tenant, _cases(project, named))
    lacks = [short.said()] if short.lacks else []
    lost, doubts = list[str](), list[str]()
    with short.unclear:
        lost.extend(_lost(project, named))
    with short.unclear:
        for cosmos in _targets(project, named, Store.THREADS):
            if isinstance(cosmos, CosmosAccount):
                _look_into(project, cosmos, lacks, doubts)
    if lacks or lost:
        return failed(some([*lacks, *lost]), _RECONNECT if lost else "")
    short.settle()
    if doubts:
        return warned(some(doubts))
    return passed("the project's identity holds its roles on all that agents keep")


_RECONNECT = (
    "Make anew what the connection leads to, or the connection under its name, or the "
    "capability host with connections that lead somewhere (see "
    "fdp-agent-standard-setup). Then grant the project's identity each role that is "
    "missing there."
)


def _kept(project: Project) -> dict[Store, tuple[str, ...]]:
    """Return where a project's agents keep what; nothing where it runs none."""
    return stores(project) if any(True for _ in hosts(project)) else {}


def _connection(project: Project, name: str) -> Connection | None:
    """Return a connection that a project can use; its own goes first."""
    tenant, last = project.tenant, name.rpartition("/")[2]
    own = tenant.get(ProjectConnection, f"{project.id}/connections/{last}")
    shared = f"{project.parts.parent}/connections/{last}"
    return own or tenant.get(AccountConnection, shared)


def _target(project: Project, name: str, view: type[Resource]) -> Resource | None:
    connection = _connection(project, name)
    return target(connection, view) if connection else None


def _targets(
    project: Project, named: dict[Store, tuple[str, ...]], store: Store
) -> Iterator[Resource]:
    """Yield what the connections to one of the stores lead to, as far as it is."""
    for name in named[store]:
        found = _target(project, name, KEPT_IN[store])
        if found is not None:
            yield found


def _lost(project: Project, named: dict[Store, tuple[str, ...]]) -> Iterator[str]:
    """Yield which connections lead to nothing."""
    for store, names in named.items():
        for name in names:
            if _target(project, name, KEPT_IN[store]) is None:
                yield f"{quote(name)} of {store.named} leads to nothing that exists"


def _cases(project: Project, named: dict[Store, tuple[str, ...]]) -> Iterator[Case]:
    """Yield what the project's identity needs; raises NotRead where that is unclear."""
    who, principals = f"project {project.name}", ids(project.identities)
    for store in Store:
        for found in _targets(project, named, store):
            yield Case(who, principals, NEEDS[store], found)
    for storage in _targets(project, named, Store.FILES):
        for end, role in CONTAINERS.items():
            need = Need(Who.PROJECT, On.DATA, (role,))
            scope = _container(project, storage, end)
            yield Case(who, principals, (need,), storage, scope)


def _prefix(project: Project) -> str:
    """Return how the names of a project's containers begin; raises NotRead."""
    path, value = "properties.internalId", project.internal_id
    if not value:
        raise project.unread(path, "says nothing")
    try:
        return str(UUID(value))
    except ValueError:
        raise project.malformed(path, "a GUID", value) from None


def _container(project: Project, storage: Resource, end: str) -> str:
    containers = f"{storage.id}/blobServices/default/containers"
    return f"{containers}/{_prefix(project)}-{end}"


def _look_into(
    project: Project, cosmos: CosmosAccount, lacks: list[str], doubts: list[str]
) -> None:
    """Note whether a role of Cosmos DB's own lets a project into its threads."""
    held = _roles_inside(project, cosmos)
    if _DATA_CONTRIBUTOR in held:
        return
    said = f"Cosmos DB Built-in Data Contributor in {cosmos.name}"
    cosmos.sql_role_assignments.require_whole()
    if held - _OF_COSMOS:
        doubts.append(f"a role that somebody made stands for {said}")
    else:
        lacks.append(f"the project's identity lacks {said}")


def _roles_inside(project: Project, cosmos: CosmosAccount) -> set[str]:
    """Return the ids of the roles that a project holds on all of its threads."""
    wanted = set(map(str.lower, ids(project.identities)))
    held = defaultdict[str, set[str]](set)
    for each in cosmos.sql_role_assignments.known():
        scope = id_key(each.scope or "")
        if (each.principal_id or "").lower() in wanted:
            role = (each.role_definition_id or "").lower().rpartition("/")[2]
            held[scope].add(role)
    database = f"{cosmos.key}{DATABASE}"
    whole = held[cosmos.key] | held[database]
    if not any(scope.startswith(f"{database}/") for scope in held):
        return whole
    own = f"{database}/colls/{_prefix(project)}"
    return whole | set.intersection(*(held[f"{own}-{end}"] for end in COLLECTIONS))


@check(
    id="fdp-agent-storage-condition",
    title="Blob roles of Foundry projects are kept to the project's containers",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.HIGH,
    on=Project,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_BASICS),
    controls=(
        "MCSB:PA-7",
        "MCSB:DP-2",
        "NIST-800-53:AC-3(13)",
        "NIST-800-53:AC-6",
        "NIST-800-53:AC-16",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.8.3",
        "PCI-DSS-4.0.1:7.2.5",
        "PCI-DSS-4.0.1:7.3.1",
    ),
)
def agent_storage_condition(project: Project, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` of the grants of blobs to the project's identity.

    Those on the account that its agents keep files in, and above it. Storage Blob Data
    Owner without a condition fails, an absent or null condition being none (Azure RBAC
    documentation); so does a condition that leads to containers whose names do not
    begin with the project's `properties.internalId`, written as a GUID (absent or null:
    not assessed). Any other role with data actions on blobs and without a condition
    warns. A grant on a single container fails where the container's name has the id of
    another project in it; one without an id may be the project's own, and is told.
    Without a grant on all containers, without agents and in the basic setup, the check
    is not applicable.

    ## Why it matters
    Projects of an account often share a storage account. Owner of all its blobs lets
    the agents of one project read what people uploaded to the agents of another, and
    hand out access to it; the condition is all that parts them.

    ## How to fix
    Put a condition on the assignment that keeps all actions on blobs to containers
    whose names begin with the project's id.

    ```sh
    az role assignment update --role-assignment assignment-with-condition.json
    ```

    ```bicep
    var data = 'Microsoft.Storage/storageAccounts/blobServices/containers'
    resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: nameOfTheAssignment
      properties: {
        principalId: project.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: blobDataOwner
        conditionVersion: '2.0'
        condition: join([
          '((!(ActionMatches{\'${data}/blobs/*\'}))'
          'OR (@Resource[${data}:name] StringStartsWithIgnoreCase \'${projectId}\'))'
        ], ' ')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "blobs" {
      scope                = azurerm_storage_account.agents.id
      role_definition_name = "Storage Blob Data Owner"
      condition_version    = "2.0"
      condition            = local.own_containers_only
    }
    ```

    Azure takes no second assignment of the role at the scope beside the one without a
    condition. Roles on the containers alone do as well, once the capability host has
    made them, but all that agents need have to be there (`fdp-agent-rbac`): Storage
    Blob Data Owner on `<project id>-agents-blobstore`, Storage Blob Data Contributor on
    `<project id>-azureml-blobstore`, and Storage Account Contributor on the account.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - The Basics
    - Microsoft Learn: Standard agent setup
    """
    named = _kept(project)
    if not named.get(Store.FILES):
        return not_applicable("no agents, or none that keep files in storage of yours")
    wide, narrow, single = list[Grant](), list[Grant](), list[Grant]()
    missing = list[Missing]()
    for storage in _targets(project, named, Store.FILES):
        if not isinstance(storage, StorageAccount):
            continue
        for principal in ids(project.identities):
            held = blob_grants(tenant, principal, storage)
            wide += (each for each in held if not is_conditioned(each))
            narrow += filter(is_conditioned, held)
            below = container_grants(tenant, principal, storage)
            single += below
            cite(tenant, (*held, *below), storage)
            missing += unsettled(tenant, principal, storage, unrestricted=True)
    owning = [each for each in wide if is_role(each, BuiltIn.STORAGE_BLOB_DATA_OWNER)]
    if owning:
        return failed(f"no condition: {some(each.why for each in owning)}")
    marked = filter(tells_whose, single)
    astray = [each for each in (*narrow, *marked) if _leads_astray(project, each)]
    if astray:
        said = some(each.why for each in astray)
        return failed(f"leads to containers of others: {said}")
    if wide:
        return warned(f"every container is open: {some(each.why for each in wide)}")
    require_settled(missing)
    if not narrow:
        said = with_untold("holds no role on all blobs", single)
        return not_applicable(bounded(said, missing))
    said = "conditions lead to the project's own containers"
    return passed(bounded(with_untold(said, single), missing))


def _leads_astray(project: Project, grant: Grant) -> bool:
    """Whether a condition lets blobs of others be read or changed."""
    found = strays(project.tenant, grant, [_prefix(project)])
    return any(each.action in CORE for each in found)


CHECKS: tuple[Check[Any], ...] = (agent_rbac, agent_storage_condition)
