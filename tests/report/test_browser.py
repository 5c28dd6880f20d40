"""The report in a real browser: filter, sort, deep links, no word from the console, nothing fetched, accessible."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield chromium
        chromium.close()


class Visit:
    """A page of its own, with all that it said and asked for."""

    def __init__(self, browser: "sync_api.Browser", report: Path, **look) -> None:
        self.context = browser.new_context(**look)
        self.page = self.context.new_page()
        self.address = report.as_uri()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, at: str = "") -> "sync_api.Page":
        self.page.goto(self.address + at)
        return self.page

    def rows(self) -> list[str]:
        """The ids of the claims that the table shows, from top to bottom."""
        return self.page.locator("#claims-table tbody tr:visible td.id").all_inner_texts()


@pytest.fixture
def visit(browser, written) -> Iterator[Visit]:
    visit = Visit(browser, written / "report.html")
    yield visit
    visit.context.close()
    assert visit.said == []
    assert {url.partition("#")[0] for url in visit.asked if not url.startswith("data:")} == {visit.address}


def test_the_filter_shows_what_it_is_asked_for(visit) -> None:
    page = visit.open()
    assert visit.rows() == ["C-1", "C-2", "K-1"] and page.inner_text("#shown") == "3 claims"
    page.select_option("#verdict", "not run")
    assert visit.rows() == ["C-2", "K-1"] and page.inner_text("#shown") == "2 of 3 claims"
    page.select_option("#paper", "koopman")
    assert visit.rows() == ["K-1"]
    page.fill("#words", "bold")
    assert visit.rows() == []
    page.click("button[type=reset]")
    page.wait_for_function("document.getElementById('shown').textContent === '3 claims'")
    page.fill("#words", "BOLD claim")
    assert visit.rows() == ["C-1"]


def test_a_filtered_view_can_be_sent_to_somebody(visit) -> None:
    page = visit.open()
    page.select_option("#verdict", "not run")
    page.select_option("#paper", "cgnn")
    assert page.url.endswith("#claims?paper=cgnn&verdict=not+run")
    page.reload()
    assert visit.rows() == ["C-2"] and page.input_value("#verdict") == "not run"


def test_a_verdict_of_the_overview_shows_its_claims(visit) -> None:
    page = visit.open()
    page.click(".legend a.not-run")
    assert visit.rows() == ["C-2", "K-1"]
    assert page.locator("#claims-table").evaluate("e => e.getBoundingClientRect().top < innerHeight")


def test_headings_sort_with_the_mouse_and_with_the_keyboard(visit) -> None:
    page = visit.open()
    heading = page.locator("#claims-table thead th").first
    heading.get_by_role("button").click()
    assert visit.rows() == ["C-1", "C-2", "K-1"] and heading.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert visit.rows() == ["K-1", "C-2", "C-1"] and heading.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Measured").click()
    assert visit.rows()[0] == "C-1" and heading.get_attribute("aria-sort") is None


@pytest.mark.parametrize("claim", ["C-1", "C-2", "K-1", "run-run-gcn"])
def test_a_deep_link_leads_to_its_place_also_inside_what_is_folded(visit, claim: str) -> None:
    page = visit.open(f"#{claim}")
    place = page.locator(f"#{claim}")
    assert place.is_visible()
    assert place.evaluate("e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.top < innerHeight }")


def test_a_claim_leads_to_the_figures_that_show_it(visit) -> None:
    page = visit.open("#C-1")
    page.click("#C-1 .facts a[href='#orderings-cgnn']")
    assert page.locator("#orderings-cgnn svg").bounding_box()["width"] > 300


def test_letters_of_inlined_figures_are_drawn(visit) -> None:
    """They stand in the page once, and every figure refers to them."""
    page = visit.open()
    found = page.evaluate(
        """[...document.querySelectorAll('svg.drawn use')].map(use => {
            const box = use.getBoundingClientRect();
            return [document.querySelector(use.getAttribute('href')) !== null, box.width + box.height > 0];
        })"""
    )
    assert len(found) > 100 and all(known for known, _ in found)
    assert sum(drawn for _, drawn in found) > 0.9 * len(found)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_it_is_accessible_and_fits_the_window(browser, written, scheme: str, width: int) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    visit = Visit(browser, written / "report.html", **look)
    page = visit.open()
    page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (sum(bright) < 200) == (scheme == "dark")
    visit.context.close()


def test_it_reads_without_javascript(browser, written) -> None:
    visit = Visit(browser, written / "report.html", java_script_enabled=False)
    page = visit.open("#C-1")
    assert page.locator("#claims-table tbody tr:visible").count() == 3
    assert not page.locator(".controls").is_visible()
    assert page.locator("#C-1 .statement").is_visible()
    assert page.locator("svg.drawn").count() == 3
    visit.context.close()
