"""From an idea to a stop, in a browser, before real services: suggest, design, review, start, learn, analyse, ship."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.gateway.dashboard.browser import whole_way
from tests.gateway.dashboard.browser.conftest import SCREENSHOTS, Open
from tests.gateway.front import Front
from tests.gateway.stack import Stack

# Jobs are real ones, and the machine may be busy.
PATIENT = 30_000.0


@pytest.fixture
def whole(stack: Stack, gateway_database_url: str) -> Iterator[Front]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with whole_way.opened(stack, gateway_database_url) as front:
        yield front


@pytest.fixture
def url(whole: Front) -> str:
    return whole.url


def judge(page: Page, path: str) -> None:
    """Approves the request as whoever is at the page."""
    page.goto(path)
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Send the verdict").click()
    expect(page.get_by_role("status").first).to_contain_text("Approved.")


def carry_out(page: Page, path: str) -> None:
    """Applies the request as whoever is at the page."""
    page.goto(path)
    page.get_by_role("button", name="Apply now").click()
    expect(page.get_by_text("Applied.", exact=True)).to_be_visible()


def test_from_an_idea_to_a_stop(open_as: Open, stack: Stack, new_experiment_id: Callable[[], str]) -> None:
    # Takes as long as three real jobs and two people do.
    ann, rob, name = open_as("ann"), open_as("rob"), new_experiment_id()

    _suggest(ann)
    _design(ann)
    _create(ann, name)
    request = ann.url
    judge(rob, request)
    carry_out(ann, request)
    stack.serve(name)
    whole_way.units_come(stack, name, "signed-up", count=6000, rates={"control": 0.10, "variant-1": 0.16})
    _look_at_the_bandit(ann, name)
    _analyse(ann, name)
    stop = _propose_to_ship(ann, name)
    judge(rob, stop)
    carry_out(ann, stop)

    ann.goto(f"/insights/experiments/{name}")
    expect(ann.locator(".head")).to_contain_text("Stopped")


def _suggest(page: Page) -> None:
    page.goto("/insights/hypotheses")
    page.get_by_label("What is to be achieved").fill("More sign-ups")
    page.get_by_label("About which metrics").select_option("new")
    page.locator("#suggest details").evaluate("each => each.open = true")
    for label, value in (("Id", "signed-up"), ("Today (% for a share)", "10"), ("Measured on units", "60000")):
        page.locator("#suggest").get_by_label(label, exact=True).fill(value)
    page.get_by_label("Parts of the units").fill("device=mobile, 6, 30000\ndevice=desktop, 14, 30000")
    page.locator("#suggest").get_by_label("Units a day").fill("2000")
    page.get_by_role("button", name="Suggest hypotheses").click()
    page.get_by_role("link", name="See ").click(timeout=PATIENT)
    expect(page.locator("article").first).to_contain_text("signed-up")


def _design(page: Page) -> None:
    first = page.locator("article").first
    first.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status").first).to_contain_text("Accepted")
    first = page.locator("article").first
    first.get_by_text("Turn into a design").click()
    first.get_by_label("Units a day").fill("2000")
    first.get_by_label("Smallest lift, %").fill("15")
    first.get_by_role("button", name="Recommend a design").click()
    page.get_by_role("link", name="See the design").click(timeout=PATIENT)
    expect(page.locator("#what-if")).to_contain_text("Acceptable")


def _create(page: Page, name: str) -> None:
    page.get_by_label("Experiment id").fill(name)
    page.get_by_role("button", name="Create and send for review").click()
    page.wait_for_url("**/insights/reviews/*")


def _look_at_the_bandit(page: Page, name: str) -> None:
    page.goto(f"/insights/experiments/{name}/bandit")
    expect(page.locator("main")).to_contain_text("6,000")
    page.screenshot(path=SCREENSHOTS / "whole-way-bandit.png", full_page=True)


def _analyse(page: Page, name: str) -> None:
    page.goto(f"/insights/experiments/{name}")
    page.get_by_role("button", name="Analyse now").click()
    page.get_by_role("link", name="See the analysis").click(timeout=PATIENT)
    expect(page.get_by_label("Decision")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "whole-way-analysis.png", full_page=True)
    page.goto(f"/insights/experiments/{name}")
    expect(page.locator("#results")).to_contain_text("signed-up")
    page.screenshot(path=SCREENSHOTS / "whole-way-results.png", full_page=True)


def _propose_to_ship(page: Page, name: str) -> str:
    page.goto(f"/insights/experiments/{name}/reviews")
    page.get_by_label("Change", exact=True).select_option("stop")
    page.get_by_label("A stop ships").select_option("variant-1")
    page.get_by_label("Why").fill("It is shown to be better")
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/insights/reviews/*")
    return page.url
