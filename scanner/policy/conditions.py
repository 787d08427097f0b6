"""The conditions by which policies pick resources.

What is documented for network groups is evaluated: name, id, type, location and tags,
what a resource lies in, and the comparisons of texts; and the fields that the asker
tells. Anything else leaves the answer open and is named. Sources: azure-docs, "Azure
Policy definition structure policy rule" and "Define dynamic network group membership
with Azure Policy".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.model.ids import ResourceId

DEEPEST = 50
"""Levels of a condition that are looked at; nobody nests as deep on purpose."""

_TAG = re.compile(
    r"tags\[\s*'(?P<quoted>(?:[^']|'')+)'\s*\]"
    r"|tags\[(?P<bare>[^'\[\]]+)\]"
    r"|tags\.(?P<dotted>[^.\[\]']+)",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\[\s*field\(\s*'(?P<name>.+)'\s*\)\s*\]", re.IGNORECASE)
_LOGICAL = frozenset({"allof", "anyof", "not"})
_SOURCES = frozenset({"field", "value"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource as conditions see it."""

    id: str
    location: str | None = None
    tags: Mapping[str, str] | None = None
    others: Mapping[str, str | None] = field(default_factory=dict)
    """More fields that are told, by their names in lower case."""
    knows_tags: bool = True
    """Whether its tags are as given, and not any at all."""

    @property
    def parts(self) -> ResourceId:
        """Its name, and what it lies in."""
        return ResourceId.parse(self.id)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a condition holds; None where that is open."""

    holds: bool | None
    open: tuple[str, ...] = ()
    """What leaves it open, in words."""


class _Untold(Exception):  # noqa: N818 - a fact about the condition
    """Something outside of what can be evaluated."""


Test = Callable[[Subject], Answer]
"""A condition that was understood, for one resource after another."""


def evaluate(condition: Any, subject: Subject) -> Answer:
    """Return whether a condition holds for a resource; it never raises."""
    return understood(condition)(subject)


def understood(condition: Any) -> Test:
    """Return what tells whether a condition holds; neither of them ever raises."""
    return _understood(condition, DEEPEST)


def leaves(condition: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the comparisons of a condition but those below a `not`.

    By keys in lower case.
    """
    pending = [condition]
    while pending:
        parts = parts_of(pending.pop())
        pending += _list(parts.get("allof")) + _list(parts.get("anyof"))
        if not _LOGICAL & parts.keys():
            yield parts


def field_name(leaf: Mapping[str, Any]) -> str | None:
    """Return the field that a comparison is about, named outright or in a value."""
    if isinstance(leaf.get("field"), str):
        return str(leaf["field"])
    found = _FIELD.fullmatch(str(leaf.get("value", "")).strip())
    return found["name"] if found else None


def parts_of(condition: Any) -> dict[str, Any]:
    """Return what is in an object of a rule, by keys in lower case."""
    if not isinstance(condition, Mapping):
        return {}
    return {str(key).lower(): value for key, value in condition.items()}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _understood(condition: Any, levels: int) -> Test:
    if not levels:
        return _open(f"more than {DEEPEST} levels")
    parts = parts_of(condition)
    if len(parts) == 1 and _LOGICAL & parts.keys():
        ((operator, inner),) = parts.items()
        return _combined(operator, inner, levels - 1)
    try:
        compared = _compared(parts)
    except _Untold as reason:
        return _open(str(reason))
    return lambda subject: _answered(compared, subject)


def _open(reason: str) -> Test:
    answer = Answer(None, (reason,))
    return lambda _: answer


def _answered(compared: Callable[[Subject], bool], subject: Subject) -> Answer:
    try:
        return told(compared(subject))
    except _Untold as reason:
        return Answer(None, (str(reason),))


def _combined(operator: str, inner: Any, levels: int) -> Test:
    if operator == "not":
        negated = _understood(inner, levels)
        return lambda subject: _opposite(negated(subject))
    if not _list(inner):
        return _open(f"{operator} without conditions")
    tests = [_understood(each, levels) for each in inner]
    united = any_of if operator == "anyof" else all_of
    return lambda subject: united(test(subject) for test in tests)


def _opposite(answer: Answer) -> Answer:
    return answer if answer.holds is None else told(not answer.holds)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return whether any holds; what comes after one that does is not asked."""
    return _united(answers, deciding=True)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return whether all hold; what comes after one that does not is not asked."""
    return _united(answers, deciding=False)


def _united(answers: Iterable[Answer], *, deciding: bool) -> Answer:
    """Return the deciding answer if there is one, else what all come to."""
    unknown: dict[str, None] = {}
    for answer in answers:
        if answer.holds is deciding:
            return answer
        unknown.update(dict.fromkeys(answer.open))
    return Answer(None, tuple(unknown)) if unknown else told(not deciding)


_TOLD = {truth: Answer(truth) for truth in (True, False)}


def told(truth: bool) -> Answer:
    """Return an answer that is not open."""
    return _TOLD[truth]


# Comparisons


def _compared(parts: Mapping[str, Any]) -> Callable[[Subject], bool]:
    """Return what tells how one comparison comes out; both raise _Untold."""
    sources, operators = parts.keys() & _SOURCES, parts.keys() - _SOURCES
    if len(sources) != 1 or len(operators) != 1:
        raise _Untold(f"a condition of {', '.join(sorted(parts)) or 'nothing'}")
    (source,), (operator,) = sources, operators
    read, plain = _value(source, parts[source])
    if operator == "exists" and source == "field":
        wanted = _wanted(parts[operator])
        return lambda subject: (read(subject) is not None) is wanted
    compare = _COMPARISONS.get(operator.removeprefix("not"))
    if compare is None:
        raise _Untold(f"the operator {operator}")
    fits = compare(parts[operator], plain)
    negated = operator.startswith("not")

    def comes_out(subject: Subject) -> bool:
        value = read(subject)
        found = fits(plain(value or ""))
        if value is None and found:
            raise _Untold(f"whether what is not there {operator} an empty text")
        return found is not negated

    return comes_out


Read = Callable[[Subject], str | None]
"""Tells what is compared, None where it is not there; it may raise _Untold."""
Plain = Callable[[str], str]
"""How texts compare: always without case."""
Fits = Callable[[str], bool]
"""Whether a value, as it compares, is as wanted; it may raise _Untold."""


def _place(text: str) -> str:
    """Return a region as its name is written in full or in short."""
    return text.lower().replace(" ", "")


def _value(source: str, named: Any) -> tuple[Read, Plain]:
    """Return what reads the value that is compared, and how it compares."""
    if not isinstance(named, str):
        raise _Untold(f"a {source} that is no text")
    text = named.strip()
    if source == "field":
        return _field(text)
    field = _FIELD.fullmatch(text)
    if field:
        return _field(field["name"].replace("''", "'"))
    around = _AROUND.get(re.sub(r"\s", "", text).lower())
    if around is None:
        literal = _literal(text)
        return lambda _: literal, str.lower
    return around, str.lower


def _field(name: str) -> tuple[Read, Plain]:
    tag = _TAG.fullmatch(name)
    if tag:
        key = tag["bare"] or tag["dotted"] or tag["quoted"].replace("''", "'")
        return lambda subject: _tag(key, subject), str.lower
    match name.lower():
        case "name" | "fullname":
            return lambda subject: subject.parts.name, str.lower
        case "id":
            return lambda subject: subject.id, str.lower
        case "type":
            return lambda subject: subject.parts.type, str.lower
        case "location":
            return lambda subject: subject.location, _place
    return lambda subject: _other(name, subject), str.lower


def _other(name: str, subject: Subject) -> str | None:
    """Return a field that only some subjects tell; raises _Untold for the rest."""
    if name.lower() not in subject.others:
        raise _Untold(f"the field {name}")
    return subject.others[name.lower()]


def _tag(name: str, subject: Subject) -> str | None:
    """Return the value of a tag; Azure Resource Manager ignores the case of names."""
    if not subject.knows_tags:
        raise _Untold(f"the tag {name}")
    for key, value in (subject.tags or {}).items():
        if key.lower() == name.strip().lower():
            return value
    return None


def _subscription(subject: Subject) -> str:
    return f"/subscriptions/{subject.parts.subscription}"


_AROUND: Mapping[str, Read] = {
    "[resourcegroup().name]": lambda subject: subject.parts.resource_group,
    "[resourcegroup().id]": lambda subject: (
        f"{_subscription(subject)}/resourceGroups/{subject.parts.resource_group}"
    ),
    "[subscription().subscriptionid]": lambda subject: subject.parts.subscription,
    "[subscription().id]": _subscription,
}
"""What is told of the group and subscription that a resource lies in."""


def _literal(value: Any) -> str:
    """Return a text that stands for itself; raises _Untold for an expression.

    Truths and whole numbers compare as texts: definitions write them both ways.
    """
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise _Untold("a comparison with what is no text")
    if value.startswith("[["):
        return value[1:]
    if value.startswith("[") and value.endswith("]"):
        raise _Untold(f"the expression {value}")
    return value


def _wanted(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise _Untold(f"exists: {value}")
    return text == "true"


def _equals(wanted: Any, plain: Plain) -> Fits:
    text = plain(_literal(wanted))
    return lambda value: value == text


def _in(wanted: Any, plain: Plain) -> Fits:
    if not isinstance(wanted, list):
        raise _Untold("in what is no list")
    texts, untold = set[str](), list[_Untold]()
    for each in wanted:
        try:
            texts.add(plain(_literal(each)))
        except _Untold as reason:
            untold.append(reason)

    def fits(value: str) -> bool:
        if value not in texts and untold:
            raise untold[0]
        return value in texts

    return fits


def _contains(wanted: Any, plain: Plain) -> Fits:
    text = _literal(wanted)
    if "*" in text:
        raise _Untold("contains with a wildcard")
    part = plain(text)
    return lambda value: part in value


def _like(wanted: Any, plain: Plain) -> Fits:
    before, star, after = plain(_literal(wanted)).partition("*")
    if "*" in after:
        raise _Untold("like with more than one wildcard")
    if not star:
        return lambda value: value == before
    shortest = len(before) + len(after)
    return lambda value: (
        len(value) >= shortest and value.startswith(before) and value.endswith(after)
    )


_COMPARISONS: Mapping[str, Callable[[Any, Plain], Fits]] = {
    "equals": _equals,
    "in": _in,
    "contains": _contains,
    "like": _like,
}
