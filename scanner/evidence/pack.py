"""A pack: members, a manifest over them, a signature over that, and the pack before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from scanner.evidence.archive import PackError, packed, unpacked
from scanner.evidence.signing import text_of, verify

SCHEMA = "posture-evidence/1"
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""A SHA-256."""
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member, and what it must be."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a pack must hold."""

    schema: str = SCHEMA
    version: str
    """Of the tool that made it."""
    catalogue: str
    """The hash of the checks that judged."""
    started: str
    """When the run began, UTC."""
    previous: Digest | None
    """The SHA-256 of the pack before it, None for the first."""
    signed_by: str | None
    """The Ed25519 public key, in base64."""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that holds what its manifest says."""

    manifest: Manifest
    members: Mapping[str, bytes]


def sealed(
    members: Mapping[str, bytes],
    *,
    version: str,
    catalogue: str,
    started: str,
    previous: str | None = None,
    key: Ed25519PrivateKey | None = None,
) -> bytes:
    """Return a pack of some members; the same ones give the same bytes."""
    manifest = Manifest(
        version=version,
        catalogue=catalogue,
        started=started,
        previous=previous,
        signed_by=text_of(key.public_key()) if key else None,
        members=tuple(_member(path, members[path]) for path in sorted(members)),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    signature = {SIGNATURE: key.sign(text)} if key else {}
    return packed({**members, MANIFEST: text, **signature})


def _member(path: str, content: bytes) -> Member:
    digest = hashlib.sha256(content).hexdigest()
    return Member(path=path, size=len(content), sha256=digest)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a pack, by which the next one names it; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def opened(
    path: Path, key: Ed25519PublicKey | None = None, previous: Path | None = None
) -> Pack:
    """Return a pack; raises PackError with the first thing wrong, and OSError.

    A signature is always verified: with the key that is given, or else with the one
    the manifest names, which shows that nothing was changed but not who signed.
    """
    members = unpacked(path)
    text = members.pop(MANIFEST, None)
    if text is None:
        raise PackError(f"{path} has no {MANIFEST}")
    manifest = _manifest(text)
    _require_signature(manifest, text, members.pop(SIGNATURE, None), key)
    _require_members(manifest, members)
    if previous is not None:
        _require_chain(manifest, previous)
    return Pack(manifest, members)


def _manifest(text: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PackError(f"{MANIFEST} is none of ours: {error}") from error
    if manifest.schema != SCHEMA:
        raise PackError(f"{MANIFEST} has schema {manifest.schema!r}, not {SCHEMA!r}")
    return manifest


def _require_signature(
    manifest: Manifest,
    text: bytes,
    signature: bytes | None,
    key: Ed25519PublicKey | None,
) -> None:
    if manifest.signed_by is None:
        if signature is not None:
            raise PackError(f"{SIGNATURE} is there, and the manifest names no key")
        if key is not None:
            raise PackError("the pack is not signed")
        return
    if signature is None:
        raise PackError(f"{SIGNATURE} is missing")
    if key is not None and text_of(key) != manifest.signed_by:
        raise PackError("the pack was signed with another key")
    verify(manifest.signed_by, signature, text)


def _require_members(manifest: Manifest, members: Mapping[str, bytes]) -> None:
    for member in manifest.members:
        content = members.get(member.path)
        if content is None:
            raise PackError(f"{member.path} is missing")
        if _member(member.path, content) != member:
            raise PackError(f"{member.path} is not as it was packed")
    extra = set(members) - {member.path for member in manifest.members}
    if extra:
        raise PackError(f"{min(extra)} was added to the pack")


def _require_chain(manifest: Manifest, previous: Path) -> None:
    if manifest.previous is None:
        raise PackError("the pack names no pack before it")
    if digest_of(previous) != manifest.previous:
        raise PackError(f"{previous} is not the pack that this one follows")
