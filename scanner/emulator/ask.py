"""A request, as the parts of the emulator see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.model.ids import id_key

_SUBSCRIPTIONS = "/subscriptions/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, with the names of its query parameters in lower case."""

    method: str
    origin: str
    """Scheme, host and port it was sent to."""
    path: str
    """As received, decoded."""
    key: str
    """The path in the form in which ids compare."""
    query: Mapping[str, str]
    raw_query: str = ""
    authorization: str = field(default="", repr=False)
    metadata: bool = False
    """Whether it carries the `Metadata: true` that IMDS wants."""
    eventual: bool = False
    """Whether it carries the `ConsistencyLevel: eventual` of advanced queries."""
    body: bytes = field(default=b"", repr=False)

    @property
    def url(self) -> str:
        """The whole address, as it can be asked for again."""
        return f"{self.origin}{self.path}?{self.raw_query}"

    @property
    def page(self) -> int:
        """Which page of a list is asked for, from 1."""
        token = self.query.get("$skiptoken", "")
        return int(token) if token.isdecimal() and int(token) else 1

    @property
    def subscription(self) -> str:
        """The subscription's id in lower case; empty at tenant level."""
        if not self.key.startswith(_SUBSCRIPTIONS):
            return ""
        return self.key[len(_SUBSCRIPTIONS) :].partition("/")[0]


@dataclass(frozen=True, slots=True)
class Target:
    """What a path in comparable form names: a resource, or a list of them."""

    type: str
    """Of the resource, or of the listed ones; in lower case."""
    scope: str
    """What it lies in or extends; empty for the tenant."""
    name: str
    """Empty for a list."""


def target_of(key: str) -> Target:
    """Return what a path names; after a namespace, types and names alternate."""
    segments = key.strip("/").split("/")
    if "providers" not in segments:
        return _scope_target(segments)
    last = len(segments) - 1 - segments[::-1].index("providers")
    tail = segments[last + 1 :]
    is_list = len(tail) % 2 == 0
    kind = "/".join(tail[:1] + tail[1::2])
    nested = len(tail) > 3
    own = 1 if is_list else 2
    scope = segments[: len(segments) - own] if nested else segments[:last]
    name = "" if is_list or len(tail) < 3 else tail[-1]
    return Target(kind, id_key("/".join(scope)) if scope else "", name)


def _scope_target(segments: list[str]) -> Target:
    """Return a subscription, a resource group, or a list directly below one."""
    is_list = len(segments) % 2 == 1
    scope = segments[: -1 if is_list else -2]
    return Target(
        type=f"microsoft.resources/{segments[-1 if is_list else -2]}",
        scope=id_key("/".join(scope)) if scope else "",
        name="" if is_list else segments[-1],
    )
