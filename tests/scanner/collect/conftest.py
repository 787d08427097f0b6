"""A small estate of one tenant, and scans of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanner.arm.clouds import find_cloud
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.collect.assemble import assemble
from scanner.collect.order import Order
from scanner.collect.scan import scan
from scanner.collect.scope import Selection
from scanner.collect.watch import Watch
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.record import Exchange
from scanner.model.coverage import Reading
from scanner.model.resource import Record
from scanner.model.results import Run
from scanner.snapshot.reader import Snapshot, load

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
NAMES = {"1": "Alpha", "2": "Beta", "3": "Gamma"}
MANAGEMENT = "/providers/Microsoft.Management/managementGroups"

Body = Mapping[str, Any]


def subscription_id(number: str) -> str:
    return f"bbbbbbbb-0000-4000-8000-00000000000{number}"


def _subscription(number: str, name: str) -> Body:
    own = subscription_id(number)
    state = "Disabled" if name == "Gamma" else "Enabled"
    return {
        "id": f"/subscriptions/{own}",
        "subscriptionId": own,
        "displayName": name,
        "state": state,
    }


def _bodies() -> Iterator[Body]:
    yield from (_subscription(*each) for each in NAMES.items())
    for name, title in (("top", "All of it"), ("part", "Some of it")):
        yield {
            "id": f"{MANAGEMENT}/{name}",
            "name": name,
            "properties": {"displayName": title},
        }
    group = f"/subscriptions/{subscription_id('1')}/resourceGroups/rg"
    yield {"id": group, "location": "westeurope"}
    accounts = f"{group}/providers/Microsoft.CognitiveServices/accounts"
    yield from (
        {"id": f"{accounts}/{name}", "kind": "OpenAI", "properties": {}}
        for name in ("one", "two")
    )


PARENTS = {
    f"{MANAGEMENT}/part": f"{MANAGEMENT}/top",
    f"/subscriptions/{subscription_id('1')}": f"{MANAGEMENT}/top",
    f"/subscriptions/{subscription_id('2')}": f"{MANAGEMENT}/part",
    f"/subscriptions/{subscription_id('3')}": f"{MANAGEMENT}/part",
}


@dataclass(frozen=True)
class Done:
    """A scan that was made."""

    run: Run
    records: list[Record]
    readings: list[Reading]
    requests: tuple[Exchange, ...]
    watch: Watch

    @property
    def names(self) -> list[str]:
        """The names of the subscriptions that were scanned."""
        return sorted(each.name for each in self.run.subscriptions)

    @property
    def notes(self) -> str:
        return "\n".join(self.run.notes)

    def reading(self, kind: str, number: str = "1") -> Reading:
        """Return what became of a list of a subscription."""
        scope = f"/subscriptions/{subscription_id(number)}"
        (found,) = (
            each
            for each in self.readings
            if each.resource_type == kind and each.scope == scope
        )
        return found

    @property
    def gaps(self) -> list[Reading]:
        return [each for each in self.readings if each.gaps and each.requested]

    def asked(self, part: str) -> int:
        """Return how often a path with a part in it was asked for."""
        return sum(part.lower() in each.path.lower() for each in self.requests)


Scan = Callable[..., Done]


@pytest.fixture
def scan_estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Return a function that scans the small estate, with other bodies if given.

    Or goes on with the scan before, if there was an earlier one.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(
        *faults: Any,
        more: tuple[Record, ...] = (),
        bodies: tuple[Body, ...] = (),
        graph: bool = True,
        directory: bool = False,
        earlier: bool = False,
        actions: tuple[str, ...] = ("*/read",),
        page_size: int = 0,
        **selection: tuple[str, ...],
    ) -> Done:
        records, readings = assemble([*_bodies(), *bodies], TENANT, PARENTS)
        estate = Estate((Tenant.of(TENANT, [*records, *more], readings),))
        options = Options(faults=faults, actions=actions, page_size=page_size)
        watch = Watch()
        with in_thread(estate, options) as azure:
            for name, value in azure.environment.items():
                monkeypatch.setenv(name, value)
            order = Order(
                cloud=find_cloud(str(azure.write_cloud(tmp_path / "cloud.toml"))),
                method=Method.ENVIRONMENT,
                selection=Selection(**selection),
                graph=graph,
                directory=directory,
                limits=Limits(backoff=0.001, attempts=2, in_flight=8),
            )
            kept = Snapshot(tmp_path) if earlier else None
            made = asyncio.run(scan(order, tmp_path / "snapshot", watch, kept))
        found = load(Snapshot(tmp_path), TENANT)
        return Done(made, *found, azure.requests, watch)

    return run


@pytest.fixture
def account() -> Callable[..., Record]:
    """Return a function that makes an account as the list of Alpha holds it."""

    def make(id: str, **content: Any) -> Record:
        body = {"id": id, "kind": "OpenAI", "properties": {}, **content}
        return Record(
            id=id,
            type="Microsoft.CognitiveServices/accounts",
            scope=f"/subscriptions/{subscription_id('1')}",
            api_version="2025-09-01",
            operation="accounts.list",
            body=json.dumps(body).encode(),
        )

    return make
