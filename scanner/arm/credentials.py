"""Sign-in through azure-identity, one credential a tenant."""

from __future__ import annotations

import base64
import os
from textwrap import shorten
from typing import Any, Self

import msgspec
from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import (
    AzureCliCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from scanner.arm.clouds import Cloud
from scanner.arm.errors import TRUST, SignInError, without_password
from scanner.arm.methods import NEXT_STEP, REACH, Method
from scanner.arm.proxies import proxies
from scanner.model.results import SignedIn


def credential(
    method: Method, cloud: Cloud, tenant: str | None, transport: AioHttpTransport
) -> TenantCredential:
    """Return the credential of one tenant; it has not signed in yet.

    Raises SignInError when what the method needs is not there at all.
    """
    options: dict[str, Any] = {
        "authority": cloud.authority,
        "disable_instance_discovery": not cloud.instance_discovery,
        "additionally_allowed_tenants": ["*"],
        "transport": transport,
        "proxies": proxies(cloud.authority),
        "retry_total": 2,
    }
    try:
        return TenantCredential(_create(method, tenant, options), tenant, method)
    except (OSError, ValueError, AzureError) as error:
        raise _failed(method, error) from error


def _create(
    method: Method, tenant: str | None, options: dict[str, Any]
) -> AsyncTokenCredential:
    match method:
        case Method.DEFAULT:
            return DefaultAzureCredential(**options)
        case Method.CLI:
            return AzureCliCredential(
                tenant_id=tenant or "", additionally_allowed_tenants=["*"]
            )
        case Method.ENVIRONMENT:
            return EnvironmentCredential(**options)
        case Method.MANAGED_IDENTITY:
            return ManagedIdentityCredential(
                client_id=os.environ.get("AZURE_CLIENT_ID"),
                transport=options["transport"],
            )
        case Method.WORKLOAD_IDENTITY:
            return WorkloadIdentityCredential(
                **options, **({"tenant_id": tenant} if tenant else {})
            )


class TenantCredential:
    """A credential that only ever asks for one tenant's tokens."""

    def __init__(
        self, inner: AsyncTokenCredential, tenant: str | None, method: Method
    ) -> None:
        self._inner = inner
        self._tenant = tenant
        self._method = method
        self._lost: dict[tuple[str, ...], SignInError] = {}

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token, as azure-core asks for it; raises SignInError."""
        info = await self.get_token_info(*scopes, options=_token_options(options))
        return AccessToken(info.token, info.expires_on)

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token; raises SignInError, at once if it was refused before."""
        if scopes in self._lost:
            raise self._lost[scopes]
        try:
            return await self._ask(*scopes, options=options or {})
        except ClientAuthenticationError as error:
            self._lost[scopes] = _failed(self._method, error)
            raise self._lost[scopes] from error
        except (OSError, ValueError, AzureError) as error:
            raise _failed(self._method, error) from error

    async def _ask(self, *scopes: str, options: TokenRequestOptions) -> AccessTokenInfo:
        extra: dict[str, Any] = {**options}
        if self._tenant and self._method is not Method.MANAGED_IDENTITY:
            extra["tenant_id"] = self._tenant
        token = await self._inner.get_token(*scopes, **extra)
        return AccessTokenInfo(token.token, token.expires_on)

    async def close(self) -> None:
        """Close the credential."""
        await self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _token_options(options: dict[str, Any]) -> TokenRequestOptions:
    claims = options.get("claims")
    return {"claims": claims} if claims else {}


def _failed(method: Method, error: Exception) -> SignInError:
    said = without_password(str(error))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    untrusted = [line for line in lines if _UNTRUSTED in line]
    cause = [*untrusted, *lines, type(error).__name__][0]
    if untrusted:
        step = TRUST
    elif (
        isinstance(error, ServiceRequestError) and method is not Method.MANAGED_IDENTITY
    ):
        step = REACH
    else:
        step = NEXT_STEP[method]
    told = shorten(cause, _LONGEST_CAUSE, placeholder=" ...").rstrip(".")
    return SignInError(f"sign-in ({method}) failed: {told}; {step}")


_LONGEST_CAUSE = 400
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
"""What OpenSSL says of a certificate that nobody known has signed."""


class _Claims(msgspec.Struct):
    """The claims that say who a token is for."""

    tid: str = ""
    oid: str = ""
    appid: str = ""
    idtyp: str = ""
    upn: str = ""
    unique_name: str = ""
    app_displayname: str = ""


def who(token: str, tenant: str) -> SignedIn:
    """Return whom a token is for, from its claims; the token itself is dropped.

    Claims: Microsoft identity platform access token reference, v1.0 tokens.
    """
    claims = _claims(token)
    return SignedIn(
        tenant_id=(claims.tid or tenant).lower(),
        principal_id=claims.oid,
        principal_name=claims.upn or claims.unique_name or claims.app_displayname,
        principal_type=claims.idtyp or ("user" if claims.upn else ""),
        application_id=claims.appid,
    )


def _claims(token: str) -> _Claims:
    parts = token.split(".")
    if len(parts) < 2:
        return _Claims()
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(payload), type=_Claims)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _Claims()
