"""What a cloud's name endings are, so that no check hard-codes the public ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffixes:
    """The DNS suffixes of a cloud's services, without a leading dot.

    Defaults: AzureCloud (the cloud table of the Azure CLI).
    """

    storage: str = "core.windows.net"
    search: str = "search.windows.net"
    openai: str = "openai.azure.com"
    cognitive: str = "cognitiveservices.azure.com"
    ai_services: str = "services.ai.azure.com"
    keyvault: str = "vault.azure.net"
    acr: str = "azurecr.io"
    cosmos: str = "documents.azure.com"
    apim: str = "azure-api.net"
    websites: str = "azurewebsites.net"
    ml_api: str = "api.azureml.ms"
    ml_notebooks: str = "notebooks.azure.net"
