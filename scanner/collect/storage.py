"""Microsoft.Storage and Microsoft.KeyVault: what hubs and projects keep things in."""

from __future__ import annotations

import re

from scanner.collect.read import (
    BY_ITS_ID,
    Body,
    Read,
    SdkOperation,
    kind_of,
    properties_of,
)
from scanner.model.keyvault import KeyVault, VaultKey
from scanner.model.machinelearning import Workspace
from scanner.model.storage import BlobService, FileService, StorageAccount

_VAULT = re.compile(
    r"/subscriptions/[\w-]+/resourceGroups/[^/?#]+/providers/Microsoft\.KeyVault"
    r"/vaults/[\w-]+",
    re.IGNORECASE,
)
_KEY = re.compile(r"https://[^/?#]+/keys/([\w-]+)(?:/[\w-]*)?")

_STORAGE = "azure.mgmt.storage:StorageManagementClient"


def _has_blobs(account: Body) -> bool:
    return kind_of(account) != "filestorage"


def _has_files(account: Body) -> bool:
    return kind_of(account) in {"storage", "storagev2", "filestorage"}


def _key_of(_: str, workspace: Body) -> str:
    """Return the id of the key that encrypts a workspace; empty where none is named.

    The vault is named by its id, the key by its address in the vault.
    """
    encryption = properties_of(workspace).get("encryption")
    used = encryption.get("keyVaultProperties") if isinstance(encryption, dict) else {}
    used = used if isinstance(used, dict) else {}
    vault = _VAULT.fullmatch(str(used.get("keyVaultArmId")))
    key = _KEY.fullmatch(str(used.get("keyIdentifier")))
    return f"{vault[0]}/keys/{key[1]}" if vault and key else ""


def _names_key(workspace: Body) -> bool:
    return bool(_key_of("", workspace))


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
    Read(
        of=VaultKey,
        at=Workspace,
        operation=BY_ITS_ID,
        action=f"{VaultKey.type}/read",
        where=_names_key,
        place=_key_of,
    ),
)
