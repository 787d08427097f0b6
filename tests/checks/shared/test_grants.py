"""How a verdict tells who holds a role: by name, and with the group that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.api_keys.access import key_readers
from scanner.model.check import Status
from scanner.model.directory import member_id, object_id
from scanner.model.results import Result

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ACCOUNT = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a"
)
UNREAD = "the members of 1 group were not read"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"


def entry(id: str, kind: str, title: str) -> Any:
    return {"id": id, "kind": kind, "properties": {"displayName": title}}


def judged(verdicts: Verdicts, rbac: Any, *directory: Any) -> Result:
    account = {"id": ACCOUNT, "kind": "OpenAI", "properties": {}}
    role = rbac.role("reader", actions=[LIST_KEYS])
    granted = rbac.grant("staff", "reader", SUBSCRIPTION, "Group")
    (result,) = verdicts(key_readers, account, role, granted, *directory)
    return result


def test_a_member_is_told_by_name_and_its_membership_is_evidence(
    verdicts: Verdicts, rbac: Any
) -> None:
    ann = member_id(TENANT, "staff", "ann")
    result = judged(
        verdicts,
        rbac,
        entry(object_id(TENANT, "staff"), "group", "Staff"),
        entry(ann, "user", "Ann Example"),
    )
    assert result.status is Status.FAIL
    assert "user Ann Example ann (reader by" in result.reason
    assert "through group Staff staff" in result.reason
    assert UNREAD not in result.reason
    cited = {
        each.path: each.value for each in result.evidence if each.resource_id == ann
    }
    assert cited == {"kind": "user", "properties.displayName": "Ann Example"}


def test_without_the_directory_it_is_a_lower_bound(
    verdicts: Verdicts, rbac: Any
) -> None:
    result = judged(verdicts, rbac)
    assert "group staff" in result.reason
    assert f"(lower bound: {UNREAD}" in result.reason


def test_what_is_taken_back_is_evidence_with_what_takes_it(
    verdicts: Verdicts, rbac: Any
) -> None:
    denied = rbac.denial(SUBSCRIPTION, LIST_KEYS, ("staff", "Group"))
    denied["properties"]["excludePrincipals"] = [{"id": "ann", "type": "User"}]
    granted = rbac.grant("staff", "reader", SUBSCRIPTION, "Group")
    directory = (
        entry(object_id(TENANT, "staff"), "group", "Staff"),
        entry(member_id(TENANT, "staff", "bob"), "user", "Bob Example"),
    )
    result = judged(verdicts, rbac, denied, *directory)
    assert result.status is Status.PASS
    assert result.reason.startswith("0 principals can list the keys")
    cited = {(each.resource_id, each.path): each.value for each in result.evidence}
    assert cited[granted["id"], "properties.principalId"] == "staff"
    for path in ("scope", "principals", "excludePrincipals"):
        held = denied["properties"][path]
        assert cited[denied["id"], f"properties.{path}"] == held
    assert cited[denied["id"], "properties.permissions[0].actions"] == [LIST_KEYS]
    assert (ACCOUNT, "Microsoft.Authorization/roleAssignments") not in cited


def test_that_nobody_holds_it_is_evidence(verdicts: Verdicts, rbac: Any) -> None:
    account = {"id": ACCOUNT, "kind": "OpenAI", "properties": {}}
    cited = verdicts(key_readers, account).evidence()
    assert cited[ACCOUNT, "Microsoft.Authorization/roleAssignments"] == []
    direct = rbac.grant("bob", "reader", SUBSCRIPTION)
    bob = entry(object_id(TENANT, "bob"), "user", "Bob Example")
    role = rbac.role("reader", actions=[LIST_KEYS])
    cited = verdicts(key_readers, account, role, direct, bob).evidence()
    assert cited[bob["id"], "properties.displayName"] == "Bob Example"
