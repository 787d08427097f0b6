"""A pack holds, or it says the first thing that does not."""

from __future__ import annotations

import io
import zipfile
from copy import copy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.evidence.archive import PackError, packed, unpacked
from scanner.evidence.pack import MANIFEST, SIGNATURE, digest_of, opened, sealed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
MEMBERS = {"a.json": b"{}\n", "snapshot/b.gz": bytes(range(256)), "c.txt": b""}

any_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def seal(key: Ed25519PrivateKey | None = KEY, previous: str | None = None) -> bytes:
    return sealed(
        MEMBERS,
        version="1",
        catalogue="0" * 64,
        started="2026-01-01T00:00:00Z",
        previous=previous,
        key=key,
    )


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "pack.zip"


def wrong(at: Path, content: bytes, key: Ed25519PrivateKey | None = None) -> str:
    at.write_bytes(content)
    with pytest.raises(PackError) as caught:
        opened(at, key.public_key() if key else None)
    return str(caught.value)


def test_what_was_sealed_comes_back(at: Path) -> None:
    at.write_bytes(seal())
    pack = opened(at, KEY.public_key())
    assert pack.members == MEMBERS
    assert seal() == seal()


@any_folder
@given(st.data())
@pytest.mark.parametrize("key", [KEY, None], ids=["signed", "unsigned"])
def test_any_altered_byte_is_found(
    key: Ed25519PrivateKey | None, at: Path, data: st.DataObject
) -> None:
    content = bytearray(seal(key))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    wrong(at, bytes(content))


@any_folder
@given(st.data())
def test_any_byte_added_or_dropped_is_found(at: Path, data: st.DataObject) -> None:
    content = seal()
    position = data.draw(st.integers(0, len(content)))
    extra = data.draw(st.binary(max_size=3))
    dropped = data.draw(st.integers(0 if extra else 1, 3))
    changed = content[:position] + extra + content[position + dropped :]
    if changed != content:
        wrong(at, changed)


@pytest.mark.parametrize("name", [*MEMBERS, SIGNATURE, MANIFEST])
def test_a_missing_member_is_named(name: str, at: Path) -> None:
    at.write_bytes(seal())
    left = {each: content for each, content in unpacked(at).items() if each != name}
    assert name in wrong(at, packed(left))


def test_an_added_member_is_named(at: Path) -> None:
    at.write_bytes(seal())
    assert "extra" in wrong(at, packed({**unpacked(at), "extra": b""}))


def test_members_in_another_order_are_found(at: Path) -> None:
    buffer = io.BytesIO()
    at.write_bytes(seal())
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in reversed(unpacked(at).items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    assert "as one piece" in wrong(at, buffer.getvalue())


def test_a_member_twice_is_found(at: Path) -> None:
    buffer = io.BytesIO(seal())
    with (
        zipfile.ZipFile(buffer, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("a.json", b"other")
    wrong(at, buffer.getvalue())


def test_members_that_lie_over_one_another_are_not_read(at: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", bytes(1000))
        for name in "bcd":
            twin = copy(archive.filelist[0])
            twin.filename = name
            archive.filelist.append(twin)
        archive._didModify = True  # type: ignore[attr-defined]
    assert "lie over one another" in wrong(at, buffer.getvalue())


def test_a_signature_is_of_one_key(at: Path) -> None:
    assert "another key" in wrong(at, seal(), OTHER)
    assert "not signed" in wrong(at, seal(None), KEY)


def test_a_signature_of_something_else(at: Path) -> None:
    at.write_bytes(seal())
    members = unpacked(at)
    forged = {**members, SIGNATURE: OTHER.sign(members[MANIFEST])}
    assert "signature" in wrong(at, packed(forged))
    at.write_bytes(seal(None))
    assert SIGNATURE in wrong(at, packed({**unpacked(at), SIGNATURE: bytes(64)}))


def test_a_chain_is_of_one_pack_after_the_other(at: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.zip"
    first.write_bytes(seal())
    at.write_bytes(seal(previous=digest_of(first)))
    assert opened(at, previous=first).manifest.previous == digest_of(first)
    first.write_bytes(seal(None))
    with pytest.raises(PackError, match="is not the pack"):
        opened(at, previous=first)
    at.write_bytes(seal())
    with pytest.raises(PackError, match="names no pack before it"):
        opened(at, previous=first)


def test_a_pack_before_is_named_by_a_hash_and_nothing_else(at: Path) -> None:
    told = wrong(at, seal(previous="x\nsigned with TRUSTED"))
    assert "none of ours" in told


def test_what_is_no_pack(at: Path) -> None:
    assert "no pack" in wrong(at, b"")
    assert "no pack" in wrong(at, b"PK\x03\x04" + bytes(100))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(1 << 20))
    assert "compressed" in wrong(at, buffer.getvalue())
    assert MANIFEST in wrong(at, packed({MANIFEST: b"{}"}))
    at.write_bytes(seal(None))
    members = unpacked(at)
    other = members[MANIFEST].replace(b"evidence/1", b"evidence/2")
    assert "schema" in wrong(at, packed({**members, MANIFEST: other}))
