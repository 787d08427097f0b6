"""Microsoft.Insights: diagnostic settings, and alerts."""

from __future__ import annotations

from scanner.collect.read import Body, Read, RestOperation, SdkOperation
from scanner.model.apimanagement import ApiService
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.dns import ResolverPolicy
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId
from scanner.model.insights import (
    ActivityLogAlert,
    DiagnosticCategory,
    DiagnosticSetting,
    QueryRule,
)
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
    ApiService,
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


def _is_of_models(setting: Body) -> bool:
    """Whether a setting is of a Cognitive Services account."""
    account = ResourceId.parse(str(setting.get("id"))).parent
    return ResourceId.parse(account).type.lower() == CognitiveAccount.type.lower()


def _diagnosed(setting_id: str, _: Body) -> str:
    """Return the id of what a setting is of."""
    return ResourceId.parse(setting_id).parent


READS = (
    *(_diagnostic_settings(at) for at in DIAGNOSED),
    Read(
        of=DiagnosticCategory,
        at=DiagnosticSetting,
        operation=RestOperation(path=f"providers/{DiagnosticCategory.type}"),
        action=f"{DiagnosticCategory.type}/read",
        where=_is_of_models,
        place=_diagnosed,
    ),
    Read(
        of=ActivityLogAlert,
        operation=SdkOperation(
            client="azure.mgmt.monitor:MonitorManagementClient",
            method="activity_log_alerts.list_by_subscription_id",
        ),
        action="Microsoft.Insights/activityLogAlerts/read",
        indexed=True,
    ),
    Read(
        of=QueryRule,
        operation=SdkOperation(
            client="azure.mgmt.monitor:MonitorManagementClient",
            method="scheduled_query_rules.list_by_subscription",
        ),
        action=f"{QueryRule.type}/read",
        indexed=True,
    ),
)
