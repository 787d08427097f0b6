"""What the logs of Azure OpenAI accounts are good for, and what lies beneath them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from checks.logging.diagnostics import LIST_KEYS, delivered, is_any
from checks.shared.grants import is_listed
from checks.shared.links import KINDS, connections_to
from checks.shared.tenancy import is_gone, is_ours
from checks.shared.wording import count, named_by, shown, some
from scanner.model import initiatives
from scanner.model.activity import ActivityEvent
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
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.containerregistry import Registry
from scanner.model.coverage import Unclear
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId
from scanner.model.insights import DiagnosticSetting, LogCategory
from scanner.model.keyvault import KeyVault
from scanner.model.loganalytics import LogWorkspace
from scanner.model.machinelearning import (
    Workspace,
    encrypted_by,
    holds_work,
)
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:LT-3",
    "NIST-800-53:AU-2",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
)
NEW_CATEGORIES = ("AzureOpenAIRequestUsage", "Managed Network Events")


@check(
    id="aoai-diag-trace",
    title="It is known whether trace logs are kept",
    topic=Topic.LOGGING,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_trace(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.logs` of the account's diagnostic settings.

    ## Why it matters
    The category `Trace` is offered, and has been seen empty. Whether it is kept decides
    nothing, but whoever looks for something in it should know.

    ## How to fix
    Nothing is to be fixed.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Enable diagnostic logging for Azure AI services
    """
    logs = delivered(account.diagnostic_settings)
    on = any(is_any(log, "Trace", "alllogs") for log in logs)
    return info(f"trace logs are {'set to be sent' if on else 'sent nowhere'}")


@check(
    id="aoai-diag-metrics",
    title="It is known whether metrics are sent on",
    topic=Topic.LOGGING,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_metrics(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.metrics` of the account's diagnostic settings.

    ## Why it matters
    Azure keeps the metrics of an account for 93 days by itself. Sending them on is for
    whoever compares years, or alerts on them beside the logs.

    ## How to fix
    Nothing is to be fixed; add `AllMetrics` to a setting to keep them longer.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Monitor Azure OpenAI
    """
    sent = any(
        metric.enabled
        for setting in account.diagnostic_settings
        if setting.has_destination
        for metric in setting.metrics
    )
    return info(
        "metrics are sent on" if sent else "metrics stay where Azure keeps them"
    )


@check(
    id="aoai-diag-table",
    title="It is known in which table the logs are",
    topic=Topic.LOGGING,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_table(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.logAnalyticsDestinationType` of the account's settings.

    Absent or null means that rows go to AzureDiagnostics (azure-docs, diagnostic
    settings). Only settings count that send a log to a workspace: one that is for
    metrics, or has every log off, fills neither table. Whether the workspace is there
    is told as far as it was read.

    ## Why it matters
    A query on the wrong table finds nothing and looks like silence. These accounts
    write to AzureDiagnostics unless the setting says Dedicated.

    ## How to fix
    Nothing is to be fixed; write queries for the table that is told here.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    settings = [
        setting
        for setting in account.diagnostic_settings
        if setting.workspace_id and any(log.enabled for log in setting.logs)
    ]
    if not settings:
        return not_applicable("no logs go to a workspace")
    tables = dict.fromkeys(
        shown(setting.table_kind or "AzureDiagnostics") for setting in settings
    )
    gone = _gone(tenant, settings)
    return info(f"logs are set to be sent to {some(tables)}{gone}")


def _gone(tenant: Tenant, settings: Iterable[DiagnosticSetting]) -> str:
    """Return what a sentence adds where logs are sent to what is gone, if they are."""
    gone = dict.fromkeys(
        each
        for view, each in _destinations(settings)
        if view and is_gone(tenant, view, each)
    )
    return f"; a destination is gone: {named_by(gone)}" if gone else ""


@check(
    id="aoai-diag-destination-valid",
    title="Logs of accounts go where somebody has them",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=(*CONTROLS, "NIST-800-53:AU-9", "PCI-DSS-4.0.1:10.3"),
)
def diag_destination_valid(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.workspaceId` and the other destinations of the settings.

    Those are `storageAccountId`, `eventHubAuthorizationRuleId` and `serviceBusRuleId`.
    The workspace and storage account are looked up. Of event hubs only the subscription
    is told, whether one is still there is not read, and partners are taken as they are.
    So is what lies in an approved subscription that was not scanned. A setting that is
    for metrics, or has every log off, sends no logs and is not judged.

    ## Why it matters
    A setting outlives its workspace. It still says that logs are kept, while every row
    is thrown away; or it sends them to a tenant that nobody here can look into.

    ## How to fix
    Point the setting at a workspace that is there, and have one setting for each copy.

    ```sh
    az monitor diagnostic-settings create --resource "$ACCOUNT_ID" --name SETTING \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    Creating a setting under a name that is in use replaces that setting.

    ## Settings
    `approved_destinations` has the ids of subscriptions of other tenants that logs may
    be sent to.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    gone: list[str] = []
    foreign: list[str] = []
    unclear = Unclear()
    approved = {each.lower() for each in tenant.settings.approved_destinations}
    number = 0
    for view, each in _destinations(account.diagnostic_settings):
        number += 1
        subscription = ResourceId.parse(each).subscription
        if subscription.lower() in approved and not tenant.scanned(subscription):
            continue
        with unclear:
            if not is_ours(tenant, each):
                foreign.append(each)
            elif view and tenant.get(view, each) is None:
                gone.append(each)
    if gone:
        return failed(f"logs are sent to what is gone: {named_by(gone)}")
    if foreign:
        return warned(f"logs are sent to another tenant: {named_by(foreign)}")
    unclear.settle()
    if not number:
        return not_applicable("no logs go to a workspace, storage account or event hub")
    whose = "of this tenant or approved" if approved else "of this tenant"
    return passed(f"{count(number, 'destination', 'destinations')}, {whose}")


def _destinations(
    settings: Iterable[DiagnosticSetting],
) -> Iterator[tuple[type[Resource] | None, str]]:
    """Yield where logs go, with the type that is read of it, if one is."""
    for setting in settings:
        if not any(log.enabled for log in setting.logs):
            continue
        if setting.workspace_id:
            yield LogWorkspace, setting.workspace_id
        if setting.storage_account_id:
            yield StorageAccount, setting.storage_account_id
        for hub in (setting.event_hub_rule_id, setting.service_bus_rule_id):
            if hub:
                yield None, hub


@check(
    id="listkeys-observed",
    title="Whoever read the keys of an account was meant to",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=(*CONTROLS, "NIST-800-53:AU-6"),
)
def listkeys_observed(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `operationName.value`, `status.value` and `caller` of Activity Log events.

    Also who the caller is by the claims of the token: its object id and `claims.appid`,
    for `caller` is the name of a person. The events are those of the last 90 days on
    the account, one for each correlation id and caller; what was refused reads nothing.
    The portal reads the keys when some of its pages are opened.

    ## Why it matters
    The resource's own log has a row for every reading of keys, and no caller in it. The
    Activity Log has the caller: it is the only place that tells who holds a copy.

    ## How to fix
    Ask each caller what the keys are for, move them to Entra ID, renew the keys, and
    list the callers that are meant to read them.

    ```sh
    az monitor activity-log list --resource-id "$ACCOUNT_ID" --offset 90d \
      --max-events 1000 --query "[].[operationName.value, caller]" --output tsv |
      grep --ignore-case listkeys/action
    ```

    ## Settings
    `approved_principals` may read keys, by object id or application id.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Azure Activity Log
    """
    events = tenant.referring(ActivityEvent, "resource_id", account.id)
    reads = _reads([each for each in events.known() if _is_read(each)])
    approved = tenant.settings.approved_principals
    strange = [
        each
        for each in reads
        if not any(is_listed(name, approved) for name in _names(each))
    ]
    times = f"keys were read {count(len(reads), 'time', 'times')}"
    if strange:
        for each in strange[:SHOWN]:
            each.cite(ActivityEvent.client_address, ActivityEvent.at)
        callers = sorted({_names(each)[0] for each in strange})
        return warned(f"{times}, {len(strange)} by {some(map(shown, callers))}")
    events.require_whole()
    tenant.trace.note(account.id, ActivityEvent.type, len(reads), "2015-04-01")
    if reads:
        return passed(f"{times}, each by an approved principal")
    return passed("nobody read the keys in 90 days")


SHOWN = 20
"""Events whose details a verdict cites; the rest are counted in its reason."""


def _is_read(event: ActivityEvent) -> bool:
    return (event.operation or "").lower() == LIST_KEYS


def _reads(events: Iterable[ActivityEvent]) -> list[ActivityEvent]:
    """Return an event of each time that somebody read keys, those refused left out."""
    calls: dict[str, list[ActivityEvent]] = defaultdict(list)
    for event in events:
        calls[event.correlation_id or event.id].append(event)
    return [event for call in calls.values() for event in _carried_out(call)]


def _carried_out(call: Sequence[ActivityEvent]) -> Iterator[ActivityEvent]:
    """Yield of each caller that an operation was carried out for what says most of it.

    One correlation id may stand for several callers. What names none is about all.
    """
    own: dict[str, list[ActivityEvent]] = defaultdict(list)
    for event in call:
        own[_names(event)[0].lower()].append(event)
    about_all = own.pop(SOMEBODY, [])
    for events in own.values() or [about_all]:
        states = {(each.status or "").lower() for each in (*events, *about_all)}
        if "failed" not in states or not DONE.isdisjoint(states):
            yield max(events, key=lambda each: len(_names(each)))


DONE = frozenset({"accepted", "succeeded"})
"""The states of an operation that was carried out."""


def _names(event: ActivityEvent) -> list[str]:
    """Return what an event calls whoever caused it, the best known name first."""
    named = (event.caller, event.caller_id, event.application_id)
    return [each for each in named if each] or [SOMEBODY]


SOMEBODY = "somebody"
"""Whom an event means that has no caller."""


@check(
    id="aoai-entra-for-traceability",
    title="Callers of accounts can be told apart in the logs",
    topic=Topic.LOGGING,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=(*CONTROLS, "NIST-800-53:AU-3"),
)
def entra_for_traceability(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.disableLocalAuth`.

    Absent or null means that keys are accepted (Microsoft.CognitiveServices
    2025-09-01).

    ## Why it matters
    The request log has the object id of whoever called with an Entra token. A call with
    a key has none: it was somebody who had the key.

    ## How to fix
    Give callers a data role, let them use tokens, and switch keys off.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true}
    }'
    ```

    Callers that still use a key stop working at once.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    if account.local_auth_disabled:
        return passed("keys are off: every call has an object id")
    return warned("keys are accepted: calls with them name nobody in the logs")


@check(
    id="aoai-diag-new-categories",
    title="Newer log categories of accounts are known",
    topic=Topic.LOGGING,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_new_categories(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.logs` of the account's settings, and what the account offers.

    That is `Microsoft.Insights/diagnosticSettingsCategories` at the account, read where
    it has a diagnostic setting. A category is kept by its name, by the group `allLogs`,
    and by those that its `properties.categoryGroups` names.

    ## Why it matters
    Azure adds categories, and a setting that names the old ones does not get the new:
    `AzureOpenAIRequestUsage` has the usage that the request log lacks.

    ## How to fix
    Add the category to the setting, or use the group `allLogs`: it takes new ones in.

    ```sh
    az monitor diagnostic-settings categories list --resource "$ACCOUNT_ID"
    az monitor diagnostic-settings create --resource "$ACCOUNT_ID" --name SETTING \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    Creating a setting under a name that is in use replaces that setting.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Supported resource logs of Microsoft.CognitiveServices
    """
    kept = list(delivered(account.diagnostic_settings))
    if not kept:
        return not_applicable("no logs are kept at all")
    offered = {
        each.name.lower(): ["alllogs", *map(str.lower, each.groups or ())]
        for each in account.diagnostic_categories
    }
    missing = [
        name
        for name in NEW_CATEGORIES
        if name.lower() in offered
        and not any(is_any(log, name, *offered[name.lower()]) for log in kept)
    ]
    if missing:
        return info(f"offered and not kept: {some(map(shown, missing))}")
    return info("every newer category that is offered is kept")


DEPENDENCIES = (
    KeyVault,
    Registry,
    SearchService,
    CosmosAccount,
    Workspace,
    StorageAccount,
)


def _is_leaned_on(resource: Resource) -> bool:
    """Whether a workspace that holds work leans on a resource, or it is one."""
    match resource:
        case Workspace():
            return holds_work(resource)
        case KeyVault():
            return _is_worked_with(resource, "key_vault_id")
        case Registry():
            return _is_worked_with(resource, "registry_id")
        case StorageAccount():
            return encrypted_by(resource) is not None or _keeps_work(resource)
        case _:
            made_for = encrypted_by(resource)
            return made_for is not None or _is_connected(resource)


def _keeps_work(storage: StorageAccount) -> bool:
    """Whether it is storage that a workspace that holds work names."""
    return _is_worked_with(storage, "storage_account_id", "additional_storage_ids")


def _is_worked_with(resource: Resource, *fields: str) -> bool:
    """Whether a workspace that holds work names a resource in one of some fields."""
    tenant = resource.tenant
    users = [tenant.referring(Workspace, each, resource.id) for each in fields]
    if any(holds_work(each) for listing in users for each in listing.known()):
        return True
    for listing in users:
        listing.require_whole()
    return False


def _is_connected(resource: Resource) -> bool:
    return any(True for _ in connections_to(resource, *KINDS))


@check(
    id="foundry-diag-dependencies",
    title="What Foundry leans on sends its logs somewhere",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=DEPENDENCIES,
    where=_is_leaned_on,
    guidance=Post.FOUNDRY_IDENTITY,
    mapped=(
        initiatives.WORKSPACE_LOGS,
        initiatives.SEARCH_LOGS,
        initiatives.VAULT_LOGS,
    ),
    controls=(*CONTROLS, "CIS-Azure-3.0:6.4", "CIS-Azure-4.0:7.1.4"),
)
def diag_dependencies(resource: Resource, tenant: Tenant) -> Verdict:
    """
    Reads `properties.logs` and the destinations of the diagnostic settings.

    They are those of hubs, projects and default workspaces (an absent or null `kind` is
    Default), of their vaults, registries and storage, of Search services and Cosmos DB
    accounts that a connection leads to, and of the storage, Search service and Cosmos
    DB account that Azure made for an encrypted workspace. The settings of storage are
    those of its blob and of its file service, each of which has to send something; an
    account whose `kind` knows only one of them is asked for that one, and one that
    Azure made for its blob service. A workspace or storage account they send to that is
    known to be gone is told.

    ## Why it matters
    A blocked network and a missing role show the same error in the portal. Which it was
    is in the log of the service that refused, if there is one.

    ## How to fix
    Send the logs of each of them to a workspace; those of storage are configured at its
    services, such as `$STORAGE_ID/blobServices/default`.

    ```sh
    az monitor diagnostic-settings create --resource "$RESOURCE_ID" --name logs \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ```bicep
    resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      scope: target
      properties: {
        workspaceId: workspace.id
        logs: [ { categoryGroup: 'allLogs', enabled: true } ]
      }
    }
    ```

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    parts = {name: _sent(tenant, each) for name, each in _logged(resource)}
    silent = [name for name, sent in parts.items() if not sent]
    if silent:
        return failed(f"no logs of {' and '.join(silent)} are sent anywhere")
    categories = count(
        sum(map(len, parts.values())), "log category is", "log categories are"
    )
    gone = _gone(tenant, _settings(tenant, resource))
    return passed(f"{categories} set to be sent{gone}")


def _logged(resource: Resource) -> Iterator[tuple[str, Iterable[Resource]]]:
    """Yield what has logs of its own, each with a name: for storage, its services."""
    if isinstance(resource, StorageAccount):
        if resource.has_blobs:
            yield "its blob service", resource.blob_services
        if "file" in resource.hub_services and _keeps_work(resource):
            yield "its file service", resource.file_services
    else:
        yield shown(resource.name), [resource]


def _sent(tenant: Tenant, parts: Iterable[Resource]) -> list[LogCategory]:
    settings = (tenant.children(each, DiagnosticSetting) for each in parts)
    return [log for each in settings for log in delivered(each)]


def _settings(tenant: Tenant, resource: Resource) -> Iterator[DiagnosticSetting]:
    for _, parts in _logged(resource):
        for each in parts:
            yield from tenant.children(each, DiagnosticSetting)


CHECKS: tuple[Check[Any], ...] = (
    diag_trace,
    diag_metrics,
    diag_destination_valid,
    diag_table,
    listkeys_observed,
    entra_for_traceability,
    diag_new_categories,
    diag_dependencies,
)
