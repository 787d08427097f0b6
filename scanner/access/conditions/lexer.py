"""The words of a condition, each with the offset it starts at.

Source: "Azure role assignment condition format and syntax". Comments are not in it;
conditions with `#` comments are published all the same, so they are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, unique

from scanner.access.conditions.errors import ConditionError


@unique
class TokenKind(Enum):
    """What a token is."""

    ATTRIBUTE = "an attribute"
    STRING = "a string"
    MOMENT = "a date-time"
    WORD = "a word"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    SYMBOL = "a symbol"
    COMMENT = "a comment"
    END = "the end of the condition"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and the offset it starts at."""

    kind: TokenKind
    text: str
    start: int

    @property
    def shown(self) -> str:
        """It as an error shows it: short, and without control characters."""
        if self.kind is TokenKind.END:
            return TokenKind.END.value
        return shown(self.text)


_TOKEN = re.compile(
    r"""
      (?P<SPACE>[\s\ufeff]+)
    | (?P<COMMENT>\#[^\n]*)
    | (?P<ATTRIBUTE>@\s*[A-Za-z_]\w*\s*\[[^\]]*\])
    | (?P<STRING>'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<MOMENT>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)
    | (?P<AND>&&)
    | (?P<OR>\|\|)
    | (?P<SYMBOL>[(){},:!])
    | (?P<WORD>[^\s(){}\[\],:!&|'"@\#\ufeff]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_LOGIC = {"and": TokenKind.AND, "or": TokenKind.OR, "not": TokenKind.NOT}
_LONGEST_SHOWN = 40


def shown(written: str) -> str:
    """Return a text between quotes, cut short, its control characters spelt out."""
    short = written[:_LONGEST_SHOWN]
    cut = "…" if len(written) > _LONGEST_SHOWN else ""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in short)
    return plain + cut if plain.startswith("'") else f"'{plain}{cut}'"


def tokens(text: str) -> list[Token]:
    """Return the words of a text, comments among them, and its end."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionError.at(text, position, _complaint(text, position))
        if match.lastgroup != "SPACE":
            found.append(_token(match))
        position = match.end()
    found.append(Token(TokenKind.END, "", len(text)))
    return found


def _token(match: re.Match[str]) -> Token:
    kind = TokenKind[match.lastgroup or ""]
    written = match.group()
    if kind is TokenKind.WORD:
        kind = _LOGIC.get(written.lower(), kind)
    if written == "!":
        kind = TokenKind.NOT
    return Token(kind, written, match.start())


def _complaint(text: str, position: int) -> str:
    """Return what is wrong where no word can be made out."""
    match text[position]:
        case "'":
            return "expected a closing quote for the string that starts here"
        case "@":
            return "expected an attribute such as @Resource[path:name]"
        case "&" | "|" as char:
            return f"expected {char * 2}, found a single {shown(char)}"
        case '"' | "\N{LEFT SINGLE QUOTATION MARK}" | "\N{RIGHT SINGLE QUOTATION MARK}":
            return "expected text between single quotes ('), found another quote"
        case char:
            return f"expected a word, a value or a bracket, found {shown(char)}"
