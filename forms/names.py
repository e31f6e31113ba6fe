"""Which ids, versions and file names may be published: those that phones can list, fetch and send back. Pure."""

import re

from forms.errors import form_id_not_usable, form_id_too_long, name_not_usable, xform_part_missing
from forms.xform import FormDefinition

# The width of the columns, and what a submission may say (collector.submission_xml).
LONGEST = 255
# ODK Central's: a longer one could never move there.
LONGEST_ID = 64
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]")


def check_title(definition: FormDefinition) -> None:
    """Raise Problem 400.2 for a form that phones would refuse to download (C33); programs may store one, as in Central."""
    if not definition.title:
        raise xform_part_missing("title")


def check_names(definition: FormDefinition) -> None:
    """Raise Problem 400.8 for a name that would stop the list of the whole project, or every submission of the form."""
    if len(definition.xml_form_id) > LONGEST_ID:
        raise form_id_too_long(definition.xml_form_id, LONGEST_ID)
    reason = _address_fault(definition.xml_form_id)
    if reason:
        raise form_id_not_usable(definition.xml_form_id[:60], *reason)
    version = definition.version
    # Phones trim what the list says, but not what the form says (C10, C15).
    reason = _text_fault(version) or (_SPACES if version != version.strip() else None)
    if reason:
        raise name_not_usable("version", version, *reason)
    for slot in definition.slots:
        reason = _address_fault(slot.name) or (_FOLDER if "\\" in slot.name else None)
        if reason:
            raise name_not_usable("file name", slot.name, *reason)


Reason = tuple[str, str]
_SPACES: Reason = ("it begins or ends with a space", "il commence ou finit par une espace")
_FOLDER: Reason = ("it names a folder", "il nomme un dossier")


def _address_fault(name: str) -> Reason | None:
    # Every client resolves these two away, even encoded.
    if name in (".", ".."):
        return "addresses cannot hold it", "une adresse ne peut pas le contenir"
    return _text_fault(name)


def _text_fault(text: str) -> Reason | None:
    if len(text) > LONGEST:
        return f"it is longer than {LONGEST} characters", f"il dépasse {LONGEST} caractères"
    if _CONTROL.search(text):
        return "it holds a control character", "il contient un caractère de contrôle"
    return None
