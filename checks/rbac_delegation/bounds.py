"""What conditions on delegation let their holders assign, and to whom."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from checks.rbac_delegation.delegations import (
    CONTROLS,
    conditioned,
)
from checks.shared.citing import cite_definition
from checks.shared.condition_analysis import Analysis
from checks.shared.condition_verdicts import (
    analysed,
    judged,
    require_clear,
    require_documented,
)
from checks.shared.grants import access
from checks.shared.privileged import privileged
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import FIRST, count, printable, some
from scanner.access.conditions import (
    assignable_roles,
    limits_roles,
    named_roles,
    residual,
)
from scanner.access.conditions.analysis.catalogue import (
    ASSIGNMENT_DELETE,
    ASSIGNMENT_WRITE,
)
from scanner.access.conditions.analysis.delegation import is_settled
from scanner.access.conditions.analysis.guards import is_open, may_be_open
from scanner.access.conditions.values import guid
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
)
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant


def _told(
    assignment: RoleAssignment, check_id: str, action: str = ASSIGNMENT_WRITE
) -> Analysis:
    """Return what a condition comes to.

    Raises NotRead where what is not documented decides what a check is about.
    """
    found = analysed(assignment, by_role=True)
    fault = found.of(check_id)
    is_sure = fault is not None and not fault.unclear
    if not is_sure and not is_settled(found.left, action):
        require_documented(found)
    return found


@check(
    id="delegation-role-bounded",
    title="Conditions on delegation limit the roles that can be assigned",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def role_bounded(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it asks of `RoleDefinitionId`.

    A condition that only limits principals lets every role through, and only
    `@Request` limits what is created (azure-docs, "Authorization actions and
    attributes"). Any other source has no role there: it equals nothing, so that its
    `NOT` is true, and how it differs from something is not documented and not assessed.
    It warns where such a source keeps every role from being assigned, or frees more
    than it was meant to. Judged are conditions on assigning roles; a delegation whose
    condition is absent or null is for `delegation-unconstrained`. A list of roles that
    are excluded is a limit, if a weak one. A role that was not read is not assessed.

    ## Why it matters
    "Only to service principals" sounds narrow and allows to make one's own service
    principal Owner.

    ## How to fix
    Name the roles that may be handed out.

    ```text
    @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
      ForAnyOfAnyValues:GuidEquals {5e0bd9bd-7b93-4f28-af87-19fc36ad61bd}
    ```

    ```sh
    az role assignment update --role-assignment assignment.json
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Examples to delegate Azure role assignment management with
      conditions
    """
    check_id = "delegation-role-bounded"
    fault = _told(assignment, check_id).of(check_id)
    return judged(fault, "the condition limits which roles can be assigned")


@check(
    id="delegation-privileged-inside",
    title="Conditions on delegation leave privileged roles out",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.CRITICAL,
    on=RoleAssignment,
    among=conditioned,
    guidance=(Post.ABAC, Post.AUTHORIZATION),
    controls=CONTROLS,
)
def privileged_inside(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and the definitions of the roles it lets through.

    Privileged are Owner, Contributor, User Access Administrator, Role Based Access
    Control Administrator, and, by the tenant's own definitions, each role with `*`,
    with unrestricted `roleAssignments/write`, or that reads the keys of Cognitive
    Services, storage, Search or Cosmos DB accounts. What leaves a role out is in
    `@Request`: other sources have none where an assignment is created, as
    `delegation-role-bounded` says. A condition whose time is over lets none through.
    Judged are conditions on assigning roles; an absent or null one is none. A role that
    it names and that was not read is not assessed, unless another one is privileged.

    ## Why it matters
    One privileged role among the allowed ones undoes the limit: who can hand out
    Contributor can hand it to themselves and read every key. Some harmless names, such
    as Cognitive Services User, read keys too.

    ## How to fix
    Take the privileged roles out of the list, and put narrower ones in.

    ```sh
    az role definition list --name "Cognitive Services OpenAI User" \
      --query "[].permissions"
    az role assignment update --role-assignment assignment.json
    ```

    Cognitive Services OpenAI User calls models and reads no key. A condition that
    excludes roles, or limits none, has no such list: name the few that are needed.

    ## References
    - Azure Authorization - Azure ABAC
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Delegate Azure access management to others
    """
    check_id = "delegation-privileged-inside"
    found = _told(assignment, check_id)
    fault = found.of(check_id)
    if fault:
        require_clear(fault)
        inside = _assignable(found, tenant)
        names = printable(some(inside.values()))
        _cite_roles(inside, tenant)
        place = f"line {fault.line}, column {fault.column}"
        reason = f"{place}: privileged roles can be assigned: {names}"
        return failed(reason, _without_a_list(found))
    gone = _unknown_roles(found, tenant)
    if gone:
        number = count(gone, "role that it names does", "roles that it names do")
        return passed(f"no privileged role can be assigned; {number} not exist")
    return passed("no privileged role can be assigned")


def _without_a_list(found: Analysis) -> str:
    """Return what to do where no list of allowed roles is there to be shortened."""
    unlisted = ("delegation-denylist-style", "delegation-role-bounded")
    return _NAME_THE_FEW if any(map(found.of, unlisted)) else ""


_NAME_THE_FEW = (
    "Name the few roles that are needed, none of them privileged, by "
    "`ForAnyOfAnyValues:GuidEquals`; a list of excluded roles is never complete."
)


def _assignable(found: Analysis, tenant: Tenant) -> dict[str, str]:
    """Return the privileged roles that a condition lets through, and what they are."""
    if found.condition is None:
        return {}
    roles = privileged(tenant)
    inside = assignable_roles(found.left, roles, surely=True)
    return {each: roles[each] for each in inside}


def _cite_roles(ids: Iterable[str], tenant: Tenant) -> None:
    """Note what the first few roles that are named in a reason allow."""
    roles = access(tenant).facts.roles
    for key in islice(ids, FIRST):
        if key in roles:
            cite_definition(tenant, roles[key])


def _unknown_roles(found: Analysis, tenant: Tenant) -> int:
    """Return how many roles a condition names that do not exist.

    Raises NotRead if they, or ones that it does not exclude, may be of any power.
    """
    if found.condition is None:
        return 0
    whole = found.left
    known = {guid(each) for each in access(tenant).facts.roles}
    gone = [each for each in named_roles(whole) if each not in known]
    if gone or not limits_roles(whole):
        gap = access(tenant).facts.unread_roles
        if gap:
            raise NotRead.from_gap(gap)
    if gone:
        require_all_scanned(tenant, "the definitions of roles that it names")
    return len(gone)


@check(
    id="delegation-denylist-style",
    title="Conditions on delegation name what is allowed",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def denylist_style(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: whether it names the roles allowed, or those excluded.

    A list of excluded roles lets every other one through, also those that are made
    later (azure-docs, "Examples to delegate Azure role assignment management with
    conditions"). Only lists in `@Request` count: others list nothing where an
    assignment is created, as `delegation-role-bounded` says. Judged are conditions on
    assigning roles; an absent or null one is none. A role that was not read is not
    assessed.

    ## Why it matters
    Azure has over nine hundred built-in roles and keeps getting new ones; anyone with
    the right makes custom ones. What is privileged tomorrow is not on a list of
    today.

    ## How to fix
    Turn the list around: `ForAnyOfAnyValues:GuidEquals` with the roles that are needed.

    ```sh
    az role assignment update --role-assignment assignment.json
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Examples to delegate Azure role assignment management with
      conditions
    """
    check_id = "delegation-denylist-style"
    fault = _told(assignment, check_id).of(check_id)
    return judged(fault, "no role can be assigned for not being on a list")


@check(
    id="delegation-delete-covered",
    title="Conditions on delegation cover removing assignments too",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def delete_covered(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it asks of `roleAssignments/delete`.

    Deleting is an action of its own, and its block reads `@Resource`, the assignment
    that is there (azure-docs, "Authorization actions and attributes"). A block on
    another source, which has none, warns: its `NOT` is always true, and it equals
    nothing. Judged are conditions on assigning roles; an absent or null one is none. A
    role that was not read is not assessed.

    ## Why it matters
    Whoever may remove any assignment can lock out the owners of the subscription, and
    with them the people who would notice.

    ## How to fix
    Add the same block for `delete`, with `@Resource` instead of `@Request`.

    ```text
    ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR
     (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
      ForAnyOfAnyValues:GuidEquals {5e0bd9bd-7b93-4f28-af87-19fc36ad61bd}))
    ```

    ```sh
    az role assignment update --role-assignment assignment.json
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Examples to delegate Azure role assignment management with
      conditions
    """
    check_id = "delegation-delete-covered"
    fault = _told(assignment, check_id, ASSIGNMENT_DELETE).of(check_id)
    return judged(fault, "removing assignments is restricted, or not granted")


@check(
    id="delegation-principal-bounded",
    title="Wide delegations limit to whom roles can be assigned",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def principal_bounded(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it asks of `PrincipalId` and `PrincipalType`.

    Warns where more than ten roles, or all but some, can be assigned to anyone: to
    users, groups, service principals and guests alike (azure-docs, "Authorization
    actions and attributes"). A list of these three types is no limit, nor is what is
    not in `@Request`: other sources have no principal where an assignment is created,
    and warn where that frees more than was meant to be. Judged are conditions on
    assigning roles; an absent or null one is none. A role that was not read is not
    assessed.

    ## Why it matters
    A pipeline that gives its applications data roles never has to give them to people.
    Without that limit, a stolen token of the pipeline lets a stranger in.

    ## How to fix
    Limit the type of principals, or name the principals.

    ```text
    @Request[Microsoft.Authorization/roleAssignments:PrincipalType]
      StringEqualsIgnoreCase 'ServicePrincipal'
    ```

    ```sh
    az role assignment update --role-assignment assignment.json
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Examples to delegate Azure role assignment management with
      conditions
    """
    check_id = "delegation-principal-bounded"
    fault = _told(assignment, check_id).of(check_id)
    return judged(fault, "few roles can be assigned, or not to anyone")


@check(
    id="delegation-or-tautology",
    title="Blocks on assigning and removing roles are joined by AND",
    topic=Topic.RBAC_DELEGATION,
    severity=Severity.CRITICAL,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def or_tautology(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: blocks of it that are joined by OR.

    A block is true for every action that it does not name, so the block on `write`
    opens `delete`, and the other way round (azure-docs, "Azure role assignment
    condition format and syntax"). However it is written, what is true for every call
    fails, such as `ForAnyOfAnyValues:GuidNotEquals` with two roles: each role differs
    from one of them. So does `NOT` of an attribute that the call does not have, such as
    `@Resource` where an assignment is created ("Authorization actions and attributes").
    What is not documented is not assessed where it may always be true. Judged are
    conditions on assigning roles; an absent or null one is none. A role that was not
    read is not assessed.

    ## Why it matters
    The condition reads like the template and restricts nothing: its holder assigns
    Owner at the first try.

    ## How to fix
    Join the two blocks by AND, and name the roles that are allowed, by
    `ForAnyOfAnyValues:GuidEquals`, where several are excluded.

    ```sh
    posture condition lint condition.txt
    az role assignment update --role-assignment assignment.json
    ```

    To exclude each of several roles takes `ForAnyOfAllValues:GuidNotEquals`, and still
    lets every other one through. Look at what its holder has assigned meanwhile, in the
    activity log.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    found = analysed(assignment, by_role=True)
    fault = found.of("delegation-or-tautology")
    if fault is None:
        _require_restricting(found)
    return judged(fault, "no block opens what another one restricts")


def _require_restricting(found: Analysis) -> None:
    """Raise NotRead if a block may be always true, as what is not documented may be."""
    granted = {action.lower() for action in found.granted}
    for action in (ASSIGNMENT_WRITE, ASSIGNMENT_DELETE):
        if action.lower() not in granted:
            continue
        left = residual(found.left, action)
        if may_be_open(left) and not is_open(left):
            raise NotRead(f"what it asks of {action} is not documented")
