"""What every test is kept from: the sign-in, proxies and terminal of this machine."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from scanner.cli.main import COLLECT_AFTER

# How long an example takes says more about the machine than about the code.
settings.register_profile("posture", deadline=None)
settings.load_profile("posture")

_PREFIXES = ("AZURE_", "IDENTITY_", "MSI_")
_SUFFIXES = ("_PROXY",)
_NAMES = frozenset(
    {"CI", "COLUMNS", "CURL_CA_BUNDLE", "NO_COLOR", "REQUESTS_CA_BUNDLE"}
    | {"FORCE_COLOR", "SSL_CERT_FILE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
)


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as the command does, and not among the tests."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        upper = name.upper()
        if upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES) or upper in _NAMES:
            monkeypatch.delenv(name)
