"""Attributes, operators and values in plain English."""

from __future__ import annotations

from scanner.access.conditions.operators import COMPARATORS, CROSSES
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
    Operator,
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


def predicate(atom: Expression) -> str:
    """Return a statement about the request in words."""
    match atom:
        case Literal(value=value):
            return "always" if value else "never"
        case ActionMatches(pattern=pattern):
            return f"the action is {pattern}"
        case SubOperationMatches(pattern=pattern):
            return f"the call is the suboperation {pattern}"
        case Exists(attribute=attribute):
            return f"{_noun(attribute)} is present"
        case Comparison(left=left, operator=operator, right=right):
            return _comparison(left, operator, right) or _unknown(atom)
        case _:
            return _unknown(atom)


def _unknown(atom: Expression) -> str:
    return f"{to_text(atom)} (not documented for Azure, outcome unknown)"


def _comparison(left: Operand, operator: Operator, right: Operand) -> str:
    verb = _verb(operator.name.lower())
    cross = CROSSES.get(operator.cross.lower())
    if not verb or (operator.cross and cross is None):
        return ""
    case = " ignoring case" if operator.name.endswith("IgnoreCase") else ""
    if cross is None:
        return f"{_noun(left)} {verb} {_noun(right)}{case}"
    one = f"{EACH if cross.all_left else ANY} {_noun(left)}"
    if _is_single(right):
        return f"{one} {verb} {_noun(right)}{case}"
    others = "every one of" if cross.all_right else "one of"
    return f"{one} {verb} {others} {_noun(right)}{case}"


def _verb(name: str) -> str:
    """Return what an operator says; nothing for one that is not known."""
    comparator = COMPARATORS.get(name)
    if comparator is None:
        return ""
    plain = name.removesuffix("ignorecase")
    if not comparator.negative:
        return _VERBS[plain]
    verb = _VERBS[plain.replace("not", "", 1)]
    return _OPPOSITES.get(verb, verb.replace("is", "is not", 1))


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
