"""What ends a command early: one line, with the cause and the next step."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    NOTHING_READ = 4
    BUG = 70
    """A fault of ours (EX_SOFTWARE); no other code is ever used for one."""


class Failure(Exception):  # noqa: N818 - what the user is told, not how it is caught
    """A command cannot go on."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
