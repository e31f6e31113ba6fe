"""Rules about the settings sheet, and about columns that mean nothing."""

from collections.abc import Iterator
from difflib import get_close_matches

from forms.lint.finding import Remark, Subject, rule
from forms.places import Place


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SURVEY = _words(
    "type name label hint guidance_hint constraint constraint_message required required_message relevant calculation "
    "choice_filter appearance parameters default repeat_count trigger read_only image audio video big-image save_to "
    "autoplay rows accuracythreshold disabled"
)
_SETTINGS = _words(
    "form_title form_id version instance_name default_language public_key submission_url style auto_send auto_delete "
    "allow_choice_duplicates namespaces name clean_text_values client_editable omit_instanceid sms_keyword instance_id"
)
_KNOWN = {"survey": _SURVEY, "settings": _SETTINGS}


@rule(
    "misspelt-column",
    "warning",
    why_en="A column nobody knows is ignored without a word: the rule its author wrote there does not exist on phones.",
    why_fr="Une colonne inconnue est ignorée sans rien dire : la règle écrite là n'existe pas sur les téléphones.",
)
def misspelt_column(subject: Subject) -> Iterator[Remark]:
    """A column whose name is nearly one that means something."""
    for name, known in _KNOWN.items():
        columns = subject.new.tables.sheet(name).columns if subject.new.tables else ()
        present = {column.key for column in columns}
        for column in columns:
            if (
                column.key in known
                or "::" in column.key
                or column.key.startswith(("_", "bind", "instance", "body", "sms"))
            ):
                continue
            near = get_close_matches(column.key, [each for each in known if each not in present], n=1, cutoff=0.82)
            if near:
                yield Remark(
                    f"the column « {column.written} » means nothing. Did you mean « {near[0]} »?",
                    f"la colonne « {column.written} » ne veut rien dire. Vouliez-vous « {near[0]} » ?",
                    Place(name, 1, column.written),
                )


@rule(
    "no-version",
    "warning",
    why_en="Without a version a changed form cannot be published over the old one, and nobody can tell which one filled a record.",
    why_fr="Sans version, un formulaire modifié ne peut pas remplacer l'ancien, et nul ne sait lequel a servi à une fiche.",
)
def no_version(subject: Subject) -> Iterator[Remark]:
    """A form that gives no version."""
    if not subject.new.definition.version:
        yield Remark(
            "the form has no version. Fill version in the settings sheet, for example 2026112301 (year, month, day, number).",
            "le formulaire n'a pas de version. Remplissez version dans la feuille settings, par exemple 2026112301 (année, "
            "mois, jour, numéro).",
            Place("settings", None, "version") if subject.new.tables else Place(),
        )


@rule(
    "form-id-from-file",
    "advice",
    why_en="The name of the file becomes the form's id: renaming the file makes another form, with data of its own.",
    why_fr="Le nom du fichier devient l'identifiant : renommer le fichier crée un autre formulaire, avec ses propres données.",
)
def form_id_from_file(subject: Subject) -> Iterator[Remark]:
    """A workbook without a form_id."""
    if subject.new.tables is not None and not subject.new.tables.setting("form_id") and subject.new.tables.sheets:
        given = subject.new.definition.xml_form_id
        yield Remark(
            f"the form takes its id from the file: « {given} ». Write it into form_id in the settings sheet.",
            f"le formulaire prend son identifiant du fichier : « {given} ». Écrivez-le dans form_id, feuille settings.",
            Place("settings", None, "form_id"),
        )


@rule(
    "sends-elsewhere",
    "loss",
    why_en="Phones send what people fill to that address and never to this server.",
    why_fr="Les téléphones envoient les fiches à cette adresse et jamais à ce serveur.",
)
def sends_elsewhere(subject: Subject) -> Iterator[Remark]:
    """A form that says itself where submissions go."""
    url = subject.new.definition.submission_url
    if url is not None:
        yield Remark(
            f"the form sends its submissions to {url}. Remove submission_url from the settings sheet.",
            f"le formulaire envoie ses fiches à {url}. Retirez submission_url de la feuille settings.",
            Place("settings", 2, "submission_url") if subject.new.tables else Place(),
        )


@rule(
    "no-instance-id",
    "warning",
    why_en="A phone that sends twice then looks like two people: repeats are told by this id.",
    why_fr="Un téléphone qui envoie deux fois passe alors pour deux personnes : c'est cet identifiant qui les distingue.",
)
def no_instance_id(subject: Subject) -> Iterator[Remark]:
    """A form whose submissions have no instanceID."""
    if not any(field.path in ("/meta/instanceID", "/instanceID") for field in subject.new.definition.fields):
        yield Remark(
            "submissions of this form have no instanceID. Remove omit_instanceID from the settings sheet.",
            "les fiches de ce formulaire n'ont pas d'instanceID. Retirez omit_instanceID de la feuille settings.",
            Place("settings", 2, "omit_instanceID") if subject.new.tables else Place(),
        )
