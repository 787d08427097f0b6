"""A list of resources, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from scanner.model.coverage import Gap, NotRead
from scanner.model.evidence import LONGEST_LIST
from scanner.model.resource import Record, Resource

if TYPE_CHECKING:
    from scanner.model.tenant import Tenant

R = TypeVar("R", bound=Resource)


class Listing(Generic[R]):
    """What is known of a list; exhausting it raises NotRead if there may be more."""

    def __init__(
        self,
        tenant: Tenant,
        view: type[R],
        records: list[Record],
        missing: NotRead | None,
        found_by: str = "",
        unclear: NotRead | None = None,
    ) -> None:
        self._tenant = tenant
        self._view = view
        self._records = records
        self._missing = missing
        self._found_by = found_by
        self.unclear = unclear
        """Why something that was read may belong to it: its field is malformed."""

    def __iter__(self) -> Iterator[R]:
        yield from self.known()
        self.require_whole()

    def require_whole(self) -> None:
        """Raise NotRead if there may be more than is known."""
        if self._missing is not None:
            raise self._missing

    def known(self) -> Iterator[R]:
        """Yield what was read, whole or not: a lower bound.

        The field that it was found by is evidence, of the first of many.
        """
        for position, record in enumerate(self._records):
            resource = self._tenant.view(self._view, record)
            if self._found_by and position < LONGEST_LIST:
                getattr(resource, self._found_by)
            yield resource

    def ids(self) -> Iterator[str]:
        """Yield the ids of what was read, opening none of it."""
        return (record.id for record in self._records)

    @property
    def missing(self) -> NotRead | None:
        """Why there may be more than is known, None if there can be no more."""
        return self._missing

    @property
    def gap(self) -> Gap | None:
        """The gap by which there may be more; none where it was not asked for."""
        return self._missing.gap if self._missing else None

    @property
    def whole(self) -> bool:
        """Whether there can be no more than what is known."""
        return self._missing is None

    def __bool__(self) -> bool:
        return any(True for _ in self)
