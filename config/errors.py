"""Problems that any page can meet, whatever it shows."""

from collections.abc import Sequence
from pathlib import Path

from config.problem import Problem


def page_not_found() -> Problem:
    """No page has this address, or this account may not know that it exists."""
    return Problem(
        404.1,
        en="This address leads nowhere here. It is mistyped, or the page was moved or removed.",
        fr="Cette adresse ne mène nulle part ici. Elle est mal tapée, ou la page a été déplacée ou retirée.",
        message="Could not find the resource you were looking for.",
    )


def not_for_this_account() -> Problem:
    """The account is known, the right is missing."""
    return Problem(
        403.1,
        en="Your account does not give access to this page. Ask an administrator of the project for it.",
        fr="Votre compte ne donne pas accès à cette page. Demandez-le à un administrateur du projet.",
        message="The authenticated actor does not have rights to perform that action.",
    )


def form_has_expired() -> Problem:
    """The CSRF token is missing or belongs to another session."""
    return Problem(
        403.2,
        en="This page was open for too long, so nothing was changed. Reload it and try again.",
        fr="Cette page est ouverte depuis trop longtemps : rien n’a été modifié. Rechargez-la et recommencez.",
    )


def method_not_allowed() -> Problem:
    """The address exists, but not for this verb."""
    return Problem(
        405.1,
        en="This address cannot be opened this way. Go back and use the button of the page.",
        fr="Cette adresse ne s’ouvre pas ainsi. Revenez en arrière et utilisez le bouton de la page.",
    )


def not_understood(status: int = 400) -> Problem:
    """A request that Flask refused before any view of ours ran; `status` is what it said."""
    return Problem(
        float(status),
        en="The server could not read this request. Go back and try again.",
        fr="Le serveur n’a pas pu lire cette demande. Revenez en arrière et recommencez.",
    )


def too_large() -> Problem:
    """The body is over the limit; nothing of it was read."""
    return Problem(
        413.1,
        en="What you sent is larger than accepted here, so nothing was kept. Choose a smaller file.",
        fr="Votre envoi dépasse la taille acceptée ici : rien n’a été gardé. Choisissez un fichier plus léger.",
    )


def unexpected() -> Problem:
    """Our own mistake; the log holds the rest under the same reference."""
    return Problem(
        500.1,
        en="Something unforeseen on our side. What was received is safe. Try again, or pass on the reference.",
        fr="Un imprévu de notre côté. Ce qui est reçu est en sûreté. Réessayez, ou transmettez la référence.",
        message="An unexpected error has occurred.",
    )


def unavailable() -> Problem:
    """Database away, disk full or start not finished: it will pass."""
    return Problem(
        503.1,
        en="The server is not available. Nothing is lost, phones keep their submissions. Try again in a minute.",
        fr="Le serveur est indisponible. Rien n’est perdu, les téléphones gardent leurs fiches. Réessayez bientôt.",
        headers={"Retry-After": "60"},
    )


def database_unreachable(reason: str) -> Problem:
    """503.2: at the start of a command; `reason` is the driver's first line, which holds no password."""
    return Problem(
        503.2,
        en=f"The database cannot be opened ({reason}). Check RELAIS_DATABASE_URL, or whether its server runs.",
        fr=f"La base de données ne s’ouvre pas ({reason}). Vérifiez RELAIS_DATABASE_URL, ou si son serveur tourne.",
    )


def backup_place_missing(place: Path) -> Problem:
    """The folder that should hold the backup folder is not there: most often a stick that is not plugged in."""
    return Problem(
        404.71,
        en=f"{place} does not exist. Is the stick or disk plugged in? Nothing was copied.",
        fr=f"{place} n’existe pas. La clé ou le disque est-il branché ? Rien n’a été copié.",
    )


def backup_needs_subfolder(folder: Path) -> Problem:
    """A whole disk cannot take the place of a finished `.part` folder."""
    return Problem(
        409.71,
        en=f"{folder} is a whole disk. Name a folder on it, such as {folder / 'relais'}.",
        fr=f"{folder} est un disque entier. Nommez un dossier dessus, par exemple {folder / 'relais'}.",
    )


def backup_folder_taken(folder: Path) -> Problem:
    """Something else than a backup is in the folder."""
    return Problem(
        409.72,
        en=f"{folder} holds other things, so nothing was copied. Name a new folder.",
        fr=f"{folder} contient autre chose : rien n’a été copié. Nommez un nouveau dossier.",
    )


def backup_of_another(folder: Path) -> Problem:
    """The folder holds what may be the only copy of another installation, or of this one before it was restored."""
    return Problem(
        409.73,
        en=f"{folder} is the backup of another server, or of this one before a restore. Name a new folder.",
        fr=f"{folder} est la sauvegarde d’un autre serveur, ou de celui-ci avant une restauration. "
        "Elle reste intacte : nommez un nouveau dossier.",
    )


def backup_under_way() -> Problem:
    """One at a time."""
    return Problem(
        409.74,
        en="Another backup or restore of this server is under way. Wait until it has ended.",
        fr="Une autre sauvegarde ou restauration de ce serveur est en cours. Attendez qu’elle se termine.",
    )


def no_space(place: Path, needed: int, free: int) -> Problem:
    """Asked before anything is written; both in bytes."""
    need, have = needed // 1_000_000 + 1, free // 1_000_000
    return Problem(
        507.1,
        en=f"{place} has {have} MB free and {need} MB are needed. Nothing was written: make room.",
        fr=f"{place} a {have} Mo libres, il en faut {need}. Rien n’a été écrit : libérez de la place.",
    )


def backup_failed(folder: Path, reason: object) -> Problem:
    """The medium, the database or the disk gave up in the middle."""
    return Problem(
        500.71,
        en=f"The backup in {folder} was not finished ({reason}). An earlier one there, if any, is still good. "
        "Try again, or use another disk.",
        fr=f"La sauvegarde dans {folder} n’a pas été terminée ({reason}). La précédente, s’il y en a une, reste bonne. "
        "Réessayez, ou changez de disque.",
    )


def not_a_backup(folder: Path) -> Problem:
    """No readable manifest."""
    return Problem(
        400.71,
        en=f"{folder} is not a backup made by `relais backup`, or it was never finished.",
        fr=f"{folder} n’est pas une sauvegarde faite par « relais backup », ou elle n’a jamais été terminée.",
    )


def backup_damaged(folder: Path, names: Sequence[str]) -> Problem:
    """What was read is not what was written; `names` below the folder."""
    some = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return Problem(
        400.72,
        en=f"{folder} is damaged ({len(names)}: {some}), so nothing was put back. Use another backup.",
        fr=f"{folder} est endommagée ({len(names)} : {some}) : rien n’a été restauré. Prenez une autre sauvegarde.",
        details={"damaged": list(names)},
    )


def backup_too_new(folder: Path) -> Problem:
    """A newer program wrote it."""
    return Problem(
        409.75,
        en=f"{folder} was made by a newer version of Relais. Update Relais here first.",
        fr=f"{folder} a été faite par une version plus récente de Relais. Mettez d’abord Relais à jour ici.",
    )


def server_not_empty() -> Problem:
    """A restore never overwrites: people, projects, forms or submissions are here."""
    return Problem(
        409.76,
        en="This server holds people, projects or forms, so nothing was put back. "
        "Set RELAIS_DATA to a new folder, or use a new database.",
        fr="Ce serveur contient des personnes, des projets ou des formulaires : rien n’a été restauré. "
        "Donnez à RELAIS_DATA un nouveau dossier, ou prenez une nouvelle base.",
    )


def other_secret() -> Problem:
    """RELAIS_SECRET_KEY is set here to something else than where the backup was made."""
    return Problem(
        409.77,
        en="RELAIS_SECRET_KEY is not the one of this backup: phones’ codes would be lost. Set the same one, or none.",
        fr="RELAIS_SECRET_KEY n’est pas celle de cette sauvegarde : les codes des téléphones seraient perdus. "
        "Mettez la même, ou aucune.",
    )


def restore_failed(reason: object) -> Problem:
    """The database or the disk gave up in the middle: its transaction took everything back."""
    return Problem(
        500.72,
        en=f"The restore could not be finished ({reason}). This server is still empty: settle the cause and repeat.",
        fr=f"La restauration n’a pas été terminée ({reason}). Ce serveur est encore vide : réglez la cause et répétez.",
    )


BY_STATUS = {
    403: not_for_this_account,
    404: page_not_found,
    405: method_not_allowed,
    413: too_large,
    500: unexpected,
    503: unavailable,
}
