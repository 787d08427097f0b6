"""Access tokens: unsigned, made to be recognised wherever none may be."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from scanner.emulator.reply import encode

MARKER = "emulator-access-token"
"""Stands in the clear in each token, where a real one has its signature."""

ISSUER = "https://sts.windows.net"

_HEADER = {"typ": "JWT", "alg": "RS256", "kid": "emulator"}


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a token lets in where, until when, and at which service."""

    tenant_id: str
    principal: str
    expires: float
    audience: str = ""


class Tokens:
    """The tokens that were issued and are still honoured."""

    def __init__(self, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._serial = count(1)
        self._grants: dict[str, Grant] = {}
        self._revoked: dict[str, Grant] = {}

    def issue(self, tenant_id: str, client_id: str, audience: str) -> tuple[str, Grant]:
        """Return a token of an application in a tenant."""
        now = self._clock()
        principal = principal_of(tenant_id, client_id)
        grant = Grant(tenant_id, principal, now + self._lifetime, audience)
        claims = {
            "aud": audience,
            "iss": f"{ISSUER}/{tenant_id}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(grant.expires),
            "appid": client_id,
            "idtyp": "app",
            "oid": principal,
            "sub": principal,
            "tid": tenant_id,
            "ver": "1.0",
        }
        signature = f"{MARKER}-{next(self._serial)}"
        token = f"{_part(_HEADER)}.{_part(claims)}.{signature}"
        self._grants[token] = grant
        return token, grant

    def find(self, token: str) -> Grant | None:
        """Return what a token was issued for, expired or not."""
        return self._grants.get(token) or self._revoked.get(token)

    def is_live(self, token: str, grant: Grant) -> bool:
        """Whether a token is still honoured."""
        return token in self._grants and self._clock() < grant.expires

    def revoke_all(self, tenant_id: str) -> None:
        """Let every token of a tenant be expired from now on."""
        gone = [
            token
            for token, grant in self._grants.items()
            if grant.tenant_id == tenant_id
        ]
        for token in gone:
            self._revoked[token] = self._grants.pop(token)


def principal_of(tenant_id: str, client_id: str) -> str:
    """Return the object id of an application's service principal in a tenant."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{tenant_id}/{client_id}"))


def _part(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(encode(content)).rstrip(b"=").decode()
