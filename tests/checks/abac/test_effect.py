"""Conditions of role assignments, each by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from checks.abac import effect as abac
from checks.abac import text as abac_text
from checks.abac.overlap import tag_self_escalation
from checks.abac.reach import key_bypass, opportunity
from scanner.model.authorization import RoleDefinition
from scanner.model.check import Check, Status
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

NOW = datetime(2026, 9, 1, tzinfo=UTC)
TENANT = "/tenants/aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
STORAGE = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/lake"
)
ID = f"{STORAGE}/providers/Microsoft.Authorization/roleAssignments/one"
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
READ, WRITE, DELETE = (f"{BLOBS}/{name}" for name in ("read", "write", "delete"))
MOVE, ADD = f"{BLOBS}/move/action", f"{BLOBS}/add/action"
TAGS_READ = f"{BLOBS}/tags/read"
READER = (READ,)
CONTRIBUTOR = (READ, WRITE, DELETE, MOVE, ADD)

NAME = f"@Resource[{CONTAINERS}:name] StringEquals 'public'"
PATH = f"@Resource[{BLOBS}:path] StringLike 'in/*'"
SENT = f"@Request[{BLOBS}/tags:Level] StringNotEquals 'a'"
BACKWARDS = f"'public' StringEquals @Resource[{CONTAINERS}:name]"
IN_A_SET = f"@Resource[{CONTAINERS}:name] ForAnyOfAnyValues:StringStartsWith {{'a'}}"
AT_A_MOMENT = "@Environment[UtcNow] DateTimeEquals '2027-01-01T00:00:00Z'"
UNKNOWN = f"@Request[{CONTAINERS}:name] StringEquals 'a'"
PREFIX = f"@Request[{BLOBS}:prefix] StringStartsWith 'in/'"
KEYS = f"@Resource[{BLOBS}/tags&$keys$&]"
LEVEL = f"@Resource[{BLOBS}/tags:Level<$key_case_sensitive$>]"
LOW = f"{LEVEL} StringEquals 'low'"
UNTAGGED = f"NOT {KEYS} ForAnyOfAnyValues:StringEquals {{'Level'}}"
CLEARANCE = (
    "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Level] "
    "ForAnyOfAnyValues:StringEquals {'low', 'high'}"
)
ASSIGN = "Microsoft.Authorization/roleAssignments"
DELEGATED = (
    f"((!(ActionMatches{{'{ASSIGN}/write'}})) OR "
    f"(@Request[{ASSIGN}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals "
    "{acdd72a7-3385-48ef-bd42-f606fba81ae7}))"
)


def block(rest: str, *actions: str, sub: str = "") -> str:
    suffix = f" AND NOT SubOperationMatches{{'{sub}'}}" if sub else ""
    guards = [f"!(ActionMatches{{'{action}'}}{suffix})" for action in actions]
    return f"(({' AND '.join(guards)}) OR ({rest}))"


def listing(rest: str) -> str:
    guard = f"ActionMatches{{'{READ}'}} AND SubOperationMatches{{'Blob.List'}}"
    return f"((!({guard})) OR ({rest}))"


def between(start: str, end: str) -> str:
    return (
        f"@Environment[UtcNow] DateTimeGreaterThan '{start}T12:00:00.0Z' AND "
        f"@Environment[UtcNow] DateTimeLessThan '{end}T21:00:00.0Z'"
    )


EXAMPLE = f"""\
(
  (
    !(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})
  )
  OR
  (
    # whatever has no level yet
    {UNTAGGED}
  )
  OR
  (
    # low for everyone with a clearance
    {LOW} AND {CLEARANCE}
  )
  OR
  (
    # high in working hours
    {LEVEL} StringEquals 'high' AND {CLEARANCE}
    AND ({between("2025-06-09", "2045-06-09")})
  )
)
"""
FOUNDRY = block(
    f"@Resource[{CONTAINERS}:name] StringStartsWithIgnoreCase "
    "'3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11'",
    *(DELETE, READ, WRITE, MOVE, ADD),
)
ODD = "@Environment[UtcNow] TimeOfDayGreaterThan '08:00:00'"
GOOD = block(LOW, READ, sub="Blob.List") + " AND " + listing(PREFIX)


def role(*data: str, actions: tuple[str, ...] = (), **more: Any) -> Body:
    block = {"actions": list(actions), "dataActions": list(data), **more}
    properties = {"roleName": "Tested", "type": "BuiltInRole", "permissions": [block]}
    return {"id": f"{ROLES}/tested", "properties": properties}


def assigned(condition: object = None, **more: Any) -> Body:
    properties = {
        "scope": STORAGE,
        "roleDefinitionId": f"{SUBSCRIPTION}{ROLES}/tested",
        "principalId": "ann",
        "principalType": "User",
        "condition": condition,
        "conditionVersion": "2.0",
    }
    return {"id": ID, "properties": {**properties, **more}}


CONDITIONED = tuple(each for each in abac.CHECKS if each is not opportunity)
UNLESS_OPEN = "abac-or-tautology"
"""What is open for every call is so whatever the role allows."""
BY_ROLE = {
    UNLESS_OPEN,
    "abac-action-coverage",
    "abac-untagged-open",
    "abac-tag-key-case",
    "abac-utcnow-window",
    "abac-env-network",
    "abac-unconditioned-overlap",
    "abac-list-exposed",
    "abac-legacy-read-guard",
    "abac-tag-self-escalation",
    "abac-role-supported",
}
PORTAL = Settings(conditions_built_in_portal=True)
EVERYTHING = block(
    f"{LOW} AND {PATH} AND {CLEARANCE} AND @Environment[isPrivateLink] BoolEquals true "
    f"AND {between('2026-01-01', '2026-12-01')}",
    READ,
)
"""A condition that every check is about."""

conditioned = pytest.mark.parametrize("check", CONDITIONED, ids=lambda check: check.id)


@pytest.mark.parametrize(
    ("check", "condition", "data", "status", "word"),
    [
        ("abac-parse", GOOD, READER, Status.PASS, "every term"),
        ("abac-parse", EXAMPLE, READER, Status.PASS, "3 comments left out"),
        (
            "abac-parse",
            block("@Context[a] IpMatch '10.0.0.0/8'", READ),
            READER,
            Status.WARN,
            "line 1, column 97: not documented, so what it asks is unknown: IpM",
        ),
        ("abac-size", GOOD, READER, Status.PASS, "at most 6"),
        ("abac-size", f"{NAME} # {'x' * 6200}", READER, Status.WARN, "of the 8192"),
        ("abac-size", f"( # {'x' * 8200}", READER, Status.WARN, "at most 8192"),
        ("abac-or-tautology", GOOD, READER, Status.PASS, "no block"),
        (
            "abac-or-tautology",
            block(NAME, READ) + " OR " + block(PATH, WRITE),
            CONTRIBUTOR,
            Status.FAIL,
            "joined by OR",
        ),
        ("abac-or-tautology", "true", CONTRIBUTOR, Status.FAIL, "restricts nothing"),
        (
            "abac-or-tautology",
            block(NAME, READ) + " OR " + block(PATH, READ),
            CONTRIBUTOR,
            Status.PASS,
            "no block",
        ),
        ("abac-action-coverage", FOUNDRY, CONTRIBUTOR, Status.PASS, "every action"),
        ("abac-action-coverage", GOOD, READER, Status.PASS, "every action"),
        ("abac-action-coverage", GOOD, CONTRIBUTOR, Status.FAIL, "write, delete"),
        (
            "abac-action-coverage",
            block(ODD, READ),
            READER,
            Status.NOT_ASSESSED,
            "cannot be told: line 1",
        ),
        (
            "abac-action-coverage",
            block(f"{ODD} AND {NAME}", READ),
            READER,
            Status.PASS,
            "every action",
        ),
        (
            "abac-list-exposed",
            block(f"{ODD} OR {NAME}", READ),
            READER,
            Status.NOT_ASSESSED,
            "cannot be told: line 1",
        ),
        (
            "abac-action-coverage",
            block(NAME, READ, WRITE),
            CONTRIBUTOR,
            Status.WARN,
            "delete, move/action, add/action stay allowed",
        ),
        (
            "abac-action-coverage",
            block(NAME, TAGS_READ, f"{BLOBS}/tags/write"),
            (f"{BLOBS}/*",),
            Status.WARN,
            "only tags/read, tags/write are restricted",
        ),
        (
            "abac-action-coverage",
            block("true", READ),
            READER,
            Status.NOT_APPLICABLE,
            "restricts no data action",
        ),
        ("abac-list-exposed", GOOD, READER, Status.PASS, "too"),
        (
            "abac-list-exposed",
            block(LOW, READ, sub="Blob.List"),
            READER,
            Status.WARN,
            "enumerated",
        ),
        ("abac-list-exposed", GOOD, (WRITE,), Status.NOT_APPLICABLE, "not granted"),
        (
            "abac-legacy-read-guard",
            block(PATH, READ, sub="Blob.List"),
            READER,
            Status.PASS,
            "no path",
        ),
        (
            "abac-legacy-read-guard",
            block(PATH, READ),
            READER,
            Status.WARN,
            "listing blobs always fails",
        ),
        (
            "abac-legacy-read-guard",
            block(PATH, WRITE),
            CONTRIBUTOR,
            Status.NOT_APPLICABLE,
            "not restricted",
        ),
        ("abac-untagged-open", GOOD, READER, Status.PASS, "no more than others"),
        (
            "abac-untagged-open",
            block(f"{KEYS} ForAllOfAnyValues:StringEquals {{'Public'}}", READ),
            READER,
            Status.WARN,
            "not documented: read of what was never tagged may be open",
        ),
        (
            "abac-untagged-open",
            block(f"{UNTAGGED} OR {LOW}", READ),
            READER,
            Status.WARN,
            "without the tag is let through",
        ),
        (
            "abac-tag-key-case",
            GOOD.replace("<$key_case_sensitive$>", ""),
            READER,
            Status.PASS,
            "another case",
        ),
        ("abac-tag-key-case", GOOD, READER, Status.WARN, "is refused as one without"),
        (
            "abac-tag-key-case",
            block(f"{UNTAGGED} OR {LOW}", READ),
            READER,
            Status.WARN,
            "tagged level instead of Level",
        ),
        (
            "abac-utcnow-window",
            block(between("2026-08-01", "2026-10-01"), READ),
            READER,
            Status.PASS,
            "open",
        ),
        (
            "abac-utcnow-window",
            block(between("2025-06-09", "2045-06-09"), READ),
            READER,
            Status.WARN,
            "20.0 years",
        ),
        (
            "abac-utcnow-window",
            block(between("2026-01-01", "2026-02-01"), READ),
            READER,
            Status.WARN,
            "the grant is dead",
        ),
        (
            "abac-utcnow-window",
            block(between("2026-10-01", "2026-11-01"), READ),
            READER,
            Status.WARN,
            "opens only at",
        ),
        (
            "abac-principal-attr",
            block(CLEARANCE, READ),
            READER,
            Status.INFO,
            "security attribute Staff_Level",
        ),
        ("abac-role-supported", GOOD, READER, Status.PASS, "can restrict"),
        (
            "abac-role-supported",
            GOOD,
            ("Microsoft.Storage/storageAccounts/tableServices/tables/entities/read",),
            Status.WARN,
            "no action that conditions are documented to restrict",
        ),
        ("abac-role-supported", GOOD, (WRITE,), Status.WARN, "none of the actions"),
        *(
            (check, block(NAME, f"{CONTAINERS}/read"), READER, status, word)
            for check, status, word in (
                ("abac-role-supported", Status.WARN, "none of the actions"),
                ("abac-or-tautology", Status.NOT_APPLICABLE, "no data action"),
                ("abac-action-coverage", Status.NOT_APPLICABLE, "no data action"),
                ("abac-unconditioned-overlap", Status.NOT_APPLICABLE, "no data action"),
            )
        ),
        *(
            (check, block(f"NOT {UNKNOWN}", READ), READER, status, word)
            for check, status, word in (
                ("abac-parse", Status.WARN, "not documented"),
                ("abac-or-tautology", Status.FAIL, "no call has @Request[Micro"),
                ("abac-action-coverage", Status.NOT_APPLICABLE, "no data action"),
                ("abac-unconditioned-overlap", Status.NOT_APPLICABLE, "no data action"),
            )
        ),
        *(
            (check, block(UNKNOWN, READ), READER, Status.NOT_ASSESSED, "told: line 1")
            for check in (
                *("abac-or-tautology", "abac-action-coverage"),
                *("abac-unconditioned-overlap", "abac-list-exposed"),
            )
        ),
        *(
            (check, block(odd, READ), READER, Status.NOT_ASSESSED, "told: line 1")
            for odd in (SENT, BACKWARDS, IN_A_SET, AT_A_MOMENT)
            for check in ("abac-or-tautology", "abac-action-coverage")
        ),
        (
            "abac-list-exposed",
            block(PATH, READ, sub="Blob.List")
            + " AND "
            + listing(f"@Request[{BLOBS}:prefix] StringNotLike 'secret/*'"),
            READER,
            Status.NOT_ASSESSED,
            "of Blob.List cannot be told",
        ),
        ("abac-precedence", GOOD, READER, Status.PASS, "never meet"),
        (
            "abac-precedence",
            block(f"{NAME} OR {PATH} AND {LOW}", READ),
            READER,
            Status.WARN,
            "add parentheses",
        ),
        ("abac-hand-written", GOOD, READER, Status.PASS, "as the visual editor"),
        ("abac-hand-written", FOUNDRY, READER, Status.PASS, "as the visual editor"),
        ("abac-hand-written", EXAMPLE, READER, Status.INFO, "by hand"),
        ("abac-hand-written", NAME, READER, Status.INFO, "by hand"),
        (
            "abac-use-inventory",
            FOUNDRY,
            CONTRIBUTOR,
            Status.INFO,
            "a condition on blobs, by @Resource[containers:name]",
        ),
        (
            "abac-use-inventory",
            DELEGATED,
            (),
            Status.INFO,
            "a condition on role assignments",
        ),
        (
            "abac-use-inventory",
            "@Resource[Some.Service/things:name] StringEquals 'a'",
            (),
            Status.INFO,
            "another service, by @Resource[things:name]",
        ),
    ],
)
def test_conditions(
    verdicts: Verdicts,
    check: str,
    condition: str,
    data: tuple[str, ...],
    status: Status,
    word: str,
) -> None:
    bodies = (assigned(condition), role(*data, actions=("*/read",)))
    [result] = verdicts(by_id(check), *bodies, settings=PORTAL)
    assert (result.status, result.target.resource_id) == (status, ID)
    assert word in result.reason
    read = {(each.resource_id, each.path): each.value for each in result.evidence}
    assert read[ID, "properties.condition"] == condition
    by_role = check in BY_ROLE and (check != UNLESS_OPEN or status is not Status.FAIL)
    assert ((f"{ROLES}/tested", "properties.roleName") in read) is by_role


def by_id(name: str) -> Check[Any]:
    return next(check for check in abac.CHECKS if check.id == name)


@pytest.mark.parametrize(
    ("condition", "version", "status", "word"),
    [
        (NAME, "2.0", Status.PASS, "is 2.0"),
        (NAME, None, Status.PASS, "not set, which Azure takes for 2.0"),
        (NAME, ..., Status.PASS, "not set, which Azure takes for 2.0"),
        (NAME, "1.0", Status.FAIL, "'1.0'; only '2.0'"),
        (NAME, "2.1", Status.FAIL, "'2.1'; only '2.0'"),
        ("(", "1.0", Status.FAIL, "'1.0'; only '2.0'"),
        (NAME, 2.0, Status.NOT_ASSESSED, "malformed"),
        (None, "2.0", Status.INFO, "there is no condition"),
        (" ", "2.0", Status.INFO, "there is no condition"),
        (None, 2, Status.NOT_ASSESSED, "malformed"),
        (None, None, Status.NOT_APPLICABLE, "no resource"),
        (None, ..., Status.NOT_APPLICABLE, "no resource"),
    ],
)
def test_version(
    verdicts: Verdicts, condition: object, version: object, status: Status, word: str
) -> None:
    body = assigned(condition, conditionVersion=version)
    if version is ...:
        del body["properties"]["conditionVersion"]
    [result] = verdicts(abac_text.condition_version, body, role(*READER))
    assert result.status is status
    assert word in result.reason


def test_the_example_of_the_post_has_its_flaws(verdicts: Verdicts) -> None:
    found = {
        result.check.id: result.status
        for check in abac.CHECKS
        for result in verdicts(check, assigned(EXAMPLE), role(*CONTRIBUTOR))
        if result.is_finding
    }
    assert found == {
        "abac-action-coverage": Status.FAIL,  # writing is not restricted
        "abac-untagged-open": Status.WARN,
        "abac-tag-key-case": Status.WARN,
        "abac-utcnow-window": Status.WARN,  # twenty years
        "abac-list-exposed": Status.WARN,
        "abac-tag-self-escalation": Status.FAIL,
    }


PRIVATE = "@Environment[isPrivateLink] BoolEquals true"
ANY_STORAGE = "Microsoft.Storage/storageAccounts/*"


@pytest.mark.parametrize(
    "condition",
    [
        PRIVATE,
        block(PRIVATE, ANY_STORAGE),
        block(PRIVATE, ANY_STORAGE, sub="Blob.List"),
        "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'lake'",
    ],
)
def test_conditions_on_storage_that_name_no_service(
    verdicts: Verdicts, condition: str
) -> None:
    account = {"id": STORAGE, "kind": "StorageV2", "properties": {}}
    bodies = (assigned(condition), role(*READER), account)
    [bypassed] = verdicts(key_bypass, *bodies)
    [listed] = verdicts(abac.list_exposed, *bodies)
    [known] = verdicts(abac_text.use_inventory, *bodies)
    assert bypassed.status is Status.FAIL
    assert listed.status is (Status.WARN if "List" in condition else Status.PASS)
    assert "on blobs" in known.reason
    if condition == PRIVATE:  # what it is on, its role alone tells
        [unread] = verdicts(key_bypass, bodies[0], account)
        assert unread.status is Status.NOT_ASSESSED


def test_what_foundry_sets_passes(verdicts: Verdicts) -> None:
    statuses = {
        result.check.id: result.status
        for check in abac.CHECKS
        for result in verdicts(check, assigned(FOUNDRY), role(*CONTRIBUTOR))
        if result.target.resource_id == ID
    }
    assert Status.PASS in statuses.values()
    harmless = {Status.PASS, Status.INFO, Status.NOT_APPLICABLE}
    assert set(statuses.values()) <= harmless, statuses


@conditioned
class TestEvery:
    @pytest.mark.parametrize("condition", [None, ..., "", " \n"])
    def test_leaves_out_what_has_none(
        self, verdicts: Verdicts, check: Check[Any], condition: object
    ) -> None:
        body = assigned(condition, conditionVersion=None)
        if condition is ...:
            del body["properties"]["condition"]
        [result] = verdicts(check, body, role(*READER), settings=PORTAL)
        assert result.status is Status.NOT_APPLICABLE
        assert result.target.resource_id == TENANT

    @pytest.mark.parametrize("condition", [5, True, [NAME], {"text": NAME}])
    def test_does_not_judge_what_is_malformed(
        self, verdicts: Verdicts, check: Check[Any], condition: object
    ) -> None:
        [result] = verdicts(check, assigned(condition), role(*READER), settings=PORTAL)
        assert (result.status, result.target.resource_id) == (Status.NOT_ASSESSED, ID)
        assert "malformed: properties.condition" in result.reason

    @pytest.mark.parametrize("properties", [None, ...])
    def test_does_not_judge_a_body_without_properties(
        self, verdicts: Verdicts, check: Check[Any], properties: object
    ) -> None:
        body: Body = {"id": ID} if properties is ... else {"id": ID, "properties": None}
        [result] = verdicts(check, body, settings=PORTAL)
        assert result.status is Status.NOT_ASSESSED
        assert "internal error" not in result.reason

    def test_says_what_cannot_be_parsed(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        workspace = "3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11"
        text = f"({NAME} {workspace}"
        [result] = verdicts(check, assigned(text), role(*READER), settings=PORTAL)
        if check.id in ("abac-version", "abac-size"):
            assert result.status is Status.PASS
            return
        assert (result.status, result.target.resource_id) == (Status.NOT_ASSESSED, ID)
        assert "cannot be read: line 1, column" in result.reason
        assert workspace in result.reason

    def test_judges_by_a_role_that_was_read(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        [result] = verdicts(check, assigned(EVERYTHING), settings=PORTAL)
        judged = result.status is not Status.NOT_ASSESSED
        assert judged is (check.id not in BY_ROLE)
        if check.id in BY_ROLE:
            assert "the definition of role tested was not read" in result.reason

    def test_tells_why_a_role_was_not_read(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        refused = [(RoleDefinition, TENANT)]
        bodies = (assigned(EVERYTHING), role(*READER))
        [result] = verdicts(check, *bodies, unread=refused, settings=PORTAL)
        if check.id in BY_ROLE:
            assert result.status is Status.NOT_ASSESSED
            assert "AuthorizationFailed" in result.reason


def test_delegations_are_left_to_their_own_checks(verdicts: Verdicts) -> None:
    bodies = (assigned(DELEGATED), role(actions=("*",)))
    answered = {
        check.id
        for check in abac.CHECKS
        for result in verdicts(check, *bodies)
        if result.target.resource_id == ID
    }
    assert answered == {
        *("abac-version", "abac-parse", "abac-size", "abac-role-supported"),
        *("abac-precedence", "abac-hand-written", "abac-use-inventory"),
    }


def test_what_the_role_excepts_is_not_granted(verdicts: Verdicts) -> None:
    excepted = role(f"{BLOBS}/*", notDataActions=[WRITE, DELETE, f"{BLOBS}/*/*"])
    [result] = verdicts(abac.action_coverage, assigned(GOOD), excepted)
    assert result.status is Status.PASS
    excepted = role("*", notDataActions=[f"{CONTAINERS}/*"])
    [result] = verdicts(abac_text.role_supported, assigned(GOOD), excepted)
    assert result.status is Status.WARN


@pytest.mark.parametrize(
    ("hours", "end", "status"),
    [
        (0, "2026-08-31", Status.PASS),
        (24, "2026-08-31", Status.FAIL),
        (400, "2026-08-31", Status.PASS),
    ],
)
def test_the_longest_window(
    verdicts: Verdicts, hours: int, end: str, status: Status
) -> None:
    text = block(between("2026-08-20", "2026-09-02"), READ)
    settings = Settings(condition_window_hours=hours)
    [result] = verdicts(
        abac.utcnow_window, assigned(text), role(*READER), settings=settings
    )
    assert result.status is status
    if hours:
        days = (between(f"2026-09-0{day}", f"2026-09-0{day}") for day in (1, 2))
        text = block(" OR ".join(f"({each})" for each in days), READ)
        [result] = verdicts(
            abac.utcnow_window, assigned(text), role(*READER), settings=settings
        )
        assert "longer than" not in result.reason
    unbounded = "@Environment[UtcNow] DateTimeGreaterThan '2026-08-20T12:00:00.0Z'"
    [result] = verdicts(
        abac.utcnow_window, assigned(unbounded), role(*READER), settings=settings
    )
    assert result.status is Status.PASS


def test_a_window_may_open_in_one_block_and_close_in_another(
    verdicts: Verdicts,
) -> None:
    opens = block("@Environment[UtcNow] DateTimeGreaterThan '2026-08-20T00:00Z'", READ)
    closes = block("@Environment[UtcNow] DateTimeLessThan '2026-09-20T00:00Z'", READ)
    apart = closes.replace(READ, WRITE)
    for text, status in (
        (f"{opens} AND {closes}", Status.FAIL),
        (f"{opens} AND {apart}", Status.PASS),
    ):
        [result] = verdicts(
            abac.utcnow_window,
            assigned(text),
            role(*CONTRIBUTOR),
            settings=Settings(condition_window_hours=24),
        )
        assert result.status is status


def advised(check: Check[Any], condition: str) -> str:
    """Return what the commands of a check's advice make of a condition."""
    fix = check.documentation.sections["How to fix"]
    replaced = re.search(r'sed "s\|(.*)\|(.*)\|g"', fix)
    if replaced:
        return condition.replace(replaced[1], replaced[2])
    told = re.search(r"<<EOF\n(.*?)\n *EOF", fix, re.DOTALL)
    assert told
    known = {"$(cat condition.txt)": condition, "$B": BLOBS, "\\$": "$"}
    text = told[1]
    for written, meant in known.items():
        text = text.replace(written, meant)
    return text


NAMES = f"@Resource[{CONTAINERS}:name] StringEquals 'drafts'"


@pytest.mark.parametrize(
    ("check", "condition", "data"),
    [
        (abac.list_exposed, block(LOW, READ, sub="Blob.List"), READER),
        (
            abac.list_exposed,
            f"{block(NAME, READ, sub='Blob.List')} OR "
            f"{block(NAMES, READ, sub='Blob.List')}",
            READER,
        ),
        (tag_self_escalation, block(LOW, READ), (READ, WRITE)),
        (
            tag_self_escalation,
            f"{block(LOW, READ)} OR {block(NAME, READ)}",
            (READ, WRITE, f"{BLOBS}/tags/write"),
        ),
        (abac.legacy_read_guard, block(PATH, READ), READER),
        (
            abac.legacy_read_guard,
            f"{block(PATH, READ)} AND {listing(PREFIX)} AND {block(NAME, READ)}",
            READER,
        ),
    ],
)
def test_the_commands_of_the_advice_cure(
    verdicts: Verdicts, check: Check[Any], condition: str, data: tuple[str, ...]
) -> None:
    [before] = verdicts(check, assigned(condition), role(*data))
    assert before.is_finding
    text = advised(check, condition)
    for each in (check, abac_text.readable, abac_text.precedence, abac.or_tautology):
        assert verdicts(each, assigned(text), role(*data)).only().status is Status.PASS


def test_advice_on_a_path_leaves_the_block_on_lists_alone(verdicts: Verdicts) -> None:
    text = f"{block(PATH, READ)} AND {listing(PREFIX)}"
    fixed = assigned(advised(abac.legacy_read_guard, text))
    [result] = verdicts(abac.list_exposed, fixed, role(*READER))
    assert result.status is Status.PASS


def test_an_eligible_assignment_keeps_what_else_is_asked() -> None:
    fix = abac.utcnow_window.documentation.sections["How to fix"]
    template = fix.partition("```bicep")[2].partition("```")[0]
    assert "condition: " in template


def test_the_editor_is_asked_for_by_a_setting_alone(verdicts: Verdicts) -> None:
    [result] = verdicts(abac_text.hand_written, assigned(NAME), role(*READER))
    assert result.status is Status.NOT_APPLICABLE
    assert "conditions_built_in_portal is off" in result.reason


def test_reasons_are_short_and_printable(verdicts: Verdicts) -> None:
    key = "Le\\u0007" + "v" * 900
    keys = f"{KEYS} ForAnyOfAnyValues:StringEquals {{'\a{key}'}}"
    text = block(f"NOT {keys} OR {LOW}", READ)
    [result] = verdicts(abac.tag_key_case, assigned(text), role(*READER))
    assert result.status is Status.WARN
    assert result.reason.isprintable()
    assert len(result.reason) < 600
