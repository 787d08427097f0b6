"""Who can read, renew and bring back the keys of Azure OpenAI accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checks.api_keys.guard import WRITE, guard_of, named_policies
from checks.shared.doubt import UNLESS, in_force
from checks.shared.grants import (
    actors,
    bounded,
    named,
    principals,
    require_settled,
    unapproved,
    who_can,
)
from checks.shared.model_roles import ACCOUNTS, LIST_KEYS
from checks.shared.wording import count
from scanner.access.answers import Answer
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
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
from scanner.model.tenant import Tenant

REGENERATE = f"{ACCOUNTS}/regenerateKey/action"

_CONTROLS = (
    "MCSB:IM-8",
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "NIST-800-53:IA-5",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.5.17",
    "PCI-DSS-4.0.1:7.2.1",
    "PCI-DSS-4.0.1:8.6.1",
)


def _able(tenant: Tenant, action: str, account: CognitiveAccount) -> Answer:
    """Return who can do an action, with the grants as evidence: whoever may act."""
    answer = who_can(tenant, action, account)
    return replace(answer, grants=actors(tenant, answer.grants))


def _told(answer: Answer, what: str) -> str:
    """Return who can do what, as a reason says it."""
    told = _counted(answer, what)
    if answer.active:
        told = f"{told}: {named(answer.active)}"
    later = len(principals(answer.eligible))
    return f"{told}; {later} more once activated" if later else told


def _counted(answer: Answer, what: str) -> str:
    holders = count(len(principals(answer.active)), "principal", "principals")
    return f"{holders} can {what}"


@check(
    id="aoai-key-readers",
    title="Only approved principals can read the keys of accounts",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.API_KEYS, Post.AUTHORIZATION),
    controls=_CONTROLS,
)
def key_readers(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`, and who may list the keys of the account.

    That is every principal with a role that allows
    `Microsoft.CognitiveServices/accounts/listKeys/action` there, by name or by a
    wildcard, less those a deny assignment stops. Where one may stop them all, by
    members of groups that were not read, the finding is a warning. An absent or null
    `disableLocalAuth` means that keys are accepted (built-in policy 71ef260a); with
    keys off, the readers are a fact and no finding.

    ## Why it matters
    Whoever reads a key has everything the account offers, under no name and without an
    end, and keeps it after the role is gone. Thirteen built-in roles allow it, some of
    which nobody would suspect: Cognitive Services User and Foundry User are meant for
    people who call models.

    ## How to fix
    Switch the keys off, or take the action from everybody but a few: use roles without
    it, such as Cognitive Services OpenAI User, and name the rest in
    `approved_principals`.

    ```sh
    az role assignment delete --ids "$ASSIGNMENT_ID"
    az role assignment create --assignee "$PRINCIPAL" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    A condition on the role assignment does not help: listing keys is an action of the
    control plane, which conditions do not restrict. Programs that fetch their key when
    they start stop working without the role.

    ## Settings
    `approved_principals` and `break_glass_principals` may read keys;
    `key_reader_warning` (3) says how many readers are too many, approved or not.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure built-in roles
    """
    answer = _able(tenant, LIST_KEYS, account)
    if account.local_auth_disabled:
        return _only_told(answer, "list the keys")
    others = unapproved(tenant, answer.active)
    if others:
        many = f"{len(principals(others))} of them not approved: {named(others)}"
        told = f"{_counted(answer, 'list the keys')}, {many}"
        if in_force(tenant, others, answer.missing):
            return failed(bounded(told, answer.missing))
        return warned(bounded(f"{told}{UNLESS}", answer.missing))
    require_settled(answer.missing)
    told = _told(answer, "list the keys")
    if len(principals(answer.active)) > tenant.settings.key_reader_warning:
        told = f"{told}; more than {tenant.settings.key_reader_warning}"
        return warned(bounded(told, answer.missing))
    return passed(bounded(told, answer.missing))


def _only_told(answer: Answer, what: str) -> Verdict:
    """Return what is a fact and no finding, because the keys are off."""
    require_settled(answer.missing)
    return info(bounded(f"keys are off; {_told(answer, what)}", answer.missing))


@check(
    id="aoai-key-regenerators",
    title="Only the platform team can renew the keys of accounts",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=_CONTROLS,
)
def key_regenerators(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`, and who may renew the keys of the account.

    That is every principal with a role that allows
    `Microsoft.CognitiveServices/accounts/regenerateKey/action` there, less those a
    deny assignment stops. An absent or null `disableLocalAuth` means that keys are
    accepted (built-in policy 71ef260a); with keys off, those principals are a fact and
    no finding.

    ## Why it matters
    The answer to a renewal is the new key, so this right reads keys as well. It is also
    a switch that turns off every program that uses the old key, at once and by
    accident as easily as on purpose.

    ## How to fix
    Leave the action to the platform team, named in `approved_principals`, and give
    others roles that only call models or deploy them.

    ```sh
    az role assignment delete --ids "$ASSIGNMENT_ID"
    az role assignment create --assignee "$PRINCIPAL" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI Contributor"
    ```

    ```terraform
    resource "azurerm_role_assignment" "developer" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI Contributor"
      principal_id         = var.principal_id
    }
    ```

    Whatever rotates the keys today needs to stay among the approved.

    ## Settings
    `approved_principals` and `break_glass_principals` may renew keys.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Azure built-in roles
    """
    answer = _able(tenant, REGENERATE, account)
    if account.local_auth_disabled:
        return _only_told(answer, "renew the keys")
    return _beyond_platform_team(answer, "renew the keys", tenant)


def _beyond_platform_team(answer: Answer, what: str, tenant: Tenant) -> Verdict:
    others = unapproved(tenant, answer.active)
    if others:
        unless = "" if in_force(tenant, others, answer.missing) else UNLESS
        many = f"{len(principals(others))} of them not approved: {named(others)}"
        told = f"{_counted(answer, what)}, {many}{unless}"
        return warned(bounded(told, answer.missing))
    require_settled(answer.missing)
    return passed(bounded(_told(answer, what), answer.missing))


@check(
    id="aoai-local-auth-writers",
    title="Only the platform team can switch keys on again",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(*_CONTROLS, "NIST-800-53:CM-5"),
)
def local_auth_writers(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`, and who may write the account.

    That is every principal with a role that allows
    `Microsoft.CognitiveServices/accounts/write` there, less those a deny assignment
    stops. An absent or null `disableLocalAuth` means that keys are accepted (built-in
    policy 71ef260a): there is nothing to switch back, and the check is not applicable.
    Where an assigned policy denies keys or switches them off in the same request, it
    does not matter who may write.

    ## Why it matters
    `disableLocalAuth` is a setting like any other. Whoever may write the account can
    set it to false, list the new keys and set it back, in minutes and without a trace
    in the account itself.

    ## How to fix
    Deny the setting by policy (built-in definition 71ef260a with the effect Deny), and
    leave writing the account to the platform team, named in `approved_principals`.

    ```sh
    az policy assignment create --name deny-cognitive-keys --scope "$SCOPE" \
      --policy 71ef260a-8f18-47b7-abcb-62d0673d94dc \
      --params '{"effect": {"value": "Deny"}}'
    ```

    ```bicep
    resource deny 'Microsoft.Authorization/policyAssignments@2024-04-01' = {
      name: 'deny-cognitive-keys'
      properties: {
        policyDefinitionId: tenantResourceId(
          'Microsoft.Authorization/policyDefinitions',
          '71ef260a-8f18-47b7-abcb-62d0673d94dc'
        )
        parameters: { effect: { value: 'Deny' } }
      }
    }
    ```

    ```terraform
    resource "azurerm_subscription_policy_assignment" "deny" {
      name                 = "deny-cognitive-keys"
      subscription_id      = data.azurerm_subscription.this.id
      policy_definition_id = join("/", [
        "/providers/Microsoft.Authorization/policyDefinitions",
        "71ef260a-8f18-47b7-abcb-62d0673d94dc"
      ])
      parameters = jsonencode({ effect = { value = "Deny" } })
    }
    ```

    With the policy in force, an account that has keys today cannot be changed in any
    way until they are off.

    ## Settings
    `approved_principals` and `break_glass_principals` may write accounts.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Azure built-in roles
    """
    if not account.local_auth_disabled:
        return not_applicable("keys are on: there is nothing to switch back")
    guard = guard_of(account)
    if guard.preventing:
        kept = f"{named_policies(guard.preventing)} keeps the keys off"
        return passed(f"{kept}, whoever may write the account")
    answer = _able(tenant, WRITE, account)
    verdict = _beyond_platform_team(answer, "switch the keys on again", tenant)
    if verdict.status is not Status.WARN:
        return verdict
    guard.require_settled()
    return warned(guard.bounded(verdict.reason))


CHECKS: tuple[Check[Any], ...] = (
    key_readers,
    key_regenerators,
    local_auth_writers,
)
