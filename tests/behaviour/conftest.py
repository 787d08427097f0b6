"""The demo tenant behind an emulator, scanned by what scans Azure."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.arm.clouds import find_cloud
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.cli.failure import Exit, Failure
from scanner.cli.options import FailOn, LogFormat
from scanner.cli.run import Judgement, collect, judge_and_report
from scanner.cli.selection import Choice
from scanner.collect.assemble import assemble
from scanner.collect.order import Order
from scanner.collect.scope import Selection
from scanner.demo import TENANT_ID, bodies, parents
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.address import Address
from scanner.emulator.background import in_process, in_thread
from scanner.emulator.estate import Tenant
from scanner.emulator.faults import Fault
from scanner.emulator.record import Exchange
from scanner.model.settings import Settings
from scanner.snapshot.reader import Snapshot

ROOT = Path(__file__).resolve().parents[2]
QUICK = Limits(
    in_flight=8, per_subscription=8, attempts=3, backoff=0.001, read_timeout=30
)
"""A new connection costs more here than a turn on one that is open."""

Key = tuple[str, str, str]
"""Check, resource, location: what tells one row from another."""


@dataclass(frozen=True)
class Scanned:
    """A scan, what it left, and what was asked on the way."""

    directory: Path
    exit: Exit
    requests: tuple[Exchange, ...]
    message: str = ""

    @cached_property
    def document(self) -> dict[str, Any]:
        """results.json, as whoever reads it has it."""
        content: dict[str, Any] = json.loads(
            (self.directory / "results.json").read_bytes()
        )
        return content

    @cached_property
    def rows(self) -> dict[Key, dict[str, Any]]:
        return {
            (row["check_id"], row["resource_id"].lower(), row["location"]): row
            for row in self.document["results"]
        }

    @property
    def gaps(self) -> list[dict[str, Any]]:
        gaps: list[dict[str, Any]] = self.document["gaps"]
        return gaps

    @property
    def run(self) -> dict[str, Any]:
        run: dict[str, Any] = self.document["run"]
        return run

    @property
    def contract(self) -> dict[str, Any]:
        """Everything but the run's header: what a snapshot alone decides."""
        return {key: part for key, part in self.document.items() if key != "run"}


def _judgement(formats: tuple[str, ...]) -> Judgement:
    return Judgement(
        choice=Choice(),
        settings=Settings(),
        formats=formats,
        fail_on=FailOn.NEVER,
        allow_gaps=False,
        quiet=True,
        no_color=True,
        log_format=LogFormat.TEXT,
    )


@dataclass(frozen=True)
class Bench:
    """Serves an estate, and scans it as the command does."""

    directory: Path
    monkeypatch: pytest.MonkeyPatch
    estate: Estate
    numbers: Iterator[int] = field(default_factory=count)
    limits: Limits = QUICK

    def scan(
        self,
        *faults: Fault,
        selection: Selection | None = None,
        limits: Limits = QUICK,
        formats: tuple[str, ...] = ("json",),
        graph: bool = True,
        directory: bool = False,
        **options: Any,
    ) -> Scanned:
        """Scan the estate on a day with faults; report as with `--fail-on never`."""
        with in_thread(self.estate, Options(faults=faults, **options)) as azure:
            order = self.order(
                azure, selection, limits, graph=graph, directory=directory
            )
            return self._scanned(azure, order, _judgement(formats))

    def order(
        self,
        azure: Emulator,
        selection: Selection | None = None,
        limits: Limits = QUICK,
        *,
        graph: bool = True,
        directory: bool = False,
    ) -> Order:
        cloud = self.sign_in_to(azure.address)
        return Order(
            cloud=find_cloud(str(cloud)),
            method=Method.ENVIRONMENT,
            selection=selection or Selection(),
            graph=graph,
            directory=directory,
            limits=limits,
        )

    def sign_in_to(self, address: Address) -> Path:
        """Let this process sign in to an emulator; return the file for `--cloud`."""
        for name, value in address.environment.items():
            self.monkeypatch.setenv(name, value)
        return address.write_cloud(self.new_path("cloud.toml"))

    def new_path(self, name: str) -> Path:
        path = self.directory / f"{next(self.numbers)}" / name
        path.parent.mkdir()
        return path

    def opened(self, directory: Path) -> Scanned:
        """Return what another process left."""
        return Scanned(directory, Exit.CLEAN, ())

    def whole_readings(self, directory: Path) -> set[tuple[str, str]]:
        """Return the type and scope of each read that a snapshot holds whole."""
        snapshot = Snapshot(directory)
        return {
            (reading.resource_type, reading.scope.lower())
            for tenant_id in snapshot.tenants
            for reading, _ in snapshot.readings(tenant_id)
            if reading.whole
        }

    def _scanned(self, azure: Emulator, order: Order, judgement: Judgement) -> Scanned:
        directory = self.new_path("run")
        try:
            snapshot = collect(order, directory, judgement)
            code = judge_and_report(snapshot, directory, judgement)
        except Failure as failure:
            return Scanned(directory, failure.code, azure.requests, str(failure))
        return Scanned(directory, code, azure.requests)


@pytest.fixture(scope="session")
def demo_bodies() -> tuple[Mapping[str, Any], ...]:
    return tuple(bodies())


@pytest.fixture(scope="session")
def demo_estate(demo_bodies: tuple[Mapping[str, Any], ...]) -> Estate:
    return Estate((Tenant.of(TENANT_ID, *assemble(demo_bodies, TENANT_ID, parents())),))


@contextmanager
def _at_home() -> Iterator[pytest.MonkeyPatch]:
    """Let nothing depend on what this machine trusts or goes through."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield monkeypatch


@pytest.fixture(autouse=True)
def _home() -> Iterator[None]:
    with _at_home():
        yield


@pytest.fixture
def bench(demo_estate: Estate, tmp_path: Path) -> Iterator[Bench]:
    with _at_home() as monkeypatch:
        yield Bench(tmp_path, monkeypatch, demo_estate)


@pytest.fixture(scope="session")
def calm_bench(
    demo_estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    with _at_home() as monkeypatch:
        yield Bench(tmp_path_factory.mktemp("calm"), monkeypatch, demo_estate)


@pytest.fixture(scope="session")
def calm(calm_bench: Bench) -> Scanned:
    """The demo tenant as it is scanned on a day without faults."""
    return calm_bench.scan(formats=("csv", "json", "html"))


@pytest.fixture(scope="session")
def calm_platform(calm_bench: Bench) -> Scanned:
    """The same, of the one subscription in a management group."""
    selection = Selection(management_groups=("tarnholm-platform",))
    return calm_bench.scan(selection=selection)


@dataclass(frozen=True)
class Away:
    """An emulator in another process, and its record of what it was asked."""

    address: Address
    record: Path

    @property
    def requests(self) -> list[Exchange]:
        whole = self.record.read_bytes().rpartition(b"\n")[0].splitlines()
        return [msgspec.json.decode(line, type=Exchange) for line in whole]


@pytest.fixture(scope="session")
def slow_azure(
    demo_estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Away]:
    """The demo tenant, far enough away to be interrupted while it is read."""
    directory = tmp_path_factory.mktemp("away")
    record = directory / "requests.jsonl"
    options = Options(latency=0.15, record=record, directory=directory)
    with in_process(demo_estate, options) as address:
        yield Away(address, record)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts the command in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "scanner.cli.main", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """Return a function that waits until a condition holds."""

    def wait(condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.02)

    return wait
