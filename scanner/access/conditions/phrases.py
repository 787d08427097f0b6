"""Attributes, operators and values in plain English."""

from __future__ import annotations

from scanner.access.conditions.evaluate import is_understood
from scanner.access.conditions.operators import COMPARATORS, CROSSES, Comparator
from scanner.access.conditions.printer import operand_text, to_text
from scanner.access.conditions.syntax import (
    ActionMatches,
    Attribute,
    Call,
    Comparison,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Operand,
    SubOperationMatches,
    ValueSet,
)

_BLOBS = "microsoft.storage/storageaccounts/blobservices/containers"
_NAMES = {
    "microsoft.storage/storageaccounts:name": "the name of the storage account",
    f"{_BLOBS}:name": "the name of the container",
    f"{_BLOBS}/blobs:path": "the path of the blob",
    f"{_BLOBS}/blobs:prefix": "the prefix to list",
    "microsoft.network/privateendpoints": "the private endpoint the call comes through",
    "microsoft.network/virtualnetworks/subnets": "the subnet the call comes from",
    "isprivatelink": "the call coming over a private link",
    "utcnow": "the current time (UTC)",
    "microsoft.authorization/roleassignments:roledefinitionid": "the assigned role",
    "microsoft.authorization/roleassignments:principalid": "the assignee",
    "microsoft.authorization/roleassignments:principaltype": "the type of the assignee",
}
_TAGS = f"{_BLOBS}/blobs/tags"
_CUSTOM = "microsoft.directory/customsecurityattributes/id"

ANY, EACH = "any value of", "each value of"

_VERBS = {
    "stringequals": "is",
    "stringstartswith": "starts with",
    "stringlike": "is like",
    "numericequals": "is",
    "numericlessthan": "is less than",
    "numericlessthanequals": "is at most",
    "numericgreaterthan": "is more than",
    "numericgreaterthanequals": "is at least",
    "datetimeequals": "is",
    "datetimelessthan": "is before",
    "datetimelessthanequals": "is at or before",
    "datetimegreaterthan": "is after",
    "datetimegreaterthanequals": "is at or after",
    "boolequals": "is",
    "guidequals": "is",
}
_OPPOSITES = {"is": "is not", "starts with": "does not start with"}
_DIFFERING = {
    "is": "differs from",
    "is like": "is unlike",
    "starts with": "starts otherwise than",
}
"""For negative operators that one value of several may fulfil: `is not one of` would
say that all of them do."""


def predicate(atom: Expression) -> str:
    """Return a statement about the request in words."""
    match atom:
        case Literal(value=value):
            return "always" if value else "never"
        case ActionMatches(pattern=pattern):
            return f"the action is {pattern}"
        case SubOperationMatches(pattern=pattern):
            return f"the call is the suboperation {pattern}"
        case Exists(attribute=attribute) if is_understood(atom):
            return f"{_noun(attribute)} is present"
        case Comparison() if is_understood(atom) and not _is_several_as_one(atom):
            return _comparison(atom)
        case _:
            return f"{to_text(atom)} (not documented for Azure, outcome unknown)"


def _is_several_as_one(comparison: Comparison) -> bool:
    """Return whether a set is compared without saying how many of it are to match."""
    sides = (comparison.left, comparison.right)
    return not comparison.operator.cross and not all(
        isinstance(side, Attribute) or _is_single(side) for side in sides
    )


def _comparison(comparison: Comparison) -> str:
    operator, right = comparison.operator, comparison.right
    comparator = COMPARATORS[operator.name.lower()]
    cross = CROSSES.get(operator.cross.lower())
    one, other = _noun(comparison.left), _noun(right)
    if cross is not None:
        one = f"{EACH if cross.all_left else ANY} {one}"
    if cross is None or _is_single(right):
        said = _single(comparator)
    else:
        said = _crossing(comparator, every=cross.all_right)
    case = " ignoring case" if operator.name.endswith("IgnoreCase") else ""
    return f"{one} {said} {other}{case}"


def _single(comparator: Comparator) -> str:
    """Return what an operator says of one value."""
    verb = _verb(comparator)
    if not comparator.negative:
        return verb
    return _OPPOSITES.get(verb, verb.replace("is", "is not", 1))


def _crossing(comparator: Comparator, *, every: bool) -> str:
    """Return what an operator says of every one of several values, or of one."""
    verb = _verb(comparator)
    if not comparator.negative:
        return f"{verb} {'every one' if every else 'one'} of"
    return f"{verb} none of" if every else f"{_DIFFERING[verb]} at least one of"


def _verb(comparator: Comparator) -> str:
    """Return what an operator says, or the opposite if it is negative."""
    plain = comparator.name.lower().removesuffix("ignorecase")
    return _VERBS[plain.replace("not", "", 1)]


def _is_single(operand: Operand) -> bool:
    return isinstance(operand, Constant) or (
        isinstance(operand, ValueSet) and len(operand.members) == 1
    )


def _noun(operand: Operand) -> str:
    match operand:
        case Attribute():
            return _attribute(operand)
        case Constant(kind=Kind.TEXT, raw=raw):
            return f"'{raw}'"
        case ValueSet(members=members):
            return ", ".join(map(_noun, members))
        case Constant() | Call():
            return operand_text(operand)


def _attribute(attribute: Attribute) -> str:
    where = " in the request" if attribute.source == "Request" else ""
    if attribute.path == _TAGS:
        if attribute.is_keys:
            return f"the keys of the blob's index tags{where}"
        return f"the blob index tag {attribute.key}{where}"
    if attribute.path == _CUSTOM:
        return f"the caller's custom security attribute {attribute.key}"
    name = _NAMES.get(attribute.bare.lower())
    return name or f"{attribute.bare} of the {attribute.source.lower()}"
