"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanner.arm.methods import Method


class Discovery(StrEnum):
    """How the places to look are found."""

    AUTO = "auto"
    ARM = "arm"


class LogFormat(StrEnum):
    """How logs are written."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """The formats of a report."""

    CSV = "csv"
    HTML = "html"
    JSON = "json"
    OCSF = "ocsf"
    OSCAL = "oscal"
    SARIF = "sarif"
    XLSX = "xlsx"
    MARKDOWN = "markdown"


USUAL_FORMATS = (ReportFormat.CSV, ReportFormat.HTML, ReportFormat.JSON)
"""What a run leaves unless other formats are asked for."""


class FailOn(StrEnum):
    """From which severity on findings make the exit code 1."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"
    NEVER = "never"


class TextOrJson(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


def plain(text: str) -> str:
    """Return text that others wrote as a terminal may have it, on one line."""
    return "".join(each if each.isprintable() else "?" for each in text)


def debugging(context: typer.Context) -> bool:
    """Whether --debug is given, before the name of a command."""
    return bool(context.parent and context.parent.params.get("debug"))


def complete_check(incomplete: str) -> Iterable[tuple[str, str]]:
    """Yield the checks whose id begins as typed, for shell completion."""
    from checks import ALL

    return [(each.id, each.title) for each in ALL if each.id.startswith(incomplete)]


Tenants = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant",
        "-t",
        metavar="ID",
        help="Tenant to scan, by id or domain; repeat for several.  "
        "[default: the credential's]",
        show_default=False,
    ),
]

CloudName = Annotated[
    str,
    typer.Option(
        "--cloud",
        metavar="NAME|FILE",
        help="AzureCloud, AzureUSGovernment, AzureChinaCloud, or a TOML file.",
    ),
]

Auth = Annotated[Method, typer.Option("--auth", help="How to sign in.")]

PrintAs = Annotated[
    TextOrJson, typer.Option("--format", help="How to print the answer.")
]

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Where the run goes: a new or empty directory.  "
        "[default: posture-<UTC time>]",
        show_default=False,
    ),
]

Quiet = Annotated[
    bool, typer.Option("--quiet", help="No progress, and one line of summary.")
]

NoColor = Annotated[bool, typer.Option("--no-color", help="No colours.")]

Logs = Annotated[
    LogFormat, typer.Option("--log-format", help="How logs are written, to stderr.")
]
