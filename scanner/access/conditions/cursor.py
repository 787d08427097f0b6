"""A place in the words of a condition, and what is expected there."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.lexer import Token, TokenKind

DEEPEST = 100
"""How deep parentheses and negations may be nested."""


class Cursor:
    """Goes through words from the first to the end."""

    def __init__(self, text: str, words: Sequence[Token]) -> None:
        self.text = text
        self._words = words
        self._index = 0
        self._depth = 0

    @property
    def current(self) -> Token:
        """The word that is next."""
        return self._words[self._index]

    @property
    def following(self) -> Token:
        """The word after the next one."""
        return self._words[min(self._index + 1, len(self._words) - 1)]

    def take(self) -> Token:
        """Return the next word and go past it; the end stays."""
        token = self.current
        self._index += token.kind is not TokenKind.END
        return token

    def at(self, symbol: str) -> bool:
        """Return whether a symbol is next."""
        return self.current.kind is TokenKind.SYMBOL and self.current.text == symbol

    def accept(self, symbol: str) -> bool:
        """Go past a symbol if it is next, and return whether it was."""
        found = self.at(symbol)
        self._index += found
        return found

    def require(self, symbol: str, why: str) -> None:
        """Go past a symbol that has to be next."""
        if not self.accept(symbol):
            raise self.expected(f"'{symbol}' {why}")

    def expected(self, what: str) -> ConditionError:
        """Return the error that something else is next."""
        return self.error(f"expected {what}, found {self.current.shown}")

    def error(self, message: str) -> ConditionError:
        """Return an error of where the next word is."""
        return ConditionError.at(self.text, self.current.start, message)

    def deepen(self) -> None:
        """Go one level down, if there is one left."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.error(f"expected at most {DEEPEST} levels of nesting")

    def rise(self, levels: int = 1) -> None:
        """Come back up."""
        self._depth -= levels
