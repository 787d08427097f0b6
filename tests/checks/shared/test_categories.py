"""Categories of connections: each published one is known to take tokens, or not to."""

from __future__ import annotations

from azure.mgmt.cognitiveservices.models import ConnectionCategory

from checks.shared.categories import OF_ANY_SERVICE, WITHOUT_ENTRA

PUBLISHED = {each.value.lower() for each in ConnectionCategory}

OF_FOUNDRY = {
    "appinsights",
    "groundingwithbingsearch",
    "groundingwithcustomsearch",
    "modelgateway",
    "remotea2a",
    "remotetool",
}
"""Those that Foundry has beside the published ones."""

OF_MICROSOFT = {
    "adlsgen2",
    "aiservices",
    "azureblob",
    "azuredatabricksdeltalake",
    "azuredataexplorer",
    "azuremysqldb",
    "azureonelake",
    "azureopenai",
    "azurepostgresdb",
    "azuresqldb",
    "azuresqlmi",
    "azurestorageaccount",
    "azuresynapseanalytics",
    "azuretablestorage",
    "cognitivesearch",
    "cognitiveservice",
    "containerregistry",
    "cosmosdb",
    "cosmosdbmongodbapi",
    "dynamics",
    "dynamicsax",
    "dynamicscrm",
    "managedonlineendpoint",
    "office365",
    "redis",
    "serverless",
    "sharepointonlinelist",
}


def test_a_published_category_is_microsoft_s_or_takes_no_token() -> None:
    assert PUBLISHED - WITHOUT_ENTRA == OF_MICROSOFT
    assert WITHOUT_ENTRA - PUBLISHED == OF_FOUNDRY
    assert OF_ANY_SERVICE < WITHOUT_ENTRA
