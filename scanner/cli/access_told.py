"""What `posture access` answers, as JSON and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.access.answers import Grant, NearMiss
    from scanner.access.engine import Access
    from scanner.access.facts import Denial, Missing


def grant_json(grant: Grant) -> dict[str, object]:
    """Return a grant as JSON has it."""
    return {
        "principal_id": grant.principal_id,
        "principal_type": grant.principal_type,
        "role_definition_id": grant.role_definition_id,
        "role_name": grant.role_name,
        "scope": grant.scope,
        "assignment_id": grant.assignment_id,
        "via_group": grant.via_group,
        "condition": grant.condition,
        "eligible": grant.eligible,
    }


def denial_json(denial: Denial) -> dict[str, object]:
    """Return a deny assignment as JSON has it."""
    return {"id": denial.id, "name": denial.name, "scope": denial.scope}


def gap_json(missing: Missing) -> dict[str, object]:
    """Return what was not read as JSON has it."""
    return {
        "part": missing.part,
        "scope": missing.scope,
        "reason": missing.reason,
    }


# The answer as text


def _who(grant: Grant) -> str:
    from scanner.access.answers import titled

    name = titled(grant.principal_name, grant.principal_id)
    return f"{name} ({grant.principal_type or 'type not known'})"


def title(principal: str, known: Iterable[Access]) -> str:
    """Return the id of a principal after its name, if a directory has it."""
    from scanner.access.answers import titled

    found = (each.facts.principals.get(principal) for each in known)
    return titled(next((each.name for each in found if each), ""), principal)


def told(grants: Iterable[Grant]) -> Iterator[str]:
    """Yield each grant in a line, and what may take it back."""
    for grant in grants:
        yield f"{_who(grant)}: {grant.why}{_condition(grant)}"
        for denial in grant.contested_by:
            yield f"  may be denied by {denied(denial)}"


def denied(denial: Denial) -> str:
    """Return a deny assignment, and where it is made."""
    from scanner.access.answers import scope_name

    return f"{denial.name or denial.id} at {scope_name(denial.scope)}"


def _condition(grant: Grant) -> str:
    """Return what a request must meet: for the action, or of any where none is."""
    from scanner.access.conditions import to_text

    if grant.pattern is None and grant.condition:
        return f", condition: {' '.join(grant.condition.split())}"
    demands = [
        f"({to_text(each.residual)})"
        if each.residual
        else f"one that cannot be read ({each.fault})"
        for each in grant.restrictions
    ]
    return f": {' and '.join(demands)}" if demands else ""


def missed(near: Iterable[NearMiss]) -> Iterator[str]:
    """Yield who nearly holds it, and what keeps it from them."""
    for miss in near:
        yield f"{_who(miss.grant)}: {miss.grant.why}: {miss.reason}: {miss.detail}"


def unknown(missing: Iterable[Missing], known: list[Access]) -> Iterator[str]:
    """Yield what was not read, and why."""
    for each in missing:
        yield f"{each.part} of {title(each.scope, known)}: {each.reason}"
