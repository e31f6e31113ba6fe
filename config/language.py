"""Which language a page speaks, and where its French comes from."""

from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from config.problem import LANGUAGES

COOKIE = "language"
COOKIE_SECONDS = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).parent / "translations"


def choose_language(chosen: str | None, accept_language: str | None, default: str) -> str:
    """The reader's own choice, else the first of ours the browser asks for, else the installation's language."""
    if chosen in LANGUAGES:
        return str(chosen)
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return wanted.best_match(LANGUAGES, default) or default


def read_translations(language: str, folder: Path = TRANSLATIONS) -> NullTranslations:
    """The messages of one language; English is what the source says, so it has no file."""
    path = folder / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


class SourceDomain(Domain):  # type: ignore[misc]  # Flask-Babel is untyped
    """Flask-Babel's messages, read from the .po files at start: nobody has to compile, nothing can be stale."""

    def __init__(self) -> None:
        super().__init__(domain="messages")
        self.languages = {language: read_translations(language) for language in LANGUAGES}

    def get_translations(self) -> NullTranslations:
        """The messages of the language of this request; the source's English outside one."""
        locale = get_locale()
        return self.languages["en" if locale is None else locale.language]
