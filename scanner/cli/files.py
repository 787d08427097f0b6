"""The files of a run: where they go, and that each is there whole or not at all."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from reports import FORMATS
from scanner.cli.failure import Exit, Failure
from scanner.cli.lock import LOCK, Locked, locked
from scanner.model.results import Assessment
from scanner.snapshot.inplace import put_in_place
from scanner.snapshot.manifest import MANIFEST, parts_on_disk
from scanner.snapshot.reader import Snapshot

BLOCK = 1 << 18
"""Bytes of a report that are written together."""
AHEAD = 8
"""Blocks that may wait for the disk."""


@contextmanager
def new_directory(path: Path | None) -> Iterator[Path]:
    """Make the directory of a run, and keep it to this process while the block runs.

    Raises Failure unless it is new or empty, and nobody else's.
    """
    with ExitStack() as stack:
        with _told(f"--output {path or '.'}", "name another directory"):
            directory = _made(path)
            stack.enter_context(locked(directory))
            taken = any(each.name != LOCK for each in directory.iterdir())
        if taken:
            raise Failure(
                f"--output {path} is not empty: name a new directory, "
                "or go on with that run by --resume"
            )
        yield directory


def _made(path: Path | None) -> Path:
    """Make a directory, by default one with a name that nobody has."""
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
        return path
    name = f"posture-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    path, number = Path(name), 1
    while True:
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            path = Path(f"{name}-{number}")
        else:
            return path


@contextmanager
def earlier_directory(path: Path) -> Iterator[None]:
    """Keep the directory of a run that is gone on with while the block runs.

    Raises Failure if another process has it, or it cannot be written.
    """
    with ExitStack() as stack:
        with _told(f"--resume {path}", "wait until it is over"):
            stack.enter_context(locked(path))
        yield


@contextmanager
def _told(option: str, remedy: str) -> Iterator[None]:
    """Raise Failure for a directory that cannot be kept, by the option naming it."""
    try:
        yield
    except Locked as error:
        raise Failure(f"{option}: another run writes there; {remedy}") from error
    except OSError as error:
        raise Failure(f"{option} cannot be written: {error.strerror}") from error


def write_reports(
    assessment: Assessment, directory: Path, formats: Iterable[str]
) -> list[Path]:
    """Write the files of some formats; return where they are. Raises Failure.

    Reports that are not written again tell of another state of the run, and go.
    """
    chosen = {
        file_name: render
        for name in formats
        for file_name, render in FORMATS[name].items()
    }
    path = directory
    try:
        for path in _reports(directory):
            if path.name not in chosen:
                path.unlink(missing_ok=True)
        for file_name, render in chosen.items():
            path = directory / file_name
            replace_file(path, render(assessment))
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}; make room, or gain the right "
            f"to write, and judge what was read with `posture scan --from {directory}`",
            Exit.INCOMPLETE,
        ) from error
    return [directory / file_name for file_name in chosen]


def is_of_run(path: Path, run: Path) -> bool:
    """Whether a path is, or would be, a file of a run: a report or of its snapshot."""
    path, run = path.resolve(), run.resolve()
    return path.is_relative_to(run / "snapshot") or path in (
        *_reports(run),
        run / LOCK,
    )


def _reports(directory: Path) -> Iterator[Path]:
    """Yield where each report would be, and where a kill leaves half of it."""
    for files in FORMATS.values():
        for name in files:
            yield directory / name
            yield _temporary(directory / name)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def replace_file(path: Path, chunks: Iterator[bytes]) -> None:
    """Put a file in place once all of it is on disk; raises OSError."""
    with (
        put_in_place(path, _temporary(path)) as file,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        under_way = deque[Future[int]]()
        for block in _blocks(chunks):
            under_way.append(beside.submit(file.write, block))
            if len(under_way) == AHEAD:
                under_way.popleft().result()
        for each in under_way:
            each.result()


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks joined: the disk is waited for beside what makes the next ones."""
    block = bytearray()
    for chunk in chunks:
        block += chunk
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def copy_snapshot(snapshot: Snapshot, directory: Path) -> None:
    """Put a snapshot beside the reports made of it, so that the run is whole.

    Raises Failure, and leaves nothing then.
    """
    target = directory / "snapshot"
    try:
        for name in (*parts_on_disk(snapshot.directory), MANIFEST):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(snapshot.directory / name, target / name)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise Failure(
            f"{snapshot.directory} cannot be copied to {directory}: {error.strerror}; "
            "make room or name another directory"
        ) from error
