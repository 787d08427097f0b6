"""Take secrets out of what API Management returns: they are in unusual places.

Backends return the values of headers, named values those that nobody marked as secret,
and policies whatever was written into their XML. Names of named values, `{{name}}`, and
policy expressions, `@(...)`, stand for values and are kept.
"""

from __future__ import annotations

import re
from typing import Any

from scanner.model.apimanagement import Backend, NamedValue
from scanner.model.ids import ResourceId
from scanner.redact.values import WITHHELD, rewritten

HINT = b"/microsoft.apimanagement/service/"

_POLICIES = ("/policies", "/policyfragments")
"""What is XML in which anything may be written."""

_KEPT = re.compile(r"\s*(?:\{\{[^{}]+\}\}|@[({].*)\s*", re.DOTALL)

_LITERAL = re.compile(r"(\"|&quot;)[^\"&\s]{16,}\1")

_NAME = r"[^\"']*(?:key|auth|token|secret|code|sig|cookie)[^\"']*"
_SENT = re.compile(
    rf"(?P<before><set-(?:header|query-parameter)\s+name=(?P<mark>[\"']){_NAME}(?P=mark)"
    r"[^>]*>\s*)(?P<values>.*?)(?P<after></set-(?:header|query-parameter)>)",
    re.DOTALL | re.IGNORECASE,
)
_VALUE = re.compile(r"(<value>)(.*?)(</value>)", re.DOTALL | re.IGNORECASE)
_GIVEN = re.compile(
    r"(\b(?:password|client-secret|body)=([\"']))(.*?)(\2)",
    re.DOTALL | re.IGNORECASE,
)


def withheld(body: bytes) -> bytes:
    """Return the JSON of a resource of API Management without secrets."""
    return rewritten(body, _withhold)


def _withhold(resource: Any) -> bool:
    properties = resource.get("properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict):
        return False
    kind = ResourceId.parse(str(resource.get("id"))).type.lower()
    if kind == NamedValue.type.lower() and properties.get("value") is not None:
        properties["value"] = WITHHELD
    elif kind == Backend.type.lower():
        for name in properties.keys() & {"credentials", "proxy"}:
            properties[name] = _withheld(properties[name])
    elif kind.endswith(_POLICIES) and isinstance(properties.get("value"), str):
        properties["value"] = policy_without_secrets(properties["value"])
    else:
        return False
    return True


def policy_without_secrets(xml: str) -> str:
    """Return a policy with the values of headers and parameters that hold secrets."""
    sent = _SENT.sub(_without_values, xml)
    return _GIVEN.sub(lambda at: f"{at[1]}{_shown(at[3])}{at[4]}", sent)


def _without_values(match: re.Match[str]) -> str:
    values = _VALUE.sub(lambda at: f"{at[1]}{_shown(at[2])}{at[3]}", match["values"])
    return f"{match['before']}{values}{match['after']}"


def _shown(value: str) -> str:
    """Return a value where it stands for one, without what an expression spells out."""
    if not _KEPT.fullmatch(value):
        return WITHHELD
    return _LITERAL.sub(rf"\1{WITHHELD}\1", value)


def _withheld(value: Any) -> Any:
    """Return credentials with every text replaced, but for what it refers to."""
    match value:
        case str():
            return _shown(value)
        case list():
            return [_withheld(each) for each in value]
        case dict():
            return {
                key: each if key == "scheme" else _withheld(each)
                for key, each in value.items()
            }
        case _:
            return value
