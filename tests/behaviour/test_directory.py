"""The directory, asked or not: with which token, at which host, and never to write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.cli.failure import Exit
from scanner.demo import TENANT_ID
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.faults import Malformed, Status
from scanner.emulator.tokens import MARKER
from scanner.model.directory import Application, DirectoryObject, GroupMember

UNREAD = "not-assessed"
BY_IDS = "/graph/v1.0/directoryobjects/getbyids"
QUERY = "/providers/microsoft.resourcegraph/resources"

Posture = Callable[..., Any]


def asked(scanned: Any) -> list[Any]:
    return [each for each in scanned.requests if each.path.startswith("/graph")]


def test_it_is_not_asked_unless_it_is_wanted(calm: Any) -> None:
    assert asked(calm) == []
    assert {each.audience for each in calm.requests} == {"", _origin(calm)}


def _origin(scanned: Any) -> str:
    """Return the one audience of the requests to Resource Manager."""
    (found,) = {
        each.audience
        for each in scanned.requests
        if each.path.startswith("/subscriptions")
    }
    return str(found)


@pytest.fixture(scope="module")
def named(calm_bench: Any) -> Any:
    """The demo tenant, scanned with its directory."""
    return calm_bench.scan(directory=True)


def test_it_is_only_read(named: Any) -> None:
    assert named.exit is Exit.CLEAN
    posts = {each.path.lower() for each in named.requests if each.method == "POST"}
    assert {each for each in posts if "oauth2" not in each} == {BY_IDS, QUERY}
    others = {each.method for each in named.requests} - {"POST"}
    assert others == {"GET"}
    assert [each.status for each in asked(named)] == [200] * len(asked(named))
    both = [(each.path.lower(), each.query) for each in asked(named)]
    assert len(both) == len(set(both))


def test_each_service_gets_its_own_token(named: Any) -> None:
    manager = _origin(named)
    for each in named.requests:
        if each.authorized:
            own = f"{manager}/graph" if each.path.startswith("/graph") else manager
            assert each.audience == own, each.path
            assert each.tenant_id == TENANT_ID


def test_not_to_ask_it_is_no_gap(named: Any, calm: Any) -> None:
    """What is a question to the directory has no answer then; all else has."""
    assert named.gaps == calm.gaps == []
    assert unread(named) == []
    for row in unread(calm):
        assert "--directory" in row["reason"], row


def unread(scanned: Any) -> list[dict[str, Any]]:
    return [row for row in scanned.document["results"] if row["status"] == UNREAD]


def test_a_refusal_is_a_gap_and_flips_no_verdict(bench: Any, calm: Any) -> None:
    refused = Status(path="/graph/*", status=403, code="Authorization_RequestDenied")
    day = bench.scan(refused, directory=True)
    assert day.exit is Exit.INCOMPLETE
    kinds = {(gap["resource_type"], gap["error_code"]) for gap in day.gaps}
    assert kinds == {
        (DirectoryObject.type, "Authorization_RequestDenied"),
        (GroupMember.type, "Authorization_RequestDenied"),
        (Application.type, "Authorization_RequestDenied"),
    }
    lost = [row for row in unread(day) if row["check_id"] not in unasked(calm)]
    assert all("Microsoft.Graph/" in row["reason"] for row in lost)
    gone = {row["fingerprint"] for row in lost}
    for name, status in statuses(calm).items() - statuses(day).items():
        assert name in gone or status == UNREAD


def statuses(scanned: Any) -> dict[str, str]:
    rows = scanned.document["results"]
    return {row["fingerprint"]: row["status"] for row in rows}


def unasked(scanned: Any) -> set[str]:
    return {row["check_id"] for row in unread(scanned)}


LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
SANDBOX = "oai-sandbox-lab"


def holders(posture: Posture, scanned: Any) -> dict[str, Any]:
    """Return who can list the keys of an account, as a program is told."""
    arguments = (LIST_KEYS, SANDBOX, "--from", scanned.directory, "--format", "json")
    told = posture("access", "who-can", *arguments)
    assert told.code == Exit.CLEAN, told.err
    answer: dict[str, Any] = json.loads(told.out)
    return answer


def unread_groups(answer: Mapping[str, Any]) -> set[str]:
    return {gap["scope"] for gap in answer["gaps"] if gap["part"] == "group members"}


def test_groups_are_as_good_as_their_members(
    bench: Any, named: Any, calm: Any, posture: Posture
) -> None:
    without, answer = holders(posture, calm), holders(posture, named)
    assert not any(each["via_group"] for each in without["grants"])
    lab = next(each for each in answer["grants"] if each["via_group"])["via_group"]
    inside = [each for each in answer["grants"] if each["via_group"] == lab]
    assert {each["principal_type"] for each in inside} == {"User", "ServicePrincipal"}
    assert lab in unread_groups(without)
    assert lab not in unread_groups(answer)

    refused = Status(path="/graph/*", status=403, code="Authorization_RequestDenied")
    assert holders(posture, bench.scan(refused, directory=True)) == without

    arguments = (LIST_KEYS, SANDBOX, "--from", named.directory)
    told = posture("access", "who-can", *arguments).out
    assert f"through group AI Lab {lab}" in told


def test_what_was_read_is_judged_again_as_it_was(
    bench: Any, named: Any, posture: Posture
) -> None:
    again = bench.new_path("again")
    told = posture(
        *("scan", "--from", named.directory, "--output", again, "--quiet"),
        *("--format", "json", "--fail-on", "never"),
    )
    assert told.code == Exit.CLEAN, told.err
    assert bench.opened(again).contract == named.contract
    kinds = {kind for kind, _ in bench.whole_readings(again)}
    assert {DirectoryObject.type, GroupMember.type} <= kinds


def test_the_option_asks(bench: Any, posture: Posture, demo_estate: Estate) -> None:
    directory = bench.new_path("run")
    with in_thread(demo_estate) as azure:
        told = posture(
            *("--debug", "scan", "--cloud", bench.sign_in_to(azure.address)),
            *("--auth", "environment", "--directory", "--output", directory),
            *("--fail-on", "never", "--log-format", "json"),
        )
    assert told.code == Exit.CLEAN, told.err
    assert any(each.path.startswith("/graph") for each in azure.requests)
    for text in (told.out, told.err, *_texts(directory)):
        assert MARKER not in text
        assert azure.address.client_secret not in text


def _texts(directory: Path) -> list[str]:
    return [
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else b"").decode()
        or path.read_text(encoding="utf-8")
        for path in directory.rglob("*")
        if path.is_file()
    ]


def test_secrets_that_it_may_hold_are_not_kept(bench: Any) -> None:
    leak = "Endpoint=x;AccountKey=c2VjcmV0IG9mIGEgZGlyZWN0b3J5;"
    fault = Malformed(path=BY_IDS, form="item", field="displayName", to=leak)
    day = bench.scan(fault, directory=True)
    texts = "".join(_texts(day.directory))
    assert "c2VjcmV0" not in texts
    assert "AccountKey=REDACTED" in texts


def test_the_option_does_not_go_with_a_run_that_was_made(
    named: Any, posture: Posture
) -> None:
    for option in ("--from", "--resume"):
        told = posture("scan", option, named.directory, "--directory")
        assert told.code == Exit.USAGE
        assert f"--directory does not go with {option}" in told.err


def test_a_cloud_without_it_is_said(
    bench: Any, posture: Posture, demo_estate: Estate
) -> None:
    with in_thread(demo_estate, Options()) as azure:
        cloud = bench.sign_in_to(azure.address)
        lines = cloud.read_text().splitlines()
        kept = [line for line in lines if not line.startswith("graph")]
        cloud.write_text("\n".join(kept))
        told = posture(
            *("scan", "--cloud", cloud, "--auth", "environment", "--directory"),
            *("--output", bench.new_path("run")),
        )
    assert told.code == Exit.USAGE
    assert "no Microsoft Graph" in told.err
    assert azure.requests == ()
