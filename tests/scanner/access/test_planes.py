"""The plane of an action, from the roles that name it."""

from __future__ import annotations

import pytest

from scanner.access.facts import Block, Role
from scanner.access.planes import is_data_action

COGNITIVE = "Microsoft.CognitiveServices"
LIST_KEYS = f"{COGNITIVE}/accounts/listKeys/action"
CHAT = f"{COGNITIVE}/accounts/OpenAI/deployments/chat/completions/action"
BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"


def role(*, actions: tuple[str, ...] = (), data: tuple[str, ...] = ()) -> Role:
    return Role("r", "R", (Block(), Block(actions=actions, data_actions=data)))


OWNER, READER = role(actions=("*",)), role(actions=("*/read",))
CONTRIBUTOR = role(actions=(f"{COGNITIVE}/*",))
USER = role(
    actions=(f"{COGNITIVE}/accounts/listkeys/action",), data=(f"{COGNITIVE}/*",)
)
CALLER = role(data=(f"{COGNITIVE}/accounts/OpenAI/*",))


@pytest.mark.parametrize(
    ("action", "roles", "data"),
    [
        (LIST_KEYS, (USER,), False),
        (LIST_KEYS.upper(), (OWNER, USER, CALLER), False),
        (LIST_KEYS, (CONTRIBUTOR,), False),
        (CHAT, (CALLER,), True),
        (CHAT.upper(), (OWNER, READER, CONTRIBUTOR, CALLER), True),
        (BLOB, (READER, role(data=(BLOB,))), True),
        (BLOB, (READER,), False),
        (CHAT, (CONTRIBUTOR,), False),
        # named by nobody, by what names everything, or by both alike
        (CHAT, (), None),
        (CHAT, (OWNER, role(data=("*",))), None),
        (LIST_KEYS, (OWNER, role(data=(f"{COGNITIVE}/*",))), None),
        (BLOB, (role(actions=(BLOB,)), role(data=(BLOB,))), None),
    ],
)
def test_who_names_it_more_closely(
    action: str, roles: tuple[Role, ...], data: bool | None
) -> None:
    assert is_data_action(action, iter(roles)) is data
