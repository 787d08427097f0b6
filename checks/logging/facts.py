"""What the logs of Azure OpenAI accounts are good for, and what lies beneath them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.logging.diagnostics import delivered, is_any
from checks.shared.fronting import fronting
from checks.shared.grants import is_listed
from checks.shared.wording import count, quote, shown, some
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
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.containerregistry import Registry
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId
from scanner.model.insights import DiagnosticSetting
from scanner.model.keyvault import KeyVault
from scanner.model.loganalytics import LogWorkspace
from scanner.model.machinelearning import Workspace, is_hub_or_project, keeps_secrets
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Listing, Tenant

CONTROLS = (
    "MCSB:LT-3",
    "NIST-800-53:AU-2",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
)
LIST_KEYS = "microsoft.cognitiveservices/accounts/listkeys/action"
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
    return info("trace logs are kept" if on else "trace logs are not kept")


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
def diag_table(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.logAnalyticsDestinationType` of the account's settings.

    Absent or null means that rows go to AzureDiagnostics (azure-docs, diagnostic
    settings).

    ## Why it matters
    A query on the wrong table finds nothing and looks like silence. These accounts
    write to AzureDiagnostics unless the setting says Dedicated.

    ## How to fix
    Nothing is to be fixed; write queries for the table that is told here.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    tables = [
        setting.table_kind or "AzureDiagnostics"
        for setting in account.diagnostic_settings
        if setting.workspace_id
    ]
    if not tables:
        return not_applicable("no logs go to a workspace")
    return info(f"logs are in {some(dict.fromkeys(map(shown, tables)))}")


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
    Reads `properties.workspaceId` and `properties.storageAccountId` of the settings.

    The workspace and storage account are looked up. Event hubs and partners are not
    read, and are taken as they are.

    ## Why it matters
    A setting outlives its workspace. It still says that logs are kept, while every row
    is thrown away; or it sends them to a tenant that nobody here can look into.

    ## How to fix
    Point the setting at a workspace that is there, and have one setting for each copy.

    ```sh
    az monitor diagnostic-settings update --resource "$ACCOUNT_ID" --name SETTING \
      --set workspaceId="$WORKSPACE_ID"
    ```

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    targets = list(_destinations(account.diagnostic_settings))
    if not targets:
        return not_applicable("no logs go to a workspace or storage account")
    foreign = [each for _, each in targets if tenant.is_foreign(each)]
    gone = [
        each
        for view, each in targets
        if each not in foreign and tenant.get(view, each) is None
    ]
    if gone:
        return failed(f"logs are sent to what is gone: {_named(gone)}")
    if foreign:
        return warned(f"logs are sent to another tenant: {_named(foreign)}")
    return passed(f"{count(len(targets), 'destination', 'destinations')}, all there")


def _destinations(
    settings: Listing[DiagnosticSetting],
) -> Iterator[tuple[type[Resource], str]]:
    for setting in settings:
        if setting.workspace_id:
            yield LogWorkspace, setting.workspace_id
        if setting.storage_account_id:
            yield StorageAccount, setting.storage_account_id


def _named(ids: list[str]) -> str:
    return some(quote(each.rpartition("/")[2]) for each in ids)


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
    Reads `operationName.value`, `caller` and `claims.appid` of Activity Log events.

    They are those of the last 90 days on the account, one for each correlation id. The
    portal reads the keys when some of its pages are opened.

    ## Why it matters
    The resource's own log has a row for every reading of keys, and no caller in it. The
    Activity Log has the caller: it is the only place that tells who holds a copy.

    ## How to fix
    Ask each caller what the keys are for, move them to Entra ID, renew the keys, and
    list the callers that are meant to read them.

    ```sh
    az monitor activity-log list --resource-id "$ACCOUNT_ID" --offset 90d \
      --query "[?contains(operationName.value, 'listKeys')].caller"
    ```

    ## Settings
    `approved_principals` may read keys.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Azure Activity Log
    """
    events = tenant.referring(ActivityEvent, "resource_id", account.id)
    callers = {}
    for event in events:
        if (event.operation or "").lower() == LIST_KEYS:
            who = event.caller or event.application_id or "somebody"
            callers[event.correlation_id or event.id] = who
    approved = tenant.settings.approved_principals
    strange = sorted({who for who in callers.values() if not is_listed(who, approved)})
    if strange:
        times = count(len(callers), "time", "times")
        return warned(f"keys were read {times}, by {some(map(shown, strange))}")
    tenant.trace.note(account.id, ActivityEvent.type, len(callers), "2015-04-01")
    if callers:
        return passed(f"keys were read {len(callers)} times, by approved principals")
    return passed("nobody read the keys in 90 days")


@check(
    id="aoai-requestresponse-gap",
    title="It is decided how prompts and answers are logged",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def requestresponse_gap(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.endpoint`: which API Management services lead there.

    ## Why it matters
    The account's logs have no prompt, no answer and no token counts, and the caller's
    address lacks its last part. Who needs those has to log in front of the account.

    ## How to fix
    Decide whether content and tokens are to be logged. If so, put a gateway in front
    that logs them, or log in the applications, and mind what may be kept.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: GenAI gateway capabilities in Azure API Management
    """
    found = fronting(account)
    if found.keyed or found.others:
        return not_applicable("a gateway leads here: see aoai-apim-front")
    if found.unread is not None:
        raise found.unread
    account.cite(CognitiveAccount.endpoint)
    return manual(
        "are prompts, answers and tokens logged anywhere, and are they meant to be?",
        "Evidence: where they are logged, for how long, and who may read them.",
    )


@check(
    id="aoai-apim-front",
    title="A gateway logs what the account does not",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.LOGGING, Post.API_KEYS),
    controls=CONTROLS,
)
def apim_front(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.endpoint`: which backends and APIs of API Management lead there.

    Other gateways are not read: then this tells only that none of API Management leads
    here.

    ## Why it matters
    A gateway knows the caller, the tokens and, where that is allowed, the prompt. It
    can also hold callers back before they use up what others need.

    ## How to fix
    Put API Management in front, log to Application Insights or a workspace, and close
    the ways past it.

    ```sh
    az apim api import --service-name APIM --resource-group RG --path openai \
      --specification-format OpenApi --specification-path inference.json
    ```

    Streaming answers limit what a gateway can log of them.

    ## References
    - Logging in Azure OpenAI Service
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: GenAI gateway capabilities in Azure API Management
    """
    found = fronting(account)
    if gateways := (*found.keyed, *found.others):
        account.cite(CognitiveAccount.endpoint)
        return passed(f"{some(gateways)} leads here")
    if found.unread is not None:
        raise found.unread
    return info("no API Management service of the scan leads here")


@check(
    id="aoai-locked-to-front",
    title="An account with a gateway is used through it alone",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=(*CONTROLS, "NIST-800-53:AC-3"),
)
def locked_to_front(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.disableLocalAuth` and `properties.publicNetworkAccess`.

    It is about accounts that an API Management service leads to. Absent means that keys
    are accepted and that public networks are let in.

    ## Why it matters
    What a gateway logs is worth its being the only way. With keys accepted, or the
    public endpoint open, a caller who knows the account's address is in no log of the
    gateway.

    ## How to fix
    Switch keys off, give the data role to the gateway's identity alone, and close
    public access.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true, "publicNetworkAccess": "Disabled"}
    }'
    ```

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Authenticate and authorize access to LLM APIs
    """
    found = fronting(account)
    if not (found.keyed or found.others):
        if found.unread is not None:
            raise found.unread
        return not_applicable("no API Management service leads here")
    open_ = list(_ways_past(account))
    if open_:
        return warned(f"it can be used past the gateway: {'; '.join(open_)}")
    return passed("keys are off and public networks are closed")


def _ways_past(account: CognitiveAccount) -> Iterator[str]:
    if not account.local_auth_disabled:
        yield "keys are accepted"
    if (account.public_network_access or "enabled").lower() == "enabled":
        yield "public networks are let in"


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
    it has a diagnostic setting.

    ## Why it matters
    Azure adds categories, and a setting that names the old ones does not get the new:
    `AzureOpenAIRequestUsage` has the usage that the request log lacks.

    ## How to fix
    Add the category to the setting, or use the group `allLogs`: it takes new ones in.

    ```sh
    az monitor diagnostic-settings categories list --resource "$ACCOUNT_ID"
    az monitor diagnostic-settings update --resource "$ACCOUNT_ID" --name SETTING \
      --set logs='[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Supported resource logs of Microsoft.CognitiveServices
    """
    kept = list(delivered(account.diagnostic_settings))
    if not kept:
        return not_applicable("no logs are kept at all")
    offered = {each.name.lower() for each in account.diagnostic_categories}
    missing = [
        name
        for name in NEW_CATEGORIES
        if name.lower() in offered
        and not any(is_any(log, name, "alllogs") for log in kept)
    ]
    if missing:
        return info(f"offered and not kept: {some(map(shown, missing))}")
    return info("every newer category that is offered is kept")


DEPENDENCIES = (KeyVault, Registry, SearchService, CosmosAccount, Workspace)


def _is_leaned_on(resource: Resource) -> bool:
    """Whether a hub or project leans on a resource, or it is one."""
    match resource:
        case Workspace():
            return is_hub_or_project(resource)
        case KeyVault():
            return keeps_secrets(resource)
        case Registry():
            users = resource.tenant.referring(Workspace, "registry_id", resource.id)
            return any(is_hub_or_project(each) for each in users)
        case _:
            return True


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

    They are those of hubs and projects, and of the vaults, registries, Search services
    and Cosmos DB accounts beside them. Storage logs lie at its services: see
    foundry-cmk-managed-diag and the account's own settings.

    ## Why it matters
    A blocked network and a missing role show the same error in the portal. Which it was
    is in the log of the service that refused, if there is one.

    ## How to fix
    Send the logs of each of them to a workspace.

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
    settings = tenant.children(resource, DiagnosticSetting)
    kept = sum(1 for _ in delivered(settings))
    if kept:
        return passed(f"{count(kept, 'log category', 'log categories')} kept")
    kind = ResourceId.parse(resource.id).type.rpartition("/")[2]
    return failed(f"no logs of this one of the {kind} are kept")


CHECKS: tuple[Check[Any], ...] = (
    diag_trace,
    diag_metrics,
    diag_destination_valid,
    diag_table,
    listkeys_observed,
    requestresponse_gap,
    apim_front,
    locked_to_front,
    entra_for_traceability,
    diag_new_categories,
    diag_dependencies,
)
