from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from checks.foundry_identity import (
    CHECKS,
    hub_identity_system,
    project_identity_system,
)
from scanner.model.check import Check, Status
from scanner.model.machinelearning import Workspace
from scanner.model.results import Result
from scanner.model.settings import Settings

Verdicts = Callable[..., list[Result]]
Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
HUB_ID = "11111111-0000-0000-0000-000000000001"
ABSENT = object()

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    kept = {k: v for k, v in properties.items() if v is not ABSENT}
    present = {k: v for k, v in top.items() if v is not ABSENT}
    return {"id": id, "properties": kept, **present}


def workspace(
    type: object = "SystemAssigned",
    id: str = HUB,
    *,
    kind: object = "Hub",
    principal: object = HUB_ID,
    **properties: object,
) -> Body:
    """Return a workspace; the type ABSENT leaves its identity out altogether."""
    identity = {"type": type, "principalId": principal}
    found = {k: v for k, v in identity.items() if v is not ABSENT}
    return body(id, properties, kind=kind, identity=ABSENT if type is ABSENT else found)


def only(results: list[Result], id: str) -> Result:
    [result] = [each for each in results if each.target.resource_id == id]
    assert "internal error" not in result.reason
    return result


def evidence(result: Result) -> Mapping[tuple[str, str], Any]:
    return {(each.resource_id, each.path): each.value for each in result.evidence}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_documentation_has_commands(check: Check[Any]) -> None:
    fix = check.documentation.sections["How to fix"]
    assert all(block in fix for block in ("```sh", "```bicep"))


BOTH = "SystemAssigned, UserAssigned"


@pytest.mark.parametrize(
    ("type", "hub", "wanted", "project"),
    [
        ("SystemAssigned", PASS, WARN, PASS),
        ("systemassigned", PASS, WARN, PASS),
        ("UserAssigned", WARN, PASS, FAIL),
        (BOTH, PASS, PASS, PASS),
        ("SystemAssigned,UserAssigned", PASS, PASS, PASS),
        ("None", FAIL, FAIL, FAIL),
        (None, FAIL, FAIL, FAIL),
        (ABSENT, FAIL, FAIL, FAIL),
        ("Borrowed", WARN, WARN, FAIL),
        (1, UNREAD, UNREAD, UNREAD),
    ],
)
def test_kinds_of_identity(
    verdicts: Verdicts, type: object, hub: Status, wanted: Status, project: Status
) -> None:
    user_assigned = Settings(user_assigned_hubs=True)
    one, other = workspace(type), workspace(type, kind="project")
    assert only(verdicts(hub_identity_system, one), HUB).status is hub
    asked = verdicts(hub_identity_system, one, settings=user_assigned)
    assert only(asked, HUB).status is wanted
    assert only(verdicts(project_identity_system, other), HUB).status is project


def test_identity_evidence(verdicts: Verdicts) -> None:
    result = only(verdicts(hub_identity_system, workspace("UserAssigned")), HUB)
    assert evidence(result)[HUB, "identity.type"] == "UserAssigned"
    assert "keep" in result.remediation.lower()


@pytest.mark.parametrize(
    ("principal", "status"), [(None, FAIL), (ABSENT, FAIL), ("", FAIL), (7, UNREAD)]
)
def test_a_project_without_a_principal(
    verdicts: Verdicts, principal: object, status: Status
) -> None:
    project = workspace(kind="Project", principal=principal)
    assert only(verdicts(project_identity_system, project), HUB).status is status


KINDS = [(hub_identity_system, "Hub"), (project_identity_system, "Project")]


@pytest.mark.parametrize(("check", "kind"), KINDS)
def test_a_stub_is_not_judged(verdicts: Verdicts, check: Check[Any], kind: str) -> None:
    stub = {"id": HUB, "kind": kind, "properties": None}
    assert only(verdicts(check, stub), HUB).status is UNREAD
    refused = verdicts(check, unread=[(Workspace, SUBSCRIPTION)])
    assert [each.status for each in refused] == [UNREAD]


@pytest.mark.parametrize(("check", "kind"), KINDS)
@pytest.mark.parametrize("other", ["Hub", "Project", "Default", "FeatureStore", ABSENT])
def test_other_kinds_of_workspace(
    verdicts: Verdicts, check: Check[Any], kind: str, other: object
) -> None:
    [result] = verdicts(check, workspace(kind=other))
    assert (result.target.resource_id == HUB) is (kind == other)
