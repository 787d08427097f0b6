"""The condition of an assignment as a check judges it: its analysis, with evidence."""

from __future__ import annotations

from checks.shared.citing import cite_permissions
from checks.shared.condition_analysis import Analysis
from checks.shared.conditions import Conditions
from checks.shared.grants import access
from checks.shared.wording import printable, shown
from scanner.access.conditions import Fault
from scanner.access.facts import Role, last_segment
from scanner.model.authorization import RoleAssignment, RoleDefinition, RoleGrant
from scanner.model.check import Verdict, failed, passed, warned
from scanner.model.coverage import NotRead


def measured(assignment: RoleAssignment) -> Analysis:
    """Return what there is to say of a condition, be it one or not.

    The condition is evidence; raises NotRead where it is malformed.
    """
    assignment.cite(RoleGrant.condition)
    return assignment.tenant.once(Conditions).by_assignment[assignment.key]


def analysed(assignment: RoleAssignment, *, by_role: bool = False) -> Analysis:
    """Return what the condition of an assignment comes to, with it as evidence.

    Raises NotRead where the condition is malformed or cannot be parsed, and for what
    is judged `by_role` where the role was not read.
    """
    found = measured(assignment)
    fault = None if found.condition else found.of("abac-parse")
    if fault:
        raise NotRead(f"the condition cannot be read: {told(fault)}")
    if by_role:
        cite_role(assignment, found.role)
    return found


def require_restricted(found: Analysis, *calls: tuple[str, str | None]) -> None:
    """Raise NotRead if some call may be free, as what is not documented may come to.

    Calls are actions with the suboperation they are called as.
    """
    for action, call in calls:
        if found.may_free(action, call):
            require_documented(found)
            raise NotRead(
                f"what the condition asks of {call or action} cannot be told: it "
                "denies something of an attribute that the call may lack"
            )


def require_any_restricted(found: Analysis) -> None:
    """Raise NotRead if every action it restricts may be free, for all that is told."""
    calls = [(action, None) for action in found.restricted]
    if all(found.may_free(*call) for call in calls):
        require_restricted(found, *calls)


def require_documented(found: Analysis) -> None:
    """Raise NotRead if a condition has what nobody can evaluate."""
    fault = found.of("abac-parse")
    if fault:
        raise NotRead(f"what the condition asks cannot be told: {told(fault)}")


def cite_role(assignment: RoleAssignment, role: Role | None) -> None:
    """Note which role an assignment gives and what that grants.

    Raises NotRead where its definition was not read.
    """
    assignment.cite(RoleGrant.role_definition_id)
    tenant = assignment.tenant
    definition = tenant.known(RoleDefinition, role.id) if role else None
    if definition is None:
        gap = access(tenant).facts.unread_roles
        name = shown(last_segment(assignment.role_definition_id or ""))
        reason = f"the definition of role {name} was not read"
        raise NotRead(reason).over(gap)
    definition.cite(RoleDefinition.role_name)
    cite_permissions(definition.permissions)


def require_clear(fault: Fault) -> None:
    """Raise NotRead if it depends on what is not documented whether a fault is one."""
    if fault.unclear:
        raise NotRead(told(fault))


def told(fault: Fault) -> str:
    """Return a fault as a reason says it, with its place."""
    message = printable(fault.message)
    return f"line {fault.line}, column {fault.column}: {message}"


def judged(fault: Fault | None, otherwise: str) -> Verdict:
    """Return what a fault comes to, and a pass where there is none.

    Raises NotRead where it depends on what is not documented.
    """
    if fault is None:
        return passed(otherwise)
    require_clear(fault)
    return failed(told(fault)) if fault.fails else warned(told(fault))
