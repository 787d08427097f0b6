"""Proxies, as the environment names them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxies(url: str) -> Mapping[str, str]:
    """Return the proxy to reach an address through, by its scheme; empty for none.

    It is looked up once: aiohttp would look up the environment and `.netrc` for every
    request.
    """
    address = urlsplit(url)
    proxy = getproxies().get(address.scheme)
    if proxy is None or proxy_bypass(address.netloc):
        return {}
    return {address.scheme: proxy}
