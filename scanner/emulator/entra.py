"""Microsoft Entra: discovery, the token endpoint, and the instance metadata service."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from scanner.emulator.ask import Ask
from scanner.emulator.options import Options
from scanner.emulator.reply import Reply, json_reply
from scanner.emulator.tokens import Tokens

IDENTITY = "/metadata/identity/oauth2/token"
_INSTANCE = "/common/discovery/instance"
_CONFIGURATION = "/v2.0/.well-known/openid-configuration"
_TOKEN = "/oauth2/v2.0/token"  # noqa: S105 - a path
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def is_sign_in(key: str) -> bool:
    """Whether a path is Entra's and not Resource Manager's."""
    return key in {IDENTITY, _INSTANCE} or key.endswith((_TOKEN, _CONFIGURATION))


def gives_token(key: str) -> bool:
    """Whether a path is one that tokens come from."""
    return key == IDENTITY or key.endswith(_TOKEN)


class Entra:
    """Signs in one application, in each of the tenants."""

    def __init__(
        self, tenants: tuple[str, ...], options: Options, tokens: Tokens
    ) -> None:
        self._tenants = tenants
        self._options = options
        self._tokens = tokens

    def answer(self, ask: Ask) -> Reply:
        """Answer a request that `is_sign_in`."""
        if ask.key == IDENTITY:
            return self._identity(ask)
        if ask.key == _INSTANCE:
            return json_reply(_instance(ask.origin))
        tenant = ask.key.split("/")[1]
        if tenant not in self._tenants:
            return _unknown_tenant(tenant)
        if ask.key.endswith(_CONFIGURATION):
            return json_reply(_configuration(ask.origin, tenant))
        return self._token(tenant, dict(parse_qsl(ask.body.decode("latin-1"))))

    def _token(self, tenant: str, form: Mapping[str, str]) -> Reply:
        """Answer the client credentials flow, with a secret or an assertion."""
        refusal = self._refusal(form)
        if refusal is not None:
            return refusal
        audience = form.get("scope", "").removesuffix("/.default")
        token, _ = self._tokens.issue(tenant, form["client_id"], audience)
        lifetime = self._options.token_lifetime
        return json_reply(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token,
            }
        )

    def _refusal(self, form: Mapping[str, str]) -> Reply | None:
        """Return why an application is not signed in, in the words of Entra."""
        client_id = form.get("client_id", "")
        if form.get("grant_type") != "client_credentials":
            return oauth_error(
                400,
                "unsupported_grant_type",
                70003,
                "The app requested an unsupported grant type.",
            )
        if client_id != self._options.client_id:
            return oauth_error(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found.",
            )
        if form.get("client_assertion_type") == _ASSERTION:
            return None
        if form.get("client_secret") == self._options.client_secret:
            return None
        message = f"Invalid client secret provided for app '{client_id}'."
        return oauth_error(401, "invalid_client", 7000215, message)

    def _identity(self, ask: Ask) -> Reply:
        """Answer as the instance metadata service does (2018-02-01)."""
        if not ask.metadata:
            message = "Required metadata header not specified"
            error = {"error": "invalid_request", "error_description": message}
            return json_reply(error, 400)
        audience = ask.query.get("resource", "")
        client_id = ask.query.get("client_id", self._options.client_id)
        token, grant = self._tokens.issue(self._tenants[0], client_id, audience)
        lifetime = self._options.token_lifetime
        return json_reply(
            {
                "access_token": token,
                "client_id": client_id,
                "expires_in": str(lifetime),
                "expires_on": str(int(grant.expires)),
                "ext_expires_in": str(lifetime),
                "not_before": str(int(time.time())),
                "resource": audience,
                "token_type": "Bearer",
            }
        )


def oauth_error(status: int, error: str, number: int, message: str) -> Reply:
    """Return an error in the form of Entra's token endpoint."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
    trace = "00000000-0000-4000-8000-000000000000"
    text = f"AADSTS{number}: {message} Trace ID: {trace} Timestamp: {now}"
    content = {
        "error": error,
        "error_description": text,
        "error_codes": [number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": trace,
    }
    return json_reply(content, status)


def _unknown_tenant(tenant: str) -> Reply:
    message = f"Tenant '{tenant}' not found."
    return oauth_error(400, "invalid_tenant", 90002, message)


def _instance(origin: str) -> dict[str, object]:
    return {
        "tenant_discovery_endpoint": f"{origin}/common{_CONFIGURATION}",
        "api-version": "1.1",
        "metadata": [],
    }


def _configuration(origin: str, tenant: str) -> dict[str, object]:
    base = f"{origin}/{tenant}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}{_TOKEN}",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
        ],
    }
