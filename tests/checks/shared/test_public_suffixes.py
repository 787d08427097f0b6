"""Public suffixes: which domains have names of anyone's below them."""

from __future__ import annotations

import pytest

from checks.shared.public_suffixes import is_public_suffix


@pytest.mark.parametrize(
    "domain", ["", "com", "uk", "co.uk", "me.uk", "nhs.uk", "or.jp", "ne.jp", "gov.br"]
)
def test_a_registry_gives_out_names_there(domain: str) -> None:
    assert is_public_suffix(domain)


@pytest.mark.parametrize(
    "domain", ["python.org", "ad.nl", "me.de", "co.com", "own.co.uk", "bmw.de"]
)
def test_a_domain_has_an_owner(domain: str) -> None:
    assert not is_public_suffix(domain)
