"""Every word of a page exists in French, and none is left that no page says."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes
from lxml import html

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "config/translations/fr/LC_MESSAGES/messages.po"
LAZY = {"lazy_gettext": None, "lazy_ngettext": (1, 2), "lazy_pgettext": ((1, "c"), 2)}
PACKAGES = ("config", "accounts", "forms", "collector", "sync")
TEMPLATES = sorted(path for package in PACKAGES for path in (ROOT / package).glob("templates/**/*.html"))
SAMPLES = {"styleguide.html"}  # its examples are written in both languages, beside one another
SPOKEN_ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "label")
UNTRANSLATED = {"Relais", "English", "Français"}  # the name; each language in its own words
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


@cache
def said() -> dict[tuple[str | None, object], str]:
    """(context, msgid) of every message of the sources, with the file that says it."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, **LAZY}
    found: dict[tuple[str | None, object], str] = {}
    for package in PACKAGES:
        rows = extract_from_dir(ROOT / package, methods, options, keywords=keywords)
        found |= {(context, message): f"{package}/{name}" for name, _, message, _, context in rows}
    return found


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def singular_and_plural(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (str(text or ""),)


def forms(message: Message) -> tuple[str, ...]:
    return singular_and_plural(message.string)


def test_the_extraction_finds_words_in_templates_and_in_python() -> None:
    assert (None, "Sign out") in said()
    assert ("submission", "received") in said()


def test_every_word_of_the_sources_is_in_the_catalogue() -> None:
    known = {(message.context, message.id) for message in messages()}
    assert {key: where for key, where in said().items() if key not in known} == {}


def test_the_catalogue_holds_no_word_that_nothing_says() -> None:
    used = said()
    assert [message.id for message in messages() if (message.context, message.id) not in used] == []
    assert not catalogue().obsolete


def test_every_word_has_its_french_and_none_is_a_guess() -> None:
    assert [message.id for message in messages() if message.fuzzy or not all(forms(message))] == []


def test_a_translation_keeps_its_placeholders() -> None:
    for message in messages():
        # The singular may leave the figure out: "one answer".
        wanted = set(PLACEHOLDER.findall(singular_and_plural(message.id)[-1]))
        assert set(PLACEHOLDER.findall(forms(message)[-1])) == wanted, message.id
        assert all(set(PLACEHOLDER.findall(text)) <= wanted for text in forms(message)), message.id


def test_french_punctuation_is_held_to_its_word_and_apostrophes_are_curved() -> None:
    texts = [text for message in messages() for text in forms(message)]
    assert [text for text in texts if re.search(r" [?!:;»]|« |\w'\w|(?<=\w)[?!;](?!\w)(?<! )", text)] == []


@pytest.mark.parametrize("word", ["soumission", "instance", "erreur", "fraude"])
def test_pages_do_not_use_words_that_frighten_or_that_nobody_says(word: str) -> None:
    assert [text for message in messages() for text in forms(message) if re.search(rf"\b{word}", text.lower())] == []


def literal_words(source: str) -> Iterator[str]:
    """Words that a template would show as they stand: outside tags and expressions, or in a spoken attribute."""
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    text = "".join(value if kind == "data" else "\u241f" for _, kind, value in environment.lex(source))
    page = html.fragments_fromstring(f"<div>{text}</div>")[0]
    shown = [piece for element in page.iter() for piece in (element.text, element.tail) if piece]
    spoken = [element.get(name, "") for element in page.iter() for name in SPOKEN_ATTRIBUTES]
    for piece in shown + spoken:
        yield from (word for word in re.findall(r"[^\W\d_]{2,}", piece) if word not in UNTRANSLATED)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_shows_no_word_that_cannot_be_translated(path: Path) -> None:
    if path.name in SAMPLES:
        return
    assert list(literal_words(path.read_text(encoding="utf-8"))) == []


def test_an_untranslated_word_would_be_noticed() -> None:
    template = "{# no #}<p class='no'>{{ _('no') }} <b>Yes</b> {% if no %}<i title='Also'></i>{% endif %}</p>"
    assert list(literal_words(template)) == ["Yes", "Also"]


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.parent.name == "macros"], ids=lambda path: path.name
)
def test_macros_translate_when_they_are_called_not_when_they_are_imported(path: Path) -> None:
    # An imported template runs once per process: a word translated at its top level would stay in the first language.
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text(encoding="utf-8"))  # noqa: S701
    outside = [node for node in tree.body if not isinstance(node, nodes.Macro)]
    assert [
        name.name
        for node in outside
        for name in node.find_all(nodes.Name)
        if "gettext" in name.name or name.name == "_"
    ] == []
