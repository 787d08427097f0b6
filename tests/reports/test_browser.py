"""The report as Chromium shows it: to eyes, to a keyboard, to a screen reader."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import sync_playwright

from reports.html import report_html
from scanner.model.check import Severity, Status
from scanner.model.drift import compare
from scanner.model.exemptions import Exemption, ExemptionReport, Use
from scanner.model.judged import Judged, Row
from scanner.model.results import Assessment
from scanner.model.trend import Point

CHROMIUM = shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic")
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    "</template></title></style><svg onload=alert(1)>"
    '" onmouseover="alert(1)" x=\'<!-- ]]> javascript:alert(1)'
    '<a href="data:text/html,<script>alert(1)</script>">'
    "\x00\x1b[2J\u202e\u2066\ufeff\u2028"
) + "long" * 500

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on the PATH"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@dataclass
class Opened:
    """A page, and what it asked for and complained of since it was opened."""

    page: Any
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def show(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """Return a function that opens the report of an assessment."""
    contexts = []

    def opened(assessment: Assessment, **how: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_bytes(b"".join(report_html(assessment)))
        context = chromium.new_context(**how)
        contexts.append(context)
        one = Opened(context.new_page())
        one.page.on("console", lambda each: one.said.append(each.text))
        one.page.on("pageerror", lambda each: one.said.append(str(each)))
        one.page.on("dialog", lambda each: one.said.append(each.message))
        one.page.on("request", lambda each: one.requests.append(each.url))
        one.page.goto(path.as_uri())
        one.page.wait_for_function("document.querySelector('#count').innerText")
        one.page.evaluate("document.querySelector('#results').scrollIntoView()")
        one.page.wait_for_selector(".result")
        return one

    yield opened
    for context in contexts:
        context.close()


def unfold(page: Any) -> None:
    """Open all that is folded; that moves the list, which is drawn where it is seen."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate("document.querySelector('#results').scrollIntoView()")
    page.wait_for_selector(".result")


@pytest.fixture
def whole(assessment: Assessment) -> Assessment:
    """Return an assessment with every section that a report can have."""
    first = assessment.results[0]
    fixed = replace(first, status=Status.PASS, reason="It was fixed.")
    earlier = (fixed, *assessment.results[1:-2])
    exemption = Exemption(
        check="keys.*",
        owner="lab team",
        approver="ciso",
        reason="The lab ends with the year.",
        created=date(2026, 1, 1),
        expires=date(2026, 12, 31),
    )
    return replace(
        assessment,
        exemptions=tuple(
            ExemptionReport(exemption=exemption, findings=1, use=use) for use in Use
        ),
        drift=compare(_judged(assessment, earlier), _judged(assessment)),
        trend=tuple(_point(day) for day in range(1, 4)),
    )


def _judged(assessment: Assessment, results: Sequence[Any] | None = None) -> Judged:
    rows = tuple(map(Row.of, assessment.results if results is None else results))
    return Judged(run=assessment.run, rows=rows)


def _point(day: int) -> Point:
    return Point(
        started=f"2026-01-{day:02}T00:00:00Z",
        score=50.0 + day,
        coverage=0.9,
        findings={Severity.HIGH: day},
        exempted=0,
        gaps=0,
    )


def test_hostile_results_are_text_and_nothing_acts(show: Any, hostile: Any) -> None:
    laced = hostile(HOSTILE)
    rows = tuple(map(Row.of, laced.results))
    accepted = Exemption(
        check=HOSTILE,
        scope=HOSTILE,
        tag=(HOSTILE, HOSTILE),
        owner=HOSTILE,
        approver=HOSTILE,
        reason=HOSTILE,
        created=date(2026, 1, 1),
        expires=date(2026, 12, 31),
    )
    opened = show(
        replace(
            laced,
            exemptions=(
                ExemptionReport(exemption=accepted, findings=1, use=Use.IN_FORCE),
            ),
            drift=compare(
                Judged(run=laced.run, rows=()), Judged(run=laced.run, rows=rows)
            ),
            trend=(replace(_point(1), started=HOSTILE),),
        )
    )
    page = opened.page
    unfold(page)
    page.locator("[name=status]").evaluate_all(
        "boxes => boxes.forEach(box => box.checked || box.click())"
    )
    page.wait_for_function("document.querySelector('#count').innerText[0] === '7'")
    for number in range(7):
        page.locator(".result").nth(number).click()
    assert "<img src=x onerror=alert(1)>" in page.locator("#list").inner_text()
    assert page.locator("img, iframe, svg[onload], body script[src]").count() == 0
    assert opened.said == []
    assert len(opened.requests) == 1


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)]
)
def test_axe_finds_nothing(
    show: Any, whole: Assessment, scheme: str, width: int
) -> None:
    window = {"width": width, "height": 900}
    page = show(whole, color_scheme=scheme, viewport=window).page
    unfold(page)
    page.locator(".result").first.click()
    page.wait_for_selector(".detail")
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    told = [
        (each["id"], [n["html"] for n in each["nodes"]]) for each in found["violations"]
    ]
    assert told == []


def test_a_narrow_window_scrolls_down_alone(show: Any, whole: Assessment) -> None:
    page = show(whole, viewport={"width": 400, "height": 900}).page
    unfold(page)
    page.locator(".result").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_every_control_is_reached_and_seen(show: Any, whole: Assessment) -> None:
    page = show(whole).page
    page.reload()  # where it was scrolled to, Tab would go on from there
    page.wait_for_function("document.querySelector('#count').innerText")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = {"skip"}
    while not page.evaluate("document.activeElement.matches('.result')"):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.name || document.activeElement.type"
            " || document.activeElement.localName,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", name
        reached.add(name)
    wanted = {"skip", "summary", "div", "button", "search", "reset"}
    wanted |= {"topic", "control", "subscription", "group", "status", "severity"}
    assert wanted <= reached


def test_a_control_shows_all_that_its_checks_answered(
    show: Any, assessment: Assessment
) -> None:
    page = show(assessment).page
    unfold(page)
    page.locator(".controls .jump").first.click()
    page.wait_for_selector(".group")
    [group] = page.locator(".group").all()
    assert "keys.disabled" in group.inner_text()
    assert "1 not-assessed" in group.inner_text()
    assert "1 pass" in group.inner_text()


def counted(page: Any, before: str = "") -> str:
    """Return how many results are listed, once it is no longer what it was before."""
    said = "was => document.querySelector('#count').innerText !== was"
    page.wait_for_function(said, arg=before)
    return str(page.locator("#count").inner_text())


def test_a_resource_shows_its_own_results_alone(
    show: Any, assessment: Assessment
) -> None:
    failed = next(each for each in assessment.results if each.status is Status.FAIL)
    own = failed.target.resource_id
    refers = replace(failed.evidence[0], value={"id": own})
    citing = tuple(replace(each, evidence=(refers,)) for each in assessment.results)
    page = show(replace(assessment, results=citing)).page
    unfold(page)
    before = counted(page)
    page.locator(f".jump[data-value='{own}']").click()
    assert counted(page, before).startswith("2 of 14 results")


@pytest.mark.parametrize(
    ("words", "found"), [("keys off", 3), ("AC-2", 3), ("title", 0), ("guidance", 0)]
)
def test_words_of_checks_are_found_and_names_of_fields_are_not(
    show: Any, assessment: Assessment, words: str, found: int
) -> None:
    page = show(assessment).page
    before = counted(page)
    page.locator("#search").fill(words)
    assert counted(page, before).startswith(f"{found} of")


def test_the_list_is_for_keyboards(show: Any, assessment: Assessment) -> None:
    page = show(assessment).page
    page.locator("#search").focus()
    while not page.evaluate("document.activeElement.matches('.result')"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    at = "document.activeElement.closest('.item').getAttribute('aria-posinset')"
    assert page.evaluate(at) == "2"
    page.keyboard.press("Enter")
    page.wait_for_selector(".detail")
    assert page.evaluate("document.activeElement.ariaExpanded") == "true"
    assert page.evaluate(at) == "2"
    page.keyboard.press("End")
    shown = sum(
        each.status in {Status.FAIL, Status.WARN, Status.NOT_ASSESSED}
        for each in assessment.results
    )
    assert page.evaluate(at) == str(shown)


def test_paper_holds_what_needs_attention(show: Any, whole: Assessment) -> None:
    page = show(whole, color_scheme="dark").page
    folded = "document.querySelectorAll('details:not([open])').length"
    before = page.evaluate(folded)
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(folded) == 0
    ink = "getComputedStyle(document.body).color"
    assert page.evaluate(ink) == "rgb(26, 32, 40)"  # as on a light screen
    paper = page.locator("#print").inner_text()
    for status in ("fail", "warn", "not-assessed"):
        assert f"It is {status}." in paper
    assert "It is pass." not in paper
    assert not page.locator("#controls").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#print").inner_text() == ""
    assert page.evaluate(folded) == before
