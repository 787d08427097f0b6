"""People and the stores of Foundry: who reads its secrets, who lacks a role on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain, compress, islice
from typing import Any

from checks.foundry_stores.kept_secrets import (
    KEEPING,
    kept_at,
    secret_readers,
    stores_secret,
    working,
)
from checks.shared.account_keys import advice_on_all_keys
from checks.shared.citing import cite
from checks.shared.doubt import doubt
from checks.shared.foundry_matrix import READ_STORAGE, On, Who, needs
from checks.shared.grants import (
    access,
    actors,
    bounded,
    principals,
    require_settled,
    unapproved,
    who,
)
from checks.shared.links import keeps_key
from checks.shared.members import NOBODY, each_person, known_members
from checks.shared.principals import is_person
from checks.shared.project_users import project_assignments, require_workspaces
from checks.shared.reach import Reach, reach
from checks.shared.scanned import require_scanned_at
from checks.shared.shortfall import Case, shortfall
from checks.shared.taken import or_unclear, taken_in, understood
from checks.shared.wording import CITED, count, some
from checks.shared.workspaces import default_storage, mode_of
from scanner.access.answers import Grant
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Assignment
from scanner.access.scopes import scope_at
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
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import (
    Datastore,
    Workspace,
    WorkspaceConnection,
    holds_work,
)
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
READ_WORKSPACE = f"{_WORKSPACES}/read"
READ_CONNECTIONS = f"{_WORKSPACES}/connections/read"
STORAGE_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"

SHOWN = 3
"""How much of what makes a crowd a verdict shows; its reason counts the rest."""

_CONTROLS = (
    "MCSB:IM-8",
    "MCSB:PA-7",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "NIST-800-53:IA-5",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.5.17",
    "PCI-DSS-4.0.1:7.2.1",
    "PCI-DSS-4.0.1:8.6.1",
)


@check(
    id="foundry-connection-secret-readers",
    title="Only approved people may read the secrets of hubs and projects",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=or_unclear(secret_readers),
    where=understood,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def connection_secret_readers(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` of assignments that reach hubs and projects.

    Those count whose role allows listing the secrets of connections
    (`Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action`) or
    of datastores (`.../datastores/listsecrets/action`), by name or by a wildcard, and
    that reach a workspace where a connection's `properties.authType` or a datastore's
    `properties.credentials.credentialsType` is one that stores a secret, or that are
    made on such a connection or datastore alone. A project shows the connections of its
    hub too where `properties.isSharedToAll` is true; an absent or null one is false
    (workspace connection REST reference). Users and groups fail unless approved; other
    principals are listed. A deny assignment that may take all of it back, by members of
    groups that were not read, makes it a warning. Where one of the first two properties
    is absent or null, and no other secret is known, nothing is said.

    ## Why it matters
    The action hands out the keys behind the connections in plain text. Azure AI
    Developer and AzureML Data Scientist carry it, so most people who work in a project
    can take its keys with them, and what they do with a key elsewhere no log ties to
    them.

    ## How to fix
    Move connections and datastores to Entra ID, so that there is nothing to read. Until
    then give people a custom role without the two actions, in place of the built-in.

    ```sh
    az role definition list --name "Azure AI Developer" > role.json
    az role definition create --role-definition role-without-listsecrets.json
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```bicep
    resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
      name: guid(subscription().id, 'developer-without-secrets')
      properties: {
        roleName: 'AI Developer without secrets'
        permissions: [{ actions: developerActionsWithoutListsecrets }]
        assignableScopes: [subscription().id]
      }
    }
    ```

    ```terraform
    resource "azurerm_role_definition" "developer" {
      name  = "AI Developer without secrets"
      scope = data.azurerm_subscription.current.id
      permissions {
        actions = var.developer_actions_without_listsecrets
      }
    }
    ```

    Flows and notebooks that fetch a connection's key as the person who runs them fail
    for whoever has lost the action.

    ## Settings
    `approved_principals` and `break_glass_principals` list the object ids of those who
    may read secrets.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    found = secret_readers(tenant)[assignment.key]
    grant = found.grant
    cite(tenant, [grant], assignment)
    opened, asked = _opened(tenant, found)
    if not opened:
        _require_secrets(tenant, found, assignment)
        return passed(f"{who(grant)} reaches no stored secret")
    said = f"{who(grant)} can read {_secrets(tenant, opened)}: {grant.why}"
    if not unapproved(tenant, [grant]):
        return passed(f"approved: {said}")
    unless = doubt(tenant, grant, asked)
    if not is_person(tenant, grant.principal_id, grant.principal_type):
        return info(f"{said}{unless}")
    return warned(f"{said}{unless}") if unless else failed(said)


def _opened(tenant: Tenant, found: Reach) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the ids of what keeps a secret that an assignment shows, each once.

    With the actions that show it, each on the workspace or store it is of.
    """
    opened, asked = dict[str, None](), list[tuple[str, str]]()
    for target in found.targets:
        for action in KEEPING.values():
            keepers = kept_at(tenant, target).shown_by(action)
            if keepers and found.gives(tenant, action, target):
                opened.update(dict.fromkeys(keepers))
                asked.append((action, target))
    return list(opened), asked


def _secrets(tenant: Tenant, opened: list[str]) -> str:
    """Return how many secrets lie open and where, with the first as evidence."""
    for keeper in opened[:SHOWN]:
        for view in (WorkspaceConnection, Datastore):
            known = tenant.known(view, keeper)
            if known is not None:
                stores_secret(known)
            if isinstance(known, WorkspaceConnection):
                known.cite(WorkspaceConnection.shared_to_all)
    places = dict.fromkeys(
        ResourceId.parse(ResourceId.parse(each).parent).name for each in opened
    )
    return f"{count(len(opened), 'secret', 'secrets')} of {some(places)}"


def _require_secrets(tenant: Tenant, found: Reach, assignment: RoleAssignment) -> None:
    """Raise NotRead if an assignment may show a secret that was not read."""
    require_workspaces(tenant, scope_at(assignment))
    for target in found.targets:
        kept_at(tenant, target).unclear.settle()


@check(
    id="foundry-ws-readers-use-creds",
    title="Few can use the stored credentials of a workspace",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=holds_work,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def ws_readers_use_creds(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode`, and who may read the workspace.

    In credential mode (`accesskey`, which null means too; an absent key is not
    assessed), or with a connection that stores a key, own or shared by its hub, those
    are counted who may read both the workspace and its connections: of a group whose
    members are known they alone, of any other the group as one. In other modes and
    without key connections the check is not applicable.

    ## Why it matters
    The workspace works with its stored credentials for whoever can open it, and asks
    no more of them than to read it. So plain Reader, given for a dashboard or an
    inventory, is enough to work with the data behind the keys, under a name that is
    the key's.

    ## How to fix
    Switch the workspace to identity mode and its connections to Entra ID. Until then
    give Reader on the resources that someone needs to see, not above the workspace.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --system-datastores-auth-mode identity
    az role assignment list --scope WORKSPACE_ID --include-inherited --output table
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: { systemDatastoresAuthMode: 'Identity' }
    }
    ```

    Grant people their data roles on the default storage before the switch, or their
    uploads and flows fail.

    ## Settings
    More than `workspace_reader_warning` principals (10) are many.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    if not _keeps_credentials(workspace):
        return not_applicable("no credentials are kept: identity mode, no key in use")
    answers = [
        access(tenant).who_can(action, workspace.id)
        for action in (READ_WORKSPACE, READ_CONNECTIONS)
    ]
    reading = [actors(tenant, answer.active) for answer in answers]
    both = set.intersection(*(set(principals(grants)) for grants in reading))
    refused = [each for answer in answers for each in answer.refused]
    cite(tenant, _one_each(reading[0], both)[:SHOWN], workspace, refused[:SHOWN])
    whom = count(len(both), "principal", "principals")
    missing = dict.fromkeys(each for answer in answers for each in answer.missing)
    said = bounded(f"{whom} can use the stored credentials", missing)
    if len(both) > tenant.settings.workspace_reader_warning:
        return warned(said)
    require_settled(missing)
    return passed(said)


def _keeps_credentials(workspace: Workspace) -> bool:
    """Whether a workspace works with a stored key; raises NotRead where it may."""
    try:
        if mode_of(workspace) == "accesskey":
            return True
    except NotRead:
        if keeps_key(workspace):
            return True
        raise
    return keeps_key(workspace)


def _one_each(grants: tuple[Grant, ...], wanted: set[str]) -> list[Grant]:
    """Return the first grant of each of some principals."""
    first = {each.principal_id.lower(): each for each in reversed(grants)}
    return [first[each] for each in sorted(wanted)]


@check(
    id="foundry-user-storage-roles",
    title="People who work in hubs and projects hold data roles on the storage",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=or_unclear(project_assignments),
    where=understood,
    guidance=Post.DATA_STORES,
    controls=(
        "MCSB:PA-7",
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-6",
        "ISO-27001-2022:A.5.18",
        "PCI-DSS-4.0.1:7.2.5",
    ),
)
def user_storage_roles(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalId` of assignments that make people users of a project.

    Those of users and groups to Azure AI Developer, AzureML Data Scientist, Foundry
    User or Foundry Project Manager that reach a hub or project. On the default storage
    of each such workspace in identity mode (`properties.systemDatastoresAuthMode`; null
    is `accesskey`, an absent key leaves the answer open) the same principal needs
    Storage Blob Data Contributor and Storage File Data Privileged Contributor, there or
    above, or roles that allow as much. Who holds Storage Blob Data Reader alone is
    taken for a reader, for whom Storage File Data Privileged Reader will do. In a group
    whose members are known each of them needs this, by the group or otherwise; nobody
    in it is not applicable. Any other group is taken for one person, and what a person
    has through groups is known only as far as their members were read.

    ## Why it matters
    In identity mode people meet the storage as themselves: documents as blobs, prompt
    flow and code as files. A role in the project opens neither, so their first upload
    or flow fails, and the fix that comes to mind is a switch back to keys.

    ## How to fix
    Grant the people of the project, by their group, both roles on the default storage.

    ```sh
    for role in "Storage Blob Data Contributor" \
        "Storage File Data Privileged Contributor"; do
      az role assignment create --assignee-object-id GROUP_OBJECT_ID \
        --assignee-principal-type Group --scope STORAGE_ID --role "$role"
    done
    ```

    ```bicep
    resource files 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: guid(storage.id, groupId, 'files')
      properties: {
        principalId: groupId
        principalType: 'Group'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '69566ab7-960f-475b-8e7c-b3118f30c6bd')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "files" {
      scope                = azurerm_storage_account.hub.id
      role_definition_name = "Storage File Data Privileged Contributor"
      principal_id         = var.group_object_id
    }
    ```

    The storage holds the data of every project of the hub. Give the blob role with a
    condition on the containers of the project where people should see no other.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    holder = taken_in(tenant)[assignment.key]
    if known_members(tenant, holder) == ():
        return not_applicable(NOBODY)
    short = shortfall(tenant, _storages(assignment, tenant, holder))
    if short.lacks:
        return warned(f"work with files will fail: {short.said()}")
    short.settle()
    if not short.looked:
        require_scanned_at(tenant, scope_at(assignment), "workspaces in its scope")
        return not_applicable("no workspace here is in identity mode")
    return passed("may work with blobs and files of every workspace in identity mode")


def _storages(
    assignment: RoleAssignment, tenant: Tenant, holder: Assignment
) -> Iterator[Case]:
    """Yield what people must hold on the default storage of their workspaces."""
    assignment.cite(RoleAssignment.role_definition_id, RoleAssignment.scope)
    met = tenant.once(_met_as_oneself)
    workspaces = _workspaces_of(assignment)
    places = [met.get(id_key(each)) for each in workspaces]
    _cite_modes(tenant, chain(compress(workspaces, places), workspaces))
    for storage_id in dict.fromkeys(each for each in places if isinstance(each, str)):
        storage = tenant.known(StorageAccount, storage_id)
        if storage is not None:
            yield from storage_cases(holder, storage)
    for unclear in places:
        if isinstance(unclear, NotRead):
            raise unclear
    require_workspaces(tenant, scope_at(assignment))


def _cite_modes(tenant: Tenant, workspaces: Iterable[str]) -> None:
    """Note how some workspaces meet their storage, and which that is."""
    for each in islice(dict.fromkeys(workspaces), CITED):
        workspace = tenant.known(Workspace, each)
        for field in (Workspace.datastores_auth_mode, Workspace.storage_account_id):
            with suppress(NotRead):
                if workspace is not None:
                    workspace.cite(field)


def _workspaces_of(assignment: RoleAssignment) -> tuple[str, ...]:
    return project_assignments(assignment.tenant)[assignment.key]


def _met_as_oneself(tenant: Tenant) -> Mapping[str, str | NotRead]:
    """Return the storage that people need roles on, by the key of the workspace.

    Or why it is not known which that is; nothing where they need none.
    """
    found: dict[str, str | NotRead] = {}
    for workspace in tenant.all(Workspace).known():
        try:
            if mode_of(workspace) == "identity":
                storage = default_storage(workspace, tenant)
                found |= {workspace.key: storage.id} if storage else {}
        except NotRead as problem:
            found[workspace.key] = problem.light()
    return found


def storage_cases(holder: Assignment, storage: StorageAccount) -> Iterator[Case]:
    """Yield what those who hold a role in a project must hold on a default storage."""
    full = needs(Who.PERSON, On.STORAGE)
    case_of = partial(_storage_case, storage)
    yield from each_person(storage.tenant, holder, full, case_of)


def _storage_case(storage: StorageAccount, who: str, principal: str) -> Case:
    """Return what a person must hold on a default storage: less, to read alone."""
    known = access(storage.tenant)
    writing = known.holds(
        principal,
        (
            BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR,
            BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_CONTRIBUTOR,
        ),
        storage.id,
    )
    reading = known.holds(principal, (BuiltIn.STORAGE_BLOB_DATA_READER,), storage.id)
    reads_only = reading.active and not writing.active
    wanted = READ_STORAGE if reads_only else needs(Who.PERSON, On.STORAGE)
    return Case(who, (principal,), wanted, storage)


def key_holders(tenant: Tenant) -> Mapping[str, Reach]:
    """Return the assignments that list keys of default storages, and of which."""
    return tenant.once(_key_holders)


def _key_holders(tenant: Tenant) -> Mapping[str, Reach]:
    return reach(tenant, (STORAGE_KEYS,), _default_storages(tenant))


def _default_storages(tenant: Tenant) -> Iterator[str]:
    """Yield the ids of default storages, those included that were not read."""
    named = dict[str, str]()
    for workspace in working(tenant):
        try:
            storage_id = workspace.storage_account_id
        except NotRead:
            continue
        if storage_id:
            named.setdefault(id_key(storage_id), storage_id)
    yield from named.values()


@check(
    id="foundry-default-storage-key-holders",
    title="Nobody may list the keys of the storage of hubs and projects",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=or_unclear(key_holders),
    where=understood,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def default_storage_key_holders(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` of assignments that reach default storages.

    Those count whose role allows `Microsoft.Storage/storageAccounts/listKeys/action`,
    by name or by a wildcard, and that reach an account which a hub, project or default
    workspace names in `properties.storageAccount`. While that account accepts keys, as
    an absent or null `properties.allowSharedKeyAccess` means too (Storage REST
    reference), each warns unless approved.

    ## Why it matters
    A key of the default storage is every blob, file, queue and table of every project,
    past all roles and conditions, and the log shows the key where it should show a
    person. It takes no data role to get it: Contributor, AI Administrator and Storage
    Account Contributor, which Azure gives to each project's own identity, all list it.

    ## How to fix
    Switch the keys of the account off once all its workspaces are in identity mode;
    then listing them gives nothing away.

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

    Workspaces in credential mode stop working with the keys, and so do connections and
    datastores with a key, function apps and file share mounts that use the account.
    Taking Storage Account Contributor from
    a project's identity breaks the project.

    ## Settings
    `approved_principals` and `break_glass_principals` list the object ids of those who
    may list keys.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    found = key_holders(tenant)[assignment.key]
    grant = found.grant
    cite(tenant, [grant], assignment)
    keyed, unclear = _keyed(tenant, found)
    if not keyed:
        unclear.settle()
        require_workspaces(tenant, scope_at(assignment))
        return passed(f"{who(grant)} reaches no default storage that accepts keys")
    names = (ResourceId.parse(each).name for each in keyed)
    said = f"{who(grant)} can list the keys of {some(names)}: {grant.why}"
    if not unapproved(tenant, [grant]):
        return passed(f"approved: {said}")
    unless = doubt(tenant, grant, ((STORAGE_KEYS, each) for each in keyed))
    return warned(f"{said}{unless}", advice_on_all_keys(tenant, keyed))


def _keyed(tenant: Tenant, found: Reach) -> tuple[list[str], Unclear]:
    """Return the storages whose keys an assignment lists, and why there may be more."""
    keyed, unclear = list[str](), Unclear()
    for target in found.targets:
        accepts = False
        with unclear:
            storage = tenant.get(StorageAccount, target)
            accepts = storage is not None and storage.shared_key_allowed is not False
        if accepts and found.gives(tenant, STORAGE_KEYS, target):
            keyed.append(target)
    return keyed, unclear


CHECKS: tuple[Check[Any], ...] = (
    connection_secret_readers,
    ws_readers_use_creds,
    user_storage_roles,
    default_storage_key_holders,
)
