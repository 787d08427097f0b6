"""What a list or a connection names: the host that is called, and whose names are."""

from __future__ import annotations

import pytest

from checks.shared.hosts import plain_host


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("find.search.windows.net", "find.search.windows.net"),
        (" HTTPS://Find.Search.Windows.Net./docs?x=1#y ", "find.search.windows.net"),
        ("find.search.windows.net:443", "find.search.windows.net"),
        ("//find.search.windows.net", "find.search.windows.net"),
        ("find.privatelink.search.windows.net", "find.search.windows.net"),
        ("abfss://files@store.dfs.core.windows.net/a", "store.dfs.core.windows.net"),
        ("https://find.search.windows.net@evil.com/", "evil.com"),
        ("https://find.search.windows.net:443@evil.com/", "evil.com"),
        ("find.search.windows.net:443@evil.com", "evil.com"),
        ("https://evil.com/@find.search.windows.net", "evil.com"),
        ("https://evil.com#find.search.windows.net", "evil.com"),
        ("https://b\u00fccher.example/x", "xn--bcher-kva.example"),
        ("https://[2001:db8::1]:8080/", "2001:db8::1"),
        ("", ""),
        ("_", "_"),
    ],
)
def test_the_host_that_is_called(entry: str, host: str) -> None:
    assert plain_host(entry) == host


@pytest.mark.parametrize(
    "entry",
    [
        "https://evil.com\\@find.search.windows.net",
        "https://find.search.windows.net\\@evil.com",
        "https:find.search.windows.net",
        "https://find.search.windows.net:x/",
        "https://[find.search.windows.net/",
        "https:///find.search.windows.net",
    ],
)
def test_what_clients_do_not_agree_on_is_no_host(entry: str) -> None:
    assert plain_host(entry) == entry
