"""What a scan asks for, with which token, and where its secrets do not go."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.cli.failure import Exit
from scanner.collect.assemble import assemble
from scanner.demo import TENANT_ID
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Status, TokenRefused
from scanner.emulator.tokens import MARKER

GRAPH = "/providers/microsoft.resourcegraph/resources"
TOKEN = re.compile(r"/[0-9a-f-]{36}/oauth2/v2\.0/token")
JWT = re.compile(r"eyJ[\w-]+\.eyJ")
"""What every token looks like; packed results hold any three letters by chance."""
SECRET = re.compile(
    r"listkeys|listsecrets|listaccountsas|listservicesas|listconnectionstrings"
    r"|listcredentials|listadminkeys|listquerykeys|regenerate|/secrets|/keys",
    re.IGNORECASE,
)


ABOUT_A_KEY = re.compile(r"/vaults/[^/]+/keys/[^/?]+\?", re.IGNORECASE)
"""Resource Manager tells when a key of a vault is renewed, and nothing of the key."""


def _assert_only_reads(requests: Any) -> None:
    assert requests
    for each in requests:
        path = each.path.lower()
        if each.method == "POST":
            assert path == GRAPH or TOKEN.fullmatch(path), each
        else:
            assert each.method == "GET", each
        asked = ABOUT_A_KEY.sub("?", f"{each.path}?{each.query}")
        assert not SECRET.search(asked), each


@pytest.mark.parametrize("graph", [True, False], ids=["auto", "arm"])
def test_a_scan_only_reads(bench: Any, graph: bool) -> None:
    scanned = bench.scan(graph=graph)
    assert scanned.exit is Exit.CLEAN
    _assert_only_reads(scanned.requests)
    asked = [each.path.lower() for each in scanned.requests]
    # Where to look, and when policies were evaluated.
    assert asked.count(GRAPH) == (2 if graph else 0)
    # Signing in is one request a tenant, and nothing carries a token to it.
    (signed_in,) = (each for each in scanned.requests if TOKEN.fullmatch(each.path))
    assert not signed_in.authorized


def test_a_scan_asks_for_nothing_twice(bench: Any) -> None:
    asked = [
        (each.path.lower(), each.query)
        for each in bench.scan().requests
        if each.path.lower() != GRAPH
    ]
    assert len(asked) == len(set(asked))


def test_nothing_but_reads_on_a_bad_day(bench: Any) -> None:
    day = bench.scan(
        # What generated clients answer by registering the provider, a write.
        Status(status=409, code="MissingSubscriptionRegistration"),
    )
    assert day.exit is Exit.NOTHING_READ
    _assert_only_reads(day.requests)


@pytest.fixture
def signed_in(bench: Any, demo_estate: Estate) -> Iterator[Any]:
    """Yield an emulator this process can sign in to, and the file for `--cloud`."""
    with in_thread(demo_estate) as azure:
        yield azure, bench.sign_in_to(azure.address)


def test_doctor_only_reads(posture: Callable[..., Any], signed_in: Any) -> None:
    azure, cloud = signed_in
    told = posture("doctor", "--cloud", cloud, "--auth", "environment")
    assert told.code == Exit.CLEAN, told.err
    _assert_only_reads(azure.requests)
    _assert_no_secret(azure, told.out, told.err)


# Secrets


def _files(directory: Path) -> Iterator[str]:
    for path in directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            inside = gzip.decompress(content) if path.suffix == ".gz" else content
            text = inside.decode()
            yield _unpacked(text) if path.suffix == ".html" else text


PACKED = re.compile(r'(id="payload">\s*)([\w+/=]+)')
"""What a page carries as base64, in which any letters may meet by chance."""


def _unpacked(page: str) -> str:
    """Return a page with what it carries as text."""
    ((_, packed),) = PACKED.findall(page)
    return page.replace(packed, gzip.decompress(base64.b64decode(packed)).decode())


def _assert_no_secret(azure: Any, *texts: str) -> None:
    for text in texts:
        assert MARKER not in text
        assert azure.address.client_secret not in text
        assert not JWT.search(text)
        assert '"authorization":' not in text.lower()


def test_secrets_are_nowhere(
    bench: Any, posture: Callable[..., Any], signed_in: Any
) -> None:
    azure, cloud = signed_in
    directory = bench.new_path("run")
    told = posture(
        *("--debug", "scan", "--cloud", cloud, "--auth", "environment"),
        *("--output", directory, "--log-format", "json", "--fail-on", "never"),
    )
    assert told.code == Exit.CLEAN, told.err
    assert told.err.startswith("{")
    written = list(_files(directory))
    assert len(written) > 20
    _assert_no_secret(azure, told.out, told.err, *written)


@pytest.mark.parametrize("log", ["text", "json"])
def test_secrets_are_nowhere_when_sign_in_fails(
    bench: Any, posture: Callable[..., Any], demo_estate: Estate, log: str
) -> None:
    with in_thread(demo_estate, Options(faults=(TokenRefused(),))) as azure:
        cloud = bench.sign_in_to(azure.address)
        told = posture(
            *("scan", "--cloud", cloud, "--auth", "environment"),
            *("--output", bench.new_path("run"), "--log-format", log),
        )
    assert told.code == Exit.NOTHING_READ
    assert len(told.lines) == 1
    _assert_no_secret(azure, told.out, told.err)


# Tenants

SECOND = "5ec0d5ec-0000-4000-8000-000000000002"
OTHER = "5ec0d5ec-0000-4000-8000-00000000000b"


def _second_tenant() -> Iterator[Mapping[str, Any]]:
    yield {
        "id": f"/subscriptions/{OTHER}",
        "subscriptionId": OTHER,
        "displayName": "Subsidiary",
        "state": "Enabled",
    }
    yield {
        "id": f"/subscriptions/{OTHER}/resourceGroups/rg/providers"
        "/Microsoft.CognitiveServices/accounts/subsidiary",
        "kind": "OpenAI",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded"},
    }


@pytest.fixture
def two_tenants(demo_estate: Estate) -> Estate:
    second = Tenant.of(SECOND, *assemble(_second_tenant(), SECOND))
    return Estate((*demo_estate.tenants, second))


def _scan_both(
    bench: Any, posture: Callable[..., Any], estate: Estate, *faults: Any
) -> Any:
    """Return an emulator of two tenants, what was told, and what was left."""
    directory = bench.new_path("run")
    with in_thread(estate, Options(faults=faults)) as azure:
        told = posture(
            *("scan", "--cloud", bench.sign_in_to(azure.address)),
            *("--auth", "environment", "--tenant", TENANT_ID, "--tenant", SECOND),
            *("--output", directory, "--fail-on", "never", "--quiet"),
        )
    return azure, told, bench.opened(directory)


def test_each_subscription_is_asked_with_its_own_token(
    calm: Any, bench: Any, posture: Callable[..., Any], two_tenants: Estate
) -> None:
    azure, told, scanned = _scan_both(bench, posture, two_tenants)
    assert (told.code, told.err) == (Exit.CLEAN, "")
    owners = {each["id"]: TENANT_ID for each in calm.run["subscriptions"]}
    owners[OTHER] = SECOND
    seen = set()
    for each in azure.requests:
        assert each.status == 200
        match = re.match(r"/subscriptions/([^/]+)/", each.path)
        if match:
            assert each.tenant_id == owners[match[1]], each
            seen.add(match[1])
    assert seen == set(owners)
    tenants = {row["tenant_id"] for row in scanned.document["results"]}
    assert tenants == {TENANT_ID, SECOND}
    of_first = [row for row in scanned.document["results"] if _first(row)]
    assert of_first == calm.document["results"]


def _first(row: Mapping[str, Any]) -> bool:
    return bool(row["tenant_id"] == TENANT_ID)


def test_a_tenant_that_lets_nobody_in_is_a_gap(
    calm: Any, bench: Any, posture: Callable[..., Any], two_tenants: Estate
) -> None:
    refused = TokenRefused(path=f"/{SECOND}/*")
    azure, told, scanned = _scan_both(bench, posture, two_tenants, refused)
    assert (told.code, told.err) == (Exit.INCOMPLETE, "")
    (gap,) = scanned.gaps
    assert (gap["scope"], gap["http_status"], gap["error_code"]) == (
        f"/tenants/{SECOND}",
        401,
        "SignInFailed",
    )
    rows = scanned.document["results"]
    assert [row for row in rows if _first(row)] == calm.document["results"]
    others = [row for row in rows if not _first(row)]
    assert {row["check_id"] for row in others} == {row["check_id"] for row in rows}
    assert {row["status"] for row in others} == {"not-assessed"}
    assert all(each.tenant_id in {TENANT_ID, ""} for each in azure.requests)
