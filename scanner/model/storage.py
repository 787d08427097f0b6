"""Storage accounts and their blob services."""

from __future__ import annotations

from scanner.model.fields import Flag, Part, Parts, Text, Texts, Tree
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection, PrivateReach
from scanner.model.resource import Children, Resource

API_VERSION = "2024-01-01"

HUB_SERVICES = ("blob", "file")
"""The services of its default storage that a Foundry hub works with."""

_ONLY = {
    "blobstorage": ("blob",),
    "blockblobstorage": ("blob",),
    "filestorage": ("file",),
}
"""Kinds that have one of the two services (Storage REST reference)."""


class BlobService(Resource):
    """The blob service of a storage account, which carries its diagnostic settings."""

    type = "Microsoft.Storage/storageAccounts/blobServices"
    api_version = API_VERSION

    diagnostic_settings = Children(DiagnosticSetting)


class FileService(Resource):
    """The file service of a storage account, which carries its diagnostic settings."""

    type = "Microsoft.Storage/storageAccounts/fileServices"
    api_version = API_VERSION

    diagnostic_settings = Children(DiagnosticSetting)


class ResourceAccessRule(Part):
    """A resource, or all of a type where its id says `*`, that a firewall lets in."""

    tenant_id = Text("tenantId")
    resource_id = Text("resourceId")


class StorageAccount(Resource):
    """A storage account."""

    type = "Microsoft.Storage/storageAccounts"
    api_version = API_VERSION

    kind = Text("kind")
    tags = Tree("tags")
    hierarchical = Flag("properties.isHnsEnabled")
    shared_key_allowed = Flag("properties.allowSharedKeyAccess")
    blob_public_access = Flag("properties.allowBlobPublicAccess")
    minimum_tls = Text("properties.minimumTlsVersion")
    public_network_access = Text("properties.publicNetworkAccess")
    network_default_action = Text("properties.networkAcls.defaultAction")
    network_bypass = Text("properties.networkAcls.bypass")
    ip_rules = Texts("properties.networkAcls.ipRules[].value")
    subnet_ids = Texts("properties.networkAcls.virtualNetworkRules[].id")
    resource_access_rules = Parts(
        "properties.networkAcls.resourceAccessRules", ResourceAccessRule
    )
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    blob_services = Children(BlobService)
    file_services = Children(FileService)

    @property
    def hub_services(self) -> tuple[str, ...]:
        """Those of the services a hub works with that an account of its kind has."""
        return _ONLY.get((self.kind or "").lower(), HUB_SERVICES)

    @property
    def has_blobs(self) -> bool:
        """Whether an account of its kind has blobs; only those for files have none."""
        return "blob" in self.hub_services

    @property
    def private_reach(self) -> PrivateReach:
        """The services of the account that approved private endpoints lead to."""
        return PrivateReach(self, self.private_endpoint_connections)
