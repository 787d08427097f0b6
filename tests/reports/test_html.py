from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.html import report_html
from reports.html.controls import _counted
from reports.html.markup import joined, tag, text
from reports.html.prose import blocks, inline
from reports.text import clean
from scanner.model.check import Status
from scanner.model.exemptions import Exemption, ExemptionReport, Use
from scanner.model.results import Assessment, Result, Run

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
HOSTILE = (
    SCRIPT,
    IMAGE,
    "<!--",
    "-->",
    "]]>",
    "</template></title></style><svg onload=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "javascript:alert(1)",
    "https://evil.example/beacon.png",
    "&lt;b&gt;&#60;i&#62;",
    "a\u2028b\u2029c",
    "\x00\x1b[2J\u202e\ufeff",
    "url(https://evil.example)",
)
FIELDS = [
    "resource_id",
    "resource_name",
    "resource_type",
    "subscription_id",
    "subscription_name",
    "resource_group",
    "location",
    "tenant_id",
]
"""What a target of the page holds, in the order in which its script reads it."""
VOID = {"input", "meta"}
LOADING = {"src", "srcset", "action", "formaction", "poster", "data", "background"}
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]
Attributes = dict[str, str | None]
Object = dict[str, Any]


class Page(HTMLParser):
    """A report as a browser's parser sees it: elements, comments and texts."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.skeleton: list[str] = []
        self.bodies: dict[int, str] = {}
        self.other: list[str] = []
        self._open: list[int] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in VOID:
            self._open.append(len(self.elements))
        self.elements.append((tag, dict(attrs)))
        self.skeleton.append(" ".join([tag, *(name for name, _ in attrs)]))

    def handle_endtag(self, tag: str) -> None:
        self.skeleton.append(f"/{tag}")
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        within = self._open[-1] if self._open else -1
        self.bodies[within] = self.bodies.get(within, "") + data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)

    @property
    def said(self) -> str:
        """All of its text but scripts and styles, and what its attributes hold."""
        texts = [self.bodies.get(n, "") for n, _ in self.named(but={"script", "style"})]
        values = [v or "" for _, given in self.elements for v in given.values()]
        return "\n".join(texts + values)

    def named(
        self, *names: str, but: frozenset[str] | set[str] = frozenset()
    ) -> Iterator[tuple[int, Attributes]]:
        for number, (name, attributes) in enumerate(self.elements):
            if name in names or (not names and name not in but):
                yield number, attributes

    def bodies_of(self, name: str) -> list[tuple[Attributes, str]]:
        return [(given, self.bodies.get(n, "")) for n, given in self.named(name)]

    @property
    def payload(self) -> str:
        """The block of results."""
        (body,) = (b for given, b in self.bodies_of("script") if given)
        return body


def source(assessment: Assessment) -> str:
    return b"".join(report_html(assessment)).decode()


def parsed(assessment: Assessment) -> Page:
    return Page(source(assessment))


def asset(name: str) -> str:
    return files("reports.html").joinpath(name).read_text(encoding="utf-8")


def digest(body: str) -> str:
    return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()


def unpacked(page: Page) -> str:
    """Return the JSON that the page carries, as its script unpacks it."""
    packed = base64.b64decode(page.payload, validate=True)
    return zlib.decompress(packed, wbits=31).decode()


def rows(page: Page) -> list[Object]:
    """Return every result that the page carries, as its script reads them."""
    data = json.loads(unpacked(page))
    starts = [0]
    for count in data["counts"]:
        starts.append(starts[-1] + count)
    assert starts[-1] == len(data["items"])
    return [
        row_of(data, number, data["items"][starts[number] : starts[number + 1]])
        for number in range(len(data["status"]))
    ]


def row_of(data: Object, number: int, items: list[int]) -> Object:
    texts = data["texts"]
    target = data["targets"][data["target"][number]]
    return {
        "check": data["checks"][data["check"][number]],
        "status": data["statuses"][data["status"][number]],
        "target": dict(zip(FIELDS, (texts[each] for each in target), strict=True)),
        "evidence": [[texts[each] for each in data["evidence"][i]] for i in items],
        **{
            name: texts[data[name][number]]
            for name in ("reason", "advice", "exemption")
        },
    }


def carried(result: Result) -> Object:
    """Return what a page should carry of a result whose texts are clean."""
    check = result.check
    return {
        "check": {
            "id": check.id,
            "title": check.title,
            "topic": check.topic.value,
            "severity": check.severity.value,
            "guidance": [post.value for post in check.guidance],
            "controls": list(check.controls),
            "supports": [each.label for each in check.supports],
        },
        "status": result.status.value,
        "target": {name: getattr(result.target, name) for name in FIELDS},
        "evidence": [
            [
                item.resource_id,
                item.path,
                json.dumps(item.value, separators=(",", ":")),
                item.api_version,
            ]
            for item in result.evidence
        ],
        "reason": result.reason,
        "advice": result.advice,
        "exemption": result.exemption,
    }


# --- The page ----------------------------------------------------------------------


def test_every_result_is_carried_with_its_evidence(assessment: Assessment) -> None:
    found = rows(parsed(assessment))
    assert len(found) == len(assessment.results)
    for result in assessment.results:
        assert carried(result) in found


def test_results_are_carried_worst_first(assessment: Assessment) -> None:
    found = [row["status"] for row in rows(parsed(assessment))]
    asks = found[:6]
    assert set(asks) == {"fail", "warn", "not-assessed"}
    assert found[0] == "fail"
    assert found[-1] == "not-applicable"


def test_many_results_are_carried(result: Builder, run: Run) -> None:
    many = tuple(
        result(name=digest(str(number)).replace("/", "-")) for number in range(5_000)
    )
    page = parsed(Assessment(run=run, results=many, gaps=()))
    assert len(page.payload) > 2**16
    assert len(rows(page)) == len(many)


def test_a_value_is_carried_once(result: Builder, run: Run) -> None:
    same = (result(),) * 3
    data = json.loads(unpacked(parsed(Assessment(run=run, results=same, gaps=()))))
    assert (len(data["targets"]), len(data["evidence"])) == (1, 1)
    assert data["items"] == [0, 0, 0]
    assert len(set(data["texts"])) == len(data["texts"])


def test_the_page_says_the_outcome_without_a_script(assessment: Assessment) -> None:
    said = parsed(assessment).said
    for words in ("50.0", "75.0 %", "reader@example.org", "AuthorizationFailed"):
        assert words in said
    assert "2026-01-02 03:04 UTC" in said
    assert "Not one." in said
    assert "kept from an answer" in said


def test_findings_are_on_the_resources_that_have_them(
    result: Builder, run: Run
) -> None:
    results = (
        *(result(Status.FAIL, name="bad") for _ in range(2)),
        result(Status.PASS, name="good"),
        result(Status.NOT_ASSESSED, name="unread"),
    )
    said = parsed(Assessment(run=run, results=results, gaps=())).said
    assert "on 1 resource\n" in said


def test_the_page_names_no_file_that_may_not_be_there(assessment: Assessment) -> None:
    many = replace(assessment, gaps=assessment.gaps * 60)
    assert not re.search(r"\w\.(csv|json)\b", parsed(many).said + asset("page.js"))


def test_an_empty_report_is_a_page(run: Run) -> None:
    page = parsed(Assessment(run=run, results=(), gaps=()))
    assert rows(page) == []
    assert "Every declared read in scope succeeded." in page.said


def test_an_interrupted_run_says_so(run: Run) -> None:
    cut = replace(run, complete=False, notes=())
    said = parsed(Assessment(run=cut, results=(), gaps=())).said
    assert "this report is partial" in said


def test_the_same_assessment_gives_the_same_page(
    assessment: Assessment, hostile: Hostile
) -> None:
    assert source(assessment) == source(assessment)
    assert source(hostile("a")) == source(hostile("a"))


def test_each_check_has_its_documentation_once(assessment: Assessment) -> None:
    page = parsed(assessment)
    ids = [given["id"] for _, given in page.named("template")]
    assert ids == ["doc-0", "doc-1"]
    assert "it <never> expires, as " in page.said
    assert "az resource update" in page.said


def test_ids_are_unique_and_references_resolve(assessment: Assessment) -> None:
    given = [attributes for _, attributes in parsed(assessment).elements]
    ids = [each["id"] for each in given if "id" in each]
    assert len(set(ids)) == len(ids)
    for name in ("for", "aria-labelledby"):
        assert {each[name] for each in given if name in each} <= set(ids)


def test_controls_are_told_by_framework_with_their_basis(
    assessment: Assessment,
) -> None:
    page = source(assessment)
    part = page[page.index("By control") : page.index("By subscription")]
    said = re.sub(r"<[^>]+>", " ", part)
    assert said.index("NIST SP 800-53, r5") > said.index("security benchmark")
    assert "1 control: 1 with findings, 1 not wholly assessed" in said
    assert "expert judgement:  1 check" in said
    for number in ("IM-1", "AC-2"):
        assert f">{number}</button>" in part


def test_numbers_of_controls_are_counted() -> None:
    numbers = ["A:SC-12", "A:SC-7(10)", "A:SC-7", "A:AC-2", "A:SC-7(3)", "A:10.1"]
    assert sorted(numbers, key=_counted) == [
        *("A:10.1", "A:AC-2", "A:SC-7", "A:SC-7(3)", "A:SC-7(10)", "A:SC-12"),
    ]


def test_exemptions_stand_beside_the_score(assessment: Assessment) -> None:
    one = Exemption(
        check="keys.*",
        owner="lab team",
        approver="ciso",
        reason="It ends.",
        created=date(2026, 1, 1),
        expires=date(2026, 12, 31),
    )
    kept = ExemptionReport(exemption=one, findings=2, use=Use.IN_FORCE)
    first = replace(assessment.results[1], exemption=one.told)
    page = source(
        replace(assessment, exemptions=(kept,), results=(first, *assessment.results))
    )
    assert "accepted findings count as findings" in page
    assert '<a href="#exemptions">1 accepted</a>' in page
    told = page[page.index('id="exemptions"') : page.index("What could not be read")]
    for cell in ("keys.*", "lab team", "ciso", "It ends.", "2026-12-31", "in force"):
        assert cell in told


# --- Its policy --------------------------------------------------------------------


def test_the_policy_lets_these_two_act_alone(assessment: Assessment) -> None:
    page = parsed(assessment)
    (content,) = (
        given["content"] or ""
        for _, given in page.named("meta")
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    (_, script) = page.bodies_of("script")
    ((_, style),) = page.bodies_of("style")
    assert content.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{digest(script[1])}'",
        f"style-src 'sha256-{digest(style)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_policy_stands_before_all_that_it_governs(assessment: Assessment) -> None:
    order = [
        name
        for name, given in parsed(assessment).elements
        if name in ("script", "style", "link") or "http-equiv" in given
    ]
    assert order == ["meta", "style", "script", "script"]


def assert_inert(page: Page) -> None:
    """Assert that a page acts through its own script and style alone."""
    ((block, _), (given, script)) = page.bodies_of("script")
    assert block == {"type": "application/octet-stream", "id": "payload"}
    assert (given, script) == ({}, asset("page.js"))
    assert page.bodies_of("style") == [({}, asset("page.css"))]
    assert page.other == []
    for name, attributes in page.elements:
        assert name not in {"link", "img", "iframe", "object", "embed", "base", "image"}
        assert not [each for each in attributes if each.startswith("on")]
        assert not LOADING & set(attributes)
        assert "style" not in attributes
        if "href" in attributes:
            assert_link(name, attributes)


def assert_link(name: str, attributes: Attributes) -> None:
    assert name == "a"
    href = attributes["href"] or ""
    assert href.startswith("#") or attributes["rel"] == "noreferrer"
    assert href.startswith(("#", "https://example.org/"))


def test_the_page_is_inert(assessment: Assessment) -> None:
    assert_inert(parsed(assessment))


def test_script_and_style_load_nothing_and_write_no_markup() -> None:
    style, script = asset("page.css"), asset("page.js")
    assert not re.search(r"url\(|@import|@font-face|image-set|expression", style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script
    )
    assert not re.search(r"\bfetch\(|XMLHttp|WebSocket|EventSource|sendBeacon", script)
    assert not re.search(r"\beval\(|Function\(|import\(|https?:", script)
    assert "</script" not in script.lower()
    assert "</style" not in style.lower()


# --- Hostile text ------------------------------------------------------------------


@cache
def harmless(hostile: Hostile) -> list[str]:
    """Return the elements of a page whose every field holds a plain word."""
    return parsed(hostile("word")).skeleton


def assert_harmless(page: Page, hostile: Hostile) -> None:
    assert_inert(page)
    assert page.skeleton == harmless(hostile)


@pytest.mark.parametrize("laced", HOSTILE)
def test_hostile_text_is_text(hostile: Hostile, laced: str) -> None:
    page = parsed(hostile(laced))
    assert_harmless(page, hostile)
    assert clean(laced) in page.said


@pytest.mark.parametrize("laced", HOSTILE)
def test_hostile_text_is_carried_as_data(hostile: Hostile, laced: str) -> None:
    found = rows(parsed(hostile(laced)))
    assert len(found) == len(Status)
    for row in found:
        assert set(row["target"].values()) == {clean(laced)}
        assert (row["reason"], row["advice"]) == (clean(laced), clean(laced))
        (_, path, deep, version), (_, _, flat, _) = row["evidence"]
        assert (path, version) == (clean(laced), clean(laced))
        assert json.loads(deep) == {laced: [laced, {"deep": laced}]}
        assert json.loads(flat) == laced


def test_markup_of_a_tenant_is_nowhere_in_the_source(hostile: Hostile) -> None:
    laced = source(hostile(SCRIPT + IMAGE))
    assert "<script>alert" not in laced
    assert "<img" not in laced
    assert "&lt;img src=x onerror=alert(1)&gt;" in laced


def test_a_lone_surrogate_is_replaced(hostile: Hostile) -> None:
    page = parsed(hostile("a\ud800b", id="/subscriptions/1"))
    assert "a\ufffdb" in page.said
    assert rows(page)[0]["reason"] == "a\ufffdb"
    assert json.loads(rows(page)[0]["evidence"][1][2]) == "a\ud800b"


@given(laced=st.text(min_size=1, max_size=20))
@example("<")
@example("&")
@example("'\"`=/>")
def test_no_text_changes_the_page(hostile: Hostile, laced: str) -> None:
    page = parsed(hostile(laced))
    assert_harmless(page, hostile)


@given(laced=st.text(min_size=1, max_size=20))
@example("\x85\x9b\u2028\u202e\u2066\ufeff\x7f\r\n")
def test_nothing_in_the_page_steers(hostile: Hostile, laced: str) -> None:
    page_source = source(hostile(laced))
    for written in (page_source, unpacked(Page(page_source))):
        found = {unicodedata.category(c) for c in written if c != "\n"}
        assert found.isdisjoint(CONTROLS)
        assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", written)


# --- Its parts ---------------------------------------------------------------------


def test_markup_is_escaped_once() -> None:
    assert text("<b> & \"'") == "&lt;b&gt; &amp; &quot;&#x27;"
    assert tag("p", tag("b", "<"), "&") == "<p><b>&lt;</b>&amp;</p>"
    assert joined("<", tag("i", "x")) == "&lt;<i>x</i>"


def test_attributes_are_named_and_escaped() -> None:
    made = tag("input", class_="a", data_set='"', hidden=True, checked=False)
    assert made == '<input class="a" data-set="&quot;" hidden>'


def test_lines_are_kept_and_controls_are_not() -> None:
    assert text("a\nb\tc\x00\u202e") == "a\nb c"


def test_prose_is_marked_up() -> None:
    made = inline("`a < b` is **so**, see [this](https://example.org/x?a=b&c).")
    link = '<a href="https://example.org/x?a=b&amp;c" rel="noreferrer">this</a>'
    assert made == f"<code>a &lt; b</code> is <strong>so</strong>, see {link}."


def test_only_secure_links_are_links() -> None:
    for unsafe in ("[x](javascript:alert(1))", "http://example.org", "//example.org"):
        assert "<a" not in inline(unsafe)


def test_lists_and_code_are_blocks() -> None:
    made = "".join(blocks("One:\n\n- a\n- b\n\n1. c\n\n```bash\naz <x>\n```"))
    assert "<p>One:</p>" in made
    assert "<ul><li>a</li><li>b</li></ul>" in made
    assert "<ol><li>c</li></ol>" in made
    assert "<figcaption>bash</figcaption>" in made
    assert '<pre tabindex="0"><code>az &lt;x&gt;</code></pre>' in made
