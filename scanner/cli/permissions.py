"""`posture permissions`."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def permissions(
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="ID",
            help="Where the role may be assigned; repeat for several.",
        ),
    ] = None,
) -> None:
    """Print the least-privilege custom role that a scan needs.

    It is for `az role definition create`, and holds exactly the actions of the declared
    reads. Azure's own Reader role covers them all. What `posture scan --directory`
    needs besides is no matter of Azure roles, and is said on stderr.
    """
    from scanner.cli.failure import Failure
    from scanner.collect.actions import ACTIONS
    from scanner.collect.directory import PERMISSIONS, ROLE

    for each in scope or ():
        if not each.startswith("/"):
            raise Failure(f"--scope {each!r} is no id; one is as /subscriptions/GUID")
    role = {
        "Name": "Posture Scanner",
        "IsCustom": True,
        "Description": "Read what the posture scanner judges; no keys, no secrets.",
        "Actions": list(ACTIONS),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": scope
        or ["/providers/Microsoft.Management/managementGroups/<id>"],
    }
    typer.echo(json.dumps(role, indent=2))
    typer.echo("posture scan --directory needs in Microsoft Graph:", err=True)
    for permission, purpose in PERMISSIONS.items():
        typer.echo(f"  {permission}, for {purpose}", err=True)
    typer.echo(f"or the directory role {ROLE}", err=True)
