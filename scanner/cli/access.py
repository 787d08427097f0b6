"""`posture access`: who can do what on a run, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.access_told import (
    denial_json,
    denied,
    gap_json,
    grant_json,
    missed,
    title,
    told,
    unknown,
)
from scanner.cli.asking import Run, inventories, print_json, tell
from scanner.cli.options import PrintAs, TextOrJson, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.access.engine import Access
    from scanner.access.facts import Missing
    from scanner.model.tenant import Inventory

access = typer.Typer(
    name="access",
    help="Tell who can do what, from what a run read.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Action = Annotated[
    str,
    typer.Argument(
        metavar="ACTION",
        help="One action, without wildcards.",
        show_default=False,
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="RESOURCE",
        help="The ARM id of a resource or scope, or a name that one resource has.",
        show_default=False,
    ),
]
Principal = Annotated[
    str,
    typer.Argument(
        metavar="PRINCIPAL",
        help="The object id of a user, group or service principal.",
        show_default=False,
    ),
]
Data = Annotated[
    bool | None,
    typer.Option(
        "--data/--control",
        help="ACTION is of the data plane, or of the control plane. By default the "
        "roles that were read tell: where they name it among their dataActions, it is "
        "a data action.",
        show_default=False,
    ),
]


@access.command()
def who_can(
    action: Action,
    resource: Target,
    run: Run,
    data: Data = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Tell who can do an action on a resource, and who nearly can."""
    _require_action(action)
    place = _placed(run, resource)
    on_data = _plane(action, place.access) if data is None else data
    answer = place.access.who_can(action, place.id, data=on_data)
    if format is TextOrJson.JSON:
        print_json(
            action=action,
            resource=place.id,
            complete=answer.complete,
            grants=[grant_json(each) for each in answer.grants],
            gaps=[gap_json(each) for each in answer.missing],
        )
        return
    typer.echo(f"{plain(action)} on {plain(place.id)}")
    tell("Can", told(answer.grants), otherwise="Nobody is known to hold it.")
    near = place.access.near_misses(action, place.id, data=on_data)
    tell("Cannot, though it looks so", missed(near))
    tell("Not known", unknown(answer.missing, [place.access]))


@access.command()
def can(
    principal: Principal,
    action: Action,
    resource: Target,
    run: Run,
    data: Data = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Tell whether, and why, a principal can do an action."""
    _require_action(action)
    who = _object_id(principal)
    place = _placed(run, resource)
    _note_stranger(who, [place.access])
    on_data = _plane(action, place.access) if data is None else data
    found = place.access.can(who, action, place.id, data=on_data)
    if format is TextOrJson.JSON:
        print_json(
            result=found.result,
            grants=[grant_json(each) for each in found.grants],
            denied_by=[denial_json(each) for each in found.denied_by],
        )
        return
    asked = plain(title(who, [place.access]))
    typer.echo(f"{found.result}: {asked}, {plain(action)} on {plain(place.id)}")
    near = place.access.near_misses(action, place.id, principal_id=who, data=on_data)
    tell("Granted by", told(found.grants), otherwise="No grant of it is known.")
    tell("Denied by", map(denied, found.denied_by))
    tell("Near misses", missed(near))
    tell("Not known", unknown(found.missing, [place.access]))


@access.command()
def grants(principal: Principal, run: Run, format: PrintAs = TextOrJson.TEXT) -> None:
    """List what a principal holds: roles, eligible ones, delegations."""
    who = _object_id(principal)
    known = [_access(each) for each in inventories(run)]
    _note_stranger(who, known)
    held = [grant for each in known for grant in each.grants(who)]
    missing = [gap for each in known for gap in _unread(each, who)]
    if format is TextOrJson.JSON:
        print_json(
            principal=who,
            complete=not missing,
            grants=[grant_json(each) for each in held],
            gaps=[gap_json(each) for each in missing],
        )
        return
    typer.echo(plain(title(who, known)))
    tell("Holds", told(held), otherwise="No grant of any role is known.")
    tell("Not known", unknown(missing, known))


# What is asked for


@dataclass(frozen=True, slots=True)
class _Place:
    """A resource, and access in the tenant it is in."""

    id: str
    access: Access


def _require_action(action: str) -> None:
    """Raise Failure for what is no single action: patterns are what roles have."""
    from scanner.cli.failure import Failure

    if "*" in action or "/" not in action.strip("/"):
        example = "Microsoft.CognitiveServices/accounts/listKeys/action"
        raise Failure(f"{action!r} is not one action; an action is as {example}")


def _plane(action: str, access: Access) -> bool:
    """Return whether an action is of the data plane; says so unless it is plainly not.

    The control plane is taken where the roles that were read do not tell.
    """
    from scanner.access.planes import is_data_action

    on_data = is_data_action(action, access.facts.roles.values())
    if on_data is None:
        typer.echo(
            f"the roles that were read do not tell the plane of {plain(action)}: it is "
            "taken for the control plane; --data asks for the data plane",
            err=True,
        )
    elif on_data:
        typer.echo(
            f"{plain(action)} is a data action by the roles that were read: this is "
            "the data plane; --control asks for the control plane",
            err=True,
        )
    return bool(on_data)


def _object_id(principal: str) -> str:
    """Return the id of a principal as Azure writes it; names are not known here."""
    from uuid import UUID

    from scanner.cli.failure import Failure

    try:
        return str(UUID(principal))
    except ValueError as error:
        message = f"{principal!r} is no object id: give the GUID of the principal"
        raise Failure(message) from error


def _placed(run: Path, resource: str) -> _Place:
    """Return where a resource is; raises Failure if the run knows nothing of it."""
    known, place = inventories(run), resource.rstrip("/") or resource
    if "/" not in place:
        tenant, place = _named(known, place)
        return _Place(place, _access(tenant))
    _require_id(place)
    tenant = _tenant_of(known, place)
    if not _was_read(tenant, place):
        typer.echo(
            f"{plain(place)} was not read: this is what holds where it would be",
            err=True,
        )
    return _Place(place, _access(tenant))


def _require_id(resource: str) -> None:
    """Raise Failure for what is no ARM id, such as the address it is read at."""
    from scanner.access.facts import ROOT
    from scanner.cli.failure import Failure

    first, *rest = resource.removeprefix("/").split("/")
    is_id = first.lower() in ("subscriptions", "providers") and rest and all(rest)
    if resource != ROOT and not is_id:
        raise Failure(
            f"{resource!r} is neither a name nor an ARM id; an id begins with "
            "/subscriptions/ID or /providers/NAMESPACE"
        )


def _access(tenant: Inventory) -> Access:
    from scanner.access.gather import access_of

    return tenant.once(access_of)


def _named(tenants: Iterable[Inventory], name: str) -> tuple[Inventory, str]:
    """Return the one resource that has a name; raises Failure of none or several."""
    from scanner.cli.failure import Failure

    found = {
        (tenant.tenant_id, resource): (tenant, record.id)
        for tenant in tenants
        for (_, resource), record in tenant.by_id.items()
        if resource.rpartition("/")[2] == name.lower()
    }
    if not found:
        raise Failure(f"no resource of the run is named {name!r}; give its id")
    if len(found) > 1:
        ids = ", ".join(sorted(each for _, each in found.values())[:3])
        raise Failure(
            f"{len(found)} resources are named {name!r}, as {ids}; give an id"
        )
    [only] = found.values()
    return only


def _tenant_of(tenants: list[Inventory], resource: str) -> Inventory:
    """Return the tenant with the subscription of a resource; raises Failure."""
    from scanner.access.scopes import base_of
    from scanner.cli.failure import Failure
    from scanner.model.ids import id_key

    if len(tenants) == 1:
        return tenants[0]
    base = base_of(id_key(resource))
    for tenant in tenants:
        if _was_read(tenant, base):
            return tenant
    raise Failure(f"no tenant of the run has {base}, where {resource} is")


def _was_read(tenant: Inventory, resource: str) -> bool:
    from scanner.model.ids import id_key

    key = id_key(resource)
    return any(each == key for _, each in tenant.by_id)


def _note_stranger(principal: str, known: Iterable[Access]) -> None:
    """Say so where nothing that was read names a principal."""
    named = (name.lower() for each in known for name in _named_principals(each))
    if principal not in named:
        typer.echo(f"nothing that was read names the principal {principal}", err=True)


def _named_principals(access: Access) -> Iterator[str]:
    facts = access.facts
    yield from (each.principal_id for each in facts.assignments)
    for denial in facts.denials:
        yield from (each.id for each in (*denial.principals, *denial.excluded))
    for group, members in facts.members.items():
        yield group
        yield from members
    yield from facts.principals


def _unread(access: Access, principal: str) -> Iterator[Missing]:
    """Yield what was not read and may hold more grants of a principal."""
    from scanner.access.facts import Missing, Part, may_be_group

    facts = access.facts
    for gaps in facts.missing.values():
        yield from (each for each in gaps if each.part is not Part.DENIALS)
    groups = (
        each.principal_id.lower()
        for each in facts.assignments
        if each.managing_tenant is None and may_be_group(each.principal_type)
    )
    for group in dict.fromkeys(groups):
        if group != principal and group not in facts.members:
            yield Missing(Part.MEMBERS, group, "its members were not read")
