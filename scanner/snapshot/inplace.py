"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def put_in_place(path: Path, temporary: Path) -> Iterator[BinaryIO]:
    """Open a file that takes a path's place once all of it is on disk.

    Raises OSError. Where the block raises, nothing is left of it. What was there under
    the temporary name, which may be a link to somebody's file, is not written to.
    """
    temporary.unlink(missing_ok=True)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
