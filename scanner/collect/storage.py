"""Microsoft.Storage and Microsoft.KeyVault: what hubs and projects keep things in."""

from __future__ import annotations

from scanner.collect.read import Body, Read, SdkOperation, kind_of
from scanner.model.keyvault import KeyVault
from scanner.model.storage import BlobService, FileService, StorageAccount

_STORAGE = "azure.mgmt.storage:StorageManagementClient"


def _has_blobs(account: Body) -> bool:
    return kind_of(account) != "filestorage"


def _has_files(account: Body) -> bool:
    return kind_of(account) in {"storage", "storagev2", "filestorage"}


READS = (
    Read(
        of=StorageAccount,
        operation=SdkOperation(client=_STORAGE, method="storage_accounts.list"),
        action="Microsoft.Storage/storageAccounts/read",
        indexed=True,
    ),
    Read(
        of=BlobService,
        at=StorageAccount,
        operation=SdkOperation(client=_STORAGE, method="blob_services.list"),
        action="Microsoft.Storage/storageAccounts/blobServices/read",
        where=_has_blobs,
    ),
    Read(
        of=FileService,
        at=StorageAccount,
        operation=SdkOperation(client=_STORAGE, method="file_services.list"),
        action="Microsoft.Storage/storageAccounts/fileServices/read",
        where=_has_files,
    ),
    Read(
        of=KeyVault,
        operation=SdkOperation(
            client="azure.mgmt.keyvault:KeyVaultManagementClient",
            method="vaults.list_by_subscription",
        ),
        action="Microsoft.KeyVault/vaults/read",
        indexed=True,
    ),
)
