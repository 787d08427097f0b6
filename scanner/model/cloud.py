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
    sign_in: str = "login.microsoftonline.com"


GOVERNMENT = Suffixes(
    storage="core.usgovcloudapi.net",
    search="search.azure.us",
    openai="openai.azure.us",
    cognitive="cognitiveservices.azure.us",
    ai_services="services.ai.azure.us",
    keyvault="vault.usgovcloudapi.net",
    acr="azurecr.us",
    cosmos="documents.azure.us",
    apim="azure-api.us",
    websites="azurewebsites.us",
    ml_api="api.ml.azure.us",
    ml_notebooks="notebooks.usgovcloudapi.net",
    sign_in="login.microsoftonline.us",
)

CHINA = Suffixes(
    storage="core.chinacloudapi.cn",
    search="search.azure.cn",
    openai="openai.azure.cn",
    cognitive="cognitiveservices.azure.cn",
    ai_services="services.ai.azure.cn",
    keyvault="vault.azure.cn",
    acr="azurecr.cn",
    cosmos="documents.azure.cn",
    apim="azure-api.cn",
    websites="chinacloudsites.cn",
    ml_api="api.ml.azure.cn",
    ml_notebooks="notebooks.chinacloudapi.cn",
    sign_in="login.chinacloudapi.cn",
)

CLOUD_SUFFIXES = (Suffixes(), GOVERNMENT, CHINA)
"""Those of the clouds that are built in: a host may be of another than was scanned."""
