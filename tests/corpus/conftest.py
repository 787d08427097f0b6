"""Recorded responses of real services as one tenant, and a scan of it."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from scanner.arm.clouds import find_cloud
from scanner.arm.methods import Method
from scanner.cli.run import in_loop
from scanner.collect.assemble import assemble, reading_of
from scanner.collect.order import Order
from scanner.collect.read import itself
from scanner.collect.reads import ABOVE, BELOW, READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.scan import scan
from scanner.collect.scope import IDLE, Selection
from scanner.collect.watch import Watch
from scanner.emulator import Estate, Options
from scanner.emulator.background import in_thread
from scanner.emulator.estate import Tenant
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import Reading
from scanner.model.dns import ResolverPolicy
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId, id_key
from scanner.model.insights import DiagnosticCategory, DiagnosticSetting
from scanner.model.keyvault import VaultKey
from scanner.model.loganalytics import (
    QUERIES,
    DataCollectionRule,
    LogTable,
    LogWorkspace,
)
from scanner.model.machinelearning import Workspace
from scanner.model.network import PrivateEndpoint
from scanner.model.policy import Lock, PolicyAssignment, PolicySetDefinition
from scanner.model.privatedns import PrivateZone
from scanner.model.resource import Record, Resource
from scanner.model.resources import Descendant, ManagementGroup, Subscription
from scanner.model.storage import StorageAccount
from scanner.snapshot.reader import Snapshot

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
NO_RESOURCES = {"errors", "observed", "property-names"}
NAMES_NO_RESOURCE = {"oracle.json"}
DESCENDANT_LIST = "GetDescendants.json"
"""A list of what has the ids of management groups and subscriptions and is neither."""

DELETED = re.compile(
    r"(/subscriptions/[^/]+)/providers/Microsoft.CognitiveServices/locations/[^/]+"
    r"(/resourceGroups/[^/]+)/deletedAccounts/([^/]+)"
)

TENANT_ID = "c0c0c0c0-0000-4000-8000-000000000001"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
"""Where recordings with masked ids lie, and so most of them."""

Body = dict[str, Any]
Ledger = tuple[list[Record], list[Reading]]
Scan = Callable[..., Snapshot]

COLLECTED = {
    read.of.type.lower(): read
    for read in (SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS, *READS)
}


def _parents() -> Mapping[str, set[str]]:
    """Return the types at which each type is read, where not subscriptions alone."""
    parents: dict[str, set[str]] = defaultdict(set)
    for read in READS:
        if read.place is itself:
            parents[read.of.type.lower()].add(read.at.type.lower())
    return {
        kind: types
        for kind, types in parents.items()
        if types != {Subscription.type.lower()}
    }


PARENTS = _parents()

LISTED_ABOVE = {read.of.type for read in ABOVE} - {RoleAssignment.type}
"""The types of which a scan lists those at a management group there alone."""

_ACCOUNT = f"/resourceGroups/corpus/providers/{CognitiveAccount.type}/any"

MADE_UP: Mapping[type[Resource], Body] = {
    CognitiveAccount: {"kind": "AIServices"},
    Workspace: {
        "kind": "Hub",
        "properties": {
            "managedNetwork": {"isolationMode": "AllowInternetOutbound"},
            "encryption": {"status": "Enabled"},
        },
    },
    StorageAccount: {"kind": "StorageV2"},
    CosmosAccount: {"kind": "GlobalDocumentDB"},
    PrivateZone: {"name": "privatelink.example"},
    PrivateEndpoint: {
        "properties": {
            "privateLinkServiceConnections": [
                {"properties": {"privateLinkServiceId": f"{SUBSCRIPTION}{_ACCOUNT}"}}
            ]
        }
    },
}
"""What parents have that call for every read of their children."""

PARENT_VIEWS = {ManagementGroup.type.lower(): ManagementGroup} | {
    read.at.type.lower(): read.at for read in READS
}


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return where the recorded responses are."""
    if not CORPUS.is_dir():
        pytest.skip(f"there are no recorded responses at {CORPUS}")
    return CORPUS


@pytest.fixture(scope="session")
def recorded(corpus: Path) -> list[Body]:
    """Return every body of a collected type, as recorded."""
    return list(_collected(corpus))


@pytest.fixture(scope="session")
def bodies(recorded: list[Body]) -> list[Body]:
    """Return every distinct body of a collected type, as one tenant may hold them."""
    estate = _Tenancy()
    for body in sorted(recorded, key=_depth):
        estate.add(body)
    return estate.whole()


@pytest.fixture(scope="session")
def ledger(corpus: Path, bodies: list[Body]) -> Ledger:
    """Return the bodies as if every read had been made and answered."""
    records, readings = assemble(bodies, TENANT_ID)
    group = next(each.id for each in records if each.type == ManagementGroup.type)
    found = [_descendant(body, group) for body in _items(corpus, _descendant_lists)]
    read = reading_of(DESCENDANTS, group, len(found))
    key = (Descendant.type, group)
    others = [each for each in readings if (each.resource_type, each.scope) != key]
    return [*records, *found], [*others, read]


@pytest.fixture(scope="session")
def run_scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """Return a function that scans an estate over TLS as `posture scan` would."""

    def run(estate: Estate, page_size: int = 0) -> Snapshot:
        directory = tmp_path_factory.mktemp("scan")
        emulator = in_thread(estate, Options(page_size=page_size))
        with emulator as azure, pytest.MonkeyPatch.context() as patch:
            for name, value in azure.environment.items():
                patch.setenv(name, value)
            patch.setenv("NO_PROXY", "127.0.0.1")
            # One recorded subscription is larger than any budget: do not wait for it.
            patch.setattr("scanner.arm.session.READS", (1e6, 1e6))
            cloud = find_cloud(str(azure.write_cloud(directory / "cloud.toml")))
            order = Order(cloud=cloud, method=Method.ENVIRONMENT, selection=Selection())
            in_loop(lambda: scan(order, directory / "snapshot", Watch()))
        return Snapshot(directory)

    return run


@pytest.fixture(scope="session")
def scanned(ledger: Ledger, run_scan: Scan) -> Snapshot:
    """Return the snapshot of a scan of everything recorded."""
    return run_scan(Estate((Tenant.of(TENANT_ID, *ledger),)))


# Reading what was recorded


def _collected(corpus: Path) -> Iterator[Body]:
    for body in _items(corpus, _resource_answers):
        resource_id = _id_of(body) if isinstance(body, dict) else ""
        if _is_collected(resource_id):
            yield {**body, "id": resource_id}


def _id_of(body: Body) -> str:
    """Return an id as recorded, but of a deleted account the one it had.

    Deleted accounts are told with all their settings; an example misspells its group.
    The resources of the rule set that is compared with have no id where the rules need
    none.
    """
    match body:
        case {"id": str(resource_id)} if deleted := DELETED.fullmatch(resource_id):
            subscription, group, name = deleted.groups()
            return f"{subscription}{group}/providers/{CognitiveAccount.type}/{name}"
        case {"id": str(resource_id)}:
            return resource_id.replace("/resourceGroup/", "/resourceGroups/")
        case {"type": str(kind), "name": str(name)} if kind.count("/") == 1:
            return f"{SUBSCRIPTION}/resourceGroups/corpus/providers/{kind}/{name}"
    return ""


def _is_collected(resource_id: str) -> bool:
    if resource_id.endswith("/"):  # a classic administrator, told as an assignment
        return False
    kind = ResourceId.parse(resource_id).type.lower()
    if kind == Subscription.type.lower():  # and nothing that lies directly below one
        return resource_id.strip("/").count("/") == 1
    return kind in COLLECTED


def _items(corpus: Path, answers: Callable[[Path], Iterator[Any]]) -> Iterator[Any]:
    """Yield the items of lists, and single resources."""
    for answer in answers(corpus):
        if isinstance(answer, dict) and isinstance(answer.get("value"), list):
            yield from answer["value"]
        elif isinstance(answer, list):
            yield from answer
        else:
            yield answer


def _resource_answers(corpus: Path) -> Iterator[Any]:
    for path in sorted(corpus.rglob("*.json")):
        top = path.relative_to(corpus).parts[0]
        if top in NO_RESOURCES or path.name in {*NAMES_NO_RESOURCE, DESCENDANT_LIST}:
            continue
        yield from _answers(json.loads(path.read_bytes()))
    roles = (corpus / "builtin-roles.jsonl").read_bytes().splitlines()
    yield from map(json.loads, roles)


def _descendant_lists(corpus: Path) -> Iterator[Any]:
    for path in sorted(corpus.rglob(DESCENDANT_LIST)):
        yield from _answers(json.loads(path.read_bytes()))


def _answers(file: Any) -> Iterator[Any]:
    """Yield the bodies in a file: a recording, an example, or bare resources.

    What a PUT or PATCH answers is the resource as a GET returns it (Resource Provider
    Contract); deletions and actions answer anything.
    """
    match file:
        case {"request": {"method": "GET" | "PUT" | "PATCH"}, "response": response}:
            if response.get("status") in {200, 201, 202}:
                yield response.get("body")
        case {"request": _}:
            pass
        case {"responses": responses}:
            yield from (each["body"] for each in responses.values() if "body" in each)
        case list():
            yield file


def canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True)


# Putting it into one tenant


def _depth(body: Body) -> tuple[int, bool]:
    """Order parents before children, and readable subscriptions before the others.

    The first of several bodies with one id keeps it, and so keeps its children.
    """
    kind = ResourceId.parse(body["id"]).type
    shut = kind == Subscription.type and str(body.get("state")).lower() in IDLE
    is_extension = kind.lower().startswith("microsoft.insights/diagnostic")
    return (9 if is_extension else kind.count("/")), shut


class _Tenancy:
    """Bodies from many recordings, given ids that can stand beside each other."""

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}
        self._seen: set[str] = set()
        self._numbers = count(1)

    def add(self, body: Body) -> None:
        """Add a body, unless it is there already, where it can be found."""
        text = canonical(body)
        if text not in self._seen:
            self._seen.add(text)
            self._put(body, self._home(body["id"]))

    def whole(self) -> list[Body]:
        """Return all bodies, and the subscriptions that they lie in."""
        for body in list(self._bodies.values()):
            subscription = ResourceId.parse(body["id"]).subscription
            if subscription:
                self._require(f"/subscriptions/{subscription}")
        self._require(SUBSCRIPTION)
        return list(self._bodies.values())

    def _put(self, body: Body, resource_id: str) -> None:
        """Keep a body; one whose id another body has gets a name of its own."""
        free, number = resource_id, 1
        while id_key(free) in self._bodies:
            number += 1
            free = _renamed(resource_id, number)
        self._bodies[id_key(free)] = {**body, "id": free}
        self._have_asked_for(free)

    def _have_asked_for(self, resource_id: str) -> None:
        """Make up what has a scan look where a body lies, if nothing else does."""
        parts = ResourceId.parse(resource_id)
        group = f"/subscriptions/{parts.subscription}/resourceGroups/corpus"
        match parts.type:
            case kind if kind in LISTED_ABOVE and _is_group(parts.parent):
                self._require(parts.parent)
            case PolicySetDefinition.type if not parts.parent:
                own = f"{SUBSCRIPTION}/providers/{PolicyAssignment.type}/{parts.name}"
                named = {"policyDefinitionId": resource_id}
                self._put({"properties": named}, own)
            case VaultKey.type:
                used = {
                    "keyVaultArmId": parts.parent,
                    "keyIdentifier": f"https://vault.invalid/keys/{parts.name}",
                }
                own = f"{SUBSCRIPTION}/resourceGroups/corpus/providers/{Workspace.type}"
                encryption = {"keyVaultProperties": used}
                self._put({"properties": {"encryption": encryption}}, f"{own}/keyed")
            case LogTable.type:
                policy = f"{group}/providers/{ResolverPolicy.type}/logging"
                self._require(policy)
                sent = {"properties": {"workspaceId": parts.parent}}
                self._put(sent, f"{policy}/providers/{DiagnosticSetting.type}/own")
            case DataCollectionRule.type:
                own = f"{group}/providers/{LogWorkspace.type}/collecting"
                named = {"defaultDataCollectionRuleResourceId": resource_id}
                self._put({"properties": named}, own)
            case Lock.type:
                self._require(f"{group}/providers/{Workspace.type}/encrypted")

    def _home(self, resource_id: str) -> str:
        """Return the id under which a scan reads a body.

        A child is read at its parent. One whose parent was never recorded gets a
        made-up one; one whose parent is of a type (a workflow) or kind (a form
        recognizer with connections) at which a scan does not look moves to another.
        """
        parts = ResourceId.parse(resource_id)
        if parts.type == LogTable.type:
            return f"{parts.parent}/tables/{QUERIES}"
        if parts.type.lower() == DiagnosticCategory.type.lower():
            account = f"{SUBSCRIPTION}{_ACCOUNT}"
            self._require(account)
            self._require(f"{account}/providers/{DiagnosticSetting.type}/own")
            return f"{account}/providers/{parts.type}/{parts.name}"
        types = PARENTS.get(parts.type.lower())
        if not types:
            return resource_id
        if ResourceId.parse(parts.parent).type.lower() in types:
            self._require(parts.parent)
            if self._leads_to(parts.parent, parts.type):
                return resource_id
        return self._moved(parts)

    def _leads_to(self, parent_id: str, kind: str) -> bool:
        reads = BELOW.get(ResourceId.parse(parent_id).type.lower(), ())
        parent = self._bodies[id_key(parent_id)]
        return any(
            read.of.type.lower() == kind.lower() and read.where(parent)
            for read in reads
        )

    def _moved(self, parts: ResourceId) -> str:
        types = PARENTS[parts.type.lower()]
        view = next(PARENT_VIEWS[kind] for kind in sorted(types))
        scope = f"/subscriptions/{parts.subscription}"
        group = f"{scope if parts.subscription else SUBSCRIPTION}/resourceGroups/corpus"
        parent = f"{group}/providers/{view.type}/home-{next(self._numbers)}"
        self._require(parent)
        tail = parts.text.strip("/")[len(parts.parent.strip("/")) :]
        return f"{parent}{tail}"

    def _require(self, resource_id: str) -> None:
        """Make up a parent if there is none, and the parent's own parent."""
        if id_key(resource_id) in self._bodies:
            return
        kind = ResourceId.parse(resource_id).type.lower()
        if kind == Subscription.type.lower():
            self._put(_subscription(resource_id), resource_id)
            return
        made_up = MADE_UP.get(PARENT_VIEWS[kind], {})
        body = {"location": "westeurope", "properties": {}} | made_up
        self._put(body, self._home(resource_id))


def _renamed(resource_id: str, number: int) -> str:
    """Return an id with another name; a subscription's name is a GUID."""
    head, _, name = resource_id.rpartition("/")
    if _is_subscription(resource_id):
        return f"{head}/{uuid.uuid5(uuid.NAMESPACE_URL, f'{name}-{number}')}"
    return f"{head}/{name}-{number}"


def _is_group(resource_id: str) -> bool:
    kind = ResourceId.parse(resource_id).type
    return kind.lower() == ManagementGroup.type.lower()


def _is_subscription(resource_id: str) -> bool:
    return ResourceId.parse(resource_id).type == Subscription.type


def _subscription(resource_id: str) -> Body:
    name = resource_id.rpartition("/")[2]
    return {"subscriptionId": name, "displayName": name, "state": "Enabled"}


def _descendant(body: Body, group: str) -> Record:
    read = DESCENDANTS
    return Record(
        id=body["id"],
        type=read.of.type,
        scope=group,
        api_version=read.of.api_version,
        operation=read.operation.name,
        body=json.dumps(body).encode(),
    )
