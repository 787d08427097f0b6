"""DNS as it was recorded: every policy decides, and nothing recorded is unreadable."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scanner.dns.facts import Action
from scanner.dns.gather import dns_of
from scanner.dns.resolver import Resolver
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Reading
from scanner.model.resource import Record
from scanner.model.tenant import Inventory

TENANT_ID = "c0c0c0c0-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def dns(ledger: tuple[list[Record], list[Reading]]) -> Resolver:
    inventory = Inventory(
        TENANT_ID,
        *ledger,
        read_at=datetime(2026, 9, 1, tzinfo=UTC),
        suffixes=Suffixes(),
        whole_tenant=True,
    )
    return inventory.once(dns_of)


def test_recorded_rules_and_lists_are_understood(dns: Resolver) -> None:
    rules = [rule for each in dns.facts.policies.values() for rule in each.rules]
    assert len(rules) > 5
    assert all(rule.certain and rule.action is not Action.UNKNOWN for rule in rules)
    assert not any(rule.doubts for rule in rules)
    names = dns.facts.lists.values()
    assert "contoso.com" in {entry for each in names for entry in each.entries}
    assert any(each.doubt for each in names), "a list is recorded with a bulk URL"


def test_every_name_of_a_list_is_decided_with_its_children(dns: Resolver) -> None:
    decided = 0
    for key, policy in dns.facts.policies.items():
        for rule in policy.rules:
            for entry in {x for y in rule.lists for x in dns.facts.lists[y].entries}:
                for name in (entry, f"below.{entry}".removesuffix("..")):
                    decided += dns.decide(name, key).action is rule.action
    assert decided


def test_every_network_has_a_route_and_a_row(dns: Resolver) -> None:
    rows = dns.covered()
    assert rows.keys() == dns.facts.networks.keys()
    assert sum(len(each.rows) for each in dns.regions()) == len(rows)
    assert all(each.route.stops for each in rows.values())
