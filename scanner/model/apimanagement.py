"""API Management: services in front of models, and how they sign in to them."""

from __future__ import annotations

from scanner.model.fields import Amount, Flag, Keys, Text, Texts
from scanner.model.identity import Identified
from scanner.model.insights import DiagnosticSetting
from scanner.model.resource import Children, Resource

API_VERSION = "2024-05-01"

_SERVICES = "Microsoft.ApiManagement/service"


class Policy(Resource):
    """A policy as XML, in which secrets are struck out."""

    api_version = API_VERSION

    xml = Text("properties.value")


class ServicePolicy(Policy):
    """The policy of all APIs of a service."""

    type = f"{_SERVICES}/policies"


class ApiPolicy(Policy):
    """The policy of one API."""

    type = f"{_SERVICES}/apis/policies"


class PolicyFragment(Policy):
    """A piece of a policy, which others include by its name."""

    type = f"{_SERVICES}/policyFragments"


class ProductPolicy(Policy):
    """The policy of what is called by way of a product."""

    type = f"{_SERVICES}/products/policies"


class ProductApi(Resource):
    """An API that is in a product."""

    type = f"{_SERVICES}/products/apiLinks"
    api_version = API_VERSION

    api_id = Text("properties.apiId")


class Product(Resource):
    """APIs that are subscribed to together."""

    type = f"{_SERVICES}/products"
    api_version = API_VERSION

    policies = Children(ProductPolicy)
    apis = Children(ProductApi)


class Api(Resource):
    """An API, in one of its revisions."""

    type = f"{_SERVICES}/apis"
    api_version = API_VERSION

    service_url = Text("properties.serviceUrl")
    is_current = Flag("properties.isCurrent")

    policies = Children(ApiPolicy)


class Backend(Resource):
    """What APIs are answered by; of its credentials only the names are kept."""

    type = f"{_SERVICES}/backends"
    api_version = API_VERSION

    url = Text("properties.url")
    headers = Keys("properties.credentials.header")
    parameters = Keys("properties.credentials.query")
    pool_ids = Texts("properties.pool.services[].id")
    """Of a pool, which passes calls on to other backends."""


class NamedValue(Resource):
    """A value that policies and backends name; the value itself is not kept."""

    type = f"{_SERVICES}/namedValues"
    api_version = API_VERSION

    display_name = Text("properties.displayName")
    secret = Flag("properties.secret")


class GatewayDiagnostic(Resource):
    """Which logger the calls of all APIs go to; its name says of which kind it is."""

    type = f"{_SERVICES}/diagnostics"
    api_version = API_VERSION

    logger_id = Text("properties.loggerId")
    percentage = Amount("properties.sampling.percentage")
    """How much of the calls is logged."""


class ApiService(Identified):
    """An API Management service."""

    type = _SERVICES
    api_version = API_VERSION

    regional_url = Text("properties.gatewayRegionalUrl")
    subnet_id = Text("properties.virtualNetworkConfiguration.subnetResourceId")
    other_subnet_ids = Texts(
        "properties.additionalLocations[].virtualNetworkConfiguration.subnetResourceId",
        sparse=True,
    )
    """Of its other regions, as far as they are in a network."""
    addresses = Texts("properties.privateIPAddresses")

    policies = Children(ServicePolicy)
    fragments = Children(PolicyFragment)
    products = Children(Product)
    apis = Children(Api)
    backends = Children(Backend)
    diagnostics = Children(GatewayDiagnostic)
    diagnostic_settings = Children(DiagnosticSetting)
