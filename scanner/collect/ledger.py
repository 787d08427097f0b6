"""Carry out reads, and account for each in the snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from scanner.arm.errors import ReadError
from scanner.arm.session import Session
from scanner.collect.items import identify, with_id
from scanner.collect.operations import UnusableIdError, path_of
from scanner.collect.paths import Paths
from scanner.collect.read import GraphOperation, Read, RestOperation, itself, whole
from scanner.collect.reads import BELOW, PARENTS
from scanner.model.coverage import UNKNOWN_TYPE, Gap, Outcome, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record, Resource
from scanner.redact.bodies import redacted
from scanner.snapshot.writer import SnapshotWriter

Select = Callable[[Record], bool]

NAMED_ITEMS = 10
"""Malformed items of one list that are named one by one."""

Kept = Mapping[tuple[str, str], tuple[Record, ...]]
"""What an interrupted run had already read: records by type and scope."""


@dataclass(slots=True)
class Progress:
    """How far collecting is, for whoever watches."""

    subscriptions: int = 0
    finished: int = 0
    reads: int = 0
    resources: int = 0
    gaps: int = 0


@dataclass(slots=True)
class _Found:
    """What a read has found so far."""

    version: str
    """The api-version that it is read with."""
    count: int = 0
    parents: list[Record] = field(default_factory=list)
    """The records that other reads are made at."""
    malformed: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    """A hash of each resource by its id: pages of a list may overlap."""
    select: Select | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A read that was made."""

    records: tuple[Record, ...]
    """What was found, of the types that other reads are made at or were selected."""
    gaps: tuple[Gap, ...]


class Ledger:
    """One tenant's reads: made through its session, written to its snapshot."""

    def __init__(
        self,
        session: Session,
        paths: Paths,
        writer: SnapshotWriter,
        tenant_id: str,
        progress: Progress,
        kept: Kept,
        notice: Callable[[Record], None] | None = None,
    ) -> None:
        self.session = session
        self.paths = paths
        self.tenant_id = tenant_id
        self.progress = progress
        self._writer = writer
        self._kept = kept
        self._notice = notice
        """Shown every resource that is written."""
        self.kinds: set[str] = {kind for (kind, _), found in kept.items() if found}
        """The types in lower case of which there are any, of those that lead on."""
        self._called: set[tuple[Read, str]] = set()
        self._too_new: set[tuple[type[Resource], str]] = set()
        """Types, and api-versions of them that were refused."""

    async def carry_out(
        self,
        read: Read,
        scope: str,
        *,
        at: str | None = None,
        requested: bool = True,
        select: Select | None = None,
    ) -> Made:
        """Make a read, unless an earlier run had made it.

        `at` is where it is made when that is not the scope it is booked under;
        `select` chooses which of the resources found are written at all.
        """
        found = _Found(read.of.api_version, select=select)
        pages = self._pages(read, scope if at is None else at, found)
        return await self._account(read, scope, pages, found, requested=requested)

    async def _pages(
        self, read: Read, at: str, found: _Found
    ) -> AsyncIterator[list[msgspec.Raw]]:
        """Yield what is read, with the newest api-version that is not refused."""
        await self.paths.learn(read)
        every = (read.of.api_version, *read.of.fallbacks)
        left = [each for each in every if (read.of, each) not in self._too_new]
        for found.version in left:
            try:
                async for page in self._asked(read, at, found.version):
                    yield page
            except ReadError as error:
                if found.version == every[-1] or not error.tells_of_other_versions:
                    raise
                self._too_new.add((read.of, found.version))
            else:
                return

    async def _asked(
        self, read: Read, at: str, version: str
    ) -> AsyncIterator[list[msgspec.Raw]]:
        path = path_of(read, at, version)
        if not (isinstance(read.operation, RestOperation) and read.operation.one):
            async for page in self.session.pages(path):
                yield page
            return
        own = "/".join(filter(None, (at, read.operation.path)))
        try:
            yield [with_id(await self.session.get(path, msgspec.Raw), own)]
        except ReadError as error:
            if not error.tells_of_nothing:
                raise

    async def account(
        self,
        read: Read,
        scope: str,
        pages: AsyncIterator[list[msgspec.Raw]],
    ) -> Made:
        """Write what the pages of a read hold, unless an earlier run had made it."""
        found = _Found(read.of.api_version)
        return await self._account(read, scope, pages, found, requested=True)

    async def _account(
        self,
        read: Read,
        scope: str,
        pages: AsyncIterator[list[msgspec.Raw]],
        found: _Found,
        *,
        requested: bool,
    ) -> Made:
        kept = self._kept.get((read.of.type.lower(), id_key(scope)))
        if kept is not None:
            return Made(kept, ())
        refusal = await self._write(read, scope, pages, found)
        if refusal and read.recent and refusal.tells_of_no_such_type:
            self.book_none(read, scope, UNKNOWN_TYPE)
            return Made((), ())
        requested = requested and not read.context
        reading = self._reading(read, scope, found, refusal, requested=requested)
        self.book(reading)
        if found.count:
            self.kinds.add(read.of.type.lower())
        return Made(tuple(found.parents), reading.gaps)

    def book(self, reading: Reading) -> None:
        """Write down what became of a read."""
        self._writer.reading(self.tenant_id, reading)
        self.progress.reads += 1
        self.progress.gaps += len(reading.gaps) if reading.requested else 0

    def book_none(self, read: Read, scope: str, operation: str) -> None:
        """Write down that there is nothing to read, by another operation's word."""
        if (read.of.type.lower(), id_key(scope)) in self._kept:
            return
        self.book(
            Reading(
                resource_type=read.of.type,
                scope=scope,
                operation=operation,
                api_version=read.of.api_version,
                outcome=Outcome.EMPTY,
            )
        )

    def book_refusal(self, read: Read, scope: str, error: Exception) -> None:
        """Write down that a read could not even be tried."""
        refusal = ReadError(str(error), status=401, code="SignInFailed")
        found = _Found(read.of.api_version)
        self.book(self._reading(read, scope, found, refusal))

    def is_first(self, read: Read, scope: str) -> bool:
        """Whether a read was not called for before at a place that others share."""
        if read.place is itself:
            return True
        key = (read, id_key(scope))
        if key in self._called:
            return False
        self._called.add(key)
        return True

    async def _write(
        self,
        read: Read,
        scope: str,
        pages: AsyncIterator[list[msgspec.Raw]],
        found: _Found,
    ) -> ReadError | None:
        """Write what a list holds; return why it broke off, if it did."""
        try:
            async for page in pages:
                bodies = list(self._accepted(page, read, scope, found))
                self._writer.resources(self.tenant_id, read.of.type, scope, bodies)
                self.progress.resources += len(bodies)
        except ReadError as error:
            return error
        except UnusableIdError as error:
            return ReadError(str(error))
        return None

    def _accepted(
        self, page: list[msgspec.Raw], read: Read, scope: str, found: _Found
    ) -> Iterator[bytes]:
        """Yield the items that are resources; note those that are not."""
        leads_on = read.of.type.lower() in BELOW
        bounded = read.of.type.lower() in PARENTS
        bounded = bounded or isinstance(read.operation, GraphOperation)
        for raw in page:
            body = redacted(bytes(raw))
            problem, resource_id = identify(body, scope if bounded else "/")
            known = found.seen.get(id_key(resource_id))
            if known == hash(body):
                continue
            if known is not None:
                problem = "has the id of another one"
            if problem:
                position = found.count + len(found.malformed) + 1
                found.malformed.append(f"malformed: item {position} {problem}")
                continue
            found.seen[id_key(resource_id)] = hash(body)
            if read.keep is not whole:
                kept = read.keep(msgspec.json.decode(body))
                if kept is None:
                    continue
                body = msgspec.json.encode(kept)
            record = _record(read, scope, found.version, resource_id, body)
            if found.select is not None and not found.select(record):
                continue
            if self._notice is not None:
                self._notice(record)
            found.count += 1
            if leads_on or found.select is not None:
                found.parents.append(record)
            yield body

    def _reading(
        self,
        read: Read,
        scope: str,
        found: _Found,
        refusal: ReadError | None,
        *,
        requested: bool = True,
    ) -> Reading:
        gaps = tuple(self._gaps(read, scope, found, refusal))
        whole = Outcome.READ if found.count else Outcome.EMPTY
        return Reading(
            resource_type=read.of.type,
            scope=scope,
            operation=read.operation.name,
            api_version=found.version,
            outcome=Outcome.GAP if gaps else whole,
            count=found.count,
            gaps=gaps,
            requested=requested,
        )

    def _gaps(
        self, read: Read, scope: str, found: _Found, refusal: ReadError | None
    ) -> Iterator[Gap]:
        reasons = found.malformed[:NAMED_ITEMS]
        if len(found.malformed) > NAMED_ITEMS:
            reasons.append(f"malformed: {len(found.malformed)} items in all")
        errors = [ReadError(reason) for reason in reasons]
        for error in [*([refusal] if refusal else []), *errors]:
            yield Gap(
                tenant_id=self.tenant_id,
                scope=scope,
                resource_type=read.of.type,
                operation=read.operation.name,
                reason=error.reason,
                http_status=error.status,
                error_code=error.code,
            )


def _record(
    read: Read, scope: str, version: str, resource_id: str, body: bytes
) -> Record:
    return Record(
        id=resource_id,
        type=read.of.type,
        scope=scope,
        api_version=version,
        operation=read.operation.name,
        body=body,
    )
