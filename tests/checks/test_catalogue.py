from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import checks
from scanner.collect.reads import AT_SUBSCRIPTION
from scanner.model.check import Check, Status
from scanner.model.controls import Basis, is_known
from scanner.model.resources import TENANT_TYPE, Subscription

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
LISTED_IN_SUBSCRIPTIONS = {read.of for read in AT_SUBSCRIPTION}

each_check = pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.id)


def test_ids_are_unique_aliases_included() -> None:
    names = [name for check in checks.ALL for name in (check.id, *check.aliases)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


@each_check
class TestEvery:
    def test_title(self, check: Check[Any]) -> None:
        assert check.title == check.title.strip()
        assert check.title
        assert not check.title.endswith(".")

    def test_documentation(self, check: Check[Any]) -> None:
        assert check.documentation.reads.startswith("Reads `")
        for section in ("Why it matters", "How to fix", "References"):
            assert check.documentation.sections.get(section), section
        assert check.documentation.fix.endswith(".")

    def test_commands_and_templates(self, check: Check[Any]) -> None:
        text = check.documentation.sections["How to fix"]
        addresses = re.findall(r'--url "([^"]*)"', text)
        assert [each for each in addresses if " " in each.partition("$filter")[0]] == []
        # In Bicep a declaration and a text end with their line.
        assert re.findall(r"^ *(?:resource|module) \w+$", text, re.MULTILINE) == []

    def test_references_name_the_guidance(self, check: Check[Any]) -> None:
        assert check.guidance
        for post in check.guidance:
            assert post in check.documentation.sections["References"]

    def test_controls(self, check: Check[Any]) -> None:
        assert check.controls
        assert len(set(check.controls)) == len(check.controls)
        assert [each for each in check.controls if not is_known(each)] == []
        for each in check.supports:
            assert each.version
            assert (each.basis is Basis.INITIATIVE) is bool(each.policies)

    def test_empty_tenant(self, verdicts: Verdicts, check: Check[Any]) -> None:
        if Subscription in check.on:
            pytest.skip("a scan always has a subscription")
        [result] = verdicts(check)
        assert result.status is Status.NOT_APPLICABLE
        assert result.target.resource_type == TENANT_TYPE
        assert result.target.resource_id == f"/tenants/{result.target.tenant_id}"

    def test_refused_subscription(self, verdicts: Verdicts, check: Check[Any]) -> None:
        if not LISTED_IN_SUBSCRIPTIONS.issuperset(check.on):
            pytest.skip("its resources are not listed by subscription")
        unread = [(view, SUBSCRIPTION) for view in check.on]
        [result] = verdicts(check, unread=unread)
        assert result.status is Status.NOT_ASSESSED
        assert result.target.resource_id == SUBSCRIPTION
        assert "AuthorizationFailed" in result.reason
