"""Drives Chromium for `playback`: run by the Python that has Playwright, told what by JSON.

Standard input: `{"page": …, "chromium": …, "steps": [["first", URL], ["run", URL, RATE,
MS], ["open", URL], ["seek", UTC_MS], ["file", URL]]}`; standard output: a line of JSON for each step.
"""

import json
import sys
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
]
_COUNT = """
(() => {
  const found = performance.getEntriesByType("resource");
  return { requests: found.length, bytes: found.reduce((sum, one) => sum + one.transferSize, 0) };
})()
"""


def main() -> None:
    """Do the steps."""
    told = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=told["chromium"], args=FLAGS
        )
        page = browser.new_page()
        taken = {"requests": 0, "bytes": 0}

        def asked(_event: dict[str, Any]) -> None:
            taken["requests"] += 1

        def came(event: dict[str, Any]) -> None:
            taken["bytes"] += event["dataLength"]

        page.goto(told["page"])
        network = page.context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", asked)
        network.on("Network.dataReceived", came)
        network.send("Network.enable")
        for name, *arguments in told["steps"]:
            page.evaluate("performance.clearResourceTimings()")
            taken.update(requests=0, bytes=0)
            if name == "open":
                answer = page.evaluate("([url]) => open(url, 0)", arguments)
                page.wait_for_function("video.readyState >= 2", timeout=30_000)
            else:
                answer = page.evaluate(f"(told) => {name}(...told)", arguments)
            # a file that is still being read is no entry of the page's own count
            counted = {**taken} if name == "file" else page.evaluate(_COUNT)
            errors = page.evaluate("errors")
            told_back = {"answer": answer, **counted, "errors": errors}
            print(json.dumps(told_back), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
