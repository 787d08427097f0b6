"""Who may assign roles, and what conditions make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.rbac_delegation import assigners as delegation
from checks.rbac_delegation import bounds
from scanner.model.authorization import RoleAssignment, RoleDefinition
from scanner.model.check import Check, Status
from scanner.model.results import Result
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "/tenants/aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ACCESS = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CALLER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
KEYS = "a97b65f3-24c7-4388-baec-2e87135dc908"
MANAGER = "eadc314b-1a2d-4efa-be10-5d325db5065e"
CUSTOM = "11111111-2222-4333-8444-555555555555"
MANY = tuple(f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 12))

ASSIGN = "Microsoft.Authorization/roleAssignments"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
SERVICES = f"@@[{ASSIGN}:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'"


BEGUN = "@Environment[UtcNow] DateTimeGreaterThan '2020-01-01T00:00Z'"
OPENING = BEGUN.replace("2020", "2099")
PAST = "@Environment[UtcNow] DateTimeLessThan '2020-01-01T00:00Z'"


def only(*roles: str) -> str:
    ids = ", ".join(roles)
    return f"@@[{ASSIGN}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{ids}}}"


def but(*roles: str) -> str:
    ids = ", ".join(roles)
    return f"@@[{ASSIGN}:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {{{ids}}}"


def block(action: str, rest: str) -> str:
    source = "@Request" if action == "write" else "@Resource"
    asked = rest.replace("@@", source)
    return f"((!(ActionMatches{{'{ASSIGN}/{action}'}})) OR ({asked}))"


def both(rest: str, joint: str = "AND") -> str:
    return f"{block('write', rest)} {joint} {block('delete', rest)}"


ELSEWHERE = only(OWNER).replace("@@", "@Resource")
DIFFERING = but(OWNER).replace("@@", "@Resource")
STRANGER = "33333333-2222-4333-8444-555555555555"
BOUNDED = both(only(READER, CALLER))
ON_BLOBS = f"((!(ActionMatches{{'{BLOBS}/read'}})) OR (@Resource[a] BoolEquals true))"


@pytest.fixture
def roles(rbac: Any) -> list[Body]:
    own = ("Microsoft.Authorization/*/Write",)
    return [
        rbac.role(OWNER, actions=["*"]),
        rbac.role(CONTRIBUTOR, actions=["*"], notActions=own),
        rbac.role(ACCESS, actions=["*/read", "Microsoft.Authorization/*"]),
        rbac.role(RBAC, actions=["*/read", f"{ASSIGN}/write", f"{ASSIGN}/delete"]),
        rbac.role(READER, actions=["*/read"]),
        rbac.role(CALLER, dataActions=["Microsoft.CognitiveServices/accounts/*"]),
        rbac.role(
            KEYS, actions=["Microsoft.CognitiveServices/accounts/listkeys/action"]
        ),
        rbac.role(MANAGER, actions=[f"{ASSIGN}/*"], condition=BOUNDED),
        rbac.role(CUSTOM, custom=True, actions=["Microsoft.Authorization/*/write"]),
        *(rbac.role(one, actions=["Some.Service/read"]) for one in MANY),
    ]


@pytest.fixture
def judge(verdicts: Verdicts, roles: list[Body]) -> Callable[..., Result]:
    """Return a function that judges one assignment, role or subscription."""

    def one(check: Check[Any], judged: str, *bodies: Body, **more: Any) -> Result:
        results = verdicts(check, *bodies, *roles, **more)
        for result in results:
            assert "internal error" not in result.reason
        return results.only(judged)

    return one


# Who may assign any role


@pytest.mark.parametrize(
    ("role", "condition", "status", "word"),
    [
        (ACCESS, None, Status.FAIL, "assigns any role: without condition"),
        (RBAC, None, Status.FAIL, "assigns any role: without condition"),
        (RBAC, " ", Status.FAIL, "assigns any role: without condition"),
        (CUSTOM, None, Status.FAIL, "assigns any role"),
        (RBAC, BOUNDED, Status.PASS, "a condition restricts"),
        (RBAC, both(SERVICES), Status.PASS, "a condition restricts"),
        (RBAC, block("write", "false"), Status.PASS, "a condition restricts"),
        (RBAC, ON_BLOBS, Status.FAIL, "its condition does not restrict that"),
        (RBAC, both(only(READER), "OR"), Status.FAIL, "does not restrict that"),
        (
            RBAC,
            f"{block('write', 'true')} OR @Resource[a] BoolEquals true",
            Status.FAIL,
            "does not restrict that",
        ),
        (RBAC, block("write", f"NOT {ELSEWHERE}"), Status.FAIL, "not restrict that"),
        (RBAC, block("write", ELSEWHERE), Status.PASS, "a condition restricts"),
        (RBAC, block("write", DIFFERING), Status.NOT_ASSESSED, "cannot be read"),
        (
            RBAC,
            block("write", f"{DIFFERING} AND {only(READER)}"),
            Status.PASS,
            "a condition restricts",
        ),
        (RBAC, both(BEGUN), Status.FAIL, "does not restrict that"),
        (RBAC, both(f"{BEGUN} AND {SERVICES}"), Status.PASS, "a condition restricts"),
        (RBAC, both(OPENING), Status.PASS, "a condition restricts"),
        (RBAC, "(", Status.NOT_ASSESSED, "cannot be read"),
        (RBAC, both("@Request[a] IsOdd 1"), Status.NOT_ASSESSED, "cannot be read"),
        (
            RBAC,
            both(f"@Request[a] IsOdd 1 AND {SERVICES}"),
            Status.PASS,
            "a condition restricts",
        ),
        (MANAGER, None, Status.PASS, "a condition restricts"),
        (MANAGER, "(", Status.NOT_ASSESSED, "cannot be read"),
        (
            OWNER,
            None,
            Status.INFO,
            "1 unrestricted assignment of Owner at resource group",
        ),
        (OWNER, BOUNDED, Status.PASS, "a condition restricts"),
        ("unknown", None, Status.NOT_ASSESSED, "the definition of role unknown"),
    ],
)
def test_unconstrained(
    judge: Any, rbac: Any, role: str, condition: object, status: Status, word: str
) -> None:
    grant = rbac.grant("ann", role, GROUP, condition=condition)
    result = judge(delegation.unconstrained, grant["id"], grant)
    assert result.status is status
    assert word in result.reason
    read = {each.path: each.value for each in result.evidence}
    assert read["properties.condition"] == condition
    assert "properties.roleDefinitionId" in read


@pytest.mark.parametrize("role", [READER, CONTRIBUTOR, CALLER, KEYS])
def test_who_assigns_no_roles_is_left_out(
    verdicts: Verdicts, roles: list[Body], rbac: Any, role: str
) -> None:
    grant = rbac.grant("ann", role, GROUP)
    [result] = verdicts(delegation.unconstrained, grant, *roles)
    assert (result.status, result.target.resource_id) == (Status.NOT_APPLICABLE, TENANT)


@pytest.mark.parametrize("setting", ["break_glass_principals", "approved_principals"])
def test_principals_that_the_settings_list(judge: Any, rbac: Any, setting: str) -> None:
    grant = rbac.grant("Ann", ACCESS, GROUP)
    listed: dict[str, Any] = {setting: ("aNN",)}
    settings = Settings(**listed)
    result = judge(delegation.unconstrained, grant["id"], grant, settings=settings)
    assert result.status is Status.PASS
    assert "the settings list" in result.reason


class TestOwners:
    @pytest.mark.parametrize(
        ("number", "limit", "status"),
        [(3, 3, Status.INFO), (4, 3, Status.WARN), (4, 4, Status.INFO)],
    )
    def test_how_many_on_a_scope(
        self, judge: Any, rbac: Any, number: int, limit: int, status: Status
    ) -> None:
        owners = [rbac.grant(f"p{each}", OWNER, GROUP) for each in range(number)]
        elsewhere = rbac.grant("x", OWNER, SUBSCRIPTION)
        narrow = rbac.grant("y", OWNER, GROUP, condition=BOUNDED)
        more = [rbac.grant("z", OWNER, GROUP, eligible=True)]
        settings = Settings(owner_warning=limit)
        for owner in owners:
            bodies = (*owners, elsewhere, narrow, *more)
            check = delegation.unconstrained
            result = judge(check, owner["id"], *bodies, settings=settings)
            assert result.status is status
            assert f"{number} unrestricted assignments of Owner" in result.reason
            shown = {each.resource_id for each in result.evidence}
            assert {each["id"] for each in (*owners, *more)} <= shown
            assert "and 1 more may activate it" in result.reason

    def test_emergency_accounts_do_not_count(self, judge: Any, rbac: Any) -> None:
        owners = [rbac.grant(f"p{each}", OWNER, GROUP) for each in range(4)]
        settings = Settings(break_glass_principals=("P0",))
        check = delegation.unconstrained
        statuses = [
            judge(check, owner["id"], *owners, settings=settings).status
            for owner in owners
        ]
        assert statuses == [Status.PASS, *[Status.INFO] * 3]


@pytest.mark.parametrize("field", ["roleDefinitionId", "condition", "principalId"])
@pytest.mark.parametrize("check", [delegation.unconstrained, delegation.elevated_root])
def test_malformed_assignments(
    judge: Any, rbac: Any, check: Check[Any], field: str
) -> None:
    grant = rbac.grant("ann", RBAC, "/")
    grant["id"] = grant["id"].replace("//", "/")
    for value in (5, ["x"]):
        grant["properties"][field] = value
        result = judge(check, grant["id"], grant)
        assert result.status is Status.NOT_ASSESSED
        assert f"malformed: properties.{field}" in result.reason


@pytest.mark.parametrize("field", ["roleDefinitionId", "principalId"])
def test_assignments_that_lack_something(judge: Any, rbac: Any, field: str) -> None:
    grant = rbac.grant("ann", RBAC, GROUP)
    grant["properties"][field] = None
    result = judge(delegation.unconstrained, grant["id"], grant)
    assert result.status is Status.NOT_ASSESSED


def test_roles_that_were_refused(judge: Any, rbac: Any) -> None:
    grant = rbac.grant("ann", RBAC, GROUP)
    unread = [(RoleDefinition, TENANT)]
    result = judge(delegation.unconstrained, grant["id"], grant, unread=unread)
    assert result.status is Status.NOT_ASSESSED
    assert "AuthorizationFailed" in result.reason


class TestUse:
    @pytest.mark.parametrize(
        ("grants", "status", "word"),
        [
            ([], Status.NOT_APPLICABLE, "nobody may assign roles"),
            ([(READER, GROUP, None)], Status.NOT_APPLICABLE, "nobody"),
            ([(OWNER, GROUP, None)], Status.INFO, "1 delegation of any role"),
            ([(OWNER, "/", None)], Status.INFO, "1 delegation of any role"),
            (
                [(OWNER, GROUP, None), (RBAC, GROUP, None)],
                Status.INFO,
                "2 delegations of any role, and none under a condition",
            ),
            (
                [(OWNER, SUBSCRIPTION, None), (RBAC, GROUP, BOUNDED)],
                Status.PASS,
                "1 delegation is bound",
            ),
            ([(MANAGER, GROUP, None)], Status.PASS, "1 delegation is bound"),
            ([("unknown", GROUP, None)], Status.NOT_ASSESSED, "not read"),
            (
                [("unknown", GROUP, None), (MANAGER, GROUP, None)],
                Status.PASS,
                "1 delegation is bound",
            ),
        ],
    )
    def test_in_a_subscription(
        self,
        judge: Any,
        rbac: Any,
        grants: list[tuple[str, str, Any]],
        status: Status,
        word: str,
    ) -> None:
        bodies = [
            rbac.grant(f"p{number}", role, at, condition=condition)
            for number, (role, at, condition) in enumerate(grants)
        ]
        for body in bodies:
            body["id"] = body["id"].replace("//", "/")
        result = judge(delegation.not_used, SUBSCRIPTION, *bodies)
        assert result.status is status
        assert word in result.reason

    def test_refused(self, judge: Any, rbac: Any) -> None:
        unread = [(RoleAssignment, SUBSCRIPTION)]
        grant = rbac.grant("ann", OWNER, GROUP)
        result = judge(delegation.not_used, SUBSCRIPTION, grant, unread=unread)
        assert result.status is Status.NOT_ASSESSED
        assert "AuthorizationFailed" in result.reason

    @pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP])
    def test_malformed(self, judge: Any, rbac: Any, scope: str) -> None:
        odd = rbac.grant("ann", OWNER, scope, principalId=7)
        result = judge(delegation.not_used, SUBSCRIPTION, odd)
        assert result.status is Status.NOT_ASSESSED
        assert "malformed" in result.reason


# What conditions leave open


@pytest.mark.parametrize(
    ("condition", "findings"),
    [
        (BOUNDED, {}),
        (both(f"{only(READER)} AND {SERVICES}"), {}),
        (block("write", only(READER)), {"delete-covered": "warn"}),
        (
            both(SERVICES),
            {"role-bounded": "fail", "privileged-inside": "fail"},
        ),
        (both(only(READER, CONTRIBUTOR)), {"privileged-inside": "fail"}),
        (both(only(KEYS)), {"privileged-inside": "fail"}),
        (both(f"{only(OWNER)} AND {PAST}"), {}),
        (both(only(CUSTOM)), {"privileged-inside": "fail"}),
        (both(only(MANAGER)), {}),
        (
            both(but(OWNER, ACCESS, RBAC)),
            {
                "denylist-style": "warn",
                "privileged-inside": "fail",
                "principal-bounded": "warn",
            },
        ),
        (
            both(
                f"{but(OWNER, ACCESS, RBAC, CONTRIBUTOR, KEYS, CUSTOM)} AND {SERVICES}"
            ),
            {"denylist-style": "warn"},
        ),
        (both(only(*MANY)), {"principal-bounded": "warn"}),
        (
            both(only(READER), "OR"),
            {
                "or-tautology": "fail",
                "delete-covered": "warn",
                "role-bounded": "fail",
                "privileged-inside": "fail",
                "principal-bounded": "warn",
            },
        ),
        (block("write", "false"), {"delete-covered": "warn"}),
        (
            f"{block('write', f'NOT {ELSEWHERE}')} AND {block('delete', only(OWNER))}",
            {
                "or-tautology": "fail",
                "role-bounded": "fail",
                "privileged-inside": "fail",
                "principal-bounded": "warn",
            },
        ),
        (
            f"{block('write', only(READER))} AND "
            + block("delete", f"NOT {only(READER).replace('@@', '@Request')}"),
            {"or-tautology": "fail", "delete-covered": "warn"},
        ),
    ],
)
def test_conditions(
    judge: Any, rbac: Any, condition: str, findings: dict[str, str]
) -> None:
    grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
    found = {}
    for check in BOUNDS:
        result = judge(check, grant["id"], grant)
        read = {each.path: each.value for each in result.evidence}
        assert read["properties.condition"] == condition
        assert read["properties.permissions[0].actions"]
        if result.status is not Status.PASS:
            found[check.id.removeprefix("delegation-")] = str(result.status)
            assert "line 1, column" in result.reason
    assert found == findings


def test_how_a_call_differs_from_what_it_lacks_is_not_assessed(
    judge: Any, rbac: Any
) -> None:
    condition = f"{block('write', DIFFERING)} AND {block('delete', only(OWNER))}"
    grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
    found = {check: judge(check, grant["id"], grant).status for check in BOUNDS}
    assert found.pop(bounds.delete_covered) is Status.PASS
    assert set(found.values()) == {Status.NOT_ASSESSED}


BOUNDS = (
    bounds.role_bounded,
    bounds.privileged_inside,
    bounds.denylist_style,
    bounds.delete_covered,
    bounds.principal_bounded,
    bounds.or_tautology,
)


@pytest.mark.parametrize(
    ("condition", "listed"),
    [
        (both(only(READER, CONTRIBUTOR)), True),
        (both(but(OWNER, ACCESS, RBAC)), False),
        (both(SERVICES), False),
    ],
)
def test_advice_on_privileged_roles_knows_what_list_there_is(
    judge: Any, rbac: Any, condition: str, listed: bool
) -> None:
    grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
    advice = judge(bounds.privileged_inside, grant["id"], grant).remediation
    assert ("out of the list" in advice) is listed
    assert ("ForAnyOfAnyValues:GuidEquals" in advice) is not listed


def test_advice_on_what_is_always_true_does_not_exclude_roles() -> None:
    fix = bounds.or_tautology.documentation.fix
    assert "ForAnyOfAnyValues:GuidEquals" in fix
    assert "GuidNotEquals" not in fix


@pytest.mark.parametrize(
    "check", [each for each in BOUNDS if each is not bounds.or_tautology]
)
def test_what_is_not_documented_bounds_nothing_for_sure(
    judge: Any, rbac: Any, check: Check[Any]
) -> None:
    odd = both(f"@@[{ASSIGN}:RoleDefinitionId] IsOneOf {{{READER}}}")
    grant = rbac.grant("ann", RBAC, GROUP, condition=odd)
    result = judge(check, grant["id"], grant)
    assert result.status is Status.NOT_ASSESSED
    assert "IsOneOf" in result.reason


@pytest.mark.parametrize("check", BOUNDS, ids=lambda check: check.id)
class TestEvery:
    @pytest.mark.parametrize(
        ("role", "condition"),
        [
            (RBAC, None),
            (RBAC, ""),
            (RBAC, ON_BLOBS),
            (READER, BOUNDED),
            (CONTRIBUTOR, BOUNDED),
            (MANAGER, BOUNDED),
        ],
    )
    def test_leaves_out_what_bounds_no_delegation(
        self,
        verdicts: Verdicts,
        roles: list[Body],
        rbac: Any,
        check: Check[Any],
        role: str,
        condition: object,
    ) -> None:
        grant = rbac.grant("ann", role, GROUP, condition=condition)
        [result] = verdicts(check, grant, *roles)
        assert result.status is Status.NOT_APPLICABLE
        assert result.target.resource_id == TENANT

    @pytest.mark.parametrize("condition", [5, [BOUNDED], "("])
    def test_does_not_judge_what_it_cannot_read(
        self, judge: Any, rbac: Any, check: Check[Any], condition: object
    ) -> None:
        grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
        result = judge(check, grant["id"], grant)
        assert result.status is Status.NOT_ASSESSED

    def test_does_not_judge_without_the_role(
        self, judge: Any, rbac: Any, check: Check[Any]
    ) -> None:
        grant = rbac.grant("ann", "unknown", GROUP, condition=BOUNDED)
        result = judge(check, grant["id"], grant)
        assert result.status is Status.NOT_ASSESSED
        assert "the definition of role unknown was not read" in result.reason


class TestPrivileged:
    def test_names_them(self, judge: Any, rbac: Any) -> None:
        condition = both(only(READER, KEYS, CONTRIBUTOR, CUSTOM))
        grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
        result = judge(bounds.privileged_inside, grant["id"], grant)
        reason = result.reason
        shown = {each.resource_id.rpartition("/")[2] for each in result.evidence}
        assert {CONTRIBUTOR, KEYS, CUSTOM} <= shown
        assert "Contributor, " in reason
        assert f"{KEYS} (reads keys)" in reason
        assert f"{CUSTOM} (assigns roles)" in reason
        assert READER not in reason

    @pytest.mark.parametrize(
        ("name", "action", "inside"),
        [
            ("everything", {"dataActions": ["*"]}, True),
            ("storage", {"actions": ["Microsoft.Storage/*"]}, True),
            ("search", {"actions": ["*/listAdminKeys/action"]}, True),
            ("cosmos", {"actions": ["Microsoft.DocumentDB/*/action"]}, True),
            ("reads", {"actions": ["*/read"]}, False),
            (
                "keyless",
                {
                    "actions": ["Microsoft.CognitiveServices/*"],
                    "notActions": ["*/listkeys/action"],
                },
                False,
            ),
        ],
    )
    def test_by_the_tenants_own_definitions(
        self, judge: Any, rbac: Any, name: str, action: dict[str, Any], inside: bool
    ) -> None:
        role = rbac.role("22222222-2222-4333-8444-555555555555", custom=True, **action)
        role["properties"]["roleName"] = name
        condition = both(only("22222222-2222-4333-8444-555555555555"))
        grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
        result = judge(bounds.privileged_inside, grant["id"], grant, role)
        assert result.status is (Status.FAIL if inside else Status.PASS)
        assert (name in result.reason) is inside

    def test_roles_that_do_not_exist(self, judge: Any, rbac: Any) -> None:
        gone = "33333333-2222-4333-8444-555555555555"
        grant = rbac.grant("ann", RBAC, GROUP, condition=both(only(READER, gone)))
        result = judge(bounds.privileged_inside, grant["id"], grant)
        assert result.status is Status.PASS
        assert "1 role that it names does not exist" in result.reason
        narrow = {"whole_tenant": False}
        result = judge(bounds.privileged_inside, grant["id"], grant, **narrow)
        assert result.status is Status.NOT_ASSESSED
        assert "outside the scan" in result.reason

    @pytest.mark.parametrize(
        ("condition", "status"),
        [
            (BOUNDED, Status.PASS),
            (both(only(READER, CUSTOM)), Status.NOT_ASSESSED),
            (both(only(CONTRIBUTOR, CUSTOM)), Status.FAIL),
            (both(but(OWNER, ACCESS, RBAC, CONTRIBUTOR, KEYS)), Status.NOT_ASSESSED),
        ],
    )
    def test_custom_roles_that_were_refused(
        self, judge: Any, rbac: Any, condition: str, status: Status
    ) -> None:
        grant = rbac.grant("ann", RBAC, GROUP, condition=condition)
        unread = [(RoleDefinition, SUBSCRIPTION)]
        result = judge(bounds.privileged_inside, grant["id"], grant, unread=unread)
        assert result.status is status


# Roles with a condition of their own


@pytest.mark.parametrize(
    ("condition", "status", "word"),
    [
        (BOUNDED, Status.PASS, f"2 roles: {READER}, {CALLER}"),
        (both(only(CONTRIBUTOR)), Status.PASS, "1 role: Contributor"),
        (both(only(KEYS)), Status.PASS, f"1 role: {KEYS} (reads keys)"),
        (block("write", only(READER)), Status.PASS, "1 role"),
        (both(only(STRANGER)), Status.PASS, f"1 role: {STRANGER}"),
        (both(SERVICES), Status.WARN, "does not limit the roles"),
        (both(but(OWNER)), Status.WARN, "does not limit the roles"),
        (block("delete", only(READER)), Status.WARN, "any role can be assigned"),
        ("(", Status.NOT_ASSESSED, "cannot be read"),
        (5, Status.NOT_ASSESSED, "malformed"),
    ],
)
def test_roles_that_bring_a_condition(
    judge: Any, rbac: Any, condition: object, status: Status, word: str
) -> None:
    role = rbac.role("tested", actions=[f"{ASSIGN}/write"], condition=condition)
    result = judge(delegation.builtin_conditioned, role["id"], role)
    assert result.status is status
    assert word in result.reason


def test_a_role_that_is_malformed_is_not_assessed(judge: Any, rbac: Any) -> None:
    own = block("write", only(READER))
    role = rbac.role("tested", actions=[f"{ASSIGN}/write"], condition=own)
    role["properties"]["permissions"][0]["notActions"] = "none"
    result = judge(delegation.builtin_conditioned, role["id"], role)
    assert result.status is Status.NOT_ASSESSED
    assert "malformed" in result.reason


def test_roles_that_bring_none_are_left_out(verdicts: Verdicts, rbac: Any) -> None:
    for block_of in (
        {"actions": ["*"]},
        {"actions": ["*"], "condition": None},
        {"actions": ["*"], "condition": ""},
        {"actions": ["*/read"], "condition": BOUNDED},
    ):
        role = rbac.role("tested", **block_of)
        [result] = verdicts(delegation.builtin_conditioned, role)
        assert result.status is Status.NOT_APPLICABLE


# The root


@pytest.mark.parametrize(
    ("role", "condition", "status", "word"),
    [
        (ACCESS, None, Status.FAIL, "assigns any role in every subscription"),
        (OWNER, None, Status.FAIL, "assigns any role"),
        (OWNER, BOUNDED, Status.PASS, "a condition restricts"),
        (READER, None, Status.PASS, "does not assign roles"),
        (CONTRIBUTOR, None, Status.PASS, "does not assign roles"),
        ("unknown", None, Status.NOT_ASSESSED, "was not read"),
    ],
)
def test_the_root(
    judge: Any, rbac: Any, role: str, condition: object, status: Status, word: str
) -> None:
    grant = rbac.grant("ann", role, "/", condition=condition)
    grant["id"] = grant["id"].replace("//", "/")
    settings = Settings(break_glass_principals=("ann",))
    result = judge(delegation.elevated_root, grant["id"], grant, settings=settings)
    assert result.status is status
    assert word in result.reason
    if status is not Status.NOT_ASSESSED:
        read = {each.path: each.value for each in result.evidence}
        assert read["properties.scope"] == "/"


@pytest.mark.parametrize("field", ["principalType", "principalId", "condition"])
def test_what_is_malformed_at_the_root(
    verdicts: Verdicts, rbac: Any, roles: list[Body], field: str
) -> None:
    grant = rbac.grant("ann", READER, "/", **{field: 7})
    grant["id"] = grant["id"].replace("//", "/")
    elsewhere = rbac.grant("bob", READER, GROUP, **{field: 7})
    [result] = verdicts(delegation.elevated_root, *roles, grant, elsewhere)
    assert result.target.resource_id == grant["id"]
    assert (result.status, "malformed" in result.reason) == (Status.NOT_ASSESSED, True)


def test_what_is_below_the_root_is_left_out(
    verdicts: Verdicts, roles: list[Body], rbac: Any
) -> None:
    grant = rbac.grant("ann", OWNER, SUBSCRIPTION)
    [result] = verdicts(delegation.elevated_root, grant, *roles)
    assert result.status is Status.NOT_APPLICABLE
