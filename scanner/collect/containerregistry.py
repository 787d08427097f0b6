"""Microsoft.ContainerRegistry: registries."""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.containerregistry import Registry

READS = (
    Read(
        of=Registry,
        operation=SdkOperation(
            client="azure.mgmt.containerregistry:ContainerRegistryManagementClient",
            method="registries.list",
        ),
        action="Microsoft.ContainerRegistry/registries/read",
        indexed=True,
    ),
)
