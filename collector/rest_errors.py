"""What programs are told about submissions; numbers and English messages are ODK Central's, character for character."""

from config.api_errors import unexpected_value
from config.problem import Problem


def other_form(xml_form_id: str) -> Problem:
    """400.8: the XML answers another form than the address names."""
    return unexpected_value(
        "form id",
        xml_form_id,
        "did not match the form ID in the URL",
        "ce n’est pas le formulaire de l’adresse",
    )


def expected_deprecation() -> Problem:
    """400.19: an edit that does not say what it replaces."""
    return Problem(
        400.19,
        en="A correction must name the version it replaces (deprecatedID). Add it and send again.",
        fr="Une correction doit nommer la version qu’elle remplace (deprecatedID). Ajoutez-le et renvoyez.",
        message="This PUT endpoint expects a deprecatedID metadata tag pointing at the current version instanceID. "
        "I cannot find that tag in your request.",
    )


def form_version_unknown(version: str) -> Problem:
    """404.6: the form has no published version of that name."""
    return Problem(
        404.6,
        en=f"This form has no version “{version[:60]}” here. Publish it, or correct the version in the submission.",
        fr=f"Ce formulaire n’a pas de version « {version[:60]} » ici. Publiez-la, ou corrigez la version de la fiche.",
        message=f"The form version specified in this submission '{version}' does not exist.",
        details={"formVersion": version},
    )


def instance_taken(form_id: int, instance_id: str, draft: bool) -> Problem:
    """409.3: a submission of the form has this instanceID, perhaps in the trash."""
    values = [str(form_id), instance_id, "t" if draft else "f"]
    return Problem(
        409.3,
        en=f"“{instance_id}” exists already in this form. A new submission needs a new instanceID.",
        fr=f"« {instance_id} » existe déjà dans ce formulaire. Une nouvelle fiche demande un nouvel instanceID.",
        message=f"A resource already exists with formId,instanceId,draft value(s) of {','.join(values)}.",
        details={"fields": ["formId", "instanceId", "draft"], "values": values, "table": "submissions"},
    )


def version_taken(instance_id: str) -> Problem:
    """409.3: some version of a submission of the form has this instanceID."""
    return Problem(
        409.3,
        en=f"“{instance_id}” is a version of a submission already. Each version needs a new instanceID.",
        fr=f"« {instance_id} » est déjà une version d’une fiche. Chaque version demande un nouvel instanceID.",
        message=f"A resource already exists with instanceID value(s) of {instance_id}.",
        details={"fields": "instanceID", "values": instance_id},
    )


def replaces_old_version(deprecated_id: str) -> Problem:
    """409.9: what the edit replaces is no longer the current version."""
    return Problem(
        409.9,
        en="The submission was changed meanwhile. Read it again and repeat your changes.",
        fr="La fiche a changé entre-temps. Relisez-la et refaites vos modifications.",
        message=f"You tried to update a submission, but the copy you were editing ({deprecated_id}) is now out of date. "
        "Please get the new version that has been submitted, and make your edits again.",
        details={"deprecatedId": deprecated_id},
    )


def form_not_open() -> Problem:
    """409.12: submissions of closing and closed forms are not edited in the browser."""
    return Problem(
        409.12,
        en="This form is closing or closed: its submissions cannot be edited here. Open the form first.",
        fr="Ce formulaire est en cours de fermeture ou fermé : ses fiches ne se corrigent pas ici. Rouvrez-le d’abord.",
        message="You are trying to edit a submission of a Form that is in Closing or Closed state. In this version of "
        "Central, you can only edit the submissions of Open Forms. We will fix this in a future version for Central.",
    )


def no_web_form() -> Problem:
    """409.11: there is no web form in which a program could have a submission edited."""
    return Problem(
        409.11,
        en="Submissions are corrected on their page, in a browser. A program sends the correction as a new version instead.",
        fr="Les fiches se corrigent sur leur page, dans un navigateur. Un programme envoie plutôt la correction comme nouvelle version.",
        message="The form you tried to access is not ready for web use yet. Please wait some time and try again.",
    )


def submission_erased() -> Problem:
    """409.18: it was here once, and is not to come back."""
    return Problem(
        409.18,
        en="This submission was deleted. It cannot be sent again.",
        fr="Cette fiche a été supprimée. Elle ne peut pas être renvoyée.",
        message="This submission has been deleted. You may not resubmit it.",
    )


def answers_hidden() -> Problem:
    """403.1: raw answers hold classes that this reader may not see."""
    return Problem(
        403.1,
        en="This holds personal answers that are not shown to your account. Use an export, where they are left out.",
        fr="Il y a là des réponses personnelles que votre compte ne voit pas. Prenez un export, où elles sont masquées.",
        message="The authentication you provided does not have rights to perform that action.",
    )


def too_many_places(paths: list[str]) -> Problem:
    """400.41: a list of submissions has one place each."""
    return Problem(
        400.41,
        en="Only one question's place can be asked for. Name one.",
        fr="On ne peut demander le lieu que d’une seule question. Nommez-en une.",
        message=f"Parameters of set {{{', '.join(paths)}}}: at most one fieldpath may be specified",
        details={"paramSet": paths, "violationText": "at most one fieldpath may be specified"},
    )
