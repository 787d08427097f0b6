"""Microsoft Graph: objects by their ids, members of groups, applications, consents.

It stands at a path of its own on Resource Manager's host, and wants tokens of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from scanner.emulator.ask import Ask
from scanner.emulator.directory import Directory
from scanner.emulator.estate import Estate
from scanner.emulator.listing import Listing
from scanner.emulator.paging import page
from scanner.emulator.reply import ODATA, Form, Reply, encode
from scanner.emulator.tokens import Grant

PREFIX = "/graph"

_BY_IDS = f"{PREFIX}/v1.0/directoryobjects/getbyids"
_TYPE = "@odata.type"
_APPLICATION = "serviceprincipal"
_MEMBERS = re.compile(
    rf"{PREFIX}/v1\.0/groups/([^/]+)/transitivemembers"
    rf"(/microsoft\.graph\.{_APPLICATION})?"
)
_APPLICATIONS = f"{PREFIX}/v1.0/applications"
_GRANTED = re.compile(
    rf"{PREFIX}/v1\.0/serviceprincipals/([^/]+)"
    r"/(approleassignments|oauth2permissiongrants)"
)
_MISCOUNTED = re.compile(r"Microsoft Graph counts (\d+) members and lists \d+.*")
_NOBODY = "00000000-0000-4000-8000-000000000000"
_UNCOUNTED = "Microsoft Graph did not count the members it lists"


class _Query(msgspec.Struct):
    ids: list[str]
    types: tuple[str, ...] = ("directoryObject",)


def is_graph(key: str) -> bool:
    """Whether a path is Microsoft Graph's and not Resource Manager's."""
    return key.startswith(f"{PREFIX}/")


def is_for_graph(grant: Grant) -> bool:
    """Whether a token is for Microsoft Graph."""
    return urlsplit(grant.audience).path.rstrip("/") == PREFIX


class MicrosoftGraph:
    """Answers the requests of one principal in one of several tenants."""

    def __init__(self, estate: Estate, *, page_size: int) -> None:
        self._directories = {tenant.id: tenant.directory for tenant in estate.tenants}
        self._page_size = page_size

    def answer(self, ask: Ask, tenant_id: str) -> Reply:
        """Return what a tenant's directory answers."""
        directory = self._directories[tenant_id]
        if ask.key == _BY_IDS and (ask.method == "POST" or ask.page > 1):
            return _named(ask, directory)
        if ask.method == "GET" and ask.key == _APPLICATIONS:
            if directory.applications is None:
                return _denied()
            return page(ask, directory.applications, self._page_size, ODATA)
        if ask.method == "GET" and (match := _GRANTED.fullmatch(ask.key)):
            granted = directory.granted.get((match[1], match[2]))
            if granted is None:
                return _denied() if directory.objects is None else _no_such(match[1])
            return page(ask, granted, self._page_size, ODATA)
        match = _MEMBERS.fullmatch(ask.key)
        if match is None or ask.method != "GET":
            message = f"Resource not found for the segment '{ask.path}'."
            return graph_error(400, "BadRequest", message)
        group, cast = match.groups()
        listing = directory.members.get(group)
        if listing is None:
            return _denied() if directory.objects is None else _no_such(group)
        return _members(ask, listing, self._page_size, cast=bool(cast))


def _named(ask: Ask, directory: Directory) -> Reply:
    """Answer with the objects that are asked for; what broke off does so again."""
    if directory.objects is None:
        return _denied()
    if ask.method == "GET":
        return page(ask, replace(directory.objects, keys=(), items=()), 0, ODATA)
    try:
        query = msgspec.json.decode(ask.body, type=_Query)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "Unable to read JSON request payload."
        return graph_error(400, "BadRequest", message)
    wanted = {each.lower() for each in query.ids}
    types = {each.lower() for each in query.types}
    return page(ask, _chosen(directory.objects, wanted, types), 0, ODATA)


def _chosen(listing: Listing, wanted: set[str], types: set[str]) -> Listing:
    kept = [
        (key, item)
        for key, item in zip(listing.keys, listing.items, strict=True)
        if not key or (key in wanted and types & {_kind(item), "directoryobject"})
    ]
    return Listing(
        tuple(key for key, _ in kept), tuple(item for _, item in kept), listing.gap
    )


def _members(ask: Ask, listing: Listing, size: int, *, cast: bool) -> Reply:
    """Answer as version 1.0 does: service principals only to an advanced query.

    That is one that counts, and can do with an index that may lag behind. To others
    they are none, by a good status.
    """
    advanced = ask.eventual and ask.query.get("$count", "").lower() == "true"
    listing, count = _counted(listing)
    chosen = [
        (key, _untyped(item) if cast else item)
        for key, item in zip(listing.keys, listing.items, strict=True)
        if (_kind(item) == _APPLICATION) == cast and (advanced or not cast)
    ]
    # What was read of applications was read after all others.
    broke_off = cast == any(_kind(item) == _APPLICATION for item in listing.items)
    found = Listing(
        tuple(key for key, _ in chosen),
        tuple(item for _, item in chosen),
        listing.gap if broke_off else None,
    )
    return page(ask, found, size, Form(ODATA.link, count if advanced else None))


def _counted(listing: Listing) -> tuple[Listing, int | None]:
    """Return a list without what was wrong with its number, and that number."""
    reason = listing.gap.reason if listing.gap else ""
    if reason == _UNCOUNTED:
        return replace(listing, gap=None), None
    if match := _MISCOUNTED.fullmatch(reason):
        return replace(listing, gap=None), int(match[1])
    return listing, len(listing.items)


def _kind(item: bytes) -> str:
    """Return the type of an object without its namespace, in lower case."""
    kind = _object(item).get(_TYPE)
    return kind.rpartition(".")[2].lower() if isinstance(kind, str) else ""


def _untyped(item: bytes) -> bytes:
    """Return an object as a list of nothing but its type has it."""
    return encode({key: each for key, each in _object(item).items() if key != _TYPE})


def _object(item: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(item, type=dict[str, object])
    except msgspec.DecodeError:
        return {}


def graph_error(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return an error in Microsoft Graph's form."""
    inner = {"date": "2026-01-01T00:00:00", "request-id": _NOBODY}
    error = {"code": code, "message": message, "innerError": inner}
    own = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status=status, body=encode({"error": error}), headers=own)


def _denied() -> Reply:
    message = "Insufficient privileges to complete the operation."
    return graph_error(403, "Authorization_RequestDenied", message)


def _no_such(name: str) -> Reply:
    message = (
        f"Resource '{name}' does not exist or one of its queried reference-property "
        "objects are not present."
    )
    return graph_error(404, "Request_ResourceNotFound", message)
