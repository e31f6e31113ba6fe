"""What can go wrong with a form, one function for each problem; codes are ODK Central's (its lib/util/problem.js)."""

from collections.abc import Mapping, Sequence
from typing import Any

from config.api_errors import unexpected_value, uniqueness_violation
from config.javascript import as_text
from config.problem import Problem


def xform_unreadable(en: str, fr: str, length: int) -> Problem:
    """400.1: the bytes are not an XForm a phone could open; `en` and `fr` say why, `length` is the size in bytes."""
    return Problem(
        400.1,
        en=en,
        fr=fr,
        message=f"Could not parse the given data ({length} chars) as xforms xml.",
        details={"format": "xforms xml", "rawLength": length},
    )


def not_an_xform(en: str, fr: str) -> Problem:
    """400.2: nothing in the bytes says which form it is; `en` and `fr` say what they are instead."""
    return Problem(400.2, en=en, fr=fr, message="Required parameter formId missing.", details={"field": "formId"})


def xform_part_missing(part: str) -> Problem:
    """400.2: the XForm lacks something without which ODK Collect fails to download it (C33)."""
    return Problem(
        400.2,
        en=f"This form has no {part}: phones could not download it. Add it to the form and send it again.",
        fr=f"Ce formulaire n'a pas de {part} : les téléphones ne pourraient pas le recevoir. Ajoutez-le et renvoyez.",
        message="Required parameter formId missing.",
        details={"field": "formId"},
    )


def form_id_not_usable(form_id: str, en: str, fr: str) -> Problem:
    """400.8: the form has an id, but one that would break addresses or updates on phones."""
    return Problem(
        400.8,
        en=f"The form id « {form_id} » cannot be used: {en}. Change form_id in the settings sheet.",
        fr=f"L'identifiant « {form_id} » n'est pas utilisable : {fr}. Changez form_id dans la feuille settings.",
        message=f"Unexpected formId value {form_id}; {en}",
        details={"field": "formId", "value": form_id, "reason": en},
    )


def form_id_too_long(form_id: str, longest: int) -> Problem:
    """400.13: ODK Central's limit for form ids."""
    return Problem(
        400.13,
        en=f"The form id « {form_id[:40]}… » is longer than {longest} characters. Shorten form_id in the settings sheet.",
        fr=f"L'identifiant « {form_id[:40]}… » dépasse {longest} caractères. Raccourcissez form_id (feuille settings).",
        message="Length of value too long for a field",
        details={"maxLength": str(longest)},
    )


def form_id_like_a_file(form_id: str) -> Problem:
    """400.8: addresses that end with it would mean a file."""
    reason = (
        "The Form ID cannot end in .xls, .xlsx, or .xml. Please either specify an allowed ID in the form itself, or "
        "rename the file (eg change form.xls.xls to form.xls)."
    )
    problem = form_id_not_usable(form_id, "it ends like a file name", "il finit comme un nom de fichier")
    problem.message = f"Unexpected formId value {form_id}; {reason}"
    problem.details["reason"] = reason
    return problem


def entities_unsupported(reason: str, reason_fr: str) -> Problem:
    """400.25: the entity declaration is one that phones refuse to open (C36); `reason` is a whole English sentence."""
    return Problem(
        400.25,
        en=f"The entities of this form cannot be used: {reason}",
        fr=f"Les entités de ce formulaire ne sont pas utilisables : {reason_fr}.",
        message=f"The entity definition within the form is invalid. {reason}",
        details={"reason": reason},
    )


def workbook_refused(en: str, fr: str, error: str = "", **details: Any) -> Problem:
    """400.15: the workbook did not become a form; `error` is pyxform's own text, for those who know it."""
    return Problem(
        400.15,
        en=en,
        fr=fr,
        message="The given XLSForm file was not valid. Please see the error details for more information.",
        details={"error": error or en, "warnings": [], **details},
    )


def compiler_busy() -> Problem:
    """503.1: every place for a compilation stayed taken while this one waited."""
    return Problem(
        503.1,
        en="Several forms are being compiled. Try again in a minute.",
        fr="Plusieurs formulaires sont en cours de compilation. Réessayez dans une minute.",
        headers={"Retry-After": "60"},
    )


def version_taken(xml_form_id: str, version: str) -> Problem:
    """409.6: this version is published already, perhaps of a deleted form; phones that have it would never notice another."""
    return Problem(
        409.6,
        en=f"Version « {version} » of this form is already published with other content. Give the workbook a new version.",
        fr=f"La version « {version} » de ce formulaire est déjà publiée avec un autre contenu. Donnez-lui une nouvelle version.",
        message=f"You tried to publish the form '{xml_form_id}' with version '{version}', but a published form has already "
        "existed in this project with those identifiers.",
        details={"xmlFormId": xml_form_id, "version": version},
    )


def form_warnings(workbook: Sequence[str], workflow: Sequence[Mapping[str, Any]]) -> Problem:
    """400.16: nothing forbids the form, but somebody should look first; again with ?ignoreWarnings=true it is taken."""
    warnings: dict[str, Any] = {}
    if workbook:
        warnings["xlsFormWarnings"] = list(workbook)
    if workflow:
        warnings["workflowWarnings"] = list(workflow)
    return Problem(
        400.16,
        en="The form can be used, but look at its warnings first.",
        fr="Le formulaire est utilisable, mais lisez d’abord ses avertissements.",
        message="The Form is valid, but with warnings. Please check the warnings and if they are acceptable resubmit with "
        "?ignoreWarnings=true",
        details={"warnings": warnings},
    )


def field_type_conflict(path: str, kind: str) -> Problem:
    """400.17: answers of an earlier version would no longer fit the question's column."""
    return Problem(
        400.17,
        en=f"The question {path} was of type {kind} in an earlier version. Give it that type, or another name.",
        fr=f"La question {path} était de type {kind} dans une version précédente. Rendez-lui ce type, ou renommez-la.",
        message=f"The form you have uploaded attempts to change the type of the field at {path}. In a previous version, it "
        f'had the type "{kind}". Please either return that field to its previous type, or rename the field so it lives at '
        "a new path.",
        details={"path": path, "type": kind},
    )


def meta_missing() -> Problem:
    """400.27: without a meta group no submission of the form has an instanceID."""
    return Problem(
        400.27,
        en="The form has no meta group, so its submissions could not be told apart. Add one with instanceID.",
        fr="Le formulaire n’a pas de groupe meta : ses fiches seraient indistinctes. Ajoutez-en un avec instanceID.",
        message="The form does not contain a 'meta' group.",
    )


def only_a_draft() -> Problem:
    """409.7: without its draft nothing would be left of the form."""
    return Problem(
        409.7,
        en="This form was never published, so its draft cannot be deleted alone. Delete the form, or replace the draft.",
        fr="Ce formulaire n’a jamais été publié : son brouillon ne peut être supprimé seul. Supprimez le formulaire ou "
        "remplacez le brouillon.",
        message="Could not delete draft, because the form has not been published. Either delete the whole form, or replace "
        "the draft.",
    )


def field_twice(path: str) -> Problem:
    """409.3: two nodes of one name side by side, which are no repeat."""
    problem = uniqueness_violation(["schemaId", "path"], [0, path], "form_fields")
    problem.en = f"The form has {path} twice. Give one of them another name."
    problem.fr = f"Le formulaire a deux fois {path}. Donnez un autre nom à l’un des deux."
    return problem


def form_exists(project_id: int, xml_form_id: str) -> Problem:
    """409.3: a living form has this id."""
    problem = uniqueness_violation(["projectId", "xmlFormId"], [project_id, xml_form_id], "forms")
    problem.en = f"This project has a form “{xml_form_id[:40]}” already."
    problem.fr = f"Ce projet a déjà un formulaire « {xml_form_id[:40]} »."
    return problem


def file_not_chosen() -> Problem:
    """400.2: a form was sent without its file."""
    return Problem(400.2, en="Choose a file first.", fr="Choisissez d’abord un fichier.", details={"field": "file"})


def draft_has_changed() -> Problem:
    """409: what was agreed to is not what would be published."""
    return Problem(
        409,
        en="The form has changed while you were reading. Look again, then decide.",
        fr="Le formulaire a changé pendant que vous lisiez. Regardez à nouveau, puis décidez.",
    )


def not_confirmed() -> Problem:
    """400.8: something would be lost or mixed up, and nobody has agreed to it."""
    return Problem(
        400.8,
        en="Tick what you agree to: each of these changes needs your word.",
        fr="Cochez ce que vous acceptez : chacun de ces changements demande votre accord.",
        details={"field": "confirm"},
    )


def another_form_id(xml_form_id: str) -> Problem:
    """400.8: a version of one form cannot carry the id of another."""
    return unexpected_value(
        "xmlFormId", xml_form_id, "does not match the form you are updating", "ce n’est pas le formulaire à remplacer"
    )


def attachments_missing(names: list[str]) -> Problem:
    """400.8: published without these, the form would open on phones with empty lists or missing pictures."""
    listed = ", ".join(names)
    return Problem(
        400.8,
        en=f"This form needs files that were not given: {listed}. Put them in one folder and publish again with --media.",
        fr=f"Ce formulaire a besoin de fichiers qui manquent : {listed}. Mettez-les dans un dossier et publiez avec --media.",
        details={"missing": names},
    )


def form_state_unknown(state: object) -> Problem:
    """400.8: a form is open, closing or closed."""
    return unexpected_value(
        "state",
        "<NULL>" if state is None else as_text(state),
        "not a recognized state name",
        "utilisez open, closing ou closed",
    )


def name_not_usable(field: str, value: str, en: str, fr: str) -> Problem:
    """400.8: a version or file name that phones could not ask for, or not send back; `en` and `fr` say why."""
    return Problem(
        400.8,
        en=f"The {field} « {value[:60]} » cannot be used: {en}. Change it and publish again.",
        fr=f"« {value[:60]} » ({field}) n’est pas utilisable : {fr}. Changez-le et publiez à nouveau.",
        message=f"Unexpected {field} value {value}; {en}",
        details={"field": field, "value": value, "reason": en},
    )


def form_unknown(xml_form_id: str) -> Problem:
    """404.1: no living form of that id in this project."""
    return Problem(
        404.1,
        en=f"There is no form “{xml_form_id[:40]}” here. Check its id, or ask your supervisor.",
        fr=f"Il n’y a pas de formulaire « {xml_form_id[:40]} » ici. Vérifiez son nom ou demandez au superviseur.",
        message="Could not find the resource you were looking for.",
    )


def undecryptable() -> Problem:
    """400.12: not this passphrase, or not this key."""
    return Problem(
        400.12,
        en="This passphrase does not open these data. Check both.",
        fr="Cette phrase secrète n’ouvre pas ces données. Vérifiez les deux.",
        message="Could not perform decryption. Double check your passphrase and your data and try again.",
    )
