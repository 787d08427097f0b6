"""Write a snapshot while the tenant is read, so that a kill loses a second at most."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

import msgspec

from scanner.model.coverage import Reading
from scanner.model.results import Run
from scanner.snapshot.lines import ReadingLine, ResourceLine
from scanner.snapshot.manifest import (
    Manifest,
    describe_part,
    part_path,
    parts_on_disk,
    write_manifest,
)

BUFFER = 1 << 16
COMPRESSION = 5
"""Of gzip: higher levels take much longer for little less."""

_encode = msgspec.json.Encoder().encode


def now() -> str:
    """Return the time as manifests have it: UTC, RFC 3339, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class SnapshotWriter:
    """The parts of a snapshot being written, each a gzip stream that is flushed."""

    def __init__(
        self, directory: Path, manifest: Manifest, *, held: bool = False
    ) -> None:
        """Begin, or go on with, a snapshot; raises OSError if it cannot be written.

        One that is held keeps what is added to itself until `begin`.
        """
        self._directory = directory
        self._manifest = manifest
        self._parts: dict[str, BufferedWriter] = {}
        self._unflushed: set[str] = set()
        self._held: list[tuple[str, bytes]] | None = []
        if not held:
            self.begin()

    @property
    def begun(self) -> bool:
        """Whether anything was changed on disk."""
        return self._held is None

    def begin(self) -> None:
        """Write what was held, and from now on what is added; raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        write_manifest(self._directory, self._manifest)
        held, self._held = self._held or [], None
        for path, content in held:
            self._add(path, content)

    def resources(
        self, tenant_id: str, resource_type: str, scope: str, bodies: Iterable[bytes]
    ) -> None:
        """Add resources that a read at a scope has found, as received."""
        lines = [_encode(ResourceLine(scope, msgspec.Raw(body))) for body in bodies]
        if lines:
            self._add(part_path(tenant_id, resource_type), b"\n".join([*lines, b""]))

    def reading(self, tenant_id: str, reading: Reading) -> None:
        """Add that a read is over; what was added at its scope now counts."""
        path = part_path(tenant_id, reading.resource_type)
        self._add(path, _encode(ReadingLine(now(), reading)) + b"\n")

    def flush(self) -> None:
        """Put everything added so far where a killed process leaves it."""
        for path in self._unflushed:
            part = self._parts[path]
            part.flush()
            part.raw.flush()  # what is only buffered in the compressor is not there
        self._unflushed.clear()

    def discard(self) -> None:
        """Take back a snapshot that nothing was read into."""
        for part in self._parts.values():
            part.close()
        shutil.rmtree(self._directory)

    def finish(
        self,
        run: Run,
        tenants: tuple[str, ...],
        left_out: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Manifest:
        """Close the parts and write the manifest of a finished run."""
        for part in self._parts.values():
            part.close()
        self._parts.clear()
        self._manifest = replace(
            self._manifest,
            run=run,
            tenants=tenants,
            left_out=dict(left_out or {}),
            parts=tuple(
                describe_part(self._directory, path)
                for path in parts_on_disk(self._directory)
            ),
        )
        write_manifest(self._directory, self._manifest)
        return self._manifest

    def _add(self, path: str, content: bytes) -> None:
        if self._held is None:
            self._part(path).write(content)
        else:
            self._held.append((path, content))

    def _part(self, path: str) -> BufferedWriter:
        self._unflushed.add(path)
        if path not in self._parts:
            file = self._directory / path
            file.parent.mkdir(exist_ok=True)
            stream = gzip.GzipFile(file, "ab", COMPRESSION)
            self._parts[path] = BufferedWriter(stream, BUFFER)
        return self._parts[path]
