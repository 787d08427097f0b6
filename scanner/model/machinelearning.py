"""Machine Learning: workspaces (Foundry hubs and projects) and what is under them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.model.connections import Connection
from scanner.model.fields import Flag, Moment, Parts, Text, Texts, Tree
from scanner.model.identity import Identified
from scanner.model.insights import DiagnosticSetting
from scanner.model.keyvault import KeyVault
from scanner.model.listing import Listing
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource
from scanner.model.storage import StorageAccount

API_VERSION = "2025-12-01"
OLDER = ("2024-10-01-preview", "2024-07-01-preview")
"""What clouds have that are behind; what these do not return is said at the field."""


MANAGED_GROUP = re.compile(
    r"azureml(?:-rg)?-(?P<workspace>.+)_[0-9a-f-]{32,36}", re.IGNORECASE
)
"""What Azure calls the resource group of an encrypted workspace's managed resources."""


class WorkspaceConnection(Connection):
    """A connection of a hub or project to another service."""

    type = "Microsoft.MachineLearningServices/workspaces/connections"
    api_version = API_VERSION
    fallbacks = OLDER


class Datastore(Resource):
    """A datastore of a workspace."""

    type = "Microsoft.MachineLearningServices/workspaces/datastores"
    api_version = API_VERSION
    fallbacks = OLDER

    credentials_type = Text("properties.credentials.credentialsType")
    service_identity = Text("properties.serviceDataAccessAuthIdentity")
    is_default = Flag("properties.isDefault")
    account_name = Text("properties.accountName")
    """Of the storage account; other kinds of stores have none."""

    @property
    def credentials(self) -> str:
        """What kind of credentials it keeps, as received.

        `credentialsType` tells which shape the credentials have and is required: a
        datastore that lacks it is not judged.
        """
        if not self.credentials_type:
            raise self.unread("properties.credentials.credentialsType", "says nothing")
        return self.credentials_type


class OutboundRule(Resource):
    """A rule of a workspace's managed network; the list holds Azure's own too.

    What `destination` is follows from the type: an object, or for an FQDN a string.
    """

    type = "Microsoft.MachineLearningServices/workspaces/outboundRules"
    api_version = API_VERSION
    fallbacks = OLDER

    rule_type = Text("properties.type")
    category = Text("properties.category")
    status = Text("properties.status")
    target_id = Text("properties.destination.serviceResourceId")
    target_group = Text("properties.destination.subresourceTarget")
    fqdn = Text("properties.destination")
    service_tag = Text("properties.destination.serviceTag")
    prefixes = Texts("properties.destination.addressPrefixes")
    """Where there are any, they count in place of the tag."""
    tag_action = Text("properties.destination.action")

    @property
    def kind(self) -> str:
        """Its type, in lower case; it is required, so without it nothing is judged."""
        if not self.rule_type:
            raise self.unread("properties.type", "says nothing")
        return self.rule_type.lower()


class Endpoint(Resource):
    """What a deployed model is called at."""

    api_version = API_VERSION
    fallbacks = OLDER

    auth_mode = Text("properties.authMode")


class OnlineEndpoint(Identified, Endpoint):
    """A managed online endpoint: models on compute of their own."""

    type = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


class ServerlessEndpoint(Endpoint):
    """A serverless endpoint: a model of the catalogue, billed by use."""

    type = "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints"


class Compute(Identified):
    """A compute instance or cluster of a workspace."""

    type = "Microsoft.MachineLearningServices/workspaces/computes"
    api_version = API_VERSION
    fallbacks = OLDER

    compute_type = Text("properties.computeType")


class Workspace(Identified):
    """A Foundry hub, a hub-based project, or a plain workspace.

    `systemDatastoresAuthMode` is returned from 2024-10-01-preview and 2025-12-01 on:
    null is the default (`accesskey`), an absent key says nothing.
    """

    type = "Microsoft.MachineLearningServices/workspaces"
    api_version = API_VERSION
    fallbacks = OLDER

    kind = Text("kind")
    tags = Tree("tags")
    primary_identity_id = Text("properties.primaryUserAssignedIdentity")
    created_at = Moment("systemData.createdAt")
    hub_id = Text("properties.hubResourceId")
    datastores_auth_mode = Text(
        "properties.systemDatastoresAuthMode", absent_is_unread=True
    )
    isolation_mode = Text("properties.managedNetwork.isolationMode")
    network_status = Text("properties.managedNetwork.status.status")
    firewall_sku = Text("properties.managedNetwork.firewallSku", since="2024-10-01")
    data_isolation = Flag("properties.enableDataIsolation")
    public_network_access = Text("properties.publicNetworkAccess")
    public_behind_vnet = Flag("properties.allowPublicAccessWhenBehindVnet")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )
    storage_account_id = Text("properties.storageAccount")
    additional_storage_ids = Texts(
        "properties.workspaceHubConfig.additionalWorkspaceStorageAccounts"
    )
    key_vault_id = Text("properties.keyVault")
    registry_id = Text("properties.containerRegistry")
    managed_resource_group = Text("properties.serviceProvisionedResourceGroup")
    encryption_status = Text("properties.encryption.status")
    service_side_encryption = Flag("properties.enableServiceSideCMKEncryption")
    cmk_vault_id = Text("properties.encryption.keyVaultProperties.keyVaultArmId")
    cmk_key_id = Text("properties.encryption.keyVaultProperties.keyIdentifier")
    cmk_identity_id = Text("properties.encryption.identity.userAssignedIdentity")
    cmk_storage_id = Text("properties.encryption.storageAccountResourceId")
    cmk_search_id = Text("properties.encryption.searchAccountResourceId")
    cmk_cosmos_id = Text("properties.encryption.cosmosDbResourceId")
    workspace_id = Text("properties.workspaceId")

    connections = Children(WorkspaceConnection)
    datastores = Children(Datastore)
    outbound_rules = Children(OutboundRule)
    online_endpoints = Children(OnlineEndpoint)
    computes = Children(Compute)
    diagnostic_settings = Children(DiagnosticSetting)


def is_hub(workspace: Workspace) -> bool:
    """Whether the workspace is a Foundry hub."""
    return (workspace.kind or "").lower() == "hub"


def is_project(workspace: Workspace) -> bool:
    """Whether the workspace is a project of a Foundry hub."""
    return (workspace.kind or "").lower() == "project"


def is_hub_or_project(workspace: Workspace) -> bool:
    """Whether the workspace is a Foundry hub or a project of one."""
    return (workspace.kind or "").lower() in {"hub", "project"}


def holds_work(workspace: Workspace) -> bool:
    """Whether it is a hub, project or default workspace, not a feature store."""
    return (workspace.kind or "default").lower() in {"hub", "project", "default"}


def is_encrypted(workspace: Workspace) -> bool:
    """Whether a key of the customer's own encrypts what a workspace keeps."""
    return (workspace.encryption_status or "").lower() == "enabled"


def keeps_itself(workspace: Workspace) -> bool:
    """Whether a workspace is encrypted itself: a project is with its hub."""
    kind = (workspace.kind or "default").lower()
    return kind in {"hub", "default"} and is_encrypted(workspace)


def in_workspace(child: Resource) -> bool:
    """Whether a connection or the like is of a hub, a project or a default workspace.

    A parent that is not there leaves it in; one that was not read raises NotRead.
    """
    workspace = child.tenant.get(Workspace, child.parts.parent)
    return workspace is None or holds_work(workspace)


def keepers(storage: StorageAccount) -> Iterator[Workspace]:
    """Yield the hubs and projects that keep their work in a storage account.

    Raises NotRead in the end if there may be more.
    """
    tenant = storage.tenant
    by_default = tenant.referring(Workspace, "storage_account_id", storage.id)
    beside = tenant.referring(Workspace, "additional_storage_ids", storage.id)
    yield from filter(is_hub_or_project, by_default.known())
    yield from filter(is_hub_or_project, beside.known())
    by_default.require_whole()
    beside.require_whole()


def keeps_work(storage: StorageAccount) -> bool:
    """Whether a hub or project has the account as default or additional storage."""
    return any(True for _ in keepers(storage))


def vault_users(vault: KeyVault) -> Iterator[Workspace]:
    """Yield the hubs and projects that keep their secrets in a vault.

    Raises NotRead in the end if there may be more.
    """
    users = vault.tenant.referring(Workspace, "key_vault_id", vault.id)
    yield from filter(is_hub_or_project, users)


def keeps_secrets(vault: KeyVault) -> bool:
    """Whether a hub or project keeps its secrets in a vault."""
    return any(True for _ in vault_users(vault))


MADE_BY_ENCRYPTION = {
    "microsoft.storage/storageaccounts": "cmk_storage_id",
    "microsoft.search/searchservices": "cmk_search_id",
    "microsoft.documentdb/databaseaccounts": "cmk_cosmos_id",
}
"""What Azure makes for a workspace that is encrypted with a customer's key: the types,
and the field of the workspace that names each."""


def encrypted_by(resource: Resource) -> Workspace | None:
    """Return the encrypted workspace a resource was made for, if known.

    What a workspace names that is not encrypted was not made for it.
    """
    field = MADE_BY_ENCRYPTION.get(resource.type.lower())
    if field is None:
        return None
    for workspace in resource.tenant.referring(Workspace, field, resource.id).known():
        if getattr(workspace, field) and _keeps_here(workspace):
            return workspace
    return served_by_group(resource)


def served_by_group(resource: Resource) -> Workspace | None:
    """Return the encrypted workspace that a resource's group was made for, if known.

    Asked of a group itself, the one that it was made for.
    """
    return next(_owners_of_group(resource), None)


def _owners_of_group(resource: Resource) -> Iterator[Workspace]:
    """Yield the encrypted workspaces whose managed resource group a resource is in."""
    tenant, parts = resource.tenant, resource.parts
    scope, group = f"/subscriptions/{parts.subscription}", parts.resource_group
    for name in (group, f"{scope}/resourceGroups/{group}"):
        named = tenant.referring(Workspace, "managed_resource_group", name).known()
        for workspace in named:
            here = workspace.parts.subscription.lower() == parts.subscription.lower()
            given = workspace.managed_resource_group or ""
            if given and ("/" in given or here) and _keeps_here(workspace):
                yield workspace
    match = MANAGED_GROUP.fullmatch(group)
    if match is not None:
        yield from _called(tenant.within(Workspace, scope), match["workspace"])


def _called(workspaces: Listing[Workspace], name: str) -> Iterator[Workspace]:
    """Yield the encrypted workspace of a name; older api-versions name no group."""
    for workspace in workspaces.known():
        if workspace.name.lower() == name.lower() and _keeps_here(workspace):
            yield workspace


def _keeps_here(workspace: Workspace) -> bool:
    """Whether it may need resources of the subscription for its encryption.

    Encrypted on the service side it needs none: what is there was left behind.
    """
    return keeps_itself(workspace) and workspace.service_side_encryption is not True
