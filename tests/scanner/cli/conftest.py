"""The real command, run in this process, and the demo tenant served for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner.collect.assemble import assemble
from scanner.demo import TENANT_ID, bodies, parents
from scanner.emulator import Emulator, Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.model.cloud import Suffixes
from scanner.model.ids import id_key
from scanner.model.results import Run
from scanner.snapshot.manifest import Manifest
from scanner.snapshot.writer import SnapshotWriter

if TYPE_CHECKING:
    from tests.conftest import Done, Posture, Process


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test in a directory of its own, and leave logging as it was."""
    monkeypatch.chdir(tmp_path)
    loggers = [logging.getLogger(name) for name in ("scanner", "checks", "reports")]
    before = [(each.handlers, each.level, each.propagate) for each in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def refused(posture: Posture) -> Callable[..., str]:
    """Return a function that runs the command and returns its one line of error."""

    def run(*arguments: object, code: int = 2) -> str:
        done = posture(*arguments)
        assert done.code == code, done.err
        assert done.out == ""
        [line] = done.err.splitlines()
        assert line.startswith("posture: ")
        assert "internal error" not in line
        return line

    return run


@pytest.fixture(scope="session")
def demo_run(
    process: Process, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Done]:
    """Run the demo once; return where it is and how it ended."""
    directory = tmp_path_factory.mktemp("demo") / "run"
    return directory, process("demo", "-o", directory)


@pytest.fixture(scope="session")
def demo(demo_run: tuple[Path, Done]) -> Path:
    """The run that `posture demo` leaves."""
    return demo_run[0]


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """Return a function that writes the snapshot of a run."""
    return _write


def _write(directory: Path, tenants: Mapping[str, Any]) -> Path:
    """Write a snapshot of tenants, each with its bodies and hierarchy."""
    run = Run(started="2026-01-01T00:00:00Z", version="1", cloud="c", method="m")
    manifest = Manifest(
        run=run,
        suffixes=Suffixes(),
        whole_tenant=True,
        tenants=tuple(tenants),
        api_versions={},
    )
    writer = SnapshotWriter(directory, manifest)
    for tenant_id, (given, above) in tenants.items():
        records, readings = assemble(given, tenant_id, above)
        for reading in readings:
            kind, scope = reading.resource_type, reading.scope
            found = [
                each.body
                for each in records
                if each.type == kind and id_key(each.scope) == id_key(scope)
            ]
            writer.resources(tenant_id, kind, scope, found)
            writer.reading(tenant_id, reading)
    writer.finish(run, tuple(tenants))
    return directory


@pytest.fixture(scope="session")
def estate() -> Estate:
    """The demo tenant."""
    return Estate((Tenant.of(TENANT_ID, *assemble(bodies(), TENANT_ID, parents())),))


@pytest.fixture
def serve(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Emulator]]:
    """Return a function that serves the demo tenant until the test is over.

    The environment then holds what signs in to it, and `cloud.toml` is there.
    """
    with ExitStack() as stack:

        def start(**options: Any) -> Emulator:
            azure = stack.enter_context(in_thread(estate, Options(**options)))
            azure.write_cloud(tmp_path / "cloud.toml")
            for name, value in azure.environment.items():
                monkeypatch.setenv(name, value)
            return azure

        yield start


@pytest.fixture
def azure(serve: Callable[..., Emulator]) -> Emulator:
    return serve()
