"""The report of 100,000 results, as Chromium shows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from checks import ALL
from reports.html import report_html
from scanner.assess import assess
from scanner.model.results import Assessment, Result
from scanner.model.settings import Settings
from scanner.snapshot.reader import Snapshot

RESULTS = 100_000
CHROMIUM = shutil.which("chromium")
SETTLED = "document.querySelector('#count').innerText"


def shown_in_chromium() -> str:
    """Return how long the page takes until it can be used, searched and grouped."""
    if CHROMIUM is None:
        return "report.html: not measured, there is no chromium on the PATH"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        assessment = _many(Path(folder))
        began = time.perf_counter()
        path.write_bytes(b"".join(report_html(assessment)))
        written = time.perf_counter() - began
        return (
            f"report.html of {RESULTS:,} results: {path.stat().st_size / 1e6:.1f} MB, "
            f"written in {written:.1f} s; {_shown(path)}"
        )


def _many(folder: Path) -> Assessment:
    """Return the demo's results over and over, each time for other resources."""
    run = folder / "run"
    command = (sys.executable, "-m", "scanner.cli.main", "demo", "-o", str(run))
    subprocess.run(command, check=False, capture_output=True)
    demo = assess(Snapshot(run), ALL, Settings())
    every = (_again(one, again) for again in count() for one in demo.results)
    return replace(demo, results=tuple(islice(every, RESULTS)))


def _again(result: Result, number: int) -> Result:
    target = result.target
    named = replace(
        target,
        resource_id=f"{target.resource_id}-{number}",
        resource_name=f"{target.resource_name}-{number}",
    )
    return replace(result, target=named)


def _shown(path: Path) -> str:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=("--no-sandbox", "--disable-gpu")
        )
        page = browser.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda each: asked.append(each.url))
        page.on("console", lambda each: said.append(each.text))
        page.on("pageerror", lambda each: said.append(str(each)))
        began = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_function(SETTLED)
        usable = time.perf_counter() - began
        searched = _took(page, "form.elements.search.value = 'sandbox'")
        grouped = _took(page, "form.elements.group.value = 'resource'")
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        browser.close()
    return (
        f"usable after {usable:.1f} s, searched in {searched:.2f} s, grouped in "
        f"{grouped:.2f} s, {heap:.0f} MB of heap, {len(asked) - 1} requests, "
        f"{len(said)} complaints"
    )


def _took(page: Page, change: str) -> float:
    """Return the seconds from a change of the controls until the list shows it."""
    began = time.perf_counter()
    page.evaluate(
        "change => new Promise(done => {"
        " const form = document.querySelector('#controls');"
        " new MutationObserver(() => requestAnimationFrame(done))"
        " .observe(document.querySelector('#count'), {childList: true});"
        f" {change};"
        " form.dispatchEvent(new Event('input', {bubbles: true})); })",
    )
    return time.perf_counter() - began
