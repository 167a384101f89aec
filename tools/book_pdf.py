"""Write the whole book as one PDF from the built pages: make pdf.

All pages become one document, which Chromium prints twice: the first time to learn on which page
everything stands, the second time with these numbers in the table of contents. What is folded
on the pages (solutions, and the answers to predictions and quizzes) stands in an appendix.
"""

import html
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pypdfium2
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

from tools import chromium

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
DOCUMENT = ROOT / "_build" / "book.html"
PDF = ROOT / "_build" / "attention-hands-on.pdf"
STYLES = Path(__file__).with_name("book_pdf.css")
NOT_ON_PAPER = ".headerlink, script, style, .al-reading-host, .prev-next-footer, .toctree-wrapper"
APPENDIX = "appendix"
OWN_PART = re.compile(r"(^|url\(\"?)#")  # how a drawing names a part of itself


class Page:
    """One built page: its name, its part of the book, and its article, ready for paper."""

    def __init__(self, name, caption, names):
        self.name, self.caption = name, caption
        source = (HTML / f"{name}.html").read_text(encoding="utf-8")
        self.article = BeautifulSoup(source, "html.parser").select_one("article.bd-article")
        self._name_figures()
        for needless in self.article.select(NOT_ON_PAPER):
            needless.decompose()
        self._rename_anchors(names)
        self.title = self.article.h1.get_text().strip()
        self.article.h1["id"] = anchor(name)
        self.folded = self._unfold()

    def _name_figures(self):
        """On paper a figure stands still: its caption is its title alone."""
        for host in self.article.select(".al-host:has(figcaption)"):
            host.figcaption.string = json.loads(host.script.string)["title"]

    def _rename_anchors(self, names):
        """Make ids unique in the whole book, and let links between pages lead to them."""
        for tagged in self.article.select("[id]"):
            if not tagged.find_parent(class_="al-whole"):
                tagged["id"] = anchor(self.name, tagged["id"])
        for drawn in self.article.select("svg:not(.al-whole svg) *"):
            for name, value in drawn.attrs.items():
                if isinstance(value, str) and OWN_PART.search(value):
                    drawn[name] = OWN_PART.sub(rf"\1#{self.name}--", value)
        for link in self.article.select("a[href]"):
            address, fragment = urldefrag(urljoin(f"{self.name}.html", link["href"]))
            if urlsplit(address).scheme:
                continue
            target = posixpath.splitext(address)[0]
            if target in names:
                link["href"] = "#" + anchor(target, unquote(fragment))
            else:
                del link["href"]  # the index and the search have no place on paper
        for image in self.article.select("img[src]"):
            image["src"] = (HTML / self.name).parent.joinpath(image["src"]).resolve().as_uri()

    def _unfold(self):
        """Take out what is folded; the pairs (heading, content) that belong in the appendix."""
        found = []
        for fold in self.article.find_all("details"):
            summary = fold.summary.extract().get_text().strip() if fold.summary else ""
            if summary == "Solution":
                found.append((self._heading_of(fold), fold))
            elif summary == "The answer":
                found.append((question_of(fold), fold))
            elif "hide" in fold.get("class", []):
                fold.decompose()  # the line that makes a figure
                continue
            else:
                fold.name = "div"
                continue
            self._leave_a_link(fold, f"{APPENDIX}-{self.name}-{len(found)}", summary)
        return found

    def _leave_a_link(self, fold, target, summary):
        link = BeautifulSoup(
            f'<p class="folded" id="from-{target}"><a href="#{target}">{summary}: '
            "in the appendix</a></p>",
            "html.parser",
        ).p
        fold.insert_before(link)
        fold.extract()
        fold.name, fold["id"] = "div", target

    def _heading_of(self, fold):
        return fold.find_previous(["h3", "h2", "h1"]).get_text().strip()


def question_of(fold):
    """What the answer in `fold` answers: the paragraph of its figure that asks."""
    asked = fold.find_previous_siblings("p")
    return next(p.get_text().strip() for p in asked if "al-title" not in p.get("class", []))


def anchor(name, fragment=""):
    """The id, in the whole book, of `fragment` of the page `name`."""
    return f"{name}--{fragment}" if fragment else name


def table_of_contents():
    """The pages of the book in order: pairs of a name and the caption of its part."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [(c["file"], part["caption"]) for part in toc["parts"] for c in part["chapters"]]
    return [(toc["root"], ""), *chapters]


def contents(pages, numbers):
    """The table of contents as HTML; `numbers` maps titles to pages, where they are known."""
    lines, caption = [], None
    entries = [(page.name, page.title, page.caption) for page in pages]
    entries.append((APPENDIX, "Solutions and answers", "Appendix"))
    for name, title, part in entries:
        if part != caption:
            lines.append(f'<p class="part">{html.escape(part)}</p>')
            caption = part
        lines.append(
            f'<p class="entry"><a href="#{name}">{html.escape(title)}</a>'
            f'<span class="leader"></span><a href="#{name}">{numbers.get(title, "")}</a></p>'
        )
    return '<section class="contents"><h1>Contents</h1>' + "".join(lines) + "</section>"


def appendix(pages):
    """Everything that was folded, chapter by chapter, each with a link to where it belongs."""
    parts = [f'<h1 id="{APPENDIX}">Solutions and answers</h1>']
    for page in pages:
        if page.folded:
            parts.append(f"<h2>{html.escape(page.title)}</h2>")
        for heading, fold in page.folded:
            parts.append(
                f'<div class="unfolded"><h3><a href="#from-{fold["id"]}">'
                f"{html.escape(heading)}</a></h3>{fold}</div>"
            )
    return "".join(parts)


def sheet(name, head, content):
    """`content` on sheets of its own, with `head` as their running head."""
    label = "".join(c if c.isalnum() else "-" for c in name)
    text = head.replace("\\", "\\\\").replace('"', '\\"')
    rule = f'@page {label} {{ @top-left {{ content: "{text}" }} }}'
    return f'<style>{rule}</style><div class="sheets" style="page: {label}">{content}</div>'


def document(pages, numbers, config):
    """The whole book as one HTML document."""
    built = BeautifulSoup((HTML / "index.html").read_text(encoding="utf-8"), "html.parser")
    sheets = built.select("link[rel=stylesheet]")
    styles = [HTML / unquote(urlsplit(link["href"]).path) for link in sheets]
    links = "".join(f'<link rel="stylesheet" href="{s.as_uri()}">' for s in (*styles, STYLES))
    title = html.escape(config["title"])
    front = (
        f'<section class="front"><p class="front-title">{title}</p>'
        f"<p>{html.escape(config['author'])}, {html.escape(str(config['copyright']))}</p>"
        "<p>Text and figures: CC BY 4.0. Code: MIT.</p></section>"
    )
    sheets = "".join(sheet(page.name, page.title, page.article) for page in pages)
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{links}</head><body>{front}{contents(pages, numbers)}{sheets}"
        f"{sheet(APPENDIX, 'Solutions and answers', appendix(pages))}</body></html>"
    )


def print_document(browser, target):
    """Print `DOCUMENT` to the file `target`."""
    page = browser.new_page()
    page.goto(DOCUMENT.as_uri())
    page.evaluate("document.fonts.ready")
    page.pdf(
        path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
    )
    page.close()


def outline(book):
    """The titles of the first level of the outline of `book`, each with its page from 1."""
    entries = ((entry.level, entry.get_title(), entry.get_dest()) for entry in book.get_toc())
    return {title: place.get_index() + 1 for level, title, place in entries if level == 0}


def write(browser, target):
    """Print the built book to the file `target`."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    order = table_of_contents()
    names = {name for name, _ in order}
    pages = [Page(name, caption, names) for name, caption in order]
    numbers = {}
    for _ in range(2):
        DOCUMENT.write_text(document(pages, numbers, config), encoding="utf-8")
        print_document(browser, target)
        with pypdfium2.PdfDocument(target) as book:
            numbers = outline(book)


def main():
    """Write the PDF and say where it is."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        write(browser, PDF)
        browser.close()
    with pypdfium2.PdfDocument(PDF) as book:
        print(f"{PDF.relative_to(ROOT)}: {len(book)} pages")


if __name__ == "__main__":
    main()
