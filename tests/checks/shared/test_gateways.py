"""API Management in front of accounts: keys or identities, and ways past it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.local_auth import disable_readiness, local_auth_disabled
from checks.api_keys.use import apim_loss_accepted, key_in_apim
from checks.logging.fronts import apim_front, locked_to_front
from scanner.model.apimanagement import (
    Api,
    ApiPolicy,
    ApiService,
    Backend,
    PolicyFragment,
    Product,
    ProductApi,
    ProductPolicy,
    ServicePolicy,
)
from scanner.model.check import Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.results import Result
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
SERVICE = f"{PROVIDERS}/Microsoft.ApiManagement/service/gate"
BACKEND, API = f"{SERVICE}/backends/models", f"{SERVICE}/apis/chat"
URL = "https://ai.openai.azure.com/openai"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, MANUAL = Status.INFO, Status.MANUAL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

IDENTITY = (
    '<authentication-managed-identity resource="https://cognitiveservices.azure.com" />'
)
KEY = (
    '<set-header name="api-key" exists-action="override">'
    "<value>{{k}}</value></set-header>"
)
TO_BACKEND = '<set-backend-service backend-id="Models" />'


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def account(keyless: object = False, **content: object) -> Body:
    known = {"disableLocalAuth": keyless, "customSubDomainName": "ai", **content}
    return {**body(ACCOUNT, **known), "kind": "OpenAI"}


def policy(at: str, xml: str, base: str = "<base />") -> Body:
    inbound = f"<inbound>{base}{xml}</inbound><backend><base /></backend>"
    return body(f"{at}/policies/policy", value=f"<policies>{inbound}</policies>")


@pytest.fixture
def judged(verdicts: Verdicts) -> Callable[..., Result]:
    """Judge a backend, in a service with an API that leads to it."""

    def judge(
        *bodies: Body, to: str = BACKEND, unread: Any = (), **backend: Any
    ) -> Result:
        known = {"url": URL, **backend}
        whole = [body(SERVICE), body(BACKEND, **known), *bodies]
        if not any(each["id"] == ACCOUNT for each in bodies):
            whole.append(account())
        return verdicts(key_in_apim, *whole, unread=unread).only(to)

    return judge


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ({"header": {"api-key": ["{{k}}"]}}, FAIL),
        ({"header": {"Ocp-Apim-Subscription-Key": ["REDACTED"]}}, FAIL),
        ({"query": {"subscription-key": ["{{k}}"]}}, FAIL),
        ({"header": {"x-team": ["lab"]}, "query": {}}, MANUAL),
        ({"header": None}, MANUAL),
        ({}, MANUAL),
        (None, MANUAL),
        ({"header": ["api-key"]}, UNREAD),
        ("api-key", UNREAD),
    ],
)
def test_credentials(judged: Any, credentials: object, status: Status) -> None:
    assert judged(credentials=credentials).status is status


@pytest.mark.parametrize(
    ("everywhere", "own", "status"),
    [
        ("", IDENTITY, PASS),
        (IDENTITY, "", PASS),
        (IDENTITY, KEY, FAIL),
        (KEY, IDENTITY, FAIL),
        ("", KEY, FAIL),
        ("", KEY.replace("override", "delete"), MANUAL),
        (IDENTITY, KEY.replace("override", "delete"), PASS),
        ("", f"<!-- {KEY} -->", MANUAL),
        ("", f"<!-- {IDENTITY} -->{KEY}", FAIL),
        ("", KEY.replace('"', "'").upper(), FAIL),
        ("", KEY.replace("api-key", "x-api-key"), MANUAL),
        ("", KEY.replace("set-header", "set-query-parameter"), FAIL),
        ("", IDENTITY.replace("cognitiveservices", "ai"), PASS),
        ("", IDENTITY.replace("azure.com", "azure.us"), PASS),
        ("", IDENTITY.replace("cognitiveservices", "vault"), MANUAL),
        ("", "", MANUAL),
    ],
)
def test_policies(judged: Any, everywhere: str, own: str, status: Status) -> None:
    result = judged(
        body(API), policy(API, TO_BACKEND + own), policy(SERVICE, everywhere)
    )
    assert result.status is status


ASIDE = [
    '<send-request mode="new"><set-url>https://x.example</set-url>%s</send-request>',
    "<send-one-way-request>%s</send-one-way-request>",
    "<outbound><base />%s</outbound>",
    "<ON-ERROR>%s</ON-ERROR>",
]


@pytest.mark.parametrize("aside", ASIDE)
def test_what_is_not_for_the_account_does_not_count(judged: Any, aside: str) -> None:
    def of(xml: str) -> Status:
        result = judged(body(API), policy(API, TO_BACKEND + xml))
        assert isinstance(result.status, Status)
        return result.status

    assert of(aside % KEY) is MANUAL
    assert of(aside % IDENTITY) is MANUAL
    assert of(aside % KEY + IDENTITY) is PASS
    assert of(aside % "" + KEY) is FAIL
    assert of("<outbound />" + KEY + aside % "") is FAIL


def test_policies_that_lead_elsewhere_do_not_count(judged: Any) -> None:
    other = policy(API, '<set-backend-service backend-id="others" />' + KEY)
    assert judged(body(API), other).status is MANUAL
    assert judged(body(API), other, policy(SERVICE, IDENTITY)).status is PASS


def test_every_way_to_a_backend_counts(judged: Any) -> None:
    second = f"{SERVICE}/apis/batch"
    bodies = body(API), policy(API, TO_BACKEND + IDENTITY), body(second)
    assert judged(*bodies, policy(second, TO_BACKEND)).status is MANUAL
    assert judged(*bodies, policy(second, TO_BACKEND + KEY)).status is FAIL
    older = body(second, isCurrent=False)
    assert judged(*bodies[:2], older).status is PASS


def test_a_backend_behind_a_pool(judged: Any) -> None:
    pool = body(
        f"{SERVICE}/backends/pool", pool={"services": [{"id": BACKEND.upper()}]}
    )
    through = TO_BACKEND.replace("Models", "pool") + IDENTITY
    assert judged(pool, body(API), policy(API, through)).status is PASS


@pytest.mark.parametrize(
    ("own", "base", "everywhere", "status"),
    [
        ("", "<BASE/>", IDENTITY, PASS),
        ("", "", IDENTITY, MANUAL),
        ("", "<!-- <base /> -->", IDENTITY, MANUAL),
        ("", "</inbound><inbound>", IDENTITY, MANUAL),
        (IDENTITY, "", KEY, PASS),
        (IDENTITY, "<base />", KEY, FAIL),
        (KEY, "", IDENTITY, FAIL),
    ],
)
def test_what_is_further_out_counts_where_it_is_called_in(
    judged: Any, own: str, base: str, everywhere: str, status: Status
) -> None:
    bodies = body(API), policy(API, TO_BACKEND + own, base)
    assert judged(*bodies, policy(SERVICE, everywhere)).status is status
    between = body(PRODUCT), policy(PRODUCT, own, base), product("")[-1]
    outer = *between, policy(SERVICE, everywhere)
    assert judged(body(API), policy(API, TO_BACKEND), *outer).status is status


def test_a_policy_that_was_not_read_may_not_call_in_what_is_further_out(
    judged: Any,
) -> None:
    api = body(API, serviceUrl=URL)
    bodies, refused = (api, policy(SERVICE, KEY)), [(ApiPolicy, API)]
    assert judged(*bodies, to=API, unread=refused).status is UNREAD
    assert judged(*bodies, to=API).status is FAIL


INCLUDED = '<include-fragment fragment-id="Sign-In" />'


def fragment(xml: str, name: str = "sign-in") -> Body:
    return body(
        f"{SERVICE}/policyFragments/{name}", value=f"<fragment>{xml}</fragment>"
    )


@pytest.mark.parametrize(
    ("fragments", "status"),
    [
        ([fragment(IDENTITY)], PASS),
        ([fragment(KEY)], FAIL),
        ([fragment("")], MANUAL),
        ([fragment(KEY, "other")], MANUAL),
        ([fragment(INCLUDED)], MANUAL),
        (
            [fragment('<include-fragment fragment-id="b"/>'), fragment(KEY, "b")],
            FAIL,
        ),
        ([], MANUAL),
    ],
)
def test_what_a_policy_includes_is_part_of_it(
    judged: Any, fragments: list[Body], status: Status
) -> None:
    bodies = body(API), policy(API, TO_BACKEND + INCLUDED), *fragments
    assert judged(*bodies).status is status
    named = body(API), policy(API, INCLUDED), fragment(TO_BACKEND + IDENTITY)
    assert judged(*named).status is PASS


PRODUCT = f"{SERVICE}/products/apps"


def product(xml: str, api: object = API, id: str = PRODUCT) -> list[Body]:
    link = body(f"{id}/apiLinks/one", apiId=api)
    return [body(id), policy(id, xml), link]


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        (product(IDENTITY), PASS),
        (product(KEY), FAIL),
        (product(""), MANUAL),
        (product(IDENTITY, f"{API.upper()};rev=2"), PASS),
        (product(KEY, f"{SERVICE}/apis/other"), MANUAL),
        ([*product(IDENTITY), *product("", id=f"{PRODUCT}2")], MANUAL),
        ([*product(IDENTITY), *product(KEY, id=f"{PRODUCT}2")], FAIL),
        (product(IDENTITY, 7), UNREAD),
    ],
)
def test_products_sign_in_for_their_apis(
    judged: Any, bodies: list[Body], status: Status
) -> None:
    assert judged(body(API), policy(API, TO_BACKEND), *bodies).status is status


def test_a_product_may_choose_the_backend(judged: Any) -> None:
    assert judged(body(API), *product(TO_BACKEND + IDENTITY)).status is PASS


@pytest.mark.parametrize(
    "refused",
    [
        (Product, SERVICE),
        (ProductPolicy, PRODUCT),
        (ProductApi, PRODUCT),
        (PolicyFragment, SERVICE),
    ],
)
def test_products_and_fragments_that_were_not_read(judged: Any, refused: Any) -> None:
    bodies = body(API), policy(API, TO_BACKEND + INCLUDED), *product(IDENTITY)
    assert judged(*bodies, unread=[refused]).status is UNREAD
    keyed = body(API), policy(API, TO_BACKEND + INCLUDED + KEY), *product(IDENTITY)
    assert judged(*keyed, unread=[refused]).status is FAIL


@pytest.mark.parametrize(
    ("xml", "status"), [(IDENTITY, PASS), (KEY, FAIL), ("", MANUAL)]
)
def test_an_api_with_an_address_of_its_own(
    judged: Any, xml: str, status: Status
) -> None:
    api = body(API, serviceUrl=URL)
    assert judged(api, policy(API, xml), to=API).status is status


def to_url(url: str = URL) -> str:
    return f'<set-backend-service base-url="{url}" />'


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([policy(API, to_url() + KEY)], FAIL),
        ([policy(API, to_url().replace('"', "'") + IDENTITY)], PASS),
        ([policy(API, to_url())], MANUAL),
        ([policy(API, KEY), *product(to_url())], FAIL),
        ([policy(API, KEY), policy(SERVICE, to_url())], FAIL),
        ([policy(API, INCLUDED), fragment(to_url() + KEY)], FAIL),
        ([policy(API, to_url("https://ai.openai.azure.com/{{path}}") + KEY)], FAIL),
        ([policy(API, to_url("https://other.openai.azure.com") + KEY)], NONE),
        ([policy(API, to_url("{{address}}") + KEY)], MANUAL),
        ([policy(API, to_url("https://{{name}}.openai.azure.com") + KEY)], MANUAL),
        ([policy(API, to_url('@("https://" + x)') + KEY)], MANUAL),
        ([policy(API, to_url("{{address}}") + IDENTITY)], PASS),
    ],
)
def test_an_api_whose_address_a_policy_sets(
    judged: Any, bodies: list[Body], status: Status
) -> None:
    assert judged(body(API), *bodies, to=API).status is status
    elsewhere = body(API, serviceUrl="https://pets.example")
    assert judged(elsewhere, *bodies, to=API).status is status


@pytest.mark.parametrize(
    "bodies",
    [
        [policy(API, to_url("https://pets.example") + KEY)],
        [policy(API, to_url("{{address}}"))],
        [policy(API, f"<!-- {to_url()} -->" + KEY)],
        [policy(API, KEY, base=""), policy(SERVICE, to_url())],
        [policy(API, f"<send-request>{to_url()}</send-request>" + KEY)],
    ],
)
def test_an_api_that_leads_to_no_account(
    verdicts: Verdicts, bodies: list[Body]
) -> None:
    [result] = verdicts(key_in_apim, account(), body(SERVICE), body(API), *bodies)
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    "refused", [(ApiPolicy, API), (ServicePolicy, SERVICE), (Product, SERVICE)]
)
def test_a_policy_that_was_not_read_may_lead_to_an_account(
    verdicts: Verdicts, judged: Any, refused: Any
) -> None:
    assert judged(body(API), to=API, unread=[refused]).status is UNREAD
    bodies = account(), body(SERVICE), body(API)
    result = verdicts(locked_to_front, *bodies, unread=[refused]).only(ACCOUNT)
    assert result.status is UNREAD


def test_what_is_everywhere_may_choose_the_backend(judged: Any) -> None:
    assert judged(body(API), policy(API, KEY), policy(SERVICE, TO_BACKEND)).status is (
        FAIL
    )


def test_accounts_know_the_apis_whose_policies_lead_there(verdicts: Verdicts) -> None:
    bodies = account(), body(SERVICE), body(API)
    leading = policy(API, to_url() + KEY)
    found = verdicts(apim_front, *bodies, leading)
    assert "gate/chat in front" in found.only(ACCOUNT).reason
    assert (leading["id"], "properties.value") in found.evidence(ACCOUNT)
    untold = policy(API, to_url("{{address}}") + KEY)
    for check in apim_front, locked_to_front, apim_loss_accepted:
        result = verdicts(check, *bodies, untold).only(ACCOUNT)
        asked = "do calls through gate/chat come here" in result.reason
        assert (result.status, asked) == (MANUAL, True)
    pets = policy(API, to_url("{{address}}"))
    assert verdicts(locked_to_front, *bodies, pets).only(ACCOUNT).status is NONE


@pytest.mark.parametrize(
    ("address", "xml", "status"),
    [
        ("{{models}}", KEY, MANUAL),
        ("{{models}}", IDENTITY, PASS),
        ("https://{{models}}/openai", KEY, MANUAL),
    ],
)
def test_an_address_that_is_a_named_value(
    judged: Any, address: str, xml: str, status: Status
) -> None:
    own = body(API, serviceUrl=address)
    assert judged(own, policy(API, xml), to=API).status is status
    leading = body(API), policy(API, TO_BACKEND + xml)
    assert judged(*leading, url=address).status is status


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://AI.cognitiveservices.azure.com/", FAIL),
        ("https://ai.privatelink.openai.azure.com", FAIL),
        ("https://other.openai.azure.com", NONE),
    ],
)
def test_which_account(judged: Any, url: str, status: Status) -> None:
    credentials = {"header": {"api-key": ["{{k}}"]}}
    assert judged(url=url, credentials=credentials).status is status


@pytest.mark.parametrize("url", ["https://example.com", None])
def test_other_backends_are_left_out(verdicts: Verdicts, url: object) -> None:
    bodies = account(), body(SERVICE), body(BACKEND, url=url), body(API)
    [result] = verdicts(key_in_apim, *bodies)
    assert result.target.resource_id.startswith("/tenants/")


REGION = "https://eastus.api.cognitive.microsoft.com/"


def regional(name: str = "ai", endpoint: object = REGION) -> Body:
    known = account(customSubDomainName=None, endpoint=endpoint)
    return {**known, "id": ACCOUNT.removesuffix("ai") + name}


@pytest.mark.parametrize(
    ("accounts", "status"),
    [
        ([regional()], FAIL),
        ([regional(), regional("other", "https://x.openai.azure.com/")], FAIL),
        ([regional(), regional("other")], MANUAL),
        ([regional(endpoint=REGION.replace("eastus", "westus"))], NONE),
        ([regional(), regional("other", 7)], UNREAD),
        ([account()], NONE),
    ],
)
def test_a_gateway_to_the_endpoint_of_a_region(
    verdicts: Verdicts, accounts: list[Body], status: Status
) -> None:
    kept = {"header": {"api-key": ["{{k}}"]}}
    backend = body(BACKEND, url=f"{REGION.upper()}openai", credentials=kept)
    bodies = body(SERVICE), backend
    assert verdicts(key_in_apim, *accounts, *bodies).only(BACKEND).status is status


def test_accounts_at_the_endpoint_of_a_region_know_its_gateways(
    verdicts: Verdicts,
) -> None:
    bodies = body(SERVICE), body(BACKEND, url=REGION)
    one = regional(), *bodies
    assert verdicts(apim_front, *one).only(ACCOUNT).status is INFO
    assert "gate/models in front" in verdicts(apim_front, *one).only(ACCOUNT).reason
    assert verdicts(apim_loss_accepted, *one).only(ACCOUNT).status is MANUAL
    two = *one, regional("other")
    for check in apim_front, locked_to_front, apim_loss_accepted:
        result = verdicts(check, *two).only(ACCOUNT)
        asked = "do calls through gate/models come here"
        assert (result.status, asked in result.reason) == (MANUAL, True)
    ready = verdicts(disable_readiness, *two).only(ACCOUNT)
    assert "See whose calls come through gate/models." in ready.advice


def test_a_key_of_an_account_that_refuses_them(judged: Any) -> None:
    credentials = {"header": {"api-key": ["{{k}}"]}}
    result = judged(account(keyless=True), credentials=credentials)
    assert (result.status, "broken" in result.reason) == (FAIL, True)


@pytest.mark.parametrize(
    ("refused", "xml", "status"),
    [
        ((ServicePolicy, SERVICE), IDENTITY, UNREAD),
        ((Api, SERVICE), IDENTITY, UNREAD),
        ((ApiPolicy, API), IDENTITY, UNREAD),
        ((CognitiveAccount, SUBSCRIPTION), KEY, UNREAD),
    ],
)
def test_policies_unread(judged: Any, refused: Any, xml: str, status: Status) -> None:
    bodies = body(API), policy(API, TO_BACKEND + xml)
    assert judged(*bodies, unread=[refused]).status is status


def test_a_key_that_was_found_is_one_whatever_else_was_not_read(judged: Any) -> None:
    second = f"{SERVICE}/apis/batch"
    bodies = body(API), policy(API, TO_BACKEND + KEY), body(second)
    refused = [(ApiPolicy, second)]
    assert judged(*bodies, unread=refused).status is FAIL


@pytest.mark.parametrize("view", [ApiService, Backend])
def test_services_unread(verdicts: Verdicts, view: Any) -> None:
    at = SUBSCRIPTION if view is ApiService else SERVICE
    bodies = [account()] if view is ApiService else [account(), body(SERVICE)]
    [result] = verdicts(key_in_apim, *bodies, unread=[(view, at)])
    assert (result.status, result.target.resource_id) == (UNREAD, at)


# From the account


FRONT = body(SERVICE), body(BACKEND, url=URL)
KEYED = (
    body(SERVICE),
    body(BACKEND, url=URL, credentials={"header": {"api-key": ["x"]}}),
)


def test_readiness_tells_gateways(verdicts: Verdicts, rbac: Any) -> None:
    caller = rbac.role("caller", dataActions=["Microsoft.CognitiveServices/*"])
    granted = rbac.grant("app", "caller", ACCOUNT, "ServicePrincipal")
    bodies = account(), caller, granted
    [result] = verdicts(disable_readiness, *bodies, *KEYED)
    assert (result.status, result.reason.startswith("not ready: 1 gateway")) == (
        WARN,
        True,
    )
    assert "gate/models" in result.advice
    [result] = verdicts(disable_readiness, *bodies, *FRONT)
    assert (result.status, "keys through gate/models?" in result.reason) == (
        MANUAL,
        True,
    )
    [result] = verdicts(local_auth_disabled, *bodies, *FRONT)
    assert "See what callers send" in result.remediation
    refused = [(ApiService, SUBSCRIPTION)]
    [result] = verdicts(disable_readiness, *bodies, unread=refused)
    assert result.status is UNREAD
    [result] = verdicts(local_auth_disabled, *bodies, *KEYED)
    assert "instead of a key: gate/models" in result.remediation
    [result] = verdicts(local_auth_disabled, *bodies, unread=refused)
    assert (result.status, "there may be more" in result.remediation) == (FAIL, True)


@pytest.mark.parametrize(
    ("identity", "holder", "status", "word"),
    [
        ({"type": "SystemAssigned", "principalId": "GATE"}, "gate", INFO, "1 known"),
        ({"type": "SystemAssigned", "principalId": "GATE"}, "app", WARN, "without a"),
        (None, "app", WARN, "without a data role: gate/models"),
        ({"type": "SystemAssigned"}, "app", UNREAD, "principalId"),
    ],
)
def test_a_gateway_is_ready_once_its_identity_holds_a_role(
    verdicts: Verdicts,
    rbac: Any,
    identity: object,
    holder: str,
    status: Status,
    word: str,
) -> None:
    caller = rbac.role("caller", dataActions=["Microsoft.CognitiveServices/*"])
    granted = rbac.grant(holder, "caller", ACCOUNT, "ServicePrincipal")
    service = {**body(SERVICE), "identity": identity}
    bodies = account(), caller, granted, service, body(BACKEND, url=URL), body(API)
    [result] = verdicts(disable_readiness, *bodies, policy(API, TO_BACKEND + IDENTITY))
    assert (result.status, word in result.reason) == (status, True)


def test_a_backend_and_an_api_of_one_name_count_both(
    verdicts: Verdicts, rbac: Any
) -> None:
    caller = rbac.role("caller", dataActions=["Microsoft.CognitiveServices/*"])
    granted = rbac.grant("app", "caller", ACCOUNT, "ServicePrincipal")
    namesake = body(f"{SERVICE}/apis/models", serviceUrl=URL)
    bodies = account(), caller, granted, *KEYED, namesake
    [result] = verdicts(disable_readiness, *bodies)
    assert "1 gateway sends a key: gate/models" in result.reason


def connection(state: str = "Approved") -> Body:
    status = {"privateLinkServiceConnectionState": {"status": state}}
    return {"properties": {**status, "groupIds": ["account"]}}


CLOSED = {"publicNetworkAccess": "Disabled"}
DENY = {"networkAcls": {"defaultAction": "Deny"}}
RULE = {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "192.0.2.1"}]}}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({}, MANUAL),
        ({"publicNetworkAccess": "Enabled"}, MANUAL),
        (DENY, NONE),
        (RULE, MANUAL),
        (CLOSED, NONE),
        ({**CLOSED, "privateEndpointConnections": [connection()]}, NONE),
        ({**CLOSED, "privateEndpointConnections": [connection()] * 2}, MANUAL),
        (
            {
                **CLOSED,
                "privateEndpointConnections": [connection(), connection("Pending")],
            },
            NONE,
        ),
        ({"publicNetworkAccess": 7}, UNREAD),
    ],
)
def test_ways_past_a_gateway(
    verdicts: Verdicts, content: dict[str, object], status: Status
) -> None:
    [result] = verdicts(apim_loss_accepted, account(**content), *FRONT)
    assert result.status is status
    if status in (MANUAL, NONE):
        assert "gate/models" in result.reason


def test_accounts_without_a_gateway(verdicts: Verdicts) -> None:
    [result] = verdicts(apim_loss_accepted, account())
    assert result.status is NONE
    refused = [(ApiService, SUBSCRIPTION)]
    [result] = verdicts(apim_loss_accepted, account(), unread=refused)
    assert result.status is UNREAD
    partly = [(Api, SERVICE)]
    [result] = verdicts(apim_loss_accepted, account(), *FRONT, unread=partly)
    assert result.status is MANUAL


def test_a_gateway_that_is_expected_can_be_gone_past(verdicts: Verdicts) -> None:
    settings = Settings(expected_gateways=(SERVICE,))
    for content, status in (({}, MANUAL), (CLOSED, NONE)):
        given = account(**content)
        [result] = verdicts(apim_loss_accepted, given, settings=settings)
        assert result.status is status
        assert "is expected to lead here" in result.reason
