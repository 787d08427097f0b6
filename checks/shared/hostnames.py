"""Host names in lists of allowed hosts: their form, and what they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache

from scanner.model.cloud import CLOUD_SUFFIXES, Suffixes
from scanner.model.tenant import Tenant

NUMBER = "(?:0x[0-9a-f]+|[0-9]+)"
ADDRESS = re.compile(
    rf"{NUMBER}(?:\.{NUMBER})*(?:/[0-9]+)?"  # also the forms only resolvers accept
    r"|\[?[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.%/\]]*"
)
LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})+")

STORAGE_SERVICES = ("blob", "file", "queue", "table", "dfs", "web")

REGIONAL_ENDPOINTS = (
    "api.cognitive.microsoft.com",
    "api.cognitive.microsoft.us",
    "api.cognitive.azure.cn",
)
"""What the Cognitive Services accounts of a region share, by the cloud."""
SHARED_HOSTS = (
    *REGIONAL_ENDPOINTS,
    "speech.microsoft.com",
    "speech.azure.us",
    "speech.azure.cn",
    "logic.azure.com",
    "logic.azure.us",
    "logic.azure.cn",
    "gist.githubusercontent.com",
    "raw.githubusercontent.com",
)
"""Hosts that serve everybody: a key or a path, not the name, says whose data it is."""

WELL_KNOWN_SUFFIXES = (
    *REGIONAL_ENDPOINTS,
    "*.awsapprunner.com",
    "*.azurecontainer.io",
    "*.azurecontainerapps.io",
    "*.azuredatabricks.net",
    "*.batch.azure.com",
    "*.cdn.digitaloceanspaces.com",
    "*.cloudapp.azure.com",
    "*.cosmos.azure.com",
    "*.database.azure.com",
    "*.devtunnels.ms",
    "*.digitaloceanspaces.com",
    "*.elasticbeanstalk.com",
    "*.eventgrid.azure.net",
    "*.inference.ml.azure.com",
    "*.kusto.windows.net",
    "*.logic.azure.com",
    "*.r.appspot.com",
    "*.run.app",
    "[0-9].azurestaticapps.net",
    "[a-z][0-9][0-9].azurefd.net",
    "amazonaws.com",
    "amplifyapp.com",
    "appspot.com",
    "azure-devices.net",
    "azureedge.net",
    "azurefd.net",
    "azurestaticapps.net",
    "b-cdn.net",
    "cloudfront.net",
    "cloudfunctions.net",
    "database.windows.net",
    "deno.dev",
    "dev.azuresynapse.net",
    "execute-api.*.amazonaws.com",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "githubusercontent.com",
    "gitlab.io",
    "herokuapp.com",
    "hf.space",
    "lambda-url.*.on.aws",
    "loca.lt",
    "netlify.app",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.app",
    "ngrok.dev",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "r2.cloudflarestorage.com",
    "r2.dev",
    "redis.cache.windows.net",
    "s3.*.amazonaws.com",
    "s3.*.backblazeb2.com",
    "s3.amazonaws.com",
    "service.signalr.net",
    "servicebus.windows.net",
    "sharepoint.com",
    "sql.azuresynapse.net",
    "storage.googleapis.com",
    "supabase.co",
    "surge.sh",
    "trafficmanager.net",
    "trycloudflare.com",
    "up.railway.app",
    "vaultcore.azure.net",
    "vercel.app",
    "web.app",
    "webpubsub.azure.com",
    "workers.dev",
    "z[0-9][0-9].*.storage.azure.net",
)
"""Endings under which anyone can open a host, beside those of the clouds.

Between some and the label of an owner there is a region or the like: `*`.
"""


def host_name(entry: str) -> str:
    """Return an entry as DNS would be asked for it: lower case, ASCII, no last dot."""
    text = unicodedata.normalize("NFKC", entry).strip().lower()
    labels = text.replace("\u3002", ".").removesuffix(".").split(".")
    return ".".join(map(_ascii, labels))


def _ascii(label: str) -> str:
    """Return a label in the form that DNS carries (RFC 3492)."""
    if label.isascii():
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def without_privatelink(host: str) -> str:
    """Return the public name that a name in the zone of private endpoints is for."""
    return f".{host}".replace(".privatelink.", ".")[1:]


def is_within(host: str, suffix: str) -> bool:
    """Whether a host is a suffix or lies below it."""
    return host == suffix or host.endswith(f".{suffix}")


def fault(entry: str, tenant: Tenant) -> str:
    """Return why an entry is not one named host of a known owner; empty if it is."""
    host = host_name(entry)
    return misshapen(host) or unbounded(host, tenant)


def misshapen(host: str) -> str:
    """Return why an entry is no host name; empty if it is one."""
    if ADDRESS.fullmatch(host):
        return "IP address"
    if "*" in host:
        return "wildcard"
    if any(mark in host for mark in "/?#@\\"):
        return "scheme or path"
    return "" if HOST.fullmatch(host) else "no host name"


def unbounded(host: str, tenant: Tenant) -> str:
    """Return why a host is not one owner's; empty if it is."""
    if is_whole_service(host, tenant.suffixes):
        return "a whole service"
    if is_shared(host):
        return "shared by all customers"
    blocked = _blocked(tenant)
    return "open to anyone" if any(is_within(host, each) for each in blocked) else ""


def is_shared(host: str) -> bool:
    """Whether a host serves everybody, and so says nothing of whose data it is."""
    return any(is_within(host, shared) for shared in SHARED_HOSTS)


def is_regional(host: str) -> bool:
    """Whether a host is one that the Cognitive Services accounts of a region share."""
    return any(is_within(host, shared) for shared in REGIONAL_ENDPOINTS)


def is_anyone_s(domain: str, tenant: Tenant) -> bool:
    """Whether anyone can get a name below a domain: no label of it is an owner's."""
    blocked = _blocked(tenant)
    if any(is_within(domain, each) or is_within(each, domain) for each in blocked):
        return True
    if is_whole_service(domain, tenant.suffixes):
        return True
    rare = (_labels(each) for each in _like_an_owner_s(tenant.suffixes))
    return any(_leads_up_to(_labels(domain), each) for each in rare)


def is_whole_service(host: str, suffixes: Suffixes) -> bool:
    """Whether a host is an ending under which hosts are opened, or lies above one."""
    labels = _labels(host)
    return any(_leads_up_to(labels, each) for each in _endings_of(labels, suffixes))


def is_claimable(host: str, suffixes: Suffixes) -> bool:
    """Whether a host is below such an ending: its name is free once its owner goes."""
    labels = _labels(host)
    below = any(_is_below(labels, each) for each in _endings_of(labels, suffixes))
    return below and not is_shared(host) and not is_whole_service(host, suffixes)


Labels = list[str]
"""The labels of a name, the last one first; those of an ending may be patterns."""


def _labels(host: str) -> Labels:
    return without_privatelink(host).split(".")[::-1]


def _leads_up_to(labels: Labels, ending: Labels) -> bool:
    """Whether a name is an ending or one above it."""
    return len(labels) <= len(ending) and all(map(fnmatchcase, labels, ending))


def _is_below(labels: Labels, ending: Labels) -> bool:
    return len(labels) > len(ending) and all(map(fnmatchcase, labels, ending))


def _endings_of(labels: Labels, suffixes: Suffixes) -> Iterable[Labels]:
    """Return the endings that agree with a name in its last labels, which are plain."""
    return _endings(suffixes).get(tuple(labels[:2]), ())


@cache
def _endings(suffixes: Suffixes) -> Mapping[tuple[str, ...], Iterable[Labels]]:
    """Return the endings of all clouds by their last label, and by their last two."""
    found = defaultdict[tuple[str, ...], list[Labels]](list)
    clouds = (each for cloud in (suffixes, *CLOUD_SUFFIXES) for each in _of(cloud))
    for ending in dict.fromkeys((*clouds, *WELL_KNOWN_SUFFIXES)):
        labels = _labels(ending)
        found[tuple(labels[:1])].append(labels)
        found[tuple(labels[:2])].append(labels)
    return found


def _of(cloud: Suffixes) -> Iterator[str]:
    """Yield the endings of a cloud's services."""
    yield from (f"{service}.{cloud.storage}" for service in STORAGE_SERVICES)
    yield f"z[0-9]*.web.{cloud.storage}"
    yield from (cloud.openai, cloud.cognitive, cloud.ai_services, cloud.keyvault)
    yield from (cloud.search, cloud.cosmos)
    yield from (cloud.acr, f"*.data.{cloud.acr}")
    yield from (cloud.apim, f"regional.{cloud.apim}")
    yield from (cloud.websites, f"scm.{cloud.websites}")


def _like_an_owner_s(suffixes: Suffixes) -> Iterator[str]:
    """Yield the endings with a region that a host of one owner may look like."""
    yield f"*-[0-9][0-9].{suffixes.websites}"
    yield "*.[0-9].azurestaticapps.net"


def _blocked(tenant: Tenant) -> list[str]:
    return [*map(host_name, tenant.settings.blocked_fqdn_suffixes)]
