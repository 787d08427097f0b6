"""What a role lets somebody do with accounts that host models."""

from __future__ import annotations

from scanner.access.facts import Role
from scanner.access.roles import all_allowed_in, allowed_in

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
LIST_KEYS = f"{ACCOUNTS}/listKeys/action"
DEPLOY = f"{ACCOUNTS}/deployments/write"

MANAGING = (
    LIST_KEYS,
    f"{ACCOUNTS}/regenerateKey/action",
    f"{ACCOUNTS}/write",
    f"{ACCOUNTS}/delete",
)
"""What managing an account takes, and who only calls its models has no use for."""

MANAGING_PARTS = tuple(f"{ACCOUNTS}/*/{each}" for each in ("write", "delete", "action"))
"""The same of all that is in an account: deployments, filters, connections."""

MODELS = tuple(f"{ACCOUNTS}/{area}/*" for area in ("OpenAI", "AIServices", "MaaS"))
"""The data actions by which models and agents are used (azure-docs, "Azure permissions
for AI + machine learning")."""


def calls_models(role: Role) -> bool:
    """Whether a role allows a data action on models or agents."""
    return any(allowed_in(role, area, data=True) for area in MODELS)


def works_with_models(role: Role) -> bool:
    """Whether a role allows more on a model account than to look at it."""
    return calls_models(role) or any(
        allowed_in(role, action, data=False) for action in (*MANAGING, *MANAGING_PARTS)
    )


def uses_services(role: Role) -> bool:
    """Whether a role allows a data action that is more than reading, of any service.

    Accounts of AI Services have them all: Speech, Language and Vision beside models.
    """
    return any(
        not each.lower().endswith("/read")
        for each in all_allowed_in(role, f"{ACCOUNTS}/*", data=True)
    )


def managed_parts(role: Role) -> tuple[str, ...]:
    """Return how a role manages what is in an account: actions, or patterns of them."""
    return tuple(
        each
        for area in MANAGING_PARTS
        for each in all_allowed_in(role, area, data=False)
    )
