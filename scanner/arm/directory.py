"""Signed-in, throttled, read-only access to one tenant's directory: Microsoft Graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec
from azure.core.pipeline.transport import HttpRequest

from scanner.arm.credentials import TenantCredential
from scanner.arm.errors import ReadError
from scanner.arm.host import Host
from scanner.arm.throttle import DIRECTORY, Budget
from scanner.arm.transport import Door, Wire

VERSION = "v1.0"
LARGEST_BATCH = 1000
"""Ids that getByIds takes at most."""
TYPES = ("user", "group", "servicePrincipal")
"""What Azure gives roles to, of what a directory holds."""

_BY_IDS = f"/{VERSION}/directoryObjects/getByIds"
_NAMES = "$select=id,displayName,userPrincipalName"
_OBJECTS = f"{_NAMES},appOwnerOrganizationId"
_APPLICATIONS = (
    "$select=id,appId,displayName,signInAudience,passwordCredentials,keyCredentials"
)
_ADVANCED = {"ConsistencyLevel": "eventual"}
_TYPE = "@odata.type"
_PRINCIPAL = "microsoft.graph.servicePrincipal"
_LISTS = {
    "": _NAMES,
    f"/{_PRINCIPAL}": "$select=id,displayName,appOwnerOrganizationId",
}
"""The lists of members: of all types, and of the one that is left out of it."""


class Page(msgspec.Struct, frozen=True):
    """A page of directory objects, as received."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    count: int | None = msgspec.field(default=None, name="@odata.count")
    """How many there are on all pages, if that was asked."""


def microsoft_graph(url: str) -> Door:
    """Return the way to a Microsoft Graph; its audience is its address."""
    return Door(url, f"{url}/.default", _BY_IDS)


class Directory:
    """One tenant's directory, through one credential."""

    def __init__(self, wire: Wire, url: str, credential: TenantCredential) -> None:
        self._url = url
        self._host = Host(wire, microsoft_graph(url), credential)
        self._budget = Budget(*DIRECTORY)

    async def named(self, ids: Sequence[str]) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield what there is of some ids; raises ReadError where it breaks off.

        An id of nothing in this directory is passed over, and so is one of a type that
        holds no roles.
        """
        for start in range(0, len(ids), LARGEST_BATCH):
            batch = list(ids[start : start + LARGEST_BATCH])
            request = HttpRequest("POST", f"{self._url}{_BY_IDS}?{_OBJECTS}")
            request.set_json_body({"ids": batch, "types": list(TYPES)})
            async for page in self._host.pages(request, Page, self._budget_of):
                yield page.value

    async def members(self, group: str) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield a group's members, direct or not; raises ReadError where it breaks off.

        Version 1.0 leaves service principals out of the list of all members; it gives
        them to an advanced query for just them (known issue of "List group members").
        Who may not see members is given fewer, without an error. So both lists are
        asked for, and they must hold as many as Graph counts.
        """
        seen: set[object] = set()
        counts = []
        for cast in _LISTS:
            counted = None
            async for page in self._listed(group, cast):
                counted = page.count if counted is None else counted
                yield list(_new(page.value, seen, cast))
            if counted is None:
                raise ReadError("Microsoft Graph did not count the members it lists")
            counts.append(counted)
        if len(seen) < max(counts):
            listed = f"counts {max(counts)} members and lists {len(seen)}"
            raise ReadError(f"Microsoft Graph {listed}: some may not be seen")

    async def applications(self) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield the applications of the tenant; raises ReadError where it breaks off.

        Graph returns no secrets of them, but the first letters of each.
        """
        path = f"/{VERSION}/applications?{_APPLICATIONS}&$top=999"
        async for page in self._pages(path):
            yield page.value

    async def granted(
        self, principal: str, collection: str
    ) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield what a service principal is permitted; raises ReadError.

        `collection` is `appRoleAssignments` or `oauth2PermissionGrants`.
        """
        path = f"/{VERSION}/servicePrincipals/{principal}/{collection}"
        async for page in self._pages(path):
            yield page.value

    def _pages(self, path: str) -> AsyncIterator[Page]:
        request = HttpRequest("GET", f"{self._url}{path}")
        return self._host.pages(request, Page, self._budget_of)

    def _listed(self, group: str, cast: str) -> AsyncIterator[Page]:
        path = f"/{VERSION}/groups/{group}/transitiveMembers{cast}"
        query = f"{_LISTS[cast]}&$top=999&$count=true"
        request = HttpRequest("GET", f"{self._url}{path}?{query}")
        return self._host.pages(request, Page, self._budget_of, _ADVANCED)

    def _budget_of(self, _: str) -> Budget:
        return self._budget


def _new(
    items: list[msgspec.Raw], seen: set[object], cast: str
) -> Iterator[msgspec.Raw]:
    """Yield the items that were not seen yet, each with its type.

    A list of one type names it only in its path.
    """
    for raw in items:
        item = _decoded(raw)
        name = item.get("id")
        key = name.lower() if isinstance(name, str) else bytes(raw)
        if key in seen:
            continue
        seen.add(key)
        typed = {_TYPE: f"#{cast[1:]}", **item} if cast and item else None
        yield msgspec.Raw(msgspec.json.encode(typed)) if typed else raw


def _decoded(raw: msgspec.Raw) -> dict[str, object]:
    """Return an item, empty if it is no object: whoever keeps it will say so."""
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
