"""Runs of two tenants: shut doors, and going on with a run as somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.assemble import assemble
from scanner.emulator import Emulator, Estate
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Status, TokenRefused

Posture = Callable[..., Any]
Refused = Callable[..., str]
Serve = Callable[..., Emulator]

FIRST = "aaaaaaaa-0000-4000-8000-000000000001"
SECOND = "aaaaaaaa-0000-4000-8000-000000000002"
BOTH = ("-t", FIRST, "-t", SECOND)
SHUT = TokenRefused(path=f"/{SECOND}/oauth2/v2.0/token")

SIGN_IN = ("--cloud", "cloud.toml", "--auth", "environment")
SCAN = ("scan", *SIGN_IN, "--check", "aoai-*", "--quiet")


def tenant(tenant_id: str, *names: str) -> Tenant:
    ids = [f"bbbbbbbb-0000-4000-8000-{ord(name[0]):012}" for name in names]
    bodies = [
        {
            "id": f"/subscriptions/{each}",
            "subscriptionId": each,
            "displayName": name,
            "state": "Enabled",
        }
        for name, each in zip(names, ids, strict=True)
    ]
    return Tenant.of(tenant_id, *assemble(bodies, tenant_id))


@pytest.fixture(scope="module")
def estate() -> Estate:
    return Estate((tenant(FIRST, "Alpha", "Gamma"), tenant(SECOND, "Beta")))


def content(run: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in run.rglob("*") if each.is_file()}


def gaps(run: Path) -> list[dict[str, Any]]:
    return list(json.loads((run / "results.json").read_text())["gaps"])


# A door that is shut


def test_a_subscription_may_be_in_the_tenant_that_is_shut(
    serve: Serve, posture: Posture, tmp_path: Path
) -> None:
    serve(faults=(SHUT,))
    named = ("-s", "Alpha", "-s", "Beta")
    assert posture(*SCAN, *BOTH, *named, "-o", "run").code == 3
    (gap,) = gaps(tmp_path / "run")
    assert gap["scope"] == f"/tenants/{SECOND}"


def test_the_doctor_examines_the_tenant_that_is_open(
    serve: Serve, posture: Posture
) -> None:
    serve(faults=(SHUT,))
    done = posture("doctor", *SIGN_IN, *BOTH)
    assert (done.code, done.err) == (3, "")
    first, second = done.out.split(f"Tenant {SECOND}")
    assert FIRST in first
    assert first.count("all rights") == 2
    assert "AADSTS7000222" in second
    found = json.loads(posture("doctor", *SIGN_IN, *BOTH, "--format", "json").out)
    assert [each["tenant"] for each in found] == [FIRST, SECOND]
    assert [len(each["problems"]) for each in found] == [0, 1]


def test_the_doctor_says_which_tenants_are_shut(serve: Serve, refused: Refused) -> None:
    serve(faults=(TokenRefused(path="*/token"),))
    line = refused("doctor", *SIGN_IN, *BOTH, code=4)
    for each in (FIRST, SECOND):
        assert f"tenant {each}: sign-in (environment) failed" in line


# Going on with a run


@pytest.fixture
def run(serve: Serve, posture: Posture, tmp_path: Path) -> Path:
    """The run of the first tenant."""
    serve()
    posture(*SCAN, "-o", "run")
    return tmp_path / "run"


def resumed(refused: Refused, run: Path, *given: str, code: int = 2) -> str:
    """Return what is said of a run that cannot be gone on with, and is left alone."""
    before = content(run)
    line = refused("scan", *(given or SIGN_IN), "--quiet", "--resume", run, code=code)
    assert content(run) == before
    return line


def test_a_run_goes_on_in_its_own_tenant(posture: Posture, run: Path) -> None:
    before = content(run)[run / "results.csv"]
    assert posture(*SCAN, "--resume", run).code == 0
    assert content(run)[run / "results.csv"] == before


def test_a_run_of_another_tenant(
    refused: Refused, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", SECOND)
    line = resumed(refused, run)
    assert f"the run is of tenant {FIRST}, the sign-in to tenant {SECOND}" in line


@pytest.mark.parametrize(
    ("cloud", "step"),
    [("elsewhere", "its file by --cloud"), ("AzureChinaCloud", "--cloud AzureChina")],
)
def test_a_run_of_another_cloud(
    refused: Refused, run: Path, cloud: str, step: str
) -> None:
    path = run / "snapshot" / "manifest.json"
    path.write_text(path.read_text().replace('"emulator"', f'"{cloud}"'))
    for given in (("--auth", "environment"), SIGN_IN):
        line = resumed(refused, run, *given)
        assert f"the run is of cloud {cloud!r}" in line
        assert f"give {step}" in line


def test_a_run_is_left_alone_by_who_cannot_sign_in(
    refused: Refused, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another")
    assert "AADSTS7000215" in resumed(refused, run, code=4)


def test_a_run_of_two_tenants_one_of_which_is_shut_now(
    serve: Serve, posture: Posture, refused: Refused, tmp_path: Path
) -> None:
    serve()
    posture(*SCAN, *BOTH, "-o", "run")
    serve(faults=(SHUT,))
    assert "AADSTS7000222" in resumed(refused, tmp_path / "run", code=4)


def test_a_run_of_two_tenants_one_of_which_is_open_now(
    serve: Serve, posture: Posture, tmp_path: Path
) -> None:
    serve(faults=(SHUT,))
    assert posture(*SCAN, *BOTH, "-o", "run").code == 3
    serve()
    assert posture(*SCAN, "--resume", "run").code == 0
    assert gaps(tmp_path / "run") == []


def test_a_scope_that_turns_out_not_to_be_there(
    serve: Serve, posture: Posture, refused: Refused, tmp_path: Path
) -> None:
    kind = "Microsoft.Resources/subscriptions"
    serve(faults=(Status(type=kind, page=2, status=403),), page_size=1)
    named = ("-s", "Alpha", "-s", "Delta")
    assert posture(*SCAN, *named, "-o", "run").code == 3
    serve()
    assert "--subscription 'Delta'" in resumed(refused, tmp_path / "run")
