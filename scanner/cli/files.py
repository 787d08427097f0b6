"""The files of a run: where they go, and that each is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from reports import FORMATS
from scanner.cli.failure import Failure
from scanner.model.results import Assessment
from scanner.snapshot.manifest import MANIFEST, parts_on_disk
from scanner.snapshot.reader import Snapshot


def new_directory(path: Path | None) -> Path:
    """Make the directory of a run; raises Failure unless it is new or empty."""
    if path is None:
        path = Path(f"posture-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise Failure(
                f"--output {path} is not empty: name a new directory, "
                "or go on with that run by --resume"
            )
        (path / ".posture").touch()
        (path / ".posture").unlink()
    except OSError as error:
        raise Failure(f"--output {path} cannot be written: {error.strerror}") from error
    return path


def write_reports(
    assessment: Assessment, directory: Path, formats: Iterable[str]
) -> list[Path]:
    """Write the files of some formats; return where they are. Raises Failure."""
    written = []
    for name in formats:
        for file_name, render in FORMATS[name].items():
            path = directory / file_name
            try:
                replace_file(path, render(assessment))
            except OSError as error:
                raise Failure(
                    f"{path} cannot be written: {error.strerror}; what was read is in "
                    f"{directory / 'snapshot'}, judge it again with --from"
                ) from error
            written.append(path)
    return written


def replace_file(path: Path, chunks: Iterator[bytes]) -> None:
    """Put a file in place once all of it is on disk; raises OSError."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
