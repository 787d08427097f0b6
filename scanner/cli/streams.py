"""Standard output and error: what they cannot take never decides how a command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from io import TextIOWrapper
from typing import TextIO, cast


class Stream:
    """A standard stream, which may be closed or full before all is told.

    What follows is then let go. What its encoding has no character for is a `?`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding
        self.lost: OSError | None = None
        """Why not all was written."""
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write text, or let it go."""
        with self._kept():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or let it go."""
        with self._kept():
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether somebody sits before it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor; raises OSError where there is none."""
        return self._stream.fileno()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.lost = error
            # Python writes what is left in the buffer once more when it ends.
            with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - no path to it
                os.dup2(nothing.fileno(), self.fileno())


@contextmanager
def standard_streams() -> Iterator[Stream | None]:
    """Write to such streams while the block runs; yield standard output.

    None where the command was started without one.
    """
    with ExitStack() as stack:
        if sys.stderr is not None:
            errors = cast("TextIO", Stream(sys.stderr))
            stack.enter_context(redirect_stderr(errors))
        if sys.stdout is None:
            yield None
            return
        output = Stream(sys.stdout)
        stack.enter_context(redirect_stdout(cast("TextIO", output)))
        yield output
