"""Who can use Azure OpenAI and AI Services accounts with a key."""

from __future__ import annotations

from typing import Any

from checks.wording import shown
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.tenant import Tenant


@check(
    id="aoai-local-auth-disabled",
    title="Azure OpenAI accounts refuse API keys",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:AC-2",
        "NIST-800-53:AC-2(1)",
        "NIST-800-53:AC-2(7)",
        "NIST-800-53:AC-3",
        "NIST-800-53:IA-2",
        "NIST-800-53:IA-4",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.5.17",
        "ISO-27001-2022:A.8.5",
        "PCI-DSS-4.0.1:8.2.2",
    ),
    aliases=("fdp-local-auth-disabled",),
)
def local_auth_disabled(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`.

    Absent or null means false, that is, keys are accepted: the API leaves the key out
    of accounts where it was never set (Microsoft.CognitiveServices 2025-09-01; built-in
    policy 71ef260a).

    ## Why it matters
    Each of the two keys opens the whole data plane, for ever and for whoever holds it:
    a key can be limited to nothing, and the logs of what it did name nobody. One key in
    a repository or a chat message is enough to read fine-tuning files, run up the bill
    and get around a gateway that is meant to see every call.

    ## How to fix
    Set `disableLocalAuth` to true, after every caller has been given an Entra role with
    data actions, such as Cognitive Services OpenAI User, and uses a token.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true}
    }'
    ```

    ```bicep
    properties: {
      disableLocalAuth: true
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      local_auth_enabled = false
    }
    ```

    Clients that use a key stop working at once, and so do Foundry connections, prompt
    flows and API Management backends that hold one. Owner and Contributor do not help:
    they carry no data actions, so grant the data roles first. Entra tokens also need
    the account to have a custom subdomain.

    ## Exceptions
    Features that still take keys only are a reason for an exemption with an expiry.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    if account.local_auth_disabled:
        return passed("disableLocalAuth is true")
    value = shown(account.local_auth_disabled)
    return failed(f"disableLocalAuth is {value}: keys are accepted")


CHECKS: tuple[Check[Any], ...] = (local_auth_disabled,)
