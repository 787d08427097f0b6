"""`posture doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from scanner.arm.methods import Method
from scanner.cli.options import Auth, CloudName, PrintAs, Tenants, TextOrJson, plain

if TYPE_CHECKING:
    from scanner.collect.examine import Examination, Reach


def doctor(
    tenant: Tenants = None,
    cloud: CloudName = "AzureCloud",
    auth: Auth = Method.DEFAULT,
    format: PrintAs = TextOrJson.TEXT,
) -> None:
    """Try sign-in, reach and rights, before a scan.

    Exit codes: 0 all is in reach, 3 some rights are missing, 4 nothing can be read.
    """
    import msgspec

    from scanner.cli.failure import Exit
    from scanner.cli.logs import configure
    from scanner.cli.options import LogFormat

    configure(LogFormat.TEXT, quiet=True, debug=False)
    found = _examined(tenant or [], cloud, auth)
    if format is TextOrJson.JSON:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for examination in found:
            _print(examination)
    reached = [each for examination in found for each in examination.subscriptions]
    if not reached:
        raise typer.Exit(Exit.NOTHING_READ)
    if any(each.missing for each in reached):
        raise typer.Exit(Exit.INCOMPLETE)


def _examined(tenants: list[str], cloud: str, auth: Method) -> list[Examination]:
    from scanner.arm.clouds import CloudError, find_cloud
    from scanner.arm.errors import ReadError, SignInError
    from scanner.cli.failure import Exit, Failure
    from scanner.cli.run import in_loop
    from scanner.collect.examine import examine
    from scanner.collect.order import Order
    from scanner.collect.scope import Selection

    try:
        order = Order(
            cloud=find_cloud(cloud),
            method=auth,
            selection=Selection(tenants=tuple(tenants)),
        )
        return in_loop(lambda: examine(order))
    except CloudError as error:
        raise Failure(f"--cloud: {error}") from error
    except SignInError as error:
        raise Failure(str(error), Exit.NOTHING_READ) from error
    except ReadError as error:
        message = f"subscriptions cannot be listed: {error.reason}"
        raise Failure(message, Exit.NOTHING_READ) from error


def _print(found: Examination) -> None:
    who = found.signed_in
    name = who.principal_name or who.application_id or who.principal_id or "unknown"
    typer.echo(f"Tenant {who.tenant_id}")
    typer.echo(f"  Signed in as       {plain(name)}")
    typer.echo(f"  Management groups  {_or_none(found.management_groups)}")
    typer.echo(f"  Resource Graph     {plain(found.graph) or 'answers'}")
    typer.echo(f"  Subscriptions      {len(found.subscriptions)}")
    for subscription in found.subscriptions:
        typer.echo(f"    {_told(subscription)}")
        for action in subscription.missing:
            typer.echo(f"      missing {action}")
    if any(each.missing for each in found.subscriptions):
        typer.echo("  Assign Reader, or the role that `posture permissions` prints.")


def _told(subscription: Reach) -> str:
    rights = "rights missing" if subscription.missing else "all rights"
    title = plain(subscription.name)
    return f"{subscription.id}  {subscription.state:<9} {rights:<15} {title}"


def _or_none(number: int | None) -> str:
    return (
        "not readable (only what is granted above is then unknown)"
        if (number is None)
        else str(number)
    )
