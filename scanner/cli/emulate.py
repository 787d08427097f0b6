"""`posture emulate`: serve a snapshot as Azure on loopback TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.failure import Failure

if TYPE_CHECKING:
    from scanner.emulator import Options
    from scanner.emulator.address import Address

CLOUD_FILE = "cloud.toml"

SnapshotArgument = Annotated[
    Path, typer.Argument(help="A run, or the snapshot in it.", metavar="SNAPSHOT")
]
PortOption = Annotated[
    int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free port.")
]
LatencyOption = Annotated[
    int, typer.Option(min=0, metavar="MS", help="Milliseconds added to each request.")
]
ThrottleOption = Annotated[
    bool, typer.Option("--throttle", help="Throttle as Azure publishes it.")
]
FaultsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What goes wrong: a TOML file.")
]
RecordOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Add each request to this JSON Lines file."),
]
PageSizeOption = Annotated[
    int, typer.Option(min=0, help="Items on a page of a list; 0 puts all on one.")
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Where cloud.toml and the CA go; default: a temporary one."
    ),
]


def emulate(
    snapshot: SnapshotArgument,
    port: PortOption = 0,
    latency: LatencyOption = 0,
    throttle: ThrottleOption = False,
    faults: FaultsOption = None,
    record: RecordOption = None,
    page_size: PageSizeOption = 0,
    directory: DirectoryOption = None,
) -> None:
    """Serve a snapshot as Azure on loopback TLS.

    Azure Resource Manager, Resource Graph and Entra answer as they do in Azure, so that
    clients need the cloud.toml that is written for them, and the variables printed.
    """
    from scanner.emulator import Options
    from scanner.emulator.faults import read_faults

    with _explained(), _kept(directory) as place:
        options = Options(
            port=port,
            latency=latency / 1000,
            throttle=throttle,
            faults=read_faults(faults) if faults else (),
            record=record,
            page_size=page_size,
            directory=place,
        )
        _serve(snapshot, options, place / CLOUD_FILE)


def _serve(snapshot: Path, options: Options, cloud: Path) -> None:
    from scanner.collect.order import asks_directory
    from scanner.emulator import Estate
    from scanner.emulator.background import serve
    from scanner.snapshot.reader import Snapshot

    served = Snapshot(snapshot)
    estate = Estate.of_snapshot(served)
    if not estate.tenants:
        raise Failure(f"cannot emulate: {snapshot} is of no tenant: nothing to serve")
    asked = " --directory" if asks_directory(served.manifest.run.scope) else ""
    scan = f"posture scan --cloud {cloud} --auth environment{asked}"
    serve(estate, options, lambda address: _tell(address, cloud, scan))


def _tell(address: Address, cloud: Path, scan: str) -> None:
    """Print what another shell needs for a scan that reads the same again."""
    from urllib.request import getproxies

    address.write_cloud(cloud)
    typer.echo(f"Serving {len(address.tenants)} tenant(s) at {address.url}")
    typer.echo(f"Cloud file: {cloud}")
    typer.echo("In another shell:")
    for name, value in address.environment.items():
        typer.echo(f"  export {name}={value}")
    if getproxies().keys() & {"http", "https", "all"}:
        typer.echo("  export NO_PROXY=127.0.0.1")
    typer.echo(f"  {scan}")
    typer.echo("Ctrl-C ends it.")


@contextmanager
def _kept(directory: Path | None) -> Iterator[Path]:
    """Yield the directory for what clients need, a temporary one if none is given."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with TemporaryDirectory(prefix="posture-emulate-") as temporary:
        yield Path(temporary)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what can be wrong with the input into what the user is told."""
    from scanner.emulator.faults import FaultsError
    from scanner.snapshot.lines import SnapshotError

    try:
        yield
    except (FaultsError, SnapshotError, OSError) as error:
        raise Failure(f"cannot emulate: {error}") from error
