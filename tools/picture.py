"""Make the README's picture of the flagship figure from the built book: make picture."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tools import chromium

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "_build" / "html" / "index.html"
PICTURE = ROOT / "pictures" / "query-key.png"
COLOURS = 200  # a palette keeps the file small; the figure has few hues
WIDE = ".al-figure { position: absolute; left: 0; width: 1024px; z-index: 9999 }"  # all in a row


def main():
    """Open the landing page, choose a cell, and store what the figure shows."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5)
        page.goto(PAGE.as_uri())
        figure = page.locator('[data-attnlib-figure="QueryKey"][data-ready="true"]')
        picture = figure.locator("[data-picture]")
        picture.wait_for()
        page.add_style_tag(content=WIDE)
        shot = Image.open(io.BytesIO(picture.screenshot()))
        browser.close()
    PICTURE.parent.mkdir(exist_ok=True)
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} KB, {shot.size}")


if __name__ == "__main__":
    main()
