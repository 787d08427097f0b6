"""What is scanned, what is left out, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.scope import ScopeError
from scanner.emulator.faults import Malformed, Status
from scanner.snapshot.manifest import read_manifest

Scan = Callable[..., Any]

ALPHA = "bbbbbbbb-0000-4000-8000-000000000001"
BETA = "bbbbbbbb-0000-4000-8000-000000000002"
GROUPS = "Microsoft.Management/managementGroups"
DESCENDANTS = "Microsoft.Management/managementGroups/descendants"


def refused(type: str, **where: Any) -> Status:
    return Status(type=type, status=403, code="AuthorizationFailed", **where)


def test_every_enabled_subscription(scan_estate: Scan, tmp_path: Path) -> None:
    done = scan_estate()
    assert done.names == ["Alpha", "Beta"]
    assert done.gaps == []
    assert "Gamma (bbbbbbbb-0000-4000-8000-000000000003) is Disabled" in done.notes
    assert "left out" in done.notes
    snapshot = read_manifest(tmp_path / "snapshot")
    [left_out] = snapshot.left_out.values()
    assert left_out == ("bbbbbbbb-0000-4000-8000-000000000003",)
    assert snapshot.left_out.keys() == set(snapshot.tenants)
    assert snapshot.whole_tenant


@pytest.mark.parametrize("name", ["Beta", "bETA", BETA, BETA.upper()])
def test_by_name_or_id(scan_estate: Scan, name: str) -> None:
    done = scan_estate(subscriptions=(name,))
    assert done.names == ["Beta"]
    assert done.asked(ALPHA) == 0
    assert done.run.scope["subscriptions"] == (name,)


def test_several(scan_estate: Scan) -> None:
    assert scan_estate(subscriptions=("Beta", ALPHA)).names == ["Alpha", "Beta"]


def test_a_disabled_subscription_that_was_named(scan_estate: Scan) -> None:
    done = scan_estate(subscriptions=("Gamma",))
    assert done.names == ["Gamma"]
    assert "scanned because it was named" in done.notes


ODD = [
    ({"drop": True}, "tells no state"),
    ({"to": 7}, "tells no state"),
    ({"to": "Hovering"}, "is 'Hovering', which is no known state"),
]


def stateless(**change: Any) -> Malformed:
    kind = "Microsoft.Resources/subscriptions"
    return Malformed(type=kind, form="item", item=0, field="state", **change)


@pytest.mark.parametrize(("change", "said"), ODD)
def test_only_a_state_that_is_known_leaves_out(
    scan_estate: Scan, change: dict[str, Any], said: str
) -> None:
    done = scan_estate(stateless(**change))
    assert done.names == ["Alpha", "Beta"]
    assert f"subscription Alpha ({ALPHA}) {said}: scanned" in done.run.notes


def test_of_a_state_that_nobody_asked_about_nothing_is_said(scan_estate: Scan) -> None:
    done = scan_estate(stateless(drop=True), subscriptions=("Beta",))
    assert done.names == ["Beta"]
    assert "Alpha" not in done.notes


def test_exclusions(scan_estate: Scan) -> None:
    done = scan_estate(excluded=("alpha",))
    assert done.names == ["Beta"]
    assert done.asked(ALPHA) == 0


def test_an_exclusion_wins(scan_estate: Scan) -> None:
    done = scan_estate(subscriptions=("Alpha", "Beta"), excluded=(ALPHA,))
    assert done.names == ["Beta"]


@pytest.mark.parametrize(
    ("option", "field"),
    [("--subscription", "subscriptions"), ("--exclude-subscription", "excluded")],
)
def test_an_unknown_name_is_told_with_the_nearest(
    scan_estate: Scan, tmp_path: Path, option: str, field: str
) -> None:
    with pytest.raises(ScopeError) as error:
        scan_estate(**{field: ("Alpah",)})
    assert str(error.value) == (
        f"{option} 'Alpah': no such subscription is readable; did you mean 'Alpha'?"
    )
    assert not (tmp_path / "snapshot").exists()


def test_an_unknown_name_unlike_any(scan_estate: Scan) -> None:
    with pytest.raises(ScopeError, match=r"'zzz': no such subscription is readable$"):
        scan_estate(subscriptions=("zzz",))


def test_an_unknown_name_may_be_in_what_was_not_listed(scan_estate: Scan) -> None:
    second_page = refused("Microsoft.Resources/subscriptions", page=2)
    done = scan_estate(second_page, page_size=1, subscriptions=("Alpah", "Alpha"))
    assert done.names == ["Alpha"]
    assert [each.resource_type for each in done.gaps] == [
        "Microsoft.Resources/subscriptions"
    ]


# Management groups


@pytest.mark.parametrize(
    "name", ["part", "PART", "some of it", f"/providers/{GROUPS}/part"]
)
def test_a_management_group(scan_estate: Scan, name: str) -> None:
    done = scan_estate(management_groups=(name,))
    assert done.names == ["Beta"]
    assert "Gamma" in done.notes
    assert done.gaps == []


def test_a_management_group_holds_those_below_it(scan_estate: Scan) -> None:
    assert scan_estate(management_groups=("top",)).names == ["Alpha", "Beta"]


def test_a_management_group_and_a_subscription(scan_estate: Scan) -> None:
    done = scan_estate(management_groups=("part",), subscriptions=("Alpha",))
    assert done.names == ["Alpha", "Beta"]


def test_a_management_group_without_an_excluded_one(scan_estate: Scan) -> None:
    done = scan_estate(management_groups=("top",), excluded=("Alpha",))
    assert done.names == ["Beta"]


def test_a_management_group_that_cannot_be_read(scan_estate: Scan) -> None:
    fault = refused(DESCENDANTS, scope=f"/providers/{GROUPS}/part")
    done = scan_estate(fault, management_groups=("part", "top"))
    (gap,) = done.gaps
    assert (gap.resource_type, gap.scope) == (DESCENDANTS, f"/providers/{GROUPS}/part")
    assert (gap.gaps[0].http_status, gap.gaps[0].error_code) == (
        403,
        "AuthorizationFailed",
    )
    assert "management group part was not read: Made to fail." in done.notes
    assert done.names == ["Alpha", "Beta"]


def test_a_management_group_that_nobody_knows(scan_estate: Scan) -> None:
    done = scan_estate(management_groups=("nowhere",))
    assert done.names == []
    (gap,) = done.gaps
    assert gap.scope.endswith("/nowhere")
    assert gap.gaps[0].error_code


def test_management_groups_are_read_for_context(scan_estate: Scan) -> None:
    done = scan_estate(refused(GROUPS))
    assert done.gaps == []
    assert "management groups were not read: Made to fail." in done.notes
