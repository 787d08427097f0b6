"""`posture evidence`: seal a run, and show later that it still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from scanner.cli.selection import Choice
    from scanner.evidence.pack import Pack
    from scanner.model.results import Assessment
    from scanner.model.selection import CheckSelection
    from scanner.snapshot.reader import Snapshot

evidence = typer.Typer(
    name="evidence",
    help="Seal a run as evidence, and verify it later.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SNAPSHOT = "snapshot/"
REPORTS = ("csv", "json")
SETTINGS = "settings.json"
EXEMPTIONS = "exemptions.json"
CATALOGUE = "catalogue.json"
STATEMENT = "statement.txt"


@evidence.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run: its directory.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PACK.zip", help="The pack.")
    ],
    sign_key: Annotated[
        Path | None,
        typer.Option(metavar="KEY.pem", help="Sign it with this Ed25519 private key."),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(metavar="PACK.zip", help="The pack that this one follows."),
    ] = None,
) -> None:
    """Seal a run, with all that it rests on, into a pack.

    A pack holds results, gaps, snapshot, settings, exemptions, checks and a plain
    statement. The run is judged again first: only what its snapshot bears out is
    sealed, so not what changed since a baseline. The same run and key always give the
    same bytes.
    """
    from scanner.cli.failure import Failure
    from scanner.cli.files import replace_file
    from scanner.evidence.archive import PackError
    from scanner.evidence.pack import digest_of, sealed
    from scanner.evidence.signing import KeyFileError, private_key

    _require_file(output, run)
    _require_apart(output, {"--previous": previous, "--sign-key": sign_key})
    members = _members_of(run)
    try:
        key = private_key(sign_key) if sign_key else None
        before = digest_of(previous) if previous else None
        if previous:
            _require_pack(previous)
        pack = sealed(members, previous=before, key=key, **_header(members))
    except (KeyFileError, PackError) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename} cannot be read: {error.strerror}") from error
    try:
        replace_file(output, iter([pack]))
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}") from error
    typer.echo(f"{output}: {len(members)} members, {len(pack):,} bytes")


@evidence.command()
def verify(
    pack: Annotated[Path, typer.Argument(metavar="PACK.zip", help="The pack.")],
    key: Annotated[
        Path | None,
        typer.Option(metavar="PUB.pem", help="The Ed25519 key it must be signed with."),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(metavar="PACK.zip", help="The pack that it must follow."),
    ] = None,
) -> None:
    """Verify every byte of a pack, and judge its snapshot again.

    The signature and the chain are verified too. Exit 0 if all of it holds; 1, with the
    first thing that does not.
    """
    from scanner.cli.failure import Exit, Failure
    from scanner.evidence.archive import PackError
    from scanner.evidence.pack import opened
    from scanner.evidence.signing import KeyFileError, public_key

    try:
        found = opened(pack, public_key(key) if key else None, previous)
        _require_same_judgement(found)
    except PackError as error:
        raise Failure(str(error), Exit.FINDINGS) from error
    except KeyFileError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename} cannot be read: {error.strerror}") from error
    for line in _told(found, checked_key=key is not None, chained=previous is not None):
        typer.echo(line)


def _told(pack: Pack, *, checked_key: bool, chained: bool) -> Iterator[str]:
    manifest = pack.manifest
    yield f"{len(manifest.members)} members are as they were packed"
    yield "the snapshot, judged again, gives the same results"
    if manifest.signed_by:
        whose = "" if checked_key else ": give --key to know that it is the right one"
        yield f"signed with {manifest.signed_by}{whose}"
    else:
        yield "not signed"
    if manifest.previous:
        sure = "" if chained else ": give --previous to check"
        yield f"follows the pack {manifest.previous}{sure}"


def _require_file(output: Path, run: Path) -> None:
    """Raise Failure unless a pack can be put there, and is none of the run's files."""
    from scanner.cli.failure import Failure
    from scanner.cli.files import is_of_run
    from scanner.cli.recorded import folder_of

    try:
        if output.is_dir():
            raise Failure(f"--output {output} is a directory: name a file in it")
        if is_of_run(output, folder_of(run)):
            raise Failure(f"--output {output} is a file of the run: name another file")
    except OSError as error:
        told = f"--output {output} cannot be written: {error.strerror}"
        raise Failure(told) from error


def _require_apart(output: Path, given: Mapping[str, Path | None]) -> None:
    """Raise Failure if a pack would take the place of what it is made with."""
    from scanner.cli.failure import Failure

    for option, path in given.items():
        if path is not None and output.resolve() == path.resolve():
            raise Failure(f"--output {output} is {option} too: name another file")


def _require_pack(path: Path) -> None:
    """Raise PackError unless a file is a pack."""
    from scanner.evidence.pack import opened

    opened(path)


def _members_of(run: Path) -> dict[str, bytes]:
    """Return what a run's pack holds; raises Failure if it cannot be borne out."""
    import msgspec

    from reports.document import beside_baseline
    from scanner.cli.failure import Failure
    from scanner.cli.recorded import RESULTS, document, folder_of
    from scanner.cli.selection import Choice
    from scanner.snapshot.lines import SnapshotError
    from scanner.snapshot.reader import Snapshot

    recorded = document(run)
    run = folder_of(run)
    choice = Choice.of(recorded.run.selection)
    try:
        snapshot = Snapshot(run)
        files = dict(_snapshot_files(snapshot))
        exemptions = recorded.summary.get("exemptions", [])
        members = _derived(snapshot, choice, recorded.run.settings, exemptions)
    except msgspec.ValidationError as error:
        what = "settings or exemptions that are none of ours"
        raise Failure(f"{run / RESULTS} has {what}: {error}") from error
    except SnapshotError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{run} cannot be read: {error.strerror}") from error
    # What changed since a baseline is no matter of one snapshot, and is not sealed.
    drift, trend = bytes(recorded.drift), bytes(recorded.trend)
    beside = beside_baseline(members[RESULTS], drift=drift, trend=trend)
    if beside != (run / RESULTS).read_bytes():
        raise Failure(
            f"{run / RESULTS} is not what this version of posture makes of the "
            f"snapshot: judge it again with `posture scan --from {run}` and seal that"
        )
    return {**files, **members}


def _snapshot_files(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    from scanner.snapshot.manifest import MANIFEST, parts_on_disk

    for name in (*parts_on_disk(snapshot.directory), MANIFEST):
        yield f"{SNAPSHOT}{name}", (snapshot.directory / name).read_bytes()


def _derived(
    snapshot: Snapshot, choice: Choice, settings: object, exemptions: object
) -> dict[str, bytes]:
    """Return every member that follows from a snapshot and how it is judged.

    Raises SnapshotError, and msgspec.ValidationError for settings or exemptions that
    results.json never records.
    """
    import msgspec

    from reports import FORMATS
    from reports.statement import statement
    from scanner.assess import assess
    from scanner.cli.catalogue import entry
    from scanner.cli.exemptions import from_rows
    from scanner.model.settings import Settings

    used = msgspec.convert(settings, Settings)
    accepted = from_rows(exemptions)
    assessment = assess(snapshot, choice.checks, used, accepted, choice.recorded)
    members = {
        name: b"".join(render(assessment))
        for each in REPORTS
        for name, render in FORMATS[each].items()
    }
    return {
        **members,
        SETTINGS: _json(assessment.run.settings),
        EXEMPTIONS: _json(exemptions),
        CATALOGUE: _json([entry(check, documented=True) for check in choice.checks]),
        STATEMENT: statement(assessment, _roles(snapshot, assessment)).encode(),
    }


def _json(value: object) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _roles(snapshot: Snapshot, assessment: Assessment) -> list[str]:
    """Return the roles that the reader was found to have, one a line."""
    from scanner.access.gather import access_of
    from scanner.assess import inventory

    told = []
    for who in assessment.run.signed_in:
        if who.principal_id:
            access = inventory(snapshot, who.tenant_id).once(access_of)
            told += [grant.why for grant in access.grants(who.principal_id)]
    return told


def _header(members: Mapping[str, bytes]) -> dict[str, str]:
    """Return what a manifest says of the run, from its results."""
    import msgspec

    from scanner import __version__
    from scanner.cli.recorded import RESULTS, Document

    run = msgspec.json.decode(members[RESULTS], type=Document).run
    return {
        "version": __version__,
        "catalogue": run.catalogue,
        "started": run.started,
    }


def _require_same_judgement(pack: Pack) -> None:
    """Raise PackError unless today's checks answer as those of the pack did."""
    from tempfile import TemporaryDirectory

    import msgspec

    from scanner.assess import catalogue_hash
    from scanner.cli.recorded import RESULTS, Document
    from scanner.evidence.archive import PackError
    from scanner.snapshot.lines import SnapshotError
    from scanner.snapshot.reader import Snapshot

    recorded = _decoded(pack, RESULTS, Document)
    choice = _chosen(recorded.run.selection)
    _require_catalogue(pack, catalogue_hash(choice.checks))
    settings, exemptions = _decoded(pack, SETTINGS), _decoded(pack, EXEMPTIONS)
    try:
        with TemporaryDirectory() as folder:
            _unpack_snapshot(pack, Path(folder))
            again = _derived(Snapshot(Path(folder)), choice, settings, exemptions)
    except (SnapshotError, msgspec.ValidationError) as error:
        raise PackError(f"the pack cannot be judged again: {error}") from error
    _require_members(pack, again)
    _require_header(pack, _header(again))


def _decoded(pack: Pack, name: str, kind: Any = Any) -> Any:
    """Return what a member says; raises PackError."""
    import msgspec

    from scanner.evidence.archive import PackError

    try:
        return msgspec.json.decode(pack.members[name], type=kind)
    except KeyError as error:
        raise PackError(f"the pack cannot be judged again: no {name}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PackError(f"{name} is none of ours: {error}") from error


def _require_members(pack: Pack, again: Mapping[str, bytes]) -> None:
    """Raise PackError unless all but the snapshot is as it was made again."""
    from scanner.evidence.archive import PackError

    for name, content in again.items():
        if pack.members.get(name) != content:
            raise PackError(f"{name} is not what the snapshot gives when judged again")
    for name in pack.members:
        if name not in again and not name.startswith(SNAPSHOT):
            raise PackError(f"{name} is nothing that a pack holds")


def _require_header(pack: Pack, again: Mapping[str, str]) -> None:
    """Raise PackError unless the manifest says of the run what its results say."""
    from scanner.evidence.archive import PackError

    for key, wanted in again.items():
        said = getattr(pack.manifest, key)
        if said != wanted:
            raise PackError(f"the manifest says {key} {said!r}, the run {wanted!r}")


def _chosen(selection: CheckSelection | None) -> Choice:
    """Return the choice that a pack records; raises PackError."""
    from scanner.cli.failure import Failure
    from scanner.cli.selection import Choice
    from scanner.evidence.archive import PackError

    try:
        return Choice.of(selection)
    except Failure as error:
        raise PackError(f"the pack cannot be judged again: {error}") from error


def _require_catalogue(pack: Pack, today: str) -> None:
    from scanner.evidence.archive import PackError

    if pack.manifest.catalogue != today:
        raise PackError(
            f"posture {pack.manifest.version} judged the pack with the catalogue "
            f"{pack.manifest.catalogue[:12]}: only that version can judge it again"
        )


def _unpack_snapshot(pack: Pack, directory: Path) -> None:
    """Write the snapshot of a pack, by the only names its files can have."""
    from scanner.evidence.archive import PackError
    from scanner.snapshot.manifest import is_member

    for name, content in pack.members.items():
        inner = name.removeprefix(SNAPSHOT)
        if inner == name:
            continue
        if not is_member(inner):
            raise PackError(f"{name} is no file of a snapshot")
        target = directory / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
