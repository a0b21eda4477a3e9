"""Pages in headless Chromium: opened at a width and in light or dark, and what is wrong with them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documentation import ROOT
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

#: Debian's packages chromium and chromium-driver, of one source: they always fit each other
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
SCREENSHOTS = ROOT / "build" / "screenshots"
PHONE, DESKTOP = 390, 1280
#: Pixels of the smallest text that counts as readable
SMALLEST = 11
# Taller than any page is shown at once
_TALLEST = 12_000

EXAMINE = """
const shown = element => element.checkVisibility({visibilityProperty: true});
const named = element => element.outerHTML.slice(0, 120);
const wrong = [];
const width = document.documentElement.clientWidth;
if (width !== arguments[1]) wrong.push(`laid out ${width} wide, in a window of ${arguments[1]}`);
if (document.documentElement.scrollWidth > width) {
  const scrolls = element => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(element).overflowX);
  const inside = element => element && element !== document.body && (scrolls(element) || inside(element.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter(
    element => shown(element) && element.getBoundingClientRect().right > width + 1 && !inside(element.parentElement));
  wrong.push(`wider than the window (${document.documentElement.scrollWidth} of ${width}): `
             + wide.slice(-3).map(named).join(" | "));
}
for (const picture of document.querySelectorAll("img, svg")) {
  if (!shown(picture)) continue;
  const box = picture.getBoundingClientRect();
  const broken = picture.tagName === "IMG" && (!picture.complete || picture.naturalWidth === 0);
  if (broken || box.width < 1 || box.height < 1) wrong.push("a picture without size: " + named(picture));
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const small = new Set();
while (walker.nextNode()) {
  const parent = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !shown(parent) || parent.closest("script, style, svg")) continue;
  if (parseFloat(getComputedStyle(parent).fontSize) < arguments[0]) small.add(named(parent));
}
for (const text of [...small].slice(0, 3)) wrong.push("text too small: " + text);
return wrong;
"""


@dataclass(frozen=True)
class Look:
    """How a page is looked at.

    Attributes:
        width: of the window in pixels.
        dark: whether the user prefers dark.
    """

    width: int
    dark: bool = False

    def __str__(self) -> str:
        return f"{self.width}_{'dark' if self.dark else 'light'}"


LOOKS = tuple(Look(width, dark) for width in (PHONE, DESKTOP) for dark in (False, True))


class Headless:
    """A headless Chromium; ``with`` ends it."""

    def __init__(self) -> None:
        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        # Containers that CI runs in have no user namespaces, and little shared memory
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.chrome = Chrome(options=options, service=Service(str(DRIVER)))

    def __enter__(self) -> Headless:
        return self

    def __exit__(self, *_: object) -> None:
        self.chrome.quit()

    def look(self, address: str, look: Look) -> list[str]:
        """Opens a page, and says what is wrong with it, a line each.

        Args:
            address: of the page.
            look: how.
        """
        self._read_logs()
        self.chrome.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width == PHONE},
        )
        theme = {"name": "prefers-color-scheme", "value": "dark" if look.dark else "light"}
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        self.chrome.get(address)
        return [*self._read_logs(address), *self.chrome.execute_script(EXAMINE, SMALLEST, look.width)]

    def _read_logs(self, address: str = "") -> Iterator[str]:
        """What the console says, and requests that failed or went elsewhere."""
        origin = re.match(r"\w+://[^/]*", address)
        console = [f"console: {entry['message']}" for entry in self.chrome.get_log("browser")]
        requests = [json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance")]
        found = [wrong for request in requests for wrong in _wrong(request, origin[0] if origin else "")]
        return iter([*console, *found])

    def keep(self, address: str, look: Look, name: str) -> list[str]:
        """:meth:`look`, and a picture of the page among the screenshots, which CI keeps."""
        found = self.look(address, look)
        self.screenshot(SCREENSHOTS / f"{name}_{look}.png")
        return found

    def screenshot(self, file: Path) -> None:
        """Writes the whole page that is open as a PNG."""
        size = self.chrome.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], _TALLEST), "scale": 1}
        shot = self.chrome.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))


def _wrong(event: dict[str, Any], origin: str) -> Iterator[str]:
    """What an event of Chromium's network says that went wrong."""
    method, parameters = event["method"], event["params"]
    if method == "Network.loadingFailed" and not parameters.get("canceled"):
        yield f"request failed: {parameters['errorText']}"
    elif method == "Network.responseReceived" and parameters["response"]["status"] >= 400:
        yield f"request failed: {parameters['response']['status']} {parameters['response']['url']}"
    elif method == "Network.requestWillBeSent":
        url = parameters["request"]["url"]
        if not url.startswith((origin, "data:", "blob:")):
            yield f"request to elsewhere: {url}"
