"""A whole scan: sign in, choose, read, and leave a snapshot."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from scanner import __version__
from scanner.arm.transport import open_wire
from scanner.collect.directory import READS as DIRECTORY_READS
from scanner.collect.doors import (
    Door,
    knock,
    require_graph,
    require_ids,
    require_one,
)
from scanner.collect.kept import kept, require_same_cloud, require_same_tenants
from scanner.collect.ledger import Ledger
from scanner.collect.order import Order, scope_of
from scanner.collect.paths import Paths, learning
from scanner.collect.plan import tenant_scope
from scanner.collect.principals import Principals
from scanner.collect.reads import READS
from scanner.collect.resources import HIERARCHY, SUBSCRIPTIONS
from scanner.collect.scope import Scope, ScopeError, require_known, resolve
from scanner.collect.tenant import Pace, read_tenant
from scanner.collect.watch import Watch, interruptible
from scanner.model.results import Run
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.reader import Snapshot
from scanner.snapshot.resume import keep_whole
from scanner.snapshot.writer import SnapshotWriter, now

FLUSH_EVERY = 1.0
"""Seconds of reading that a kill may lose."""


async def scan(
    order: Order,
    directory: Path,
    watch: Watch,
    earlier: Snapshot | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Run:
    """Read what an order asks for into a snapshot, or go on with an earlier one.

    What can be done meanwhile is done in a thread, while Azure is waited for.

    Raises SignInError when no tenant could be signed in to, ScopeError for a scope
    that is not there, CloudError for an unusable CA or a cloud that lacks what is to be
    asked, ResumeError and SnapshotError for an earlier one that cannot be gone on with,
    and OSError when the snapshot cannot be written. Interrupted by SIGINT or SIGTERM,
    it leaves what it has read, marked as incomplete. An earlier one is left as it is
    until all that is settled.
    """
    require_graph(order)
    require_ids(order)
    if earlier is not None:
        require_same_cloud(earlier, order.cloud)
    async with AsyncExitStack() as stack:
        paths = await stack.enter_async_context(
            learning((*HIERARCHY, *READS), meanwhile)
        )
        wire = await stack.enter_async_context(open_wire(order.cloud, order.limits))
        watch.tally = wire.tally
        doors = [
            await stack.enter_async_context(knock(order, wire, tenant))
            for tenant in order.selection.tenants or (None,)
        ]
        require_one(doors)
        if earlier is not None:
            require_same_tenants(earlier, doors)
        scanning = _Scanning(order, doors, paths, watch, earlier)
        writer = SnapshotWriter(
            directory, scanning.manifest(), held=earlier is not None
        )
        try:
            scopes = await scanning.read(writer)
        except ScopeError:
            if earlier is None:
                writer.discard()
            raise
        run = scanning.finished(scopes)
        if writer.begun:
            writer.finish(run, scanning.tenants, scanning.left_out(scopes))
        return run


class _Scanning:
    """One scan under way."""

    def __init__(
        self,
        order: Order,
        doors: list[Door],
        paths: Paths,
        watch: Watch,
        earlier: Snapshot | None,
    ) -> None:
        self._order = order
        self._doors = doors
        self._paths = paths
        self._watch = watch
        self._earlier = earlier
        self.tenants = tuple(dict.fromkeys(door.tenant_id for door in doors))

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
                    each.signed_in for each in self._doors if each.signed_in
                ),
                scope=scope_of(self._order),
            ),
            suffixes=self._order.cloud.suffixes,
            whole_tenant=not selection.narrows,
            tenants=self.tenants,
            api_versions={
                read.of.type: read.of.api_version
                for read in (
                    *HIERARCHY,
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
        with interruptible(reading, self._watch):
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
        opened: list[tuple[Ledger, Scope, Principals | None]] = []
        for door in self._doors:
            principals = Principals(door.directory) if door.directory else None
            ledger = self._ledger(door, writer, principals)
            if door.refusal:
                at = tenant_scope(door.tenant_id)
                ledger.book_refusal(SUBSCRIPTIONS, at, door.refusal)
                scopes.append(Scope(listed=False))
                continue
            found = await resolve(ledger, self._order.selection)
            scopes.append(found)
            opened.append((ledger, found, principals))
        require_known(self._order.selection, scopes)
        if self._earlier is not None:
            keep_whole(self._earlier)
            writer.begin()
        self._watch.progress.subscriptions = sum(len(s.chosen) for s in scopes)
        pace = Pace(self._order.limits.per_subscription, self._order.graph)
        async with asyncio.TaskGroup() as group:
            for ledger, scope, principals in opened:
                group.create_task(read_tenant(ledger, scope, pace, principals))

    def _ledger(
        self, door: Door, writer: SnapshotWriter, principals: Principals | None
    ) -> Ledger:
        notice = principals.note if principals else None
        return Ledger(
            door.session,
            self._paths,
            writer,
            door.tenant_id,
            self._watch.progress,
            kept(self._earlier, door.tenant_id, notice),
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

    def left_out(self, scopes: list[Scope]) -> dict[str, tuple[str, ...]]:
        """Return the subscriptions that are there and were not read, by tenant."""
        earlier = self._earlier.manifest.left_out if self._earlier else {}
        known = [(tenant, each) for tenant, ids in earlier.items() for each in ids]
        known += [(each.tenant_id, each.id) for scope in scopes for each in scope.known]
        chosen = {each.id for scope in scopes for each in scope.chosen}
        left = defaultdict[str, list[str]](list)
        for tenant, each in dict.fromkeys(known):
            if each not in chosen:
                left[tenant].append(each)
        return {tenant: tuple(ids) for tenant, ids in left.items()}


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error of several that ended one scan."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


async def _flush(writer: SnapshotWriter) -> None:
    while True:
        await asyncio.sleep(FLUSH_EVERY)
        writer.flush()
