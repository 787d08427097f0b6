"""Gateways in front of Azure OpenAI accounts: what they log, and who goes past."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from checks.aoai_inbound.network import lets_in_everyone, lets_in_some
from checks.logging.diagnostics import delivered, is_any
from checks.shared.data_access import callers, cited_service_users, in_time
from checks.shared.fronting import (
    Fronting,
    expected,
    fronting,
    gateways_of,
    require_every_front,
    services,
)
from checks.shared.grants import (
    actors,
    bounded,
    named,
    principals,
    require_settled,
)
from checks.shared.past_gateway import ways_beside
from checks.shared.wording import FIRST, count, quote, some
from scanner.access.answers import Answer, Grant
from scanner.model.apimanagement import ApiService, GatewayDiagnostic
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:LT-3",
    "NIST-800-53:AU-2",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
)
_INSIGHTS, _MONITOR = "applicationinsights", "azuremonitor"
"""What the diagnostics are called of what goes to Application Insights, and of what
diagnostic settings send on."""


def _kept(service: ApiService) -> list[str]:
    """Return where a service logs what goes through it, tokens and prompts included."""
    logs = list(delivered(service.diagnostic_settings))
    diagnostics = {each.name.lower(): each for each in service.diagnostics}
    insights = diagnostics.get(_INSIGHTS)
    kept = list[str]()
    if all(any(is_any(log, each, "alllogs") for log in logs) for each in _LOGS):
        kept += _sampled(" and ".join(_LOGS), diagnostics.get(_MONITOR))
    if insights and insights.logger_id:
        kept += _sampled("Application Insights", insights)
    return kept


def _sampled(where: str, diagnostic: GatewayDiagnostic | None) -> Iterator[str]:
    """Yield where something is logged, with how much of it; nothing if none is."""
    share = diagnostic.percentage if diagnostic else None
    if share is None or share >= _ALL:
        yield where
    elif share > 0:
        yield f"{where} ({share:g} % of calls)"


_ALL = 100
_LOGS = ("GatewayLogs", "GatewayLlmLogs")


def _silent(found: Fronting, tenant: Tenant) -> list[str]:
    """Return the services in front that do not log what goes through them."""
    return [
        each.name for each in services(tenant, found.service_ids) if not _kept(each)
    ]


@check(
    id="aoai-requestresponse-gap",
    title="It is decided how prompts and answers are logged",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=CONTROLS,
)
def requestresponse_gap(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.endpoint`: which API Management services lead there.

    Where each of them keeps gateway logs that tell of models, or logs to Application
    Insights, be it a share of the calls, the check does not apply: see
    `aoai-apim-front`.

    ## Why it matters
    The account's logs have no prompt, no answer and no token counts, and the caller's
    address lacks its last part. Who needs those has to log in front of the account.

    ## How to fix
    Decide whether content and tokens are to be logged. If so, put a gateway in front
    that logs them, or log in the applications, and mind what may be kept.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: GenAI gateway capabilities in Azure API Management
    """
    found = fronting(account)
    if found.service_ids:
        if not _silent(found, tenant):
            return not_applicable("a gateway in front logs: see aoai-apim-front")
    elif found.unread is not None:
        raise found.unread
    return manual(
        "are prompts, answers and tokens logged anywhere, and are they meant to be?",
        "Evidence: where they are logged, for how long, and who may read them.",
    )


@check(
    id="aoai-apim-front",
    title="A gateway logs what the account does not",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.LOGGING, Post.API_KEYS),
    controls=CONTROLS,
)
def apim_front(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.endpoint`: which backends and APIs of API Management lead there.

    Each service in front has to send `GatewayLogs` and `GatewayLlmLogs` by a diagnostic
    setting, by name or as `allLogs`, or to log all APIs to Application Insights by a
    `loggerId`. Tiers that do not offer `GatewayLlmLogs` need the latter. Nothing is
    logged where `properties.sampling.percentage` is 0, of the diagnostic
    `applicationinsights`, or of `azuremonitor` for what a setting sends; less than 100
    is told, and absent or null sets no rate, which is optional (diagnostic REST
    reference), and leaves nothing out. Whether one is in front whose address several
    accounts of a region share, or is not told (see `aoai-key-in-apim`), a person has to
    say. Loggers of single APIs and other gateways are not read: then this tells what
    API Management does, and finds no fault.

    ## Why it matters
    A gateway knows the caller, the tokens and, where that is allowed, the prompt. It
    can also hold callers back before they use up what others need.

    ## How to fix
    Put API Management in front, log to Application Insights or a workspace, and close
    the ways past it.

    ```sh
    az apim api import --service-name APIM --resource-group RG --path openai \
      --specification-format OpenApi --specification-path inference.json
    ```

    Streaming answers limit what a gateway can log of them.

    ## Settings
    `expected_gateways` lists the API Management services that accounts are to be used
    through (none): another one in front does not do.

    ## References
    - Logging in Azure OpenAI Service
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: GenAI gateway capabilities in Azure API Management
    """
    found = fronting(account)
    if not found.service_ids:
        if found.possible:
            return manual(found.question)
        if found.unread is not None:
            raise found.unread
        return info("no API Management service of the scan leads here")
    gateways = some(found.names)
    wanted = {id_key(each) for each in expected(account)}
    if wanted and wanted.isdisjoint(map(id_key, found.service_ids)):
        return info(f"{gateways} in front, of no gateway that is expected there")
    if silent := _silent(found, tenant):
        lacks = f"{some(map(quote, silent))} keeps no log of prompts and tokens"
        return info(f"{gateways} in front, but {lacks}")
    ways = dict.fromkeys(
        each
        for service in services(tenant, found.service_ids)
        for each in _kept(service)
    )
    return passed(f"{gateways} in front, logged by {some(ways)}")


@check(
    id="aoai-locked-to-front",
    title="An account with a gateway is used through it alone",
    topic=Topic.LOGGING,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.LOGGING,
    controls=(*CONTROLS, "NIST-800-53:AC-3"),
)
def locked_to_front(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `disableLocalAuth`, the data roles, and the ways over the network.

    It is about accounts that an API Management service leads to, or is expected to;
    where none is, a narrowed scan may have left it out, and the check is not assessed;
    whether one leads here whose address several accounts of a region share, or is not
    told (see `aoai-key-in-apim`), a person has to say. Absent or null
    `properties.disableLocalAuth` means that keys are accepted, `publicNetworkAccess`
    Enabled, and an absent firewall Allow. A role that
    somebody else than an identity of the gateway holds here or above, be it once
    activated, counts if it allows a data action that is more than reading: on an Azure
    OpenAI account one on models or agents, on an AI Services account one of any
    service. Over the network only the gateway's subnet may get to the private
    endpoints, and no perimeter may have a wide inbound rule, as for
    `aoai-only-apim-reaches`; who comes in by its other rules or by the bypass for Azure
    services, and what the rules of the subnets leave open, a person has to say.

    ## Why it matters
    What a gateway logs is worth its being the only way. With keys accepted, a role of
    their own or a network that gets there, a caller who knows the account's address is
    in no log of the gateway.

    ## How to fix
    Switch keys off, give the data role to the gateway's identity alone, and close
    public access.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true, "publicNetworkAccess": "Disabled"}
    }'
    ```

    Callers that use a key or come in over the Internet are cut off at once: the gateway
    needs its data role and a private endpoint first.

    ## Settings
    `expected_gateways` lists the API Management services that accounts are to be used
    through (none); they are the gateway then, whatever else leads here.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Authenticate and authorize access to LLM APIs
    """
    found = fronting(account)
    if not found.service_ids and not expected(account):
        if found.possible:
            return manual(found.question)
        require_every_front(account, found)
        return not_applicable("no API Management service leads here")
    users = cited_service_users(tenant, account)
    ways = ways_beside(account)
    past: list[str] = []
    with ways.unclear:
        past += _by_settings(account)
    past += ways.open
    with ways.unclear:
        past += _by_roles(users, gateways_of(account, found), tenant)
    if past:
        return warned(f"it can be used past the gateway: {'; '.join(past)}")
    ways.unclear.settle()
    require_settled(users.missing)
    if lets_in_some(account):
        ways.asked.append("who is let in beside the gateway by a rule or bypass?")
    if ways.asked:
        return manual("; ".join(ways.asked[:FIRST]))
    reason = "keys are off, and only the gateway has a role and a way in"
    return passed(bounded(reason, users.missing))


def _by_settings(account: CognitiveAccount) -> Iterator[str]:
    if not account.local_auth_disabled:
        yield "keys are accepted"
    if lets_in_everyone(account):
        yield "public networks are let in"


def _by_roles(
    users: Answer, gateways: Collection[ApiService], tenant: Tenant
) -> Iterator[str]:
    """Yield that somebody beside the gateway may use an account, now or soon."""
    gateway = {
        each.principal_id.lower() for service in gateways for each in service.identities
    }
    now = _without(gateway, callers(tenant, users))
    if now:
        many = count(len(principals(now)), "principal holds", "principals hold")
        yield f"{many} a role to use it: {named(now)}"
    able = gateway.union(each.principal_id.lower() for each in now)
    soon = _without(able, actors(tenant, in_time(tenant, users.eligible)))
    if soon:
        many = count(len(principals(soon)), "principal", "principals")
        yield f"{many} may activate a role to use it: {named(soon)}"


def _without(principal_ids: Collection[str], grants: Iterable[Grant]) -> list[Grant]:
    return [each for each in grants if each.principal_id.lower() not in principal_ids]


CHECKS: tuple[Check[Any], ...] = (
    requestresponse_gap,
    apim_front,
    locked_to_front,
)
