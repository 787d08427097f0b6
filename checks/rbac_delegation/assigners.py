"""Who may assign roles, and whether conditions bound which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from checks.rbac_delegation import bounds
from checks.rbac_delegation.delegations import (
    CONTROLS,
    WRITING,
    Delegation,
    Delegations,
    Reach,
    at_root,
    delegating,
    reach_of,
    reaching,
    self_conditioned,
    unread_inside,
)
from checks.shared.citing import cite_assignment
from checks.shared.condition_verdicts import cite_role
from checks.shared.grants import access, is_listed, require_settled
from checks.shared.privileged import privileged
from checks.shared.taken import taken_in, unclear
from checks.shared.wording import CITED, count, printable, some
from scanner.access.answers import scope_name
from scanner.access.builtin import BuiltIn
from scanner.access.conditions import (
    as_of,
    assignable_roles,
    limits_roles,
    named_roles,
    parse,
)
from scanner.access.conditions.values import guid
from scanner.access.facts import Part, Role, last_segment
from scanner.access.gather import role_of
from scanner.access.roles import ways_of
from scanner.model import initiatives
from scanner.model.authorization import (
    Permission,
    RoleAssignment,
    RoleDefinition,
    RoleGrant,
)
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
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant


def _delegation(assignment: RoleAssignment) -> Delegation:
    """Return what an assignment delegates, with what it says as evidence.

    Raises NotRead where it is malformed, or its role or condition could not be read.
    """
    found = assignment.tenant.once(Delegations).by_key.get(assignment.key)
    if found is None:
        raise unclear(assignment)
    assignment.cite(RoleGrant.scope, RoleGrant.principal_id, RoleGrant.condition)
    cite_role(assignment, found.role)
    if found.reach is Reach.UNKNOWN:
        raise NotRead("a condition on assigning roles cannot be read or evaluated")
    return found


@check(
    id="delegation-unconstrained",
    title="Who may assign roles is bound by a condition",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=delegating,
    guidance=Post.ABAC,
    mapped=(initiatives.OWNERS,),
    controls=(*CONTROLS, "CIS-Azure-3.0:2.23", "CIS-Azure-4.0:6.3.3"),
)
def unconstrained(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` and `properties.condition`.

    Judged are assignments whose role grants `roleAssignments/write`: User Access
    Administrator, Role Based Access Control Administrator, Owner, and custom roles by
    their own definition. It passes where a condition on the assignment, or one in the
    role's permission block, restricts that action; an absent or null condition
    restricts nothing (azure-docs, "What is Azure RBAC"), nor does `NOT` of a source but
    `@Request`, which has nothing of an assignment that is created ("Authorization
    actions and attributes"); how such a source differs from something is not
    documented, and not assessed. An unrestricted Owner is a fact as long as few hold
    the role on the same scope, and warns beyond; those who may activate it are counted
    apart. A role that was not read is not assessed.

    ## Why it matters
    Whoever may assign any role may give themselves any role, and so holds everything in
    scope, keys and data of every AI service included. Most who need the right hand out
    the same few roles.

    ## How to fix
    Assign Role Based Access Control Administrator with a condition that names the roles
    to be handed out, and remove what is unrestricted.

    ```sh
    A=Microsoft.Authorization/roleAssignments
    ROLES="{5e0bd9bd-7b93-4f28-af87-19fc36ad61bd}"  # Cognitive Services OpenAI User
    az role assignment create --assignee-object-id GROUP_ID \
      --assignee-principal-type Group --scope SCOPE \
      --role "Role Based Access Control Administrator" --condition-version 2.0 \
      --condition "((!(ActionMatches{'$A/write'})) OR
        (@Request[$A:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals $ROLES)) AND
        ((!(ActionMatches{'$A/delete'})) OR
        (@Resource[$A:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals $ROLES))"
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```bicep
    resource platform 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(subscription().id, platformTeam, rbacAdministrator)
      properties: {
        roleDefinitionId: rbacAdministrator
        principalId: platformTeam
        principalType: 'Group'
        condition: loadTextContent('handful-of-roles.txt')
        conditionVersion: '2.0'
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "platform" {
      scope                = data.azurerm_subscription.this.id
      role_definition_name = "Role Based Access Control Administrator"
      principal_id         = var.platform_team
      condition            = file("handful-of-roles.txt")
      condition_version    = "2.0"
    }
    ```

    Deployments that assign roles need theirs on the list, or they fail. An Owner who
    also looks after the resources loses that too: give Contributor besides. Azure takes
    no second assignment of one role at one scope: where it is this role already that is
    unrestricted, put the condition on that assignment (`az role assignment update`).

    ## Exceptions
    Emergency accounts hold such a role on purpose: list them in the settings.

    ## Settings
    `break_glass_principals` and `approved_principals` (none): who may hold it.
    `owner_warning` (3): assignments of Owner on one scope above which they are many.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Delegate Azure access management to others
    """
    found = _delegation(assignment)
    if found.reach is Reach.BOUNDED:
        return passed(f"a condition restricts what {_name(found)} assigns")
    if _is_approved(found, tenant):
        return passed(f"{_name(found)}, held by a principal that the settings list")
    if last_segment(found.assignment.role_definition_id) != BuiltIn.OWNER:
        return failed(f"{_name(found)} assigns any role: {_restriction(found)}")
    return _owner(found, tenant)


def _name(found: Delegation) -> str:
    return printable(found.role.name) if found.role else "the role"


def _restriction(found: Delegation) -> str:
    """Return what there is of a condition where none restricts anything."""
    condition = (found.assignment.condition or "").strip()
    return "its condition does not restrict that" if condition else "without condition"


def _is_approved(found: Delegation, tenant: Tenant) -> bool:
    settings = tenant.settings
    approved = (*settings.break_glass_principals, *settings.approved_principals)
    return is_listed(found.assignment.principal_id, approved)


def _owner(found: Delegation, tenant: Tenant) -> Verdict:
    """Judge an Owner by how many there are on its scope."""
    scope, limit = found.assignment.scope, tenant.settings.owner_warning
    every = tenant.once(Delegations)
    holding = _owners(every.at[id_key(scope)], tenant)
    _cite_delegations(tenant, holding)
    owners = len(holding)
    eligible = _owners(every.eligible_at.get(id_key(scope), []), tenant)
    _cite_delegations(tenant, eligible)
    more = f", and {len(eligible)} more may activate it" if eligible else ""
    number = count(owners, "unrestricted assignment", "unrestricted assignments")
    reason = f"{number} of Owner at {printable(scope_name(scope))}{more}"
    if owners > limit:
        return warned(f"{reason}: more than {limit}")
    _require_assignments(scope, tenant)
    return info(reason)


def _require_assignments(scope: str, tenant: Tenant) -> None:
    """Raise NotRead if there may be more assignments in reach of a scope.

    Those above a subscription are in its own list (azure-docs, "List role
    assignments"), so the groups above need not be readable themselves.
    """
    missing = access(tenant).missing(scope)
    require_settled(each for each in missing if each.part is Part.ASSIGNMENTS)


def _owners(delegations: list[Delegation], tenant: Tenant) -> list[Delegation]:
    return [
        each
        for each in delegations
        if each.reach is Reach.ANY
        and last_segment(each.assignment.role_definition_id) == BuiltIn.OWNER
        and not _is_approved(each, tenant)
    ]


@check(
    id="delegation-not-used",
    title="Subscriptions delegate role assignments under conditions",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.LOW,
    on=Subscription,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def not_used(subscription: Subscription, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` of the assignments by which roles may be assigned.

    All that reach the subscription or lie in it count, with the conditions that roles
    bring along; an absent or null condition is none (azure-docs, "What is Azure RBAC").
    Not applicable where nobody may assign roles.

    ## Why it matters
    Where every delegation is all or nothing, a team that only has to let its
    application call a model gets the right to make itself Owner. Conditions on
    delegation were made for this and cost nothing.

    ## How to fix
    Start with the team that asks most often, and the two or three roles it needs.

    ```sh
    az role assignment create --assignee-object-id GROUP_ID \
      --assignee-principal-type Group --scope SCOPE \
      --role "Role Based Access Control Administrator" \
      --condition "$(cat handful-of-roles.txt)" --condition-version 2.0
    ```

    ```terraform
    resource "azurerm_role_assignment" "team" {
      role_definition_name = "Role Based Access Control Administrator"
      condition            = file("handful-of-roles.txt")
      condition_version    = "2.0"
    }
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Delegate Azure access management to others
    """
    found = list(reaching(tenant, subscription.id))
    reaches = {Reach.ANY: 0, Reach.BOUNDED: 0, Reach.UNKNOWN: 0}
    for each in found:
        reaches[each.reach] += 1
    _cite_delegations(tenant, found)
    if reaches[Reach.BOUNDED]:
        number = count(reaches[Reach.BOUNDED], "delegation is", "delegations are")
        return passed(f"{number} bound by a condition")
    tenant.within(RoleAssignment, subscription.id).require_whole()
    _require_assignments(subscription.id, tenant)
    require_settled(unread_inside(tenant, subscription.id))
    if reaches[Reach.UNKNOWN]:
        gap = access(tenant).facts.unread_roles
        reason = "roles or conditions of delegations were not read"
        raise NotRead(reason).over(gap)
    if not reaches[Reach.ANY]:
        return not_applicable("nobody may assign roles")
    number = count(reaches[Reach.ANY], "delegation", "delegations")
    return info(f"{number} of any role, and none under a condition")


def _cite_delegations(tenant: Tenant, found: list[Delegation]) -> None:
    for each in found[:CITED]:
        cite_assignment(tenant, each.assignment.id)


# Roles and scopes


@check(
    id="delegation-builtin-conditioned",
    title="Roles that assign roles under a condition of their own",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.INFORMATIONAL,
    on=RoleDefinition,
    among=self_conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def builtin_conditioned(definition: RoleDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions[].condition`.

    Judged are roles that grant `roleAssignments/write` in a block with a condition.
    Some built-in roles, such as Foundry Project Manager, bring the condition along:
    assignments of them need none (role definition REST reference). A block whose
    condition is absent or null restricts nothing, and roles without any are left out.
    It passes where the condition limits the roles, and says which; only `@Request` has
    them where an assignment is created ("Authorization actions and attributes").

    ## Why it matters
    An assignment of such a role looks like an unrestricted delegation and is none. What
    it lets its holders hand out is in no assignment, so it is told here.

    ## How to fix
    Nothing is to be fixed. Where the roles that it allows are too many, use Role Based
    Access Control Administrator with a condition of your own.

    ```sh
    az role definition list --name "Foundry Project Manager" \
      --query "[].permissions[].condition"
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Role-based access control for Azure AI Foundry
    """
    definition.cite(RoleDefinition.role_name)
    for block in definition.permissions:
        block.cite(Permission.actions, Permission.condition)
    role = role_of(definition)
    reaches = {reach_of(way, tenant.read_at) for way in ways_of(role.blocks, WRITING)}
    if Reach.UNKNOWN in reaches:
        raise NotRead("the role's own condition cannot be read")
    if Reach.ANY in reaches:
        return warned("any role can be assigned: no condition restricts one block")
    expressions = [
        as_of(parse(block.condition).expression, tenant.read_at)
        for block in role.blocks
        if block.condition and ways_of((block,), WRITING)
    ]
    if not all(map(limits_roles, expressions)):
        return warned("its condition does not limit the roles that can be assigned")
    allowed = [
        each
        for expression in expressions
        for each in assignable_roles(expression, named_roles(expression))
    ]
    return passed(f"allows to assign {_roles(allowed, tenant)}")


def _roles(ids: list[str], tenant: Tenant) -> str:
    """Return roles by name, where they were read, and what they can do."""
    roles = access(tenant).facts.roles
    known = {guid(key): role.name for key, role in roles.items()}
    powers = {guid(key): power for key, power in privileged(tenant).items()}
    every = list(dict.fromkeys(ids))
    names = (powers.get(each) or known.get(each) or str(UUID(each)) for each in every)
    return f"{count(len(every), 'role', 'roles')}: {printable(some(names))}"


@check(
    id="delegation-elevated-root",
    title="Nobody may assign roles at the root of the tenant",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.CRITICAL,
    on=RoleAssignment,
    among=at_root,
    guidance=Post.ABAC,
    controls=(*CONTROLS, "CIS-Azure-4.0:6.3.3"),
)
def elevated_root(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.scope` and `properties.roleDefinitionId`.

    Judged are assignments at the root scope `/`, which are in the list of every
    subscription as inherited ones (role assignment REST reference). It fails where the
    role grants `roleAssignments/write` and no condition (absent and null mean none)
    restricts that. Where assignments above the subscription are not visible there is
    nothing to judge, and that is no pass. A role that was not read is not assessed.

    ## Why it matters
    A Global Administrator gets User Access Administrator at the root by one switch, for
    an emergency, and the switch tends to stay on. It reaches every subscription, those
    that are made tomorrow included, past every management group.

    ## How to fix
    Switch the elevation off, in the properties of Entra ID, as the user who has it, and
    delete what else assigns roles at the root.

    ```sh
    az role assignment delete --role "User Access Administrator" --scope / \
      --assignee USER_ID
    ```

    Make sure that someone else can still assign roles at the root management group. An
    emergency account needs no role here either: as a Global Administrator it elevates
    itself when it has to.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Elevate access to manage all Azure subscriptions and management
      groups
    """
    known = access(tenant).facts
    role: Role | None = known.roles.get(
        last_segment(assignment.role_definition_id or "")
    )
    found = tenant.once(Delegations).by_key.get(assignment.key)
    if found is None and role and assignment.key in taken_in(tenant):
        assignment.cite(RoleGrant.scope, RoleGrant.principal_id, RoleGrant.condition)
        cite_role(assignment, role)
        return passed(f"{printable(role.name)} at the root does not assign roles")
    if _delegation(assignment).reach is Reach.BOUNDED:
        return passed("a condition restricts what it assigns")
    name = printable(role.name) if role else "the role"
    return failed(f"{name} at the root assigns any role in every subscription")


CHECKS: tuple[Check[Any], ...] = (
    unconstrained,
    not_used,
    bounds.role_bounded,
    bounds.privileged_inside,
    bounds.denylist_style,
    bounds.delete_covered,
    bounds.principal_bounded,
    bounds.or_tautology,
    builtin_conditioned,
    elevated_root,
)
