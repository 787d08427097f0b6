"""An archive with one spelling: the same members always give the same bytes.

Members are stored, not deflated: what a deflater makes depends on its version.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

LARGEST = 1 << 32
"""Bytes of a pack that are read at most."""

_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_BROKEN = (
    *(zipfile.BadZipFile, EOFError, NotImplementedError, OverflowError),
    *(RuntimeError, ValueError, struct.error),
)
"""What zipfile raises at bytes that are no archive."""


class PackError(Exception):
    """A pack is not what it should be; says the first thing that is wrong."""


def packed(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of some members, in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, _MODE
            archive.writestr(entry, members[name])
    return buffer.getvalue()


def unpacked(path: Path) -> dict[str, bytes]:
    """Return the members of an archive; raises PackError unless `packed` made it.

    Any byte that is not as `packed` would write it is found here, wherever it is.
    """
    content = _content(path)
    try:
        members = dict(_members(content))
    except _BROKEN as error:
        raise PackError(f"{path} is no pack: {error}") from error
    if packed(members) != content:
        raise PackError(f"{path} was not written as one piece: bytes were changed")
    return members


def _content(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise PackError(f"{path} is larger than any pack")
    return path.read_bytes()


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED:
                raise PackError(f"{entry.filename} is compressed: no pack has that")
        if sum(entry.file_size for entry in entries) > len(content):
            raise PackError("members lie over one another: no pack has that")
        for entry in entries:
            yield entry.filename, archive.read(entry)
