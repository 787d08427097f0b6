"""The lines of a part, and the gzip stream they are in."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from scanner.model.coverage import Reading

CHUNK = 1 << 16
LONGEST_LINE = 1 << 26
"""No ARM resource is longer; a line that is comes from no scan of ours."""
MOST = 128
"""How many times its size a part holds at most: invented estates reach 70, real 20."""


class SnapshotError(Exception):
    """A snapshot cannot be read or written; the message names the file and why."""


def unreadable(path: Path, error: OSError) -> SnapshotError:
    """Return what is told of a file of a snapshot that the system does not give."""
    name, why = error.filename or path, error.strerror or error
    return SnapshotError(f"{name} cannot be read: {why}; name a run that you may read")


class ResourceLine(msgspec.Struct, frozen=True, tag="resource", tag_field="line"):
    """A resource, and the scope of the read that found it."""

    scope: str
    body: msgspec.Raw


class ReadingLine(msgspec.Struct, frozen=True, tag="reading", tag_field="line"):
    """What became of a read; `at` is UTC, RFC 3339."""

    at: str
    reading: Reading


Line = ResourceLine | ReadingLine

_decoder = msgspec.json.Decoder(Line)


def decode(path: Path, *, strict: bool) -> Iterator[Line]:
    """Yield the lines of a part; with `strict` off, a cut-off end is just the end.

    Raises SnapshotError for a part that is damaged rather than cut off.
    """
    for number, text in enumerate(_texts(path, strict=strict), 1):
        try:
            yield _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SnapshotError(f"{path}, line {number}: {error}") from error


def _texts(path: Path, *, strict: bool) -> Iterator[bytes]:
    """Yield whole lines; what follows the last newline was cut off."""
    pieces: list[bytes] = []
    length = whole_length = 0
    for chunk in _inflate(path, strict=strict):
        whole_length += len(chunk)
        end, *others = chunk.split(b"\n")
        pieces.append(end)
        length += len(end)
        if others:
            yield b"".join(pieces)
            *whole, rest = others
            yield from whole
            pieces, length = [rest], len(rest)
        if length > LONGEST_LINE:
            raise SnapshotError(f"{path}: a line is longer than {LONGEST_LINE} bytes")
        if whole_length > LONGEST_LINE and whole_length > MOST * path.stat().st_size:
            raise SnapshotError(f"{path} holds more than any part of its size does")
    if length and strict:
        raise SnapshotError(f"{path} ends in the middle of a line")


def _inflate(path: Path, *, strict: bool) -> Iterator[bytes]:
    """Yield what a file of one or more gzip members holds, in bounded chunks."""
    try:
        with gzip.open(path) as file:
            while chunk := file.read1(CHUNK):
                yield chunk
    except EOFError as error:
        if strict:
            raise SnapshotError(f"{path} is cut off") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SnapshotError(f"{path} cannot be read: {error}") from error
    except OSError as error:
        raise unreadable(path, error) from error
