"""`posture demo`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from scanner.arm.methods import Method
from scanner.cli.options import (
    USUAL_FORMATS,
    FailOn,
    LogFormat,
    Logs,
    NoColor,
    Output,
    Quiet,
    debugging,
)

if TYPE_CHECKING:
    from scanner.arm.clouds import Cloud
    from scanner.collect.order import Order


def demo(
    context: typer.Context,
    output: Output = None,
    quiet: Quiet = False,
    log_format: Logs = LogFormat.TEXT,
    no_color: NoColor = False,
) -> None:
    """Scan the embedded demo tenant, end to end.

    Nothing leaves this machine: an emulator serves an invented company as Azure would,
    and what scans live tenants signs in to it and reads it.
    """
    from scanner.collect.teller import teller

    # First of all, so that it is done beside what is imported here.
    context.with_resource(teller().helped())

    from scanner.cli.files import new_directory
    from scanner.cli.logs import configure
    from scanner.cli.run import Judgement, collect, judge_and_report
    from scanner.cli.selection import Choice
    from scanner.model.settings import Settings

    configure(log_format, quiet=quiet, debug=debugging(context))
    judgement = Judgement(
        choice=Choice(),
        settings=Settings(),
        formats=[each.value for each in USUAL_FORMATS],
        fail_on=FailOn.HIGH,
        allow_gaps=False,
        quiet=quiet,
        log_format=log_format,
        no_color=no_color,
    )
    directory = context.with_resource(new_directory(output))
    with _demo_cloud() as cloud:
        snapshot = collect(_order(cloud), directory, judgement)
    raise typer.Exit(judge_and_report(snapshot, directory, judgement))


@contextmanager
def _demo_cloud() -> Iterator[Cloud]:
    """Serve the demo tenant while the block runs; yield the cloud it is."""
    from scanner.arm.clouds import find_cloud
    from scanner.collect.assemble import assemble
    from scanner.demo import TENANT_ID, bodies, parents
    from scanner.emulator import Estate
    from scanner.emulator.background import in_thread
    from scanner.emulator.estate import Tenant

    tenant = Tenant.of(TENANT_ID, *assemble(bodies(), TENANT_ID, parents()))
    with in_thread(Estate((tenant,))) as azure:
        file = azure.write_cloud(azure.ca_file.with_name("cloud.toml"))
        # No proxy stands between this process and itself.
        with _environment({**azure.environment, "NO_PROXY": "127.0.0.1"}):
            yield find_cloud(str(file))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables while the block runs: azure-identity reads them from there."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _order(cloud: Cloud) -> Order:
    from scanner.collect.order import Order
    from scanner.collect.scope import Selection

    return Order(
        cloud=cloud,
        method=Method.ENVIRONMENT,
        selection=Selection(),
        directory=True,
    )
