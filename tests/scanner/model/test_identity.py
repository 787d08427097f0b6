from __future__ import annotations

from typing import Any

import pytest

from scanner.model.coverage import NotRead
from scanner.model.identity import Identified, ManagedIdentity

ID = "/subscriptions/s/resourceGroups/g/providers/Test.Provider/things/t"
MINE = "/subscriptions/s/resourceGroups/g/providers/Ns/userAssignedIdentities/Mine"
OWN = "11111111-aaaa-4000-8000-000000000001"
USED = "22222222-aaaa-4000-8000-000000000001"


class Thing(Identified):
    type = "Test.Provider/things"
    api_version = "1"


def opened(kit: Any, identity: object, **content: Any) -> Thing:
    body = {"id": ID, "identity": identity, "properties": {}, **content}
    made = kit.record(body)
    view: Thing = kit.tenant([made]).view(Thing, made)
    return view


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (None, ()),
        ({}, ()),
        ({"type": None}, ()),
        ({"type": "None"}, ()),
        ({"type": "None", "principalId": OWN}, ()),
        ({"type": "SystemAssigned", "principalId": OWN}, (ManagedIdentity(OWN),)),
        (
            {
                "type": "systemassigned, userassigned",
                "principalId": OWN,
                "userAssignedIdentities": {MINE: {"principalId": USED}},
            },
            (ManagedIdentity(OWN), ManagedIdentity(USED, MINE)),
        ),
    ],
)
def test_what_a_resource_signs_in_as(
    kit: Any, identity: object, expected: tuple[ManagedIdentity, ...]
) -> None:
    resource = opened(kit, identity)
    assert resource.identities == expected
    assert resource.has_identity is ("ssigned" in str(identity))


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        ({"type": "SystemAssigned"}, "identity.principalId says nothing"),
        ({"type": "SystemAssigned", "principalId": ""}, "says nothing"),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {MINE: None}},
            f"identity.userAssignedIdentities['{MINE}'].principalId says nothing",
        ),
        ({"type": "UserAssigned"}, "identity.userAssignedIdentities says nothing"),
        ({"type": "UserAssigned", "userAssignedIdentities": None}, "says nothing"),
        (
            {
                "type": "SystemAssigned, UserAssigned",
                "principalId": OWN,
                "userAssignedIdentities": {},
            },
            "identity.userAssignedIdentities says nothing",
        ),
        ({"type": "UserAssigned", "userAssignedIdentities": [MINE]}, "malformed"),
        ({"type": 1}, "malformed"),
    ],
)
def test_a_principal_that_is_not_told(kit: Any, identity: object, reason: str) -> None:
    with pytest.raises(NotRead) as caught:
        _ = opened(kit, identity).identities
    assert reason in caught.value.reason


def test_a_stub_says_nothing(kit: Any) -> None:
    with pytest.raises(NotRead):
        _ = opened(kit, None, properties=None).has_identity


def test_what_sentences_call_it() -> None:
    assert ManagedIdentity(OWN).name == "the system-assigned identity"
    assert ManagedIdentity(USED, MINE).name == "identity Mine"
