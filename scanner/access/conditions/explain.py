"""A condition in plain English: a sentence a block, and one on what is in vain."""

from __future__ import annotations

from scanner.access.conditions.misread import in_vain
from scanner.access.conditions.partial import conjunction, disjunction, negation
from scanner.access.conditions.phrases import ANY, predicate
from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Condition,
    Exists,
    Expression,
    Literal,
    Not,
    Or,
    SubOperationMatches,
)
from scanner.access.conditions.walk import nodes


def explain(condition: Condition) -> tuple[str, ...]:
    """Return one sentence for each block that has to hold, then what is in vain."""
    whole = condition.expression
    blocks = whole.terms if isinstance(whole, And) else (whole,)
    lost = (f"{each[0].upper()}{each[1:]}." for each in in_vain(whole))
    return (*map(_sentence, blocks), *lost)


def _sentence(block: Expression) -> str:
    """Return a block in words: which calls it holds back, and to what."""
    if isinstance(block, Literal):
        return f"{'Every' if block.value else 'No'} call is allowed."
    guards, rest = _parts(block)
    if len(guards) == 1 and rest:
        calls = _calls(_push(negation(guards[0])))
        return f"{calls} is allowed only where {_words(disjunction(rest))}."
    return f"A call is allowed only where {_words(block)}."


def _parts(block: Expression) -> tuple[list[Expression], list[Expression]]:
    """Return the alternatives that are about the action alone, and the others."""
    if not isinstance(block, Or):
        return [], [block]
    guards = [term for term in block.terms if _is_about_action(term)]
    return guards, [term for term in block.terms if term not in guards]


def _is_about_action(term: Expression) -> bool:
    about = ActionMatches | SubOperationMatches | And | Or | Not
    return all(isinstance(node, about) for node in nodes(term))


def _push(term: Expression) -> Expression:
    """Return a term with its negations pushed down to what they are about."""
    match term:
        case Not(term=And(terms=terms)):
            return disjunction(_push(negation(inner)) for inner in terms)
        case Not(term=Or(terms=terms)):
            return conjunction(_push(negation(inner)) for inner in terms)
        case And(terms=terms):
            return conjunction(map(_push, terms))
        case Or(terms=terms):
            return disjunction(map(_push, terms))
        case _:
            return term


def _calls(term: Expression) -> str:
    """Return which calls a guard is about."""
    match term:
        case ActionMatches(pattern=pattern):
            return pattern
        case SubOperationMatches(pattern=pattern):
            return f"as {pattern}"
        case Not(term=ActionMatches(pattern=pattern)):
            return f"anything but {pattern}"
        case Not(term=SubOperationMatches(pattern=pattern)):
            return f"other than as {pattern}"
        case Or(terms=terms):
            return " or ".join(map(_calls, terms))
        case And(terms=terms):
            return " ".join(
                f"({_calls(one)})" if isinstance(one, Or) else _calls(one)
                for one in terms
            )
        case _:
            return predicate(term)


def _words(term: Expression) -> str:
    match term:
        case And(terms=terms):
            return " and ".join(map(_grouped, terms))
        case Or(terms=terms):
            return " or ".join(map(_grouped, terms))
        case Not(term=Exists() as inner):
            return predicate(inner).removesuffix("present") + "absent"
        case Not(term=inner):
            return _denied(_grouped(inner))
        case _:
            return predicate(term)


def _denied(words: str) -> str:
    if words.startswith(ANY):
        return "no" + words.removeprefix("any")
    return f"it is not so that {words}"


def _grouped(term: Expression) -> str:
    return f"({_words(term)})" if isinstance(term, And | Or) else _words(term)
