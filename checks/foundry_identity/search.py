"""Search, models and people around hubs: who holds the roles that connections need."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from checks.shared.citing import cite
from checks.shared.foundry_matrix import READ_DOCUMENTS, READ_SEARCH, On, Who, needs
from checks.shared.grants import access, bounded, require_settled
from checks.shared.links import KINDS, connections_to, links, partners
from checks.shared.members import NOBODY, each_person, known_members
from checks.shared.project_users import project_assignments, require_workspaces
from checks.shared.scanned import require_all_scanned, require_scanned_at
from checks.shared.shortfall import Case, Shortfall, ids, shortfall
from checks.shared.taken import or_unclear, taken_in, understood
from checks.shared.wording import count, shown, some
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Assignment, Missing
from scanner.access.scopes import scope_at
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.machinelearning import Workspace
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:IM-3",
    "MCSB:PA-7",
    "NIST-800-53:IA-9",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.16",
    "ISO-27001-2022:A.5.18",
)


@check(
    id="foundry-user-search-roles",
    title="People who work in hubs and projects have roles on connected Search",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=or_unclear(project_assignments),
    where=understood,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def user_search_roles(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalId` of assignments that make people users of a project.

    Those of users and groups to Azure AI Developer, AzureML Data Scientist, Foundry
    User or Foundry Project Manager that reach a hub or project. For each Search service
    that one of these workspaces connects to with Entra ID, the same principal needs
    Search Service Contributor and Search Index Data Contributor, there or above, or
    roles that allow as much. Who holds Search Index Data Reader alone is taken for a
    reader, and passes. In a group whose members are known each of them needs this, by
    the group or otherwise; nobody in it is not applicable. Any other group is taken for
    one person, and what a person has through groups is known only as far as their
    members were read.

    ## Why it matters
    With Entra ID the playground and notebooks ask Search as the person in front of
    them. Without the first role that person cannot make or even see an index, without
    the second its records stay closed. The error names neither, and someone in a hurry
    goes back to the key.

    ## How to fix
    Grant the people of the project, by their group, both roles on the Search service.

    ```sh
    for role in "Search Service Contributor" "Search Index Data Contributor"; do
      az role assignment create --assignee-object-id GROUP_OBJECT_ID \
        --assignee-principal-type Group --scope SEARCH_ID --role "$role"
    done
    ```

    ```bicep
    resource records 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(search.id, groupId, searchIndexDataContributor)
      scope: search
      properties: {
        principalId: groupId
        principalType: 'Group'
        roleDefinitionId: searchIndexDataContributor
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "records" {
      scope                = azurerm_search_service.search.id
      role_definition_name = "Search Index Data Contributor"
      principal_id         = var.group_object_id
    }
    ```

    Search Service Contributor also lists the admin keys of the service: grant it where
    keys are switched off, or to those few who make indexes.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connect to Azure AI Search using roles
    """
    holder = taken_in(tenant)[assignment.key]
    if known_members(tenant, holder) == ():
        return not_applicable(NOBODY)
    short = shortfall(tenant, _searches(assignment, tenant, holder))
    if short.lacks:
        return warned(f"work with Search will fail: {short.said()}")
    short.settle()
    if not short.looked:
        require_scanned_at(tenant, scope_at(assignment), "workspaces in its scope")
        return not_applicable("no workspace here uses Search with Entra ID")
    return passed("may work with every Search service of the workspaces")


def _searches(
    assignment: RoleAssignment, tenant: Tenant, holder: Assignment
) -> Iterator[Case]:
    """Yield what people must hold on the Search services of their workspaces."""
    assignment.cite(RoleAssignment.role_definition_id, RoleAssignment.scope)
    seen = set[str]()
    for workspace_id in project_assignments(tenant)[assignment.key]:
        workspace = tenant.known(Workspace, workspace_id)
        for link in links(workspace, SearchService) if workspace else ():
            if link.resource.key not in seen:
                seen.add(link.resource.key)
                yield from search_cases(holder, link.resource)
    require_workspaces(tenant, scope_at(assignment))


def search_cases(holder: Assignment, service: Resource) -> Iterator[Case]:
    """Yield what those who hold a role in a project must hold on a Search service."""
    full = needs(Who.PERSON, On.SEARCH)
    case_of = partial(_search_case, service)
    yield from each_person(service.tenant, holder, full, case_of)


def _search_case(service: Resource, who: str, principal: str) -> Case:
    """Return what a person must hold on a Search service: less, to read alone."""
    known = access(service.tenant)
    writing = known.holds(
        principal,
        (BuiltIn.SEARCH_CONTRIBUTOR, BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR),
        service.id,
    )
    reading = known.holds(principal, (BuiltIn.SEARCH_INDEX_DATA_READER,), service.id)
    reads_only = reading.active and not writing.active
    wanted = READ_SEARCH if reads_only else needs(Who.PERSON, On.SEARCH)
    return Case(who, (principal,), wanted, service)


def _used_through_foundry(account: CognitiveAccount) -> bool:
    """Whether people reach a model host by way of Foundry."""
    if not hosts_models(account):
        return False
    return bool(account.allows_projects) or any(
        True for _ in connections_to(account, *KINDS)
    )


@check(
    id="foundry-user-finetune-role",
    title="Those who fine-tune models may upload their training files",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=_used_through_foundry,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def user_finetune_role(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` of the assignments that reach an account.

    Whoever fine-tunes needs Cognitive Services OpenAI Contributor there, or another
    role with the data action of importing files. The check covers Azure OpenAI and AI
    Services accounts that a workspace or project is connected to, or that allow
    projects (`properties.allowProjectManagement`; absent or null means false).

    ## Why it matters
    The upload of training data through Foundry runs as the person who starts it. Roles
    that suffice to chat with a model do not suffice for that, and a person who is
    refused will look for a key.

    ## How to fix
    Find out who fine-tunes models, name them in `fine_tuning_principals`, and grant
    them Cognitive Services OpenAI Contributor on the account.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL --scope ACCOUNT_ID \
      --assignee-principal-type User --role "Cognitive Services OpenAI Contributor"
    ```

    ```bicep
    resource tuner 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, principalId, openAiContributor)
      scope: account
      properties: {
        principalId: principalId
        principalType: 'User'
        roleDefinitionId: openAiContributor
      }
    }
    ```

    The role also deploys models and changes content filters: grant it to those who
    fine-tune, not to everybody who calls a model.

    ## Settings
    `fine_tuning_principals` lists the object ids of those who fine-tune. Without it
    the question is left to a person.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    listed = tenant.settings.fine_tuning_principals
    if not listed:
        return manual("who fine-tunes is not known: fine_tuning_principals is empty")
    unable, missing = list[str](), list[Missing]()
    for principal in listed:
        decision = access(tenant).can(principal, _UPLOAD, account.id, data=True)
        held = [each for each in decision.grants if not each.eligible]
        cite(tenant, held, account)
        if not held or decision.denied_by:
            unable.append(principal)
            missing += decision.missing
    if not unable:
        whom = count(len(listed), "principal", "principals")
        return info(f"training files may be uploaded by each of {whom} that fine-tune")
    require_settled(missing)
    return info(bounded(f"may not upload training files: {some(unable)}", missing))


_UPLOAD = "Microsoft.CognitiveServices/accounts/OpenAI/files/import/action"


@check(
    id="foundry-search-mi-openai",
    title="Search services may call the models that workspaces use beside them",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=SearchService,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def search_mi_openai(service: SearchService, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.principalId` of the Search service, and the roles it has.

    For each Azure OpenAI or AI Services account that a workspace connects to with Entra
    ID, beside this service, one of the service's identities must hold Cognitive
    Services OpenAI User or another role that embeds text. No identity, a null type and
    `None` mean the same: the service cannot sign in (common types of Azure Resource
    Manager, ManagedServiceIdentity). A service that no workspace uses so is not
    applicable.

    ## Why it matters
    An index with vectors is filled by Search itself: it sends each piece of text to the
    embedding model and signs in as its own identity. Without a role there, indexing
    fails or leaves the vectors out, and what people then find is worse without anyone
    being told.

    ## How to fix
    Switch the system-assigned identity of the service on and grant it Cognitive
    Services OpenAI User on the account.

    ```sh
    az search service update --resource-group RG --name SEARCH \
      --identity-type SystemAssigned
    az role assignment create --assignee-object-id SEARCH_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope ACCOUNT_ID \
      --role "Cognitive Services OpenAI User"
    ```

    ```bicep
    resource embeds 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, search.id, openAiUser)
      scope: account
      properties: {
        principalId: search.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: openAiUser
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "embeds" {
      scope                = azurerm_cognitive_account.account.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = azurerm_search_service.search.identity[0].principal_id
    }
    ```

    ## Exceptions
    Where no index is vectorised by Search, it needs no role on the model.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connect a search service to other Azure resources using a managed
      identity
    """
    short = shortfall(tenant, _embedding(service))
    return _between(short, "vectorising will fail", "a model account")


def _embedding(service: SearchService) -> Iterator[Case]:
    for account in partners(service, CognitiveAccount):
        if hosts_models(account):
            yield embedding(service, account)


def embedding(service: SearchService, account: CognitiveAccount) -> Case:
    """Return what a Search service must hold on a model account to embed text."""
    who = f"Search service {shown(service.name)}"
    return Case(who, ids(service.identities), needs(Who.SEARCH, On.ACCOUNT), account)


def _between(short: Shortfall, failing: str, alone: str) -> Verdict:
    """Return what came of looking for the roles of one service on others."""
    if short.lacks:
        return warned(f"{failing}: {short.said()}")
    short.settle()
    if not short.looked:
        require_all_scanned(short.tenant, "workspaces that use it")
        return not_applicable(f"no workspace uses it beside {alone} with Entra ID")
    return passed("the identity holds the roles it needs there")


@check(
    id="foundry-openai-mi-search",
    title="Model accounts may use the Search services beside them",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def openai_mi_search(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.principalId` of the account, and the roles it has on Search.

    For each Search service that a workspace connects to with Entra ID, beside this
    account, one of the account's identities must hold Search Service Contributor and
    Search Index Data Contributor or Reader. No identity, a null type and `None` mean
    the same: the account cannot sign in (common types of Azure Resource Manager,
    ManagedServiceIdentity). An account that no workspace uses so is not applicable.

    ## Why it matters
    When people add their own data to a chat, the model account makes the index and
    looks things up in it, as its own identity. Without both roles that fails in the
    middle, and the quick way out is an admin key of the Search service in the account.

    ## How to fix
    Switch the system-assigned identity of the account on and grant it both roles on
    the Search service.

    ```sh
    az cognitiveservices account identity assign --resource-group RG --name ACCOUNT
    for role in "Search Service Contributor" "Search Index Data Contributor"; do
      az role assignment create --assignee-object-id ACCOUNT_PRINCIPAL \
        --assignee-principal-type ServicePrincipal --scope SEARCH_ID --role "$role"
    done
    ```

    ```bicep
    resource records 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(search.id, account.id, searchIndexDataContributor)
      scope: search
      properties: {
        principalId: account.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: searchIndexDataContributor
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "records" {
      scope                = azurerm_search_service.search.id
      role_definition_name = "Search Index Data Contributor"
      principal_id         = azurerm_cognitive_account.account.identity[0].principal_id
    }
    ```

    ## Exceptions
    Accounts whose models are never used with people's own data need no such role.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Network and access configuration for Azure OpenAI On Your Data
    """
    short = shortfall(tenant, _indexing(account))
    return _between(short, "adding data will fail", "a Search service")


def _indexing(account: CognitiveAccount) -> Iterator[Case]:
    for service in partners(account, SearchService):
        yield indexing(account, service)


def indexing(account: CognitiveAccount, service: SearchService) -> Case:
    """Return what a model account must hold on a Search service to index data."""
    who = f"account {shown(account.name)}"
    return Case(who, ids(account.identities), needs(Who.ACCOUNT, On.SEARCH), service)


@check(
    id="foundry-search-mi-storage",
    title="Search services may read the documents that workspaces use beside them",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=SearchService,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def search_mi_storage(service: SearchService, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.principalId` of the Search service, and its roles on storage.

    For each storage account that a workspace connects to with Entra ID, beside this
    service, one of the service's identities must hold Storage Blob Data Reader or more.
    No identity, a null type and `None` mean the same: the service cannot sign in
    (common types of Azure Resource Manager, ManagedServiceIdentity). Whether the
    service has an indexer at all is its own data, which Azure Resource Manager does not
    show.

    ## Why it matters
    An indexer reads documents as the identity of the Search service. Without a role on
    the storage account it needs a connection string with the account key, which opens
    far more than the documents.

    ## How to fix
    Grant the service's identity Storage Blob Data Reader on the account with the
    documents, if an indexer reads them.

    ```sh
    az role assignment create --assignee-object-id SEARCH_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Blob Data Reader"
    ```

    ```bicep
    resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, search.id, storageBlobDataReader)
      scope: account
      properties: {
        principalId: search.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: storageBlobDataReader
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "reads" {
      scope                = azurerm_storage_account.account.id
      role_definition_name = "Storage Blob Data Reader"
      principal_id         = azurerm_search_service.search.identity[0].principal_id
    }
    ```

    ## Exceptions
    A service that is filled from outside, without an indexer, needs no role on storage.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connect to Azure Storage using a managed identity (Azure AI
      Search)
    """
    short = shortfall(tenant, _documents(service))
    return _between(short, "indexers cannot read", "a storage account")


def _documents(service: SearchService) -> Iterator[Case]:
    for account in partners(service, StorageAccount):
        who = f"Search service {shown(service.name)}"
        yield Case(who, ids(service.identities), (READ_DOCUMENTS,), account)


CHECKS: tuple[Check[Any], ...] = (
    user_search_roles,
    user_finetune_role,
    search_mi_openai,
    openai_mi_search,
    search_mi_storage,
)
