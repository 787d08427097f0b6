from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.shared.links import partners, workspaces_with
from scanner.model.check import Post, Severity, Topic, Verdict, check, info
from scanner.model.cognitive import CognitiveAccount
from scanner.model.search import SearchService
from scanner.model.tenant import Tenant

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
SEARCHES = f"{PROVIDERS}/Microsoft.Search/searchServices"
ACCOUNTS = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts"


@dataclass(frozen=True)
class Edge:
    """A connection, in an estate of two hubs with two projects each."""

    owner: str
    target: str
    entra: bool
    shared: bool


HUBS = {"h0": None, "h1": None}
PROJECTS = {"p0": "h0", "p1": "h0", "p2": "h1", "p3": "h1"}
TARGETS = {
    "s0": f"{SEARCHES}/s0",
    "s1": f"{SEARCHES}/s1",
    "a0": f"{ACCOUNTS}/a0",
    "a1": f"{ACCOUNTS}/a1",
}

edges = st.lists(
    st.builds(
        Edge,
        owner=st.sampled_from([*HUBS, *PROJECTS]),
        target=st.sampled_from(sorted(TARGETS)),
        entra=st.booleans(),
        shared=st.booleans(),
    ),
    max_size=8,
)


def bodies(found: list[Edge]) -> list[Body]:
    shells = [
        {
            "id": f"{WORKSPACES}/{name}",
            "kind": "Project" if hub else "Hub",
            "properties": {"hubResourceId": hub and f"{WORKSPACES}/{hub}"},
        }
        for name, hub in {**HUBS, **PROJECTS}.items()
    ]
    services = [{"id": target, "properties": {}} for target in TARGETS.values()]
    return [*shells, *services, *map(_connection, range(len(found)), found)]


def _connection(number: int, edge: Edge) -> Body:
    properties = {
        "authType": "AAD" if edge.entra else "ApiKey",
        "isSharedToAll": edge.shared,
        "metadata": {"ResourceId": TARGETS[edge.target].upper()},
    }
    id = f"{WORKSPACES}/{edge.owner}/connections/c{number}"  # noqa: A001
    return {"id": id, "properties": properties}


def sees(workspace: str, target: str, found: list[Edge]) -> bool:
    """Whether a workspace can use a target with Entra ID, told one edge at a time."""
    return any(
        edge.entra
        and edge.target == target
        and (
            edge.owner == workspace
            or (edge.shared and edge.owner == PROJECTS.get(workspace))
        )
        for edge in found
    )


@check(
    id="who-is-beside",
    title="Who is beside a Search service",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=SearchService,
    guidance=Post.FOUNDRY_IDENTITY,
)
def beside(service: SearchService, _: Tenant) -> Verdict:
    """Reads `properties.authType`."""
    seeing = sorted(each.name.lower() for each in workspaces_with(service))
    others = sorted(each.name.lower() for each in partners(service, CognitiveAccount))
    return info(f"{seeing} {others}")


@given(found=edges)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_who_uses_what_beside_what(verdicts: Verdicts, found: list[Edge]) -> None:
    results = verdicts(beside, *bodies(found))
    for name in ("s0", "s1"):
        result = results.only(TARGETS[name])
        seeing = [each for each in [*HUBS, *PROJECTS] if sees(each, name, found)]
        others = [
            account
            for account in ("a0", "a1")
            if any(sees(each, account, found) for each in seeing)
        ]
        assert result.reason == f"{seeing} {others}"
