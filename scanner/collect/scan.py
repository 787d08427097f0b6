"""A whole scan: sign in, choose, read, and leave a snapshot."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from pathlib import Path

from scanner import __version__
from scanner.arm.clouds import Cloud, CloudError
from scanner.arm.credentials import credential
from scanner.arm.directory import Directory
from scanner.arm.errors import SignInError
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.arm.session import Session, is_guid
from scanner.arm.transport import Tally, Wire, open_wire
from scanner.collect.directory import READS as DIRECTORY_READS
from scanner.collect.ledger import Kept, Ledger, Progress
from scanner.collect.plan import DIRECTORY, tenant_scope
from scanner.collect.principals import Principals
from scanner.collect.reads import BELOW, READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.scope import Scope, ScopeError, Selection, require_known, resolve
from scanner.collect.tenant import Pace, read_tenant
from scanner.model.directory import DirectoryObject
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.model.results import Run, SignedIn
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.reader import Snapshot, load
from scanner.snapshot.writer import SnapshotWriter, now

FLUSH_EVERY = 1.0
"""Seconds of reading that a kill may lose."""

GRAPH = "auto"
"""What a run's header calls discovery with Resource Graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to scan, and how."""

    cloud: Cloud
    method: Method
    selection: Selection
    graph: bool = True
    """Whether Resource Graph is asked where to look."""
    directory: bool = False
    """Whether Microsoft Graph is asked who holds the roles."""
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class Watch:
    """What a scan has done so far, for whoever shows progress."""

    progress: Progress = field(default_factory=Progress)
    tally: Tally = field(default_factory=Tally)
    interrupted: bool = False


async def scan(
    order: Order, directory: Path, watch: Watch, earlier: Snapshot | None = None
) -> Run:
    """Read what an order asks for into a snapshot, or go on with an earlier one.

    Raises SignInError when no tenant could be signed in to, ScopeError for a scope
    that is not there, CloudError for an unusable CA or a cloud that lacks what is to be
    asked, and OSError when the snapshot cannot be written. Interrupted by SIGINT or
    SIGTERM, it leaves what it has read, marked as incomplete.
    """
    _require_graph(order)
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(open_wire(order.cloud, order.limits))
        watch.tally = wire.tally
        entries = [
            await stack.enter_async_context(_entry(order, wire, tenant))
            for tenant in order.selection.tenants or (None,)
        ]
        _require_one(entries)
        scanning = _Scanning(order, entries, watch, earlier)
        writer = SnapshotWriter(directory, scanning.manifest())
        try:
            scopes = await scanning.read(writer)
        except ScopeError:
            if earlier is None:
                writer.discard()
            raise
        run = scanning.finished(scopes)
        writer.finish(run, scanning.tenants)
        return run


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tenant's door: open, or shut for a reason."""

    session: Session
    directory: Directory | None
    tenant_id: str
    signed_in: SignedIn | None
    refusal: SignInError | None = None


@asynccontextmanager
async def _entry(order: Order, wire: Wire, tenant: str | None) -> AsyncIterator[_Entry]:
    key = credential(order.method, order.cloud, tenant, wire.transport)
    session = Session(wire, order.cloud, key, tenant)
    graph = order.cloud.graph if order.directory else None
    directory = Directory(wire, graph, key) if graph else None
    try:
        signed_in = await session.sign_in()
        entry = _Entry(session, directory, signed_in.tenant_id, signed_in)
    except SignInError as error:
        entry = _Entry(session, directory, (tenant or "").lower(), None, error)
    try:
        yield entry
    finally:
        await session.close()


def _require_graph(order: Order) -> None:
    """Raise CloudError if Microsoft Graph is asked for where none is known."""
    if order.directory and order.cloud.graph is None:
        name = order.cloud.name
        raise CloudError(f"cloud {name!r} has no Microsoft Graph: name it as `graph`")


def _require_one(entries: list[_Entry]) -> None:
    """Raise SignInError unless a tenant can be read and the others can be named."""
    for entry in entries:
        unnamed = not is_guid(entry.tenant_id)
        if entry.refusal and (unnamed or all(each.refusal for each in entries)):
            raise entry.refusal
        if unnamed:
            raise SignInError("the token does not say which tenant it is for")


class _Scanning:
    """One scan under way."""

    def __init__(
        self,
        order: Order,
        entries: list[_Entry],
        watch: Watch,
        earlier: Snapshot | None,
    ) -> None:
        self._order = order
        self._entries = entries
        self._watch = watch
        self._earlier = earlier
        self.tenants = tuple(dict.fromkeys(entry.tenant_id for entry in entries))

    def manifest(self) -> Manifest:
        """Return what can be said before anything is read."""
        selection = self._order.selection
        earlier = self._earlier
        return Manifest(
            run=Run(
                started=earlier.manifest.run.started if earlier else now(),
                version=__version__,
                cloud=self._order.cloud.name,
                method=self._order.method.value,
                signed_in=tuple(
                    each.signed_in for each in self._entries if each.signed_in
                ),
                scope=_scope_of(self._order),
            ),
            suffixes=self._order.cloud.suffixes,
            whole_tenant=not selection.narrows,
            tenants=self.tenants,
            api_versions={
                read.of.type: read.of.api_version
                for read in (
                    *_ABOVE,
                    *READS,
                    *(DIRECTORY_READS if self._order.directory else ()),
                )
            },
        )

    async def read(self, writer: SnapshotWriter) -> list[Scope]:
        """Read every tenant; return what was in scope, as far as it came."""
        scopes: list[Scope] = []
        reading = asyncio.ensure_future(self._all(writer, scopes))
        flushing = asyncio.ensure_future(_flush(writer))
        with _interruptible(reading, self._watch):
            try:
                await asyncio.wait(
                    (reading, flushing), return_when=asyncio.FIRST_COMPLETED
                )
                await (flushing if flushing.done() else reading)
            except asyncio.CancelledError:
                if not self._watch.interrupted:
                    raise
            except ExceptionGroup as group:
                raise _first(group) from group
            finally:
                reading.cancel()
                flushing.cancel()
                await asyncio.gather(reading, flushing, return_exceptions=True)
        return scopes

    async def _all(self, writer: SnapshotWriter, scopes: list[Scope]) -> None:
        open_doors: list[tuple[Ledger, Scope, Principals | None]] = []
        for entry in self._entries:
            principals = Principals(entry.directory) if entry.directory else None
            ledger = self._ledger(entry, writer, principals)
            if entry.refusal:
                at = tenant_scope(entry.tenant_id)
                ledger.book_refusal(SUBSCRIPTIONS, at, entry.refusal)
                continue
            found = await resolve(ledger, self._order.selection)
            scopes.append(found)
            open_doors.append((ledger, found, principals))
        require_known(self._order.selection, scopes)
        self._watch.progress.subscriptions = sum(len(s.chosen) for s in scopes)
        pace = Pace(self._order.limits.per_subscription, self._order.graph)
        async with asyncio.TaskGroup() as group:
            for ledger, scope, principals in open_doors:
                group.create_task(read_tenant(ledger, scope, pace, principals))

    def _ledger(
        self, entry: _Entry, writer: SnapshotWriter, principals: Principals | None
    ) -> Ledger:
        notice = principals.note if principals else None
        return Ledger(
            entry.session,
            writer,
            entry.tenant_id,
            self._watch.progress,
            _kept(self._earlier, entry.tenant_id, notice),
            notice,
        )

    def finished(self, scopes: list[Scope]) -> Run:
        """Return the header of the run that is now over."""
        notes = [note for scope in scopes for note in scope.notes]
        if self._watch.interrupted:
            notes.append("the run was interrupted; go on with --resume")
        earlier = self._earlier.manifest.run if self._earlier else None
        return replace(
            self.manifest().run,
            finished=now(),
            complete=not self._watch.interrupted,
            subscriptions=tuple(each for scope in scopes for each in scope.chosen),
            notes=tuple(dict.fromkeys(notes)),
            requests=self._watch.tally.requests + (earlier.requests if earlier else 0),
        )


def _scope_of(order: Order) -> dict[str, tuple[str, ...]]:
    selection = order.selection
    return {
        "tenants": selection.tenants,
        "subscriptions": selection.subscriptions,
        "management_groups": selection.management_groups,
        "excluded": selection.excluded,
        "discovery": (GRAPH if order.graph else "arm",),
        "directory": (DIRECTORY,) if order.directory else (),
    }


def asks_graph(scope: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a run's header says that Resource Graph was asked where to look."""
    return GRAPH in scope.get("discovery", ())


def selection_of(scope: Mapping[str, tuple[str, ...]]) -> Selection:
    """Return the selection that a run's header tells of."""
    return Selection(
        tenants=tuple(scope.get("tenants", ())),
        subscriptions=tuple(scope.get("subscriptions", ())),
        management_groups=tuple(scope.get("management_groups", ())),
        excluded=tuple(scope.get("excluded", ())),
    )


def _kept(
    earlier: Snapshot | None,
    tenant_id: str,
    notice: Callable[[Record], None] | None = None,
) -> Kept:
    """Return what an earlier run read whole; bodies only where reads are made.

    Names are not kept: more may hold roles by now. Every record is given notice of.
    """
    if earlier is None:
        return {}
    records, readings = load(earlier, tenant_id)
    if notice is not None:
        for record in records:
            notice(record)
    kept: dict[tuple[str, str], list[Record]] = {
        (each.resource_type.lower(), id_key(each.scope)): []
        for each in readings
        if each.whole and each.resource_type != DirectoryObject.type
    }
    for record in records:
        key = (record.type.lower(), id_key(record.scope))
        if key in kept and record.type.lower() in _LEADING:
            kept[key].append(record)
    return {key: tuple(found) for key, found in kept.items()}


_ABOVE = (SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS)
_LEADING = {*BELOW, *(read.of.type.lower() for read in _ABOVE)}
"""The types whose resources lead to other reads."""


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error of several that ended one scan."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


async def _flush(writer: SnapshotWriter) -> None:
    while True:
        await asyncio.sleep(FLUSH_EVERY)
        writer.flush()


@contextmanager
def _interruptible(task: asyncio.Future[None], watch: Watch) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the reading, so that what was read is judged."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        watch.interrupted = True
        task.cancel()

    # Elsewhere than in a main thread on a POSIX system, the default action stands.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
