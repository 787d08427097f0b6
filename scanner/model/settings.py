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
    denied_subscriptions: tuple[str, ...] = ()
    """Ids of foreign subscriptions whose private endpoints are never acceptable."""
    expected_gateways: tuple[str, ...] = ()
    """Resource ids of API Management services that accounts are to be used through; if
    empty, what leads to an account is its gateway."""
    dns_filtering_expected: bool = True
    """Whether a DNS security policy is meant to block, not only to log."""
    dns_rule_limit: int = 100
    """Rules that one DNS security policy can have."""
    dns_log_min_days: int = 90
    """Days that DNS query logs are to be kept at least."""
    dns_log_max_days: int = 730
    """Days that DNS query logs are to be kept at most."""
    dns_writer_warning: int = 4
    """Principals that can change a DNS security policy above which they are many."""

    approved_principals: tuple[str, ...] = ()
    """Object ids of principals that may read keys and hold privileged roles."""
    break_glass_principals: tuple[str, ...] = ()
    """Object ids of emergency accounts, which hold privileged roles on purpose."""
    fine_tuning_principals: tuple[str, ...] = ()
    """Object ids of principals that may upload training files."""
    key_reader_warning: int = 3
    """Principals that can read the keys of a resource above which they are many."""
    direct_user_warning: int = 10
    """Users with data access to one account above which they are many."""
    direct_group_warning: int = 2
    """Groups with data access to one account above which they are many."""
    workspace_reader_warning: int = 10
    """Principals that can use a workspace's stored credentials: more are many."""
    owner_warning: int = 3
    """Assignments of Owner on one scope above which they are many."""
    custom_role_subscription_warning: int = 5
    """Subscriptions in which a custom role may be assigned above which it is wide."""
    approved_tenants: tuple[str, ...] = ()
    """Ids of other tenants that may manage what is here, or be managed from here."""
    approved_network_managers: tuple[str, ...] = ()
    """Resource ids of other tenants' network managers that may be used here."""
    approved_destinations: tuple[str, ...] = ()
    """Ids of other tenants' subscriptions that logs may be sent to."""
    foreign_application_roles: tuple[str, ...] = ()
    """Ids of roles that applications of other tenants may hold, beside IPAM's."""
    approved_applications: tuple[str, ...] = ()
    """Ids of applications that people of other tenants may sign in to."""
    application_secret_days: int = 180
    """Days that a client secret may last at most."""
    user_assigned_hubs: bool = False
    """Whether hubs are meant to sign in with user-assigned identities."""

    require_cmk: bool = False
    """Whether data at rest is to be encrypted with a key of the customer's own."""
    managed_group_writer_warning: int = 3
    """Principals that can change what Azure manages for an encrypted workspace: more
    are many."""

    conditions_built_in_portal: bool = False
    """Whether conditions are meant to come from the visual editor of the portal."""
    condition_window_hours: int = 0
    """Hours a time window of a condition may last at most; 0 sets no limit."""
    environment_tags: tuple[str, ...] = ("env", "environment", "stage")
    """Tags of environments; compared without case, dash, underscore and space."""
    production_values: tuple[str, ...] = ("prod", "production", "prd", "live")
    """Values of those tags that stand for production."""
    non_production_values: tuple[str, ...] = (
        "dev",
        "development",
        "test",
        "tst",
        "qa",
        "uat",
        "stage",
        "staging",
        "sandbox",
        "nonprod",
    )
    """Values that stand for something else; any other says neither."""
    sensitivity_tags: tuple[str, ...] = (
        "dataclassification",
        "classification",
        "sensitivity",
    )
    """Tags that mark sensitive data; compared without case, dash, underscore, space."""
    business_unit_tags: tuple[str, ...] = (
        "businessunit",
        "bu",
        "costcenter",
        "costcentre",
        "department",
    )
    """Tags of business units; compared without case, dash, underscore and space."""
