"""Roles on model accounts: what they add up to, and how far they reach."""

from __future__ import annotations

from itertools import chain
from typing import Any

from checks.shared.citing import cite
from checks.shared.data_access import (
    GIVE_A_SUBDOMAIN,
    TAKES_NOTHING,
    callers,
    cited_service_users,
    in_time,
    require_told,
)
from checks.shared.doubt import UNLESS, doubt, in_force
from checks.shared.grants import (
    access,
    bounded,
    is_approved,
    is_listed,
    named,
    principals,
    require_settled,
    who,
)
from checks.shared.model_access import (
    cite_accounts,
    cite_role,
    held,
    is_role_of,
    lets_call,
    names,
    opened_by,
    standing,
    working,
)
from checks.shared.model_roles import ACCOUNTS, DEPLOY
from checks.shared.principals import is_platform, may_be_person, require_kind
from checks.shared.wording import count, quote
from scanner.access.answers import Result, scope_name
from scanner.access.builtin import BuiltIn
from scanner.access.facts import ROOT
from scanner.access.scopes import is_group
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.ids import ResourceId
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.3",
    "PCI-DSS-4.0.1:7.2.5",
)


UPLOADS = tuple(
    f"{ACCOUNTS}/OpenAI/{each}"
    for each in ("files/import/action", "files/write", "uploads/write")
)
"""The data actions that bring training data in."""


def _calls_for_itself(assignment: RoleAssignment) -> bool:
    """Whether someone who is no hub, project or Search service calls models by it."""
    return lets_call(assignment) and not is_platform(assignment)


@check(
    id="rbac-files-import",
    title="Only those who fine-tune may upload training files",
    topic=Topic.AUTHORIZATION,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=working,
    where=_calls_for_itself,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "MCSB:DP-2", "ISO-27001-2022:A.8.12"),
)
def files_import(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and which uploads the role allows.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account and
    allows data actions on models. Uploads are `files/import/action`, `files/write` and
    `uploads/write` below `Microsoft.CognitiveServices/accounts/OpenAI`; wildcards allow
    them too, and `notDataActions` take them away. Identities of Foundry hubs, projects,
    endpoints and of Search services are left out.

    ## Why it matters
    A training file is a copy of data at a place that no data owner watches: it is
    outside the storage account's firewall, its roles and its logs, and readable by
    everyone with the same role. `files/import` even fetches it from any address. Most
    people who chat with a model need none of it.

    ## How to fix
    Give Cognitive Services OpenAI User to those who only call models, keep OpenAI
    Contributor for the few who fine-tune, and list these in `fine_tuning_principals`.

    ```sh
    az role assignment create --assignee "$PRINCIPAL" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'openai-user')
      properties: {
        principalId: principalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    Batch jobs and file search upload files as well, and fail without the right.

    ## Settings
    `fine_tuning_principals` names by object id who may upload; nobody may by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    name = quote(mine.role.name)
    given = access(tenant).by
    grants = {each: given(mine.assignment, each, data=True) for each in UPLOADS}
    allowed = {action: grant for action, grant in grants.items() if grant}
    grant = next(iter(allowed.values()), None)
    if grant is None:
        cite_role(assignment, mine.role)
        return passed(f"{name} uploads no files")
    cite(tenant, [grant], assignment)
    if is_listed(grant.principal_id, tenant.settings.fine_tuning_principals):
        return passed(f"{who(grant)} is listed as one who fine-tunes")
    accounts = mine.reached.keyed + mine.reached.keyless
    uploads = (
        (action, each)
        for action in allowed
        for each in standing(tenant, grant, action, accounts, data=True)
    )
    first = next(uploads, None)
    if first is None:
        mine.require_known()
        return passed("a deny assignment takes the right to upload files back")
    unless = doubt(tenant, grant, chain([first], uploads), data=True)
    return warned(f"{who(grant)} may upload training files ({grant.why}){unless}")


METRICS = "Microsoft.Insights/metrics/read"


def _is_contributing_person(assignment: RoleAssignment) -> bool:
    contributor = is_role_of(assignment, BuiltIn.OPENAI_CONTRIBUTOR)
    return contributor and may_be_person(assignment) and not is_platform(assignment)


@check(
    id="rbac-openai-contrib-metrics",
    title="OpenAI Contributors can see the metrics of their accounts",
    topic=Topic.AUTHORIZATION,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=working,
    where=_is_contributing_person,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def openai_contrib_metrics(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and the principal's other roles.

    Answers, for information only, for the people and groups who are Cognitive Services
    OpenAI Contributor where that reaches an Azure OpenAI or AI Services account. That
    role does not allow `Microsoft.Insights/metrics/read`; Reader or Monitoring Reader
    anywhere above does. Groups count as far as their members are known. An assignment
    without a `principalType` is taken for a person's.

    ## Why it matters
    Who deploys a model must watch its tokens and its throttling. Without metrics they
    ask for Contributor or Reader on the whole subscription, and the narrow role was in
    vain.

    ## How to fix
    Add Monitoring Reader on the account, or a custom role with nothing but
    `Microsoft.Insights/metrics/read`.

    ```sh
    az role assignment create --assignee "$PRINCIPAL" --scope "$ACCOUNT_ID" \
      --role "Monitoring Reader"
    ```

    ```bicep
    resource metrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'monitoring-reader')
      properties: {
        principalId: principalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "metrics" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Monitoring Reader"
      principal_id         = var.principal_id
    }
    ```

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    cite_role(assignment, mine.role)
    can, principal = access(tenant).can, mine.assignment.principal_id
    everywhere = can(principal, METRICS, mine.assignment.scope)
    if everywhere.result is Result.ALLOWED:
        cite(tenant, everywhere.grants[:1], assignment)
        return info(f"metrics can be read: {everywhere.grants[0].why}")
    for account in (*mine.reached.keyed, *mine.reached.keyless):
        decision = can(principal, METRICS, account)
        if decision.result is not Result.ALLOWED:
            require_settled(decision.missing)
            reason = f"no role lets them read the metrics of {names([account])}"
            return info(bounded(reason, decision.missing))
    mine.require_known()
    return info("other roles let them read the metrics of each account")


def _works_for_itself(assignment: RoleAssignment) -> bool:
    """Whether an assignment is not that of a hub, project or Search service."""
    return not is_platform(assignment)


@check(
    id="rbac-deploy-models",
    title="Applications do not deploy models",
    topic=Topic.AUTHORIZATION,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=working,
    where=_works_for_itself,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "NIST-800-53:CM-5", "PCI-DSS-4.0.1:8.6.1"),
)
def deploy_models(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalType`, `roleDefinitionId`, and what the role allows.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account and
    allows more there than reading: whether one of its blocks matches
    `Microsoft.CognitiveServices/accounts/deployments/write` and does not except it.
    People who may deploy are listed for information. Identities of Foundry hubs,
    projects, endpoints and of Search services are left out. An absent or null
    `principalType`, which old assignments have, leaves open whose it is unless the
    directory says it.

    ## Why it matters
    A deployment decides which model answers, in which region its data is worked on,
    behind which content filter, and at what price. That is a decision for somebody who
    answers for it. Cognitive Services OpenAI Contributor, which is given for
    fine-tuning, carries the right along.

    ## How to fix
    Give the application Cognitive Services OpenAI User, and let a pipeline that the
    settings approve of deploy models.

    ```sh
    az role assignment create --scope "$ACCOUNT_ID" \
      --assignee-object-id "$PRINCIPAL" --assignee-principal-type ServicePrincipal \
      --role "Cognitive Services OpenAI User"
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'openai-user')
      properties: {
        principalId: principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
      principal_type       = "ServicePrincipal"
    }
    ```

    ## Settings
    `approved_principals` and `break_glass_principals` name by object id who may deploy;
    no application may by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    name = quote(mine.role.name)
    grant = access(tenant).by(mine.assignment, DEPLOY)
    if grant is None:
        cite_role(assignment, mine.role)
        return passed(f"{name} deploys no models")
    cite(tenant, [grant], assignment)
    accounts = mine.reached.keyed + mine.reached.keyless
    open_to = standing(tenant, grant, DEPLOY, accounts)
    if not open_to:
        mine.require_known()
        return passed("a deny assignment takes the right to deploy models back")
    cite_accounts(tenant, open_to)
    require_kind(assignment)
    on = f"on {count(len(open_to), 'model account', 'model accounts')}"
    unless = doubt(tenant, grant, ((DEPLOY, each) for each in open_to))
    if may_be_person(assignment):
        return info(f"{who(grant)} may deploy models {on} ({grant.why}){unless}")
    if is_approved(tenant, grant.principal_id):
        return passed(f"{who(grant)} is approved to deploy models")
    return warned(f"an application may deploy models {on} with {name}{unless}")


def _opens_accounts(assignment: RoleAssignment) -> bool:
    return bool(opened_by(assignment))


@check(
    id="rbac-broad-scope-data-role",
    title="Data roles are assigned on model accounts or their resource groups",
    topic=Topic.AUTHORIZATION,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=working,
    where=_opens_accounts,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "NIST-800-53:AC-6(1)", "PCI-DSS-4.0.1:7.2.2"),
)
def broad_scope_data_role(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.scope`, and what the role allows.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account and
    allows data actions on models. On an AI Services account those of every service
    count that do more than read, such as Speech and Language: it has them all. An
    absent or null scope is taken from the assignment's id, of which it is the first
    part (role assignment REST reference).

    ## Why it matters
    A data role on a subscription or a management group opens every account below it,
    with whatever files, stored completions and fine-tuned models the other teams keep
    there. It opens the accounts of next year, too, and nobody will be asked again.

    ## How to fix
    Assign the role again on each account that the principal works with, or on their
    resource group, and delete this assignment.

    ```sh
    az role assignment create --assignee "$PRINCIPAL" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, roleId)
      properties: {
        principalId: principalId
        roleDefinitionId: roleId
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    Calls to accounts that were forgotten fail once the wide assignment is gone: compare
    with the object ids in the request logs first.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Understand scope for Azure RBAC
    """
    mine = held(assignment)
    cite_role(assignment, mine.role)
    scope, name = mine.assignment.scope, quote(mine.role.name)
    if not _is_wide(scope):
        return passed(f"{name} is assigned at {scope_name(scope)}")
    accounts = opened_by(assignment)
    cite_accounts(tenant, accounts)
    number = count(len(accounts), "model account", "model accounts")
    more = " and more that were not read" if mine.reached.unread else ""
    return warned(f"{name} at {scope_name(scope)} reaches {number}{more}")


def _is_wide(scope: str) -> bool:
    """Whether a scope is the root, a management group or a subscription."""
    kind = ResourceId.parse(scope).type
    return scope == ROOT or is_group(scope) or kind == Subscription.type


@check(
    id="rbac-keys-over-entra",
    title="Accounts that accept keys have callers with Entra roles",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "MCSB:IM-1", "NIST-800-53:IA-2", "ISO-27001-2022:A.8.5"),
)
def keys_over_entra(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth` and the role assignments that reach the account.

    An absent or null `disableLocalAuth` means that keys are accepted
    (Microsoft.CognitiveServices 2025-09-01). A role counts when it allows a data
    action that is more than reading, whether it was granted at the account or above: on
    an Azure OpenAI account one on models or agents, on an AI Services account one of
    any service, such as Speech, for it has them all. Owner and Contributor allow none
    (azure-docs, "Azure built-in roles"). A group that is known to be empty holds it for
    nobody, and a role under a condition whose time is over is held no more. Where only
    roles are held of which it cannot be told what their condition asks, this is not
    assessed. An account whose `properties.customSubDomainName` is absent, null or empty
    takes no tokens (Microsoft Learn, "Custom subdomain names for Azure AI services"),
    so that roles are of no use and it fails.

    ## Why it matters
    If nobody has such a role, then whoever uses the account uses its key. No call can
    be told from another, no Conditional Access policy sees who asks from where, and
    nobody can lose the right alone: the only way to stop one caller is to stop them
    all.

    ## How to fix
    Give each caller Cognitive Services OpenAI User and have it ask for tokens, then
    switch the keys off.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true}
    }'
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'openai-user')
      properties: {
        principalId: principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    Callers that still hold the key stop working when keys are switched off. Tokens also
    need the account to have a custom subdomain.

    ## Exceptions
    An account that nobody uses any more: delete it rather than exempt it.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    keyless = account.local_auth_disabled
    if not account.custom_subdomain:
        keyed = "it takes no tokens without a custom subdomain: who uses it uses a key"
        return failed(TAKES_NOTHING if keyless else keyed, GIVE_A_SUBDOMAIN)
    if keyless:
        return passed("keys are refused, so callers use Entra ID")
    users = cited_service_users(tenant, account)
    holding = callers(tenant, users)
    if holding:
        sure = in_force(tenant, holding, users.missing)
        require_told(holding)
        many = count(len(principals(holding)), "principal holds", "principals hold")
        told = f"{many} a role to use it: {named(holding)}"
        if sure:
            return passed(told)
        return warned(bounded(f"keys are accepted, and {told}{UNLESS}", users.missing))
    require_settled(users.missing)
    eligible = in_time(tenant, users.eligible)
    if eligible:
        reason = f"a role to use it must be activated first: {named(eligible)}"
        return warned(bounded(f"keys are accepted, and {reason}", users.missing))
    reason = "keys are accepted and nobody has a role to use it: who does uses a key"
    return failed(bounded(reason, users.missing))


CHECKS: tuple[Check[Any], ...] = (
    files_import,
    openai_contrib_metrics,
    deploy_models,
    broad_scope_data_role,
    keys_over_entra,
)
