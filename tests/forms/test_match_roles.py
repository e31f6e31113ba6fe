"""Which questions tell who, where and when: declared in the workbook, guessed where it says nothing."""

import pytest

from forms.labels import parse_labels
from forms.match_roles import roles_of, suggest_roles
from forms.xform import parse_xform
from tests.forms import hand_written, xform


def guess(rows: str, choices: str = "") -> dict[str, str]:
    """The suggested roles of a survey of these `| type | name | label::fr | label::en |` rows."""
    content = xform(
        f"| survey |\n| | type | name | label::Français (fr) | label::English (en) |\n{rows}\n"
        f"| choices |\n| | list_name | name | label::Français (fr) | label::English (en) |\n"
        f"| | yn | yes | Oui | Yes |\n{choices}\n"
    )
    return suggest_roles(parse_xform(content), parse_labels(content))


@pytest.mark.parametrize(
    ("kind", "name", "french", "english", "role"),
    [
        ("text", "nom_prenom", "Nom et prénom", "Name", "name"),
        ("text", "q7", "Nom du répondant", "Name of the respondent", "name"),
        ("text", "head_name", "Nom du chef de ménage", "Name of household head", "name"),
        ("text", "village_name", "Nom du village", "Village name", "place"),
        ("text", "school_name", "Nom de l’école", "Name of the school", None),
        ("text", "q8", "Nom de la structure", "Name of the organisation", None),
        ("text", "enumerator_name", "Nom de l’enquêteur", "Enumerator’s name", "enumerator"),
        ("text", "enum_code", "Code enquêteur", "Enumerator code", "enumerator"),
        ("select_one yn", "enum_sex", "Sexe de l’enquêteur", "Sex of enumerator", None),
        ("select_one yn", "r_sex", "Sexe du répondant", "Sex of respondent", "sex"),
        ("select_one yn", "genre", "Genre", "Gender", "sex"),
        ("text", "tel", "Téléphone", "Telephone", "phone"),
        ("integer", "q12", "Téléphone du bénéficiaire", "Telephone of the beneficiary", "phone"),
        ("select_one yn", "phone", "Possédez-vous un téléphone ?", "Do you own a phone?", None),
        ("text", "numero_cni", "Numéro de carte d’identité", "Identity card number", "person_id"),
        ("text", "q9", "Numéro de passeport", "Passport number", "person_id"),
        ("text", "hh_id", "Code ménage", "Household code", "household"),
        ("integer", "hh_size", "Taille du ménage", "Household size", None),
        ("integer", "r_age", "Âge en années révolues", "Age in completed years", "age"),
        ("integer", "q10", "Quel est votre âge ?", "How old are you?", "age"),
        ("integer", "years_here", "Années de résidence dans le village", "Years living here", None),
        ("date", "date_naissance", "Date de naissance", "Date of birth", "age"),
        ("select_one yn", "adm2", "Département", "Department", "place"),
        ("select_one yn", "dep_country", "Pays de départ", "Country where the journey began", None),
        ("text", "autre_village", "Autre village", "Other village", None),
        ("select_one yn", "post_id", "Poste frontière", "Border post", "post"),
        ("select_one yn", "post_status", "Statut du poste aujourd’hui", "Status of the post today", None),
        ("select_one yn", "near_post", "Poste frontière le plus proche", "Nearest border post", None),
        ("geopoint", "gps", "Position", "Position", "gps"),
        ("date", "visit_date", "Date de la visite", "Date of the visit", "date"),
    ],
)
def test_a_role_is_guessed_from_name_label_and_type(
    kind: str, name: str, french: str, english: str, role: str | None
) -> None:
    row = f"| | {kind} | {name} | {french} | {english} |"
    assert guess(row) == ({f"/{name}": role} if role else {})


def test_facts_of_the_phone_are_ignored_and_its_clock_is_the_last_resort() -> None:
    metadata = "| | start | start | | |\n| | today | today | | |\n| | deviceid | deviceid | | |\n"
    assert guess(metadata + "| | text | x | X | X |") == {"/today": "date", "/deviceid": "ignore"}
    assert guess(metadata + "| | date | when | Quand ? | When? |") == {"/when": "date", "/deviceid": "ignore"}
    two = "| | date | closed | Fermé le | Closed |\n| | date | opened | Ouvert le | Opened |"
    assert guess(metadata + two)["/today"] == "date"


def test_members_of_a_repeat_are_not_who_was_visited() -> None:
    roster = "| | begin_repeat | m | M | M |\n| | integer | age | Âge | Age |\n| | end_repeat | | | |"
    assert guess(f"{roster}\n| | text | nom | Nom | Name |") == {"/nom": "name"}


def test_without_labels_names_and_types_must_do() -> None:
    content = xform(
        "| survey |\n| | type | name | label |\n| | text | phone | A |\n| | text | village | B |\n| | text | q1 | Nom |"
    )
    assert suggest_roles(parse_xform(content)) == {"/phone": "phone", "/village": "place"}


def test_a_declared_role_is_read_and_silences_the_guesses() -> None:
    binds = '<bind nodeset="/data/who" type="string" ibg:match=" Name "/><bind nodeset="/data/phone" type="string"/>'
    declared = parse_xform(hand_written('<data id="a"><who/><phone/></data>', binds))
    assert [field.match_role for field in declared.fields] == ["name", None]
    assert roles_of(declared) == {"/who": "name"}
    silent = parse_xform(hand_written('<data id="a"><who/><phone/></data>', binds.replace(' ibg:match=" Name "', "")))
    assert roles_of(silent) == {"/phone": "phone"}
    assert declared.schema_sha256 != silent.schema_sha256


def test_an_unknown_role_and_the_role_of_a_group_say_nothing() -> None:
    binds = '<bind nodeset="/data/g" ibg:match="name"/><bind nodeset="/data/g/x" type="string" ibg:match="wizard"/>'
    definition = parse_xform(hand_written('<data id="a"><g><x/></g></data>', binds))
    assert {field.match_role for field in definition.fields} == {None}
