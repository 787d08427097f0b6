"""What any request is answered: who asks, may they, and what goes wrong today."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from scanner.emulator import graph
from scanner.emulator.arm import ResourceManager
from scanner.emulator.ask import Ask
from scanner.emulator.damage import damage
from scanner.emulator.entra import IDENTITY, Entra, is_sign_in
from scanner.emulator.estate import Estate
from scanner.emulator.faults import ExpiredToken
from scanner.emulator.injector import Injector
from scanner.emulator.microsoft_graph import MicrosoftGraph, is_for_graph, is_graph
from scanner.emulator.options import Options
from scanner.emulator.reply import Reply, arm_error
from scanner.emulator.throttle import QUERIES, WINDOW, Throttle, quota
from scanner.emulator.tokens import Grant, Tokens

UNTHROTTLED = 11999
"""What the headers say is left where no limit holds."""

SPREAD = (0.8, 1.2)
"""Of the latency: answers that all take as long come in lockstep, as nowhere else."""


class Front:
    """Everything behind the socket."""

    def __init__(self, estate: Estate, options: Options) -> None:
        names = tuple(tenant.id for tenant in estate.tenants)
        self._tokens = Tokens(options.token_lifetime)
        self._entra = Entra(names, options, self._tokens)
        self._arm = ResourceManager(
            estate, page_size=options.page_size, actions=options.actions
        )
        self._graph = graph.ResourceGraph(estate)
        self._directory = MicrosoftGraph(estate, page_size=options.page_size)
        self._injector = Injector(options.faults)
        self._throttle = Throttle() if options.throttle else None
        self._latency = options.latency

    async def answer(self, ask: Ask) -> tuple[Reply, Grant | None]:
        """Return the answer, and whose token came with the request."""
        if ask.origin.startswith("http:") and ask.key != IDENTITY:
            return arm_error(
                404, "NotFound", "Only tokens are given without TLS."
            ), None
        if is_sign_in(ask.key):
            return self._sign_in(ask), None
        if self._latency:
            await asyncio.sleep(self._latency * random.uniform(*SPREAD))  # noqa: S311
        token = ask.authorization.removeprefix("Bearer ")
        grant = self._tokens.find(token)
        refusal = self._refusal(ask, token, grant)
        if refusal is not None or grant is None:
            return _stamped(refusal or _denied()), grant
        return _stamped(self._faulty(ask, grant)), grant

    def _sign_in(self, ask: Ask) -> Reply:
        fault = self._injector.sign_in(ask)
        reply = self._entra.answer(ask)
        return reply if fault is None else damage(fault, reply, ask)

    def _refusal(self, ask: Ask, token: str, grant: Grant | None) -> Reply | None:
        """Return why a request is not looked at."""
        if "api-version" not in ask.query and not is_graph(ask.key):
            message = (
                "The api-version query parameter (?api-version=) is required for all "
                "requests."
            )
            return arm_error(400, "MissingApiVersionParameter", message)
        if not ask.authorization:
            return _denied()
        if grant is None:
            return _unauthorized(
                "InvalidAuthenticationToken", "The access token is invalid."
            )
        if is_graph(ask.key) != is_for_graph(grant):
            return _wrong_audience(grant)
        return None if self._tokens.is_live(token, grant) else _expired(grant)

    def _faulty(self, ask: Ask, grant: Grant) -> Reply:
        """Answer a request that was let in, as far as today's faults allow."""
        reply = self._metered(ask, grant)
        if reply.status == 429:
            return reply
        fault = self._injector.arm(ask)
        if fault is None:
            return reply
        if isinstance(fault, ExpiredToken):
            self._tokens.revoke_all(grant.tenant_id)
            return _expired(grant)
        return damage(fault, reply, ask)

    def _metered(self, ask: Ask, grant: Grant) -> Reply:
        """Answer within the quotas, and tell what is left of them."""
        if is_graph(ask.key):
            return self._named(ask, grant)
        if ask.key == graph.PATH and ask.method == "POST":
            return self._queried(ask, grant)
        if ask.method != "GET":
            return _not_allowed(ask)
        left = UNTHROTTLED
        if self._throttle is not None:
            refusal, left = self._throttle.read(ask, grant)
            if refusal is not None:
                return refusal
        level = "subscription" if ask.subscription else "tenant"
        header = (f"x-ms-ratelimit-remaining-{level}-reads", str(left))
        reply = self._arm.answer(ask, grant.tenant_id)
        return replace(reply, headers=(*reply.headers, header))

    def _named(self, ask: Ask, grant: Grant) -> Reply:
        if self._throttle is not None:
            refusal = self._throttle.directory(ask, grant)
            if refusal is not None:
                return refusal
        return self._directory.answer(ask, grant.tenant_id)

    def _queried(self, ask: Ask, grant: Grant) -> Reply:
        headers = quota(QUERIES - 1, WINDOW)
        if self._throttle is not None:
            refusal, headers = self._throttle.query(grant)
            if refusal is not None:
                return refusal
        reply = self._graph.answer(ask, grant.tenant_id)
        return replace(reply, headers=(*reply.headers, *headers))


def _stamped(reply: Reply) -> Reply:
    """Return an answer with the ids by which support finds it."""
    number = str(uuid.uuid4())
    ids = ("x-ms-request-id", number), ("x-ms-correlation-request-id", number)
    return replace(reply, headers=(*reply.headers, *ids))


def _denied() -> Reply:
    return _unauthorized(
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )


def _expired(grant: Grant) -> Reply:
    form = "%m/%d/%Y %I:%M:%S %p"
    now = datetime.now(UTC)
    expiry = min(datetime.fromtimestamp(grant.expires, UTC), now)
    message = (
        f"The access token expiry UTC time '{expiry:{form}}' is earlier than current "
        f"UTC time '{now:{form}}'."
    )
    return _unauthorized("ExpiredAuthenticationToken", message)


def _wrong_audience(grant: Grant) -> Reply:
    message = (
        "The access token has been obtained for wrong audience or resource "
        f"'{grant.audience}'."
    )
    return _unauthorized("InvalidAuthenticationTokenAudience", message)


def _unauthorized(code: str, message: str) -> Reply:
    challenge = (
        'Bearer authorization_uri="https://login.windows.net/", '
        f'error="invalid_token", error_description="{message}"'
    )
    return arm_error(401, code, message, WWW_Authenticate=challenge)


def _not_allowed(ask: Ask) -> Reply:
    message = f"The requested resource does not support http method '{ask.method}'."
    return arm_error(405, "MethodNotAllowed", message)
