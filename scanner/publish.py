"""The one write: a run's own files, into Azure Blob Storage, where a user asks for it.

Nothing of the tenant that was scanned is changed, and nothing is ever overwritten.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from reports import FORMATS
from scanner.arm.clouds import CLOUDS, Cloud, is_https
from scanner.arm.credentials import TenantCredential, credential
from scanner.arm.errors import SignInError, without_password
from scanner.arm.limits import Limits
from scanner.arm.methods import Method
from scanner.arm.transport import open_wire
from scanner.model.results import Run
from scanner.snapshot.manifest import MANIFEST, parts_on_disk

BLOCK = 8 << 20
"""Bytes of a block: a file of any size is sent in so many."""

_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
}


class PublishError(Exception):
    """A run was not published; what of it may be there all the same is named."""


def name_of(run: Run, directory: Path) -> str:
    """Return what a run is published as: when it began, and a hash of its files.

    So two runs never share a name, though both began in the same second or one is the
    other, gone on with; the same files always have the same name.
    """
    began = run.started.translate(_COMPACT)
    partial = () if run.complete else ("partial",)
    return "-".join(("posture", began, *partial, _digest(directory)[:_TOLD]))


_COMPACT = str.maketrans("", "", "-:")
_TOLD = 12
"""Digits of a hash that are told."""


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for name, path in _files(directory):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()


def place_of(url: str, cloud: Cloud) -> tuple[str, str]:
    """Return the container's URL and the folder in it that a URL names.

    `https://ACCOUNT.blob.core.windows.net/CONTAINER[/FOLDER]`. Raises PublishError,
    which quotes nothing of an address that may hold a key.
    """
    if not is_https(url):
        raise PublishError("give the https:// address of a blob container, and no more")
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise PublishError("an address with a signature is not taken: sign in instead")
    host = parts.hostname or ""
    ours = (f".blob.{cloud.suffixes.storage}", _DNS_ZONES)
    if cloud in CLOUDS and not host.endswith(ours):
        raise PublishError(f"{host} is no blob service of {cloud.name}")
    container, *folder = _segments(parts.path, parts.netloc)
    root = parts.path.strip("/").removesuffix("/".join(folder)).strip("/")
    if not container:
        raise PublishError(f"{url} names no container")
    return f"https://{parts.netloc}/{root}", "/".join(folder)


_DNS_ZONES = ".blob.storage.azure.net"
"""Of accounts that were made with the endpoint type "Azure DNS zone"."""


def _segments(path: str, host: str) -> list[str]:
    """Return container and folders; a host without `.blob.` has the account first."""
    segments = path.strip("/").split("/")
    return segments if ".blob." in host else segments[1:] or [""]


async def publish(
    directory: Path, run: Run, url: str, cloud: Cloud, method: Method
) -> str:
    """Put a run's files under a name of its own; return where. Raises PublishError.

    All content is sent before any of it shows: blocks that were staged and never
    committed are no blobs, and Azure drops them after a week ("Put Block List").
    """
    container, folder = place_of(url, cloud)
    try:
        prefix = "/".join(filter(None, (folder, name_of(run, directory))))
        files = {f"{prefix}/{inner}": path for inner, path in _files(directory)}
        async with _container(container, cloud, method) as client:
            await _require_new(client, prefix)
            staged = await _stage(client, files)
            await _commit(client, staged)
    except (AzureError, SignInError, OSError) as error:
        told = f"nothing was published to {url}: {_reason(error)}"
        raise PublishError(told) from error
    return f"{container}/{prefix}"


def _reason(error: BaseException) -> str:
    said = getattr(error, "reason", None) or str(error).partition("\n")[0]
    return without_password(str(said)) or type(error).__name__


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield a run's own files by name, the results last: who sees them sees all.

    Whatever else lies in its directory stays there.
    """
    parts = parts_on_disk(directory / "snapshot")
    inner = (f"snapshot/{name}" for name in (*parts, MANIFEST))
    reports = (name for files in FORMATS.values() for name in files)
    for name in (*inner, *sorted(reports)):
        if (directory / name).is_file():
            yield name, directory / name


@asynccontextmanager
async def _container(
    url: str, cloud: Cloud, method: Method
) -> AsyncIterator[ContainerClient]:
    async with open_wire(cloud, Limits()) as wire:
        key = credential(method, cloud, None, wire.transport)
        try:
            yield ContainerClient.from_container_url(
                url,
                credential=_OfStorage(key),
                transport=wire.transport,
                permit_redirects=False,
            )
        finally:
            await key.close()


class _OfStorage:
    """A credential of blob storage alone.

    A host may ask by its challenge for a token of whatever else, and of any tenant.
    """

    def __init__(self, inner: TenantCredential) -> None:
        self._inner = inner

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        """Return a token; raises SignInError."""
        return await self._inner.get_token(_SCOPE)

    async def get_token_info(self, *_: str, **__: Any) -> AccessTokenInfo:
        """Return a token; raises SignInError."""
        return await self._inner.get_token_info(_SCOPE)

    async def close(self) -> None:
        """Leave it to who made the credential."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


_SCOPE = "https://storage.azure.com/.default"


async def _require_new(client: ContainerClient, prefix: str) -> None:
    async for blob in client.list_blobs(name_starts_with=f"{prefix}/"):
        raise PublishError(f"{blob.name} is there already: no run is overwritten")


async def _stage(
    client: ContainerClient, files: Mapping[str, Path]
) -> dict[str, list[BlobBlock]]:
    staged = {}
    for name, path in files.items():
        staged[name] = await _send(client.get_blob_client(name), path)
    return staged


async def _send(blob: BlobClient, path: Path) -> list[BlobBlock]:
    blocks = []
    for number, content in enumerate(_blocks(path)):
        block = f"{number:06d}"
        await blob.stage_block(block, content, length=len(content))
        blocks.append(BlobBlock(block))
    return blocks


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while content := file.read(BLOCK):
            yield content


async def _commit(
    client: ContainerClient, staged: Mapping[str, list[BlobBlock]]
) -> None:
    """Let everything show, or nothing: what fails half-way is taken back.

    Raises PublishError with what may show all the same: what could not be taken back,
    and a blob that was there or whose fate no answer told. That one may be another
    job's, so it is left alone.
    """
    shown: list[str] = []
    name = ""
    try:
        for name, blocks in staged.items():
            blob = client.get_blob_client(name)
            settings = ContentSettings(content_type=_type_of(name))
            await blob.commit_block_list(
                blocks,
                content_settings=settings,
                match_condition=MatchConditions.IfMissing,
            )
            shown.append(name)
    except BaseException as error:
        remaining = await asyncio.shield(_take_back(client, shown))
        if not _is_refusal(error):
            remaining.append(name)
        if remaining:
            raise PublishError(
                f"publishing failed half-way: {_reason(error)}; these blobs may be "
                f"there: {', '.join(remaining)}"
            ) from error
        raise


def _is_refusal(error: BaseException) -> bool:
    """Whether Azure answered that a blob was not made, and not that it is there."""
    status = getattr(error, "status_code", None) or 0
    return 400 <= status < 500 and status not in {408, 409, 412}


async def _take_back(client: ContainerClient, names: Iterable[str]) -> list[str]:
    """Delete blobs; return those that may be there still."""
    gone = await asyncio.gather(*(_is_gone(client, name) for name in names))
    return [name for name, done in zip(names, gone, strict=True) if not done]


async def _is_gone(client: ContainerClient, name: str) -> bool:
    try:
        await client.get_blob_client(name).delete_blob()
    except ResourceNotFoundError:
        return True
    except (AzureError, SignInError, OSError):
        return False
    return True


def _type_of(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")
