"""The conditions by which policies take virtual networks into network groups.

What is documented for network groups is evaluated: name, id, type, location and tags,
what a network lies in, and the comparisons of texts. Anything else leaves the answer
open and is named. Sources: azure-docs, "Azure Policy definition structure policy rule"
and "Define dynamic network group membership with Azure Policy".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scanner.model.ids import ResourceId

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"

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
    """A network as conditions see it."""

    id: str
    location: str | None = None
    tags: Mapping[str, str] | None = None

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


def evaluate(condition: Any, subject: Subject) -> Answer:
    """Return whether a condition holds for a network; it never raises."""
    return _evaluate(condition, subject, DEEPEST)


def leaves(condition: Any, *, negated: bool = False) -> Iterator[Mapping[str, Any]]:
    """Yield the comparisons of a condition, by keys in lower case.

    `negated` yields those below a `not` too.
    """
    pending = [condition]
    while pending:
        parts = _parts(pending.pop())
        pending += _list(parts.get("allof")) + _list(parts.get("anyof"))
        if negated and "not" in parts:
            pending.append(parts["not"])
        if not _LOGICAL & parts.keys():
            yield parts


def reads_tags(condition: Any) -> bool:
    """Whether a condition looks at a tag of the network."""
    for leaf in leaves(condition, negated=True):
        name = _field_name(leaf)
        if name is not None and name.lower().startswith("tags"):
            return True
    return False


def asks_for_networks(condition: Any) -> bool:
    """Whether a condition names the type of virtual networks."""
    for leaf in leaves(condition):
        if (_field_name(leaf) or "").lower() == "type":
            wanted = [leaf.get("equals"), leaf.get("like"), *_list(leaf.get("in"))]
            if NETWORK_TYPE.lower() in (each.lower() for each in _texts(wanted)):
                return True
    return False


def _field_name(leaf: Mapping[str, Any]) -> str | None:
    """Return the field that a comparison is about, named outright or in a value."""
    if isinstance(leaf.get("field"), str):
        return str(leaf["field"])
    found = _FIELD.fullmatch(str(leaf.get("value", "")).strip())
    return found["name"] if found else None


def _parts(condition: Any) -> dict[str, Any]:
    if not isinstance(condition, Mapping):
        return {}
    return {str(key).lower(): value for key, value in condition.items()}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(values: list[Any]) -> list[str]:
    return [each for each in values if isinstance(each, str)]


def _evaluate(condition: Any, subject: Subject, levels: int) -> Answer:
    parts = _parts(condition)
    if not levels:
        return Answer(None, (f"more than {DEEPEST} levels",))
    if len(parts) == 1 and _LOGICAL & parts.keys():
        ((operator, inner),) = parts.items()
        return _combined(operator, inner, subject, levels - 1)
    try:
        return Answer(_compared(parts, subject))
    except _Untold as reason:
        return Answer(None, (str(reason),))


def _combined(operator: str, inner: Any, subject: Subject, levels: int) -> Answer:
    if operator == "not":
        found = _evaluate(inner, subject, levels)
        return found if found.holds is None else Answer(not found.holds)
    if not _list(inner):
        return Answer(None, (f"{operator} without conditions",))
    deciding = operator == "anyof"
    answers = [_evaluate(each, subject, levels) for each in inner]
    if any(each.holds is deciding for each in answers):
        return Answer(deciding)
    unknown = dict.fromkeys(reason for each in answers for reason in each.open)
    return Answer(None, tuple(unknown)) if unknown else Answer(not deciding)


# Comparisons


def _compared(parts: Mapping[str, Any], subject: Subject) -> bool:
    """Return what one comparison comes to; raises _Untold."""
    sources, operators = parts.keys() & _SOURCES, parts.keys() - _SOURCES
    if len(sources) != 1 or len(operators) != 1:
        raise _Untold(f"a condition of {', '.join(sorted(parts)) or 'nothing'}")
    (source,), (operator,) = sources, operators
    value, plain = _value(source, parts[source], subject)
    if operator == "exists" and source == "field":
        return (value is not None) is _wanted(parts[operator])
    compare = _COMPARISONS.get(operator.removeprefix("not"))
    if compare is None:
        raise _Untold(f"the operator {operator}")
    fits = compare(plain(value or ""), parts[operator], plain)
    if value is None and fits:
        raise _Untold(f"whether what is not there {operator} an empty text")
    return fits is not operator.startswith("not")


Plain = Callable[[str], str]
"""How texts compare: always without case."""


def _place(text: str) -> str:
    """Return a region as its name is written in full or in short."""
    return text.lower().replace(" ", "")


def _value(source: str, named: Any, subject: Subject) -> tuple[str | None, Plain]:
    """Return what is compared, None where it is not there, and how it compares."""
    if not isinstance(named, str):
        raise _Untold(f"a {source} that is no text")
    text = named.strip()
    if source == "field":
        return _field(text, subject)
    field = _FIELD.fullmatch(text)
    if field:
        return _field(field["name"].replace("''", "'"), subject)
    around = _around(subject).get(re.sub(r"\s", "", text).lower())
    return (_literal(text) if around is None else around), str.lower


def _field(name: str, subject: Subject) -> tuple[str | None, Plain]:
    tag = _TAG.fullmatch(name)
    if tag:
        key = tag["bare"] or tag["dotted"] or tag["quoted"].replace("''", "'")
        return _tag(key, subject), str.lower
    match name.lower():
        case "name" | "fullname":
            return subject.parts.name, str.lower
        case "id":
            return subject.id, str.lower
        case "type":
            return subject.parts.type, str.lower
        case "location":
            return subject.location, _place
    raise _Untold(f"the field {name}")


def _tag(name: str, subject: Subject) -> str | None:
    """Return the value of a tag; Azure Resource Manager ignores the case of names."""
    for key, value in (subject.tags or {}).items():
        if key.lower() == name.strip().lower():
            return value
    return None


def _around(subject: Subject) -> Mapping[str, str]:
    """Return what is told of the group and subscription that a network lies in."""
    subscription, group = subject.parts.subscription, subject.parts.resource_group
    scope = f"/subscriptions/{subscription}"
    return {
        "[resourcegroup().name]": group,
        "[resourcegroup().id]": f"{scope}/resourceGroups/{group}",
        "[subscription().subscriptionid]": subscription,
        "[subscription().id]": scope,
    }


def _literal(value: Any) -> str:
    """Return a text that stands for itself; raises _Untold for an expression."""
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


def _equals(value: str, wanted: Any, plain: Plain) -> bool:
    return value == plain(_literal(wanted))


def _in(value: str, wanted: Any, plain: Plain) -> bool:
    if not isinstance(wanted, list):
        raise _Untold("in what is no list")
    untold: list[_Untold] = []
    for each in wanted:
        try:
            if _equals(value, each, plain):
                return True
        except _Untold as reason:
            untold.append(reason)
    if untold:
        raise untold[0]
    return False


def _contains(value: str, wanted: Any, plain: Plain) -> bool:
    text = _literal(wanted)
    if "*" in text:
        raise _Untold("contains with a wildcard")
    return plain(text) in value


def _like(value: str, wanted: Any, plain: Plain) -> bool:
    before, star, after = plain(_literal(wanted)).partition("*")
    if "*" in after:
        raise _Untold("like with more than one wildcard")
    if not star:
        return value == before
    long_enough = len(value) >= len(before) + len(after)
    return long_enough and value.startswith(before) and value.endswith(after)


_COMPARISONS: Mapping[str, Callable[[str, Any, Plain], bool]] = {
    "equals": _equals,
    "in": _in,
    "contains": _contains,
    "like": _like,
}
