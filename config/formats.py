"""Numbers, sizes and moments as people say them, in French and English. Pure: nothing here knows a request.

English dates follow British habit (day first, 24-hour clock), as they are written across West Africa.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal

LOCALES = {"fr": Locale("fr"), "en": Locale("en", "GB")}
WORDS = {
    "fr": {"now": "à l’instant", "minutes": "il y a {} min", "today": "aujourd’hui", "yesterday": "hier"},
    "en": {"now": "just now", "minutes": "{} min ago", "today": "today", "yesterday": "yesterday"},
}
EXACT = {"fr": "EEEE d MMMM y 'à'\u00a0HH:mm", "en": "EEEE d MMMM y 'at'\u00a0HH:mm"}
UNITS = {"fr": ("octets", "ko", "Mo", "Go", "To"), "en": ("bytes", "kB", "MB", "GB", "TB")}
NO_BREAK = "\u00a0"


def number(value: float, language: str) -> str:
    """`12345.678` as `12 345,68` or `12,345.68`: at most two decimals, thousands grouped."""
    return str(format_decimal(value, "#,##0.##", LOCALES[language]))


def percent(part: float, whole: float, language: str) -> str:
    """A share in whole percent, `–` of nothing; 100 % only when it is all, 0 % only when it is none."""
    if not whole:
        return "–"
    share = round(100 * part / whole)
    if 0 < part < whole:
        share = min(max(share, 1), 99)
    return f"{share}{NO_BREAK}%" if language == "fr" else f"{share}%"


def size(count: int, language: str) -> str:
    """Bytes in the unit that keeps the figure under 1,000, one decimal below 10: `2,3 Mo`."""
    units = UNITS[language]
    value, step = float(count), 0
    # 999.5 rounds to 1000, which the next unit says better.
    while value >= 999.5 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    value = round(value, 1) if step and value < 9.95 else round(value)
    return f"{number(value, language)}{NO_BREAK}{units[step]}"


def duration(seconds: float, language: str) -> str:
    """A length of time in one or two units: `45 s`, `4 min`, `1 h 05`, `3 j 4 h` (English `3 d 4 h`)."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}{NO_BREAK}s"
    minutes = round(whole / 60)
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    if days:
        return f"{days}{NO_BREAK}{'j' if language == 'fr' else 'd'}" + (f" {rest}{NO_BREAK}h" if rest else "")
    if hours:
        return f"{hours}{NO_BREAK}h" + (f"{NO_BREAK}{minutes:02d}" if minutes else "")
    return f"{minutes}{NO_BREAK}min"


def enumeration(words: Iterable[str], language: str) -> str:
    """`Diffa, Maradi et Zinder`."""
    return str(format_list([str(word) for word in words], locale=LOCALES[language]))


# Also before an opening quotation mark; never in an expression, where quotes stand beside signs.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_]|« )")


def unbroken(text: str) -> str:
    """`text` set as print sets it: French punctuation held to its word (no `?` may start a line), apostrophes curved between letters."""
    # What is marked as HTML stays marked.
    text = type(text)(_APOSTROPHE.sub("’", text))
    for mark in "?!:;»":
        text = text.replace(f" {mark}", f"{NO_BREAK}{mark}")
    return text.replace("« ", f"«{NO_BREAK}")


def day(value: date | datetime, language: str, zone: tzinfo | None = None) -> str:
    """`17 nov. 2026`; a moment is first taken to `zone`, the machine's own when None."""
    local = value.astimezone(zone).date() if isinstance(value, datetime) else value
    return str(format_date(local, "d MMM y", LOCALES[language]))


def exact(moment: datetime, language: str, zone: tzinfo | None = None) -> str:
    """`mardi 17 novembre 2026 à 18:03`, in `zone` or the machine's own."""
    return _written(moment.astimezone(zone), EXACT[language], language)


def relative(moment: datetime, at: datetime, language: str, zone: tzinfo | None = None) -> str:
    """`moment` seen from `at`: `il y a 12 min`, `hier 17:40`, `lundi 17:40`, `14 nov. 09:12`, `14 nov. 2025`.

    More than a minute ahead of `at` means some clock is wrong: the date is then given in full, never hidden in a word.
    """
    words, age = WORDS[language], at - moment
    local, today = moment.astimezone(zone), at.astimezone(zone).date()
    days = (today - local.date()).days
    if age < timedelta(minutes=-1):
        return _written(local, "d MMM y HH:mm", language)
    if age < timedelta(minutes=1):
        return words["now"]
    if age < timedelta(hours=1):
        return words["minutes"].format(int(age.total_seconds() // 60)).replace(" min", f"{NO_BREAK}min")
    if days < 2:
        return f"{words['yesterday' if days else 'today']} {local:%H:%M}"
    if days < 7:
        return _written(local, "EEEE HH:mm", language)
    return _written(local, "d MMM HH:mm" if local.year == today.year else "d MMM y", language)


def _written(local: datetime, pattern: str, language: str) -> str:
    # Without its zone, so that babel does not take the moment to UTC again.
    return str(format_datetime(local.replace(tzinfo=None), pattern, locale=LOCALES[language]))
