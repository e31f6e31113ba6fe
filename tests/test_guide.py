"""The user guide says what the pages and the phones say, word for word."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from collector.errors import no_space
from collector.outcomes import SENTENCES

ROOT = Path(__file__).parent.parent
# Words of ODK Collect, from its own translations (strings/src/main/res).
OF_COLLECT = {"fr": {"Envoyer un formulaire finalisé"}, "en": {"Send finalized form"}}


def guide(language: str) -> str:
    return (ROOT / f"docs/guide.{language}.md").read_text(encoding="utf-8")


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("'", "’").split()).lower()


def words_of_pages(language: str) -> set[str]:
    with (ROOT / "config/translations/fr/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message for message in read_po(file, locale="fr") if message.id]
    texts = [message.string if language == "fr" else message.id for message in messages]
    return {plain(str(each)) for text in texts for each in (text if isinstance(text, list | tuple) else (text,))}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_button_the_guide_names_is_on_a_page(language: str) -> None:
    named = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", guide(language))
    assert len(named) > 20
    known = words_of_pages(language) | {plain(each) for each in OF_COLLECT[language]}
    assert [each for each in named if plain(each) not in known] == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_sentence_the_guide_puts_on_a_phone_is_one_phones_show(language: str) -> None:
    table = guide(language).split("|---|---|")[1].split("\n\n")[0]
    quoted = [plain(line.split("|")[1]).removeprefix("… ") for line in table.strip().splitlines()]
    shown = [plain(sentences[language == "en"]) for sentences in SENTENCES.values()]
    shown.append(plain(no_space().sentence(language)))
    assert len(quoted) == 6
    assert [each for each in quoted if not any(each in sentence for sentence in shown)] == []
