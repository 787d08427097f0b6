from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.check import Post as Guidance
from scanner.model.check import Severity, Topic, Verdict, check, failed, passed
from scanner.model.coverage import NotRead
from scanner.model.evidence import LONGEST_LIST
from scanner.model.resources import Subscription

SUB = "/subscriptions/one"
TWO = "/subscriptions/two"
THINGS = "Test.Provider/things"
LEAVES = f"{THINGS}/leaves"


def thing(name: str, scope: str = SUB, **properties: Any) -> dict[str, Any]:
    return {"id": f"{scope}/providers/{THINGS}/{name}", "properties": properties}


def leaf(name: str, of: str, **properties: Any) -> dict[str, Any]:
    own = f"{SUB}/providers/{THINGS}/{of}/leaves/{name}"
    return {"id": own, "properties": properties}


def names(listing: Any) -> list[str]:
    return [each.name for each in listing]


# One resource


def test_a_resource_is_found_whatever_its_case(kit: Any) -> None:
    tenant = kit.tenant([kit.record(thing("A"))])
    found = tenant.get(kit.thing, f"{SUB}/providers/{THINGS}/A".upper().strip("/"))
    assert found.name == "A"


def test_what_is_not_in_a_whole_list_does_not_exist(kit: Any) -> None:
    tenant = kit.tenant([], [kit.reading(THINGS, SUB)])
    assert tenant.get(kit.thing, thing("x")["id"]) is None


def test_what_a_gap_may_hide_is_not_read(kit: Any) -> None:
    gap = kit.gap(THINGS, SUB)
    tenant = kit.tenant([kit.record(thing("A"))], [kit.reading(THINGS, SUB, gap)])
    assert tenant.get(kit.thing, thing("A")["id"]).name == "A"
    with pytest.raises(NotRead) as caught:
        tenant.get(kit.thing, thing("B")["id"])
    assert caught.value.gap is gap
    for word in (THINGS, SUB, "403", "AuthorizationFailed", "refused"):
        assert word in caught.value.reason


def test_what_was_never_looked_for_is_outside_the_scan(kit: Any) -> None:
    tenant = kit.tenant([], [kit.reading(THINGS, SUB)])
    with pytest.raises(NotRead, match="outside the scan") as caught:
        tenant.get(kit.thing, thing("x", TWO)["id"])
    assert caught.value.gap is None


def test_a_child_is_looked_for_at_its_parent(kit: Any) -> None:
    parent = thing("A")["id"]
    tenant = kit.tenant([], [kit.reading(LEAVES, parent.upper())])
    assert tenant.get(kit.leaf, leaf("l", "A")["id"]) is None
    with pytest.raises(NotRead, match="outside the scan"):
        tenant.get(kit.leaf, leaf("l", "B")["id"])


# Lists


def test_children_are_evidence_when_there_are_none(kit: Any) -> None:
    made = kit.record(thing("A"))
    tenant = kit.tenant([made], [kit.reading(LEAVES, made.id)])
    assert names(tenant.view(kit.thing, made).leaves) == []
    [evidence] = tenant.trace.evidence
    assert (evidence.resource_id, evidence.path) == (made.id, LEAVES)
    assert (evidence.value, evidence.api_version) == ([], "read-with")


def test_a_list_with_a_gap_gives_what_it_has_and_then_raises(kit: Any) -> None:
    gap = kit.gap(LEAVES, thing("A")["id"])
    made = [kit.record(thing("A")), *(kit.record(leaf(n, "A")) for n in "ab")]
    tenant = kit.tenant(made, [kit.reading(LEAVES, made[0].id, gap)])
    leaves = tenant.view(kit.thing, made[0]).leaves
    assert not leaves.whole
    assert names(leaves.known()) == ["a", "b"]
    assert any(each.name == "b" for each in leaves)  # found: the rest does not matter
    with pytest.raises(NotRead):
        any(each.name == "c" for each in leaves)
    assert bool(leaves)


def test_an_empty_list_with_a_gap_is_neither_true_nor_false(kit: Any) -> None:
    gap = kit.gap(LEAVES, thing("A")["id"])
    made = kit.record(thing("A"))
    tenant = kit.tenant([made], [kit.reading(LEAVES, made.id, gap)])
    with pytest.raises(NotRead):
        bool(tenant.view(kit.thing, made).leaves)


def test_all_of_a_type_in_the_order_of_ids(kit: Any) -> None:
    records = [kit.record(thing(name)) for name in "cAb"]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert names(tenant.all(kit.thing)) == ["A", "b", "c"]
    assert tenant.all(kit.thing).whole


@pytest.mark.parametrize("kind", [THINGS, LEAVES, Subscription.type])
def test_a_gap_in_what_they_lie_in_hides_them_too(kind: str, kit: Any) -> None:
    tenant = kit.tenant([], [kit.reading(kind, SUB, kit.gap(kind, SUB))])
    for listing in (
        tenant.all(kit.leaf),
        tenant.referring(kit.leaf, "colour", "red"),
    ):
        with pytest.raises(NotRead):
            names(listing)


def test_a_gap_in_what_lies_in_them_hides_nothing(kit: Any) -> None:
    gap = kit.gap(LEAVES, SUB)
    tenant = kit.tenant([kit.record(thing("A"))], [kit.reading(LEAVES, SUB, gap)])
    assert names(tenant.all(kit.thing)) == ["A"]


def test_one_resource_in_two_lists_is_one(kit: Any) -> None:
    body = thing("A")
    records = [kit.record(body, scope) for scope in (SUB, TWO)]
    readings = [kit.reading(THINGS, scope) for scope in (SUB, TWO)]
    tenant = kit.tenant(records, readings)
    assert names(tenant.all(kit.thing)) == ["A"]
    assert names(tenant.within(kit.thing, SUB)) == ["A"]
    assert names(tenant.within(kit.thing, TWO)) == ["A"]


def test_one_resource_on_two_pages_is_one(kit: Any) -> None:
    records = [kit.record(thing("A")), kit.record(thing("a", text="other"))]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert len(names(tenant.within(kit.thing, SUB))) == 1


# References


def test_who_refers_to_a_resource(kit: Any) -> None:
    records = [
        kit.record(thing("a", link="/x/Y", links=["/p", "/P", "/q"])),
        kit.record(thing("b", link="X/y/")),
        kit.record(thing("c", link=None)),
        kit.record(thing("d")),
    ]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert names(tenant.referring(kit.thing, "link", "/X/Y")) == ["a", "b"]
    assert names(tenant.referring(kit.thing, "links", "/p")) == ["a"]
    assert names(tenant.referring(kit.thing, "links", "/none")) == []


def test_who_cannot_be_read_may_refer_to_anything(kit: Any) -> None:
    records = [kit.record(thing("a", link="/x")), kit.record(thing("b", link=["/x"]))]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert names(tenant.referring(kit.thing, "link", "/x").known()) == ["a"]
    assert tenant.referring(kit.thing, "link", "/y").unclear
    for target in ("/x", "/y"):
        with pytest.raises(NotRead, match="malformed"):
            names(tenant.referring(kit.thing, "link", target))


def test_what_refers_to_a_resource_is_evidence_once_it_is_looked_at(kit: Any) -> None:
    records = [kit.record(thing("a", link="/x")), kit.record(thing("b", link="/y"))]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    listing = tenant.referring(kit.thing, "link", "/x")
    assert list(listing.ids())
    assert tenant.trace.evidence == ()
    [found] = listing
    [cited] = tenant.trace.evidence
    assert (cited.resource_id, cited.value) == (found.id, "/x")


def test_evidence_of_many_that_refer_is_bounded(kit: Any) -> None:
    many = range(LONGEST_LIST + 5)
    records = [kit.record(thing(f"a{number}", link="/x")) for number in many]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert len(names(tenant.referring(kit.thing, "link", "/x"))) == len(many)
    assert len(tenant.trace.evidence) == LONGEST_LIST


def test_what_is_made_of_a_tenant_is_made_once_and_no_evidence(kit: Any) -> None:
    made = []

    def links(window: Any) -> list[str]:
        made.append(window)
        return [each.link for each in window.all(kit.thing)]

    records = [kit.record(thing("a", link="/x"))]
    tenant = kit.tenant(records, [kit.reading(THINGS, SUB)])
    assert tenant.once(links) == ["/x"]
    assert tenant.once(links) is tenant.once(links)
    assert len(made) == 1
    assert tenant.trace.evidence == made[0].trace.evidence == ()


def test_what_was_read_is_found_and_nothing_is_said_of_the_rest(kit: Any) -> None:
    tenant = kit.tenant([kit.record(thing("a", link="/x"))])
    found = tenant.known(kit.thing, thing("A")["id"])
    assert found.link == "/x"
    assert tenant.known(kit.thing, thing("b")["id"]) is None


@pytest.mark.parametrize(
    ("resource_id", "foreign"),
    [
        (f"{TWO}/providers/{THINGS}/a", True),
        (f"{SUB.upper()}/providers/{THINGS}/a", False),
        (f"/providers/{THINGS}/a", False),
        ("", False),
    ],
)
def test_what_lies_in_another_tenant(kit: Any, resource_id: str, foreign: bool) -> None:
    records = [kit.record({"id": SUB})]
    assert kit.tenant(records).is_foreign(resource_id) is foreign
    refused = kit.reading(Subscription.type, "/", kit.gap(Subscription.type, "/"))
    assert not kit.tenant(records, [refused]).is_foreign(resource_id)


def test_which_subscriptions_were_scanned(kit: Any) -> None:
    tenant = kit.tenant([kit.record({"id": SUB})])
    assert tenant.scanned("ONE")
    assert not tenant.scanned("two")


# Order


@given(st.data())
def test_the_order_of_reading_does_not_matter(kit: Any, data: st.DataObject) -> None:
    bodies = [
        *(thing(n, link=f"/{n}", flag=n < "c") for n in "abcd"),
        thing("A", text="the same by another case"),
        *(leaf(n, "a") for n in "xyz"),
        thing("e", TWO, link="/a"),
    ]
    readings = [kit.reading(THINGS, SUB), kit.reading(THINGS, TWO)]
    readings.append(kit.reading(LEAVES, f"{SUB}/providers/{THINGS}/a"))

    def told(bodies: list[Any], readings: list[Any]) -> list[Any]:
        tenant = kit.tenant([kit.record(each) for each in bodies], readings)
        return [
            [(each.id, each.flag, each.text) for each in tenant.all(kit.thing)],
            [each.id for each in tenant.referring(kit.thing, "link", "/a")],
            [each.id for each in tenant.within(kit.thing, SUB)],
            [each.id for each in tenant.all(kit.leaf)],
            tenant.get(kit.thing, thing("A")["id"]).id,
            tenant.trace.evidence,
        ]

    shuffled = data.draw(st.permutations(bodies)), data.draw(st.permutations(readings))
    assert told(*map(list, shuffled)) == told(bodies, readings)


def test_a_check_keeps_what_it_was_given() -> None:
    @check(
        id="c",
        title="t",
        topic=Topic.DNS,
        severity=Severity.LOW,
        on=Subscription,
        guidance=Guidance.DNS_POLICIES,
    )
    def decide(subscription: Subscription, _: Any) -> Verdict:
        """Reads nothing.

        ## Why it matters
        Because.

        ## How to fix
        In one
        line.

        More.
        """
        return passed("yes") if subscription.state else failed("no")

    assert decide.guidance == (Guidance.DNS_POLICIES,)
    page = decide.documentation
    assert page.reads == "Reads nothing."
    assert list(page.sections) == ["Why it matters", "How to fix"]
    assert page.fix == "In one line."
