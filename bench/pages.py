"""What a reader's browser downloads: the weight of every built page, alone and with its assets.

Read from `_build/html`, so build the book first (`make bench` does).
"""

import gzip
import re
from pathlib import Path

HTML = Path(__file__).resolve().parents[1] / "_build" / "html"
KILOBYTE = 1000  # bytes
REFERENCE = re.compile(r'<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"#?]+)')
IN_STYLES = re.compile(r"url\([\"']?([^\"')#?]+)")
COMPRESSED_ALREADY = {".woff2", ".png", ".jpg"}


def weight(path):
    """The bytes of the file at `path` as a server sends it: gzipped, unless it is already."""
    content = path.read_bytes()
    return len(content) if path.suffix in COMPRESSED_ALREADY else len(gzip.compress(content))


def assets(page):
    """The local files that the page at `page` names, and those that its style sheets name."""
    found = {
        (page.parent / name).resolve()
        for name in REFERENCE.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", name)
    }
    found = {path for path in found if path.is_file() and path.suffix != ".html"}
    for style in [path for path in found if path.suffix == ".css"]:
        names = IN_STYLES.findall(style.read_text(encoding="utf-8"))
        linked = {(style.parent / name).resolve() for name in names if not name.startswith("data:")}
        found |= {path for path in linked if path.is_file()}
    return found


def rows(folder=HTML):
    """One (name, page, page gzipped, page and its assets gzipped) in bytes for each page."""
    for page in sorted(folder.rglob("*.html")):
        with_assets = weight(page) + sum(map(weight, assets(page)))
        yield page.relative_to(folder).as_posix(), page.stat().st_size, weight(page), with_assets


def main(folder=HTML):
    """Print the weights in kilobytes."""
    print("Pages, in kB: as built, gzipped, and gzipped with all that they may ask for")
    for name, built, gzipped, with_assets in rows(folder):
        sizes = "".join(f"{size / KILOBYTE:9.1f}" for size in (built, gzipped, with_assets))
        print(f"  {name:<40}{sizes}")
    for script in sorted((folder / "_static").glob("attnlib*.js")):
        built, gzipped = script.stat().st_size / KILOBYTE, weight(script) / KILOBYTE
        print(f"  figures, in {script.name:<28}{built:9.1f}{gzipped:9.1f}")
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"  the whole book on disk{whole / KILOBYTE:27.1f}")


if __name__ == "__main__":
    main()
