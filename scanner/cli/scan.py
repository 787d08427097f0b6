"""`posture scan`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from scanner.arm.methods import Method
from scanner.cli.options import (
    USUAL_FORMATS,
    Auth,
    CloudName,
    Discovery,
    FailOn,
    LogFormat,
    Logs,
    NoColor,
    Output,
    Quiet,
    Tenants,
    debugging,
)
from scanner.cli.scan_options import (
    AllowGaps,
    AskDirectory,
    Baseline,
    ConfigFile,
    DiscoveryMode,
    Excluded,
    ExemptionsFile,
    FailFrom,
    FailOnNew,
    Formats,
    From,
    ManagementGroups,
    MinSeverity,
    Publish,
    Resume,
    Subscriptions,
    Topics,
    Unwanted,
    Wanted,
)

if TYPE_CHECKING:
    from scanner.arm.clouds import Cloud
    from scanner.arm.limits import Limits
    from scanner.cli.failure import Exit
    from scanner.cli.run import Judgement
    from scanner.collect.order import Order
    from scanner.snapshot.reader import Snapshot


def scan(
    context: typer.Context,
    tenant: Tenants = None,
    subscription: Subscriptions = None,
    management_group: ManagementGroups = None,
    exclude_subscription: Excluded = None,
    cloud: CloudName = "AzureCloud",
    auth: Auth = Method.DEFAULT,
    check: Wanted = None,
    exclude_check: Unwanted = None,
    topic: Topics = None,
    min_severity: MinSeverity = None,
    discovery: DiscoveryMode = Discovery.AUTO,
    ask_directory: AskDirectory = False,
    output: Output = None,
    format: Formats = None,
    fail_on: FailFrom = FailOn.HIGH,
    baseline: Baseline = None,
    fail_on_new: FailOnNew = False,
    allow_gaps: AllowGaps = False,
    exemptions: ExemptionsFile = None,
    config: ConfigFile = None,
    from_: From = None,
    resume: Resume = None,
    publish: Publish = None,
    quiet: Quiet = False,
    log_format: Logs = LogFormat.TEXT,
    no_color: NoColor = False,
) -> None:
    """Scan live: read, judge, report.

    Without options: every enabled subscription of the signed-in tenant, all checks.
    Reader is enough; `posture permissions` prints the smallest role that will do.
    """
    from scanner.collect.teller import teller

    if from_ is None:
        # First of all, so that it is done beside what is imported here.
        context.with_resource(teller().helped())

    from scanner.cli.config import load_configuration
    from scanner.cli.exemptions import load_exemptions
    from scanner.cli.files import new_directory
    from scanner.cli.logs import configure, say
    from scanner.cli.run import Judgement, collect, judge_and_report
    from scanner.cli.selection import Choice

    configure(log_format, quiet=quiet, debug=debugging(context))
    azure = _cloud(cloud)
    if publish:
        _require_place(publish, azure)
    configured = load_configuration(config)
    judgement = Judgement(
        choice=Choice(
            wanted=tuple(check or ()),
            unwanted=tuple(exclude_check or ()),
            topics=tuple(topic or ()),
            minimum=min_severity,
        ),
        settings=configured.settings,
        exemptions=load_exemptions(exemptions or configured.exemptions),
        formats=[each.value for each in format or USUAL_FORMATS],
        fail_on=fail_on,
        baseline=_readable(baseline, fail_on_new=fail_on_new),
        fail_on_new=fail_on_new,
        allow_gaps=allow_gaps,
        quiet=quiet,
        log_format=log_format,
        no_color=no_color,
    )
    given = {
        "--tenant": tenant,
        "--subscription": subscription,
        "--management-group": management_group,
        "--exclude-subscription": exclude_subscription,
        "--directory": ask_directory,
        "--resume": resume,
        "--output": resume and output,
    }
    if from_ is not None:
        _refuse(given, "--from")
        snapshot, directory = _earlier(context, from_, output)
    elif resume is not None:
        _refuse({**given, "--resume": None}, "--resume")
        snapshot = _resumed(context, resume, azure, auth, configured.limits, judgement)
        directory = resume
    else:
        order = _order(
            azure,
            auth,
            discovery,
            configured.limits,
            directory=ask_directory,
            tenants=tenant,
            subscriptions=subscription,
            management_groups=management_group,
            excluded=exclude_subscription,
        )
        directory = context.with_resource(new_directory(output))
        snapshot = collect(order, directory, judgement)
    code = judge_and_report(snapshot, directory, judgement)
    if publish:
        where = _publish(publish, directory, snapshot, azure, auth, code)
        say(f"Published {where}", log_format)
    raise typer.Exit(code)


def _cloud(name: str) -> Cloud:
    from scanner.arm.clouds import CloudError, find_cloud
    from scanner.cli.failure import Failure

    try:
        return find_cloud(name)
    except CloudError as error:
        raise Failure(f"--cloud: {error}") from error


def _require_place(url: str, cloud: Cloud) -> None:
    """Raise Failure before a scan if its files could not be put there."""
    from scanner.cli.failure import Failure
    from scanner.publish import PublishError, place_of

    try:
        place_of(url, cloud)
    except PublishError as error:
        raise Failure(f"--publish: {error}") from error


def _publish(
    url: str,
    directory: Path,
    snapshot: Snapshot,
    cloud: Cloud,
    auth: Method,
    code: Exit,
) -> str:
    """Put a run that came to a code where its URL says; return where.

    Raises Failure, with the same code where that is worse than to be unpublished.
    """
    from scanner.arm.clouds import CloudError
    from scanner.cli.failure import Exit, Failure
    from scanner.cli.run import in_loop
    from scanner.publish import PublishError, publish

    run = snapshot.manifest.run
    try:
        return in_loop(lambda: publish(directory, run, url, cloud, auth))
    except (CloudError, PublishError) as error:
        told = f"--publish: {error}; the run is in {directory}"
        raise Failure(told, code or Exit.INCOMPLETE) from error


def _readable(baseline: Path | None, *, fail_on_new: bool) -> Path | None:
    """Return a baseline that can be compared with; raises Failure before a scan."""
    from scanner.cli.failure import Failure
    from scanner.cli.past import runs_in, to_compare
    from scanner.cli.recorded import recorded

    if baseline is not None:
        past = to_compare(runs_in(baseline))
        if past is not None:
            recorded(past.path)
    elif fail_on_new:
        raise Failure("--fail-on-new needs --baseline: new since which run?")
    return baseline


def _refuse(given: Mapping[str, object], option: str) -> None:
    """Raise Failure for an option that means nothing beside another."""
    from scanner.cli.failure import Failure

    for name, value in given.items():
        if value:
            raise Failure(f"{name} does not go with {option}: the run has its scope")


def _order(
    cloud: Cloud,
    auth: Method,
    discovery: Discovery,
    limits: Limits,
    *,
    directory: bool,
    **names: list[str] | None,
) -> Order:
    from scanner.collect.order import Order
    from scanner.collect.scope import Selection

    return Order(
        cloud=cloud,
        method=auth,
        selection=Selection(**{key: tuple(each or ()) for key, each in names.items()}),
        graph=discovery is Discovery.AUTO,
        directory=directory,
        limits=limits,
    )


def _earlier(
    context: typer.Context, run: Path, output: Path | None
) -> tuple[Snapshot, Path]:
    from scanner.cli.files import copy_snapshot, new_directory
    from scanner.cli.run import require_something

    snapshot = _opened(run, "--from")
    require_something(snapshot)
    directory = context.with_resource(new_directory(output))
    copy_snapshot(snapshot, directory)
    return snapshot, directory


def _opened(run: Path, option: str) -> Snapshot:
    from scanner.cli.failure import Failure
    from scanner.snapshot.lines import SnapshotError
    from scanner.snapshot.reader import Snapshot

    try:
        return Snapshot(run)
    except SnapshotError as error:
        raise Failure(f"{option}: {error}") from error


def _resumed(
    context: typer.Context,
    directory: Path,
    cloud: Cloud,
    auth: Method,
    limits: Limits,
    judgement: Judgement,
) -> Snapshot:
    from dataclasses import replace

    from scanner.cli.failure import Failure
    from scanner.cli.files import earlier_directory
    from scanner.cli.run import collect
    from scanner.collect.order import asks_directory, asks_graph, selection_of
    from scanner.snapshot.lines import SnapshotError

    if _opened(directory, "--resume").directory == directory:
        raise Failure(f"--resume {directory} is a snapshot: name the run that it is of")
    context.with_resource(earlier_directory(directory))
    # Until now, another process may have gone on with it.
    earlier = _opened(directory, "--resume")
    scope = earlier.manifest.run.scope
    discovery = Discovery.AUTO if asks_graph(scope) else Discovery.ARM
    order = replace(
        _order(cloud, auth, discovery, limits, directory=asks_directory(scope)),
        selection=selection_of(scope),
    )
    try:
        return collect(order, directory, judgement, earlier)
    except SnapshotError as error:
        raise Failure(f"--resume: {error}") from error
