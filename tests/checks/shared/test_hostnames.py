"""What host names stand for: one host of an owner, or all that anyone can open."""

from __future__ import annotations

import pytest

from checks.shared.hostnames import (
    ADDRESS,
    is_claimable,
    is_shared,
    is_whole_service,
)
from scanner.model.cloud import CHINA, CLOUD_SUFFIXES, GOVERNMENT, Suffixes

WHOLE = [
    "azuredatabricks.net",
    "westeurope.azuredatabricks.net",
    "dev.azuresynapse.net",
    "batch.azure.com",
    "westeurope.batch.azure.com",
    "web.app",
    "a.run.app",
    "lambda-url.us-east-1.on.aws",
    "s3.amazonaws.com",
    "s3.eu-west-1.amazonaws.com",
    "execute-api.eu-west-1.amazonaws.com",
    "cloudfront.net",
    "herokuapp.com",
    "trycloudflare.com",
    "r2.dev",
    "digitaloceanspaces.com",
    "ams3.digitaloceanspaces.com",
    "ams3.cdn.digitaloceanspaces.com",
    "backblazeb2.com",
    "s3.us-west-004.backblazeb2.com",
    "appspot.com",
    "ew.r.appspot.com",
    "railway.app",
    "euw.devtunnels.ms",
    "z13.web.core.windows.net",
    "westeurope.cloudapp.azure.com",
    "azurecontainer.io",
    "westeurope.azurecontainer.io",
    "eastus2.azurecontainerapps.io",
    "eastus.data.azurecr.io",
    "westeurope.logic.azure.com",
    "inference.ml.azure.com",
    "westeurope.inference.ml.azure.com",
    "scm.azurewebsites.net",
    "privatelink.search.windows.net",
    "privatelink.blob.core.windows.net",
    "privatelink.vaultcore.azure.net",
    "z01.blob.storage.azure.net",
    "mongo.cosmos.azure.com",
    "redis.cache.windows.net",
    "z01.azurefd.net",
    "2.azurestaticapps.net",
    "blob.core.windows.net",
    "blob.core.usgovcloudapi.net",
    "blob.core.chinacloudapi.cn",
    "search.azure.us",
    "search.windows.net",
    "openai.azure.com",
    "windows.net",
    "com",
]
SINGLE = [
    "adb-1234567890123456.7.azuredatabricks.net",
    "contoso.dev.azuresynapse.net",
    "contoso.westeurope.batch.azure.com",
    "contoso.web.app",
    "orders-a1b2c3d4e5-ew.a.run.app",
    "bucket.s3.amazonaws.com",
    "bucket.s3.eu-west-1.amazonaws.com",
    "d111111abcdef8.cloudfront.net",
    "orders.herokuapp.com",
    "bucket.ams3.digitaloceanspaces.com",
    "bucket.ams3.cdn.digitaloceanspaces.com",
    "bucket.s3.us-west-004.backblazeb2.com",
    "orders.appspot.com",
    "orders.ew.r.appspot.com",
    "docs.z13.web.core.windows.net",
    "docs.z01.blob.storage.azure.net",
    "docs.privatelink.blob.core.windows.net",
    "app.westeurope.cloudapp.azure.com",
    "app.westeurope.azurecontainer.io",
    "app.happyhill-0a1b2c3d.eastus2.azurecontainerapps.io",
    "images.eastus.data.azurecr.io",
    "contoso.azurefd.net",
    "contoso-a1b2c3d4.z01.azurefd.net",
    "happy-hill-0a1b2c3d.azurestaticapps.net",
    "happy-hill-0a1b2c3d.2.azurestaticapps.net",
    "orders-01.azurewebsites.net",
    "orders-a1b2c3d4.westeurope-01.azurewebsites.net",
    "orders.scm.azurewebsites.net",
    "threads.mongo.cosmos.azure.com",
    "docs.blob.core.windows.net",
    "docs.blob.core.usgovcloudapi.net",
]
SHARED = [
    "westeurope.api.cognitive.microsoft.com",
    "virginia.api.cognitive.microsoft.us",
    "chinaeast2.api.cognitive.azure.cn",
    "eastus.stt.speech.microsoft.com",
    "usgovvirginia.tts.speech.azure.us",
    "chinaeast2.stt.speech.azure.cn",
    "prod-01.westeurope.logic.azure.com",
    "gist.githubusercontent.com",
]
NEITHER = ["graph.microsoft.com", "api.example.com", "notwindows.net", "blob.core.net"]


@pytest.mark.parametrize("cloud", CLOUD_SUFFIXES, ids=["public", "usgov", "china"])
def test_what_stands_for_a_whole_service_in_any_cloud(cloud: Suffixes) -> None:
    assert [each for each in WHOLE if not is_whole_service(each, cloud)] == []
    single = (*SINGLE, *NEITHER)
    assert [each for each in single if is_whole_service(each, cloud)] == []


@pytest.mark.parametrize("cloud", CLOUD_SUFFIXES, ids=["public", "usgov", "china"])
def test_whose_names_can_be_claimed(cloud: Suffixes) -> None:
    assert [each for each in SINGLE if not is_claimable(each, cloud)] == []
    assert [each for each in (*WHOLE, *NEITHER) if is_claimable(each, cloud)] == []


def test_hosts_that_all_customers_share() -> None:
    assert [each for each in SHARED if not is_shared(each)] == []
    assert [each for each in (*SINGLE, *NEITHER) if is_shared(each)] == []
    assert [each for each in SHARED if is_claimable(each, Suffixes())] == []


def test_a_cloud_of_its_own() -> None:
    own = Suffixes(storage="core.azs.example")
    assert is_whole_service("blob.core.azs.example", own)
    assert is_claimable("docs.blob.core.azs.example", own)
    assert not is_claimable("docs.blob.core.azs.example", GOVERNMENT)
    assert not is_whole_service("blob.core.azs.example", CHINA)


@pytest.mark.parametrize("host", ["0xa9.0xfe.0xa9.0xfe", "0xa9fea9fe", "10.0x1"])
def test_addresses_in_forms_that_only_resolvers_accept(host: str) -> None:
    assert ADDRESS.fullmatch(host)
