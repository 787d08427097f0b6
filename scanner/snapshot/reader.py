"""Read a snapshot: of a finished run, whole; of a killed one, what is whole in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from scanner.model.coverage import Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.snapshot.lines import (
    ReadingLine,
    ResourceLine,
    SnapshotError,
    decode,
    unreadable,
)
from scanner.snapshot.manifest import (
    Manifest,
    parts_on_disk,
    read_manifest,
    require_inside,
    verify_parts,
)


class _Identified(msgspec.Struct, frozen=True):
    """The one thing every written resource has."""

    id: str


_identified = msgspec.json.Decoder(_Identified)

Found = tuple[Reading, tuple[Record, ...]]


class Snapshot:
    """A snapshot on disk."""

    def __init__(self, directory: Path) -> None:
        """Open a snapshot, or the run that holds one; raises SnapshotError."""
        try:
            inner = directory / "snapshot"
            self.directory = inner if inner.is_dir() else directory
            require_inside(directory, self.directory)
            self.manifest: Manifest = read_manifest(self.directory)
            if self.complete:
                verify_parts(self.directory, self.manifest)
        except OSError as error:
            raise unreadable(directory, error) from error

    @property
    def complete(self) -> bool:
        """Whether the run that wrote it came to its end."""
        return self.manifest.run.complete

    @property
    def tenants(self) -> tuple[str, ...]:
        """The ids of the tenants that were read."""
        return self.manifest.tenants

    def readings(self, tenant_id: str) -> Iterator[Found]:
        """Yield each reading of a tenant with the records it found."""
        prefix = f"{tenant_id.lower()}/"
        for path in parts_on_disk(self.directory):
            if path.startswith(prefix):
                yield from self._part(path)

    def _part(self, path: str) -> Iterator[Found]:
        pending: dict[str, list[ResourceLine]] = defaultdict(list)
        for line in decode(self.directory / path, strict=self.complete):
            if isinstance(line, ResourceLine):
                pending[line.scope].append(line)
            else:
                found = pending.pop(line.reading.scope, [])
                yield line.reading, tuple(self._records(path, line, found))

    def _records(
        self, path: str, line: ReadingLine, found: list[ResourceLine]
    ) -> Iterator[Record]:
        """Yield the resources of a reading; each that was written had an id."""
        reading = line.reading
        if len(found) != reading.count:
            raise SnapshotError(
                f"{self.directory / path}: {reading.scope} has {len(found)} resources "
                f"where its reading says {reading.count}"
            )
        for item in found:
            yield Record(
                id=self._id(path, item),
                type=reading.resource_type,
                scope=reading.scope,
                api_version=reading.api_version,
                operation=reading.operation,
                body=bytes(item.body),
            )

    def _id(self, path: str, item: ResourceLine) -> str:
        try:
            return _identified.decode(item.body).id
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            where = f"{self.directory / path}: a resource of {item.scope}"
            raise SnapshotError(f"{where}: {error}") from error


def load(snapshot: Snapshot, tenant_id: str) -> tuple[list[Record], list[Reading]]:
    """Return all records and readings of a tenant, the last reading of each scope."""
    found: dict[tuple[str, str], Found] = {}
    for reading, records in snapshot.readings(tenant_id):
        found[reading.resource_type.lower(), id_key(reading.scope)] = reading, records
    return (
        [record for _, records in found.values() for record in records],
        [reading for reading, _ in found.values()],
    )
