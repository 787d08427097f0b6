"""Policies for network groups as they were published: each can be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checks.avnm.network_groups import MODE, is_group_id
from scanner.avnm.conditions import asks_for_networks
from scanner.policy.conditions import Subject, evaluate

Body = dict[str, Any]

NETWORK = "/subscriptions/s/providers/Microsoft.Network/virtualNetworks/vnet"
TAGGED = Subject(
    NETWORK, "westeurope", {"env": "nonprod", "FUNC": "Spoke", "data": "pci"}
)
UNTOLD = replace(TAGGED, knows_tags=False)


def test_published_policies_are_understood(recorded: list[Body]) -> None:
    rules = [
        body["properties"]["policyRule"]
        for body in recorded
        if (body.get("properties") or {}).get("mode") == MODE
    ]
    assert rules
    for rule in rules:
        assert is_group_id(rule["then"]["details"]["networkGroupId"])
        assert asks_for_networks(rule["if"])
        assert evaluate(rule["if"], TAGGED).holds is True
        assert evaluate(rule["if"], UNTOLD).holds is None
        assert evaluate(rule["if"], Subject(NETWORK)).holds is False
