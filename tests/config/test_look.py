"""What can be checked of a look without an eye: contrast, weight, structure."""

import re
from itertools import pairwise, product
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, nodes
from lxml import html

from config.assets import FOLDER, read_assets
from config.pages import Account, init_pages, styleguide

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "config/templates"
STYLE = (FOLDER / "relais.css").read_text(encoding="utf-8")
STATES = ("slate", "blue", "amber", "green", "red", "violet")
ON_PAPER = product(("ink", "muted", "accent", *STATES), ("paper",))
ON_WASH = product(("ink", "muted", "accent"), ("wash", "accent-wash"))
ON_STATE = [(text, f"{state}-wash") for state in STATES for text in (state, "ink", "accent")]
TEXTS = [*ON_PAPER, *ON_WASH, *ON_STATE, ("on-accent", "accent")]


def palette(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    colours = re.compile(r"--([\w-]+): (#[0-9a-f]{3,6});")
    return dict(colours.findall(light)) | (dict(colours.findall(dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def page(language: str = "fr") -> html.HtmlElement:
    app = Flask("a_small_app")
    init_pages(app, csrf_token=lambda: "salt.mac", account=lambda: Account("Aïcha", "/me", "/sign-out"))
    app.get("/styleguide")(styleguide)
    return html.document_fromstring(app.test_client().get("/styleguide", headers={"Accept-Language": language}).text)


@pytest.fixture(scope="module")
def guide() -> html.HtmlElement:
    return page()


def name_of(element: html.HtmlElement) -> str:
    return str(element.get("aria-label") or element.text_content()).strip()


# Colour


def test_black_on_white_has_the_contrast_everybody_knows() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS, ids=str)
def test_text_can_be_read_in_the_sun_and_at_night(scheme: str, text: str, ground: str) -> None:
    colours = palette(scheme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("line", ["edge", "accent", "red"])
def test_the_outline_of_what_can_be_touched_is_seen(scheme: str, line: str) -> None:
    assert contrast(palette(scheme)[line], palette(scheme)["paper"]) >= 3


def test_colours_are_written_once_in_the_palette() -> None:
    rules = STYLE.split("*, ::before, ::after", 1)[1].split("@media print")[0]
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", rules)) <= {"#fff"}  # the quiet zone of a QR code is white at night too


# Touch


def test_what_stands_in_a_row_beside_its_link_can_be_touched() -> None:
    # The link covers the whole row; what is not raised above it cannot be pressed.
    (raised,) = re.findall(r"^(.*) { position: relative; }$", STYLE, re.MULTILINE)
    assert {".row", ".row-meta a", ".row button"} <= set(raised.split(", "))


def test_what_has_the_focus_is_not_hidden_below_the_action_bar() -> None:
    assert "scroll-padding-bottom" in STYLE


# Weight


def test_style_script_and_logo_are_light() -> None:
    assets = read_assets()
    assert len(assets["relais.css"].body) <= 15 * 1024
    assert len(assets["relais.js"].body) <= 2048
    assert sum(len(asset.compressed) for asset in assets.values()) <= 8 * 1024


def test_the_style_knows_no_class_that_no_page_has() -> None:
    pages = " ".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*/templates/**/*.html"))
    assert set(re.findall(r"\.([a-z][\w-]*)(?=[^{};]*\{)", re.sub(r"/\*.*?\*/", "", STYLE))) <= set(
        re.findall(r"[\w-]+", pages)
    )


def test_nothing_is_fetched_from_elsewhere(guide: html.HtmlElement) -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    loaded = guide.xpath("//@src | //link/@href | //@srcset | //*[local-name()='use']/@href")
    assert [address for address in loaded if not address.startswith("/assets/")] == []


# Structure


def test_every_macro_is_shown_in_the_styleguide() -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    shown = environment.parse((TEMPLATES / "styleguide.html").read_text(encoding="utf-8"))
    called = {call.node.name for call in shown.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    for path in (TEMPLATES / "macros").glob("*.html"):
        macros = environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Macro)
        assert [macro.name for macro in macros if macro.name not in called and macro.name[0] != "_"] == []


def test_the_policy_finds_no_inline_style_or_script(guide: html.HtmlElement) -> None:
    assert guide.xpath("//@style | //style | //script[not(@src)]") == []
    assert [name for element in guide.iter() for name in element.attrib if name.startswith("on")] == []


def test_every_input_has_a_label(guide: html.HtmlElement) -> None:
    inputs = guide.xpath("//input[not(@type='hidden')] | //select | //textarea")
    assert inputs
    labelled = [
        field.xpath("ancestor::label") or guide.xpath("//label[@for=$id]", id=field.get("id")) for field in inputs
    ]
    assert all(labelled)


def test_an_error_is_told_beside_its_field_and_linked_from_the_summary(guide: html.HtmlElement) -> None:
    wrong = guide.xpath("//*[@aria-invalid='true']")[0]
    assert "aicha@exemple.org" in guide.get_element_by_id(wrong.get("aria-describedby")).text_content()
    assert guide.xpath("//*[@role='alert']//a[@href=$href]", href=f"#{wrong.get('id')}")


def test_everything_that_can_be_touched_says_what_it_is(guide: html.HtmlElement) -> None:
    assert [
        html.tostring(it)
        for it in guide.xpath("//a | //button | //summary")
        if not (name_of(it) or it.xpath(".//img/@alt"))
    ] == []


def test_every_image_has_words_and_a_size(guide: html.HtmlElement) -> None:
    assert all(image.get("alt") and image.get("width") and image.get("height") for image in guide.xpath("//img"))
    drawings = guide.xpath("//*[local-name()='svg']")
    assert all(drawing.get("aria-hidden") or drawing.get("aria-label") for drawing in drawings)


def test_no_two_parts_share_an_id_and_headings_skip_no_level(guide: html.HtmlElement) -> None:
    ids = guide.xpath("//@id")
    assert len(ids) == len(set(ids))
    levels = [int(heading.tag[1]) for heading in guide.xpath("//h1 | //h2 | //h3")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_state_is_a_word_and_a_shape_beside_its_colour(guide: html.HtmlElement) -> None:
    badges = guide.xpath("//*[contains(concat(' ', @class, ' '), ' badge ')]")
    shapes = {badge.get("class"): html.tostring(badge[0], with_tail=False) for badge in badges}
    assert all(name_of(badge) for badge in badges)
    assert len(set(shapes.values())) == len(shapes) == 9


def test_a_change_is_said_in_words_too(guide: html.HtmlElement) -> None:
    assert guide.xpath("//del")[0].text_content().startswith("avant")
    assert guide.xpath("//ins")[0].text_content().startswith("maintenant")


def test_a_card_names_the_column_of_every_figure(guide: html.HtmlElement) -> None:
    assert all(cell.get("data-label") for cell in guide.xpath("//td"))


def test_every_writing_form_but_the_language_switch_carries_proof_of_origin(guide: html.HtmlElement) -> None:
    writing = guide.xpath("//form[@method='post'][not(@action='/language')]")
    assert writing
    assert all(form.xpath(".//input[@name='csrf_token']") for form in writing)


def test_the_guide_is_shown_in_english_too() -> None:
    assert page("en").xpath("//h1")[0].text_content() == "Submission 12 · Households"
