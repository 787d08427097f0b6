"""Faults in conditions that let someone assign roles, but not every role.

Source: "Authorization actions and attributes" for role assignment conditions. A role
or principal is bounded when some value of it makes the condition impossible. Only what
a call has can bound it: creating an assignment `@Request`, removing one `@Resource`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from scanner.access.conditions.analysis.catalogue import (
    ASSIGNMENT_DELETE,
    ASSIGNMENT_WRITE,
    DELEGATION,
    families_of,
)
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.misread import misread, why_in_vain
from scanner.access.conditions.partial import (
    Fact,
    assume,
    at_most,
    residual,
    without_nowhere,
)
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

TYPES = ("User", "Group", "ServicePrincipal")
"""Every type of principal that is documented."""

UNNAMED = "00000000-0000-4000-8000-00000000ffff"
"""A role or principal that no condition names."""
WIDE = 10
"""From this many roles on, whom they may be given to matters too."""


def delegation(subject: Subject) -> Iterator[Fault]:
    """Find what a condition on assigning roles leaves open."""
    if DELEGATION not in families_of(subject.expression):
        return
    if subject.has(ASSIGNMENT_WRITE):
        writing = partial(_writing, subject)
        yield from _either_way(writing, subject.residual(ASSIGNMENT_WRITE))
    if subject.has(ASSIGNMENT_DELETE):
        deleting = partial(_deleting, subject)
        yield from _either_way(deleting, subject.residual(ASSIGNMENT_DELETE))


def _at_least(left: Expression) -> Expression:
    """Return the least that may be allowed; what no call has is absent."""
    return at_most(without_nowhere(left), allowing=False)


def _either_way(
    find: Callable[[Expression], Iterator[Fault]], left: Expression
) -> Iterator[Fault]:
    """Find faults, those apart that depend on what is not documented."""
    most, least = at_most(left), _at_least(left)
    if most == least:
        yield from find(most)
        return
    ways = [{each.check_id: each for each in find(part)} for part in (most, least)]
    for check_id in ways[0] | ways[1]:
        found = [way[check_id] for way in ways if check_id in way]
        if len(found) == len(ways) and found[0].fails is found[1].fails:
            yield found[1]
        else:
            message = f"for all that is documented, {found[0].message}"
            yield replace(found[0], message=message, unclear=True)


def is_settled(expression: Expression, action: str) -> bool:
    """Return whether all that is asked of a call is documented, or does not matter."""
    left = residual(expression, action)
    return at_most(left) == _at_least(left)


def assignable_roles(
    expression: Expression, roles: Iterable[str], *, surely: bool = False
) -> tuple[str, ...]:
    """Return which of some roles an expression lets someone assign, by their ids.

    Those too, if not `surely`, for which that depends on what is not documented.
    """
    left = residual(expression, ASSIGNMENT_WRITE)
    if surely:
        left = _at_least(left)
    allows = _allowing(left)
    return tuple(one for one in roles if (digits := guid(one)) and allows(digits))


def limits_roles(expression: Expression) -> bool:
    """Return whether an expression lets only the roles be assigned that it names."""
    return not _allows(residual(expression, ASSIGNMENT_WRITE), ROLE, UNNAMED)


def named_roles(expression: Expression) -> tuple[str, ...]:
    """Return the ids of the roles that an expression names for assignments."""
    return tuple(_named(residual(expression, ASSIGNMENT_WRITE), ROLE))


def _writing(subject: Subject, left: Expression) -> Iterator[Fault]:
    found = [*_assigning(subject, left)] if may_hold(left) else []
    yield from found
    lost = misread(subject.left, ASSIGNMENT_WRITE)
    of_roles = any(each.bare.lower() == ROLE for each in lost)
    check_id = f"delegation-{'role' if of_roles else 'principal'}-bounded"
    if lost and all(each.check_id != check_id for each in found):
        message = why_in_vain(lost[0], ASSIGNMENT_WRITE)
        yield subject.fault(check_id, lost[0].start, message)


def _assigning(subject: Subject, left: Expression) -> Iterator[Fault]:
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
        lost = misread(subject.left, ASSIGNMENT_WRITE)
        why = why_in_vain(lost[0], ASSIGNMENT_WRITE) if lost else _NO_LIMIT
        yield subject.fault(
            "delegation-role-bounded",
            lost[0].start if lost else start,
            f"any role can be assigned: {why}",
            fails=True,
        )


_NO_LIMIT = "the condition does not limit RoleDefinitionId"


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


def _deleting(subject: Subject, left: Expression) -> Iterator[Fault]:
    lost = misread(subject.left, ASSIGNMENT_DELETE)
    if not lost and not is_open(left):
        return
    start = lost[0].start if lost else subject.guard_of(ASSIGNMENT_WRITE)
    why = why_in_vain(lost[0], ASSIGNMENT_DELETE) if lost else _ANY_REMOVED
    free = "deleting role assignments is not restricted: " if is_open(left) else ""
    yield subject.fault("delegation-delete-covered", start, f"{free}{why}")


_ANY_REMOVED = "any assignment in scope can be removed"


def _bounds_principals(left: Expression) -> bool:
    principals = (UNNAMED, *_named(left, PRINCIPAL))
    return not (
        all(_allows(left, PRINCIPAL_TYPE, one) for one in TYPES)
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
