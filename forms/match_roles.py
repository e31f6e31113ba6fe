"""Which questions tell who, where and when: guessed from names, labels and types where the form's author said nothing.

Pure. A guess errs on the side of silence: a role that is missing costs a duplicate nobody is shown, a wrong one
buries a supervisor in pairs that are none. Only the root table is looked at, as only it stands for one visit.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from forms.labels import Labels
from forms.xform import Field, FormDefinition


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Facts of the phone: equal for all of its interviews, so they tell nothing about the person.
_DEVICE = _set("deviceid username email phonenumber subscriberid simserial simid")
_CLOCK = _set("start end today")
_WORKER = _set(
    "enumerator enum enqueteur enquetrice interviewer surveyor assessor evaluateur evaluatrice collector collecteur "
    "collectrice relay relais agent supervisor superviseur staff operator operateur facilitator facilitateur animateur"
)
_CODE = _set("id code no num numero number nr key cle identifiant identifier")
_NAME = _set("name nom noms prenom prenoms firstname lastname surname fullname nickname surnom")
_PHONE = _set("phone tel telephone mobile gsm msisdn whatsapp phonenumber portable cellphone")
_SEX = _set("sex sexe gender genre")
_HOUSEHOLD = _set("household hh menage foyer")
_PLACE = _set(
    "village commune communes departement department region province cercle district locality localite quartier site "
    "camp city ville town neighbourhood neighborhood hameau settlement community communaute campement cluster grappe "
    "canton arrondissement subdistrict ward county prefecture subprefecture lga woreda ea zd admin adm country pays "
    "place lieu localisation location"
)
_POST = _set("post poste fmp checkpoint borderpost posteid postid")
_BIRTH = _set("birth dob naissance ddn born birthdate birthday")
_WHEN = _set(
    "day jour interview visit visite entretien enquete survey event evenement observation obs assessment evaluation "
    "registration enregistrement arrival arrivee incident passage collecte distribution"
)
# What is said *about* a place, post, phone or household rather than which one it is.
_ABOUT = _set(
    "type status statut kind other autre preciser specify size taille distance problem problems access acces own owner "
    "owns has have why reason raison leader chief chef population near km time temps count total nb nombre consent "
    "accord use used utilise services service origin origine birth next previous dest destination dep departure depart"
)
_OTHER_NAMES = _set(
    "form file school ecole facility centre center market marche organisation organization project projet team equipe "
    "structure crop"
)
_ID_NAMES = _set(
    "national_id nationalid id_card idcard card_no card_number id_number identity_number cni cnib nina nni nip cin nin "
    "passport passport_no passport_number passeport numero_passeport num_passeport numero_cni numero_carte num_carte "
    "carte_identite beneficiary_id beneficiaire_id id_beneficiaire beneficiary_code code_beneficiaire person_id "
    "individual_id id_individu case_id case_no case_number numero_dossier registration_id registration_number "
    "numero_enregistrement matricule progres_id unhcr_id refugee_id patient_id participant_id respondent_id"
)
_ID_LABEL = re.compile(
    r"\b(?:numero|no|n°|nr|number|code)\b.{0,25}\b(?:carte|passeport|identification nationale|identite|beneficiaire|"
    r"matricule|identity card|national id|id card|passport|beneficiary)\b|\b(?:passport|id card|national id|beneficiary)"
    r"\b.{0,12}\b(?:number|no|id)\b"
)
_POST_LABEL = re.compile(
    r"^(?:le |nom du |name of the )?(?:poste frontiere|poste frontalier|border post|point de suivi)\b"
)
_AGE_LABEL = re.compile(r"^(?:quel |votre |son |l'|what is )?.{0,20}\bage\b(?! (?:de la|du|group|minimum|maximum))")


@dataclass(frozen=True)
class _Question:
    """A field as the rules see it: the words of its name and of its labels, without accents or capitals."""

    field: Field
    name: str
    words: frozenset[str]
    labels: tuple[str, ...]
    is_shown: bool
    is_choice: bool

    @property
    def is_text(self) -> bool:
        """Typed by hand: neither chosen nor calculated, as far as can be told."""
        plain = self.is_shown and not self.is_choice and not self.field.multiple
        return plain and self.field.type in ("string", "int", "unknown")

    @property
    def is_number(self) -> bool:
        return self.field.type in ("int", "integer", "decimal") and self.is_shown and not self.is_choice

    def label_has(self, words: frozenset[str], within: int = 4) -> bool:
        """Whether a label's first few words name the thing: what comes later is usually said about it."""
        return any(words & set(re.findall(r"[a-z]+", label)[:within]) for label in self.labels)


def suggest_roles(definition: FormDefinition, labels: Labels | None = None) -> dict[str, str]:
    """Path to role (see forms.xform.ROLES) for the questions of the root table whose part in an identity is plain.

    With the form's labels the guess is better: they are read in French and English, and tell choices from texts.
    """
    questions = [_question(field, labels) for field in definition.fields if _is_asked(field)]
    roles: dict[str, str] = {}
    for question in questions:
        role = next((role for role, holds in _RULES if holds(question)), None)
        if role is not None:
            roles[question.field.path] = role
    roles.update(_only_date(questions, roles))
    return roles


def roles_of(definition: FormDefinition, labels: Labels | None = None) -> dict[str, str]:
    """The roles the author declared; the suggested ones only where no question of the form declares any."""
    declared = {field.path: field.match_role for field in definition.fields if field.match_role is not None}
    return declared or suggest_roles(definition, labels)


def _is_asked(field: Field) -> bool:
    made = field.path.startswith("/meta/") or field.name.startswith(("reserved_name_for_", "generated_"))
    return field.table_no == 0 and field.column_no is not None and not made


def _question(field: Field, labels: Labels | None) -> _Question:
    texts: Iterator[str | None] = iter(())
    if labels is not None:
        texts = (labels.question(field.path, language) for language in ("fr", "en"))
    plain = tuple(dict.fromkeys(_plain(text) for text in texts if text))
    return _Question(
        field=field,
        name=_plain(field.name),
        words=frozenset(_name_words(field.name)),
        labels=plain,
        is_shown=labels is None or bool(plain),
        is_choice=labels is not None and labels.is_choice(field.path),
    )


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).replace("’", "'")
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).strip().lower()


def _name_words(name: str) -> Iterator[str]:
    """village_name, villageName, 1.2_village and adm2 in words: letters only, so that adm1 and adm2 are both adm."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    yield from re.findall(r"[^\W\d_]+", _plain(spaced))


def _is_device(question: _Question) -> bool:
    # A random identifier is another one in every copy.
    return (question.name in _DEVICE and not question.labels) or "uuid" in question.words


def _is_gps(question: _Question) -> bool:
    return question.field.type == "geopoint"


def _is_enumerator(question: _Question) -> bool:
    rest = question.words - _WORKER
    return bool(question.words & _WORKER) and rest <= _CODE | _NAME and not question.field.multiple


def _is_household(question: _Question) -> bool:
    if question.name in ("hhid", "idmenage"):
        return True
    return bool(question.words & _HOUSEHOLD and question.words & _CODE) and not question.words & _ABOUT


def _is_person_id(question: _Question) -> bool:
    named = question.name in _ID_NAMES or any(_ID_LABEL.search(label) for label in question.labels)
    return question.is_text and named


def _is_phone(question: _Question) -> bool:
    named = bool(question.words & _PHONE) or question.label_has(_PHONE, within=3)
    return question.is_text and named and not question.words & (_ABOUT | _WORKER)


def _is_post(question: _Question) -> bool:
    named = bool(question.words & _POST) and question.words <= _POST | _CODE | _NAME | {"border", "frontiere"}
    return not question.field.multiple and (
        named or (question.words.isdisjoint(_ABOUT) and any(_POST_LABEL.search(label) for label in question.labels))
    )


def _is_place(question: _Question) -> bool:
    if not question.words & _PLACE or question.words & (_ABOUT | _WORKER) or question.field.multiple:
        return False
    return question.field.type in ("string", "int", "unknown") and question.words <= _PLACE | _CODE | _NAME | {"level"}


def _is_name(question: _Question) -> bool:
    named = bool(question.words & _NAME) or question.label_has(_NAME - {"name"}, within=2)
    others = _PLACE | _POST | _WORKER | _OTHER_NAMES
    plain = not question.words & others and not question.label_has(others, within=6)
    return question.is_text and question.field.type != "int" and named and plain


def _is_sex(question: _Question) -> bool:
    named = bool(question.words & _SEX) or question.label_has(_SEX, within=1)
    return named and not question.words & _WORKER and not question.field.multiple and question.field.type == "string"


def _is_age(question: _Question) -> bool:
    if question.field.type == "date":
        return bool(question.words & _BIRTH) or question.label_has(_BIRTH)
    named = "age" in question.words or any(_AGE_LABEL.search(label) for label in question.labels)
    return question.is_number and named and not question.words & _WORKER


def _is_date(question: _Question) -> bool:
    return (
        question.field.type in ("date", "dateTime")
        and question.name not in _CLOCK
        and (bool(question.words & _WHEN) or question.words == {"date"})
    )


def _only_date(questions: list[_Question], roles: dict[str, str]) -> dict[str, str]:
    """Where no date says of itself that it is the visit's, the only one asked is; failing that, the day of filling."""
    if "date" in roles.values():
        return {}
    dates = [one for one in questions if one.field.type in ("date", "dateTime") and one.field.path not in roles]
    asked = [one for one in dates if one.name not in _CLOCK]
    found = asked if len(asked) == 1 else [one for one in dates if one.name == "today"]
    return {one.field.path: "date" for one in found[:1]}


# The first that holds decides: what is narrower stands before what is wider.
_RULES: tuple[tuple[str, Callable[[_Question], bool]], ...] = (
    ("ignore", _is_device),
    ("gps", _is_gps),
    ("enumerator", _is_enumerator),
    ("household", _is_household),
    ("person_id", _is_person_id),
    ("phone", _is_phone),
    ("sex", _is_sex),
    ("age", _is_age),
    ("post", _is_post),
    ("place", _is_place),
    ("name", _is_name),
    ("date", _is_date),
)
