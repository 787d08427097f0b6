"""Roles on model accounts: who can list keys, and what applications are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from checks.shared.citing import cite
from checks.shared.doubt import doubt
from checks.shared.grants import access, is_approved, who
from checks.shared.model_access import (
    Held,
    cite_accounts,
    cite_role,
    held,
    is_role_of,
    lets_call,
    names,
    standing,
    working,
)
from checks.shared.model_roles import ACCOUNTS, LIST_KEYS, MANAGING, managed_parts
from checks.shared.principals import (
    is_hub_over_its_group,
    may_be_application,
    may_be_service,
    require_kind,
)
from checks.shared.wording import count, quote, some
from scanner.access.answers import Grant, scope_name
from scanner.access.builtin import BuiltIn, is_role
from scanner.access.facts import Role
from scanner.access.roles import lacking
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "MCSB:AI-4",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.3",
    "PCI-DSS-4.0.1:7.2.5",
)
_KEY_CONTROLS = (
    *_CONTROLS,
    "MCSB:IM-1",
    "NIST-800-53:IA-2",
    "ISO-27001-2022:A.5.17",
)


@check(
    id="rbac-listkeys-role-assigned",
    title="Roles that work with models list no keys",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=working,
    guidance=Post.AUTHORIZATION,
    controls=_KEY_CONTROLS,
)
def listkeys_role_assigned(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, what the role allows, and the keys of accounts.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account,
    from its own scope or from above, and allows more there than reading. A role lists
    keys when one of its blocks matches `Microsoft.CognitiveServices/accounts/listKeys`
    and does not except it; a condition on a role restricts role assignments alone, so
    keys stay open. Deny assignments count: a group is denied what each of its members
    is, and where members that were not read decide it, the finding is a warning. An
    absent or null `disableLocalAuth` on an account means that keys are accepted
    (Microsoft.CognitiveServices 2025-09-01).

    ## Why it matters
    Whoever can list the keys holds the whole data plane of the account without a role
    on it: the key is limited to nothing, outlives the role assignment, and makes every
    later call anonymous. Where all accounts in reach refuse keys this is a warning, for
    the right comes back to life with the setting.

    ## How to fix
    Replace the role by one without key rights, such as Cognitive Services OpenAI User,
    or give those who look after the account a custom role that names what they do, and
    not listKeys.

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

    Clients that fetch the key with this right at their start stop working: move them to
    Entra tokens first. Who loses Owner or Contributor loses everything else it allows,
    and developers need the rest of Foundry User: switch the keys off there, and leave
    the role to those who work by it.

    ## Settings
    `approved_principals` and `break_glass_principals` name by object id who may list
    keys; nobody may by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    grant = access(tenant).by(mine.assignment, LIST_KEYS)
    if grant is None:
        cite_role(assignment, mine.role)
        return passed(f"{quote(mine.role.name)} does not list keys")
    cite(tenant, [grant], assignment)
    if is_approved(tenant, grant.principal_id):
        return passed(f"{who(grant)} is approved to list keys")
    return _listing(mine, grant, tenant)


def _listing(mine: Held, grant: Grant, tenant: Tenant) -> Verdict:
    """Return what being able to list keys comes to, with the accounts as evidence."""
    keyed = standing(tenant, grant, LIST_KEYS, mine.reached.keyed)
    if keyed:
        cite_accounts(tenant, keyed)
        accounts = count(len(keyed), "account that accepts", "accounts that accept")
        unless = doubt(tenant, grant, ((LIST_KEYS, each) for each in keyed))
        told = (
            f"{who(grant)} lists the keys of {accounts} them: {names(keyed)} "
            f"({grant.why}){unless}"
        )
        advice = _instead_of_another_role(grant)
        return warned(told, advice) if unless else failed(told, advice)
    mine.require_known()
    keyless = standing(tenant, grant, LIST_KEYS, mine.reached.keyless)
    if not keyless:
        return passed("a deny assignment takes the right to list keys back")
    cite_accounts(tenant, keyless)
    accounts = count(len(keyless), "account that refuses", "accounts that refuse")
    unless = doubt(tenant, grant, ((LIST_KEYS, each) for each in keyless))
    return warned(
        f"{who(grant)} may list keys, of {accounts} them as things are: "
        f"{names(keyless)} ({grant.why}){unless}",
        _instead_of_another_role(grant),
    )


def _instead_of_another_role(grant: Grant) -> str:
    """Return what to do about a role that its holder needs for other work too."""
    if is_role(grant, BuiltIn.FOUNDRY_USER):
        return (
            "Leave the role as it is, for developers need the rest of it: switch the "
            "keys off once nothing signs in with them, keep them off by policy, and "
            "exempt the assignment then."
        )
    if grant.pattern == "*":
        return (
            "List in `approved_principals` or `break_glass_principals` who is to "
            "manage the whole scope, and switch the keys off once nothing signs in "
            "with them. Give the others the role that their work needs, such as "
            "Cognitive Services OpenAI User, and delete the assignment then."
        )
    return ""


@check(
    id="rbac-cogsvc-user-role",
    title="Nobody calls models as Cognitive Services User",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=working,
    where=lets_call,
    guidance=Post.AUTHORIZATION,
    controls=_KEY_CONTROLS,
)
def cogsvc_user_role(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and what the role allows.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account and
    allows data actions on models. Cognitive Services User is known by its id, which is
    the same in every tenant (azure-docs, "Azure built-in roles").

    ## Why it matters
    The name sounds like the least a user needs. The role lists the account's keys, and
    its data actions are those of every Cognitive Service: fine-tuning files, stored
    completions and whatever is added next. People get it by mistake and keep a key.

    ## How to fix
    Give Cognitive Services OpenAI User to those who call models, or a custom role with
    the data actions and metrics that people need and without listKeys, then delete this
    assignment.

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

    OpenAI User cannot fine-tune: give those who do Cognitive Services OpenAI
    Contributor in its place, and list them in `fine_tuning_principals`. Monitoring
    Reader beside it shows metrics. It calls nothing but models: who uses Speech,
    Language or another service of an AI Services account needs the role for that.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    cite_role(assignment, mine.role)
    if is_role_of(assignment, BuiltIn.COGNITIVE_SERVICES_USER):
        where = scope_name(mine.assignment.scope)
        return failed(f"Cognitive Services User at {where}: it lists keys too")
    return passed(f"the role is {quote(mine.role.name)}")


def _is_foundry_user(assignment: RoleAssignment) -> bool:
    return is_role_of(assignment, BuiltIn.FOUNDRY_USER)


@check(
    id="rbac-foundry-user-listkeys",
    title="Foundry Users find no keys to list",
    topic=Topic.AUTHORIZATION,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=working,
    where=_is_foundry_user,
    guidance=Post.AUTHORIZATION,
    controls=_KEY_CONTROLS,
    aliases=("fdp-user-role-keys",),
)
def foundry_user_listkeys(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and `disableLocalAuth` of accounts in reach.

    Answers for the assignments of Foundry User (Azure AI User before) that reach an
    Azure OpenAI or AI Services account. An absent or null `disableLocalAuth` means that
    keys are accepted (Microsoft.CognitiveServices 2025-09-01).

    ## Why it matters
    Foundry User is what Microsoft's documentation tells teams to give their developers,
    and since 2025 it carries listKeys. On an account that accepts keys each of them can
    take one home and call models past their own role, past Conditional Access and past
    the logs' idea of who they are.

    ## How to fix
    Switch the keys of the account off and leave the role as it is, for developers need
    the rest of it.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true}
    }'
    ```

    ```bicep
    properties: {
      disableLocalAuth: true
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      local_auth_enabled = false
    }
    ```

    Clients and connections that hold a key stop working at once: grant their identities
    a data role first.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Microsoft Foundry
    """
    mine = held(assignment)
    grant = access(tenant).by(mine.assignment, LIST_KEYS)
    if grant is None:
        cite_role(assignment, mine.role)
        return passed("this Foundry User does not list keys")
    cite(tenant, [grant], assignment)
    keyed = standing(tenant, grant, LIST_KEYS, mine.reached.keyed)
    if keyed:
        cite_accounts(tenant, keyed)
        accounts = count(len(keyed), "account accepts", "accounts accept")
        unless = doubt(tenant, grant, ((LIST_KEYS, each) for each in keyed))
        return warned(
            f"{who(grant)} may list keys, and {accounts} them: {names(keyed)}{unless}"
        )
    mine.require_known()
    cite_accounts(tenant, mine.reached.keyless)
    return passed("no account in reach has keys for them to list")


def _management(
    mine: Held, actions: Iterable[str], tenant: Tenant
) -> Iterator[tuple[str, Grant]]:
    """Yield by which of some actions an assignment manages an account in reach."""
    reached = mine.reached
    for action in actions:
        grant = access(tenant).by(mine.assignment, action)
        if grant is None:
            continue
        if standing(tenant, grant, action, reached.keyed + reached.keyless):
            yield action, grant
        else:
            mine.require_known()


def _management_doubt(mine: Held, managing: Mapping[str, Grant], tenant: Tenant) -> str:
    """Return what a reason adds where all of that may be denied; empty otherwise."""
    accounts = mine.reached.keyed + mine.reached.keyless
    grant = next(iter(managing.values()))
    return doubt(tenant, grant, product(managing, accounts))


def _beyond_openai_user(role: Role, tenant: Tenant) -> str | None:
    """Return the first of what a role allows and OpenAI User does not, if any."""
    user = access(tenant).facts.roles.get(BuiltIn.OPENAI_USER)
    if user is None:
        raise NotRead("the definition of Cognitive Services OpenAI User was not read")
    return next(lacking(user, role), None)


@check(
    id="rbac-app-role-least",
    title="Applications call models with Cognitive Services OpenAI User or less",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=working,
    where=may_be_application,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "MCSB:IM-3", "PCI-DSS-4.0.1:8.6.1"),
)
def app_role_least(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalType`, `roleDefinitionId`, and what the role allows.

    Answers for each service principal and managed identity with a role that reaches an
    Azure OpenAI or AI Services account and allows more there than reading; on an AI
    Services account that may be a data action of Speech, Language or another service.
    No more than Cognitive Services OpenAI User is a role of which that one allows every
    action and data action, of whatever service; an exception does not make a wider
    pattern less.
    Managing is any write, delete or other action of the control plane on an account or
    in it, such as listing keys, deploying models and writing content filters.
    Identities of Foundry hubs, projects, endpoints and of Search services have checks
    of their own. An absent or null `principalType`, which old assignments have, leaves
    open whose it is unless the directory says it; then only the right role is assessed.

    ## Why it matters
    An application needs to call its model. With more, whoever takes it over also lists
    keys, switches them on again, opens the account's network, uploads training data or
    changes content filters, and none of that looks out of place in the logs.

    ## How to fix
    Give the application Cognitive Services OpenAI User on the account, or a custom role
    with the few data actions it uses, and delete this assignment. A pipeline that
    deploys keeps its role, and is listed in `approved_principals`.

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

    An application that uploads files or fine-tunes fails with OpenAI User: split that
    job off and give it a role and an identity of its own.

    ## Settings
    `approved_principals` and `break_glass_principals` name by object id who may manage
    accounts, such as a deployment pipeline; nobody may by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    mine = held(assignment)
    name = quote(mine.role.name)
    if is_role_of(assignment, BuiltIn.OPENAI_USER):
        cite_role(assignment, mine.role)
        return passed(f"the role is {name}")
    assignment.cite(RoleAssignment.principal_type)
    if is_approved(tenant, mine.assignment.principal_id):
        return passed("the settings approve of this principal")
    managing = dict(_management(mine, MANAGING, tenant)) or dict(
        _management(mine, managed_parts(mine.role), tenant)
    )
    if managing:
        cite(tenant, managing.values(), assignment)
        require_kind(assignment)
        actions = some(each[len(ACCOUNTS) + 1 :] for each in managing)
        told = f"{name} lets an application manage accounts: {actions}"
        unless = _management_doubt(mine, managing, tenant)
        return warned(f"{told}{unless}") if unless else failed(told)
    cite_role(assignment, mine.role)
    more = _beyond_openai_user(mine.role, tenant)
    if more is None:
        return passed(f"{name} allows no more than Cognitive Services OpenAI User")
    require_kind(assignment)
    return warned(
        f"{name} allows an application more than Cognitive Services OpenAI User: "
        f"{quote(more)}"
    )


_BROAD = (BuiltIn.OWNER, BuiltIn.CONTRIBUTOR, BuiltIn.COGNITIVE_SERVICES_CONTRIBUTOR)


def _is_software(assignment: RoleAssignment) -> bool:
    """Whether it is of software; no hub's that `foundry-hub-mi-overprivileged` tells.

    Raises NotRead where it may be one of those.
    """
    if not may_be_service(assignment):
        return False
    of_hubs = is_role_of(assignment, BuiltIn.OWNER, BuiltIn.CONTRIBUTOR)
    return not (of_hubs and is_hub_over_its_group(assignment))


@check(
    id="rbac-app-owner-contrib",
    title="Service principals are neither Owner nor Contributor of model accounts",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=working,
    where=_is_software,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "MCSB:PA-1", "NIST-800-53:AC-6(5)", "PCI-DSS-4.0.1:8.6.1"),
)
def app_owner_contrib(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalType` and `roleDefinitionId`.

    Answers for each service principal and managed identity with a role that reaches an
    Azure OpenAI or AI Services account and allows more there than reading, also for
    those of Search services, Foundry projects, endpoints and computes. What a hub is to
    its own resource group, `foundry-hub-mi-overprivileged` tells. Owner, Contributor
    and Cognitive Services Contributor are known by their ids; custom roles like them
    are found by `rbac-app-role-least`. An absent or null `principalType`, which old
    assignments have, leaves open whose it is unless the directory or a resource that
    signs in so says it; then only another role is assessed.

    ## Why it matters
    These roles let software rewrite the account it is meant to call: its keys, its
    network rules, its filters, and as Owner also who else may. An injected prompt, a
    leaked certificate or one bad package in the application is then enough.

    ## How to fix
    Give the application the data role it needs on the account itself, and delete this
    assignment. A pipeline that deploys keeps its role, and is listed in
    `approved_principals`.

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

    Contributor calls no models through Entra ID: an application that has it works with
    a key that it lists. It must ask for tokens before the assignment goes.

    ## Exceptions
    Deployment pipelines need such a role. Instead of listing them for good, exempt
    their assignments with an owner and an expiry.

    ## Settings
    `approved_principals` and `break_glass_principals` name by object id who may manage
    accounts; nobody may by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure built-in roles
    """
    mine = held(assignment)
    cite_role(assignment, mine.role)
    assignment.cite(RoleAssignment.principal_type)
    name = quote(mine.role.name)
    if not is_role_of(assignment, *_BROAD):
        return passed(f"the role is {name}")
    if is_approved(tenant, mine.assignment.principal_id):
        return passed("the settings approve of this principal")
    require_kind(assignment)
    accounts = mine.reached.keyed + mine.reached.keyless
    cite_accounts(tenant, accounts)
    number = count(len(accounts), "model account", "model accounts")
    return failed(
        f"a service principal is {name} at {scope_name(mine.assignment.scope)}, "
        f"over {number}: {names(accounts)}"
    )


CHECKS: tuple[Check[Any], ...] = (
    listkeys_role_assigned,
    cogsvc_user_role,
    foundry_user_listkeys,
    app_role_least,
    app_owner_contrib,
)
