"""Reports in a browser: nothing on the console, nothing from elsewhere, nothing broken or too wide, light and dark."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from headless import LOOKS, PHONE, Headless, Look
from selenium.webdriver.common.by import By


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", ["equal", "differs", "comparison"])
def test_reports(headless: Headless, reports: Path, name: str, look: Look) -> None:
    assert headless.keep((reports / f"{name}.html").as_uri(), look, f"report_{name}") == []
    paper = headless.chrome.execute_script("return getComputedStyle(document.body).backgroundColor")
    dark = max(int(part) for part in paper.strip("rgb()").split(",")) < 100
    assert dark is look.dark


def test_pictures_of_one_theme_show(headless: Headless, reports: Path) -> None:
    """Each is in the page twice."""
    shown = {}
    for dark in (False, True):
        headless.look((reports / "equal.html").as_uri(), Look(PHONE, dark))
        pictures = headless.chrome.find_elements(By.CSS_SELECTOR, ".picture")
        shown[dark] = [picture.is_displayed() for picture in pictures]
    assert sum(shown[False]) == len(shown[False]) / 2 and shown[True] == [not each for each in shown[False]]


def test_the_waveform_can_be_fetched(headless: Headless, reports: Path) -> None:
    page = (reports / "differs.html").as_uri()
    headless.look(page, Look(PHONE))
    (link,) = headless.chrome.find_elements(By.CSS_SELECTOR, "#mismatches a")
    assert link.get_attribute("href") == urljoin(page, "differs.fst")
    headless.look((reports / "equal.html").as_uri(), Look(PHONE))
    assert not headless.chrome.find_elements(By.CSS_SELECTOR, "a")


HEAD = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>t</title>'
VIEWPORT = '<meta name="viewport" content="width=device-width">'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<p>all right", ""),
        ("<div style='overflow-x: auto'><p style='width: 900px'>scrolls", ""),
        ("<script>console.error('broken')</script>", "console: "),
        ("<script>undefined.x</script>", "Cannot read properties of undefined"),
        ("<img src='gone.png' alt=''>", "a picture without size"),
        ("<img src='gone.png' alt=''>", "request failed"),
        ("<svg width='0' height='9'></svg>", "a picture without size"),
        ("<p style='width: 900px'>wide", "wider than the window"),
        ("<p style='font-size: 7px'>small", "text too small"),
        ("<link rel='stylesheet' href='http://127.0.0.1:9/style.css'>", "request to elsewhere"),
    ],
)
def test_planted_faults_are_found(headless: Headless, tmp_path: Path, body: str, found: str) -> None:
    (tmp_path / "page.html").write_text(f"{HEAD}{VIEWPORT}<body>{body}", encoding="utf-8")
    said = headless.look((tmp_path / "page.html").as_uri(), Look(PHONE))
    assert found in "\n".join(said) and bool(found) == bool(said)


def test_a_page_that_knows_no_phones_is_found(headless: Headless, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"{HEAD}<body><p>small", encoding="utf-8")
    assert headless.look((tmp_path / "page.html").as_uri(), Look(PHONE)) == ["laid out 980 wide, in a window of 390"]
