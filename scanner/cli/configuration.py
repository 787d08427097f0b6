"""`posture config`: the settings in force, and where each comes from."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from scanner.cli.options import PrintAs, TextOrJson

WIDTH = 78

config = typer.Typer(
    name="config",
    help="Tell which settings are in force.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@config.callback()
def _group() -> None:
    """Keep `show` a command of its own, though it is the only one."""


@config.command()
def show(
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings.  [default: posture.toml, if it is there]",
            show_default=False,
        ),
    ] = None,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Show every setting: its value, its origin, and what reads it.

    The text is a posture.toml: what is left at its default is commented out.
    """
    import msgspec

    from checks import ALL
    from scanner.cli.config import settings_in_force

    found = settings_in_force(config, ALL)
    if format is TextOrJson.JSON:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for each in found:
        mark = "" if each.origin else "# "
        readers = ", ".join(each.checks)
        told = f"{each.meaning}{f' Read by {readers}.' if readers else ''}"
        for line in wrap(told, WIDTH, break_on_hyphens=False):
            typer.echo(f"# {line}")
        typer.echo(f"# From {each.origin or 'the default'}.")
        typer.echo(f"{mark}{each.name} = {_toml(each.value)}\n")


def _toml(value: object) -> str:
    """Return a value as TOML has it."""
    import json

    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
