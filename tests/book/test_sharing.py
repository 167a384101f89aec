"""Shared links, the published address, the sitemap, and the page for addresses that are wrong."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from docutils import nodes
from PIL import Image
from sphinx.errors import ConfigError

from attnlib.sphinx_ext import not_found, sharing
from attnlib.sphinx_ext.address import SCHEMA, on_pages
from attnlib.sphinx_ext.sharing import LENGTH, description
from tests.book.test_pages import DOCUMENTS
from tests.conftest import ROOT, QuietHandler, serving

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
ADDRESS = on_pages(CONFIG["repository"]["url"])
CHAPTERS = [document for document in DOCUMENTS if document.startswith("chapters/")]
PAGES = [*DOCUMENTS, "search", "genindex"]  # 404.html stands in for any address: it has none


def soup_of(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def start_of(path):
    """A page up to the end of its head: all that follows takes much longer to read."""
    html, end, _ = path.read_text(encoding="utf-8").partition("</head>")
    return BeautifulSoup(html + end, "html.parser")


def head_of(soup):
    """The metadata of a page by name, with its canonical address; no name stands twice."""
    tags = [tag for tag in soup.head("meta") if tag.has_attr("content")]
    found = [(tag.get("property") or tag.get("name"), tag["content"]) for tag in tags]
    found += [("canonical", link["href"]) for link in soup.head("link", rel="canonical")]
    named = [name for name, _ in found if name != "viewport"]  # the themes write three
    assert len(named) == len(set(named))
    return dict(found)


def addresses_in(sitemap):
    root = ElementTree.parse(sitemap).getroot()
    return [entry.text for entry in root.iterfind("s:url/s:loc", {"s": SCHEMA})]


class TestAddress:
    @pytest.mark.parametrize(
        ("repository", "address"),
        [
            ("https://github.com/someone/their-book", "https://someone.github.io/their-book/"),
            ("https://github.com/Some-One/Book.2/", "https://some-one.github.io/Book.2/"),
            ("https://github.com/someone/book.git", "https://someone.github.io/book/"),
            ("https://github.com/someone/Someone.github.io", "https://someone.github.io/"),
            ("https://gitlab.com/someone/their-book", ""),
            ("https://github.com/someone", ""),
            ("", ""),
        ],
    )
    def test_it_follows_from_a_repository_on_github(self, repository, address):
        assert on_pages(repository) == address

    def test_the_repository_is_named_and_no_address_beside_it(self):
        assert ADDRESS.startswith("https://")
        assert "baseurl" not in CONFIG["html"]

    def test_the_sitemap_lists_every_document_and_nothing_else(self, built_book):
        expected = {ADDRESS, *(f"{ADDRESS}{document}.html" for document in DOCUMENTS[1:])}
        listed = addresses_in(built_book / "sitemap.xml")
        assert len(listed) == len(set(listed)) and set(listed) == expected

    @pytest.mark.parametrize("name", PAGES)
    def test_every_page_names_its_own(self, built_book, name):
        head = head_of(start_of(built_book / f"{name}.html"))
        expected = ADDRESS if name == "index" else f"{ADDRESS}{name}.html"
        assert head["canonical"] == head["og:url"] == expected


class TestTags:
    @pytest.mark.parametrize("name", PAGES)
    def test_every_page_has_a_title_a_description_and_the_readmes_picture(self, built_book, name):
        soup = start_of(built_book / f"{name}.html")
        head = head_of(soup)
        assert head["og:site_name"] == CONFIG["title"]
        assert head["og:type"] == ("article" if name in DOCUMENTS[1:] else "website")
        if name in DOCUMENTS:
            names = dict.fromkeys([head["og:title"], CONFIG["title"]])  # the landing page's are one
            assert soup.title.text == " — ".join(names)
        assert head["description"] == head["og:description"]
        assert re.search(r"[.?!]$", head["description"])
        assert not re.search(r"[\\{}$<>]|\s\s", head["description"])
        assert 10 < len(head["description"]) <= LENGTH
        assert head["twitter:card"] == "summary_large_image"
        shipped = built_book / head["og:image"].removeprefix(ADDRESS)
        alternative, source = re.search(
            r"!\[(.+?)\]\((.+?)\)", (ROOT / "README.md").read_text(encoding="utf-8")
        ).groups()
        assert shipped.read_bytes() == (ROOT / source).read_bytes()
        with Image.open(shipped) as picture:
            size = picture.size
        assert (int(head["og:image:width"]), int(head["og:image:height"])) == size
        assert head["og:image:alt"] == alternative

    @pytest.mark.parametrize("document", CHAPTERS)
    def test_a_chapter_shows_its_number_its_question_and_how_it_begins(self, built_book, document):
        soup = soup_of(built_book / f"{document}.html")
        head = head_of(soup)
        number = int(re.search(r"/(\d+)_", document)[1])
        assert re.match(rf"{number}\. \w", head["og:title"])
        for formula in soup.article("math"):
            formula.replace_with("\0")
        question, *text = (
            " ".join(one.text.split()) for one in soup.article.select("h1 ~ p, h1 ~ nav ~ p")
        )
        before, _, told = head["description"].partition("? ")
        assert f"{before}?" == question
        until_formula = " ".join(text).partition("\0")[0]
        assert len(told) > 10 and told[: len(until_formula)] == until_formula[: len(told)]


def page(*paragraphs):
    """The document tree of a page with these paragraphs, each a list of nodes."""
    parts = [nodes.paragraph("", "", *part) for part in paragraphs]
    section = nodes.section("", nodes.title("", "A title"), *parts)
    section += nodes.bullet_list("", nodes.list_item("", nodes.paragraph("", "A point.")))
    section += nodes.paragraph("", "After it.")
    tree = nodes.document(None, None)
    tree += section
    return tree


class TestDescription:
    def test_it_ends_with_the_sentence_that_still_fits_or_with_the_opening(self):
        long = " ".join(["Words"] * 40) + "."
        assert description(page([nodes.Text(f"Why?\nSo.  And 0.5. {long} Short.")])) == (
            "Why? So. And 0.5."
        )
        assert description(page([nodes.Text("Why?")], [nodes.Text("So.")])) == "Why? So."
        for n_more, fits in ((0, True), (1, False)):
            words = "W" * (LENGTH - len("Why? .") + n_more)
            whole = f"Why? {words}."
            assert description(page([nodes.Text(whole)])) == (whole if fits else "Why?")

    @pytest.mark.parametrize(
        ("formula", "told"),
        [
            (r"\sqrt{d_{\text{head}}}", "One. By √d_head it is."),
            ("n", "One. By n it is."),
            (r"\frac{1}{2}", "One."),
        ],
    )
    def test_a_short_formula_is_typed_and_one_that_needs_setting_is_not_begun(self, formula, told):
        words = [nodes.Text("One. By "), nodes.math("", formula), nodes.Text(" it is.")]
        assert description(page(words)) == told

    def test_a_page_without_text_has_none(self):
        assert description(page()) == ""
        assert description(nodes.document(None, None)) == ""


def a_book(folder, picture):
    """As much of a Sphinx application as the tags of a page need."""
    config = SimpleNamespace(
        html_baseurl="",
        html_title="Small",
        html_static_path=[],
        root_doc="index",
        attnlib_picture=picture,
        attnlib_picture_alt="",
    )
    return SimpleNamespace(srcdir=folder, config=config)


class TestPicture:
    def test_a_book_may_have_none(self, tmp_path):
        book = a_book(tmp_path, "")
        sharing.ship_picture(book, book.config)
        assert book.config.html_static_path == []
        properties, named = sharing.tags(book, "one", {"pathto": None}, page([nodes.Text("One.")]))
        assert named == {"description": "One.", "twitter:card": "summary"}
        assert not [name for name in properties if name.startswith("og:image")]

    @pytest.mark.parametrize("name", ["missing.png", "words.png", "."])
    def test_what_is_no_picture_is_refused_with_a_sentence(self, tmp_path, name):
        (tmp_path / "words.png").write_text("No picture.")
        book = a_book(tmp_path, name)
        with pytest.raises(ConfigError, match="Name a PNG or JPEG file") as refused:
            sharing.ship_picture(book, book.config)
        assert repr(name) in str(refused.value)


CONF = """\
extensions = ["myst_parser"] + [
    f"attnlib.sphinx_ext.{part}" for part in ("offline", "address", "sharing", "not_found")
]
html_theme = "basic"
html_title = "Small & plain"
attnlib_picture = "pictures/small.png"
attnlib_picture_alt = 'Two "hues"'
"""
LANDING = "# Small\n\nA small book.\n\n```{toctree}\nchapters/01_one\nempty\n```\n"


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    """A small book of plain Sphinx: `small_book.build(...)` builds it, with further options."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("chapters", "pictures"):
        (folder / name).mkdir()
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(LANDING)
    (folder / "chapters" / "01_one.md").write_text("# One *word*\n\n**Is it one?**\n\nIt is.\n")
    (folder / "empty.md").write_text("# Empty\n")
    Image.new("RGB", (3, 2)).save(folder / "pictures" / "small.png")

    def build(*options):
        command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", *options]
        finished = subprocess.run(
            [*command, str(folder), str(folder / "b")],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    return SimpleNamespace(build=build, html=folder / "b")


@pytest.fixture(scope="module")
def both_ways(small_book):
    """The small book's heads and files, with an address and then, built anew, without one."""

    def built(*options):
        small_book.build(*options)
        names = ("index", "chapters/01_one", "empty", "search")
        sitemap = small_book.html / "sitemap.xml"
        return SimpleNamespace(
            heads={name: head_of(soup_of(small_book.html / f"{name}.html")) for name in names},
            sitemap=addresses_in(sitemap) if sitemap.exists() else None,
            lost=soup_of(small_book.html / "404.html"),
        )

    return built("-D", "html_baseurl=https://books.example/small"), built()


class TestSmallBook:
    def test_with_an_address_pages_and_pictures_have_theirs(self, both_ways):
        known, _ = both_ways
        base = "https://books.example/small/"
        assert known.heads["index"]["canonical"] == known.heads["index"]["og:url"] == base
        one = known.heads["chapters/01_one"]
        assert one["canonical"] == one["og:url"] == f"{base}chapters/01_one.html"
        assert one["og:image"] == f"{base}_static/small.png"
        assert known.sitemap == [f"{base}chapters/01_one.html", f"{base}empty.html", base]
        targets = {link["href"] for link in known.lost("a")}
        assert targets == {"/small/index.html", "/small/chapters/01_one.html"}
        assert known.lost.form["action"] == "/small/search.html"

    def test_without_one_pictures_are_relative_and_nothing_names_an_address(
        self, both_ways, small_book
    ):
        _, unknown = both_ways
        for name, head in unknown.heads.items():
            assert not {"canonical", "og:url"} & head.keys()
            assert (small_book.html / name).parent.joinpath(head["og:image"]).is_file()
        assert unknown.sitemap is None
        targets = {link["href"] for link in unknown.lost("a")}
        assert targets == {"index.html", "chapters/01_one.html"}

    def test_a_page_without_text_has_the_landing_pages_description(self, both_ways):
        heads = both_ways[1].heads
        assert heads["chapters/01_one"]["og:description"] == "Is it one? It is."
        for name in ("index", "empty", "search"):
            assert heads[name]["og:description"] == heads[name]["description"] == "A small book."

    def test_titles_and_words_are_plain(self, both_ways):
        one = both_ways[1].heads["chapters/01_one"]
        assert one["og:title"] == "One word"
        assert one["og:site_name"] == "Small & plain"
        assert one["og:image:alt"] == 'Two "hues"'
        assert (one["og:image:width"], one["og:image:height"]) == ("3", "2")


def test_the_page_for_wrong_addresses_lists_the_chapters_in_order():
    found = [f"chapters/{n:02}_x" for n in (3, 1, 10, 2)]
    app = SimpleNamespace(
        env=SimpleNamespace(
            found_docs=found, titles={name: nodes.title("", f"On {name}") for name in found}
        ),
        builder=SimpleNamespace(get_target_uri="{}.html".format),
        config=SimpleNamespace(html_baseurl="", root_doc="index"),
    )
    assert [chapter[0] for chapter in not_found.contents(app)["chapters"]] == [1, 2, 3, 10]


class Published(QuietHandler):
    """Serves the book as GitHub Pages does: below its path, with 404.html for all that is not."""

    def translate_path(self, path):
        below = urljoin(ADDRESS, "/") + path.removeprefix("/")
        known = below.startswith(ADDRESS)
        return super().translate_path(f"/{below.removeprefix(ADDRESS)}" if known else "/\0")

    def send_error(self, code, message=None, explain=None):
        content = (ROOT / "_build" / "html" / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def site(built_book):
    """The book as it is published: "http://127.0.0.1:<port>/<its path>/"."""
    with serving(built_book, Published) as address:
        yield urljoin(address, ADDRESS.partition("://")[2].partition("/")[2])


LOST = ["chapters/no/such/page.html", "nothing", "chapters/03_querys_and_keys.html"]


class TestLost:
    @pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
    @pytest.mark.parametrize("address", LOST)
    def test_it_is_complete_and_leads_home_from_any_depth(
        self, borrow_page, site, address, javascript
    ):
        page = borrow_page(java_script_enabled=javascript)
        assert page.goto(f"{site}{address}").status == 404
        assert page.record.requests == [f"{site}{address}"]
        links = {link.evaluate("link => link.href") for link in page.get_by_role("link").all()}
        assert links == {f"{site}{name}.html" for name in ["index", *CHAPTERS]}
        page.get_by_role("link", name="3. Queries and keys").click()
        page.wait_for_url(f"{site}chapters/03_queries_and_keys.html")
        assert page.title().startswith("3. Queries and keys")

    def test_its_search_searches_the_book(self, borrow_page, site):
        page = borrow_page()
        page.goto(f"{site}{LOST[0]}")
        page.get_by_role("searchbox", name="Search the book").fill("rotary")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site}search.html?q=rotary")
        page.locator("#search-results li").first.wait_for()

    def test_opened_by_its_own_name_its_links_lead_into_the_book(
        self, borrow_page, book_url, built_book
    ):
        page = borrow_page()
        page.goto(f"{book_url}404.html")
        links = {link.evaluate("link => link.href") for link in page.get_by_role("link").all()}
        assert links == {f"{book_url}{name}.html" for name in ["index", *CHAPTERS]}
        page.get_by_role("searchbox").fill("rotary")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url(f"{book_url}search.html?q=rotary")
        assert page.record.errors == []

    def test_it_is_light_or_dark_as_the_reader_chose(self, page_factory, site):
        page = page_factory(color_scheme="light")
        page.goto(f"{site}{LOST[0]}")
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        light = page.evaluate(paper)
        page.evaluate("localStorage.setItem('mode', 'dark')")
        page.reload()
        dark = page.evaluate(paper)
        assert dark != light
        page.evaluate("localStorage.setItem('mode', 'auto')")
        page.reload()
        assert page.evaluate(paper) == light
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"dark => {paper} === dark", arg=dark)
