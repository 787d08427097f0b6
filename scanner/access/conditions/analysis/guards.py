"""Which actions a condition restricts, and which it leaves as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from functools import partial
from itertools import chain
from typing import TypeAlias

from scanner.access.conditions.analysis.catalogue import (
    DELEGATION,
    FAMILIES,
    Family,
    action_patterns,
    families_of,
    grants,
    is_documented,
    misplaced,
    named_actions,
    sub_operations,
)
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.booleans import asked_by
from scanner.access.conditions.certain import claims_of, is_always_there
from scanner.access.conditions.documented import (
    calls_of,
    is_nowhere,
    may_miss,
)
from scanner.access.conditions.partial import (
    Fact,
    assume,
    at_most,
    negation,
    residual,
    rewrite,
    without_nowhere,
)
from scanner.access.conditions.solve import There, may_hold
from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Atom,
    Attribute,
    Comparison,
    Condition,
    Expression,
    Literal,
    Or,
)
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import attributes_of, nodes
from scanner.access.facts import Block
from scanner.access.patterns import includes, matches_action, may_overlap

Call: TypeAlias = tuple[str, str | None]
"""An action, and the suboperation it is called as."""

_UNNAMED: Call = ("\N{REPLACEMENT CHARACTER}", None)
"""A call that no condition names: blocks, unlike lists of what is allowed, let it."""


@unique
class Outcome(Enum):
    """What a condition does to an action."""

    UNRESTRICTED = "unrestricted"
    DENIED = "denied"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a condition does to one action, and what it asks of it."""

    action: str
    outcome: Outcome
    residual: Expression


def guarded_actions(
    condition: Condition | Expression, actions: Iterable[str]
) -> tuple[Guard, ...]:
    """Return what a condition does to each of some actions."""
    whole = condition.expression if isinstance(condition, Condition) else condition
    return tuple(_guard(action, residual(whole, action)) for action in actions)


def _guard(action: str, left: Expression) -> Guard:
    there = there_at(action)
    if not may_hold(left, there=there):
        return Guard(action, Outcome.DENIED, left)
    if is_open(left, there=there):
        return Guard(action, Outcome.UNRESTRICTED, left)
    return Guard(action, Outcome.RESTRICTED, left)


def there_at(action: str) -> There:
    """Return what tells the attributes that every call of an action has a value of."""
    return lambda each: is_always_there(each) and not may_miss(each, action)


def is_open(left: Expression, *, there: There = is_always_there) -> bool:
    """Return whether what is asked of an action always holds.

    Attributes that no call has are absent.
    """
    return not may_hold(negation(without_nowhere(left)), there=there)


def may_be_open(left: Expression) -> bool:
    """Return whether what is asked of an action may always hold, for all that is told.

    What is not documented may come to anything.
    """
    return is_open(at_most(left))


def coverage(subject: Subject) -> Iterator[Fault]:
    """Find actions on the same data that a condition leaves as they were.

    An action that no block names stays allowed ("Azure role assignment condition
    format", how a condition is evaluated).
    """
    for family in FAMILIES:
        if family is not DELEGATION:
            yield from _family_coverage(subject, family)


def _family_coverage(subject: Subject, family: Family) -> Iterator[Fault]:
    prefix = family.prefix.lower()
    judged = [one for one in subject.actions if one.lower().startswith(prefix)]
    asked = [one for one in judged if not all(map(is_open, subject.residuals(one)))]
    free = [one for one in judged if is_open(subject.residual(one))]
    if not asked or not free:
        return
    held = [one for one in asked if one not in free]
    names = [[one[len(prefix) :] for one in part] for part in (held, free)]
    only = f"only {_named(names[0], 'is', 'are')}" if held else "none is always"
    yield subject.fault(
        "abac-action-coverage",
        subject.guard_of(asked[0]),
        f"of the actions on {family.about} {only} restricted; "
        f"{_named(names[1], 'stays', 'stay')} allowed without condition",
        fails=_reads_only(family, *names),
    )


def _named(names: list[str], one: str, many: str) -> str:
    """Return names with the verb that goes with their number."""
    return f"{', '.join(names)} {one if len(names) == 1 else many}"


def _reads_only(family: Family, held: Iterable[str], free: Iterable[str]) -> bool:
    """Return whether reading the data is restricted, and changing it is not."""
    reading = [name.lower() for name in family.reading]
    restricted, left = ({name.lower() for name in part} for part in (held, free))
    guards_data = reading[0] in restricted and restricted.issubset(reading)
    return guards_data and not left.issubset(reading)


def support(subject: Subject) -> Iterator[Fault]:
    """Find a condition on a role that grants nothing for it to restrict.

    Only some services ask for conditions, and each for its own actions.
    """
    if not subject.role_known:
        return
    if not any(_is_restrictable(subject, family) for family in FAMILIES):
        fault = "the role grants no action that conditions are documented to restrict"
    elif not _grants_named(subject):
        fault = (
            "the role grants none of the actions that the condition names and "
            "conditions are documented to restrict"
        )
    else:
        return
    start = subject.guard_of()
    yield subject.fault("abac-role-supported", start, f"{fault}: it has no effect")


def _is_restrictable(subject: Subject, family: Family) -> bool:
    return any(
        grants(block, action, data=family.on_data)
        for block in subject.role
        for action in family.restrictable
    )


def _grants_named(subject: Subject) -> bool:
    """Return whether the role grants an action that is named, as far as is known."""
    patterns = action_patterns(subject.expression)
    return not patterns or any(_grants_one_of(subject.role, one) for one in patterns)


def _grants_one_of(role: Sequence[Block], pattern: str) -> bool:
    """Return whether a role grants what a pattern means and conditions may restrict.

    That may be any action on data, but for services that are documented.
    """
    meant = [
        (action, family.on_data)
        for family in FAMILIES
        for action in family.restrictable
        if matches_action(pattern, action)
    ]
    if not meant and "*" in pattern:
        listed = chain.from_iterable(block.data_actions for block in role)
        return any(may_overlap(pattern, one) for one in listed)
    other = [] if is_documented(pattern) else [(pattern, True)]
    return any(
        grants(block, action, data=data)
        for block in role
        for action, data in meant or other
    )


def tautologies(subject: Subject) -> Iterator[Fault]:
    """Find blocks that guard different calls and are joined by OR.

    Each block is true for the calls it does not name, and so is the whole. Whatever
    else is true for every call, and asks something or is all there is, is found too.
    """
    calls = _named_calls(subject.expression)
    parts = _conjuncts(subject.expression)
    idle = [part for part in parts if _holds_always(subject, part)]
    for part in parts:
        alternatives = (node.terms for node in nodes(part) if isinstance(node, Or))
        futile = [found for terms in alternatives if (found := _futile(terms, calls))]
        yield from (_tautology(subject, *found) for found in futile)
        asks = attributes_of(part) or len(idle) == len(parts)
        if part in idle and asks and not futile:
            yield _idle(subject, part)


def _conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts that all have to hold."""
    return expression.terms if isinstance(expression, And) else (expression,)


def _holds_always(subject: Subject, part: Expression) -> bool:
    """Return whether a part is true for every call: what it names, and all else.

    So too for a call on each of the other data that the whole is about: what has its
    attributes on some data has none of them there.
    """
    own = families_of(part)
    others = (each for each in families_of(subject.expression) if each not in own)
    elsewhere = (next(filter(subject.has, each.restrictable), "") for each in others)
    asked = (residual(part, action) for action in elsewhere if action)
    return all(map(is_open, chain(_by_name(part), asked)))


def _by_name(part: Expression) -> Iterator[Expression]:
    """Yield what a part asks of each of the actions that it names, and of all else.

    Of all on the same data, as whatever they are called as, with what they lack.
    """
    left = assume(part, lambda _: Fact.FREE)
    wide = (one for one in action_patterns(part) if "*" in one)
    for named in (None, *wide):
        yield rewrite(left, partial(_as_named, named))
    data = (one for family in families_of(part) for one in family.restrictable)
    for action in dict.fromkeys((*named_actions(part), *data)):
        for call in calls_of(action, sub_operations(part)):
            yield residual(part, action, call)
        yield assume(residual(part, action), partial(_missed, action))


def _missed(action: str, attribute: Attribute) -> Values | Fact:
    return Fact.ABSENT if may_miss(attribute, action) else Fact.FREE


def _as_named(named: str | None, atom: Atom) -> Tri:
    """Return what an atom is for any of the actions that a pattern means.

    Without a pattern, for actions that none means.
    """
    if not isinstance(atom, ActionMatches):
        return Tri.UNKNOWN
    if named is None or not may_overlap(atom.pattern, named):
        return Tri.FALSE
    return Tri.TRUE if includes(atom.pattern, named) else Tri.UNKNOWN


def _idle(subject: Subject, part: Expression) -> Fault:
    return subject.fault(
        _tautology_of(families_of(part) == (DELEGATION,)),
        part.start,
        f"this is true for every call, so it restricts nothing: {_amended(part)}",
        fails=True,
    )


def _amended(part: Expression) -> str:
    """Return how a part that is always true should have been written."""
    left = chain.from_iterable(map(nodes, _by_name(part)))
    asked = list(dict.fromkeys(node for node in left if isinstance(node, Comparison)))
    booleans = [found.attribute for node in asked if (found := asked_by(node))]
    if len(set(booleans)) < len(booleans):
        return "a boolean attribute is one of true and false at each call: ask for one"
    for node in asked:
        claims = claims_of(node)
        if claims and claims.negative and len(claims.claims) > 1:
            how = node.operator.name
            return f"to differ from each of several is ForAnyOfAllValues:{how}"
        if claims and not claims.negative and is_open(node):
            return f"{node.operator.text} holds for every value here"
    for attribute in filter(is_nowhere, attributes_of(part)):
        return f"no call has {attribute.text}, and NOT of what is absent is true"
    for attribute in misplaced(part):
        return (
            f"these calls have no {attribute.text}, and NOT of what is absent is true"
        )
    if asked:
        return "comparisons that each leave out one value are to be joined by AND"
    return "blocks for different actions are to be joined by AND"


def _tautology_of(is_delegation: bool) -> str:
    return "delegation-or-tautology" if is_delegation else "abac-or-tautology"


def _tautology(subject: Subject, action: str, culprit: Expression) -> Fault:
    is_delegation = action.lower().startswith(DELEGATION.prefix.lower())
    return subject.fault(
        _tautology_of(is_delegation),
        culprit.start,
        f"{action} is restricted by another block, but this one is always true for "
        "it and the two are joined by OR: join blocks for different actions by AND",
        fails=True,
    )


def _named_calls(expression: Expression) -> tuple[Call, ...]:
    """Return the calls that an expression can tell apart by name."""
    ways = (None, *sub_operations(expression))
    return tuple((one, way) for one in named_actions(expression) for way in ways)


def _futile(
    terms: tuple[Expression, ...], calls: tuple[Call, ...]
) -> tuple[str, Expression] | None:
    """Return an action and the block that opens it though another restricts it."""
    blocks = [term for term in terms if _opens(term, _UNNAMED)]
    for call in calls:
        opening = [term for term in blocks if _opens(term, call)]
        others = [term for term in terms if term not in opening]
        if opening and any(one in blocks or _asks(one, call) for one in others):
            return call[0], opening[0]
    return None


def _opens(term: Expression, call: Call) -> bool:
    return residual(term, *call) == Literal(True)


def _asks(term: Expression, call: Call) -> bool:
    """Return whether a term names a call and asks something of it."""
    names = any(matches_action(one, call[0]) for one in action_patterns(term))
    return names and not isinstance(residual(term, *call), Literal)
