"""What policies of API Management do with a call: whereto, and with which sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from scanner.model.apimanagement import (
    ApiService,
    Policy,
    PolicyFragment,
    ProductPolicy,
    ServicePolicy,
)
from scanner.model.coverage import Unclear
from scanner.model.ids import ResourceId, id_key

KEY_NAMES = frozenset({"api-key", "ocp-apim-subscription-key", "subscription-key"})
"""The headers and parameters in which these accounts take a key (azure-docs,
"Authenticate requests to Azure AI services")."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ASIDE = re.compile(
    r"<(outbound|on-error|send-request|send-one-way-request)\b"
    r"(?:(?!<\1\b).)*?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
"""What of a policy is about the answer, or about a call to something else."""
_BASE = re.compile(
    r"<inbound\s*>(?:(?!</inbound\b).)*?<base\b", re.DOTALL | re.IGNORECASE
)
_IDENTITY = re.compile(
    r"<authentication-managed-identity\b[^>]*\bresource\s*=\s*[\"']"
    r"[^\"']*(?:cognitiveservices|ai)\.azure\.[^\"']*[\"']",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"<set-(?:header|query-parameter)\b(?P<attributes>[^>]*)>", re.IGNORECASE
)
_NAME = re.compile(r"\bname\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_DELETES = re.compile(r"\bexists-action\s*=\s*[\"']delete[\"']", re.IGNORECASE)
_INCLUDED = re.compile(
    r"<include-fragment\b[^>]*\bfragment-id\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE
)
_BACKEND = re.compile(r"\bbackend-id\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_ADDRESS = re.compile(r"\bbase-url\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)


class SignIn(Enum):
    """How a gateway signs in to what it passes calls on to."""

    KEY = auto()
    IDENTITY = auto()
    NOT_TOLD = auto()
    """Neither is set: what callers send is passed on, or a part not read decides."""


@dataclass(frozen=True, slots=True)
class Said:
    """How something signs in, and what says so."""

    how: SignIn
    by: str


def calls_outer(policy: Policy) -> bool:
    """Whether a policy has what is further out done too, before a call is passed on."""
    return bool(_BASE.search(_COMMENT.sub("", policy.xml or "")))


def backends_named(policy: Policy) -> Iterator[str]:
    """Yield the names of the backends that a policy and its fragments choose.

    In lower case. Raises NotRead in the end if there may be more.
    """
    for text in _texts(policy):
        yield from map(str.lower, _BACKEND.findall(text))


def addresses_named(policy: Policy) -> Iterator[str]:
    """Yield the addresses that a policy and its fragments put in place of an API's.

    Raises NotRead in the end if there may be more.
    """
    for text in _texts(policy):
        yield from _ADDRESS.findall(text)


def _texts(policy: Policy) -> Iterator[str]:
    """Yield the text of a policy, then of the fragments it includes, each once.

    As far as it is about the call that is passed on: what it does to the answer, and
    calls of its own to something else, are left out.

    Raises NotRead in the end if there may be more; a fragment that is not there says
    nothing.
    """
    service = policy.parts
    while service.type.lower() != ApiService.type.lower():
        service = ResourceId.parse(service.parent)
    at, unclear = f"{service.text}/policyFragments", Unclear()
    waiting, seen = [policy], {policy.key}
    while waiting:
        text = _ASIDE.sub("", _COMMENT.sub("", waiting.pop(0).xml or ""))
        yield text
        for name in _INCLUDED.findall(text):
            fragment_id = f"{at}/{name}"
            if id_key(fragment_id) in seen:
                continue
            seen.add(id_key(fragment_id))
            with unclear:
                found = policy.tenant.get(PolicyFragment, fragment_id)
                waiting += [found] if found else []
    unclear.settle()


def said(policy: Policy) -> Said:
    """Return how a policy signs in, as far as its text and its fragments say.

    Raises NotRead where none sets a key, and one that was not read may.
    """
    by, how = _called(policy), SignIn.NOT_TOLD
    for text in _texts(policy):
        if any(_sets_key(each["attributes"]) for each in _SETTING.finditer(text)):
            return Said(SignIn.KEY, by)
        if _IDENTITY.search(text):
            how = SignIn.IDENTITY
    return Said(how, by)


def _called(policy: Policy) -> str:
    if isinstance(policy, ServicePolicy):
        return "the policy of all APIs"
    if isinstance(policy, ProductPolicy):
        return f"the policy of product {ResourceId.parse(policy.parts.parent).name}"
    return f"the policy of API {ResourceId.parse(policy.parts.parent).name}"


def _sets_key(attributes: str) -> bool:
    """Whether a header or parameter that is set holds a key; one may be deleted."""
    name = _NAME.search(attributes)
    is_key = name is not None and name[1].lower() in KEY_NAMES
    return is_key and not _DELETES.search(attributes)
