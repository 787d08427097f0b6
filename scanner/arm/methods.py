"""Ways to sign in: the values of `--auth`."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Method(StrEnum):
    """How to sign in; each is a credential of azure-identity."""

    DEFAULT = "default"
    CLI = "cli"
    ENVIRONMENT = "environment"
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"


NEXT_STEP = {
    Method.DEFAULT: "run `az login`, or choose a way to sign in with --auth",
    Method.CLI: "run `az login`",
    Method.ENVIRONMENT: "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret or "
    "certificate that goes with them",
    Method.MANAGED_IDENTITY: "check that this host has an identity (and "
    "AZURE_CLIENT_ID if it is a user-assigned one)",
    Method.WORKLOAD_IDENTITY: "check AZURE_TENANT_ID, AZURE_CLIENT_ID and "
    "AZURE_FEDERATED_TOKEN_FILE",
}
"""What to do when signing in fails."""

REACH = "check the network, the proxy and, in the file for --cloud, `authority`"
"""What to do when the host to sign in at cannot be reached."""
