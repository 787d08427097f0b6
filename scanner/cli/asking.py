"""What commands share that ask a run: the option, what it holds, how it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.options import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.model.tenant import Inventory

Run = Annotated[
    Path, typer.Option("--from", metavar="RUN", help="The run, or its snapshot.")
]


def inventories(run: Path) -> list[Inventory]:
    """Return what a run holds, by tenant; raises Failure."""
    from scanner.assess import inventory
    from scanner.cli.failure import Failure
    from scanner.snapshot.lines import SnapshotError
    from scanner.snapshot.reader import Snapshot

    try:
        snapshot = Snapshot(run)
        found = [inventory(snapshot, each) for each in snapshot.tenants]
    except SnapshotError as error:
        raise Failure(f"--from: {error}") from error
    except OSError as error:
        raise Failure(f"--from {run} cannot be read: {error.strerror}") from error
    if not found:
        raise Failure(f"--from {run}: nothing was read of any tenant")
    return found


def print_json(**answer: object) -> None:
    """Print an answer as JSON."""
    typer.echo(json.dumps(answer, indent=2))


def tell(heading: str, lines: Iterable[str], otherwise: str = "") -> None:
    """Print lines under a heading, or what is said where there are none."""
    told = [f"  {plain(each)}" for each in lines]
    if told:
        typer.echo("\n".join((f"\n{heading}:", *told)))
    elif otherwise:
        typer.echo(f"\n{otherwise}")
