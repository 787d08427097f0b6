"""Faults in conditions that let someone assign roles, but not every role.

Source: "Authorization actions and attributes" for role assignment conditions. A role
or principal is bounded when some value of it makes the condition impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from scanner.access.conditions.analysis.catalogue import (
    ASSIGNMENT_DELETE,
    ASSIGNMENT_WRITE,
    DELEGATION,
    families_of,
)
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.partial import Fact, assume, residual
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import (
    Attribute,
    Comparison,
    Expression,
)
from scanner.access.conditions.values import Values, guid
from scanner.access.conditions.walk import constants_of, nodes

ROLE = f"{DELEGATION.service}:roledefinitionid"
PRINCIPAL = f"{DELEGATION.service}:principalid"
PRINCIPAL_TYPE = f"{DELEGATION.service}:principaltype"

UNNAMED = "00000000-0000-4000-8000-00000000ffff"
"""A role or principal that no condition names."""
WIDE = 10
"""From this many roles on, whom they may be given to matters too."""


def delegation(subject: Subject) -> Iterator[Fault]:
    """Find what a condition on assigning roles leaves open."""
    if DELEGATION not in families_of(subject.expression):
        return
    if subject.has(ASSIGNMENT_WRITE):
        yield from _writing(subject, subject.residual(ASSIGNMENT_WRITE))
    if subject.has(ASSIGNMENT_DELETE):
        yield from _deleting(subject)


def assignable_roles(expression: Expression, roles: Iterable[str]) -> tuple[str, ...]:
    """Return which of some roles an expression lets someone assign, by their ids."""
    left = residual(expression, ASSIGNMENT_WRITE)
    allows = _allowing(left)
    return tuple(one for one in roles if (digits := guid(one)) and allows(digits))


def limits_roles(expression: Expression) -> bool:
    """Return whether an expression lets only the roles be assigned that it names."""
    return not _allows(residual(expression, ASSIGNMENT_WRITE), ROLE, UNNAMED)


def named_roles(expression: Expression) -> tuple[str, ...]:
    """Return the ids of the roles that an expression names for assignments."""
    return tuple(_named(residual(expression, ASSIGNMENT_WRITE), ROLE))


def _writing(subject: Subject, left: Expression) -> Iterator[Fault]:
    if not may_hold(left):
        return
    named = _named(left, ROLE)
    start = _start(left, ROLE) or subject.guard_of(ASSIGNMENT_WRITE)
    yield from _roles(subject, left, named, start)
    yield from _privileged(subject, left, named, start)
    yield from _principals(subject, left, named, start)


def _principals(
    subject: Subject, left: Expression, named: dict[str, int], start: int
) -> Iterator[Fault]:
    any_role = _allows(left, ROLE, UNNAMED)
    allowed = [one for one in named if _allows(left, ROLE, one)]
    judged = assume(left, _only(ROLE, UNNAMED)) if any_role else left
    if (any_role or len(allowed) > WIDE) and not _bounds_principals(judged):
        yield subject.fault(
            "delegation-principal-bounded",
            start,
            "many roles can be assigned, and to anyone: no principal or type of "
            "principal is excluded",
        )


def _roles(
    subject: Subject, left: Expression, named: dict[str, int], start: int
) -> Iterator[Fault]:
    if not _allows(left, ROLE, UNNAMED):
        return
    refused = [one for one in named if not _allows(left, ROLE, one)]
    if refused:
        yield subject.fault(
            "delegation-denylist-style",
            named[refused[0]],
            "every role that is not listed can be assigned: new roles slip through",
        )
    else:
        yield subject.fault(
            "delegation-role-bounded",
            start,
            "any role can be assigned: the condition does not limit RoleDefinitionId",
            fails=True,
        )


def _privileged(
    subject: Subject, left: Expression, named: dict[str, int], start: int
) -> Iterator[Fault]:
    inside = list(filter(_allowing(left), sorted(subject.privileged)))
    if not inside:
        return
    listed = ", ".join(inside[:5]) + (", …" if len(inside) > 5 else "")
    yield subject.fault(
        "delegation-privileged-inside",
        named.get(inside[0], start),
        f"privileged roles can be assigned: {listed}",
        fails=True,
    )


def _deleting(subject: Subject) -> Iterator[Fault]:
    if is_open(subject.residual(ASSIGNMENT_DELETE)):
        yield subject.fault(
            "delegation-delete-covered",
            subject.guard_of(ASSIGNMENT_WRITE),
            "deleting role assignments is not restricted: any assignment in scope can "
            "be removed",
        )


def _bounds_principals(left: Expression) -> bool:
    types = ("User", "Group", "ServicePrincipal", UNNAMED)
    principals = (UNNAMED, *_named(left, PRINCIPAL))
    return not (
        all(_allows(left, PRINCIPAL_TYPE, one) for one in types)
        and all(_allows(left, PRINCIPAL, one) for one in principals)
    )


def _allows(left: Expression, name: str, value: str) -> bool:
    """Return whether an assignment with one value of an attribute may be made."""
    return may_hold(assume(left, _only(name, value)))


def _allowing(left: Expression) -> Callable[[str], bool]:
    """Return what tells whether a role, by the digits of its id, may be assigned.

    There may be a thousand roles: where they are told apart by their ids alone, all
    that an expression does not name are alike.
    """
    named = _named(left, ROLE)
    if guid(UNNAMED) in named or not all(map(_is_by_id, _about(left, ROLE))):
        return lambda role: _allows(left, ROLE, role)
    known = {role: _allows(left, ROLE, role) for role in named}
    others = _allows(left, ROLE, UNNAMED)
    return lambda role: known.get(role, others)


def _is_by_id(comparison: Comparison) -> bool:
    """Whether a comparison is of an attribute with ids, and asks nothing else."""
    sides = (comparison.left, comparison.right)
    one = sum(isinstance(side, Attribute) for side in sides) == 1
    return one and comparison.operator.name.lower().startswith("guid")


def _about(left: Expression, name: str) -> Iterator[Comparison]:
    for node in nodes(left):
        if isinstance(node, Comparison) and name in _names(node):
            yield node


def _only(name: str, value: str) -> Callable[[Attribute], Values | Fact]:
    def facts(attribute: Attribute) -> Values | Fact:
        return (value,) if attribute.bare.lower() == name else Fact.FREE

    return facts


def _start(left: Expression, name: str) -> int | None:
    return next(
        (node.start for node in nodes(left) if name in _names(node)),
        None,
    )


def _named(left: Expression, name: str) -> dict[str, int]:
    """Return the ids that an attribute is compared with, and where each stands."""
    found: dict[str, int] = {}
    for node in _about(left, name):
        for constant in (*constants_of(node.left), *constants_of(node.right)):
            digits = guid(constant.value)
            if digits is not None:
                found.setdefault(digits, constant.start)
    return found


def _names(node: Expression) -> set[str]:
    if not isinstance(node, Comparison):
        return set()
    sides = (node.left, node.right)
    return {side.bare.lower() for side in sides if isinstance(side, Attribute)}
