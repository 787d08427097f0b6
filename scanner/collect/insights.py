"""Microsoft.Insights: diagnostic settings and activity log alerts."""

from __future__ import annotations

from scanner.collect.read import Read, RestOperation, SdkOperation
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.dns import ResolverPolicy
from scanner.model.documentdb import CosmosAccount
from scanner.model.insights import ActivityLogAlert, DiagnosticSetting
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import Workspace
from scanner.model.perimeter import Perimeter
from scanner.model.resource import Resource
from scanner.model.resources import Subscription
from scanner.model.search import SearchService
from scanner.model.storage import BlobService, FileService

DIAGNOSED: tuple[type[Resource], ...] = (
    Subscription,
    CognitiveAccount,
    Workspace,
    BlobService,
    FileService,
    KeyVault,
    SearchService,
    CosmosAccount,
    Registry,
    ResolverPolicy,
    Perimeter,
)
"""The types whose diagnostic settings are judged.

Those of a storage account lie at its services.
"""


def _diagnostic_settings(at: type[Resource]) -> Read:
    """Return a read the SDK lost after azure-mgmt-monitor 6."""
    return Read(
        of=DiagnosticSetting,
        at=at,
        operation=RestOperation(path="providers/Microsoft.Insights/diagnosticSettings"),
        action="Microsoft.Insights/diagnosticSettings/read",
    )


READS = (
    *(_diagnostic_settings(at) for at in DIAGNOSED),
    Read(
        of=ActivityLogAlert,
        operation=SdkOperation(
            client="azure.mgmt.monitor:MonitorManagementClient",
            method="activity_log_alerts.list_by_subscription_id",
        ),
        action="Microsoft.Insights/activityLogAlerts/read",
        indexed=True,
    ),
)
