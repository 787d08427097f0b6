"""From the text of a condition to its tree, or to an error that says where.

NOT binds tighter than AND, and AND tighter than OR. The documentation asks for
parentheses where AND and OR meet; without them the mix is accepted and noted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from scanner.access.conditions.cursor import Cursor
from scanner.access.conditions.errors import ConditionError, position
from scanner.access.conditions.lexer import Token, TokenKind, tokens
from scanner.access.conditions.operators import spelling
from scanner.access.conditions.syntax import (
    COMMENT,
    PRECEDENCE,
    SOURCES,
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Condition,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Not,
    Note,
    Operand,
    Operator,
    Or,
    SubOperationMatches,
    ValueSet,
)
from scanner.access.conditions.values import guid, number

_IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*")
_SOURCES = {source.lower(): source for source in SOURCES}


REMEMBERED = 1024
"""Conditions that are kept: each is asked about one action after the other."""


@lru_cache(maxsize=REMEMBERED)
def parse(text: str) -> Condition:
    """Return the condition that a text says, or raise a ConditionError."""
    words = tokens(text)
    comments = [
        Note(
            COMMENT,
            "comments are not in the documented grammar",
            *position(text, word.start),
        )
        for word in words
        if word.kind is TokenKind.COMMENT
    ]
    parser = _Parser(
        text, [word for word in words if word.kind is not TokenKind.COMMENT]
    )
    expression = parser.whole()
    return Condition(text, expression, tuple(comments + parser.notes))


class _Parser(Cursor):
    """Goes through the words of a text once."""

    def __init__(self, text: str, words: Sequence[Token]) -> None:
        super().__init__(text, words)
        self.notes: list[Note] = []

    def whole(self) -> Expression:
        """Return the expression that all the words make."""
        expression = self._expression()
        if self.current.kind is not TokenKind.END:
            raise self.expected("AND, OR or the end of the condition")
        return expression

    def _expression(self) -> Expression:
        """Return terms joined by AND and OR: alternatives of what holds together."""
        alternatives: list[list[Expression]] = [[self._term()]]
        joints: list[Token] = []
        while self.current.kind in (TokenKind.AND, TokenKind.OR):
            joints.append(self.take())
            if joints[-1].kind is TokenKind.OR:
                alternatives.append([])
            alternatives[-1].append(self._term())
        self._note_mix(joints)
        return _either([_all(terms) for terms in alternatives])

    def _note_mix(self, joints: Sequence[Token]) -> None:
        odd = next((one for one in joints if one.kind is not joints[0].kind), None)
        if odd is not None:
            message = "AND and OR are mixed without parentheses; AND binds tighter"
            place = position(self.text, odd.start)
            self.notes.append(Note(PRECEDENCE, message, *place))

    def _term(self) -> Expression:
        """Return a predicate or what is in parentheses, with its negations."""
        negations: list[Token] = []
        while self.current.kind is TokenKind.NOT:
            negations.append(self.take())
            self.deepen()
        term = self._group() if self.at("(") else self._predicate()
        for negation in reversed(negations):
            term = Not(term, negation.start)
        self.rise(len(negations))
        return term

    def _group(self) -> Expression:
        opening = self.take()
        self.deepen()
        expression = self._expression()
        line, column = position(self.text, opening.start)
        self.require(")", f"to close the '(' of line {line}, column {column}")
        self.rise()
        return expression

    def _predicate(self) -> Expression:
        start = self.current.start
        if self.current.text.lower() == "exists":
            self.take()
            return Exists(self._attribute("after Exists"), start)
        left = self._braced() or self._operand("an attribute, a function or '('")
        if self.current.kind is TokenKind.WORD:
            return self._comparison(left)
        match left:
            case Call():
                return _known_function(left)
            case Constant(kind=Kind.BOOLEAN):
                return Literal(left.value is True, start)
        raise self.expected(f"an operator after {_kind_of(left)}")

    def _comparison(self, left: Operand) -> Expression:
        operator = self._operator(left)
        right = self._operand(f"a value or an attribute after {operator.text}")
        return Comparison(left, operator, right, left.start)

    def _operator(self, left: Operand) -> Operator:
        if not _IDENTIFIER.fullmatch(self.current.text):
            raise self.expected(f"an operator after {_kind_of(left)}")
        name = spelling(self.take().text)
        if not self.accept(":"):
            return Operator(name)
        if not _IDENTIFIER.fullmatch(self.current.text):
            raise self.expected(f"an operator after {name}:")
        return Operator(spelling(self.take().text), cross=name)

    def _operand(self, what: str) -> Operand:
        token = self.current
        match token.kind:
            case TokenKind.ATTRIBUTE:
                return self._attribute(what)
            case TokenKind.STRING:
                return Constant(Kind.TEXT, self.take().text[1:-1], token.start)
            case TokenKind.MOMENT:
                return Constant(Kind.MOMENT, self.take().text, token.start)
            case TokenKind.WORD:
                return self._bare(what)
        if self.accept("{"):
            return ValueSet(self._members("}"), token.start)
        raise self.expected(what)

    def _attribute(self, what: str) -> Attribute:
        if self.current.kind is not TokenKind.ATTRIBUTE:
            raise self.expected(f"an attribute {what}")
        token = self.current
        source, name = map(str.strip, token.text[1:-1].split("[", 1))
        if not name:
            raise self.expected("the name of an attribute between the brackets")
        self.take()
        return Attribute(_SOURCES.get(source.lower(), source), name, token.start)

    def _bare(self, what: str) -> Operand:
        """Return a value without quotes, or a function."""
        constant = _constant(self.current)
        if constant is not None:
            self.take()
            return constant
        if self.following.text != "(" or not _IDENTIFIER.fullmatch(self.current.text):
            raise self.expected(what)
        name = self.take()
        self.take()
        return Call(name.text, self._arguments(), start=name.start)

    def _arguments(self) -> tuple[Operand, ...]:
        self.deepen()
        found: list[Operand] = []
        while not self.accept(")"):
            if found:
                self.require(",", "or ')' after an argument")
            found.append(self._operand("an argument"))
        self.rise()
        return tuple(found)

    def _braced(self) -> Call | None:
        """Return `Name{...}` where that is next."""
        name = self.current
        if name.kind is not TokenKind.WORD or not _IDENTIFIER.fullmatch(name.text):
            return None
        if self.following.text != "{":
            return None
        self.take()
        self.take()
        return Call(name.text, self._members("}"), braces=True, start=name.start)

    def _members(self, closing: str) -> tuple[Constant, ...]:
        found = [self._member()]
        while not self.accept(closing):
            self.require(",", f"or '{closing}' after a value")
            found.append(self._member())
        return tuple(found)

    def _member(self) -> Constant:
        if self.current.kind is TokenKind.ATTRIBUTE or self.at("{"):
            raise self.expected("a value")
        place = self.current.start
        member = self._operand("a value")
        if isinstance(member, Constant):
            return member
        raise ConditionError.at(self.text, place, "expected a value, found a function")


def _either(terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Or(tuple(terms), terms[0].start)


def _all(terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else And(tuple(terms), terms[0].start)


def _constant(word: Token) -> Constant | None:
    """Return the value that a word without quotes is."""
    text = word.text
    if text.lower() in ("true", "false"):
        return Constant(Kind.BOOLEAN, text.lower(), word.start)
    if guid(text) is not None:
        return Constant(Kind.GUID, text, word.start)
    if number(text) is not None:
        return Constant(Kind.NUMBER, text, word.start)
    return None


def _known_function(call: Call) -> Expression:
    """Return a documented function of one string; any other stays a call."""
    match call:
        case Call(braces=True, arguments=(Constant(kind=Kind.TEXT) as only,)):
            match call.name.lower():
                case "actionmatches":
                    return ActionMatches(only.raw, call.start)
                case "suboperationmatches":
                    return SubOperationMatches(only.raw, call.start)
    return call


def _kind_of(operand: Operand) -> str:
    match operand:
        case Attribute():
            return "the attribute"
        case Constant():
            return "the value"
        case ValueSet():
            return "the set"
        case Call(name=name):
            return name
