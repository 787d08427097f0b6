"""What an organisation decides: the settings checks read, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force; each check's documentation names those it reads."""

    approved_fqdns: tuple[str, ...] = ()
    """Host names an account may call though no scanned resource owns them."""
    fqdn_list_warning: int = 20
    """Entries in an outbound list above which it is no longer minimal."""
    blocked_fqdn_suffixes: tuple[str, ...] = (
        "webhook.site",
        "requestbin.com",
        "pipedream.net",
        "pastebin.com",
        "ngrok.io",
        "ngrok-free.app",
        "github.io",
        "transfer.sh",
    )
    """Public paste, tunnel and webhook hosts that anyone can open."""
    ip_rule_warning: int = 20
    """IP rules above which an allow-list is no longer narrow."""
    dns_filtering_expected: bool = True
    """Whether a DNS security policy is meant to block, not only to log."""
