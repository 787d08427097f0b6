from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.model.coverage import NotRead
from scanner.model.evidence import LONGEST_LIST, LONGEST_OBJECT, Evidence, Trace
from scanner.model.fields import declared_paths

ID = "/subscriptions/s/providers/Test.Provider/things/t"
AT = datetime(2025, 4, 8, 8, 33, 37, 337597, tzinfo=UTC)
Make = Callable[..., Any]


def evidence(view: Any) -> list[tuple[str, Any]]:
    return [(each.path, each.value) for each in view.tenant.trace.evidence]


@pytest.mark.parametrize(
    ("field", "key", "value", "typed"),
    [
        ("text", "text", "as Received ", "as Received "),
        ("text", "text", "", ""),
        ("flag", "flag", False, False),
        ("number", "number", 0, 0),
        ("amount", "amount", 0, 0),
        ("amount", "amount", 1.5, 1.5),
        ("moment", "moment", "2025-04-08T08:33:37.3375973Z", AT),
        ("moment", "moment", "2025-04-08T10:33:37.337597+02:00", AT),
        ("moment", "moment", "2025-04-08T08:33:37.337597", AT),
        ("texts", "texts", ["b", "a"], ("b", "a")),
        ("texts", "texts", [], ()),
        ("told", "told", "yes", "yes"),
        ("keys", "keys", {}, ()),
        ("pairs", "pairs", {"a": "b"}, {"a": "b"}),
        ("tree", "tree", {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    ],
)
def test_a_value_is_typed_and_noted(
    field: str, key: str, value: Any, typed: Any, thing: Make
) -> None:
    view = thing(properties={key: value})
    assert getattr(view, field) == typed
    assert view.tenant.trace.evidence == (
        Evidence(ID, f"properties.{key}", value, "read-with"),
    )


@pytest.mark.parametrize(
    "field",
    ["text", "flag", "number", "moment", "texts", "keys", "pairs", "tree", "values"],
)
@pytest.mark.parametrize("properties", [{}, "null"])
def test_absent_and_null_are_none_and_noted(
    field: str, properties: Any, thing: Make
) -> None:
    key = "rules" if field == "values" else field
    view = thing(properties={key: None} if properties else {})
    assert getattr(view, field) is None
    [(path, value)] = evidence(view)
    assert path.startswith(f"properties.{key}")
    assert value is None


@pytest.mark.parametrize("field", ["told", "newer"])
def test_an_absent_value_may_be_one_that_azure_did_not_tell(
    field: str, thing: Make
) -> None:
    assert getattr(thing(properties={field: None}), field) is None
    assert getattr(thing(properties={field: "text"}), field) == "text"
    view = thing(properties={})
    with pytest.raises(
        NotRead, match=rf"properties\.{field} was not in the response"
    ) as no:
        getattr(view, field)
    assert no.value.gap is None
    assert evidence(view) == [(f"properties.{field}", None)]


def test_what_lies_in_an_object_may_find_a_list_there(thing: Make) -> None:
    view = thing(properties={"outer": {"inner": [{"text": "of something else"}]}})
    assert view.beside is None
    assert evidence(view) == [("properties.outer.inner.text", None)]
    assert thing(properties={"outer": {"inner": {"text": "x"}}}).beside == "x"
    assert thing(properties={}).beside is None
    for odd in ({"inner": "x"}, {"inner": {"text": ["x"]}}, ["x"]):
        with pytest.raises(NotRead, match="malformed"):
            _ = thing(properties={"outer": odd}).beside


@pytest.mark.parametrize(
    ("field", "key", "value"),
    [
        ("text", "text", 7),
        ("text", "text", ["a"]),
        ("flag", "flag", "true"),
        ("flag", "flag", 0),
        ("number", "number", True),
        ("moment", "moment", "yesterday"),
        ("moment", "moment", ""),
        ("moment", "moment", 1744101217),
        ("number", "number", 1.5),
        ("number", "number", "1"),
        ("amount", "amount", "1.5"),
        ("amount", "amount", True),
        ("texts", "texts", "a"),
        ("texts", "texts", ["a", 1]),
        ("texts", "texts", {"a": 1}),
        ("told", "told", 1),
        ("values", "rules", "x"),
        ("values", "rules", {"value": "x"}),
        ("values", "rules", ["x"]),
        ("values", "rules", [{"value": 1}]),
        ("values", "rules", [None]),
        ("values", "rules", [{"value": "x"}, {}]),
        ("values", "rules", [{"value": None}, {"value": "x"}]),
        ("some_values", "rules", [{"value": "x"}, None]),
        ("deep", "outer", "x"),
        ("deep", "outer", {"inner": []}),
        ("pieces", "pieces", "x"),
        ("pieces", "pieces", {"name": "x"}),
        ("pieces", "pieces", [{"name": "x"}, 7]),
        ("pieces", "pieces", [None]),
        ("keys", "keys", ["x"]),
        ("pairs", "pairs", ["x"]),
        ("pairs", "pairs", {"a": 1}),
        ("pairs", "pairs", {"a": None}),
        ("tree", "tree", ["x"]),
        ("keys", "keys", "x"),
        ("entries", "entries", ["/x"]),
        ("entries", "entries", {"/x": {}, "/y": 7}),
    ],
)
def test_what_is_of_another_type_is_a_gap(
    field: str, key: str, value: Any, thing: Make
) -> None:
    view = thing(properties={key: value})
    with pytest.raises(NotRead) as caught:
        getattr(view, field)
    gap = caught.value.gap
    assert gap is not None
    assert (gap.scope, gap.operation) == (ID, "things.list")
    assert gap.reason.startswith(f"malformed: properties.{key}")
    assert caught.value.reason == gap.reason
    [(path, _)] = evidence(view)
    assert path.startswith(f"properties.{key}")


@pytest.mark.parametrize(
    "content", [{}, {"properties": None}, {"properties": "x"}, {"properties": [1]}]
)
@pytest.mark.parametrize("field", ["text", "values", "deep", "pieces", "told"])
def test_a_resource_without_properties_says_nothing(
    content: dict[str, Any], field: str, thing: Make
) -> None:
    with pytest.raises(NotRead) as caught:
        getattr(thing(**content), field)
    assert caught.value.gap is not None
    assert "properties" in caught.value.reason


def test_what_lies_beside_properties_needs_none(thing: Make) -> None:
    assert thing(kind="K").kind == "K"
    assert thing(location=None).location is None


@pytest.mark.parametrize("outer", [None, {}, {"inner": None}, {"inner": {}}])
def test_the_way_to_a_value_may_end_early(outer: Any, thing: Make) -> None:
    view = thing(properties={"outer": outer})
    assert view.deep is None
    assert evidence(view) == [("properties.outer.inner.text", None)]


def test_one_value_of_each_object_of_a_list(thing: Make) -> None:
    view = thing(properties={"rules": [{"value": "a"}, {"value": "b"}]})
    assert view.values == ("a", "b")
    assert evidence(view) == [("properties.rules[].value", ["a", "b"])]
    view = thing(properties={"rules": [{"value": "a"}, {}, {"value": None}]})
    assert view.some_values == ("a",)
    assert evidence(view) == [("properties.rules[].value", ["a"])]


def test_parts_are_seen_one_by_one(thing: Make) -> None:
    view = thing(properties={"pieces": [{"name": "a", "size": 1}, {"name": "b"}]})
    assert [piece.name for piece in view.pieces] == ["a", "b"]
    assert view.pieces[1].size is None
    assert evidence(view) == [
        ("properties.pieces[0].name", "a"),
        ("properties.pieces[1].name", "b"),
        ("properties.pieces[1].size", None),
    ]


def test_a_part_s_malformed_value_is_its_resource_s_gap(thing: Make) -> None:
    view = thing(properties={"pieces": [{"size": "big"}]})
    with pytest.raises(NotRead) as caught:
        _ = view.pieces[0].size
    assert caught.value.gap is not None
    assert caught.value.gap.scope == ID
    assert "properties.pieces[0].size" in caught.value.reason


@pytest.mark.parametrize("pieces", [None, []])
def test_no_parts_are_evidence_too(pieces: Any, thing: Make) -> None:
    view = thing(properties={"pieces": pieces})
    assert view.pieces == ()
    assert evidence(view) == [("properties.pieces", pieces)]


def test_entries_are_seen_by_key(thing: Make) -> None:
    content = {"/x.y": {"name": "a"}, "/z": {}, "/null": None}
    view = thing(properties={"entries": content})
    assert [(key, each.name) for key, each in view.entries.items()] == [
        ("/x.y", "a"),
        ("/z", None),
        ("/null", None),
    ]
    assert evidence(view) == [
        ("properties.entries", content),
        ("properties.entries['/x.y'].name", "a"),
        ("properties.entries['/z'].name", None),
        ("properties.entries['/null'].name", None),
    ]


@pytest.mark.parametrize("content", [{}, {"entries": None}, {"entries": {}}])
def test_no_entries_are_evidence_too(content: dict[str, Any], thing: Make) -> None:
    view = thing(properties=content)
    assert view.entries == {}
    assert evidence(view) == [("properties.entries", content.get("entries"))]


def test_a_value_is_noted_once_and_in_the_order_read(thing: Make) -> None:
    view = thing(properties={"text": "t", "flag": True})
    _ = view.flag, view.text, view.flag, view.text
    assert evidence(view) == [("properties.flag", True), ("properties.text", "t")]


@pytest.mark.parametrize("length", [LONGEST_LIST, LONGEST_LIST + 1, 5000])
def test_long_lists_are_bounded_in_evidence_alone(length: int, thing: Make) -> None:
    names = [f"n{number}" for number in range(length)]
    view = thing(properties={"texts": names})
    assert view.texts == tuple(names)
    [(_, value)] = evidence(view)
    if length <= LONGEST_LIST:
        assert value == names
    else:
        more = f"... and {length - LONGEST_LIST} more"
        assert value == [*names[:LONGEST_LIST], more]


def test_large_objects_are_bounded_in_evidence_alone(thing: Make) -> None:
    rule = {"allOf": [{"field": f"f{number}"} for number in range(999)]}
    view = thing(properties={"tree": rule})
    assert view.tree == rule
    [(_, value)] = evidence(view)
    assert value == f"{json.dumps(rule)[:LONGEST_OBJECT]}..."


def test_the_first_note_of_a_value_stands() -> None:
    trace = Trace()
    trace.note("/a", "p", 1, "v")
    trace.note("/a", "p", 2, "w")
    trace.note("/b", "p", 2, "w")
    assert [each.value for each in trace.evidence] == [1, 2]


def test_a_view_tells_its_paths(kit: Any) -> None:
    paths = declared_paths(kit.thing)
    assert {"location", "kind", "properties.rules[].value"} <= set(paths)
    assert "properties.pieces[].size" in paths
    assert {"properties.entries", "properties.entries.{*}.size"} <= set(paths)
