"""Microsoft.Search: services."""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.search import SearchService

READS = (
    Read(
        of=SearchService,
        operation=SdkOperation(
            client="azure.mgmt.search:SearchManagementClient",
            method="services.list_by_subscription",
        ),
        action="Microsoft.Search/searchServices/read",
        indexed=True,
    ),
)
