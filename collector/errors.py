"""What phones and reviewers can be told: codes are ODK Central's where it has one, sentences fit a phone's screen."""

from config.problem import Problem

# --- The body of a POST (multipart_body.py) ---


def truncated_body() -> Problem:
    """The upload ended before its closing boundary (C93)."""
    return Problem(
        400.1,
        en="The upload was cut off before its end. Nothing was stored: please send again.",
        fr="L'envoi a été coupé avant la fin. Rien n'a été enregistré : renvoyez.",
        message="Could not parse the given data: the multipart body ends before its closing boundary.",
    )


def unreadable_body(reason: str) -> Problem:
    """The body is not the multipart/form-data its header promises; `reason` is for whoever debugs the client."""
    return Problem(
        400.1,
        en="The upload could not be read. Please send again; if it fails again, tell your supervisor.",
        fr="L'envoi est illisible. Renvoyez ; si cela échoue encore, prévenez votre superviseur.",
        message=f"Could not parse the given data as multipart/form-data: {reason}.",
        details={"format": "multipart/form-data", "reason": reason},
    )


def missing_submission_file() -> Problem:
    """No part is named `xml_submission_file`."""
    return Problem(
        400.7,
        en="The upload contains no form. Please send again; if it fails again, tell your supervisor.",
        fr="L'envoi ne contient pas de formulaire. Renvoyez ; si cela échoue encore, prévenez votre superviseur.",
        message="Required multipart POST field xml_submission_file missing.",
        details={"field": "xml_submission_file"},
    )


def repeated_submission_file() -> Problem:
    """Two parts are named `xml_submission_file`: storing either would lose the other."""
    return Problem(
        400.8,
        en="The upload contains two forms at once. Please send them one by one.",
        fr="L'envoi contient deux formulaires à la fois. Envoyez-les un par un.",
        message="Unexpected xml_submission_file value; the field may be given once only.",
        details={"field": "xml_submission_file"},
    )


def unnamed_file() -> Problem:
    """A file part has neither a file name nor a field name, so no question could claim it."""
    return Problem(
        400.8,
        en="A file in the upload has no name. Please send again; if it fails again, tell your supervisor.",
        fr="Un fichier de l'envoi n'a pas de nom. Renvoyez ; si cela échoue encore, prévenez votre superviseur.",
        message="Unexpected filename value; a file needs a name.",
        details={"field": "filename"},
    )


def unusable_file_name() -> Problem:
    """A file's name is longer than any filesystem's, or holds a NUL character."""
    return Problem(
        400.8,
        en="A file in the upload has a name that cannot be kept. Rename it, or tell your supervisor.",
        fr="Un fichier de l'envoi a un nom qui ne peut être gardé. Renommez-le ou prévenez votre superviseur.",
        message="Unexpected filename value; it is longer than 255 characters or contains a NUL.",
        details={"field": "filename"},
    )


def submission_xml_too_large(limit: int) -> Problem:
    """The submission's XML is over the limit, in bytes."""
    return Problem(
        413.1,
        en=f"This form's answers are too large (over {_megabytes(limit)} MB). Please tell your supervisor.",
        fr=f"Les réponses de ce formulaire dépassent {_megabytes(limit)} Mo. Prévenez votre superviseur.",
        message=f"The submission XML is larger than {limit} bytes.",
        details={"field": "xml_submission_file", "limit": limit},
    )


def file_too_large(limit: int, name: str) -> Problem:
    """One file of the upload is over the limit, in bytes."""
    return Problem(
        413.2,
        en=f"A photo, audio or video is larger than {_megabytes(limit)} MB. Replace it by a smaller one.",
        fr=f"Une photo, un audio ou une vidéo dépasse {_megabytes(limit)} Mo. Remplacez-le par un fichier plus petit.",
        message=f"A file is larger than {limit} bytes.",
        details={"field": name, "limit": limit},
    )


def too_many_parts(limit: int) -> Problem:
    """More parts than any phone sends in one POST (Collect: at most 103, C44)."""
    return Problem(
        413.3,
        en=f"The upload has more than {limit} files at once. Please tell your supervisor.",
        fr=f"L'envoi contient plus de {limit} fichiers à la fois. Prévenez votre superviseur.",
        message=f"The multipart body has more than {limit} parts.",
        details={"limit": limit},
    )


def no_space() -> Problem:
    """The disk is full; nothing of this upload was kept."""
    return Problem(
        503.1,
        en="The server has no space left. Your form stays on the phone: tell your supervisor, then send again.",
        fr="Le serveur n'a plus de place. Gardez le formulaire, prévenez le superviseur, puis renvoyez.",
        message="The server has no space left to store this upload.",
    )


def _megabytes(limit: int) -> str:
    return f"{limit / 1_000_000:.0f}" if limit >= 1_000_000 else f"{limit / 1_000_000:g}"


# --- The submission's XML (submission_xml.py) ---


def unreadable_submission(reason: str, length: int) -> Problem:
    """The XML cannot be parsed, or may not be; `reason` is for whoever debugs the client, `length` is in bytes."""
    return Problem(
        400.1,
        en="This form's answers are damaged and cannot be read. Keep the form on the phone and tell your supervisor.",
        fr="Les réponses de ce formulaire sont abîmées, illisibles. Gardez-le sur le téléphone, prévenez le superviseur.",
        message=f"Could not parse the given data ({length} chars) as xml.",
        details={"format": "xml", "rawLength": length, "reason": reason},
    )


def submission_names_no_form() -> Problem:
    """The root element has no `id`: nobody can tell which form it answers."""
    return Problem(
        400.2,
        en="The answers do not say which form they belong to. Please tell your supervisor.",
        fr="Les réponses ne disent pas à quel formulaire elles appartiennent. Prévenez votre superviseur.",
        message="Required parameter form ID xml attribute missing.",
        details={"field": "form ID xml attribute"},
    )


def encrypted_without_instance_id() -> Problem:
    """An encrypted envelope without instanceID could never be decrypted: the id is part of the key material."""
    return Problem(
        400.2,
        en="This encrypted form has lost its number and cannot be accepted. Please tell your supervisor.",
        fr="Ce formulaire chiffré a perdu son numéro et ne peut être accepté. Prévenez votre superviseur.",
        message="Required parameter instanceId (required for encrypted submissions) missing.",
        details={"field": "instanceId (required for encrypted submissions)"},
    )


def identifier_too_long(field: str, limit: int) -> Problem:
    """`field` (instanceID, deprecatedID, form id, version) is longer than `limit` characters."""
    return Problem(
        400.13,
        en="A number inside this form is far too long. Please tell your supervisor.",
        fr="Un numéro dans ce formulaire est beaucoup trop long. Prévenez votre superviseur.",
        message="Length of value too long for a field",
        details={"field": field, "limit": limit},
    )


def identifier_not_printable(field: str) -> Problem:
    """`field` (instanceID, deprecatedID, form id, version) holds control characters or line breaks."""
    return Problem(
        400.8,
        en="A number inside this form is damaged. Please tell your supervisor.",
        fr="Un numéro dans ce formulaire est abîmé. Prévenez votre superviseur.",
        message=f"Unexpected {field} value; it contains control characters.",
        details={"field": field, "reason": "it contains control characters"},
    )


# --- Receiving (intake.py) ---


def form_not_found(xml_form_id: str) -> Problem:
    """404.1: the project has no such form."""
    return Problem(
        404.1,
        en="This form is not on this server. Check the project on your phone, or tell your supervisor.",
        fr="Ce formulaire n’est pas sur ce serveur. Vérifiez le projet du téléphone ou prévenez le superviseur.",
        message="Could not find the resource you were looking for.",
        details={"xmlFormId": xml_form_id},
    )


def form_closed() -> Problem:
    """409.2: closed, and this deployment refuses what comes late."""
    return Problem(
        409.2,
        en="This form is closed and takes no more answers. Keep it on the phone and tell your supervisor.",
        fr="Ce formulaire est fermé, il ne reçoit plus rien. Gardez la fiche et prévenez votre superviseur.",
        message="This form is not currently accepting submissions. Please talk to your program staff if this is unexpected.",
    )


def wrong_draft(expected: str) -> Problem:
    """400.8: the test address belongs to another form."""
    return Problem(
        400.8,
        en=f"This test address is for the form {expected[:40]} only. Scan the right test code.",
        fr=f"Cette adresse d’essai ne sert qu’au formulaire {expected[:40]}. Scannez le bon code d’essai.",
        message="The submission is not for the form in the address.",
    )


def too_many_conflicts() -> Problem:
    """429: enough different copies are kept for a person to decide."""
    return Problem(
        429,
        en="Too many different copies of this form have arrived. Stop sending it and tell your supervisor.",
        fr="Trop de copies différentes de cette fiche sont arrivées. Arrêtez et prévenez votre superviseur.",
        headers={"Retry-After": "3600"},
    )


def nothing_waiting() -> Problem:
    """409: the receipt has been settled meanwhile."""
    return Problem(
        409.3,
        en="This one is already settled. Reload the page.",
        fr="Celle-ci est déjà réglée. Rechargez la page.",
    )


def body_too_large(limit: int) -> Problem:
    """413: the announced body is over what any submission may be."""
    return Problem(
        413.2,
        en=f"A photo, audio or video is larger than {_megabytes(limit)} MB. Replace it by a smaller one.",
        fr=f"Une photo, un audio ou une vidéo dépasse {_megabytes(limit)} Mo. Remplacez-le par un fichier plus petit.",
        message=f"The request body is larger than {limit} bytes.",
        details={"limit": limit},
    )


def unknown_decision() -> Problem:
    """400.8: a case was settled in a way this page does not know."""
    return Problem(
        400.8,
        en="This is none of the ways to settle it. Go back and use a button of the page.",
        fr="Ce n’est pas une façon de la régler. Revenez en arrière et utilisez un bouton de la page.",
    )


_NOT_YET = {
    "unknown_version": (
        "The server does not have this version of the questionnaire. Publish it, or choose another version.",
        "Le serveur n’a pas cette version du formulaire. Publiez-la ou choisissez une autre version.",
    ),
    "form_deleted": (
        "The questionnaire is deleted. Restore it first, or choose a version.",
        "Le formulaire est supprimé. Restaurez-le d’abord, ou choisissez une version.",
    ),
    "original_in_trash": (
        "The form it corrects is in the trash. Restore it first.",
        "La fiche qu’elle corrige est dans la corbeille. Restaurez-la d’abord.",
    ),
}


def not_possible_yet(reason: str | None) -> Problem:
    """409.3: the receipt still has to wait, for the reason a receipt can have."""
    english, french = _NOT_YET.get(
        reason or "",
        (
            "This cannot be settled as things are. Reload the page and look again.",
            "Ce n’est pas possible en l’état. Rechargez la page et regardez à nouveau.",
        ),
    )
    return Problem(409.3, en=english, fr=french, details={"reason": reason})


def encrypted_copy() -> Problem:
    """409.3: an encrypted copy cannot become an edit."""
    return Problem(
        409.3,
        en="An encrypted copy cannot replace another: it opens only under its own number. It stays stored.",
        fr="Une copie chiffrée ne peut en remplacer une autre : elle ne s’ouvre que sous son numéro. Elle reste gardée.",
    )
