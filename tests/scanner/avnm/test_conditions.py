"""What the conditions of policies for network groups ask for."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.avnm.conditions import asks_for_networks
from scanner.policy.conditions import DEEPEST

NETWORK = "Microsoft.Network/virtualNetworks"


@pytest.mark.parametrize(
    ("condition", "asks"),
    [
        ({"field": "type", "equals": NETWORK}, True),
        ({"allOf": [{"field": "Type", "in": ["x", NETWORK.lower()]}]}, True),
        ({"value": "[field('type')]", "equals": NETWORK}, True),
        ({"not": {"field": "type", "equals": NETWORK}}, False),
        ({"field": "type", "notEquals": NETWORK}, False),
        ({"field": "name", "equals": NETWORK}, False),
        ({"field": "type", "equals": 1}, False),
        (None, False),
    ],
)
def test_type(condition: Any, asks: bool) -> None:
    assert asks_for_networks(condition) is asks


def test_depth_does_no_harm() -> None:
    condition: Any = {"field": "name", "like": "*"}
    for _ in range(DEEPEST * 40):
        condition = {"not": condition}
    assert not asks_for_networks(condition)
