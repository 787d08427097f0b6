"""What patterns of actions grant."""

from __future__ import annotations

import pytest

from scanner.collect.actions import ACTIONS
from scanner.collect.rights import Permission, allows

READ = "Microsoft.Storage/storageAccounts/read"


@pytest.mark.parametrize(
    ("actions", "excluded", "granted"),
    [
        (["*"], [], True),
        (["*/read"], [], True),
        (["microsoft.storage/STORAGEaccounts/read"], [], True),
        (["Microsoft.Storage/*"], [], True),
        (["Microsoft.Storage/*/read"], [], True),
        (["Microsoft.*/storageAccounts/*"], [], True),
        ([], [], False),
        (["Microsoft.Storage/storageAccounts"], [], False),
        (["Microsoft.Storage/storageAccounts/read/more"], [], False),
        (["Microsoft.Storage/storageAccounts/*/read"], [], False),
        (["MicrosoftXStorage/storageAccounts/read"], [], False),
        (["*/write"], [], False),
        (["*/read"], ["Microsoft.Storage/*"], False),
        (["*/read"], ["Microsoft.Network/*"], True),
        (["*/read"], ["*"], False),
    ],
)
def test_one_block(actions: list[str], excluded: list[str], granted: bool) -> None:
    block = Permission(actions=actions, not_actions=excluded)
    assert block.allows(READ) is granted


def test_an_exclusion_holds_in_its_own_block() -> None:
    less = Permission(actions=["*/read"], not_actions=["Microsoft.Storage/*"])
    more = Permission(actions=[READ])
    assert allows([less, more], READ)
    assert not allows([less], READ)
    assert not allows([], READ)


def test_reader_may_do_everything_that_is_declared() -> None:
    reader = Permission(actions=["*/read"])
    assert len(ACTIONS) > 25
    assert all(reader.allows(action) for action in ACTIONS)
