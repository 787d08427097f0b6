"""What is logged of Azure OpenAI and AI Services accounts, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from checks.shared.scanned import failed_so_far
from checks.shared.wording import count, quote, some
from scanner.model import initiatives
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    manual,
    not_applicable,
    passed,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.insights import (
    ActivityLogAlert,
    AlertClause,
    AlertClauseGroup,
    DiagnosticSetting,
    LogCategory,
    QueryRule,
)
from scanner.model.listing import Listing
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:LT-3",
    "MCSB:AI-6",
    "NIST-800-53:AU-2",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
    "PCI-DSS-4.0.1:10.2.1",
    "EU-AI-Act:12.1",
    "EU-AI-Act:12.2",
    "EU-AI-Act:15.5",
    "EU-AI-Act:55.1d",
)


def delivered(settings: Listing[DiagnosticSetting]) -> Iterator[LogCategory]:
    """Yield the log categories and groups that are on and go somewhere."""
    for setting in settings:
        if setting.has_destination:
            yield from (log for log in setting.logs if log.enabled)


def is_any(log: LogCategory, category: str, *groups: str) -> bool:
    """Whether a log is a category, or one of the groups that contain it."""
    named = (log.category or "").lower() == category.lower()
    return named or (log.group or "").lower() in groups


def found(settings: Listing[DiagnosticSetting]) -> str:
    """Return how many diagnostic settings there are, as a sentence says it."""
    number = sum(1 for _ in settings)
    return count(number, "diagnostic setting", "diagnostic settings")


@check(
    id="aoai-diag-enabled",
    title="Azure OpenAI accounts send their logs somewhere",
    topic=Topic.LOGGING,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    mapped=(initiatives.ACCOUNT_LOGS,),
    controls=(*CONTROLS, "CIS-Azure-3.0:6.4", "CIS-Azure-4.0:7.1.4"),
    aliases=("fdp-diag",),
)
def diag_enabled(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the account's diagnostic settings.

    That is `Microsoft.Insights/diagnosticSettings` at the account. Without a setting
    nothing is kept, and a log whose `enabled` is absent, null or false is off; a
    setting without workspace, storage account, event hub or partner delivers nothing
    (diagnostic settings 2021-05-01-preview).

    ## Why it matters
    The service keeps no logs of its own that you could ask for later. After a leaked
    key or a stolen fine-tuning file, an account without diagnostic settings has nothing
    to say about who did what.

    ## How to fix
    Create a diagnostic setting that sends all logs of the account to a Log Analytics
    workspace, a storage account or an event hub that the people it watches cannot
    change.

    ```sh
    az monitor diagnostic-settings create --resource "$ACCOUNT_ID" --name to-central \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ```bicep
    resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      name: 'to-central'
      scope: account
      properties: {
        workspaceId: workspace.id
        logs: [{ categoryGroup: 'allLogs', enabled: true }]
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "openai" {
      name                       = "to-central"
      target_resource_id         = azurerm_cognitive_account.this.id
      log_analytics_workspace_id = azurerm_log_analytics_workspace.central.id
      enabled_log {
        category_group = "allLogs"
      }
    }
    ```

    Logs are billed by volume, and their retention is set at the destination.

    ## Exceptions
    The logs hold neither prompts nor answers: these need a gateway in front of the
    account that records them.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Monitor Azure OpenAI
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    log = next(delivered(account.diagnostic_settings), None)
    if log is not None:
        name = log.category or log.group or "a log"
        return passed(f"a diagnostic setting sends {quote(name)}")
    return failed(f"{found(account.diagnostic_settings)}, and no log is sent anywhere")


@check(
    id="aoai-diag-audit",
    title="Azure OpenAI accounts send their audit log",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_audit(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the account's diagnostic settings.

    That is `Microsoft.Insights/diagnosticSettings` at the account. The category `Audit`
    counts, and so do the groups `audit` and `allLogs`, which contain it; a log that is
    absent, or whose `enabled` is not true, is off (diagnostic settings
    2021-05-01-preview).

    ## Why it matters
    The audit log is where the account itself records that its keys were listed. It does
    not say by whom, which is in the Activity Log of the subscription, but it is the
    security log of the resource and the first thing an investigation asks for.

    ## How to fix
    Turn on the category group `audit`, or `allLogs`, in a diagnostic setting of the
    account that has a destination.

    ```sh
    az monitor diagnostic-settings create --resource "$ACCOUNT_ID" --name to-central \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ```bicep
    properties: {
      workspaceId: workspace.id
      logs: [{ category: 'Audit', enabled: true }]
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "openai" {
      # ...
      enabled_log {
        category = "Audit"
      }
    }
    ```

    Creating a setting under a name that is in use replaces that setting.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    logs = delivered(account.diagnostic_settings)
    if any(is_any(log, "Audit", "audit", "alllogs") for log in logs):
        return passed("a diagnostic setting sends Audit")
    return failed(f"{found(account.diagnostic_settings)}, and none sends Audit")


@check(
    id="aoai-diag-requestresponse",
    title="Azure OpenAI accounts send their request log",
    topic=Topic.LOGGING,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def diag_requestresponse(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the account's diagnostic settings.

    That is `Microsoft.Insights/diagnosticSettings` at the account. The category
    `RequestResponse` counts, and so does the group `allLogs`; the group `audit` does
    where `properties.categoryGroups` of the category says that it is in there. A log
    that is absent, or whose `enabled` is not true, is off (diagnostic settings
    2021-05-01-preview).

    ## Why it matters
    This log has one line for each call to the data plane: completions, uploaded and
    downloaded files, fine-tuning jobs, deployments. Callers with an Entra token are in
    it by their object id. Without it, misuse of a stolen key or of a wide role leaves
    no trace but the bill.

    ## How to fix
    Turn on the category `RequestResponse`, or the group `allLogs`, in a diagnostic
    setting of the account that has a destination.

    ```sh
    az monitor diagnostic-settings create --resource "$ACCOUNT_ID" --name to-central \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ```bicep
    properties: {
      workspaceId: workspace.id
      logs: [{ category: 'RequestResponse', enabled: true }]
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "openai" {
      # ...
      enabled_log {
        category = "RequestResponse"
      }
    }
    ```

    A busy account writes many lines: check the cost of the destination first. Creating
    a setting under a name that is in use replaces that setting.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Monitor Azure OpenAI
    """
    logs = list(delivered(account.diagnostic_settings))
    if any(is_any(log, "RequestResponse", "alllogs") for log in logs):
        return passed("a diagnostic setting sends RequestResponse")
    audited = any((log.group or "").lower() == "audit" for log in logs)
    if audited and _audits_requests(account):
        return passed("a diagnostic setting sends RequestResponse, in the group audit")
    settings = found(account.diagnostic_settings)
    return failed(f"{settings}, and none sends RequestResponse")


def _audits_requests(account: CognitiveAccount) -> bool:
    """Whether the group `audit` has RequestResponse; not if no scan asked for that."""
    try:
        categories = list(account.diagnostic_categories)
    except NotRead as problem:
        if problem.gap:
            raise
        return False
    return any(
        each.name.lower() == "requestresponse"
        and "audit" in map(str.lower, each.groups or ())
        for each in categories
    )


@check(
    id="activity-log-exported",
    title="The Activity Log of subscriptions is exported",
    topic=Topic.LOGGING,
    severity=Severity.HIGH,
    on=Subscription,
    guidance=Post.LOGGING,
    controls=(
        "MCSB:LT-3",
        "MCSB:LT-5",
        "MCSB:LT-6",
        "NIST-800-53:AU-11",
        "NIST-800-53:AU-12",
        "CIS-Azure-3.0:6.1.1",
        "CIS-Azure-3.0:6.1.2",
        "ISO-27001-2022:A.8.15",
        "PCI-DSS-4.0.1:10.5.1",
    ),
)
def activity_log_exported(subscription: Subscription, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the subscription's settings.

    That is `Microsoft.Insights/diagnosticSettings` at the subscription. The category
    `Administrative` counts, and so does the group `allLogs`. Without a setting the
    platform keeps the Activity Log for 90 days and then drops it; a log whose `enabled`
    is not true is off (diagnostic settings 2021-05-01-preview).

    ## Why it matters
    Who listed the keys of an account is recorded in one place only: the subscription's
    Activity Log. Intrusions are often noticed after more than 90 days, and by then the
    platform has thrown that record away.

    ## How to fix
    Create a diagnostic setting on the subscription that sends at least the category
    Administrative to a workspace or storage account with the retention you need.

    ```sh
    az monitor diagnostic-settings subscription create --name to-central \
      --location westeurope --workspace "$WORKSPACE_ID" \
      --logs '[{"category": "Administrative", "enabled": true}]'
    ```

    ```bicep
    targetScope = 'subscription'

    resource activity 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      name: 'to-central'
      properties: {
        workspaceId: workspaceId
        logs: [{ category: 'Administrative', enabled: true }]
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "activity" {
      name                       = "to-central"
      target_resource_id         = data.azurerm_subscription.current.id
      log_analytics_workspace_id = azurerm_log_analytics_workspace.central.id
      enabled_log {
        category = "Administrative"
      }
    }
    ```

    Exporting changes nothing for those who work in the subscription.

    ## Exceptions
    Settings of management groups and readers that poll the Activity Log are not seen: a
    subscription whose log is kept that way needs an exemption.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Activity log in Azure Monitor
    """
    logs = delivered(subscription.diagnostic_settings)
    if any(is_any(log, "Administrative", "alllogs") for log in logs):
        return passed("a diagnostic setting sends Administrative")
    settings = found(subscription.diagnostic_settings)
    return failed(f"{settings}, and none sends Administrative")


LIST_KEYS = "microsoft.cognitiveservices/accounts/listkeys/action"
KEY_READ = {
    "operationname": (LIST_KEYS,),
    "category": ("administrative",),
    "level": ("informational",),
    "status": ("started", "succeeded"),
    "resourceprovider": ("microsoft.cognitiveservices",),
    "resourcetype": ("microsoft.cognitiveservices/accounts",),
}
"""What the Activity Log says of every successful key read, by field, in lower case."""

Clause = AlertClause | AlertClauseGroup


def alternatives(clause: AlertClauseGroup) -> tuple[Clause, ...]:
    """Return the conditions of which one is enough: those of `anyOf`, or itself."""
    return clause.any_of or (clause,)


def _values(clause: Clause) -> set[str]:
    values = (clause.equals, *(clause.contains_any or ()))
    return {value.lower() for value in values if value}


def is_met(clause: Clause, account: CognitiveAccount) -> bool:
    """Whether every successful read of the keys of an account meets a condition."""
    match (clause.field or "").lower():
        case "resourceid":
            return account.key in map(id_key, _values(clause))
        case "resourcegroup":
            group = ResourceId.parse(account.id).resource_group
            return group.lower() in _values(clause)
        case field:
            return not _values(clause).isdisjoint(KEY_READ.get(field, ()))


def names_operation(alert: ActivityLogAlert) -> bool:
    """Whether an alert is about key reads."""
    return any(
        (each.field or "").lower() == "operationname" and LIST_KEYS in _values(each)
        for clause in alert.all_of
        for each in alternatives(clause)
    )


def shortcoming(alert: ActivityLogAlert, account: CognitiveAccount) -> str:
    """Return why an alert about key reads is no watch; empty if it is one.

    Absent `enabled` means true (activityLogAlerts 2020-10-01).
    """
    if alert.enabled is False:
        return "is disabled"
    if not any(group.id for group in alert.action_groups):
        return "has no action group"
    if not covers(alert, account):
        return "does not cover it"
    unmet = (
        each
        for each in alert.all_of
        if not any(is_met(one, account) for one in alternatives(each))
    )
    filters = some(quote(each.field or "anyOf") for each in unmet)
    return f"also filters on {filters}" if filters else ""


def covers(alert: ActivityLogAlert, account: CognitiveAccount) -> bool:
    """Whether an account lies in one of an alert's scopes, which are id prefixes."""
    scopes = map(id_key, alert.scopes or ())
    return any(f"{account.key}/".startswith(f"{scope}/") for scope in scopes)


def watches(alert: ActivityLogAlert, account: CognitiveAccount) -> bool:
    """Whether an alert tells somebody of every key read of an account."""
    return names_operation(alert) and not shortcoming(alert, account)


@check(
    id="listkeys-alert",
    title="Reading the keys of Azure OpenAI accounts raises an alert",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=Subscription,
    guidance=Post.LOGGING,
    controls=(
        "MCSB:LT-3",
        "NIST-800-53:AU-6",
        "ISO-27001-2022:A.8.16",
        "PCI-DSS-4.0.1:10.4",
    ),
)
def listkeys_alert(subscription: Subscription, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition.allOf` of the subscription's activity log alerts.

    That is, of each `Microsoft.Insights/activityLogAlerts`, its `properties.enabled`
    (absent or null means true, activityLogAlerts 2020-10-01), `properties.scopes`
    (prefixes of the ids it applies to; absent or empty means none), the conditions, of
    which one must be `operationName`, and `properties.actions.actionGroups` (absent or
    empty means that nobody is told). The accounts are those whose `kind` is OpenAI or
    AIServices; a subscription without one is not judged. An alert by log query
    (scheduledQueryRules) counts too, from whichever subscription: one that is enabled,
    tells an action group, has the operation in its query, and asks the account, what it
    lies in, or a workspace to which the subscription sends its Activity Log. What else
    the query says is not worked out. In a narrowed scan, which may have left such an
    alert out, a missing one is a warning. Where the subscription streams its Activity
    Log to an event hub or a partner, a person has to say whether what reads it there
    tells of key reads.

    ## Why it matters
    Whoever reads a key holds the data plane until the key is changed, and whatever they
    then do with it names nobody. The moment of reading is the one event that carries a
    name, and it is rare enough in a good estate for each to be looked at.

    ## How to fix
    Create an activity log alert on the operation
    `Microsoft.CognitiveServices/accounts/listKeys/action` that covers the subscription
    and tells an action group that somebody reads.

    ```sh
    az monitor activity-log alert create --resource-group "$GROUP" --name key-reads \
      --scope "/subscriptions/$SUBSCRIPTION" --action-group "$ACTION_GROUP_ID" \
      --condition category=Administrative and \
      operationName=Microsoft.CognitiveServices/accounts/listKeys/action
    ```

    ```bicep
    resource keyReads 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
      name: 'key-reads'
      location: 'global'
      properties: {
        scopes: [subscription().id]
        condition: {
          allOf: [
            { field: 'category', equals: 'Administrative' }
            {
              field: 'operationName'
              equals: 'Microsoft.CognitiveServices/accounts/listKeys/action'
            }
          ]
        }
        actions: { actionGroups: [{ actionGroupId: actionGroup.id }] }
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_activity_log_alert" "key_reads" {
      name                = "key-reads"
      resource_group_name = azurerm_resource_group.this.name
      location            = "global"
      scopes              = [data.azurerm_subscription.current.id]
      criteria {
        category       = "Administrative"
        operation_name = "Microsoft.CognitiveServices/accounts/listKeys/action"
      }
      action {
        action_group_id = azurerm_monitor_action_group.security.id
      }
    }
    ```

    The portal and Foundry read keys as people browse: expect noise until few can.

    ## Exceptions
    Sentinel rules are not seen: a subscription that is watched that way needs an
    exemption that says so. An alert that also filters on anything a successful read of
    the account's keys does not always carry, such as a caller, is no full watch.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Create or edit an activity log alert rule
    """
    accounts = tenant.within(CognitiveAccount, subscription.id)
    if not any(map(hosts_models, accounts)):
        return not_applicable("no Azure OpenAI or AI Services account is here")
    alerts = subscription.activity_log_alerts
    queries = [*_key_queries(tenant)]
    for account in filter(hosts_models, accounts):
        if any(watches(alert, account) for alert in alerts.known()):
            continue
        if not any(_asks(rule, account, subscription) for rule in queries):
            alerts.require_whole()
            tenant.all(QueryRule).require_whole()
            lacking = _unwatched(account, alerts, queries)
            if elsewhere := some(_streams(subscription)):
                return manual(
                    f"{lacking}; the Activity Log goes to {elsewhere}: does what reads "
                    "it there tell of key reads?"
                )
            return failed_so_far(tenant, lacking)
    return passed("alerts cover the key reads of every account that serves models")


def _key_queries(tenant: Tenant) -> Iterator[QueryRule]:
    """Yield the alerts by log query that are known to be about key reads."""
    ids = tenant.once(_rules_on_keys)
    for rule in (tenant.known(QueryRule, each) for each in ids):
        if rule and any(LIST_KEYS in query.lower() for query in rule.queries or ()):
            yield rule


def _rules_on_keys(tenant: Tenant) -> tuple[str, ...]:
    """Return the ids of those, and of those that do not say what they ask."""
    return tuple(
        rule.id for rule in tenant.all(QueryRule).known() if _may_ask_for_keys(rule)
    )


def _may_ask_for_keys(rule: QueryRule) -> bool:
    try:
        queries = rule.queries or ()
    except NotRead:
        return True
    return any(LIST_KEYS in query.lower() for query in queries)


def _asks(
    rule: QueryRule, account: CognitiveAccount, subscription: Subscription
) -> bool:
    """Whether an alert by log query tells somebody of an account's key reads."""
    if _unheard(rule):
        return False
    scopes = [*map(id_key, rule.scopes or ())]
    if any(f"{account.key}/".startswith(f"{scope}/") for scope in scopes):
        return True
    return not set(scopes).isdisjoint(_told_of_operations(subscription))


def _unheard(rule: QueryRule) -> str:
    """Return why nobody hears of an alert; an absent `enabled` means true."""
    if rule.enabled is False:
        return "is disabled"
    return "" if any(rule.action_group_ids or ()) else "has no action group"


def _told_of_operations(subscription: Subscription) -> Iterator[str]:
    """Yield the workspaces to which a subscription sends its Activity Log."""
    for setting in _exporting(subscription):
        if setting.workspace_id:
            yield id_key(setting.workspace_id)


def _streams(subscription: Subscription) -> Iterator[str]:
    """Yield where a subscription sends its Activity Log for others than Azure."""
    settings = [*_exporting(subscription)]
    if any(each.event_hub_rule_id or each.service_bus_rule_id for each in settings):
        yield "an event hub"
    if any(each.partner_id for each in settings):
        yield "a partner solution"


def _exporting(subscription: Subscription) -> Iterator[DiagnosticSetting]:
    """Yield the settings by which a subscription sends its Activity Log."""
    for setting in subscription.diagnostic_settings:
        if any(
            log.enabled and is_any(log, "Administrative", "alllogs")
            for log in setting.logs
        ):
            yield setting


def _unwatched(
    account: CognitiveAccount,
    alerts: Iterable[ActivityLogAlert],
    queries: Iterable[QueryRule],
) -> str:
    """Return that nobody hears of an account's key reads, and what is wrong."""
    flaws = [
        f"{quote(alert.name)} {shortcoming(alert, account)}"
        for alert in alerts
        if names_operation(alert)
    ]
    flaws += [
        f"{quote(rule.name)} {_unheard(rule) or 'asks where its log does not go'}"
        for rule in queries
    ]
    why = some(flaws) or "there is none on that operation"
    return f"no alert tells of key reads of {quote(account.name)}: {why}"


CHECKS: tuple[Check[Any], ...] = (
    diag_enabled,
    diag_audit,
    diag_requestresponse,
    activity_log_exported,
    listkeys_alert,
)
