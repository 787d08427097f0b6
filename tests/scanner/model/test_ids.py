from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.ids import ResourceId, id_key

SUB = "/subscriptions/S"
GROUP = f"{SUB}/resourceGroups/G"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/A"
SETTING = "/providers/Microsoft.Insights/diagnosticSettings/D"
MANAGED = "/providers/Microsoft.Management/managementGroups/M"
ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/R"


@pytest.mark.parametrize(
    ("text", "kind", "name", "parent", "subscription", "group"),
    [
        (SUB, "Microsoft.Resources/subscriptions", "S", "", "S", ""),
        (GROUP, "Microsoft.Resources/resourceGroups", "G", SUB, "S", "G"),
        (ACCOUNT, "Microsoft.CognitiveServices/accounts", "A", GROUP, "S", "G"),
        (
            f"{ACCOUNT}/projects/P/connections/C",
            "Microsoft.CognitiveServices/accounts/projects/connections",
            "C",
            f"{ACCOUNT}/projects/P",
            "S",
            "G",
        ),
        (
            f"{ACCOUNT}{SETTING}",
            "Microsoft.Insights/diagnosticSettings",
            "D",
            ACCOUNT,
            "S",
            "G",
        ),
        (f"{SUB}{SETTING}", "Microsoft.Insights/diagnosticSettings", "D", SUB, "S", ""),
        (MANAGED, "Microsoft.Management/managementGroups", "M", "", "", ""),
        (
            f"{MANAGED}{ASSIGNMENT}",
            "Microsoft.Authorization/roleAssignments",
            "R",
            MANAGED,
            "",
            "",
        ),
        (ASSIGNMENT, "Microsoft.Authorization/roleAssignments", "R", "", "", ""),
        (
            f"{MANAGED}/subscriptions/S",
            "Microsoft.Management/managementGroups/subscriptions",
            "S",
            MANAGED,
            "",
            "",
        ),
        ("/tenants/T", "Microsoft.Resources/tenants", "T", "", "", ""),
        ("", "", "", "", "", ""),
        ("/", "", "", "", "", ""),
    ],
)
@pytest.mark.parametrize("slash", ["/", ""], ids=["slash", "no slash"])
def test_the_parts_of_an_id(
    slash: str,
    text: str,
    kind: str,
    name: str,
    parent: str,
    subscription: str,
    group: str,
) -> None:
    given_as = slash + text.lstrip("/")
    assert ResourceId.parse(given_as) == ResourceId(
        text=given_as,
        subscription=subscription,
        resource_group=group,
        type=kind,
        name=name,
        parent=parent,
    )


words = st.text("abcXYZ019._-", min_size=1).filter(
    lambda word: word.lower() not in {"providers", "subscriptions", "resourcegroups"}
)
pairs = st.tuples(words, words)


@st.composite
def resource_ids(draw: st.DrawFn) -> tuple[str, list[str], str, str]:
    """Draw an id; return it with its type's parts, its subscription and its group."""
    subscription, group = draw(words), draw(words | st.just(""))
    scope = f"/subscriptions/{subscription}"
    scope += f"/resourceGroups/{group}" if group else ""
    kinds: list[str] = []
    for _ in range(draw(st.integers(1, 2))):  # the second provider is an extension
        levels = draw(st.lists(pairs, min_size=1, max_size=3))
        kinds = [draw(words), *(kind for kind, _ in levels)]
        tail = "".join(f"/{kind}/{name}" for kind, name in levels)
        scope += f"/providers/{kinds[0]}{tail}"
    return scope, kinds, subscription, group


@given(resource_ids())
def test_any_id_comes_apart_and_together(
    drawn: tuple[str, list[str], str, str],
) -> None:
    text, kinds, subscription, group = drawn
    parts = ResourceId.parse(text)
    assert parts.type == "/".join(kinds)
    assert parts.subscription == subscription
    assert parts.resource_group == group
    nested = len(kinds) > 2
    between = f"/{kinds[-1]}/" if nested else f"/providers/{kinds[0]}/{kinds[-1]}/"
    assert parts.parent + between + parts.name == text


@given(resource_ids())
def test_the_parent_of_a_parent_ends_at_the_subscription(
    drawn: tuple[str, list[str], str, str],
) -> None:
    text = drawn[0]
    seen = set()
    while text:
        assert text not in seen
        seen.add(text)
        assert drawn[0].startswith(text)
        text = ResourceId.parse(text).parent
    assert f"/subscriptions/{drawn[2]}" in seen


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    parts = ResourceId.parse(text)
    assert parts.text == text
    assert len(parts.parent) <= len(text) + 1


@given(resource_ids())
def test_ids_compare_without_case_and_slashes(
    drawn: tuple[str, list[str], str, str],
) -> None:
    text = drawn[0]
    same = {id_key(each) for each in (text, text.upper(), text.strip("/"), f"{text}/")}
    assert len(same) == 1
    assert id_key(id_key(text)) == id_key(text)
    assert id_key(f"{text}x") not in same


@pytest.mark.parametrize(
    "text", [SUB, GROUP, ACCOUNT, f"{ACCOUNT}{SETTING}", ASSIGNMENT, "", "/", "a/b/c"]
)
def test_what_is_no_child_is_whole(text: str) -> None:
    assert ResourceId.parse(text).whole == text


@pytest.mark.parametrize("child", ["projects/P", "projects/P/connections/C/", "x/y/z"])
def test_a_child_is_part_of_a_resource(child: str) -> None:
    assert ResourceId.parse(f"{ACCOUNT}/{child}").whole == ACCOUNT
