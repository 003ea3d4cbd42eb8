"""Writes docs/images/dashboard.png: python -m tests.docs.write_screenshot LINK.

The link signs in to a running stack; `make demo` prints one.
"""

import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from tests.gateway.dashboard.browser.conftest import CHROMIUM

TARGET: Final = Path(__file__).resolve().parents[2] / "docs" / "images" / "dashboard.png"
WIDTH, HEIGHT = 1280, 1320


def write(link: str) -> None:
    """Writes the picture of the bandit of the newest experiment that has stopped, whose weights moved all its life."""
    TARGET.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(link)
        _show_bandit(page)
        page.screenshot(path=TARGET)
        browser.close()


def _show_bandit(page: Page) -> None:
    page.locator("tbody tr", has_text="Stopped").locator("a").first.click()
    page.get_by_role("link", name="Bandit", exact=True).click()
    page.locator("#chart-posterior").wait_for()


if __name__ == "__main__":
    write(sys.argv[1])
