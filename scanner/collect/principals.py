"""What the directory tells if it is asked: whom roles are given to, applications."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import msgspec

from scanner.access.facts import EVERYONE
from scanner.arm.directory import Directory
from scanner.arm.session import is_guid
from scanner.collect.directory import APPLICATIONS, MEMBERS, OBJECTS
from scanner.collect.drain import Job, drain, together
from scanner.collect.ledger import Ledger
from scanner.collect.plan import below, tenant_scope
from scanner.collect.read import Read
from scanner.model.authorization import DenyAssignment, RoleAssignment, RoleEligibility
from scanner.model.directory import DirectoryObject, object_id
from scanner.model.ids import id_key
from scanner.model.keyvault import KeyVault
from scanner.model.resource import Record

_GIVEN = {RoleAssignment.type, RoleEligibility.type}
_NAMESPACE = "#microsoft.graph."
_GRANT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Principals:
    """The principals of one tenant, gathered while it is read."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._groups: dict[str, bool] = {}
        """Whether each is said to be a group, by its id."""

    def note(self, record: Record) -> None:
        """Remember whom a record names, if it is one that gives or denies something.

        Those of a Lighthouse delegation are in another tenant's directory.
        """
        for name, kind in _named(record):
            if isinstance(name, str) and is_guid(name.lower()) and name != EVERYONE:
                key = name.lower()
                self._groups[key] = self._groups.get(key, False) or kind == "Group"

    async def read(self, ledger: Ledger, workers: int) -> None:
        """Read everyone noted and what they lead to, and the tenant's applications.

        Groups lead to their members, and applications of other tenants, in groups or
        not, to what they are permitted. Where not all names could be read, what Azure
        calls a group is taken for one.
        """
        scope = tenant_scope(ledger.tenant_id)
        registered = self._directory.applications()
        found = _resources(registered, APPLICATIONS, scope)
        await ledger.account(APPLICATIONS, scope, found)
        pages = self._directory.named(sorted(self._groups))
        made = await ledger.account(OBJECTS, scope, _resources(pages, OBJECTS, scope))
        jobs = {job for record in made.records for job in below(record)}
        if made.gaps:
            groups = (name for name, is_group in self._groups.items() if is_group)
            jobs |= {(MEMBERS, object_id(ledger.tenant_id, each)) for each in groups}

        made_at = {_key(job) for job in jobs}

        async def carry_out(job: Job) -> list[Job]:
            read, place = job
            pages = self._pages(read, place.rpartition("/")[2])
            made = await ledger.account(read, place, _resources(pages, read, place))
            every = {_key(each): each for one in made.records for each in below(one)}
            more = [each for key, each in every.items() if key not in made_at]
            made_at.update(every)
            return more

        await drain(together(sorted(jobs, key=_scope)), workers, carry_out)

    def _pages(self, read: Read, name: str) -> AsyncIterator[list[msgspec.Raw]]:
        if read is MEMBERS:
            return self._directory.members(name)
        return self._directory.granted(name, read.of.type.rpartition("/")[2])


def _scope(job: Job) -> str:
    return job[1]


def _key(job: Job) -> tuple[str, str]:
    """Return what a read finds, and where: members are in many groups."""
    read, place = job
    return read.of.type, id_key(place)


def _named(record: Record) -> Iterator[tuple[object, object]]:
    """Yield the id and the type of each principal that a record names."""
    if record.type in _GIVEN:
        properties = _object(msgspec.json.decode(record.body).get("properties"))
        yield properties.get("principalId"), properties.get("principalType")
    elif record.type == DenyAssignment.type:
        for key in ("principals", "excludePrincipals"):
            for each in _listed(record, key):
                yield each.get("id"), each.get("type")
    elif record.type == KeyVault.type:
        for each in _listed(record, "accessPolicies"):
            yield each.get("objectId"), None


def _listed(record: Record, key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list among a record's properties, if it is one."""
    found = _object(msgspec.json.decode(record.body).get("properties")).get(key)
    return map(_object, found if isinstance(found, list) else ())


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


async def _resources(
    pages: AsyncIterator[list[msgspec.Raw]], read: Read, scope: str
) -> AsyncIterator[list[msgspec.Raw]]:
    async for page in pages:
        yield [_resource(item, read, scope) for item in page]


def _resource(raw: msgspec.Raw, read: Read, scope: str) -> msgspec.Raw:
    """Return what Graph returned as a resource; unchanged if its id is no id.

    It is then booked as malformed, because its id lies outside the scope.
    """
    try:
        item = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw
    name, kind = item.get("id"), item.get("@odata.type")
    if not (isinstance(name, str) and _is_id(name, read)):
        return raw
    namespace, _, collection = read.of.type.rpartition("/")
    inside = namespace.startswith(DirectoryObject.type)
    parent = scope if inside else f"{scope}/providers/{namespace}"
    said = {"kind": kind.removeprefix(_NAMESPACE)} if isinstance(kind, str) else {}
    body = {
        "id": f"{parent}/{collection}/{name}",
        "type": read.of.type,
        "name": name,
        **said,
        "properties": raw,
    }
    return msgspec.Raw(msgspec.json.encode(body))


def _is_id(text: str, read: Read) -> bool:
    """Whether a text is an id as Graph has them: a GUID, or 43 letters of base64."""
    if read in (OBJECTS, APPLICATIONS, MEMBERS):
        return is_guid(text.lower())
    return _GRANT_ID.fullmatch(text) is not None
