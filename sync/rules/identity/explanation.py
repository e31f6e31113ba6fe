"""Say why two submissions may speak of one person: a line for each field, whose bits sum to the score. French and English."""

from collections.abc import Collection
from dataclasses import dataclass

from sync.rules.identity.plan import GRADES, NAME, Column, Features, Plan
from sync.rules.identity.scoring import Score
from sync.rules.identity.tokens import Likeness, compare_tokens

LANGUAGES = ("fr", "en")
_SAID: dict[str, tuple[tuple[str, str], ...]] = {
    "person_id": (
        ("même identifiant", "same identifier"),
        ("identifiants à un caractère près", "identifiers one character apart"),
        ("identifiants à deux caractères près", "identifiers two characters apart"),
        ("identifiants différents", "different identifiers"),
    ),
    "phone": (
        ("même téléphone", "same phone"),
        ("téléphones à un chiffre près", "phones one digit apart"),
        ("téléphones à deux chiffres près", "phones two digits apart"),
        ("téléphones différents", "different phones"),
    ),
    "household": (
        ("même ménage", "same household"),
        ("ménages à un caractère près", "households one character apart"),
        ("ménages à deux caractères près", "households two characters apart"),
        ("ménages différents", "different households"),
    ),
    "place": (
        ("même village", "same village"),
        ("villages de nom proche", "villages of nearly one name"),
        ("villages au nom en partie semblable", "villages of names in part alike"),
        ("villages différents", "different villages"),
    ),
    "post": (
        ("même poste", "same post"),
        ("postes de nom proche", "posts of nearly one name"),
        ("postes au nom en partie semblable", "posts of names in part alike"),
        ("postes différents", "different posts"),
    ),
    "date": (
        ("même date", "same date"),
        ("dates à un chiffre près", "dates one digit apart"),
        ("dates en partie semblables", "dates in part alike"),
        ("même année", "same year"),
        ("dates différentes", "different dates"),
    ),
    "age": (
        ("même âge", "same age"),
        ("même âge", "same age"),
        ("âges à deux ans près", "ages within two years"),
        ("âges à cinq ans près", "ages within five years"),
        ("âges à dix ans près", "ages within ten years"),
        ("âges différents", "different ages"),
    ),
    "sex": (("même sexe", "same sex"), ("sexes différents", "different sexes")),
    "gps": (
        ("même endroit, à 30 m près", "same place, within 30 m"),
        ("endroits à 100 m près", "places within 100 m"),
        ("endroits à 500 m près", "places within 500 m"),
        ("endroits à 2 km près", "places within 2 km"),
        ("endroits à 10 km près", "places within 10 km"),
        ("endroits éloignés", "places far apart"),
    ),
    "enumerator": (("même enquêteur", "same enumerator"), ("enquêteurs différents", "different enumerators")),
}
_NAMES = {
    "same": ("même nom", "same name"),
    "swapped": ("mêmes noms dans un autre ordre", "same names in another order"),
    "near": ("noms proches", "similar names"),
    "part": ("noms en partie semblables", "names in part alike"),
    "apart": ("noms différents", "different names"),
}
_KIN = ("peut-être deux personnes d’un même ménage", "perhaps two people of one household")
# Of forms that ask for no person: reports of events, visits to posts.
_BESIDE = ("peut-être deux choses d’un même lieu", "perhaps two things of one place")
_OF_PERSONS = ("person_id", "phone", "household", "age", "sex")
_PRIOR = ("a priori", "beforehand")
# Roles whose two values are short enough to stand behind the words.
_SHOWN = ("age",)


@dataclass(frozen=True, slots=True)
class Line:
    """What one field says. `paths`: the questions behind it (none for the last two lines); `bits`: its part of the score."""

    role: str
    paths: tuple[str, ...]
    text: str
    bits: float


def explain(
    plan: Plan, one: Features, other: Features, score: Score, language: str = "fr", masked: Collection[str] = ()
) -> list[Line]:
    """The lines of a score, in the order of the form, then kin and prior; their bits sum to `score.bits`. Values of `masked` paths are
    not shown. Fields that could not be compared are left out."""
    tongue = LANGUAGES.index(language)
    lines: list[Line] = []
    names = [part for part in score.parts if part.column.role == NAME]
    if names and names[0].level >= 0:
        text = _NAMES[_names_say([part.level for part in names])][tongue]
        if not set(plan.name_paths) & set(masked):
            text += _words_shown(one, other)
        lines.append(Line(NAME, plan.name_paths, text, sum(part.bits for part in names)))
    for (path, kind), part, mine, theirs in zip(
        plan.fields, score.parts[len(names) :], one.values, other.values, strict=True
    ):
        if part.level >= 0:
            text = _said(part.column, part.level)[tongue]
            if kind.name in _SHOWN and path not in masked:
                text += f" ({mine}/{theirs})" if mine != theirs else f" ({mine})"
            lines.append(Line(kind.name, (path,), text, part.bits))
    asks_for_persons = plan.name_paths or any(kind.name in _OF_PERSONS for _, kind in plan.fields)
    lines.append(Line("kin", (), (_KIN if asks_for_persons else _BESIDE)[tongue], score.kin))
    lines.append(Line("prior", (), _PRIOR[tongue], score.prior))
    return lines


def sentence(lines: list[Line], language: str = "fr") -> str:
    """The lines in one sentence: « Même téléphone +11,8 · noms proches (Mahamadou/Mamadou) +7,1 · a priori −15,1 ». What rounds to nothing
    is left out; the numbers shown sum to the score shown."""
    said = " · ".join(f"{text} {bits}" for text, bits in worded(lines, language))
    return said[:1].upper() + said[1:]


def worded(lines: list[Line], language: str = "fr") -> list[tuple[str, str]]:
    """(words, bits) of the lines that do not round to nothing, as `sentence` says them: what is said of several questions once for all."""
    together: dict[str, float] = {}
    for line in lines:
        together[line.text] = together.get(line.text, 0.0) + line.bits
    tenths = _rounded(list(together.values()))
    return [(text, number(tenth / 10, language)) for text, tenth in zip(together, tenths, strict=True) if tenth]


def number(bits: float, language: str = "fr") -> str:
    """+11,8 or −15.1."""
    written = f"{abs(bits):.1f}"
    return ("−" if bits < 0 else "+") + (written.replace(".", ",") if language == "fr" else written)


def _rounded(bits: list[float]) -> list[int]:
    """Tenths that sum to the rounded sum: those nearest to the next tenth are rounded the other way."""
    tenths = [round(each * 10) for each in bits]
    missing = round(sum(bits) * 10) - sum(tenths)
    step = 1 if missing > 0 else -1
    order = sorted(range(len(bits)), key=lambda at: step * (tenths[at] - bits[at] * 10))
    for at in order[: abs(missing)]:
        tenths[at] += step
    return tenths


def _said(column: Column, level: int) -> tuple[str, str]:
    return _SAID[column.role][level % column.levels]


def _names_say(levels: list[int]) -> str:
    """`levels` of the columns name.1 to name.3 and name.order."""
    grades = [level % GRADES for level in levels[:-1] if level >= 0]
    if grades[0] < Likeness.TYPO:
        return "part" if grades[0] == Likeness.LOOSE else "apart"
    if min(grades) < Likeness.TYPO:
        return "part"
    if levels[-1] == 1:
        return "swapped"
    return "same" if min(grades) == Likeness.EQUAL else "near"


def _words_shown(one: Features, other: Features) -> str:
    """The words that agree without being equal: " (Mahamadou/Mamadou)"."""
    mine, theirs = one.name.tokens, other.name.tokens
    shown = []
    for token in mine:
        if token in theirs:
            continue
        nearest = max(
            (each for each in theirs if each not in mine), key=lambda each: compare_tokens(token, each), default=None
        )
        if nearest is not None and compare_tokens(token, nearest):
            shown.append(f"{token.text.capitalize()}/{nearest.text.capitalize()}")
    return f" ({', '.join(shown)})" if shown else ""
