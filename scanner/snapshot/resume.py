"""Take up an interrupted snapshot: keep what is whole, so that the rest is read."""

from __future__ import annotations

import gzip
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import msgspec

from scanner.snapshot.inplace import put_in_place
from scanner.snapshot.lines import Line, ResourceLine, decode
from scanner.snapshot.manifest import parts_on_disk, write_manifest
from scanner.snapshot.reader import Snapshot


def keep_whole(snapshot: Snapshot) -> None:
    """Drop from a snapshot's parts every read that was cut off or left a gap.

    Each part is replaced whole, so that being killed here loses nothing either.
    """
    unfinished = replace(snapshot.manifest.run, complete=False)
    write_manifest(
        snapshot.directory, replace(snapshot.manifest, run=unfinished, parts=())
    )
    for path in parts_on_disk(snapshot.directory):
        _rewrite(snapshot.directory / path, strict=snapshot.complete)


def _rewrite(part: Path, *, strict: bool) -> None:
    pending: dict[str, list[Line]] = defaultdict(list)
    whole_part = put_in_place(part, part.with_suffix(".tmp"))
    with whole_part as packed, gzip.open(packed, "wb") as file:
        for line in decode(part, strict=strict):
            if isinstance(line, ResourceLine):
                pending[line.scope].append(line)
                continue
            found = pending.pop(line.reading.scope, [])
            whole = line.reading.whole and len(found) == line.reading.count
            for kept in [*found, line] if whole else ():
                file.write(msgspec.json.encode(kept) + b"\n")
