from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.assemble import assemble
from scanner.collect.reads import READS
from scanner.demo import TENANT_ID, bodies, parents
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Malformed, Status

DOCTOR = ("doctor", "--cloud", "cloud.toml", "--auth", "environment")
SANDBOX = "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb"
ACTIONS = {read.action for read in READS}

Posture = Callable[..., Any]
Serve = Callable[..., Emulator]


def test_all_rights(azure: Emulator, posture: Posture) -> None:
    done = posture(*DOCTOR)
    assert (done.code, done.err) == (0, "")
    assert f"Tenant {TENANT_ID}" in done.out
    assert "Subscriptions      3" in done.out
    assert done.out.count("all rights") == 3
    assert "missing" not in done.out
    assert azure.address.client_secret not in done.out
    assert {each.method for each in azure.requests} == {"GET", "POST"}


def test_the_answer_as_json(azure: Emulator, posture: Posture) -> None:
    [found] = json.loads(posture(*DOCTOR, "--format", "json").out)
    assert found["signed_in"]["tenant_id"] == TENANT_ID
    assert found["graph"] == ""
    assert found["management_groups"] > 0
    assert [each["missing"] for each in found["subscriptions"]] == [[]] * 3


def test_few_rights(serve: Serve, posture: Posture) -> None:
    serve(actions=("Microsoft.Resources/*", "Microsoft.CognitiveServices/*/read"))
    done = posture(*DOCTOR)
    assert done.code == 3
    assert "posture permissions" in done.out
    missing = {
        line.split()[1]
        for line in done.out.splitlines()
        if line.strip().startswith("missing")
    }
    assert missing == {
        action
        for action in ACTIONS
        if not action.startswith(
            ("Microsoft.Resources/", "Microsoft.CognitiveServices/")
        )
    }


def test_no_rights(serve: Serve, posture: Posture) -> None:
    serve(actions=())
    found = json.loads(posture(*DOCTOR, "--format", "json").out)[0]
    for each in found["subscriptions"]:
        assert set(each["missing"]) == ACTIONS


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            Status(type="Microsoft.Management/managementGroups", status=403),
            "Management groups  not readable",
        ),
        (
            Status(method="POST", path="*/resources", status=403),
            "Resource Graph did not answer (Made to fail.)",
        ),
    ],
)
def test_what_is_out_of_reach_is_said(
    fault: Any, said: str, serve: Serve, posture: Posture
) -> None:
    serve(faults=(fault,))
    done = posture(*DOCTOR)
    assert done.code == 0
    assert said in done.out


def test_hostile_names_are_harmless(serve: Serve, posture: Posture) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\nTenant x"
    serve(
        faults=(
            Malformed(
                type="Microsoft.Resources/subscriptions",
                form="item",
                field="displayName",
                to=hostile,
            ),
        )
    )
    done = posture(*DOCTOR)
    assert done.code == 0
    assert not set(hostile) & set(done.out) & set("\x1b\x07\r")
    assert sum(line.startswith("Tenant") for line in done.out.splitlines()) == 1


@pytest.mark.parametrize(
    ("field", "to"),
    [("displayName", None), ("displayName", 7), ("subscriptionId", None)],
)
def test_a_malformed_subscription_is_no_bug_of_ours(
    field: str, to: object, serve: Serve, posture: Posture
) -> None:
    kind = "Microsoft.Resources/subscriptions"
    serve(faults=(Malformed(type=kind, form="item", field=field, to=to),))
    done = posture(*DOCTOR)
    assert (done.code, done.err) == (0, "")


KIND = "Microsoft.Resources/subscriptions"
BAD_ITEMS = [{}, {"field": "id", "drop": True}, {"field": "id", "to": 7}]


@pytest.mark.parametrize("change", BAD_ITEMS, ids=str)
def test_what_is_no_subscription_is_counted(
    change: dict[str, Any], serve: Serve, posture: Posture
) -> None:
    serve(faults=(Malformed(type=KIND, form="item", **change),))
    done = posture(*DOCTOR)
    assert (done.code, done.err) == (3, "")
    assert "malformed in the list of subscriptions: 1" in done.out
    assert done.out.count("all rights") == 2


def test_what_only_the_hierarchy_names_is_out_of_reach(
    posture: Posture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlisted = SANDBOX.rpartition("/")[2]
    without = [each for each in bodies() if each["id"] != SANDBOX]
    tenant = Tenant.of(TENANT_ID, *assemble(without, TENANT_ID, parents()))
    with in_thread(Estate((tenant,)), Options()) as azure:
        azure.write_cloud(tmp_path / "cloud.toml")
        for name, value in azure.environment.items():
            monkeypatch.setenv(name, value)
        done = posture(*DOCTOR)
        [found] = json.loads(posture(*DOCTOR, "--format", "json").out)
    assert done.code == 3
    assert f"{unlisted}  is in a management group, and cannot be read" in done.out
    assert "Assign Reader" in done.out
    assert found["unlisted"] == [unlisted]


def test_a_list_that_breaks_off(serve: Serve, posture: Posture) -> None:
    refusal = Status(type=KIND, page=2, status=403, code="AuthorizationFailed")
    serve(faults=(refusal,), page_size=1)
    done = posture(*DOCTOR)
    assert (done.code, done.err) == (3, "")
    assert "subscriptions cannot all be listed: Made to fail. (HTTP 403" in done.out
    assert done.out.count("all rights") == 1


def test_rights_that_are_not_told_are_not_missing(
    serve: Serve, posture: Posture
) -> None:
    path = "*/providers/microsoft.authorization/permissions"
    serve(faults=(Status(path=path, status=403),))
    done = posture(*DOCTOR)
    assert (done.code, done.err) == (3, "")
    assert done.out.count("rights unknown") == done.out.count("not told ") == 3
    assert "missing" not in done.out


def test_no_subscription_at_all(serve: Serve, posture: Posture) -> None:
    drop = Malformed(type=KIND, form="item", drop=True)
    serve(faults=(drop,), page_size=1)
    done = posture(*DOCTOR)
    assert done.code == 4
    assert "Signed in as" in done.out
    assert "no subscription is readable; assign Reader" in done.err
