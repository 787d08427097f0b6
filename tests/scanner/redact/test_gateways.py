"""What API Management returns comes without secrets, and with what stands for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.redact.bodies import redacted

SERVICE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/front"
)
KEY = "3f2b8c0d9e1a4756b8d2"

Body = dict[str, Any]


def kept(path: str, **properties: Any) -> Body:
    """Return what is kept of the properties of a resource of a service."""
    body = {"id": f"{SERVICE}/{path}", "properties": properties}
    after = json.loads(redacted(json.dumps(body).encode()))
    assert after["id"] == body["id"]
    found: Body = after["properties"]
    return found


def test_the_credentials_of_a_backend() -> None:
    credentials = {
        "header": {"api-key": [KEY], "x-app": ["{{app-name}}"]},
        "query": {"code": [KEY, "{{code}}"]},
        "authorization": {"scheme": "Bearer", "parameter": KEY},
        "certificate": [],
    }
    after = kept("backends/models", url="https://a.example", credentials=credentials)
    assert after == {
        "url": "https://a.example",
        "credentials": {
            "header": {"api-key": ["REDACTED"], "x-app": ["{{app-name}}"]},
            "query": {"code": ["REDACTED", "{{code}}"]},
            "authorization": {"scheme": "Bearer", "parameter": "REDACTED"},
            "certificate": [],
        },
    }


@pytest.mark.parametrize("credentials", [None, {}, [], "odd", 7])
def test_a_backend_without_credentials(credentials: Any) -> None:
    after = kept("backends/b", credentials=credentials)
    assert after["credentials"] in (credentials, "REDACTED")


def test_a_named_value_that_nobody_marked_as_secret() -> None:
    after = kept("namedValues/key", displayName="key", value=KEY, secret=False)
    assert after == {"displayName": "key", "value": "REDACTED", "secret": False}
    assert kept("namedValues/key", secret=True) == {"secret": True}


HEADER = '<set-header name="{}" exists-action="override"><value>{}</value></set-header>'
PARAMETER = "<set-query-parameter name='{}'>\n<value>{}</value></set-query-parameter>"


POLICIES = (
    "policies/policy",
    "apis/chat/policies/policy",
    "products/apps/policies/policy",
    "policyFragments/sign-in",
)


@pytest.mark.parametrize("path", POLICIES)
@pytest.mark.parametrize(
    ("name", "value", "after"),
    [
        ("api-key", KEY, "REDACTED"),
        ("Ocp-Apim-Subscription-Key", KEY, "REDACTED"),
        ("Authorization", f"Bearer {KEY}", "REDACTED"),
        ("x-functions-key", f"\n {KEY}\n", "REDACTED"),
        ("api-key", "{{models-key}}", "{{models-key}}"),
        ("Authorization", '@("Bearer " + token)', '@("Bearer " + token)'),
        ("api-key", f'@("{KEY}")', '@("REDACTED")'),
        ("api-key", f"@(&quot;{KEY}&quot;)", "@(&quot;REDACTED&quot;)"),
        ("api-key", f"{{{{a}}}}{KEY}", "REDACTED"),
        ("x-region", "westeurope", "westeurope"),
    ],
)
@pytest.mark.parametrize("element", [HEADER, PARAMETER])
def test_what_a_policy_sends(
    path: str, name: str, value: str, after: str, element: str
) -> None:
    around = "<policies><inbound>{}<base /></inbound></policies>"
    xml = around.format(element.format(name, value))
    assert kept(path, value=xml, format="xml") == {
        "value": around.format(element.format(name, after)),
        "format": "xml",
    }


@pytest.mark.parametrize(
    ("xml", "after"),
    [
        (
            f'<authentication-basic username="u" password="{KEY}" />',
            '<authentication-basic username="u" password="REDACTED" />',
        ),
        (
            f'<authentication-certificate body="{KEY}" password="{{{{p}}}}" />',
            '<authentication-certificate body="REDACTED" password="{{p}}" />',
        ),
        (
            '<authentication-managed-identity resource="https://a.example" />',
            '<authentication-managed-identity resource="https://a.example" />',
        ),
    ],
)
def test_what_a_policy_signs_in_with(xml: str, after: str) -> None:
    assert kept("policies/policy", value=xml)["value"] == after


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"/microsoft.apimanagement/service/"', b'{"properties": 7}']
)
def test_what_is_no_resource_stays(body: bytes) -> None:
    text = body + b' "/Microsoft.ApiManagement/service/x"'
    assert redacted(text) == text
