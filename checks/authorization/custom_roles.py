"""Roles that the organisation wrote: what they allow, and where they may be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from checks.shared.grants import access
from checks.shared.model_roles import ACCOUNTS, LIST_KEYS, calls_models
from checks.shared.scanned import so_far
from checks.shared.wording import count, quote, some
from scanner.access.facts import Role, last_segment
from scanner.access.gather import role_of
from scanner.access.patterns import includes
from scanner.access.restrictions import Ask
from scanner.access.roles import allows_all, ways_of
from scanner.access.scopes import is_group
from scanner.model import initiatives
from scanner.model.authorization import Permission, RoleAssignment, RoleDefinition
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
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:AC-6",
    "NIST-800-53:AC-6(7)",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.2",
    "PCI-DSS-4.0.1:7.2.2",
    "PCI-DSS-4.0.1:7.2.5",
)


def custom(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the custom roles, and of those that may be one, each once.

    A custom role is in the list of every subscription it may be assigned in, under an
    id of that subscription.
    """
    first: dict[str, str] = {}
    for definition in tenant.all(RoleDefinition).known():
        if _may_be_custom(definition):
            first.setdefault(definition.name.lower(), definition.key)
    return frozenset(first.values())


def _may_be_custom(definition: RoleDefinition) -> bool:
    try:
        return definition.is_custom
    except NotRead:
        return True


def _is_custom(definition: RoleDefinition) -> bool:
    return definition.is_custom


def _permissions(definition: RoleDefinition) -> tuple[Permission, ...]:
    """Return a role's permission blocks; raises NotRead where it tells of none."""
    return definition.stated(RoleDefinition.permissions)


def _lists_keys(role: Role) -> str | None:
    """Return the pattern by which a role lists the keys of accounts, None if none."""
    ways = ways_of(role.blocks, Ask.of(LIST_KEYS))
    return next((way.pattern for way in ways if way.open), None)


def _reaches_models(definition: RoleDefinition) -> bool:
    """Whether a custom role calls models or lists their keys."""
    if not definition.is_custom:
        return False
    role = role_of(definition)
    return calls_models(role) or _lists_keys(role) is not None


def _calls_models(definition: RoleDefinition) -> bool:
    return definition.is_custom and calls_models(role_of(definition))


def _assigned(tenant: Tenant) -> Counter[str]:
    """Return how many assignments there are of each role, by the end of its id."""
    facts = access(tenant).facts.assignments
    return Counter(last_segment(each.role_definition_id) for each in facts)


_ALL_OPENAI = f"{ACCOUNTS}/OpenAI/*"
_METRICS = "Microsoft.Insights/metrics/read"


@check(
    id="rbac-human-custom-role",
    title="A custom role lets people use models and read metrics without keys",
    topic=Topic.AUTHORIZATION,
    severity=Severity.LOW,
    on=RoleDefinition,
    among=custom,
    where=_calls_models,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def human_custom_role(definition: RoleDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions`, and the role's assignments.

    Answers, for information only, for each custom role with data actions on models:
    whether it allows all of `Microsoft.CognitiveServices/accounts/OpenAI/*`, allows
    `Microsoft.Insights/metrics/read`, and lists no keys, and how often it is assigned.
    Absent or null lists in a permission are empty; a role without `permissions` is not
    assessed (role definition REST reference).

    ## Why it matters
    No built-in role fits a data scientist well: Cognitive Services User lists keys, and
    OpenAI User sees no metrics. Where a fitting role is at hand, teams take it; where
    none is, they take the next bigger one.

    ## How to fix
    Write a role with the data actions of Cognitive Services User that people need,
    metrics, and no listKeys, and assign it to groups. OpenAI Contributor together with
    Monitoring Reader does as well.

    ```sh
    az role definition create --role-definition '{
      "Name": "Model user",
      "Actions": [
        "Microsoft.CognitiveServices/*/read", "Microsoft.Insights/metrics/read"
      ],
      "DataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"],
      "AssignableScopes": ["/subscriptions/SUBSCRIPTION"]
    }'
    ```

    ```bicep
    resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
      name: guid(subscription().id, 'model-user')
      properties: {
        roleName: 'Model user'
        type: 'CustomRole'
        assignableScopes: [subscription().id]
        permissions: [
          {
            actions: [
              'Microsoft.CognitiveServices/*/read'
              'Microsoft.Insights/metrics/read'
            ]
            dataActions: ['Microsoft.CognitiveServices/accounts/OpenAI/*']
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_role_definition" "model_user" {
      name  = "Model user"
      scope = data.azurerm_subscription.this.id
      permissions {
        actions = [
          "Microsoft.CognitiveServices/*/read",
          "Microsoft.Insights/metrics/read",
        ]
        data_actions = ["Microsoft.CognitiveServices/accounts/OpenAI/*"]
      }
    }
    ```

    The role above also fine-tunes and uploads files: list single data actions where
    people should not.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure custom roles
    """
    role = role_of(definition)
    name = quote(role.name)
    lacks = tuple(_unlike_a_human_role(role))
    if lacks:
        return info(f"{name} is no role for people: {', '.join(lacks)}")
    times = tenant.once(_assigned)[definition.name.lower()]
    if not times:
        tenant.all(RoleAssignment).require_whole()
    many = count(times, "assignment", "assignments")
    return info(so_far(tenant, f"{name} fits people, and has {many}"))


def _unlike_a_human_role(role: Role) -> Iterator[str]:
    if not allows_all(role, _ALL_OPENAI, data=True):
        yield "it allows some of the data actions of OpenAI, not all"
    if not ways_of(role.blocks, Ask.of(_METRICS)):
        yield "it reads no metrics"
    if _lists_keys(role):
        yield "it lists keys"


@check(
    id="rbac-custom-role-listkeys",
    title="Custom roles list no keys of accounts",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleDefinition,
    among=custom,
    where=_is_custom,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "MCSB:IM-1", "ISO-27001-2022:A.5.17"),
)
def custom_role_listkeys(definition: RoleDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions[].actions` and `notActions`.

    A role lists keys when one of its blocks has an action that matches
    `Microsoft.CognitiveServices/accounts/listKeys/action`, such as `*/action` or
    `Microsoft.CognitiveServices/*`, and the same block does not except it. Absent or
    null lists are empty; a role without `permissions` is not assessed (role definition
    REST reference).

    ## Why it matters
    A custom role is written to give less than the built-in ones, and is handed out with
    that in mind. If a wildcard in it also lists keys, everyone who has it holds the
    whole data plane of every account in reach, anonymously and for as long as the key
    lasts.

    ## How to fix
    Name the actions that are needed instead of the wildcard, and leave
    `listKeys/action` and `regenerateKey/action` out.

    ```sh
    az role definition list --name "ROLE" --query "[0]" > role.json
    # edit "actions", then
    az role definition update --role-definition @role.json
    ```

    ```bicep
    permissions: [
      {
        actions: [
          'Microsoft.CognitiveServices/*/read'
          'Microsoft.Insights/metrics/read'
        ]
        dataActions: ['Microsoft.CognitiveServices/accounts/OpenAI/*']
      }
    ]
    ```

    ```terraform
    resource "azurerm_role_definition" "this" {
      permissions {
        actions = [
          "Microsoft.CognitiveServices/*/read",
          "Microsoft.Insights/metrics/read",
        ]
        data_actions = ["Microsoft.CognitiveServices/accounts/OpenAI/*"]
      }
    }
    ```

    The change holds at once for everyone who has the role. Scripts that fetch the key
    with it fail: find them by ListKeys in the activity log.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure custom roles
    """
    role = role_of(definition)
    name = quote(role.name)
    pattern = _lists_keys(role)
    if pattern is None:
        return passed(f"{name} does not list keys")
    return failed(f"{name} lists keys by {quote(pattern)}")


@check(
    id="rbac-custom-role-notactions",
    title="Custom roles except no actions",
    topic=Topic.AUTHORIZATION,
    severity=Severity.MEDIUM,
    on=RoleDefinition,
    among=custom,
    where=_is_custom,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def custom_role_notactions(definition: RoleDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions[].notActions`.

    An absent or null list is empty; a role without `permissions` is not assessed (role
    definition REST reference).

    ## Why it matters
    `notActions` looks like a prohibition and is only a subtraction within one role. Any
    other assignment gives the action back, and every action that Azure adds under the
    role's wildcards tomorrow is allowed until somebody remembers to except it.

    ## How to fix
    List the actions that the role is for, and empty `notActions`.

    ```sh
    az role definition list --name "ROLE" --query "[0]" > role.json
    # edit "actions" and "notActions", then
    az role definition update --role-definition @role.json
    ```

    ```bicep
    permissions: [
      {
        actions: ['Microsoft.CognitiveServices/*/read']
        notActions: []
      }
    ]
    ```

    ```terraform
    resource "azurerm_role_definition" "this" {
      permissions {
        actions     = ["Microsoft.CognitiveServices/*/read"]
        not_actions = []
      }
    }
    ```

    People lose what the wildcard gave them and the list forgot: read the activity log
    of a month for the actions that holders of the role really use.

    ## Exceptions
    Built-in roles use exceptions too, and are not judged.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Understand Azure role definitions
    """
    role_of(definition)
    excepted = [
        each for one in definition.permissions for each in one.not_actions or ()
    ]
    return _excepting(definition, "notActions", excepted)


def _excepting(definition: RoleDefinition, field: str, patterns: list[str]) -> Verdict:
    name = quote(definition.role_name or "")
    if patterns:
        return warned(f"{name} has {field}: {some(map(quote, patterns))}")
    return passed(f"{name} has no {field}")


@check(
    id="rbac-custom-role-notdataactions",
    title="Custom roles except no data actions",
    topic=Topic.AUTHORIZATION,
    severity=Severity.MEDIUM,
    on=RoleDefinition,
    among=custom,
    where=_is_custom,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def custom_role_notdataactions(definition: RoleDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions[].notDataActions`.

    An absent or null list is empty; a role without `permissions` is not assessed (role
    definition REST reference).

    ## Why it matters
    `notDataActions` takes data actions out of one role and denies them to nobody. A
    second role, such as Foundry User, gives them back, and new data actions of the
    service join the wildcard without anyone deciding so.

    ## How to fix
    List the data actions that the role is for, and empty `notDataActions`.

    ```sh
    az role definition list --name "ROLE" --query "[0]" > role.json
    # edit "dataActions" and "notDataActions", then
    az role definition update --role-definition @role.json
    ```

    ```bicep
    permissions: [
      {
        dataActions: [
          'Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action'
        ]
        notDataActions: []
      }
    ]
    ```

    ```terraform
    resource "azurerm_role_definition" "this" {
      permissions {
        data_actions = [
          "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",
        ]
        not_data_actions = []
      }
    }
    ```

    Callers of anything that the new list lacks get PermissionDenied: try the role on
    one team first.

    ## Exceptions
    Built-in roles such as Foundry User and Cognitive Services OpenAI User use
    exceptions by now, and are not judged.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Understand Azure role definitions
    """
    blocks = _permissions(definition)
    excepted = [each for block in blocks for each in block.not_data_actions or ()]
    return _excepting(definition, "notDataActions", excepted)


@check(
    id="rbac-custom-assignable-scopes",
    title="Custom roles on models may be assigned in few places",
    topic=Topic.AUTHORIZATION,
    severity=Severity.LOW,
    on=RoleDefinition,
    among=custom,
    where=_reaches_models,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def custom_assignable_scopes(definition: RoleDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.assignableScopes`.

    Answers for custom roles that allow data actions on models or list the keys of
    accounts. Subscriptions are counted once, whether they are named themselves or by
    their resource groups. A role without assignable scopes is not assessed, for Azure
    always returns one (role definition REST reference).

    ## Why it matters
    The assignable scopes are the fence around a custom role: outside, nobody can hand
    it out. A role with keys or data that may be assigned at a management group can be
    given to anyone for everything below it, by people who never met the team it was
    written for.

    ## How to fix
    List the subscriptions or resource groups whose teams use the role, and no
    management group.

    ```sh
    az role definition list --name "ROLE" --query "[0]" > role.json
    # edit "assignableScopes", then
    az role definition update --role-definition @role.json
    ```

    ```bicep
    properties: {
      assignableScopes: [resourceGroup().id]
    }
    ```

    ```terraform
    resource "azurerm_role_definition" "this" {
      assignable_scopes = [azurerm_resource_group.ai.id]
    }
    ```

    A scope in which the role is still assigned cannot be taken out of the list.

    ## Settings
    `custom_role_subscription_warning` says how many subscriptions are not yet too many,
    5 by default.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure custom roles
    """
    scopes = definition.assignable_scopes
    if not scopes:
        raise definition.unread("properties.assignableScopes", "says nothing")
    name = quote(definition.role_name or "")
    wide = [each for each in scopes if _is_wide(each)]
    if wide:
        return warned(f"{name} may be assigned at {some(map(quote, wide))}")
    subscriptions = {ResourceId.parse(each).subscription.lower() for each in scopes}
    many = count(len(subscriptions), "subscription", "subscriptions")
    reason = f"{name} may be assigned in {many}"
    limit = tenant.settings.custom_role_subscription_warning
    return warned(reason) if len(subscriptions) > limit else passed(reason)


def _is_wide(scope: str) -> bool:
    """Whether a scope is a management group or the root, which are in none."""
    return is_group(scope) or not ResourceId.parse(scope).subscription


# Every action names a provider, what it is done to, and what is done.
_EVERYTHING = "*/*/*"
_ALL_COGNITIVE = "Microsoft.CognitiveServices/*/*"


@check(
    id="rbac-custom-wildcard",
    title="Custom roles name what they allow",
    topic=Topic.AUTHORIZATION,
    severity=Severity.MEDIUM,
    on=RoleDefinition,
    among=custom,
    where=_is_custom,
    guidance=Post.AUTHORIZATION,
    mapped=(initiatives.CUSTOM_ROLES,),
    controls=(*_CONTROLS, "CIS-Azure-4.0:6.23"),
)
def custom_wildcard(definition: RoleDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions[].actions` and `dataActions`.

    Fails on a pattern that means every action, such as `*`, and warns on one that means
    all of `Microsoft.CognitiveServices/*`. What a block excepts does not make up for
    it. Absent or null lists are empty; a role without `permissions` is not assessed
    (role definition REST reference).

    ## Why it matters
    A wildcard allows what exists and what will exist. When Azure adds a service, a way
    to export data or another list of keys, everyone with the role has it the same day,
    and the role's text has not changed by a letter.

    ## How to fix
    Replace the wildcard by the actions in use; end patterns in `/read` where only
    reading is meant.

    ```sh
    az role definition list --name "ROLE" --query "[0]" > role.json
    # edit "actions" and "dataActions", then
    az role definition update --role-definition @role.json
    ```

    ```bicep
    permissions: [
      {
        actions: ['Microsoft.CognitiveServices/*/read']
        dataActions: ['Microsoft.CognitiveServices/accounts/OpenAI/*']
      }
    ]
    ```

    ```terraform
    resource "azurerm_role_definition" "this" {
      permissions {
        actions      = ["Microsoft.CognitiveServices/*/read"]
        data_actions = ["Microsoft.CognitiveServices/accounts/OpenAI/*"]
      }
    }
    ```

    People lose what the list forgot: read the activity log of a month for the actions
    that holders of the role really use.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Azure custom roles
    """
    name = quote(definition.role_name or "")
    patterns = tuple(_patterns(_permissions(definition)))
    everything = [each for each in patterns if includes(each, _EVERYTHING)]
    if everything:
        return failed(f"{name} allows everything by {quote(everything[0])}")
    wide = [each for each in patterns if includes(each, _ALL_COGNITIVE)]
    if wide:
        return warned(f"{name} allows all of Cognitive Services by {quote(wide[0])}")
    return passed(f"{name} allows neither everything nor all of Cognitive Services")


def _patterns(permissions: Iterable[Permission]) -> Iterator[str]:
    for block in permissions:
        yield from block.actions or ()
        yield from block.data_actions or ()


CHECKS: tuple[Check[Any], ...] = (
    human_custom_role,
    custom_role_listkeys,
    custom_role_notactions,
    custom_role_notdataactions,
    custom_assignable_scopes,
    custom_wildcard,
)
