"""Clouds: the three that are built in, or one described by a TOML file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from scanner.model.cloud import CHINA, GOVERNMENT, Suffixes

_SUFFIX = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


class CloudError(Exception):
    """A cloud cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Where a cloud's Resource Manager and sign-in are.

    Endpoints of the built-in clouds: the cloud table of the Azure CLI, and for
    Microsoft Graph "National cloud deployments" (azure-docs).
    """

    name: str
    resource_manager: str
    authority: str
    audience: str
    """The token scope is this without trailing slash, plus `/.default`."""
    graph: str | None = None
    """Where Microsoft Graph is, which is its audience too; None where there is none."""
    ca_bundle: Path | None = None
    instance_discovery: bool = True
    suffixes: Suffixes = field(default_factory=Suffixes)

    @property
    def token_scope(self) -> str:
        """The scope a token is asked for."""
        return self.audience.rstrip("/") + "/.default"

    @property
    def host(self) -> str:
        """Host and port of Resource Manager: the only one a token is sent to."""
        return urlsplit(self.resource_manager).netloc.lower()


CLOUDS = (
    Cloud(
        name="AzureCloud",
        resource_manager="https://management.azure.com",
        authority="https://login.microsoftonline.com",
        audience="https://management.azure.com",
        graph="https://graph.microsoft.com",
    ),
    Cloud(
        name="AzureUSGovernment",
        resource_manager="https://management.usgovcloudapi.net",
        authority="https://login.microsoftonline.us",
        audience="https://management.usgovcloudapi.net",
        graph="https://graph.microsoft.us",
        suffixes=GOVERNMENT,
    ),
    Cloud(
        name="AzureChinaCloud",
        resource_manager="https://management.chinacloudapi.cn",
        authority="https://login.chinacloudapi.cn",
        audience="https://management.chinacloudapi.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        suffixes=CHINA,
    ),
)


class _CloudFile(msgspec.Struct, forbid_unknown_fields=True):
    """A cloud's TOML file."""

    name: str
    resource_manager: str
    authority: str
    audience: str
    graph: str | None = None
    ca_bundle: str | None = None
    instance_discovery: bool = True
    suffixes: dict[str, str] = {}


def find_cloud(name: str) -> Cloud:
    """Return a built-in cloud, or the one a TOML file describes.

    Raises CloudError for an unknown name, and for a file that cannot be used.
    """
    for cloud in CLOUDS:
        if cloud.name.lower() == name.lower():
            return cloud
    path = Path(name)
    if not _is_file(path):
        names = ", ".join(cloud.name for cloud in CLOUDS)
        raise CloudError(f"no cloud {name!r}: give one of {names}, or a TOML file")
    return _from_file(path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have such a name, or it is out of reach
        return False


def _from_file(path: Path) -> Cloud:
    try:
        text = msgspec.toml.decode(path.read_bytes(), type=_CloudFile)
    except (ValueError, RecursionError) as error:
        raise CloudError(f"{path} does not describe a cloud: {error}") from error
    except OSError as error:
        raise CloudError(f"{path} cannot be read: {error.strerror}") from error
    for key in ("resource_manager", "authority", "audience", "graph"):
        _require_https(path, key, getattr(text, key))
    return Cloud(
        name=text.name,
        resource_manager=text.resource_manager.rstrip("/"),
        authority=text.authority.rstrip("/"),
        audience=text.audience,
        graph=text.graph.rstrip("/") if text.graph is not None else None,
        ca_bundle=_ca_bundle(path, text.ca_bundle),
        instance_discovery=text.instance_discovery,
        suffixes=_suffixes(path, text.suffixes),
    )


def _require_https(path: Path, key: str, url: str | None) -> None:
    if url is not None and not is_https(url):
        raise CloudError(f"{path}: {key} must be an https:// address, not {url!r}")


def is_https(url: str) -> bool:
    """Whether a URL names a host over TLS, and no user."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _ca_bundle(path: Path, name: str | None) -> Path | None:
    if name is None:
        return None
    bundle = path.parent / name
    if not bundle.is_file():
        raise CloudError(f"{path}: ca_bundle {bundle} is no file")
    return bundle


def _suffixes(path: Path, given: dict[str, str]) -> Suffixes:
    for key, suffix in given.items():
        if not _SUFFIX.fullmatch(suffix):
            raise CloudError(
                f"{path}: suffixes.{key} must be a domain without a leading dot, as "
                f"core.windows.net is, not {suffix!r}"
            )
    try:
        return replace(Suffixes(), **given)
    except TypeError as error:
        known = ", ".join(Suffixes.__slots__)
        unknown = sorted(set(given) - set(Suffixes.__slots__))
        message = f"{path}: unknown suffix {unknown[0]!r}; known are {known}"
        raise CloudError(message) from error
