"""What `posture scan` alone can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanner.cli.options import Discovery, FailOn, ReportFormat, complete_check
from scanner.model.check import Severity, Topic

Subscriptions = Annotated[
    list[str] | None,
    typer.Option(
        "--subscription",
        "-s",
        metavar="ID|NAME",
        help="Only this subscription; repeat for several.",
    ),
]

ManagementGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--management-group",
        "-m",
        metavar="ID|NAME",
        help="Only subscriptions under it; repeat for several.",
    ),
]

Excluded = Annotated[
    list[str] | None,
    typer.Option(metavar="ID|NAME", help="Leave this one out; repeat for several."),
]

Wanted = Annotated[
    list[str] | None,
    typer.Option(
        "--check",
        metavar="GLOB",
        help="Only checks whose id matches; repeat for several.",
        autocompletion=complete_check,
    ),
]

Unwanted = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Leave out checks whose id matches; repeat for several.",
        autocompletion=complete_check,
    ),
]

Topics = Annotated[
    list[Topic] | None,
    typer.Option(
        "--topic",
        metavar="TOPIC",
        help="Only checks of this topic, as `posture checks` groups them; "
        "repeat for several.",
    ),
]

MinSeverity = Annotated[
    Severity | None,
    typer.Option(
        "--min-severity", metavar="SEVERITY", help="Only checks at or above it."
    ),
]

DiscoveryMode = Annotated[
    Discovery,
    typer.Option(
        help="auto asks Resource Graph where to look, arm lists everything; every "
        "verdict is made on what ARM returns, but for when policies that fill network "
        "groups were evaluated: Resource Graph alone tells that."
    ),
]

AskDirectory = Annotated[
    bool,
    typer.Option(
        "--directory",
        help="Ask Microsoft Graph, too, who holds the roles and is in their "
        "groups, and about applications. Needs Directory Readers, or User.Read.All, "
        "GroupMember.Read.All, Application.Read.All and "
        "DelegatedPermissionGrant.Read.All.",
    ),
]

Formats = Annotated[
    list[ReportFormat] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="csv, html, json, ocsf, oscal, sarif, xlsx or markdown; repeat for "
        "several.  [default: the first three]",
        show_default=False,
    ),
]

FailFrom = Annotated[
    FailOn, typer.Option(help="Severity from which failures make exit code 1.")
]

Baseline = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN",
        help="Tell what changed since an earlier run, or the latest in a folder.",
    ),
]

FailOnNew = Annotated[
    bool,
    typer.Option(
        "--fail-on-new",
        help="Only findings that --baseline lacks make exit code 1.",
    ),
]

AllowGaps = Annotated[
    bool,
    typer.Option(
        "--allow-gaps",
        help="What could not be read does not make exit code 3, unless the run was "
        "interrupted.",
    ),
]

ExemptionsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Accepted findings: TOML, or CSV by its ending.  "
        "[default: the file that posture.toml names]",
        show_default=False,
    ),
]

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings.  [default: posture.toml, if it is there]",
        show_default=False,
    ),
]

From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Judge what an earlier run read, instead of reading Azure.",
    ),
]

Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Go on with an interrupted run, in its own scope."
    ),
]

Publish = Annotated[
    str | None,
    typer.Option(
        "--publish",
        metavar="URL",
        help="Put the run's files into a blob container too: the one write there "
        "is. Entra ID only, nothing is overwritten.",
    ),
]
