"""Microsoft.Authorization at any scope: definitions, assignments, own permissions."""

from __future__ import annotations

import re

import msgspec

from scanner.collect.reads import AT_SUBSCRIPTION
from scanner.emulator.ask import Ask, target_of
from scanner.emulator.estate import Tenant, list_path
from scanner.emulator.listing import Listing, joined
from scanner.emulator.reply import encode
from scanner.model.authorization import RoleAssignment, RoleDefinition

PROVIDER = "/providers/microsoft.authorization/"

_ASSIGNMENTS = f"{PROVIDER}roleassignments"
_DEFINITIONS = f"{PROVIDER}roledefinitions"
_POLICIES = f"{PROVIDER}policydefinitions"
_TYPE_FILTER = re.compile(r"type eq '(\w+)'", re.IGNORECASE)
_PRINCIPAL_FILTER = re.compile(r"(?:principalId eq |assignedTo\()'([^']+)'", re.I)


class _Properties(msgspec.Struct, rename="camel"):
    principal_id: str


class _Grant(msgspec.Struct):
    properties: _Properties


def role_listing(tenant: Tenant, ask: Ask, actions: tuple[str, ...]) -> Listing | None:
    """Return what a list of Microsoft.Authorization answers; None if it is none."""
    target = target_of(ask.key)
    wanted = ask.query.get("$filter", "")
    match target.type:
        case _ if target.name:
            return None
        case "microsoft.authorization/permissions":
            return Listing(("",), (_permissions(tenant, ask.subscription, actions),))
        case "microsoft.authorization/roledefinitions":
            return _definitions(tenant, ask.subscription, wanted)
        case "microsoft.authorization/roleassignments":
            if _as_read(wanted, target.scope) and ask.key in tenant.listings:
                return tenant.listings[ask.key]
            return _assignments(tenant, target.scope, ask.subscription, wanted)
        case "microsoft.authorization/policydefinitions":
            return _policies(tenant, ask.key, wanted)
        case _:
            return None


def _as_read(wanted: str, scope: str) -> bool:
    """Whether a list of assignments is asked for just as a scan does."""
    if "managementgroups/" in scope:
        return wanted.lower() == "atscope()"
    return not wanted


def role_definition(tenant: Tenant, key: str) -> bytes | None:
    """Return a built-in role by its id at any scope: it is the same everywhere."""
    _, found, name = key.rpartition(f"{_DEFINITIONS}/")
    listing = tenant.listings.get(_DEFINITIONS)
    if not found or listing is None:
        return None
    items = zip(listing.keys, listing.items, strict=True)
    return next((body for own, body in items if own.endswith(f"/{name}")), None)


def _permissions(tenant: Tenant, subscription: str, actions: tuple[str, ...]) -> bytes:
    """Return what the principal may do, less what the subscription refused it."""
    scope = f"/subscriptions/{subscription}"
    refused = (
        read.action
        for read in AT_SUBSCRIPTION
        if tenant.listings.get(list_path(read.of.type, scope), Listing()).refused
    )
    block = {"actions": actions, "notActions": sorted(refused)}
    return encode({**block, "dataActions": [], "notDataActions": []})


def _definitions(tenant: Tenant, subscription: str, wanted: str) -> Listing:
    """Return the roles of a kind; the built-in ones are read once for the tenant."""
    match = _TYPE_FILTER.search(wanted)
    kind = match.group(1).lower() if match else ""
    parts = []
    if kind != "builtinrole" and subscription:
        path = list_path(RoleDefinition.type, f"/subscriptions/{subscription}")
        parts.append(tenant.listings.get(path, Listing()))
    if kind != "customrole":
        parts.append(tenant.listings.get(_DEFINITIONS, Listing()))
    return joined(parts)


def _policies(tenant: Tenant, key: str, wanted: str) -> Listing:
    """Return the policies that Azure made, or those of a scope, or both."""
    own = [tenant.listings[key]] if key in tenant.listings else []
    made_by_azure = [tenant.listings.get(_POLICIES, Listing())]
    match wanted.lower():
        case "policytype eq 'builtin'":
            return joined(made_by_azure)
        case "atexactscope()":
            return joined(own)
        case _:
            return joined([*own, *made_by_azure])


def _assignments(tenant: Tenant, scope: str, subscription: str, wanted: str) -> Listing:
    """Return what is granted at a scope, above it, and unless filtered below it."""
    listing = joined(_assignment_lists(tenant, subscription))
    below = "atscope()" not in wanted.lower()
    match = _PRINCIPAL_FILTER.search(wanted)
    kept = {
        key: item
        for key, item in zip(listing.keys, listing.items, strict=True)
        if _concerns(key.rpartition(_ASSIGNMENTS)[0], scope, below=below)
        and (match is None or _principal(item) == match.group(1).lower())
    }
    return Listing(tuple(kept), tuple(kept.values()), listing.gap)


def _assignment_lists(tenant: Tenant, subscription: str) -> list[Listing]:
    names = (subscription,) if subscription else sorted(tenant.subscriptions)
    paths = (list_path(RoleAssignment.type, f"/subscriptions/{each}") for each in names)
    return [tenant.listings.get(path, Listing()) for path in paths]


def _concerns(own: str, scope: str, *, below: bool) -> bool:
    """Whether a grant at a scope shows in the list of another.

    A subscription's list holds only those management groups that are above it.
    """
    if own.startswith("/providers/microsoft.management/"):
        return bool(scope.startswith("/subscriptions/")) or own == scope
    if f"{scope}/".startswith(f"{own}/"):
        return True
    return below and own.startswith(f"{scope}/")


def _principal(item: bytes) -> str:
    try:
        grant = msgspec.json.decode(item, type=_Grant)
    except msgspec.ValidationError:
        return ""
    return grant.properties.principal_id.lower()
