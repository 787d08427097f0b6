"""Each read is accounted for: as read, as empty, or as gaps that say why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from scanner.collect.items import identify, with_id
from scanner.collect.ledger import NAMED_ITEMS
from scanner.collect.plan import NEVER_MADE, never_made, planned, tenant_scope
from scanner.collect.read import Read
from scanner.collect.reads import AT_TENANT
from scanner.collect.resources import SUBSCRIPTIONS
from scanner.emulator.faults import Malformed, Redirect, Status
from scanner.model.coverage import Outcome
from scanner.model.resource import Record

Scan = Callable[..., Any]
Account = Callable[..., Record]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
DEPLOYMENTS = "Microsoft.CognitiveServices/accounts/deployments"
GROUP = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001/resourceGroups/rg"
OWN = f"{GROUP}/providers/{ACCOUNTS}"


def test_every_planned_read_has_one_reading(scan_estate: Scan) -> None:
    done = scan_estate()
    made = [(each.resource_type, each.scope) for each in done.readings]
    assert len(made) == len(set(made))
    wanted = {(read.of.type, scope) for read, scope in planned(done.records, TENANT)}
    assert wanted <= set(made)
    assert never_made(done.records, done.readings, TENANT) == []


def test_counts(scan_estate: Scan) -> None:
    done = scan_estate()
    accounts = done.reading(ACCOUNTS)
    assert (accounts.outcome, accounts.count, accounts.whole) == (
        Outcome.READ,
        2,
        True,
    )
    empty = done.reading(ACCOUNTS, "2")
    assert (empty.outcome, empty.count, empty.whole) == (Outcome.EMPTY, 0, True)
    assert done.watch.progress.reads == len(done.readings)
    assert done.watch.progress.resources == len(done.records)
    assert done.watch.progress.finished == done.watch.progress.subscriptions == 2
    assert done.run.requests == len(
        [each for each in done.requests if "oauth2" not in each.path]
    )


def test_a_gap_says_what_where_and_why(scan_estate: Scan) -> None:
    fault = Status(
        type=ACCOUNTS,
        status=403,
        code="AuthorizationFailed",
        message="No,\n  you may not.",
    )
    done = scan_estate(fault)
    reading = done.reading(ACCOUNTS)
    (gap,) = reading.gaps
    assert (reading.outcome, reading.whole) == (Outcome.GAP, False)
    assert (gap.tenant_id, gap.scope, gap.resource_type, gap.operation) == (
        TENANT,
        reading.scope,
        ACCOUNTS,
        "accounts.list",
    )
    assert (gap.http_status, gap.error_code) == (403, "AuthorizationFailed")
    assert gap.reason == "No, you may not."
    assert done.watch.progress.gaps == len(done.gaps) == 1


def test_what_was_read_before_a_list_broke_off_is_kept(scan_estate: Scan) -> None:
    done = scan_estate(Status(type=ACCOUNTS, page=2, status=403), page_size=1)
    reading = done.reading(ACCOUNTS)
    assert (reading.outcome, reading.count, len(reading.gaps)) == (Outcome.GAP, 1, 1)
    assert done.asked("accounts/one/deployments") == 1
    assert done.asked("accounts/two/deployments") == 0


def test_pages_are_put_together(scan_estate: Scan) -> None:
    whole, paged = scan_estate(), scan_estate(page_size=1)
    assert sorted(each.id for each in paged.records) == sorted(
        each.id for each in whole.records
    )


@pytest.mark.parametrize("fault", [Redirect(type=ACCOUNTS), Malformed(type=ACCOUNTS)])
def test_where_nothing_came_nothing_is_made_up(scan_estate: Scan, fault: Any) -> None:
    done = scan_estate(fault)
    assert done.reading(ACCOUNTS).count == 0
    assert done.asked(DEPLOYMENTS.rpartition("/")[2]) == 0
    assert not [each for each in done.records if each.type == ACCOUNTS]


def test_malformed_items_are_named_up_to_a_point(
    scan_estate: Scan, account: Account
) -> None:
    odd = [account("/elsewhere") for _ in range(NAMED_ITEMS + 5)]
    reading = scan_estate(more=tuple(odd)).reading(ACCOUNTS)
    reasons = [gap.reason for gap in reading.gaps]
    assert reading.count == 2
    assert reasons[0] == "malformed: item 3 has an id outside the scope of its list"
    assert reasons[-1] == f"malformed: {NAMED_ITEMS + 5} items in all"
    assert len(reasons) == NAMED_ITEMS + 1


def test_a_resource_on_two_pages_is_one(scan_estate: Scan, account: Account) -> None:
    twice = account(f"{OWN}/three")
    done = scan_estate(more=(twice, twice), page_size=3)
    assert done.gaps == []
    assert done.reading(ACCOUNTS).count == 3
    assert done.asked("accounts/three/deployments") == 1


def test_two_resources_of_one_id_are_not(scan_estate: Scan, account: Account) -> None:
    done = scan_estate(more=(account(f"{OWN}/ONE", kind="AIServices"),))
    (gap,) = done.reading(ACCOUNTS).gaps
    assert gap.reason == "malformed: item 3 has the id of another one"
    assert done.asked("accounts/one/deployments") == 1


def test_an_id_that_leads_elsewhere_costs_what_is_read_at_it(
    scan_estate: Scan, account: Account
) -> None:
    done = scan_estate(more=(account(f"{OWN}/../../x"),))
    assert done.reading(ACCOUNTS).count == 3
    gaps = [each for each in done.gaps if ".." in each.scope]
    assert gaps == done.gaps
    assert DEPLOYMENTS in {each.resource_type for each in gaps}
    assert all("is not an id to read at" in each.gaps[0].reason for each in gaps)
    assert done.asked("..") == 0


def test_secrets_do_not_reach_the_snapshot(scan_estate: Scan, account: Account) -> None:
    text = "DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0;EndpointSuffix=x"
    done = scan_estate(more=(account(f"{OWN}/key", tags={"old": text}),))
    (record,) = (each for each in done.records if each.id.endswith("/key"))
    assert b"c2VjcmV0" not in record.body
    assert b"AccountKey=REDACTED;EndpointSuffix=x" in record.body


MANAGERS = "Microsoft.Network/networkManagers"
VERSIONS = "Not found for api version 'a'. The supported api-versions are 'b,c'."


@pytest.mark.parametrize(
    ("kind", "message", "is_gap"),
    [
        (MANAGERS, "Not found.", False),
        (MANAGERS, VERSIONS, True),
        ("Microsoft.KeyVault/vaults", "Not found.", True),
    ],
)
def test_there_is_nothing_of_a_recent_type_in_a_cloud_that_does_not_know_it(
    scan_estate: Scan, kind: str, message: str, is_gap: bool
) -> None:
    unknown = Status(type=kind, status=404, code="InvalidResourceType", message=message)
    done = scan_estate(unknown, graph=False)
    assert [each.resource_type for each in done.gaps] == [kind] * 2 * is_gap
    if not is_gap:
        reading = done.reading(kind)
        assert (reading.outcome, reading.operation) == (
            Outcome.EMPTY,
            "InvalidResourceType",
        )


PROJECTS = f"{ACCOUNTS}/projects"


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (PROJECTS, f"{OWN}/foundry"),
        (f"{ACCOUNTS}/connections", f"{OWN}/foundry"),
        (f"{ACCOUNTS}/capabilityHosts", f"{OWN}/foundry"),
        (f"{PROJECTS}/connections", f"{OWN}/foundry/projects/chat"),
        (f"{PROJECTS}/capabilityHosts", f"{OWN}/foundry/projects/chat"),
    ],
)
def test_a_cloud_may_have_foundry_accounts_without_their_projects(
    scan_estate: Scan, kind: str, scope: str
) -> None:
    bodies = [
        {"id": f"{OWN}/foundry", "kind": "AIServices", "properties": {}},
        {"id": f"{OWN}/foundry/projects/chat", "properties": {}},
    ]
    fault = Status(type=kind, status=404, code="InvalidResourceType", message="No.")
    done = scan_estate(fault, bodies=tuple(bodies))
    assert done.gaps == []
    (reading,) = (
        each
        for each in done.readings
        if (each.resource_type, each.scope) == (kind, scope)
    )
    assert reading.operation == "InvalidResourceType"


NEW, OLD = "2025-09-01", "2025-06-01"


def too_new(
    kind: str = ACCOUNTS,
    code: str = "NoRegisteredProviderFound",
    *versions: str,
) -> tuple[Status, ...]:
    status = 404 if code == "InvalidResourceType" else 400
    return tuple(
        Status(type=kind, status=status, code=code, message=VERSIONS, api_version=each)
        for each in versions or (NEW,)
    )


@pytest.mark.parametrize(
    "code",
    ["NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType"],
)
def test_an_older_api_version_is_asked_for_where_the_newer_is_refused(
    scan_estate: Scan, code: str
) -> None:
    done = scan_estate(*too_new(ACCOUNTS, code), subscriptions=("Alpha",), graph=False)
    reading = done.reading(ACCOUNTS)
    assert (reading.api_version, reading.count, done.gaps) == (OLD, 2, [])
    by_type = {each.type: each.api_version for each in done.records}
    assert by_type[ACCOUNTS] == OLD
    (deployments, _) = (
        each for each in done.readings if each.resource_type == DEPLOYMENTS
    )
    assert deployments.api_version == NEW


def test_a_refused_api_version_is_not_asked_for_again(scan_estate: Scan) -> None:
    accounts = ({"id": f"{OWN}/{number}", "kind": "OpenAI"} for number in range(30))
    bodies = tuple({**each, "properties": {}} for each in accounts)
    done = scan_estate(*too_new(DEPLOYMENTS), bodies=bodies)
    assert done.gaps == []
    asked = [each for each in done.requests if each.path.endswith("/deployments")]
    assert sum(OLD in each.query for each in asked) == len(bodies) + 2
    assert 1 <= sum(NEW in each.query for each in asked) <= 8  # at once


@pytest.mark.parametrize(
    ("faults", "asked_with"),
    [
        (too_new(ACCOUNTS, "NoRegisteredProviderFound", NEW, OLD), OLD),
        (too_new(ACCOUNTS, "AuthorizationFailed"), NEW),
    ],
)
def test_a_list_that_no_api_version_gives_is_a_gap(
    scan_estate: Scan, faults: tuple[Status, ...], asked_with: str
) -> None:
    done = scan_estate(*faults, graph=False)
    for number in "12":
        reading = done.reading(ACCOUNTS, number)
        assert (reading.whole, reading.api_version) == (False, asked_with)
        assert reading.gaps[0].error_code == faults[0].code


def test_only_some_types_have_an_older_api_version(scan_estate: Scan) -> None:
    fault = too_new("Microsoft.KeyVault/vaults", "NoRegisteredProviderFound", "")
    done = scan_estate(*fault, graph=False)
    assert {each.resource_type for each in done.gaps} == {"Microsoft.KeyVault/vaults"}
    assert done.asked("Microsoft.KeyVault/vaults") == 2


def test_workspaces_are_read_with_the_newest_that_is_not_refused(
    scan_estate: Scan,
) -> None:
    kind = "Microsoft.MachineLearningServices/workspaces"
    versions = ("2025-12-01", "2024-10-01-preview")
    faults = too_new(kind, "NoRegisteredProviderFound", *versions)
    bodies = ({"id": f"{GROUP}/providers/{kind}/hub", "properties": {}},)
    done = scan_estate(*faults, bodies=bodies)
    assert done.reading(kind).api_version == "2024-07-01-preview"
    assert done.gaps == []


MANAGED = f"{ACCOUNTS}/managedNetworks"


@pytest.mark.parametrize(
    ("code", "is_gap"),
    [
        ("ResourceNotFound", False),
        ("NotFound", False),
        ("InvalidResourceType", True),
        ("", True),
    ],
)
def test_what_is_asked_for_by_its_id_is_not_there_only_where_azure_says_so(
    scan_estate: Scan, account: Account, code: str, is_gap: bool
) -> None:
    injected = {"networkInjections": [{"useMicrosoftManagedNetwork": True}]}
    agents = account(f"{OWN}/agents", kind="AIServices", properties=injected)
    fault = Status(type=MANAGED, status=404, code=code, message=VERSIONS)
    done = scan_estate(fault, more=(agents,))
    (reading,) = (each for each in done.readings if each.resource_type == MANAGED)
    assert reading.outcome is (Outcome.GAP if is_gap else Outcome.EMPTY)
    assert bool(done.gaps) == is_gap


@pytest.mark.parametrize("body", [b'{"n":1e999}', b'{"name":"\xff"}', b"{"])
def test_what_cannot_be_decoded_is_told_not_raised(body: bytes) -> None:
    raw = with_id(msgspec.Raw(body), "/subscriptions/s")
    assert identify(bytes(raw), "/") == ("is no JSON", "")


WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
ENCRYPTED = {"encryption": {"status": "Enabled"}}


def test_what_is_read_at_the_subscription_of_another_is_read_there_once(
    scan_estate: Scan,
) -> None:
    own = f"{GROUP}/providers/{WORKSPACES}"
    bodies = tuple({"id": f"{own}/{name}", "properties": ENCRYPTED} for name in "ab")
    done = scan_estate(bodies=bodies)
    assert done.asked("Microsoft.Authorization/locks") == 1
    assert done.reading("Microsoft.Authorization/locks").whole


def test_a_workspace_elsewhere_leads_to_no_other_subscription(
    scan_estate: Scan,
) -> None:
    other = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000009"
    own = f"{other}/resourceGroups/rg/providers/{WORKSPACES}/a"
    workspace = Record(
        id=own,
        type=WORKSPACES,
        scope=GROUP.partition("/resourceGroups")[0],
        api_version="",
        operation="",
        body=json.dumps({"id": own, "properties": ENCRYPTED}).encode(),
    )
    done = scan_estate(more=(workspace,))
    assert "outside the scope" in done.reading(WORKSPACES).gaps[0].reason
    assert done.asked(other) == 0


@pytest.mark.parametrize("graph", [True, False])
def test_consent_to_foreign_managers_is_asked_for_at_every_subscription(
    scan_estate: Scan, graph: bool
) -> None:
    kind = "Microsoft.Network/networkManagerConnections"
    own = f"{GROUP.partition('/resourceGroups')[0]}/providers/{kind}/partner"
    done = scan_estate(bodies=({"id": own, "properties": {}},), graph=graph)
    counts = {
        each.scope: each.count
        for each in done.readings
        if each.resource_type == kind and each.requested
    }
    assert sorted(counts.values()) == [0, 1]
    assert own in {each.id for each in done.records}


# What is read once in a tenant


@pytest.mark.parametrize("read", AT_TENANT, ids=lambda read: read.of.type)
def test_what_is_the_same_everywhere_is_read_where_it_can_be(
    scan_estate: Scan, read: Read
) -> None:
    refused = Status(
        type=read.of.type, scope=GROUP.rpartition("/resource")[0], status=403
    )
    done = scan_estate(refused)
    (reading,) = (
        each
        for each in done.readings
        if each.resource_type == read.of.type and each.scope == tenant_scope(TENANT)
    )
    assert reading.whole


# What was never made


def test_a_run_that_ended_early_lacks_what_it_did_not_read(scan_estate: Scan) -> None:
    done = scan_estate()
    made = [each for each in done.readings if each.resource_type != ACCOUNTS]
    lacking = never_made(done.records, made, TENANT)
    assert [each.resource_type for each in lacking] == [ACCOUNTS, ACCOUNTS]
    assert {each.gaps[0].reason for each in lacking} == {NEVER_MADE}


def test_without_subscriptions_their_list_is_all_there_is_to_read() -> None:
    assert list(planned([], TENANT)) == [(SUBSCRIPTIONS, tenant_scope(TENANT))]
