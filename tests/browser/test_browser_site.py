"""The documentation site's main pages in a browser, at a phone's width and a desk's, light and dark."""

from __future__ import annotations

import pytest
from headless import DESKTOP, LOOKS, PHONE, Headless, Look
from selenium.webdriver.common.by import By

PAGES = (
    "quick_start",
    "tutorial",
    "supported_layers",
    "errors",
    "commands",
    "report",
    "gallery",
    "registers",
    "results",
    "modules/tilewright.face",
)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_home(headless: Headless, site_address: str, look: Look) -> None:
    assert headless.keep(f"{site_address}/", look, "site_home") == []


@pytest.mark.parametrize("page", PAGES)
def test_pages(headless: Headless, site_address: str, page: str) -> None:
    for look in (Look(PHONE, dark=True), Look(DESKTOP)):
        found = headless.keep(f"{site_address}/{page}/", look, f"site_{page.replace('/', '_')}")
        assert found == [], str(look)


def test_the_site_is_dark_where_the_system_is(headless: Headless, site_address: str) -> None:
    """Also after a visit in light."""
    schemes = []
    for dark in (False, True, False):
        headless.look(f"{site_address}/", Look(DESKTOP, dark))
        schemes.append(headless.chrome.find_element(By.TAG_NAME, "body").get_attribute("data-md-color-scheme"))
    assert schemes == ["default", "slate", "default"]
