"""Rules about people: what tells who somebody is, and whether they agreed."""

import re
import unicodedata
from collections.abc import Iterator

from forms.lint.choices import is_other
from forms.lint.finding import Remark, Subject, at, rule
from forms.tables import Question


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ASKED = ("text", "integer", "photo", "image", "audio", "video", "geopoint", "date", "barcode", "file", "phonenumber")
# Words of a question's name that tell a person apart, and those that make it another thing's name.
_PERSONAL = _set(
    "phone telephone tel gsm whatsapp msisdn email mail courriel address adresse birth birthdate dob naissance ddn "
    "passport passeport cni nina nni nif cin signature surname firstname lastname fullname prenom prenoms nickname surnom "
    "fingerprint empreinte biometric selfie"
)
_NAME = _set("name nom noms names")
_PERSONS = _set(
    "respondent repondant repondante enquete head chef person personne child enfant mother mere father pere patient "
    "beneficiary beneficiaire participant member membre household menage hh victim victime informant informateur contact "
    "spouse conjoint guardian tuteur leader interviewer enqueteur enumerator full your votre"
)
_PICTURED = _set("face visage portrait person personne id card carte identity identite passport passeport")
_CONSENT = re.compile(
    r"consent|accord|agree|permission|autoris|voluntar|volontaire|acept|d.accord|yarda", re.IGNORECASE
)
_WORDS = re.compile(r"[a-z]+")


@rule(
    "personal-without-class",
    "warning",
    why_en="Without a class everybody who may read answers reads this one, and every export carries it.",
    why_fr="Sans classe, quiconque lit les réponses lit celle-ci, et chaque export la contient.",
)
def personal_without_class(subject: Subject) -> Iterator[Remark]:
    """A question that tells who somebody is, without a sensitivity class on it or on its group."""
    classes = {field.path: field.sensitivity for field in subject.new.definition.fields}
    for question in subject.questions:
        if is_personal(question) and classes.get(question.path, "?") is None:
            yield Remark(
                f"« {question.name} » tells who somebody is. Give it a class in bind::ibg:sensitivity (P for personal).",
                f"« {question.name} » dit qui est quelqu'un. Donnez-lui une classe dans bind::ibg:sensitivity (P : personnel).",
                at(question.row, "name"),
                question.path,
            )


@rule(
    "no-consent",
    "advice",
    why_en="People who are asked about themselves must be able to say no, and the record must show that they were asked.",
    why_fr="Qui est interrogé sur soi doit pouvoir refuser, et la fiche doit montrer que la question a été posée.",
)
def no_consent(subject: Subject) -> Iterator[Remark]:
    """A form that asks who people are, without a question about their consent."""
    personal = [question for question in subject.questions if is_personal(question)]
    if not personal or any(_CONSENT.search(f"{each.name} {_label(each)}") for each in subject.questions):
        return
    yield Remark(
        f"the form asks about people (« {personal[0].name} ») and never for their consent. Add the question.",
        f"le formulaire interroge des personnes (« {personal[0].name} ») et ne demande jamais leur consentement. "
        "Ajoutez la question.",
        at(personal[0].row, "name"),
        personal[0].path,
    )


def is_personal(question: Question) -> bool:
    """Whether its name says that the answer tells who somebody is."""
    if question.kind not in _ASKED or is_other(question):
        return False
    words = set(_WORDS.findall(_plain(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", question.name))))
    if question.kind in ("photo", "image", "video"):
        return bool(words & _PICTURED)
    if question.kind == "geopoint":
        return bool(words & {"home", "house", "maison", "domicile", "household", "menage"})
    if question.kind == "date":
        return bool(words & {"birth", "birthdate", "dob", "naissance", "ddn"})
    return bool(words & _PERSONAL) or (bool(words & _NAME) and (bool(words & _PERSONS) or len(words) == 1))


def _label(question: Question) -> str:
    return " ".join(question.row.texts("label").values())


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return "".join(char for char in letters if not unicodedata.combining(char)).lower()
