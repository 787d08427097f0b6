"""What seems to keep roles on model accounts in bounds: exceptions and denials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.authorization.regranted import Regranting, Restored, excepts
from checks.shared.citing import cite, cite_definition
from checks.shared.grants import bounded, require_settled, who
from checks.shared.model_access import Held, cite_role, held, reach, working
from checks.shared.wording import count, quote, some
from scanner.access.answers import scope_name
from scanner.access.facts import EVERYONE
from scanner.access.scopes import scope_at
from scanner.model.authorization import DenyAssignment, RoleAssignment, RoleDefinition
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
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.3",
    "PCI-DSS-4.0.1:7.2.5",
)


def _excepts(assignment: RoleAssignment) -> bool:
    return excepts(held(assignment).role)


@check(
    id="rbac-notaction-regranted",
    title="What a role excepts is not given back by another",
    topic=Topic.AUTHORIZATION,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=working,
    where=_excepts,
    guidance=Post.AUTHORIZATION,
    controls=(*_CONTROLS, "NIST-800-53:AC-2", "NIST-800-53:AC-5"),
)
def notaction_regranted(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.permissions` of every role that the assignment's principal holds.

    Answers for each assignment that reaches an Azure OpenAI or AI Services account,
    allows more there than reading, and is of a role with `notActions` or
    `notDataActions`; absent or null lists are empty. It looks for another role of the
    same principal, at the same scope or above, that allows what is excepted. Groups
    that it is in count, and for a group what its members hold, as far as members are
    known; where they were not read, the reason says so. Roles that must be activated,
    roles under a condition, and data actions that a built-in role excepts give a
    warning.

    ## Why it matters
    An exception is no denial: it takes an action out of one role and out of nothing
    else. Azure adds up what all roles allow, so a second assignment, perhaps made years
    before at the subscription, silently returns the very right that the role was cut to
    leave out. Reviewers who read the one role believe in a restriction that is not
    there.

    ## How to fix
    Take away the assignment that gives the action back, or this one if it adds nothing.
    Where the restriction is meant, write a role that lists what is allowed and excepts
    nothing.

    ```sh
    az role assignment list --assignee "$PRINCIPAL" --include-inherited \
      --include-groups --scope "$SCOPE" --output table
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    Look at what else the principal does with the assignment before it goes: a pipeline
    may rely on the wider role elsewhere.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Understand Azure role definitions
    """
    mine = held(assignment)
    known = tenant.once(Regranting)
    found = tuple(known.restored(mine.assignment, mine.role))
    name = quote(mine.role.name)
    worst = sorted(found, key=lambda each: (not each.certain, each.data))
    certain = [each for each in worst if each.certain]
    cite_role(assignment, mine.role)
    cite(tenant, [each.grant for each in worst[:1]], assignment)
    for giving in (each.grant.role for each in worst[:1]):
        if giving:
            cite_definition(tenant, giving)
    if certain and (not certain[0].data or _is_custom(mine.role.id, tenant)):
        return failed(_restores(mine, certain[0]))
    missing = known.missing(mine.assignment, mine.role)
    require_settled(missing)
    if worst:
        return warned(bounded(_restores(mine, worst[0]), missing))
    return passed(bounded(f"nothing gives back what {name} excepts", missing))


def _restores(mine: Held, restored: Restored) -> str:
    grant, name = restored.grant, quote(mine.role.name)
    own = grant.principal_id.lower() == mine.assignment.principal_id.lower()
    whom = who(grant) if own else f"its member {who(grant)}"
    return (
        f"{name} excepts {quote(restored.pattern)}, and {whom} has it back "
        f"({grant.why})"
    )


def _is_custom(role_id: str, tenant: Tenant) -> bool:
    """Whether a role was made by the organisation, which then meant its exceptions."""
    definition = tenant.known(RoleDefinition, role_id)
    return definition is not None and definition.is_custom


@check(
    id="rbac-deny-present",
    title="Deny assignments are known",
    topic=Topic.AUTHORIZATION,
    severity=Severity.INFORMATIONAL,
    on=DenyAssignment,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def deny_present(deny: DenyAssignment, tenant: Tenant) -> Verdict:
    """
    Reads `properties.permissions`, `principals`, `excludePrincipals`, `scope`.

    Answers, for information only, for each deny assignment. One without `permissions`
    or `principals` is not assessed; other absent or null lists are empty, and an absent
    or null `isSystemProtected` or `doNotApplyToChildScopes` is false (deny assignment
    REST reference). Every other check already takes them into account.

    ## Why it matters
    A deny assignment is the only real "no" in Azure, and people cannot make one: Azure
    does, for managed applications, encrypted workspaces and deployment stacks. It
    explains why an Owner cannot do something, and it ends with the stack that brought
    it, which is why it is no substitute for narrow roles.

    ## How to fix
    Nothing needs fixing. Read whom it leaves out, and rely on it only where the stack
    or the application that made it is here to stay.

    ```sh
    PROVIDER=Microsoft.Authorization
    az rest --method get \
      --url "$SCOPE/providers/$PROVIDER/denyAssignments?api-version=2022-04-01"
    ```

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Understand Azure deny assignments
    """
    deny.cite(DenyAssignment.system_protected, DenyAssignment.own_scope_only)
    scope = scope_at(deny)
    below = reach(tenant).below(scope)
    accounts = len(below.keyed) + len(below.keyless) if below else 0
    return info(
        f"{quote(deny.deny_name or 'unnamed')} at {scope_name(scope)}, with "
        f"{count(accounts, 'model account', 'model accounts')}, "
        f"denies {some(map(quote, _denied(deny))) or 'nothing'} to {_denied_to(deny)}"
    )


def _denied_to(deny: DenyAssignment) -> str:
    """Return to whom a deny assignment is: the zero id stands for everybody."""
    named = deny.stated(DenyAssignment.principals)
    everybody = any(each.principal_id == EVERYONE for each in named)
    whom = count(len(named), "principal", "principals")
    left_out = f", but not to {len(deny.excluded)}" if deny.excluded else ""
    return f"{'everybody' if everybody else whom}{left_out}"


def _denied(deny: DenyAssignment) -> Iterator[str]:
    """Yield the actions that a deny assignment forbids, as patterns."""
    every = [
        each
        for block in deny.stated(DenyAssignment.permissions)
        for each in (*(block.actions or ()), *(block.data_actions or ()))
    ]
    yield from dict.fromkeys(every)


CHECKS: tuple[Check[Any], ...] = (notaction_regranted, deny_present)
