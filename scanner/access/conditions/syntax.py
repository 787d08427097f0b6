"""A condition as a tree: frozen, comparable whatever the layout it was written in.

Each node knows the offset in the text at which it starts; two nodes are equal
wherever they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import TypeAlias

from scanner.access.conditions.errors import position
from scanner.access.conditions.values import Scalar, boolean, number

CASE_SENSITIVE = "<$key_case_sensitive$>"
KEYS = "&$keys$&"
SOURCES = ("Request", "Resource", "Principal", "Environment")
"""Where attributes come from ("Azure role assignment condition format", attributes)."""


@unique
class Kind(Enum):
    """How a constant is written."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    GUID = "guid"
    MOMENT = "date-time"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the condition; the raw text of a string is between quotes."""

    kind: Kind
    raw: str
    start: int = field(default=0, compare=False, repr=False)

    @property
    def value(self) -> Scalar:
        r"""What it stands for; a quote in a string is written `\'`."""
        match self.kind:
            case Kind.BOOLEAN:
                return boolean(self.raw) is True
            case Kind.NUMBER:
                found = number(self.raw)
                return self.raw if found is None else found
            case Kind.TEXT:
                return self.raw.replace("\\'", "'")
            case _:
                return self.raw


@dataclass(frozen=True, slots=True)
class Attribute:
    """`@Source[path:key]`, its name as it is written between the brackets."""

    source: str
    name: str
    start: int = field(default=0, compare=False, repr=False)

    @property
    def text(self) -> str:
        """It as it is written."""
        return f"@{self.source}[{self.name}]"

    @property
    def bare(self) -> str:
        """The name without the mark that its key is case-sensitive."""
        return self.name.removesuffix(CASE_SENSITIVE)

    @property
    def is_case_sensitive(self) -> bool:
        """Whether its key compares with case."""
        return self.name.endswith(CASE_SENSITIVE)

    @property
    def is_keys(self) -> bool:
        """Whether it is the set of keys rather than the value of one."""
        return self.bare.lower().endswith(KEYS)

    @property
    def path(self) -> str:
        """What has the key, in lower case."""
        bare = self.bare.lower()
        return bare.removesuffix(KEYS) if self.is_keys else bare.partition(":")[0]

    @property
    def key(self) -> str:
        """The key; empty where there is none."""
        return "" if self.is_keys else self.bare.partition(":")[2]


@dataclass(frozen=True, slots=True)
class ValueSet:
    """`{value, value}`."""

    members: tuple[Constant, ...]
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is not documented for Azure; what it gives is unknown."""

    name: str
    arguments: tuple[Operand, ...]
    braces: bool = False
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, spelt as documented where it is known, and its cross product."""

    name: str
    cross: str = ""

    @property
    def text(self) -> str:
        """It as it is written."""
        return f"{self.cross}:{self.name}" if self.cross else self.name


@dataclass(frozen=True, slots=True)
class Literal:
    """Always, or never."""

    value: bool
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ActionMatches:
    """Whether the action of the request is one that a pattern means."""

    pattern: str
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SubOperationMatches:
    """Whether the request is one suboperation of its action."""

    pattern: str
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether an attribute is there."""

    attribute: Attribute
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and how they compare."""

    left: Operand
    operator: Operator
    right: Operand
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a term."""

    term: Expression
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """Terms that all hold."""

    terms: tuple[Expression, ...]
    start: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Terms of which one holds."""

    terms: tuple[Expression, ...]
    start: int = field(default=0, compare=False, repr=False)


Operand: TypeAlias = Attribute | Constant | ValueSet | Call
Atom: TypeAlias = (
    Literal | ActionMatches | SubOperationMatches | Exists | Comparison | Call
)
Expression: TypeAlias = Atom | Not | And | Or


@dataclass(frozen=True, slots=True)
class Note:
    """Something unusual that was accepted, and where."""

    kind: str
    message: str
    line: int
    column: int


COMMENT = "comment"
PRECEDENCE = "precedence"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, what it says, and what was unusual in writing it."""

    text: str
    expression: Expression
    notes: tuple[Note, ...] = ()

    def position(self, start: int) -> tuple[int, int]:
        """Return the line and column of a node by the offset it starts at."""
        return position(self.text, start)
