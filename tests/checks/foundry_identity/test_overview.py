from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_identity.overview import (
    NAMED,
    identity_inventory,
    missing_rbac,
)
from checks.shared.shortfall import SHOWN
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import (
    Compute,
    OnlineEndpoint,
    Workspace,
    WorkspaceConnection,
)
from scanner.model.network import PrivateEndpoint
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
FAR = f"{SUBSCRIPTION}/resourceGroups/far/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
HUB, PROJECT = f"{WORKSPACES}/hub", f"{WORKSPACES}/pro"
ENDPOINT, COMPUTE = f"{PROJECT}/onlineEndpoints/score", f"{HUB}/computes/box"
STORAGE = f"{FAR}/Microsoft.Storage/storageAccounts/default"
VAULT = f"{FAR}/Microsoft.KeyVault/vaults/kv"
LINK = f"{FAR}/Microsoft.Network/privateEndpoints/blob"
DATA = f"{FAR}/Microsoft.Storage/storageAccounts/documents"
SEARCH = f"{FAR}/Microsoft.Search/searchServices/search"
ACCOUNT = f"{FAR}/Microsoft.CognitiveServices/accounts/model"
REGISTRY = f"{FAR}/Microsoft.ContainerRegistry/registries/images"
SHARED = f"{FAR}/Microsoft.ManagedIdentity/userAssignedIdentities/shared"
ABSENT = ...

IDS = {
    name: f"{digit * 8}-0000-0000-0000-00000000000{digit}"
    for name, digit in {
        "hub": "1",
        "project": "2",
        "search": "3",
        "account": "4",
        "endpoint": "5",
        "compute": "6",
        "person": "7",
    }.items()
}

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE, INFO = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.INFO


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def own(name: str) -> Body:
    return {"type": "SystemAssigned", "principalId": IDS[name]}


def shared(name: str) -> Body:
    used = {SHARED: {"principalId": IDS[name]}}
    return {"type": "UserAssigned", "userAssignedIdentities": used}


def grant(role: BuiltIn, scope: str, name: str, **more: object) -> Body:
    provider = "providers/Microsoft.Authorization"
    properties = {
        "scope": scope,
        "roleDefinitionId": f"/{provider}/roleDefinitions/{role}",
        "principalId": IDS[name],
        "principalType": "User" if name == "person" else "ServicePrincipal",
        "condition": None,
    }
    at = f"{scope}/{provider}/roleAssignments/{role[:8]}-{name}"
    return body(at, {**properties, **more})


def hub(mode: object = "identity", identity: object = ABSENT, **more: object) -> Body:
    properties = {
        "systemDatastoresAuthMode": mode,
        "storageAccount": STORAGE,
        "keyVault": VAULT,
        **more,
    }
    who = own("hub") if identity is ABSENT else identity
    return body(HUB, properties, kind="Hub", identity=who)


def project(mode: object = "identity", identity: object = ABSENT) -> Body:
    properties = {
        "systemDatastoresAuthMode": mode,
        "storageAccount": STORAGE,
        "hubResourceId": HUB,
    }
    who = own("project") if identity is ABSENT else identity
    return body(PROJECT, properties, kind="Project", identity=who)


def connection(leads_to: str, type: object = "AAD", of: str = HUB) -> Body:
    name = f"{leads_to.rpartition('/')[2]}-{type}"
    named = {"metadata": {"ResourceId": leads_to}, "isSharedToAll": True}
    return body(f"{of}/connections/{name}", {"authType": type, **named})


def link() -> Body:
    target = {
        "privateLinkServiceId": STORAGE,
        "groupIds": ["blob"],
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    return body(LINK, {"privateLinkServiceConnections": [{"properties": target}]})


def endpoint(identity: object = ABSENT) -> Body:
    who = own("endpoint") if identity is ABSENT else identity
    return body(ENDPOINT, {"authMode": "AADToken"}, identity=who)


def compute() -> Body:
    return body(COMPUTE, {"computeType": "AmlCompute"}, identity=own("compute"))


SERVICES = (
    body(STORAGE, {}),
    body(DATA, {}),
    body(SEARCH, {}, identity=own("search")),
    body(ACCOUNT, {}, kind="AIServices", identity=own("account")),
    body(REGISTRY, {}),
)
LINKS = tuple(map(connection, (SEARCH, ACCOUNT, DATA)))
WORKS = grant(BuiltIn.AI_DEVELOPER, HUB, "person")

BLOB = BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR
FILE = BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_CONTRIBUTOR
TABLE = BuiltIn.STORAGE_TABLE_DATA_CONTRIBUTOR
READ_BLOB = BuiltIn.STORAGE_BLOB_DATA_READER
MANAGE, RECORDS = BuiltIn.SEARCH_CONTRIBUTOR, BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR
QUERY, CALL = BuiltIn.SEARCH_INDEX_DATA_READER, BuiltIn.OPENAI_USER

OF_HUB: list[tuple[BuiltIn, str, str, Status]] = [
    (BLOB, STORAGE, "hub", FAIL),
    (FILE, STORAGE, "hub", FAIL),
    (BuiltIn.AI_ADMINISTRATOR, GROUP, "hub", FAIL),
    (CALL, ACCOUNT, "search", FAIL),
    (MANAGE, SEARCH, "account", FAIL),
    (RECORDS, SEARCH, "account", FAIL),
    (BLOB, STORAGE, "person", WARN),
    (FILE, STORAGE, "person", WARN),
    (MANAGE, SEARCH, "person", WARN),
    (RECORDS, SEARCH, "person", WARN),
    (BLOB, STORAGE, "compute", WARN),
    (BuiltIn.ACR_PULL, REGISTRY, "compute", WARN),
    (CALL, ACCOUNT, "compute", WARN),
    (QUERY, SEARCH, "compute", WARN),
    (READ_BLOB, DATA, "compute", WARN),
]
"""Every pair that the hub below answers for, and what lacking it comes to."""

OF_PROJECT: list[tuple[BuiltIn, str, str, Status]] = [
    (BuiltIn.STORAGE_CONTRIBUTOR, STORAGE, "project", FAIL),
    (BLOB, STORAGE, "project", FAIL),
    (FILE, STORAGE, "project", FAIL),
    (TABLE, STORAGE, "project", FAIL),
    (BuiltIn.READER, LINK, "project", FAIL),
    (BLOB, STORAGE, "endpoint", WARN),
    (BuiltIn.ACR_PULL, REGISTRY, "endpoint", WARN),
    (CALL, ACCOUNT, "endpoint", WARN),
    (QUERY, SEARCH, "endpoint", WARN),
    (READ_BLOB, DATA, "endpoint", WARN),
    (BuiltIn.ML_CONNECTION_SECRETS_READER, PROJECT, "endpoint", WARN),
]

FULL = (
    hub(containerRegistry=REGISTRY),
    project(),
    *SERVICES,
    *LINKS,
    connection(f"{FAR}/Microsoft.Bing/accounts/bing", "ApiKey", PROJECT),
    link(),
    endpoint(),
    compute(),
    WORKS,
)
GRANTS = [grant(*each[:3]) for each in (*OF_HUB, *OF_PROJECT)]


def test_nothing_is_missing(verdicts: Verdicts) -> None:
    results = verdicts(missing_rbac, *FULL, *GRANTS)
    for workspace, pairs in (HUB, OF_HUB), (PROJECT, OF_PROJECT):
        result = results.only(workspace)
        assert result.status is PASS, result.reason
        assert result.reason.endswith(f"held: {len(pairs)}")


@pytest.mark.parametrize(("other", "status"), [((), PASS), (("bob",), WARN)])
def test_people_count_once_whatever_groups_they_are_in(
    verdicts: Verdicts, other: tuple[str, ...], status: Status
) -> None:
    works, teams = WORKS["properties"], ("devs", "all")
    inside = [(team, each) for team in teams for each in (IDS["person"], *other)]
    bodies = (
        *(
            {
                "id": f"{WORKS['id']}-{team}",
                "properties": {**works, "principalId": team, "principalType": "Group"},
            }
            for team in teams
        ),
        *(body(object_id(TENANT, team), {}, kind="group") for team in teams),
        *(body(member_id(TENANT, *each), {}, kind="user") for each in inside),
    )
    result = verdicts(missing_rbac, *FULL, *GRANTS, *bodies).only(HUB)
    assert result.status is status
    if other:
        assert result.reason.count("user bob lacks") == 1
    else:
        assert result.reason.endswith(f"held: {len(OF_HUB)}")


@pytest.mark.parametrize(
    ("id", "pair"),
    [(HUB, each) for each in OF_HUB] + [(PROJECT, each) for each in OF_PROJECT],
)
def test_one_is_missing(
    verdicts: Verdicts, id: str, pair: tuple[BuiltIn, str, str, Status]
) -> None:
    role, scope, name, status = pair
    gone = grant(role, scope, name)["id"]
    left = [each for each in GRANTS if each["id"] != gone]
    result = verdicts(missing_rbac, *FULL, *left).only(id)
    assert result.status is status
    assert " lacks " in result.reason
    assert result.reason.count(" on ") == 1


def test_a_grant_above_or_under_a_condition_will_do(verdicts: Verdicts) -> None:
    given = [
        grant(role, SUBSCRIPTION, name, condition="@Resource[a:b] StringEquals 'c'")
        for role, _, name, _ in OF_HUB
    ]
    assert verdicts(missing_rbac, *FULL, *given).only(HUB).status is PASS


def test_roles_on_each_dependency_will_do_for_the_group(verdicts: Verdicts) -> None:
    left = [each for each in GRANTS if "b78c5d69" not in each["id"]]
    each = [grant(BuiltIn.CONTRIBUTOR, at, "hub") for at in (STORAGE, VAULT)]
    assert verdicts(missing_rbac, *FULL, *left, *each).only(HUB).status is PASS
    assert verdicts(missing_rbac, *FULL, *left, each[0]).only(HUB).status is FAIL


@pytest.mark.parametrize(
    ("mode", "links", "hub_status", "project_status"),
    [
        ("accesskey", [], NONE, NONE),
        (None, [], NONE, NONE),
        ("UserDelegationSAS", [connection(SEARCH, "ApiKey")], NONE, NONE),
        (ABSENT, [], UNREAD, UNREAD),
        (3, [], UNREAD, UNREAD),
        ("accesskey", [connection(DATA)], FAIL, NONE),
        ("accesskey", [connection(DATA, of=PROJECT)], NONE, NONE),
        ("accesskey", [connection(DATA, None)], UNREAD, UNREAD),
        ("Identity", [], FAIL, FAIL),
    ],
)
def test_where_roles_matter(
    verdicts: Verdicts,
    mode: object,
    links: list[Body],
    hub_status: Status,
    project_status: Status,
) -> None:
    bodies = hub(mode), project(mode), *SERVICES, *links
    results = verdicts(missing_rbac, *bodies)
    assert results.only(HUB).status is hub_status
    assert results.only(PROJECT).status is project_status


def test_user_assigned_identities_need_data_roles_alone(verdicts: Verdicts) -> None:
    bodies = hub(identity=shared("hub")), project(identity=shared("project"))
    given = [grant(r, STORAGE, n) for r in (BLOB, FILE) for n in ("hub", "project")]
    results = verdicts(missing_rbac, *bodies, body(STORAGE, {}), *given)
    assert results.only(HUB).status is PASS
    assert results.only(PROJECT).status is PASS
    assert verdicts(missing_rbac, *bodies, body(STORAGE, {})).only(HUB).status is FAIL


BOTH = {**shared("person"), **own("hub"), "type": "SystemAssigned,UserAssigned"}
"""An identity of the hub's own beside one that it has and may not work with."""


@pytest.mark.parametrize(
    ("primary", "holders", "status"),
    [
        (None, ("hub", "hub"), PASS),
        (None, ("hub", "person"), FAIL),
        (None, ("person", "person"), FAIL),
        (SHARED, ("hub", "hub"), FAIL),
        (SHARED, ("person", "person"), PASS),
        (SHARED, ("hub", "person"), FAIL),
    ],
)
def test_one_identity_cannot_make_up_for_another(
    verdicts: Verdicts, primary: object, holders: tuple[str, str], status: Status
) -> None:
    one = hub(identity=BOTH, primaryUserAssignedIdentity=primary)
    roles = zip((BLOB, FILE), holders, strict=True)
    given = [grant(role, STORAGE, who) for role, who in roles]
    manages = [] if primary else [grant(BuiltIn.AI_ADMINISTRATOR, GROUP, "hub")]
    bodies = one, body(STORAGE, {}), *given, *manages
    assert verdicts(missing_rbac, *bodies).only(HUB).status is status


def test_every_identity_of_a_project_reads_its_private_endpoints(
    verdicts: Verdicts,
) -> None:
    both = {**BOTH, **own("project"), "type": "SystemAssigned,UserAssigned"}
    bodies = [project(identity=both) if e["id"] == PROJECT else e for e in FULL]
    result = verdicts(missing_rbac, *bodies, *GRANTS).only(PROJECT)
    assert result.status is FAIL
    assert result.reason.startswith("the project as identity shared lacks Reader on ")
    reader = grant(BuiltIn.READER, LINK, "person")
    assert verdicts(missing_rbac, *bodies, *GRANTS, reader).only(PROJECT).status is PASS


def test_a_user_assigned_endpoint_surely_needs_its_storage(verdicts: Verdicts) -> None:
    used = endpoint(shared("endpoint"))
    bodies = [used if each["id"] == ENDPOINT else each for each in FULL]
    left = [e for e in GRANTS if e["id"] != grant(BLOB, STORAGE, "endpoint")["id"]]
    assert verdicts(missing_rbac, *bodies, *GRANTS).only(PROJECT).status is PASS
    assert verdicts(missing_rbac, *bodies, *left).only(PROJECT).status is FAIL


def test_pairs_of_the_hub_are_told_once(verdicts: Verdicts) -> None:
    left = [each for each in GRANTS if IDS["search"] != _holder(each)]
    results = verdicts(missing_rbac, *FULL, *left)
    assert results.only(HUB).status is FAIL
    assert results.only(PROJECT).status is PASS


def _holder(given: Body) -> object:
    return given["properties"]["principalId"]


@pytest.mark.parametrize(
    ("view", "scope"),
    [
        (RoleAssignment, SUBSCRIPTION),
        (StorageAccount, SUBSCRIPTION),
        (PrivateEndpoint, SUBSCRIPTION),
        (WorkspaceConnection, PROJECT),
        (WorkspaceConnection, HUB),
        (OnlineEndpoint, PROJECT),
    ],
)
def test_what_was_refused_is_not_judged(
    verdicts: Verdicts, view: Any, scope: str
) -> None:
    results = verdicts(missing_rbac, *FULL, *GRANTS, unread=[(view, scope)])
    assert results.only(PROJECT).status is UNREAD


def test_what_surely_lacks_is_told_whatever_was_refused(verdicts: Verdicts) -> None:
    left = [each for each in GRANTS if IDS["hub"] != _holder(each)]
    refused = [(Compute, HUB), (WorkspaceConnection, HUB)]
    result = verdicts(missing_rbac, *FULL, *left, unread=refused).only(HUB)
    assert result.status is FAIL


def test_dependencies_outside_the_scan(verdicts: Verdicts) -> None:
    far = VAULT.replace("bbbbbbbb", "cccccccc")
    on_storage = grant(BuiltIn.CONTRIBUTOR, STORAGE, "hub")
    lent = connection(DATA)
    whole = hub("accesskey", keyVault=far), lent, *SERVICES, *GRANTS
    bodies = [each for each in whole if "b78c5d69" not in each["id"]]
    left_out = {"whole_tenant": False, "left_out": [far.split("/")[2]]}
    unknown = verdicts(missing_rbac, *bodies, on_storage, **left_out).only(HUB)
    assert unknown.status is UNREAD
    assert "outside the scan" in unknown.reason
    assert verdicts(missing_rbac, *whole, **left_out).only(HUB).status is PASS
    assert verdicts(missing_rbac, *bodies, **left_out).only(HUB).status is FAIL
    foreign = verdicts(missing_rbac, *bodies, on_storage).only(HUB)
    assert foreign.status is FAIL


def test_a_target_outside_the_scan(verdicts: Verdicts) -> None:
    far = connection(f"{SEARCH.replace('bbbbbbbb', 'cccccccc')}2")
    assert verdicts(missing_rbac, *FULL, *GRANTS, far).only(HUB).status is UNREAD


def test_a_crowd_does_not_fill_the_evidence(verdicts: Verdicts) -> None:
    crowd = [
        grant(
            role, scope, "person", principalId=f"{number:08d}-aaaa-4000-8000-{'0' * 12}"
        )
        for number in range(SHOWN)
        for role, scope in [
            (BuiltIn.AI_DEVELOPER, HUB),
            (BLOB, STORAGE),
            (FILE, STORAGE),
        ]
    ]
    for number, each in enumerate(crowd):
        each["id"] += f"-{number}"
    own = [grant(*each[:3]) for each in OF_HUB if each[2] == "hub"]
    bodies = hub(), body(STORAGE, {}), *own, *crowd
    result = verdicts(missing_rbac, *bodies).only(HUB)
    cited = {each.resource_id for each in result.evidence}
    assert result.status is PASS
    assert len([each for each in cited if "roleAssignments" in each]) <= SHOWN


@pytest.mark.parametrize("check", [missing_rbac, identity_inventory])
@pytest.mark.parametrize("kind", ["Default", "FeatureStore", ABSENT])
def test_other_kinds(verdicts: Verdicts, check: Check[Any], kind: object) -> None:
    other = body(HUB, {"systemDatastoresAuthMode": "identity"}, kind=kind)
    [result] = verdicts(check, other)
    judged = check is identity_inventory and kind != "FeatureStore"
    assert (result.target.resource_id == HUB) is judged


def test_everybody_is_listed(verdicts: Verdicts) -> None:
    results = verdicts(identity_inventory, *FULL, *GRANTS)
    of_hub, of_project = results.only(HUB), results.only(PROJECT)
    assert of_hub.status is INFO
    assert of_hub.reason.startswith("4 identities: the workspace as")
    for label in ("compute box", "Search service search", "account model"):
        assert f"{label} as the system-assigned identity" in of_hub.reason
    assert of_project.reason.startswith("2 identities: ")
    assert f"endpoint score as the system-assigned identity {IDS['endpoint']}" in (
        of_project.reason
    )
    assert "resource group rg" in of_hub.reason


@pytest.mark.parametrize("identity", [{"type": "None"}, None, {"type": None}])
def test_nobody_signs_in(verdicts: Verdicts, identity: object) -> None:
    result = verdicts(identity_inventory, hub(identity=identity)).only(HUB)
    assert result.reason == "nothing here signs in as itself"


def test_a_long_list_is_cut(verdicts: Verdicts) -> None:
    many = [
        body(f"{HUB}/onlineEndpoints/e{each}", {}, identity=own("endpoint"))
        for each in range(NAMED + 2)
    ]
    result = verdicts(identity_inventory, hub(), *many).only(HUB)
    assert result.reason.endswith("; and 3 more")


@pytest.mark.parametrize(
    ("view", "scope"),
    [
        (RoleAssignment, SUBSCRIPTION),
        (OnlineEndpoint, HUB),
        (Compute, HUB),
        (WorkspaceConnection, HUB),
    ],
)
def test_a_list_with_gaps_is_none(verdicts: Verdicts, view: Any, scope: str) -> None:
    results = verdicts(identity_inventory, *FULL, unread=[(view, scope)])
    assert results.only(HUB).status is UNREAD


def test_services_outside_the_scan_are_left_out(verdicts: Verdicts) -> None:
    far = connection(SEARCH.replace("bbbbbbbb", "cccccccc"))
    result = verdicts(identity_inventory, hub(), far).only(HUB)
    assert result.reason.startswith("1 identity: ")


def test_a_stub_is_not_judged(verdicts: Verdicts) -> None:
    stub = {"id": HUB, "kind": "Hub", "properties": None}
    for check in (missing_rbac, identity_inventory):
        assert verdicts(check, stub).only(HUB).status is UNREAD
    refused = verdicts(missing_rbac, unread=[(Workspace, SUBSCRIPTION)])
    assert [each.status for each in refused] == [UNREAD]
