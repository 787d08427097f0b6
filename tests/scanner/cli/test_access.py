"""`posture access`: who can do what on a run, and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.demo import bodies
from scanner.model.authorization import (
    DenyAssignment,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
)
from scanner.model.directory import object_id
from scanner.model.resource import Resource

Posture = Callable[..., Any]
Refused = Callable[..., str]
WriteRun = Callable[..., Path]

LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
NAME = "oai-sandbox-lab"
ACCOUNT = next(each["id"] for each in bodies() if each["id"].endswith(f"/{NAME}"))
GROUP_OWNED = "141bad76-d12a-4345-91ad-5a1196ee9af9"
STRANGER = "dddddddd-0000-4000-8000-00000000000d"
GRANT_KEYS = [
    *("principal_id", "principal_type", "role_definition_id", "role_name", "scope"),
    *("assignment_id", "via_group", "condition", "eligible"),
]

TENANTS = [f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in (1, 2)]
SUBS = [f"/subscriptions/bbbbbbbb-0000-4000-8000-00000000000{n}" for n in (1, 2)]
GROUPS = [f"/providers/Microsoft.Management/managementGroups/{n}" for n in TENANTS]
ACCOUNTS = [
    f"{sub}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a{n}"
    for n, sub in enumerate(SUBS, 1)
]
ALICE, BOB, CAROL, DAVE, ERIN, STAFF, ROBOT = (
    f"cccccccc-0000-4000-8000-00000000000{n}" for n in range(1, 8)
)
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
DATA = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
KEYS = "a97b65f3-24c7-4388-baec-2e87135dc908"
CALLER = "b1a7c1de-0000-4000-8000-0000000000ca"
CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
READ = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/read"
CONDITION = f"!(ActionMatches{{'{READ}'}}) OR\n @Resource[x] StringEquals 'y'"
HOSTILE = "\x1b[31mred\x07\u202e\nforged"


def body(view: type[Resource], at: str, name: str, **properties: Any) -> Any:
    return {"id": f"{at}/providers/{view.type}/{name}", "properties": properties}


def role(name: str, title: str, **block: Any) -> Any:
    blocks = [{"actions": [], "notActions": [], **block}]
    return body(RoleDefinition, "", name, roleName=title, permissions=blocks)


def held(who: str, name: str, at: str, view: Any = RoleAssignment, **more: Any) -> Any:
    return body(
        view,
        at,
        f"{who[-1]}-{name}",
        scope=at,
        principalId=who,
        principalType="Group" if who == STAFF else "User",
        roleDefinitionId=f"{at}/providers/{RoleDefinition.type}/{name}",
        **more,
    )


DENIAL = body(
    DenyAssignment,
    SUBS[0],
    "no-keys",
    denyAssignmentName=HOSTILE,
    scope=SUBS[0],
    permissions=[{"actions": [LIST_KEYS], "notActions": []}],
    principals=[{"id": BOB, "type": "User"}],
    excludePrincipals=[],
)
FIRST = (
    role(OWNER, "Owner", actions=["*"]),
    role(READER, "Reader", actions=["*/read"]),
    role(DATA, "Data", dataActions=["Microsoft.CognitiveServices/*"]),
    role(KEYS, "Keys", actions=[LIST_KEYS.lower()]),
    role(
        CALLER, "Caller", dataActions=["Microsoft.CognitiveServices/accounts/OpenAI/*"]
    ),
    {"id": GROUPS[0], "properties": {}},
    {"id": SUBS[0]},
    {"id": ACCOUNTS[0], "kind": "OpenAI", "properties": {}},
    held(ALICE, OWNER, GROUPS[0]),
    held(BOB, OWNER, SUBS[0]),
    held(CAROL, OWNER, SUBS[0], RoleEligibility),
    held(DAVE, DATA, SUBS[0], condition=CONDITION),
    DENIAL,
)
SECOND = (
    role(OWNER, "Owner", actions=["*"]),
    {"id": GROUPS[1], "properties": {}},
    {"id": SUBS[1]},
    {"id": ACCOUNTS[1], "kind": "OpenAI", "properties": {}},
    held(ERIN, OWNER, SUBS[1]),
    held(ALICE, OWNER, SUBS[1]),
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, write_run: WriteRun) -> Path:
    """A run of two tenants with a grant of every sort."""
    tenants = {
        TENANTS[0]: (FIRST, {SUBS[0]: GROUPS[0]}),
        TENANTS[1]: (SECOND, {SUBS[1]: GROUPS[1]}),
    }
    return write_run(tmp_path_factory.mktemp("two"), tenants)


def answered(posture: Posture, *arguments: object) -> Any:
    done = posture("access", *arguments, "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


# Who can


def test_the_holders_of_the_demo(demo: Path, posture: Posture) -> None:
    found = answered(posture, "who-can", LIST_KEYS, ACCOUNT, "--from", demo)
    assert list(found) == ["action", "resource", "complete", "grants", "gaps"]
    assert (found["action"], found["resource"]) == (LIST_KEYS, ACCOUNT)
    assert all(list(each) == GRANT_KEYS for each in found["grants"])
    by_role = {each["role_name"]: each for each in found["grants"]}
    assert "Tarnholm Lab Tinkerer" in by_role
    assert any("/managementGroups/" in each["scope"] for each in found["grants"])
    assert found["complete"] is (found["gaps"] == [])
    for gap in found["gaps"]:
        assert list(gap) == ["part", "scope", "reason"]


def test_the_paths_in_words(demo: Path, posture: Posture) -> None:
    done = posture("access", "who-can", LIST_KEYS, ACCOUNT, "--from", demo)
    assert (done.code, done.err) == (0, "")
    for path in (
        "Contributor by * at management group tarnholm-landingzones",
        "Tarnholm Lab Tinkerer by Microsoft.CognitiveServices/* at resource group",
    ):
        assert path in done.out


def test_a_snapshot_and_a_name_will_do(demo: Path, posture: Posture) -> None:
    whole = answered(posture, "who-can", LIST_KEYS, ACCOUNT, "--from", demo)
    arguments = (LIST_KEYS, NAME.upper(), "--from", demo / "snapshot")
    assert answered(posture, "who-can", *arguments) == whole


def test_every_sort_of_grant(two: Path, posture: Posture) -> None:
    found = answered(posture, "who-can", LIST_KEYS, ACCOUNTS[0], "--from", two)
    assert {each["principal_id"]: each["eligible"] for each in found["grants"]} == {
        ALICE: False,
        CAROL: True,
    }
    first = held(ALICE, OWNER, GROUPS[0])["id"]
    assert found["grants"][0]["assignment_id"] == first
    assert (found["complete"], found["gaps"]) == (True, [])


def test_near_misses_in_words(two: Path, posture: Posture) -> None:
    who_can = ("access", "who-can", LIST_KEYS, ACCOUNTS[0], "--from", two)
    can, cannot = posture(*who_can).out.split("Cannot, though it looks so:")
    assert f"{ALICE} (User): Owner by * at management group {TENANTS[0]}" in can
    assert f"{CAROL} (User): Owner by *" in can
    assert "once activated" in can
    assert BOB not in can
    assert f"{BOB} (User): Owner by *" in cannot
    assert "deny assignment: ?[31mred??" in cannot
    assert f"{DAVE} (User): Data" in cannot
    assert "other plane" in cannot


def test_the_data_plane(two: Path, posture: Posture) -> None:
    arguments = ("who-can", READ, ACCOUNTS[0], "--from", two, "--data")
    [grant] = answered(posture, *arguments)["grants"]
    assert (grant["principal_id"], grant["condition"]) == (DAVE, CONDITION)
    told = posture("access", *arguments).out
    assert "under a condition: (@Resource[x] StringEquals 'y')" in told


def test_the_plane_is_that_of_the_roles(two: Path, posture: Posture) -> None:
    ask = ("access", "who-can", CHAT, ACCOUNTS[0], "--from", two)
    told = posture(*ask)
    assert told.err.startswith(f"{CHAT} is a data action by the roles")
    assert told.err.count("\n") == 1
    assert told.out == posture(*ask, "--data").out
    can, cannot = told.out.split("Cannot, though it looks so:")
    assert (DAVE in can, ALICE in can, ALICE in cannot) == (True, False, True)
    done = posture("access", "can", ALICE, CHAT, ACCOUNTS[0], "--from", two)
    assert done.out.startswith("denied: ")
    for forced in ("--data", "--control"):
        assert posture(*ask, forced).err == ""
    assert ALICE in posture(*ask, "--control").out.split("Cannot")[0]


def test_the_control_plane_where_no_role_tells(two: Path, posture: Posture) -> None:
    ask = ("access", "who-can", "Microsoft.CognitiveServices/accounts/write")
    told = posture(*ask, ACCOUNTS[0], "--from", two)
    assert "taken for the control plane; --data asks" in told.err
    assert told.err.count("\n") == 1
    assert ALICE in told.out.split("Cannot")[0]


@pytest.mark.parametrize(("tenant", "only"), [(0, CAROL), (1, ERIN)])
def test_the_tenant_of_the_subscription(
    tenant: int, only: str, two: Path, posture: Posture
) -> None:
    account = ACCOUNTS[tenant].upper()
    found = answered(posture, "who-can", LIST_KEYS, account, "--from", two)
    assert {each["principal_id"] for each in found["grants"]} == {ALICE, only}
    assert found["resource"] == account


def test_scopes_are_resources_too(two: Path, posture: Posture) -> None:
    for scope in (SUBS[0], GROUPS[0], SUBS[0].strip("/")):
        done = posture("access", "who-can", LIST_KEYS, scope, "--from", two)
        assert (done.code, done.err) == (0, "")
        assert ALICE in done.out


def test_a_resource_that_was_not_read(two: Path, posture: Posture) -> None:
    who_can = ("access", "who-can", LIST_KEYS, f"{ACCOUNTS[0]}x", "--from", two)
    done = posture(*who_can)
    assert done.code == 0
    assert done.err.startswith(f"{ACCOUNTS[0]}x was not read")
    assert ALICE in done.out


def test_a_subscription_that_was_not_read(
    demo: Path, two: Path, posture: Posture, refused: Refused
) -> None:
    line = refused("access", "who-can", LIST_KEYS, f"{SUBS[0]}9/x", "--from", two)
    assert f"no tenant of the run has {SUBS[0]}9" in line
    found = answered(posture, "who-can", LIST_KEYS, ACCOUNTS[0], "--from", demo)
    assert found["complete"] is False
    assert any("outside the scan" in each["reason"] for each in found["gaps"])


# Can


@pytest.mark.parametrize(
    ("who", "result", "held", "denied"),
    [
        (ALICE, "allowed", 1, []),
        (BOB, "denied", 1, [DENIAL["id"]]),
        (CAROL, "denied", 1, []),
        (STRANGER, "denied", 0, []),
    ],
)
def test_a_principal(
    who: str, result: str, held: int, denied: list[str], two: Path, posture: Posture
) -> None:
    can = ("can", who.upper(), LIST_KEYS, ACCOUNTS[0], "--from", two)
    found = answered(posture, *can)
    assert list(found) == ["result", "grants", "denied_by"]
    assert found["result"] == result
    assert len(found["grants"]) == held
    assert all(list(each) == GRANT_KEYS for each in found["grants"])
    assert [each["id"] for each in found["denied_by"]] == denied
    told = posture("access", *can).out
    assert told.startswith(f"{result}: {who}, {LIST_KEYS} on ")


def test_a_condition_that_bears_on_it(two: Path, posture: Posture) -> None:
    can = ("can", DAVE, READ, ACCOUNTS[0], "--from", two, "--data")
    assert answered(posture, *can)["result"] == "conditional"


def test_why_not(two: Path, posture: Posture) -> None:
    can = ("access", "can", BOB, LIST_KEYS)
    told = posture(*can, ACCOUNTS[0], "--from", two).out
    assert "Denied by:\n  ?[31mred???forged at subscription" in told
    told = posture("access", "can", ERIN, LIST_KEYS, ACCOUNTS[0], "--from", two)
    assert "No grant of it is known." in told.out
    assert "nothing that was read names the principal" in told.err
    told = posture("access", "can", BOB, LIST_KEYS, GROUPS[0], "--from", two)
    assert "Near misses:" in told.out
    assert "not here" in told.out


def test_what_is_not_known(unnamed: Path, posture: Posture) -> None:
    can = ("can", STRANGER, LIST_KEYS, ACCOUNTS[0], "--from", unnamed)
    assert answered(posture, *can)["result"] == "unknown"
    done = posture("access", *can)
    assert f"Not known:\n  group members of {STAFF}: its members were" in done.out
    assert done.err == f"nothing that was read names the principal {STRANGER}\n"


# Names


def named(name: str, kind: str, title: str, group: str = "") -> Any:
    """Return what the directory has of someone, or of a member of a group."""
    place = object_id(TENANTS[0], group or name)
    return {
        "id": f"{place}/members/{name}" if group else place,
        "kind": kind,
        "properties": {"id": name, "displayName": title},
    }


STAFFED = (*FIRST, held(STAFF, OWNER, SUBS[0]))
NAMED = (
    *STAFFED,
    named(ALICE, "user", "Alice Example"),
    named(STAFF, "group", HOSTILE),
    named(ERIN, "user", "Erin Example", STAFF),
    named(ROBOT, "servicePrincipal", "robot", STAFF),
)


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory, write_run: WriteRun) -> Path:
    """A run of one tenant with a group, its directory not asked."""
    tenant = {TENANTS[0]: (STAFFED, {SUBS[0]: GROUPS[0]})}
    return write_run(tmp_path_factory.mktemp("unnamed"), tenant)


@pytest.fixture(scope="module")
def with_names(tmp_path_factory: pytest.TempPathFactory, write_run: WriteRun) -> Path:
    """The same run with its directory."""
    tenant = {TENANTS[0]: (NAMED, {SUBS[0]: GROUPS[0]})}
    return write_run(tmp_path_factory.mktemp("named"), tenant)


def test_members_hold_what_their_group_holds(
    unnamed: Path, with_names: Path, posture: Posture
) -> None:
    who_can = ("who-can", LIST_KEYS, ACCOUNTS[0], "--from")
    before = answered(posture, *who_can, unnamed)
    after = answered(posture, *who_can, with_names)
    assert list(after) == list(before)
    assert all(list(each) == GRANT_KEYS for each in after["grants"])
    assert (before["complete"], after["complete"]) == (False, True)
    assert [gap["part"] for gap in before["gaps"]] == ["group members"]
    through = {
        each["principal_id"]: (each["principal_type"], each["via_group"])
        for each in after["grants"]
    }
    assert through == {
        ALICE: ("User", None),
        STAFF: ("Group", None),
        ERIN: ("User", STAFF),
        ROBOT: ("ServicePrincipal", STAFF),
        CAROL: ("User", None),
    }
    can = ("can", ERIN, LIST_KEYS, ACCOUNTS[0], "--from", with_names)
    assert answered(posture, *can)["result"] == "allowed"
    can = ("can", STRANGER, LIST_KEYS, ACCOUNTS[0], "--from", with_names)
    assert answered(posture, *can)["result"] == "denied"


def test_who_is_named_is_told_by_name(with_names: Path, posture: Posture) -> None:
    ask = ("access", "who-can", LIST_KEYS, ACCOUNTS[0], "--from", with_names)
    told = posture(*ask).out
    assert f"\n  Alice Example {ALICE} (User): Owner" in told
    assert f"\n  robot {ROBOT} (ServicePrincipal): Owner" in told
    assert f"through group ?[31mred???forged {STAFF}\n" in told
    assert f"\n  {CAROL} (User): Owner" in told
    assert HOSTILE not in told
    can = ("access", "can", ERIN, LIST_KEYS, ACCOUNTS[0], "--from", with_names)
    assert posture(*can).out.startswith(f"allowed: Erin Example {ERIN}, {LIST_KEYS} on")
    grants = posture("access", "grants", STAFF, "--from", with_names)
    assert grants.out.startswith(f"?[31mred???forged {STAFF}\n\nHolds:\n")
    assert grants.err == ""


# Grants


def test_all_that_a_principal_holds(two: Path, posture: Posture) -> None:
    found = answered(posture, "grants", ALICE, "--from", two)
    assert list(found) == ["principal", "complete", "grants", "gaps"]
    assert {each["scope"] for each in found["grants"]} == {GROUPS[0], SUBS[1]}
    assert (found["principal"], found["complete"]) == (ALICE, True)


def test_grants_in_words(
    two: Path, unnamed: Path, demo: Path, posture: Posture
) -> None:
    assert "once activated" in posture("access", "grants", CAROL, "--from", two).out
    told = posture("access", "grants", DAVE, "--from", two).out
    assert f", condition: {' '.join(CONDITION.split())}\n" in told
    done = posture("access", "grants", STRANGER, "--from", two)
    assert (done.code, "No grant of any role is known." in done.out) == (0, True)
    assert STRANGER in done.err
    told = posture("access", "grants", GROUP_OWNED, "--from", demo).out
    assert "Contributor at management group tarnholm-landingzones" in told
    told = posture("access", "grants", ALICE, "--from", unnamed).out
    assert f"Not known:\n  group members of {STAFF}: " in told


# What is wrong


@pytest.mark.parametrize("action", ["*", "Microsoft.X/*", "listKeys", "", "/"])
def test_what_is_no_action(action: str, two: Path, refused: Refused) -> None:
    line = refused("access", "who-can", action, ACCOUNTS[0], "--from", two)
    assert f"{action!r} is not one action" in line
    refused("access", "can", ALICE, action, ACCOUNTS[0], "--from", two)


@pytest.mark.parametrize("who", ["alice@example.com", "", HOSTILE])
def test_who_is_no_principal(who: str, two: Path, refused: Refused) -> None:
    assert "object id" in refused("access", "grants", who, "--from", two)
    refused("access", "can", who, LIST_KEYS, ACCOUNTS[0], "--from", two)


@pytest.mark.parametrize(
    "resource",
    [
        f"https://management.azure.com{ACCOUNTS[0]}",
        f"/management.azure.com{ACCOUNTS[0]}",
        f"{NAME}/projects",
        "/subscriptions/",
        "/subscriptions//resourceGroups/rg",
        HOSTILE + "/",
        "//",
    ],
)
def test_what_is_neither_a_name_nor_an_id(
    resource: str, two: Path, refused: Refused
) -> None:
    for command in (("who-can",), ("can", ALICE)):
        line = refused("access", *command, LIST_KEYS, resource, "--from", two)
        assert line.isprintable()
        if "/" in resource.rstrip("/"):
            assert "is neither a name nor an ARM id" in line


def test_a_slash_at_the_end_is_nothing(two: Path, posture: Posture) -> None:
    for resource in ("a1", ACCOUNTS[0], SUBS[0]):
        ask = ("access", "who-can", LIST_KEYS)
        done = posture(*ask, f"{resource}/", "--from", two)
        assert done.out == posture(*ask, resource, "--from", two).out
        assert done.code == 0


def test_names_that_nothing_or_too_much_has(two: Path, refused: Refused) -> None:
    who_can = ("access", "who-can", LIST_KEYS)
    assert "no resource of the run is named 'zzz'" in refused(
        *who_can, "zzz", "--from", two
    )
    line = refused(*who_can, OWNER, "--from", two)
    assert f"2 resources are named {OWNER!r}" in line
    assert refused(*who_can, HOSTILE, "--from", two).isprintable()


@pytest.mark.parametrize("command", ["who-can", "can", "grants"])
def test_runs_that_cannot_be_read(
    command: str, demo: Path, refused: Refused, tmp_path: Path
) -> None:
    arguments = {
        "who-can": (LIST_KEYS, ACCOUNT),
        "can": (ALICE, LIST_KEYS, ACCOUNT),
        "grants": (ALICE,),
    }[command]
    access = ("access", command, *arguments, "--from")
    assert "--from: none is no snapshot" in refused(*access, "none")
    shutil.copytree(demo, tmp_path / "run")
    for part in (tmp_path / "run" / "snapshot").glob("*/*roleassignments*"):
        part.write_bytes(b"not gzip")
    assert "--from: " in refused(*access, tmp_path / "run")


def test_nothing_reaches_the_terminal_but_text(two: Path, posture: Posture) -> None:
    where = f"{SUBS[0]}/{HOSTILE}"
    for arguments in (("who-can", f"a/{HOSTILE}"), ("can", BOB, f"a/{HOSTILE}")):
        done = posture("access", *arguments, where, "--from", two)
        assert done.code == 0
        assert all(each.isprintable() for each in done.out.splitlines())
        assert all(each.isprintable() for each in done.err.splitlines())
        assert "\nforged" not in done.out


# Help


@pytest.mark.parametrize("command", ["", "who-can", "can", "grants"])
def test_help(command: str, posture: Posture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    given = ("access", *filter(None, [command]))
    done = posture(*given, "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert posture(*given, "-h").out == done.out


def test_wrong_usage(refused: Refused) -> None:
    for arguments in (["what"], ["grants", ALICE], ["can", ALICE, "--from", "."]):
        assert "--help` shows" in refused("access", *arguments)
