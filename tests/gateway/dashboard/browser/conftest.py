"""A real browser, where there is one; what its pages complain about fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.fakes import identity

# Build output: what a person looks at; not kept.
SCREENSHOTS = Path("build/screenshots")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

Open: TypeAlias = Callable[..., Page]


# No longer than a module: while it is there an event loop runs in this thread, which tests with one of their own mind.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def complaints() -> list[str]:
    """Are what pages wrote to the console as errors, violations of the policy among them; there must be none."""
    return []


@pytest.fixture
def open_as(browser: Browser, url: str, complaints: list[str]) -> Iterator[Open]:
    """Opens a page of a browser in which somebody is signed in."""
    contexts: list[BrowserContext] = []

    def call(who: str, *, scheme: str = "light", width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=url, color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in")
        page.fill("#token", identity.secret(who).value)
        page.click("button.primary")
        page.wait_for_url("/")
        return page

    yield call
    for context in contexts:
        context.close()
    assert complaints == []
