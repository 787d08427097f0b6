"""Which rule decides a name, and which never decide any, against a naive reading."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dns.facts import Action, Doubt, Names, Policy, Rule
from scanner.dns.names import normalise, normalised
from scanner.dns.ruleset import Ruleset
from scanner.dns.shadows import Clash, Shadow, Standing
from scanner.dns.trie import SuffixTrie

ALLOW, BLOCK, ALERT = Action.ALLOW, Action.BLOCK, Action.ALERT
NONE, UNKNOWN = Action.NONE, Action.UNKNOWN
CLOSED = Doubt("its entries are behind a URL")
FEED = Doubt("nobody can read it", managed=True)


def ruleset(*rules: Rule, doubts: Any = (), **lists: Names) -> Ruleset:
    return made(rules, lists, doubts)


def made(
    rules: Iterable[Rule], lists: Mapping[str, Names], doubts: Any = ()
) -> Ruleset:
    policy = Policy(id="/p", location="", rules=tuple(rules), doubts=doubts)
    return Ruleset(policy, lists, SuffixTrie(lists))


def names(*entries: str, doubt: Doubt | None = None) -> Names:
    return Names("/list", normalised(entries), doubt)


def rule(priority: int | None, action: Action, *lists: str, **more: object) -> Rule:
    known = {"id": f"/p/r{priority}", "priority": priority, "action": action}
    return Rule(**{**known, "lists": lists, **more})  # type: ignore[arg-type]


# The documented semantics


@pytest.mark.parametrize(
    ("entry", "query", "matches"),
    [
        ("contoso.com", "contoso.com", True),
        ("contoso.com", "www.contoso.com", True),
        ("contoso.com", "a.b.c.contoso.com", True),
        ("contoso.com", "notcontoso.com", False),
        ("contoso.com", "com", False),
        ("contoso.com", "contoso.com.evil.example", False),
        ("Contoso.COM.", "wWw.contoso.com.", True),
        (".", "contoso.com", True),
        (".", "com", True),
        (".", ".", True),
        ("com", "contoso.com", True),
        ("com", ".", False),
        ("*.contoso.com", "www.contoso.com", False),
        ("*.contoso.com", "*.contoso.com", True),
        ("bücher.example", "shop.xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "BÜCHER.example", True),
        ("a..b", "a..b", False),
    ],
)
def test_matching_is_by_whole_labels_from_the_end(
    entry: str, query: str, matches: bool
) -> None:
    rules = ruleset(rule(100, BLOCK, "one"), one=names(entry))
    found = rules.decide(normalise(query) or query)
    assert found.action is (BLOCK if matches else NONE)
    assert (found.decider is not None) is matches


def test_the_example_of_the_post() -> None:
    rules = ruleset(
        rule(110, BLOCK, "bad"),
        rule(100, ALLOW, "good"),
        good=names("contoso.com"),
        bad=names("bad.contoso.com"),
    )
    found = rules.decide("bad.contoso.com")
    assert found.decider
    assert (found.decider.priority, found.action) == (100, ALLOW)
    assert found.match
    assert found.match.entry == "contoso.com"
    assert [each.rule.priority for each in rules.matching("bad.contoso.com")] == [
        100,
        110,
    ]
    first, second = rules.standings()
    assert (first.can_decide, second.can_decide) == (True, False)
    [shadow] = second.shadows
    assert (shadow.clash, shadow.sure) == (Clash.LET_THROUGH, True)


def test_disabled_rules_are_not_tried() -> None:
    off = rule(100, ALLOW, "all", enabled=False)
    rules = ruleset(off, rule(200, BLOCK, "all"), all=names("."))
    assert rules.decide("contoso.com").action is BLOCK
    assert [each.rule.priority for each in rules.standings()] == [200]


def test_every_list_of_a_rule_counts_and_the_longest_entry_is_named() -> None:
    rules = ruleset(
        rule(100, ALERT, "short", "long"),
        short=names("com"),
        long=names("contoso.com", "fabrikam.com"),
    )
    found = [rules.decide(each).match for each in ("www.contoso.com", "example.com")]
    assert [each and each.entry for each in found] == ["contoso.com", "com"]


def test_an_unmatched_name_is_decided_by_nothing() -> None:
    found = ruleset(rule(100, BLOCK, "one"), one=names("x.com")).decide("y.com")
    assert (found.action, found.match, found.doubts) == (NONE, None, ())


def test_no_entry_and_no_rule() -> None:
    assert ruleset().decide("contoso.com").action is NONE
    [standing] = ruleset(rule(100, BLOCK, "one"), one=names()).standings()
    assert (standing.entries, standing.can_decide) == (0, False)


@pytest.mark.parametrize(
    ("earlier", "later", "clash"),
    [
        (ALLOW, BLOCK, Clash.LET_THROUGH),
        (ALLOW, ALERT, Clash.CONTRADICTED),
        (BLOCK, ALLOW, Clash.CONTRADICTED),
        (ALERT, BLOCK, Clash.CONTRADICTED),
        (BLOCK, BLOCK, Clash.REPEATED),
    ],
)
def test_clash(earlier: Action, later: Action, clash: Clash) -> None:
    assert Clash.of(earlier, later) is clash


# What is not known


def test_a_closed_list_may_decide_what_comes_after_it() -> None:
    closed = {"feed": names(doubt=CLOSED), "all": names("."), "x": names("x.com")}
    first = ruleset(rule(100, BLOCK, "feed"), rule(200, ALLOW, "all"), **closed)
    found = first.decide("contoso.com")
    assert (found.action, found.decider) == (UNKNOWN, None)
    assert found.match
    assert (found.match.rule.priority, found.doubts) == (200, (CLOSED,))
    last = ruleset(rule(300, BLOCK, "feed"), rule(200, ALLOW, "all"), **closed)
    assert last.decide("contoso.com").action is ALLOW


def test_rules_of_one_priority_are_in_no_order() -> None:
    lists = {"all": names("."), "x": names("x.com")}
    off = rule(200, ALERT, "x", id="/p/off", enabled=False)
    allow, block = rule(200, ALLOW, "x"), rule(200, BLOCK, "all", id="/p/b")
    tied = ruleset(allow, block, off, **lists)
    found = tied.decide("x.com")
    assert (found.action, found.decider) == (UNKNOWN, None)
    assert found.unless == (block, allow)
    assert [each.can_decide for each in tied.standings()] == [None, None]
    before = ruleset(rule(100, ALERT, "x"), allow, block, **lists)
    assert before.decide("x.com").action is ALERT
    alike = ruleset(rule(200, BLOCK, "x"), block, off, **lists)
    assert alike.decide("x.com").action is BLOCK


def test_what_all_that_may_decide_agree_on_is_known() -> None:
    lists = {"feed": names(doubt=CLOSED), "x": names("x.com")}
    rules = ruleset(rule(100, BLOCK, "feed"), rule(200, BLOCK, "x"), **lists)
    found = rules.decide("x.com")
    assert (found.action, found.decider) == (BLOCK, None)
    assert rules.decide("y.com").action is UNKNOWN


def test_a_list_of_microsofts_casts_no_shadow() -> None:
    feed = rule(100, BLOCK, doubts=(FEED,))
    rules = ruleset(feed, rule(200, ALLOW, "x"), x=names("x.com"))
    assert rules.decide("x.com").action is UNKNOWN
    _, standing = rules.standings()
    assert (standing.doubts, standing.can_decide) == ((), True)


@pytest.mark.parametrize(
    "odd",
    [
        rule(None, ALLOW, "x", id="/p/odd"),
        rule(50, ALLOW, "x", enabled=None),
        rule(50, UNKNOWN, "x", doubts=(Doubt("no action"),)),
    ],
)
def test_a_rule_that_says_too_little(odd: Rule) -> None:
    x = names("x.com")
    found = ruleset(odd, rule(100, BLOCK, "x"), x=x).decide("x.com")
    assert found.action is UNKNOWN
    assert found.decider in {None, odd}
    last = [*ruleset(odd, rule(100, BLOCK, "x"), x=x).standings()][-1]
    assert last.doubts
    assert not any(shadow.sure for shadow in last.shadows)


def test_rules_that_were_not_read() -> None:
    unread = Doubt("the rules were refused")
    rules = ruleset(rule(100, ALLOW, "x"), doubts=(unread,), x=names("x.com"))
    assert rules.decide("x.com").action is UNKNOWN
    assert rules.decide("y.com").doubts == (unread,)
    [standing] = rules.standings()
    assert standing.can_decide is None


# Against a naive reading

NAMES = [
    ".",
    *(f"{a}{b}{c}" for a in ("", "x.", "y.x.") for b in ("", "m.") for c in "pq"),
]
KEYS = "abcd"
LISTS = st.fixed_dictionaries(
    {
        key: st.builds(
            Names,
            id=st.just(f"/lists/{key}"),
            entries=st.frozensets(st.sampled_from(NAMES), max_size=4),
            doubt=st.sampled_from([None, None, None, CLOSED]),
        )
        for key in KEYS
    }
)
DOUBTS = st.sampled_from([(), (), (), (FEED,), (CLOSED,)])
RULES = st.builds(
    Rule,
    id=st.uuids().map(str),
    priority=st.sampled_from([None, *range(100, 112)]),
    action=st.sampled_from([ALLOW, BLOCK, ALERT]),
    enabled=st.sampled_from([True, True, True, False, None]),
    lists=st.lists(st.sampled_from(KEYS), unique=True, max_size=3).map(tuple),
    doubts=DOUBTS,
)
POLICIES = st.lists(RULES, max_size=5)


def is_match(entry: str, query: list[str]) -> bool:
    """Whether an entry matches a query, label by label from the right."""
    labels = entry.split(".") if entry != "." else []
    return len(labels) <= len(query) and query[len(query) - len(labels) :] == labels


def entries_of(rule: Rule, lists: Mapping[str, Names]) -> list[str]:
    return [entry for key in rule.lists for entry in lists[key].entries]


def in_order(rules: list[Rule]) -> list[Rule]:
    active = [each for each in rules if each.enabled is not False]
    unplaced = [each for each in active if each.priority is None]
    placed = [each for each in active if each.priority is not None]
    placed.sort(key=lambda each: (each.priority, each.id))
    return sorted(unplaced, key=lambda each: each.id) + placed


def is_vague(rule: Rule, policy: list[Rule]) -> bool:
    """Whether it may be tried at another place than in order, or not at all."""
    rivals = [
        each
        for each in policy
        if each.enabled is not False
        and each.priority == rule.priority
        and each.action is not rule.action
    ]
    return rule.enabled is None or rule.priority is None or bool(rivals)


def is_open(
    rule: Rule,
    lists: Mapping[str, Names],
    policy: list[Rule],
    *,
    managed: bool = True,
) -> bool:
    """Whether there is a world in which it matches any name there is."""
    closed = any(lists[key].doubt for key in rule.lists)
    doubts = [each for each in rule.doubts if managed or not each.managed]
    return closed or is_vague(rule, policy) or bool(doubts)


def deciders(
    rules: list[Rule],
    lists: Mapping[str, Names],
    query: list[str],
    policy: list[Rule],
    *,
    managed: bool = True,
) -> set[Rule | None]:
    """Return what of some rules of a policy decides a query, in all possible worlds."""
    order = in_order(rules)
    worlds = [
        (False, True) if is_open(each, lists, policy, managed=managed) else (False,)
        for each in order
    ]
    return {
        next(
            (
                each
                for each, extra in zip(order, world, strict=True)
                if extra or is_sure_match(each, lists, query, policy)
            ),
            None,
        )
        for world in product(*worlds)
    }


def is_sure_match(
    rule: Rule, lists: Mapping[str, Names], query: list[str], policy: list[Rule]
) -> bool:
    matches = any(is_match(each, query) for each in entries_of(rule, lists))
    return matches and not is_vague(rule, policy)


@given(POLICIES, LISTS, st.sampled_from(NAMES), st.booleans())
def test_the_decision_is_the_first_match(
    rules: list[Rule], lists: dict[str, Names], name: str, below: bool
) -> None:
    query = name.split(".") if name != "." else []
    asked = ["below", *query] if below else query
    possible = deciders(rules, lists, asked, rules)
    found = made(rules, lists).decide(".".join(asked) or ".")
    assert {found.match.rule if found.match else None, *found.unless} == possible
    assert bool(found.doubts) is (len(possible) > 1)
    actions = {each.action if each else NONE for each in possible}
    assert found.action is (actions.pop() if len(actions) == 1 else UNKNOWN)


@given(POLICIES, LISTS, st.sampled_from(NAMES))
def test_every_known_match_is_found(
    rules: list[Rule], lists: dict[str, Names], name: str
) -> None:
    query = name.split(".") if name != "." else []
    found = {each.rule: each for each in made(rules, lists).matching(name)}
    for each in in_order(rules):
        matching = [x for x in entries_of(each, lists) if is_match(x, query)]
        assert (each in found) is bool(matching)
        if matching:
            longest = max(matching, key=lambda x: (x != ".", len(x)))
            assert found[each].entry == longest


def standings(
    rules: list[Rule], lists: Mapping[str, Names]
) -> Iterator[tuple[list[Rule], Standing]]:
    """Yield the standing of each rule, after the rules before it."""
    order = in_order(rules)
    found = list(made(rules, lists).standings())
    assert [each.rule for each in found] == order
    for rank, standing in enumerate(found):
        yield order[:rank], standing


def only_below(entry: str) -> list[str]:
    """Return a query that the entry and what covers it match, and nothing else."""
    return ["never-listed", *(entry.split(".") if entry != "." else [])]


@given(POLICIES, LISTS)
def test_shadows_are_what_an_earlier_rule_decides(
    rules: list[Rule], lists: dict[str, Names]
) -> None:
    for earlier, standing in standings(rules, lists):
        by = {x: shadow for shadow in standing.shadows for x in shadow.entries}
        entries = set(entries_of(standing.rule, lists))
        assert standing.entries == len(entries)
        assert len(by) == sum(len(shadow.entries) for shadow in standing.shadows)
        assert by.keys() <= entries
        for entry in entries:
            check_shadow(by.get(entry), entry, earlier, lists, rules)


def check_shadow(
    shadow: Shadow | None,
    entry: str,
    earlier: list[Rule],
    lists: Mapping[str, Names],
    policy: list[Rule],
) -> None:
    query = only_below(entry)
    sure = [each for each in earlier if is_sure_match(each, lists, query, policy)]
    assert (shadow.by if shadow else None) == (sure[0] if sure else None)
    if shadow:
        possible = deciders(earlier, lists, query, policy, managed=False)
        assert shadow.sure is (possible == {shadow.by})


@given(POLICIES, LISTS)
def test_a_rule_can_decide_what_no_earlier_rule_does(
    rules: list[Rule], lists: dict[str, Names]
) -> None:
    for earlier, standing in standings(rules, lists):
        involved = [*earlier, standing.rule]
        vague = any(is_open(each, lists, rules, managed=False) for each in involved)
        reached = any(
            deciders(involved, lists, only_below(entry), rules, managed=False)
            == {standing.rule}
            for entry in entries_of(standing.rule, lists)
        )
        assert standing.can_decide is (None if vague else reached)


@given(st.frozensets(st.sampled_from(NAMES)), st.sampled_from(NAMES))
def test_climbing_passes_by_all_that_cover_a_name(
    entries: frozenset[str], name: str
) -> None:
    query = name.split(".") if name != "." else []
    covering = [each for each in entries if is_match(each, query)]
    covering.sort(key=lambda each: (each != ".", len(each)), reverse=True)
    trie = SuffixTrie({"/list": Names("/list", entries)})
    assert [entry for entry, _ in trie.climb(name)] == covering


# Scale


def test_fifty_rules_over_one_list_of_a_hundred_thousand_take_no_time() -> None:
    many = Names("/list", frozenset(f"h{n}.example.com" for n in range(100_000)))
    rules = [rule(100 + n, ALLOW if n % 2 else BLOCK, "many") for n in range(50)]
    start = time.perf_counter()
    found = list(ruleset(*rules, many=many).standings())
    assert [each.free for each in found] == [100_000, *[0] * 49]
    assert time.perf_counter() - start < 5


def test_names_of_very_many_labels_take_no_time() -> None:
    deep = ".".join("a" * 120)
    many = Names("/list", frozenset(f"x{n}.{deep}" for n in range(10_000)))
    start = time.perf_counter()
    [standing] = ruleset(rule(100, BLOCK, "many"), many=many).standings()
    assert standing.free == 10_000
    assert time.perf_counter() - start < 5
