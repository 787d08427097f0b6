"""Where in a condition something is, and what is wrong there."""

from __future__ import annotations


def position(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of an offset, both counted from 1."""
    before = text[: max(offset, 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class ConditionError(ValueError):
    """The text is not a condition: what was expected, and where."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column

    @classmethod
    def at(cls, text: str, offset: int, message: str) -> ConditionError:
        """Return the error of an offset of a text."""
        return cls(message, *position(text, offset))
