# SPDX-License-Identifier: Apache-2.0
"""The HTML report in headless Chromium, as a person uses it: filter, sort, follow an edge, by mouse and by keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migrate import config as configuration
from migrate import pipeline
from migrate.model.assessment import Assessment
from migrate.report.page import MOST_BYTES, render
from tests.report.hostile import EVIL, estate
from tests.report.large import large

playwright = pytest.importorskip("playwright.sync_api", reason="scripts/bootstrap.sh real installs it")
pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).resolve().parents[2] / "inventories" / "example"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()
READY = "html[data-ready]"
SECONDS_TO_USE = 5.0


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def example() -> Assessment:
    return pipeline.assess(configuration.load(EXAMPLE / "migrate.yaml"), EXAMPLE)


class Opened:
    """A page in the browser, with all that it asked of the network and complained of."""

    def __init__(self, browser: playwright.Browser, file: Path, **context: object) -> None:
        self.context = browser.new_context(viewport={"width": 1400, "height": 900}, **context)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        begun = time.monotonic()
        self.page.goto(file.as_uri())
        self.page.wait_for_selector(READY)
        self.seconds = time.monotonic() - begun

    def names(self) -> list[str]:
        found: list[str] = self.page.locator("#rows td.name button").all_text_contents()
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        """The page's own policy forbids what a browser would have to evaluate to wait, so it is asked again."""
        for _ in range(200):
            if holds():
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"not within 5 s; the table holds {self.names()[:10]}")

    def title(self) -> str:
        return str(self.page.locator("#about h2").text_content())


@pytest.fixture
def opened(browser: playwright.Browser, example: Assessment, tmp_path: Path) -> Iterator[Opened]:
    file = tmp_path / "report.html"
    file.write_text(render(example), encoding="utf-8")
    page = Opened(browser, file)
    yield page
    assert page.said == []
    assert page.asked == [file.as_uri()], "it asked for something else"
    page.context.close()


def test_filter(opened: Opened) -> None:
    whole = len(opened.names())
    opened.page.fill("#search", "redis 6379")
    opened.until(lambda: 0 < len(opened.names()) < whole)
    assert "redis" in opened.names()
    opened.page.fill("#search", "")
    opened.page.select_option("#by-env", label="staging")
    opened.page.select_option("#by-answer", label="Stay on their VMs")
    assert opened.names() == ["postgresql", "redis"]
    opened.page.fill("#search", "nothing is called that")
    opened.page.wait_for_selector("#none:not([hidden])")
    opened.page.click("#clear")
    opened.until(lambda: len(opened.names()) == whole)


def test_a_name_of_a_machine_finds_what_runs_on_it(opened: Opened) -> None:
    opened.page.fill("#search", "web3")
    opened.until(lambda: len(opened.names()) < 30 and {"nginx-web", "shop-web"} <= set(opened.names()))
    opened.page.fill("#machine-search", "web3")
    assert opened.page.locator("#machine-rows tr").count() == 1


def test_sort(opened: Opened) -> None:
    opened.page.click("#heads button[data-key=name]")
    up = opened.names()
    assert up == sorted(up, key=str.casefold)
    assert opened.page.get_attribute("#heads th:first-child", "aria-sort") == "ascending"
    opened.page.click("#heads button[data-key=name]")
    assert opened.names()[0] == up[-1]
    opened.page.click("#heads button[data-key=wave]")
    waves = [text for text in opened.page.locator("#rows td:nth-child(4)").all_text_contents() if text]
    assert waves == sorted(waves, key=lambda text: 0 if text == "stays" else int(text))


def test_follow_an_edge_by_click(opened: Opened) -> None:
    way = opened.page.locator('#canvas .way[aria-label^="nginx-jenkins needs jenkins"]')
    way.locator(".wide").dispatch_event("click")
    assert opened.title() == "jenkins"
    assert "on" in str(way.get_attribute("class")).split()
    assert opened.page.locator("#about", has_text="roles/jenkins/").count() == 1
    opened.page.click("#about .chip:has-text('nginx-jenkins')")
    assert opened.title() == "nginx-jenkins"
    assert "#workload=production%2Fnginx-jenkins" in opened.page.url


def test_follow_an_edge_by_keyboard(opened: Opened) -> None:
    opened.page.focus('#canvas .way[aria-label^="haproxy needs nginx-web"]')
    opened.page.keyboard.press("Enter")
    assert opened.title() == "nginx-web"
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("#panel").is_hidden()
    opened.page.focus("#rows tr:first-child td.name button")
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("#panel").is_visible()
    opened.page.keyboard.press("Escape")
    focused = opened.page.evaluate("document.activeElement.closest('td.name') !== null")
    assert focused, "the focus does not come back to where it was"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser: playwright.Browser, example: Assessment, tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(example), encoding="utf-8")
    page = Opened(browser, file, color_scheme=scheme).page
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    bright = sum(int(part) for part in paper.strip("rgb()").split(",")) > 380
    assert bright is (scheme == "light")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_hostile_text_does_nothing(browser: playwright.Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(estate(EVIL + "</script><img src=x onerror=alert(1)>${alert(1)}")), encoding="utf-8")
    opened = Opened(browser, file)
    opened.page.click("#rows tr:first-child td.name button")
    assert opened.page.locator("main script, main img, #about script, #about img").count() == 0
    assert (opened.said, opened.asked) == ([], [file.as_uri()])


def test_ten_thousand_machines(browser: playwright.Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(large(10_000)), encoding="utf-8")
    size = file.stat().st_size
    opened = Opened(browser, file)
    begun = time.monotonic()
    opened.page.fill("#search", "node0007-03")
    opened.until(lambda: opened.names() == ["front-0007", "store-0007"])
    filtered = time.monotonic() - begun
    opened.page.click("#rows tr:first-child td.name button")
    assert opened.title() == "front-0007"
    with capsys.disabled():
        told = f"{size / 1e6:.1f} MB, usable after {opened.seconds:.2f} s, filtered in {filtered:.2f} s"
        print(f"\nHTML report of 10,000 machines and 800 workloads: {told}")
    assert size <= MOST_BYTES
    assert opened.seconds < SECONDS_TO_USE
    assert opened.said == []
