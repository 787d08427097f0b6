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
