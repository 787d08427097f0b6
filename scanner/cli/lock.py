"""One process at a time writes into the directory of a run."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

LOCK = ".posture.lock"


class Locked(Exception):  # noqa: N818 - another process is at work, nothing is wrong
    """Another process writes into a directory."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep a directory to this process while the block runs.

    The system lets go of it when a process ends, however it ends. Raises Locked, or
    OSError where nothing can be written.
    """
    path = directory / LOCK
    with path.open("ab") as file:
        _take(file)
        _require_same(file, path)
        try:
            yield
        finally:
            # Windows removes nothing that is open: there it stays, and is in no way.
            with suppress(OSError):
                path.unlink()


def _take(file: BinaryIO) -> None:
    """Lock a file; some network drives know no locks, and are written to all the same.

    Raises Locked.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise Locked from error
    except OSError as error:
        log.warning(
            "%s cannot be locked (%s): let no other run write there",
            file.name,
            error.strerror,
        )


def _require_same(file: BinaryIO, path: Path) -> None:
    """Raise Locked if who had the lock removed the file as it was being opened."""
    try:
        same = os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        same = False
    if not same:
        raise Locked
