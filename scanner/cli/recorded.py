"""What a run recorded in its results.json, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from sys import intern
from typing import Any, TypeVar

import msgspec

from scanner.cli.failure import Failure
from scanner.model.evidence import Evidence, Known
from scanner.model.judged import Judged, Row
from scanner.model.results import SCHEMA, Run
from scanner.model.settings import Settings
from scanner.snapshot.manifest import is_time

RESULTS = "results.json"


class Header(msgspec.Struct, frozen=True):
    """results.json without its results."""

    schema: str
    run: Run
    summary: Mapping[str, Any]


class Document(Header, frozen=True):
    """results.json, as far as it is read back."""

    results: tuple[msgspec.Raw, ...]
    drift: msgspec.Raw = msgspec.Raw()
    trend: msgspec.Raw = msgspec.Raw()


D = TypeVar("D", bound=Header)
T = TypeVar("T")


def folder_of(run: Path) -> Path:
    """Return where the files of a run are; it may be named by its results.json."""
    return run if run.is_dir() else run.parent


def header(run: Path) -> Header:
    """Return what stands before the results, which may be most of it; raises Failure.

    A file that was laid out anew since is read whole.
    """
    return _read(run, Header, until=b',\n"results":')


def document(run: Path) -> Document:
    """Return the results.json of a run; raises Failure if there is none of ours."""
    found = _read(run, Document)
    try:
        settings_of(found.run)
    except msgspec.ValidationError as error:
        told = f"{file_of(run)} has settings that are none of ours: {error}"
        raise Failure(told) from error
    return found


def recorded(run: Path) -> Judged:
    """Return what a run answered when it was judged; raises Failure."""
    found = document(run)
    decoder = msgspec.json.Decoder(Row)
    rows = (_decoded(run, decoder, each) for each in found.results)
    return Judged(run=found.run, rows=tuple(_sharing(rows)))


def settings_of(run: Run) -> Settings:
    """Return the settings of a run, today's defaults where it names none.

    Raises msgspec.ValidationError for settings that are none of ours.
    """
    return msgspec.convert(dict(run.settings), Settings)


def file_of(run: Path) -> Path:
    """Return the results.json of a run, which may be named by its directory."""
    return run / RESULTS if run.is_dir() else run


def _read(run: Path, shape: type[D], until: bytes = b"") -> D:
    path = run
    try:
        path = file_of(run)
        content = _content(path)
    except OSError as error:
        raise Failure(
            f"{path} cannot be read: {error.strerror}; name the directory of a run, as "
            "`posture scan -o DIR` leaves it"
        ) from error
    end = content.find(until) if until else -1
    text = content if end < 0 else content[:end] + b"}"
    found = _decoded(run, msgspec.json.Decoder(shape), text)
    if found.schema != SCHEMA:
        raise Failure(
            f"{path} has schema {found.schema!r}, not {SCHEMA!r}: another version of "
            "posture wrote it"
        )
    _require_times(path, found.run)
    return found


def _require_times(path: Path, run: Run) -> None:
    """Raise Failure unless a run says when it was; others print that as it stands."""
    for said in filter(None, (run.started, run.finished)):
        if not is_time(said):
            raise Failure(f"{path} tells of a run at {said!r}, which is no time")


def _content(path: Path) -> mmap | bytes:
    """Return what a file holds, if it can be had without a copy; raises OSError."""
    with path.open("rb") as file:
        try:
            return mmap(file.fileno(), 0, access=ACCESS_READ)
        except (OSError, ValueError):  # It is empty, or a pipe.
            return file.read()


def _decoded(
    run: Path, decoder: msgspec.json.Decoder[T], text: mmap | bytes | msgspec.Raw
) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(
            f"{file_of(run)} is no results.json of posture: {error}; judge the run "
            f"again with `posture scan --from {folder_of(run)} -o NEW`, and move the "
            "damaged one out of the folder of runs"
        ) from error


_TEXTS = [each.name for each in fields(Row) if each.type == "str"]


def _sharing(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows that have in common what they say alike: a large run fits then."""
    known: Known = {}
    for row in rows:
        texts: dict[str, Any] = {name: intern(getattr(row, name)) for name in _TEXTS}
        evidence = tuple(_kept(each, known) for each in row.evidence)
        yield replace(row, evidence=evidence, **texts)


def _kept(evidence: Evidence, known: Known) -> Evidence:
    key = (evidence.resource_id, evidence.path)
    kept = known.setdefault(key, evidence)
    return kept if kept.tells(evidence.value, evidence.api_version) else evidence
