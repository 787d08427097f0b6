"""Judge bare ARM bodies: what each check test is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.check import Check
from scanner.model.cloud import Suffixes
from scanner.model.coverage import UNKNOWN_TYPE
from scanner.model.resource import Resource
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

if TYPE_CHECKING:
    from tests.conftest import Refuse, Unread

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"

Body = Mapping[str, Any]


def _present(value: Any) -> Any:
    """Return a value without the properties that are `...`."""
    if isinstance(value, dict):
        return {key: _present(each) for key, each in value.items() if each is not ...}
    return [_present(each) for each in value] if isinstance(value, list) else value


class Results(list[Result]):
    """What one check says of a tenant."""

    def only(self, id: str = "") -> Result:
        """Return the one result, or the one on a resource."""
        [result] = [each for each in self if id in ("", each.target.resource_id)]
        assert "internal error" not in result.reason
        assert result.reason.isprintable()
        return result

    def evidence(self, id: str = "") -> Mapping[tuple[str, str], Any]:
        """Return what that result cites: values, by resource and path."""
        cited = self.only(id).evidence
        return {(each.resource_id, each.path): each.value for each in cited}


Verdicts = Callable[..., Results]
"""The type of `verdicts`, which only type checkers import: pytest brings fixtures."""


class Rbac:
    """Makes bodies of roles and of what is granted; names stand for ids."""

    OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

    @staticmethod
    def role(name: str, *, custom: bool = False, **block: Sequence[str]) -> Body:
        at = SUBSCRIPTION if custom else ""
        return {
            "id": f"{at}/providers/Microsoft.Authorization/roleDefinitions/{name}",
            "properties": {
                "roleName": name,
                "type": "CustomRole" if custom else "BuiltInRole",
                "permissions": [block],
            },
        }

    @staticmethod
    def grant(
        who: str,
        role: str,
        at: str,
        kind: str = "User",
        *,
        eligible: bool = False,
        **properties: object,
    ) -> Body:
        of = "roleEligibilityScheduleInstances" if eligible else "roleAssignments"
        authorization = "providers/Microsoft.Authorization"
        definition = f"{SUBSCRIPTION}/{authorization}/roleDefinitions/{role}"
        return {
            "id": f"{at}/{authorization}/{of}/{who}-{role}",
            "properties": {
                "scope": at,
                "principalId": who,
                "principalType": kind,
                "roleDefinitionId": definition,
                **properties,
            },
        }

    @staticmethod
    def denial(at: str, action: str, *principals: tuple[str, str]) -> Body:
        return {
            "id": f"{at}/providers/Microsoft.Authorization/denyAssignments/no",
            "properties": {
                "denyAssignmentName": "no",
                "scope": at,
                "permissions": [{"actions": [action], "dataActions": [action]}],
                "principals": [{"id": one, "type": kind} for one, kind in principals],
            },
        }


@pytest.fixture
def rbac() -> type[Rbac]:
    """Return what makes bodies of roles and grants."""
    return Rbac


@pytest.fixture
def verdicts(refuse: Refuse) -> Verdicts:
    """Return a function that judges bodies with one check: its results, by id.

    A property that is `...` is absent.
    `unread` names reads that were refused: (type, scope) pairs. The subscription
    `SUBSCRIPTION` is always there. `parents` says which management group has what,
    `left_out` names subscriptions of the tenant that were not read, and `unoffered`
    types that the cloud does not have.
    """

    def judge(
        check: Check[Any],
        *bodies: Body,
        unread: Sequence[Unread] = (),
        settings: Settings | None = None,
        whole_tenant: bool = True,
        left_out: Sequence[str] = (),
        parents: Mapping[str, str] | None = None,
        unoffered: Sequence[type[Resource]] = (),
    ) -> Results:
        subscription = {
            "id": SUBSCRIPTION,
            "subscriptionId": SUBSCRIPTION.rpartition("/")[2],
            "displayName": "Test",
            "state": "Enabled",
            "tenantId": TENANT,
        }
        found = assemble([subscription, *map(_present, bodies)], TENANT, parents)
        records, readings = refuse(*found, unread)
        lacking = {each.type for each in unoffered}
        readings = [
            replace(each, operation=UNKNOWN_TYPE)
            if each.resource_type in lacking
            else each
            for each in readings
        ]
        inventory = Inventory(
            TENANT,
            records,
            readings,
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=whole_tenant,
            left_out=left_out,
        )
        return Results(Judge(inventory, settings or Settings()).results([check]))

    return judge
