"""Ed25519 signatures over a pack's manifest."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from scanner.evidence.archive import PackError

_MAKE_PRIVATE = "`openssl genpkey -algorithm ed25519 -out KEY.pem` makes one"
_MAKE_PUBLIC = "`openssl pkey -in KEY.pem -pubout -out PUB.pem` writes that of a key"


class KeyFileError(Exception):
    """A key file cannot be used."""


def private_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of an unencrypted PEM file; raises KeyFileError and OSError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(
            f"{path} holds no unencrypted private key in PEM; {_MAKE_PRIVATE}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key that is not Ed25519; {_MAKE_PRIVATE}")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Return the key of a PEM file; raises KeyFileError and OSError."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(
            f"{path} holds no public key in PEM; {_MAKE_PUBLIC}"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path} holds a key that is not Ed25519; {_MAKE_PUBLIC}")
    return key


def text_of(key: Ed25519PublicKey) -> str:
    """Return a public key as a manifest names it: its 32 bytes in base64."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def verify(text: str, signature: bytes, content: bytes) -> None:
    """Raise PackError unless the holder of the named key signed the content."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        key.verify(signature, content)
    except (InvalidSignature, ValueError) as error:
        raise PackError("the signature is not of this manifest") from error
