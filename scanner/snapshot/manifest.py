"""The manifest of a snapshot, and where its parts are."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner.model.cloud import Suffixes
from scanner.model.results import Run
from scanner.snapshot.inplace import put_in_place
from scanner.snapshot.lines import SnapshotError

SCHEMA = "posture-snapshot/1"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 28

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PART = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[a-z0-9.]+\.jsonl\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a snapshot: the resources of one type in one tenant."""

    path: str
    sha256: str
    size: int
    """Bytes, as compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Who read what, when, over which scope, and what the parts must be."""

    schema: str = SCHEMA
    run: Run
    suffixes: Suffixes
    whole_tenant: bool
    """Whether nothing narrowed the scan."""
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of subscriptions that are there and were not read, disabled ones too.

    By the id of the tenant.
    """
    tenants: tuple[str, ...]
    api_versions: dict[str, str]
    """By resource type; each reading says which it was made with."""
    parts: tuple[Part, ...] = ()


def part_path(tenant_id: str, resource_type: str) -> str:
    """Return where a type of a tenant lies; only declared types have a part."""
    return f"{tenant_id.lower()}/{resource_type.lower().replace('/', '.')}.jsonl.gz"


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Put the manifest in place, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    with put_in_place(directory / MANIFEST, directory / f"{MANIFEST}.tmp") as file:
        file.write(text + b"\n")


def read_manifest(directory: Path) -> Manifest:
    """Return a snapshot's manifest; raises SnapshotError if it is none of ours."""
    path = directory / MANIFEST
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise SnapshotError(f"{path} is larger than any manifest")
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise SnapshotError(
            f"{directory} is no snapshot: {path} cannot be read: {error.strerror}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(
            f"{path} is no manifest: {error}; restore the run or scan again"
        ) from error
    if manifest.schema != SCHEMA:
        raise SnapshotError(f"{path} has schema {manifest.schema!r}, not {SCHEMA!r}")
    _require_times(path, manifest.run)
    return manifest


def _require_times(path: Path, run: Run) -> None:
    """Raise SnapshotError unless a run says when; an interrupted one has no end."""
    for name, said in (("started", run.started), ("finished", run.finished or None)):
        if said is not None and not is_time(said):
            raise SnapshotError(
                f"{path}: run.{name} is {said!r}, no time such as 2026-01-31T08:00:00Z"
            )


def is_time(text: str) -> bool:
    """Whether a text is a time of RFC 3339, which has an offset, that UTC has too."""
    try:
        return bool(
            _TIME.fullmatch(text) and datetime.fromisoformat(text).astimezone(UTC)
        )
    except (ValueError, OverflowError):
        return False


def is_member(path: str) -> bool:
    """Whether a file of a snapshot can have a path: no other is ever written."""
    return path == MANIFEST or bool(_PART.fullmatch(path))


def require_inside(run: Path, directory: Path) -> None:
    """Raise SnapshotError for a link in a snapshot that leads out of its run.

    A run may come from elsewhere, and what is gone on with is written to.
    """
    root = os.path.realpath(run)
    for path in (directory, *directory.glob("*"), *directory.glob("*/*")):
        if not Path(os.path.realpath(path)).is_relative_to(root):
            raise SnapshotError(
                f"{path} is a link that leads out of the run: put the file itself there"
            )


def parts_on_disk(directory: Path) -> tuple[str, ...]:
    """Return the parts that are there, by the only names a part can have."""
    found = (path.relative_to(directory).as_posix() for path in directory.glob("*/*"))
    return tuple(sorted(path for path in found if _PART.fullmatch(path)))


def describe_part(directory: Path, path: str) -> Part:
    """Return a part with its hash and size."""
    with (directory / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part(path=path, sha256=digest, size=(directory / path).stat().st_size)


def verify_parts(directory: Path, manifest: Manifest) -> None:
    """Raise SnapshotError unless each part is as the manifest of a whole run says."""
    for part in manifest.parts:
        if not _PART.fullmatch(part.path):
            raise SnapshotError(f"{directory}: {part.path!r} is no part's name")
        if not (directory / part.path).is_file():
            raise SnapshotError(
                f"{directory / part.path} is missing: restore the run or scan again"
            )
        if describe_part(directory, part.path) != part:
            raise SnapshotError(
                f"{directory / part.path} is not as it was written: it was damaged or "
                "changed since; restore the run or scan again"
            )
    extra = set(parts_on_disk(directory)) - {part.path for part in manifest.parts}
    if extra:
        raise SnapshotError(f"{directory / min(extra)} was added after the run")
