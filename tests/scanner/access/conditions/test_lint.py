"""Faults, each found by what a condition does and not by how it is written."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from scanner.access.conditions import (
    Fault,
    Outcome,
    container_prefixes,
    guarded_actions,
    lint,
    parse,
    residual,
)
from scanner.access.facts import Block

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
READ, WRITE, DELETE = (f"{BLOBS}/{name}" for name in ("read", "write", "delete"))
TAGS_READ, TAGS_WRITE = f"{BLOBS}/tags/read", f"{BLOBS}/tags/write"
SECRETS = "Microsoft.KeyVault/vaults/secrets"
LOGS = "Microsoft.OperationalInsights/workspaces/tables/data"
CONTRIBUTOR = (READ, WRITE, DELETE, f"{BLOBS}/move/action", f"{BLOBS}/add/action")
NAME = f"@Resource[{CONTAINERS}:name] StringEquals 'public'"
PATH = f"@Resource[{BLOBS}:path] StringLike 'in/*'"
KEYS = f"@Resource[{BLOBS}/tags&$keys$&]"
UNTAGGED = f"NOT {KEYS} ForAnyOfAnyValues:StringEquals {{'Access_Level'}}"
LEVEL = f"@Resource[{BLOBS}/tags:Access_Level<$key_case_sensitive$>]"
PRIVATE = "@Environment[isPrivateLink]"

EXAMPLE = f"""\
(
  (
    # reading, but not listing
    !(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})
  )
  OR
  (
    # rule 1: what nobody has classified is open
    {UNTAGGED}
  )
  OR
  (
    # rule 2: low is for all who have a level
    {LEVEL} StringEquals 'low'
    AND
    @Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Level]
      ForAnyOfAnyValues:StringEquals {{'low', 'high'}}
  )
  OR
  (
    # rule 3: high is for some, in working hours
    (
      {LEVEL} StringEquals 'high'
      AND
      @Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Level]
        ForAnyOfAnyValues:StringEquals {{'high'}}
    )
    AND
    (
      @Environment[UtcNow] DateTimeGreaterThan '2025-06-09T12:00:00.0Z'
      AND
      @Environment[UtcNow] DateTimeLessThan '2045-06-09T21:00:00.0Z'
    )
  )
)
"""


def block(rest: str, *actions: str, sub: str = "") -> str:
    suffix = f" AND NOT SubOperationMatches{{'{sub}'}}" if sub else ""
    guards = [f"!(ActionMatches{{'{action}'}}{suffix})" for action in actions]
    return f"(({' AND '.join(guards)}) OR ({rest}))"


def found(
    text: str,
    *data_actions: str,
    actions: tuple[str, ...] = (),
    privileged: tuple[str, ...] = (),
) -> dict[str, Fault]:
    faults = lint(
        text,
        role=(Block(actions=actions, data_actions=data_actions),),
        privileged=privileged,
        now=NOW,
    )
    by_id = {fault.check_id: fault for fault in faults}
    assert len(by_id) == len(faults)
    return by_id


def place(text: str, part: str) -> tuple[int, int]:
    before = text[: text.index(part)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def at(fault: Fault) -> tuple[int, int]:
    return fault.line, fault.column


def test_the_example_of_the_post_has_its_four_flaws() -> None:
    faults = found(EXAMPLE)
    assert set(faults) == {
        "abac-action-coverage",
        "abac-list-exposed",
        "abac-tag-key-case",
        "abac-untagged-open",
        "abac-utcnow-window",
    }
    assert at(faults["abac-action-coverage"]) == place(EXAMPLE, "ActionMatches")
    assert at(faults["abac-list-exposed"]) == place(EXAMPLE, "SubOperationMatches")
    assert at(faults["abac-untagged-open"]) == place(EXAMPLE, KEYS)
    assert at(faults["abac-tag-key-case"]) == place(EXAMPLE, KEYS)
    assert at(faults["abac-utcnow-window"]) == place(EXAMPLE, "@Environment")
    assert "20.0 years" in faults["abac-utcnow-window"].message
    assert "write, delete, add/action" in faults["abac-action-coverage"].message
    assert "access_level" in faults["abac-tag-key-case"].message


def test_the_example_on_a_role_that_only_reads_is_covered() -> None:
    assert "abac-action-coverage" not in found(EXAMPLE, READ)


def test_the_example_in_blocks_of_its_own_has_the_same_flaws() -> None:
    sub = "Blob.List"
    text = block(UNTAGGED, READ, sub=sub) + " OR "
    text += block(f"{LEVEL} StringEquals 'low'", READ, sub=sub)
    assert {"abac-untagged-open", "abac-tag-key-case"} <= set(found(text))
    assert "abac-or-tautology" not in found(text)


ANY_NAME = f"@Resource[{CONTAINERS}:name]"
WORKSPACE = "3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11"
FOUNDRY = block(
    f"@Resource[{CONTAINERS}:name] StringStartsWithIgnoreCase '{WORKSPACE}'",
    *(DELETE, READ, WRITE, f"{BLOBS}/move/action", f"{BLOBS}/add/action"),
)


@pytest.mark.parametrize("data_actions", [(), CONTRIBUTOR])
def test_the_condition_that_foundry_sets_passes(data_actions: tuple[str, ...]) -> None:
    assert found(FOUNDRY, *data_actions) == {}
    left = residual(parse(FOUNDRY).expression, READ)
    assert container_prefixes(left) == (WORKSPACE,)


@pytest.mark.parametrize(
    ("rest", "prefixes"),
    [
        (f"@Resource[{CONTAINERS}:Name] StringLike 'ab-*'", ("ab-",)),
        (f"@Resource[{CONTAINERS}:name] StringLike '*ab'", ()),
        (f"@Resource[{CONTAINERS}:name] StringNotEquals 'ab'", ()),
        (f"NOT @Resource[{CONTAINERS}:name] StringStartsWith 'ab'", ()),
        (NAME, ("public",)),
        (f"{NAME} AND {PATH}", ("public",)),
        (f"{NAME} OR {PATH}", ()),
        (
            f"{NAME} OR @Resource[{CONTAINERS}:name] StringStartsWith 'x'",
            ("public", "x"),
        ),
        (
            f"@Resource[{CONTAINERS}:name] ForAnyOfAnyValues:StringLike {{'a*', 'b*'}}",
            ("a", "b"),
        ),
        (f"@Request[{CONTAINERS}:name] StringEquals 'ab'", ()),
        ("true", ()),
    ],
)
def test_the_prefixes_a_condition_demands(rest: str, prefixes: tuple[str, ...]) -> None:
    assert container_prefixes(parse(rest).expression) == prefixes


def test_what_becomes_of_each_action() -> None:
    text = f"{block(NAME, READ)} AND {block('false', DELETE)}"
    guards = guarded_actions(parse(text), (READ, WRITE, DELETE))
    assert [guard.outcome for guard in guards] == [
        Outcome.RESTRICTED,
        Outcome.UNRESTRICTED,
        Outcome.DENIED,
    ]
    assert guards[0].residual == parse(NAME).expression
    assert guarded_actions(parse(f"{NAME} OR NOT {NAME}"), (READ,))[0].outcome is (
        Outcome.UNRESTRICTED
    )


def test_version_and_size() -> None:
    assert [fault.check_id for fault in lint(NAME, version="1.0", now=NOW)] == [
        "abac-version"
    ]
    assert lint(NAME, version=None, now=NOW) == ()
    large = f"{NAME} # {'x' * 6200}"
    assert set(found(large)) == {"abac-size"}
    assert "at most" in found(large + "ü" * 1000)["abac-size"].message


def test_an_error_is_a_fault_where_it_is() -> None:
    fault = found("(\n  true")["abac-parse"]
    assert at(fault) == (2, 7)
    assert fault.message.startswith("expected ')'")


def test_precedence() -> None:
    text = f"{NAME} AND {NAME}\n OR {NAME}"
    assert at(found(text)["abac-precedence"]) == (2, 2)


@pytest.mark.parametrize(
    ("joint", "is_wrong"), [("OR", True), ("AND", False)], ids=["or", "and"]
)
def test_blocks_for_different_actions(joint: str, is_wrong: bool) -> None:
    text = f"{block(NAME, READ)}\n{joint} {block(NAME, WRITE, DELETE)}"
    faults = found(text, *CONTRIBUTOR)
    assert ("abac-or-tautology" in faults) is is_wrong
    assert ("abac-action-coverage" in faults) is not is_wrong


def test_guards_without_parentheses_are_a_tautology_too() -> None:
    text = f"!(ActionMatches{{'{READ}'}}) OR !(ActionMatches{{'{WRITE}'}}) OR {NAME}"
    assert "abac-or-tautology" in found(text)


def test_blocks_for_different_suboperations_are_a_tautology_too() -> None:
    listing = f"(!(ActionMatches{{'{READ}'}} AND SubOperationMatches{{'Blob.List'}})"
    text = f"{block(PATH, READ, sub='Blob.List')} OR {listing} OR {NAME})"
    assert "abac-or-tautology" in found(text)
    assert "abac-or-tautology" not in found(text.replace(" OR (!(", " AND (!("))


def test_what_is_asked_beside_a_guard_is_futile() -> None:
    text = f"(ActionMatches{{'{READ}'}} AND {NAME}) OR !(ActionMatches{{'{WRITE}'}})"
    assert "abac-or-tautology" in found(text)


def test_what_is_always_true_opens_everything() -> None:
    fault = found(f"{block(NAME, READ)} OR 'a' StringEquals 'a'")["abac-or-tautology"]
    assert fault.column > len(block(NAME, READ))


@pytest.mark.parametrize(
    "text",
    [
        f"!((ActionMatches{{'{READ}'}} AND !({NAME})) AND "
        f"(ActionMatches{{'{WRITE}'}} AND !({PATH})))",
        f"!(ActionMatches{{'{BLOBS}/*'}} AND ActionMatches{{'{SECRETS}/*'}}"
        f" AND !({NAME}))",
        f"!(ActionMatches{{'{READ}'}}) OR {NAME} OR NOT {NAME}",
        f"(!(ActionMatches{{'Other/*'}}) OR {NAME} OR NOT {NAME}) AND "
        f"{block(NAME, READ)}",
        f"!(ActionMatches{{'{READ}'}}) OR true",
        "true",
        "1 NumericEquals 1",
    ],
)
def test_what_is_true_for_every_call_restricts_nothing(text: str) -> None:
    assert found(text)["abac-or-tautology"].fails


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (f"{ANY_NAME} StringNotEquals 'a' OR {ANY_NAME} StringNotEquals 'b'", "by AND"),
        (f"!({NAME}) OR {ANY_NAME} StringNotStartsWith 'x'", "leave out one value"),
        (f"{ANY_NAME} ForAnyOfAnyValues:StringNotEquals {{'a', 'b'}}", "AllValues:"),
        (f"{ANY_NAME} StringLike '*'", "holds for every value"),
        (f"{ANY_NAME} StringStartsWith ''", "holds for every value"),
        (f"{PRIVATE} BoolEquals true OR {PRIVATE} BoolEquals false", "ask for one"),
        (f"{PRIVATE} BoolEquals true OR {PRIVATE} BoolNotEquals true", "ask for one"),
    ],
)
def test_what_leaves_out_nothing_restricts_nothing(asked: str, remedy: str) -> None:
    faults = found(block(asked, *CONTRIBUTOR), *CONTRIBUTOR)
    assert faults["abac-or-tautology"].fails
    assert remedy in faults["abac-or-tautology"].message
    assert guarded_actions(parse(asked), (READ,))[0].outcome is Outcome.UNRESTRICTED


@pytest.mark.parametrize(
    "text",
    [
        f"true AND {block(NAME, READ)}",
        f"!(ActionMatches{{'Other/*'}} AND ActionMatches{{'*/read'}}) OR {NAME}",
        f"!(ActionMatches{{'Other/*'}}) OR {NAME}",
        f"!(ActionMatches{{'{READ}'}})",
        f"!(ActionMatches{{'{READ}'}} AND SubOperationMatches{{'Blob.List'}})",
        f"ActionMatches{{'{READ}'}} OR ActionMatches{{'{WRITE}'}}",
    ],
)
def test_what_leaves_other_calls_open_is_no_tautology(text: str) -> None:
    assert "abac-or-tautology" not in found(text)


def test_alternatives_for_one_action_are_none() -> None:
    text = f"{block(NAME, READ)} OR {block(PATH, READ)}"
    assert "abac-or-tautology" not in found(text)
    either = f"!(ActionMatches{{'{READ}'}} OR ActionMatches{{'{WRITE}'}}) OR {NAME}"
    assert "abac-or-tautology" not in found(either)
    allowed = f"ActionMatches{{'{READ}'}} OR (ActionMatches{{'{WRITE}'}} AND {NAME})"
    assert "abac-or-tautology" not in found(allowed)


def test_coverage_follows_wildcards() -> None:
    covered = block(NAME, f"{BLOBS}/*")
    assert "abac-action-coverage" not in found(covered, f"{BLOBS}/*")
    some = found(block(NAME, *CONTRIBUTOR), f"{CONTAINERS}/*")
    assert "tags/write" in some["abac-action-coverage"].message
    assert "abac-action-coverage" not in found(NAME, *CONTRIBUTOR)
    assert "abac-action-coverage" not in found(block(NAME, READ), READ, "Other/read")


@pytest.mark.parametrize(
    ("guarded", "granted", "fails"),
    [
        ((READ,), CONTRIBUTOR, True),
        ((READ, TAGS_READ), (*CONTRIBUTOR, TAGS_READ), True),
        ((READ,), (READ, TAGS_READ), False),
        ((READ, WRITE), CONTRIBUTOR, False),
        ((TAGS_READ, TAGS_WRITE), (f"{BLOBS}/*",), False),
        ((WRITE,), CONTRIBUTOR, False),
    ],
)
def test_coverage_of_reading_alone_is_worse(
    guarded: tuple[str, ...], granted: tuple[str, ...], fails: bool
) -> None:
    fault = found(block(NAME, *guarded), *granted)["abac-action-coverage"]
    assert fault.fails is fails


def test_what_the_role_excepts_needs_no_cover() -> None:
    role = Block(data_actions=(f"{BLOBS}/*",), not_data_actions=(f"{BLOBS}/*/*", WRITE))
    (fault,) = lint(block(NAME, READ), role=(role,), now=NOW)
    assert fault.message.endswith("restricted; delete stays allowed without condition")


OWNER = Block(
    actions=(f"{CONTAINERS}/read", f"{CONTAINERS}/*"), data_actions=(f"{BLOBS}/*",)
)


@pytest.mark.parametrize(
    ("text", "role", "complaint"),
    [
        (block(NAME, READ), Block(data_actions=(READ,)), None),
        (block(NAME, READ), Block(data_actions=(f"{CONTAINERS}/*",)), None),
        (NAME, Block(data_actions=("*",), actions=("x",)), None),
        (block(NAME, READ), Block(actions=("*",)), "none of the actions"),
        (block(NAME, READ), Block(data_actions=(WRITE,)), "none of the actions"),
        (
            block(NAME, READ),
            Block(data_actions=("*",), not_data_actions=(f"{BLOBS}/*",)),
            "none of the actions",
        ),
        (block(NAME, f"{BLOBS}/r*"), Block(data_actions=(READ,)), None),
        (block(NAME, f"{BLOBS}/r*"), Block(data_actions=(WRITE,)), "none of the"),
        (block(NAME, "Else/*"), Block(data_actions=("Else/read",)), "no action that"),
        (block(NAME, "Else/*"), Block(data_actions=("*",)), None),
        (
            block(NAME, READ),
            Block(data_actions=("Microsoft.Storage/x/tableServices/*",)),
            "no action that",
        ),
        (
            block("true", f"{SECRETS}/readMetadata/action"),
            Block(data_actions=(f"{SECRETS}/readMetadata/action",)),
            None,
        ),
        (
            block("true", f"{LOGS}/read"),
            Block(data_actions=(f"{LOGS}/read",), condition="'a' StringEquals 'b'"),
            None,
        ),
        (block(NAME, READ), Block(), None),
        (block(NAME, f"{CONTAINERS}/read"), OWNER, "none of the actions"),
        (block(NAME, f"{CONTAINERS}/r*"), OWNER, "none of the actions"),
        (block(NAME, f"{CONTAINERS}/*"), OWNER, None),
        (block(NAME, "Else/read"), Block(data_actions=("*",)), None),
        (block(NAME, f"{BLOBS}/raed"), OWNER, "none of the actions"),
    ],
)
def test_conditions_without_effect(
    text: str, role: Block, complaint: str | None
) -> None:
    faults = {one.check_id: one for one in lint(text, role=(role,), now=NOW)}
    fault = faults.get("abac-role-supported")
    assert complaint in fault.message if fault and complaint else fault is None
    assert (fault is None) is (complaint is None)


@pytest.mark.parametrize(
    ("rest", "listed"),
    [
        ("TimeOfDayInRange(@Environment[UtcNow], '09:00', '17:00')", "TimeOfDayInR"),
        (f"@Resource[{CONTAINERS}:name] StringMatches 'a'", "StringMatches"),
        ("@Context[ip] IpMatch '10.0.0.0/8'", "IpMatch and 1 more"),
        ("@Resource[a] ForSome:StringEquals {'a'}", "ForSome:StringEquals"),
    ],
)
def test_what_is_not_documented(rest: str, listed: str) -> None:
    fault = found(block(rest, READ), READ)["abac-parse"]
    assert listed in fault.message
    assert not fault.fails


WITH_TAGS = (
    f"ActionMatches{{'{WRITE}'}} AND SubOperationMatches{{'Blob.Write.WithTagHeaders'}}"
)


@pytest.mark.parametrize(
    ("text", "fails", "said"),
    [
        (f"{block(NAME, READ)} AND (!({WITH_TAGS}) OR {NAME})", True, "only read is"),
        (
            f"(!({WITH_TAGS}) OR {NAME})",
            False,
            "none is always restricted; read, write",
        ),
    ],
)
def test_what_is_restricted_as_one_suboperation_stays_allowed(
    text: str, fails: bool, said: str
) -> None:
    fault = found(text, READ, WRITE)["abac-action-coverage"]
    assert fault.fails is fails
    assert said in fault.message
    assert "write stay" in fault.message.replace("stays", "stay")


def test_coverage_leaves_listing_secrets_alone() -> None:
    name = "@Resource[Microsoft.KeyVault/vaults/secrets:name] StringEquals 'a'"
    get, metadata = f"{SECRETS}/getSecret/action", f"{SECRETS}/readMetadata/action"
    assert found(block(name, get), get, metadata) == {}


def test_coverage_of_repositories() -> None:
    prefix = "Microsoft.ContainerRegistry/registries/repositories"
    name = f"@Request[{prefix}:name] StringEquals 'models'"
    reading = (f"{prefix}/content/read", f"{prefix}/metadata/read")
    assert found(block(name, *reading), *reading) == {}
    fault = found(block(name, *reading), f"{prefix}/*")["abac-action-coverage"]
    assert "content/write" in fault.message
    assert fault.fails


def test_coverage_of_queues() -> None:
    messages = "Microsoft.Storage/storageAccounts/queueServices/queues/messages"
    queue = "@Resource[Microsoft.Storage/storageAccounts/queueServices/queues:name]"
    text = block(f"{queue} StringEquals 'q'", f"{messages}/read")
    assert "on queue messages" in found(text)["abac-action-coverage"].message


LOW = f"{LEVEL} StringEquals 'low'"
LISTED = "abac-list-exposed"
LISTS = f"(!(ActionMatches{{'{READ}'}} AND SubOperationMatches{{'Blob.List'}})"
PREFIX = f"@Request[{BLOBS}:prefix] StringLike 'in/*'"
ANY_PREFIX = f"@Request[{BLOBS}:prefix] StringLike '*'"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (block(NAME, READ, sub="Blob.List"), "abac-list-exposed"),
        (block(PATH, READ), "abac-legacy-read-guard"),
        (block(NAME, READ), None),
        (block("false", READ), None),
        (
            block(PATH, READ, sub="Blob.List")
            + f" AND (!(ActionMatches{{'{READ}'}}"
            + " AND SubOperationMatches{'Blob.List'})"
            + f" OR @Request[{BLOBS}:prefix] StringLike 'in/*')",
            None,
        ),
        (block(f"{PATH} OR @Request[{BLOBS}:prefix] StringLike 'in/*'", READ), None),
        (block(f"NOT {PATH}", READ), "abac-list-exposed"),
        (block(f"{UNTAGGED} OR {LOW}", READ), "abac-list-exposed"),
        (block(PATH, READ, sub="Blob.List") + f" AND {LISTS} OR NOT {PREFIX})", LISTED),
        (block(PATH, READ, sub="Blob.List") + f" AND {LISTS} OR {ANY_PREFIX})", LISTED),
        (block(PATH, READ, sub="Blob.List") + f" AND {LISTS} OR {PREFIX})", None),
        (block(PATH, READ, sub="Blob.List") + f" AND {LISTS} OR NOT {NAME})", None),
    ],
)
def test_listing(text: str, fault: str | None) -> None:
    listing = {"abac-list-exposed", "abac-legacy-read-guard"}
    assert set(found(text, READ)) & listing == ({fault} if fault else set())


SET = f"@Request[{BLOBS}/tags:Access_Level<$key_case_sensitive$>]"
SENT = f"{SET} StringEquals 'low'"
SENT_KEYS = f"@Request[{BLOBS}/tags&$keys$&] ForAllOfAnyValues:StringEquals"
OTHER_TAG = SENT.replace("Access_Level", "Project")
TAGGER = (READ, TAGS_WRITE)
HOLDS = "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Staff_Level]"


def retagging(rest: str, read: str = "") -> str:
    return f"{block(read or LOW, READ)} AND {block(rest, TAGS_WRITE)}"


@pytest.mark.parametrize(
    ("text", "data_actions", "fails"),
    [
        (block(LOW, READ), (READ,), None),
        (block(LOW, READ), (READ, TAGS_WRITE), True),
        (block(LOW, READ), CONTRIBUTOR, True),
        (block(LOW, READ, WRITE), CONTRIBUTOR, True),
        (block(LOW, READ) + " AND " + block(SENT, WRITE), CONTRIBUTOR, False),
        (block(LOW, READ) + " AND " + block("false", WRITE), CONTRIBUTOR, None),
        (block(NAME, READ), CONTRIBUTOR, None),
        (block(LOW, READ), (), None),
        (retagging(OTHER_TAG), TAGGER, True),
        (retagging(f"{OTHER_TAG} AND {SENT}"), TAGGER, False),
        (retagging(f"{SENT_KEYS} {{'Access_Level', 'Project'}}"), TAGGER, True),
        (retagging(f"{SENT_KEYS} {{'Project'}}"), TAGGER, None),
        (retagging(f"{SENT_KEYS} {{'Access_Level'}} AND {SENT}"), TAGGER, False),
        (retagging(f"{SENT} OR {NAME}"), TAGGER, True),
        (retagging(f"{SENT} OR NOT ({SENT})"), TAGGER, True),
        (retagging(f"NOT {SENT}"), TAGGER, None),
        (retagging(f"{SET} StringLike '*'"), TAGGER, True),
        (retagging(f"{SET} StringEquals {HOLDS}"), TAGGER, False),
        (retagging(f"{SET} NumericLessThan 3"), TAGGER, False),
        (retagging(f"{SET} StringEqualsNowhere 'low'"), TAGGER, None),
        (
            retagging(
                SENT, f"{LOW} OR {LEVEL.replace('Access', 'Other')} StringEquals 'x'"
            ),
            TAGGER,
            True,
        ),
        (retagging(SENT.replace("Access_Level<", "access_level<")), TAGGER, True),
        (
            retagging(
                SENT.replace("Access_Level<$key_case_sensitive$>", "access_level")
            ),
            TAGGER,
            False,
        ),
        (
            retagging(OTHER_TAG, f"{KEYS} ForAnyOfAnyValues:StringEquals {HOLDS}"),
            TAGGER,
            True,
        ),
    ],
)
def test_readers_who_can_retag(
    text: str, data_actions: tuple[str, ...], fails: bool | None
) -> None:
    fault = found(text, *data_actions).get("abac-tag-self-escalation")
    assert (fault and fault.fails) is fails


SENT_KEY = f"@Request[{BLOBS}/tags&$keys$&]"
NINE = " AND ".join(
    f"{SENT_KEY} ForAnyOfAnyValues:StringEquals {{'{number}'}}" for number in range(9)
)
NEITHER = f"{SENT_KEY} ForAnyOfAnyValues:StringEquals {{'Access_Level'}}"


@pytest.mark.parametrize(
    ("rest", "read", "fails"),
    [
        (f"{SENT} AND {LOW}", LOW, None),
        (f"({SENT} OR {SET} StringEquals 'x') AND {LOW}", LOW, None),
        (f"{SET} StringEquals 'x'", LOW, None),
        (f"{SET} StringNotEquals 'low'", LOW, None),
        (f"{SET} StringNotLike 'l*'", LOW, None),
        (f"{SET} StringNotEquals 'x'", LOW, False),
        (f"NOT {NEITHER}", LOW, None),
        (f"NOT {NEITHER} OR {SENT}", f"{UNTAGGED} OR {LOW}", False),
        (f"NOT {NEITHER} OR ({SENT} AND {LOW})", f"{UNTAGGED} OR {LOW}", False),
        (f"{NEITHER} AND {SENT} AND {LOW}", f"{UNTAGGED} OR {LOW}", None),
        (f"{SET} StringEquals {HOLDS}", f"{LEVEL} StringEquals {HOLDS}", False),
        (
            f"{SET} StringEquals {HOLDS} AND {LEVEL} StringEquals {HOLDS}",
            f"{LEVEL} StringEquals {HOLDS}",
            None,
        ),
        (f"{SENT} AND {NAME}", f"{LOW} AND NOT {NAME}", None),
        (f"{SENT_KEY} ForAnyOfAllValues:StringNotEquals {{'Access_Level'}}", LOW, True),
        (f"{SENT_KEY} ForAnyOfAnyValues:StringNotEquals {{'Access_Level'}}", LOW, True),
        (f"{SENT_KEY} ForAllOfAllValues:StringNotEquals {{'Access_Level'}}", LOW, None),
        (f"!({SENT_KEYS} {{'Access_Level'}})", LOW, True),
        (NINE, LOW, True),
    ],
)
def test_readers_who_may_set_some_tags(
    rest: str, read: str, fails: bool | None
) -> None:
    fault = found(retagging(rest, read), *TAGGER).get("abac-tag-self-escalation")
    assert (fault and fault.fails) is fails
    assert not fault or ("may replace" in fault.message) is not fails


SAME = f"{HOLDS} ForAnyOfAnyValues:StringEquals {LEVEL}"


@pytest.mark.parametrize(
    ("rest", "is_open"),
    [
        (f"{UNTAGGED} OR {LOW}", True),
        (f"NOT Exists {LEVEL} OR {LOW}", True),
        (f"NOT ({LEVEL} StringEquals 'secret')", True),
        (f"NOT ({KEYS} ForAnyOfAnyValues:StringEquals {{'A'}} AND NOT {LOW})", True),
        (f"NOT {SAME}", True),
        (f"{KEYS} ForAllOfAnyValues:StringEquals {{'Public'}}", True),
        (f"{LEVEL} StringNotEquals 'secret'", True),
        (f"{KEYS} ForAllOfAnyValues:StringEquals {{'Public'}} AND {LOW}", False),
        (SAME, False),
        (LOW, False),
        (f"{LOW} OR {NAME}", False),
        (f"{LOW} AND {UNTAGGED}", False),
        (f"{KEYS} ForAnyOfAnyValues:StringEquals {{'Access_Level'}} AND {LOW}", False),
        (NAME, False),
    ],
)
def test_untagged_blobs(rest: str, is_open: bool) -> None:
    assert ("abac-untagged-open" in found(block(rest, READ), READ)) is is_open


def test_untagged_blobs_that_may_be_deleted() -> None:
    text = block(UNTAGGED, DELETE, WRITE)
    message = found(text, READ, WRITE, DELETE)["abac-untagged-open"].message
    assert "not: write, delete of what was never tagged is open" in message


ANY_CASE = f"NOT {KEYS} ForAnyOfAnyValues:StringEqualsIgnoreCase {{'Access_Level'}}"
TAGGED = f"{KEYS} ForAnyOfAnyValues:StringEquals {{'Access_Level'}}"


@pytest.mark.parametrize(
    ("rest", "ending"),
    [
        (f"{UNTAGGED} OR {LOW}", "is let through"),
        (f"NOT Exists {LEVEL} OR {LOW}", "is let through"),
        (f"{TAGGED} AND {LOW}", "is refused"),
        (f"{ANY_CASE} OR {LOW}", "is refused"),
        (LOW, "is refused"),
        (LOW.replace("<$key_case_sensitive$>", ""), None),
        (NAME, None),
    ],
)
def test_keys_in_another_case(rest: str, ending: str | None) -> None:
    fault = found(block(rest, READ), READ).get("abac-tag-key-case")
    assert ending in fault.message if fault and ending else fault is None is ending


def test_the_network_a_call_comes_from() -> None:
    subnet = (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
        "/virtualNetworks/v/subnets/n"
    )
    path = "@Environment[Microsoft.Network/virtualNetworks/subnets]"
    good = f"{path} StringEqualsIgnoreCase '{subnet}'"
    assert "abac-env-network" not in found(block(good, READ), READ)
    for bad in (f"{path} StringEquals '{subnet}'", good.replace("/v/", "/")):
        fault = found(block(bad, READ), READ)["abac-env-network"]
        assert at(fault) == place(block(bad, READ), "'/subscriptions")
    private = f"{PRIVATE} BoolEquals"
    assert "abac-env-network" not in found(block(f"{private} true", READ), READ)
    assert "abac-env-network" in found(block(f"{private} false", READ), READ)
    neither = block(f"{private} false AND {private} true", READ)
    assert guarded_actions(parse(neither), (READ,))[0].outcome is Outcome.DENIED


def test_an_actions_wildcard_does_not_grant_data() -> None:
    assert set(found(block(NAME, READ), actions=("*",))) == {"abac-role-supported"}


@pytest.mark.parametrize(
    "text",
    [
        " OR ".join(f"{LEVEL} StringEquals '{n}'" for n in range(60)),
        " AND ".join(
            f"({LEVEL} StringEquals '{n}' OR {UNTAGGED} OR {KEYS} ForAnyOfAnyValues:"
            f"StringEquals {{'{n}'}})"
            for n in range(20)
        ),
        " AND ".join(
            f"(@Resource[a{n}] BoolEquals true OR @Resource[b{n}] BoolEquals true)"
            for n in range(90)
        )
        + "".join(f" AND NOT @Resource[a{n}] BoolEquals true" for n in range(20)),
        " AND ".join(
            f"({SENT_KEY} ForAnyOfAnyValues:StringEquals {{'K{n}'}} OR "
            f"{LEVEL.replace('Access', str(n))} StringNotLike 'a*b')"
            for n in range(30)
        ),
        " OR ".join(
            f"@Environment[UtcNow] DateTimeLessThan '20{n:02}-01-01T00:00:00Z'"
            for n in range(99)
        ),
        "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
        "ForAnyOfAllValues:GuidNotEquals {"
        + ", ".join(f"{n:032x}" for n in range(220))
        + "}",
    ],
    ids=["alternatives", "tags", "puzzle", "keys", "moments", "roles"],
)
def test_large_conditions_are_judged_in_bounded_time(text: str) -> None:
    begin = time.perf_counter()
    lint(text, role=(Block(actions=("*",), data_actions=("*",)),), now=NOW)
    assert time.perf_counter() - begin < 10
