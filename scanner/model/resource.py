"""Resources: records of the snapshot, and the views checks read them through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from scanner.model.coverage import Gap
from scanner.model.fields import MISSING, Text, View
from scanner.model.ids import ResourceId, id_key

if TYPE_CHECKING:
    from scanner.model.listing import Listing
    from scanner.model.tenant import Tenant

C = TypeVar("C", bound="Resource")


@dataclass(frozen=True, slots=True)
class Record:
    """One ARM resource as it lies in a snapshot: its JSON, and how it was read."""

    id: str
    type: str
    scope: str
    """The scope of the read that found it: a subscription, or its parent's id."""
    api_version: str
    operation: str
    body: bytes


class Resource(View):
    """A typed window on one ARM resource, opened for one verdict."""

    __slots__ = ("_record", "_tenant")

    type: ClassVar[str]
    api_version: ClassVar[str]
    """The version to read it with; `read_with` is the one it was read with."""
    fallbacks: ClassVar[tuple[str, ...]] = ()
    """Older versions, for where those before them are refused."""
    found_by: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What it is read for, where that is not what it lies in: types, and what of."""

    location = Text("location")

    def __init__(self, record: Record, body: Mapping[str, Any], tenant: Tenant) -> None:
        super().__init__(body)
        self._record = record
        self._tenant = tenant

    @property
    def region(self) -> str:
        """Where it lies, as regions compare: their names may be written in full."""
        return (self.location or "").lower().replace(" ", "")

    @property
    def owner(self) -> Resource:
        """The resource itself."""
        return self

    @property
    def tenant(self) -> Tenant:
        """The tenant it was read in."""
        return self._tenant

    @property
    def id(self) -> str:
        """The ARM id as received."""
        return self._record.id

    @property
    def read_with(self) -> str:
        """The api-version it was read with."""
        return self._record.api_version

    def note(self, path: str, value: Any) -> None:
        """Record a value as evidence of the verdict being made."""
        record, found = self._record, None if value is MISSING else value
        self._tenant.trace.note(record.id, path, found, record.api_version)

    @property
    def key(self) -> str:
        """The form of the id that compares."""
        return id_key(self._record.id)

    @property
    def parts(self) -> ResourceId:
        """Subscription, resource group, name and parent, from the id."""
        return ResourceId.parse(self._record.id)

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return self.parts.name

    def gap(self, reason: str) -> Gap:
        """Return the gap a malformed value of this resource is."""
        gap = Gap(
            tenant_id=self.tenant.id,
            scope=self.id,
            resource_type=self.type,
            operation=self._record.operation,
            reason=reason,
        )
        self.tenant.meet(gap)
        return gap


class Children(Generic[C]):
    """The child or extension resources of a resource, of one type.

    Iterating yields what is known, then raises NotRead if there may be more: so a
    check that finds what it looks for can answer, and one that does not cannot.
    """

    def __init__(self, child: type[C]) -> None:
        self.child = child

    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Listing[C]: ...
    def __get__(self, resource: Resource | None, owner: type) -> Self | Listing[C]:
        if resource is None:
            return self
        return resource.tenant.children(resource, self.child)
