"""`posture evidence`: what is sealed can be defended, and what is not so is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from checks import ALL
from scanner.evidence.archive import packed, unpacked
from scanner.evidence.pack import MANIFEST, sealed

Posture = Callable[..., Any]
Refused = Callable[..., str]

EXEMPTION = """\
[[exemption]]
check = "aoai-local-auth-disabled"
scope = "/"
owner = "lab"
approver = "ciso"
reason = "The lab ends with the year."
created = 2026-01-05
expires = 2099-12-31
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of the demo tenant, with settings and exemptions of its own."""
    from scanner.cli.main import main

    folder = tmp_path_factory.mktemp("demo")
    (folder / "accepted.toml").write_text(EXEMPTION)
    (folder / "posture.toml").write_text("key_reader_warning = 7\n")
    with pytest.raises(SystemExit):
        main(["demo", "--quiet", "-o", str(folder / "demo")])
    options = ["--exemptions", str(folder / "accepted.toml")]
    options += ["--config", str(folder / "posture.toml"), "--check", "aoai-*"]
    given = ["scan", "--from", str(folder / "demo"), "-o", str(folder / "run")]
    with pytest.raises(SystemExit):
        main([*given, *options])
    return folder / "run"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "pub.pem"
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_a_run_is_sealed_and_verified(
    posture: Posture, run: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    assert posture("evidence", "export", run, "-o", "one.zip").code == 0
    signed = ("--sign-key", private, "--previous", "one.zip")
    assert posture("evidence", "export", run, "-o", "two.zip", *signed).code == 0
    done = posture(
        *("evidence", "verify", "two.zip", "--key", public, "--previous", "one.zip")
    )
    assert (done.code, done.err) == (0, "")
    assert "same results" in done.out
    posture("evidence", "export", run, "-o", "again.zip", *signed)
    assert Path("again.zip").read_bytes() == Path("two.zip").read_bytes()


def test_a_pack_holds_all_that_a_defence_needs(posture: Posture, run: Path) -> None:
    posture("evidence", "export", run, "-o", "pack.zip")
    members = unpacked(Path("pack.zip"))
    for name in ("results.json", "results.csv", "gaps.csv"):
        assert members[name] == (run / name).read_bytes()
    for part in (run / "snapshot").rglob("*"):
        if part.is_file():
            inner = f"snapshot/{part.relative_to(run / 'snapshot').as_posix()}"
            assert members[inner] == part.read_bytes()
    assert json.loads(members["settings.json"])["key_reader_warning"] == 7
    [exemption] = json.loads(members["exemptions.json"])
    assert exemption["approver"] == "ciso"
    catalogue = json.loads(members["catalogue.json"])
    assert "## Why it matters" in catalogue[0]["documentation"]
    statement = members["statement.txt"].decode()
    assert [each for each in statement.splitlines() if each.isupper()] == [
        "STATEMENT OF SCOPE AND COVERAGE",
        *("WHO READ", "WHEN AND WITH WHAT", "OVER WHAT", "WITH WHAT RIGHTS"),
        *("WHAT IT CAME TO", "WHAT WAS NOT READ", "ACCEPTED FINDINGS"),
    ]
    told = json.loads((run / "results.json").read_bytes())
    for status, number in told["summary"]["statuses"].items():
        assert f"\n- {number:,} {status}" in statement
    assert f"{len(catalogue)} of {len(ALL)} checks: --check aoai-*." in statement
    for words in ("Tarnholm AI Production (", "Every declared read", "owner lab"):
        assert words in statement


def test_a_pack_whose_manifest_was_made_to_fit_is_found(
    posture: Posture, run: Path
) -> None:
    posture("evidence", "export", run, "-o", "pack.zip")
    members = unpacked(Path("pack.zip"))
    manifest = msgspec.json.decode(members.pop(MANIFEST))
    header = {key: manifest[key] for key in ("version", "catalogue", "started")}
    results = members["results.json"]
    better = results.replace(b'"status":"fail"', b'"status":"pass"', 1)
    assert better != results
    for name, content in (("results.json", better), ("statement.txt", b"All well.\n")):
        forged = sealed({**members, name: content}, **header)
        Path("forged.zip").write_bytes(forged)
        done = posture("evidence", "verify", "forged.zip")
        assert done.code == 1
        assert f"{name} is not what the snapshot gives" in done.err

    inside = {**members, "snapshot/../../escape": b""}
    Path("forged.zip").write_bytes(sealed(inside, **header))
    assert "no file of a snapshot" in posture("evidence", "verify", "forged.zip").err

    other = sealed(members, **{**header, "catalogue": "0" * 64})
    Path("forged.zip").write_bytes(other)
    assert "only that version" in posture("evidence", "verify", "forged.zip").err

    for key in ("started", "version"):
        Path("forged.zip").write_bytes(sealed(members, **{**header, key: "9"}))
        done = posture("evidence", "verify", "forged.zip")
        assert (done.code, f"{key} '9'" in done.err) == (1, True)

    more = {**members, "report.html": b"All passed."}
    Path("forged.zip").write_bytes(sealed(more, **header))
    assert (
        "nothing that a pack holds" in posture("evidence", "verify", "forged.zip").err
    )

    del members["results.json"]
    Path("forged.zip").write_bytes(sealed(members, **header))
    assert "cannot be judged again" in posture("evidence", "verify", "forged.zip").err


@pytest.mark.parametrize(
    ("recorded", "forged"),
    [
        (b'"check":["aoai-*"]', b'"check":["dns-*"]'),
        (b'"check":["aoai-*"]', b'"check":["none-*"]'),
        (b'"check":["aoai-*"]', b'"check":["aoai-*","aoai-*"]'),
        (f'"catalogue":{len(ALL)}'.encode(), b'"catalogue":9'),
    ],
)
def test_a_pack_that_tells_another_choice_of_checks_is_found(
    recorded: bytes, forged: bytes, posture: Posture, run: Path, refused: Refused
) -> None:
    posture("evidence", "export", run, "-o", "pack.zip")
    members = unpacked(Path("pack.zip"))
    manifest = msgspec.json.decode(members.pop(MANIFEST))
    header = {key: manifest[key] for key in ("version", "catalogue", "started")}
    results = members["results.json"]
    assert recorded in results
    members["results.json"] = results.replace(recorded, forged, 1)
    Path("forged.zip").write_bytes(sealed(members, **header))
    refused("evidence", "verify", "forged.zip", code=1)


def without_offset(members: dict[str, bytes]) -> bytes:
    manifest = json.loads(members["snapshot/manifest.json"])
    manifest["run"]["started"] = "2026-11-22"
    return json.dumps(manifest).encode()


def with_exemption(**changes: object) -> Callable[[dict[str, bytes]], bytes]:
    def changed(members: dict[str, bytes]) -> bytes:
        [row] = json.loads(members["exemptions.json"])
        return json.dumps([{**row, **changes}]).encode()

    return changed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("exemptions.json", with_exemption(expires="soon")),
        ("exemptions.json", with_exemption(tag=5)),
        ("exemptions.json", with_exemption(scope=None)),
        ("exemptions.json", lambda _: b"null"),
        ("settings.json", lambda _: b'"\xff"'),
        ("settings.json", lambda _: b"[]"),
        ("settings.json", lambda _: b'{"owner_warning": "x"}'),
        ("results.json", lambda _: b"{"),
        ("snapshot/manifest.json", without_offset),
    ],
)
def test_a_pack_with_a_member_that_posture_never_writes(
    name: str,
    content: Callable[[dict[str, bytes]], bytes],
    posture: Posture,
    run: Path,
    refused: Refused,
) -> None:
    posture("evidence", "export", run, "-o", "pack.zip")
    members = unpacked(Path("pack.zip"))
    manifest = msgspec.json.decode(members.pop(MANIFEST))
    header = {key: manifest[key] for key in ("version", "catalogue", "started")}
    forged = sealed({**members, name: content(members)}, **header)
    Path("forged.zip").write_bytes(forged)
    refused("evidence", "verify", "forged.zip", code=1)


def test_a_pack_that_was_tampered_with(posture: Posture, run: Path) -> None:
    posture("evidence", "export", run, "-o", "pack.zip")
    content = bytearray(Path("pack.zip").read_bytes())
    content[len(content) // 2] ^= 1
    Path("pack.zip").write_bytes(content)
    done = posture("evidence", "verify", "pack.zip")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


def test_results_that_the_snapshot_does_not_bear_out_are_not_sealed(
    posture: Posture, run: Path, refused: Refused, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(run, tmp_path / "touched")
    results = tmp_path / "touched" / "results.json"
    results.write_text(results.read_text().replace('"fail"', '"pass"', 1))
    line = refused("evidence", "export", "touched", "-o", "pack.zip")
    assert "--from" in line
    told = json.loads(results.read_bytes())
    told["summary"]["exemptions"] = [{"check": 1}]
    results.write_text(json.dumps(told))
    line = refused("evidence", "export", "touched", "-o", "pack.zip")
    assert "exemptions that are none of ours" in line
    assert not Path("pack.zip").exists()


def test_a_pack_takes_the_place_of_nothing_it_is_made_with(
    posture: Posture, run: Path, refused: Refused, keys: tuple[Path, Path]
) -> None:
    assert posture("evidence", "export", run, "-o", "one.zip").code == 0
    for option, path in (("--previous", Path("one.zip")), ("--sign-key", keys[0])):
        before = path.read_bytes()
        taken = ("evidence", "export", run, "-o", path, option, path.resolve())
        assert option in refused(*taken)
        assert path.read_bytes() == before


def test_a_pack_takes_no_directory_and_no_file_of_the_run(
    run: Path, refused: Refused
) -> None:
    before = {each: each.stat().st_mtime_ns for each in run.rglob("*")}
    for output in ("", ".", "/", run):
        assert "is a directory" in refused("evidence", "export", run, "-o", output)
    for name in ("results.json", "gaps.csv", "snapshot/manifest.json", "snapshot/x"):
        for named in (run, run / "results.json"):
            told = refused("evidence", "export", named, "-o", run / name)
            assert "is a file of the run" in told
    told = refused("evidence", "export", run, "-o", "a" * 300)
    assert "cannot be written: File name too long" in told
    assert before == {each: each.stat().st_mtime_ns for each in run.rglob("*")}


def test_what_cannot_be_used(
    run: Path, refused: Refused, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    export = ("evidence", "export", run, "-o", "pack.zip")
    assert "private key" in refused(*export, "--sign-key", keys[1])
    weak = ec.generate_private_key(ec.SECP256R1())
    pem = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "weak.pem").write_bytes(pem)
    assert "not Ed25519" in refused(*export, "--sign-key", "weak.pem")
    assert "none.pem" in refused(*export, "--sign-key", "none.pem")
    (tmp_path / "no.zip").write_bytes(packed({}))
    assert "no.zip" in refused(*export, "--previous", "no.zip")
    assert "nowhere" in refused("evidence", "export", "nowhere", "-o", "pack.zip")
    assert "none.zip" in refused("evidence", "verify", "none.zip")
    assert "public key" in refused("evidence", "verify", "no.zip", "--key", keys[0])
