"""Tenants made of a few records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.fields import (
    Amount,
    Entries,
    Flag,
    Keys,
    Moment,
    Number,
    Pairs,
    Part,
    Parts,
    Text,
    Texts,
    Tree,
)
from scanner.model.ids import ResourceId
from scanner.model.resource import Children, Record, Resource
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory, Tenant

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"


class Piece(Part):
    name = Text("name")
    size = Number("size")


class Leaf(Resource):
    type = "Test.Provider/things/leaves"
    api_version = "2"

    colour = Text("properties.colour")


class Thing(Resource):
    type = "Test.Provider/things"
    api_version = "1"

    kind = Text("kind")
    text = Text("properties.text")
    flag = Flag("properties.flag")
    number = Number("properties.number")
    amount = Amount("properties.amount")
    moment = Moment("properties.moment")
    texts = Texts("properties.texts")
    values = Texts("properties.rules[].value")
    some_values = Texts("properties.rules[].value", sparse=True)
    deep = Text("properties.outer.inner.text")
    beside = Text("properties.outer.inner.text", not_in_list=True)
    told = Text("properties.told", absent_is_unread=True)
    newer = Text("properties.newer", since="since")  # what it is read with is older
    pieces = Parts("properties.pieces", Piece)
    keys = Keys("properties.keys")
    pairs = Pairs("properties.pairs")
    tree = Tree("properties.tree")
    entries = Entries("properties.entries", Piece)
    link = Text("properties.link")
    links = Texts("properties.links")
    leaves = Children(Leaf)


VIEWS = {view.type.lower(): view for view in (Thing, Leaf)}


def record(body: dict[str, Any], scope: str = "") -> Record:
    parts = ResourceId.parse(body["id"])
    kind = parts.type
    own = f"/subscriptions/{parts.subscription}"
    view = VIEWS.get(kind.lower())
    return Record(
        id=body["id"],
        type=view.type if view else kind,
        scope=scope or (parts.parent if kind.count("/") > 1 else own),
        api_version="read-with",
        operation="things.list",
        body=json.dumps(body).encode(),
    )


def gap(kind: str, scope: str, reason: str = "refused") -> Gap:
    return Gap(
        tenant_id=TENANT,
        scope=scope,
        resource_type=kind,
        operation="things.list",
        reason=reason,
        http_status=403,
        error_code="AuthorizationFailed",
    )


def reading(kind: str, scope: str, *gaps: Gap) -> Reading:
    return Reading(
        resource_type=kind,
        scope=scope,
        operation="things.list",
        api_version="read-with",
        outcome=Outcome.GAP if gaps else Outcome.READ,
        gaps=gaps,
    )


def inventory(records: Iterable[Record], readings: Iterable[Reading] = ()) -> Inventory:
    return Inventory(
        TENANT,
        records,
        readings,
        read_at=READ_AT,
        suffixes=Suffixes(),
        whole_tenant=True,
    )


def tenant(records: Iterable[Record], readings: Iterable[Reading] = ()) -> Tenant:
    return inventory(records, readings).window(Settings())


class Kit:
    """What tests build tenants with."""

    thing, leaf, piece = Thing, Leaf, Piece
    tenant_id = TENANT
    record = staticmethod(record)
    gap = staticmethod(gap)
    reading = staticmethod(reading)
    inventory = staticmethod(inventory)
    tenant = staticmethod(tenant)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit


@pytest.fixture(scope="session")
def thing() -> Callable[..., Any]:
    """Return a function that opens one thing with the properties it is given."""

    def make(**content: Any) -> Thing:
        body = {"id": "/subscriptions/s/providers/Test.Provider/things/t", **content}
        made = record(body)
        return tenant([made]).view(Thing, made)

    return make
