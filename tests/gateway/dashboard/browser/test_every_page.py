"""Every page in a real browser, light and dark: its policy holds, it can be used by everybody, it is small."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.gateway.dashboard.browser.conftest import SCREENSHOTS, Open
from tests.gateway.dashboard.paths import PAGES

FIRST_LOAD_BYTES = 200_000
EVERYTHING = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""Are all that differs between light and dark."""


def broken_rules(page: Page, rules: dict[str, Any]) -> list[str]:
    """Returns what axe finds that is serious or worse, with all details open."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found: list[dict[str, Any]] = Axe().run(page, options=rules).response["violations"]
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in {"serious", "critical"}
    ]


def test_what_not_everybody_can_use_is_found(open_as: Open) -> None:
    page = open_as("rob")
    page.evaluate(
        """() => {
            const pale = Object.assign(document.createElement("p"), {textContent: "pale"});
            pale.style.color = "#eee";
            document.querySelector("main").append(pale, document.createElement("input"));
        }"""
    )

    assert [each.partition(":")[0] for each in broken_rules(page, EVERYTHING)] == ["color-contrast", "label"]
    assert [each.partition(":")[0] for each in broken_rules(page, COLOURS)] == ["color-contrast"]


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", EVERYTHING), pytest.param("dark", COLOURS, marks=pytest.mark.slow)]
)
def test_everybody_can_use_every_page(open_as: Open, scheme: str, rules: dict[str, Any]) -> None:
    # Takes as long as axe does for all pages.
    page = open_as("rob", scheme=scheme)
    found = {}

    for name, path in PAGES.items():
        page.goto(path)
        found[name] = broken_rules(page, rules)

    assert {name: broken for name, broken in found.items() if broken} == {}


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(245, 246, 248)"), ("dark", "rgb(16, 19, 23)")])
def test_every_page_is_drawn_in_both_colours(open_as: Open, scheme: str, ground: str) -> None:
    page = open_as("rob", scheme=scheme)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    grounds = set()

    for name, path in PAGES.items():
        page.goto(path)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)

    assert grounds == {ground}


def test_no_page_is_wider_than_a_phone(open_as: Open) -> None:
    page = open_as("rob", width=360)
    over = {}

    for name, path in PAGES.items():
        page.goto(path)
        over[name] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert {name: by for name, by in over.items() if by} == {}


def test_the_first_load_is_small(open_as: Open) -> None:
    page = open_as("rob")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))

    totals = {}
    for name, path in PAGES.items():
        sizes.clear()
        page.goto(path, wait_until="load")
        totals[name] = sum(sizes)

    assert max(totals.values()) <= FIRST_LOAD_BYTES
    assert min(totals.values()) > 1000, "it is measured"


def test_the_sign_in_form_can_be_used_by_everybody(open_as: Open, url: str) -> None:
    page = open_as("rob")
    page.context.clear_cookies()
    page.goto("/sign-in")

    assert broken_rules(page, EVERYTHING) == []
