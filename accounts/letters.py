"""Letters to people: what they say, and the queue they wait in until the mail server takes them.

Nothing is queued where there is no mail server: there administrators hand over links (accounts.resets).
"""

import logging
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.models_choices import Letter
from accounts.resets import make_reset
from accounts.web_users import get_account, is_address
from config.clock import now
from config.problem import Problem
from config.services import Services
from config.settings import Settings

log = logging.getLogger("relais.letters")

TIMEOUT = 30.0
# A letter that could not be sent waits a minute, then twice as long each time; after a day nobody expects it any more.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LIFE = timedelta(days=1)
AT_ONCE = 20


@dataclass(frozen=True)
class Words:
    """Subject and body in one language; `{url}` is the link, where there is one."""

    subject: str
    body: str


# kind -> (with a link for choosing a password, French, English)
KINDS: dict[str, tuple[bool, Words, Words]] = {
    "claim": (
        True,
        Words(
            "Votre compte Relais",
            "Bonjour,\n\nun compte vous attend sur {server}. Choisissez votre mot de passe ici :\n{url}\n\n"
            "Le lien vaut une fois, pendant un jour. Vous n’attendiez rien ? Oubliez ce message.\n",
        ),
        Words(
            "Your Relais account",
            "Hello,\n\nan account is ready for you on {server}. Choose your password here:\n{url}\n\n"
            "The link works once, for a day. You expected nothing? Forget this message.\n",
        ),
    ),
    "welcome": (
        False,
        Words(
            "Votre compte Relais",
            "Bonjour,\n\nun compte vous attend sur {server}. Un administrateur en a choisi le mot de passe : "
            "demandez-le-lui, puis changez-le.\n",
        ),
        Words(
            "Your Relais account",
            "Hello,\n\nan account is ready for you on {server}. An administrator has chosen its password: "
            "ask for it, then change it.\n",
        ),
    ),
    "reset": (
        True,
        Words(
            "Un nouveau mot de passe",
            "Bonjour,\n\nquelqu’un a demandé un nouveau mot de passe pour votre compte sur {server}. Choisissez-le ici :\n"
            "{url}\n\nLe lien vaut une fois, pendant un jour. Ce n’était pas vous ? Rien ne change.\n",
        ),
        Words(
            "A new password",
            "Hello,\n\nsomebody asked for a new password for your account on {server}. Choose it here:\n{url}\n\n"
            "The link works once, for a day. It was not you? Nothing changes.\n",
        ),
    ),
    "gone": (
        False,
        Words(
            "Un nouveau mot de passe",
            "Bonjour,\n\nquelqu’un a demandé un nouveau mot de passe sur {server} pour cette adresse, mais son compte "
            "a été supprimé. Parlez-en à un administrateur.\n",
        ),
        Words(
            "A new password",
            "Hello,\n\nsomebody asked for a new password on {server} for this address, but its account was deleted. "
            "Talk to an administrator.\n",
        ),
    ),
    "email": (
        False,
        Words(
            "Votre adresse a changé",
            "Bonjour,\n\nvotre compte sur {server} a désormais une autre adresse que celle-ci. "
            "Vous ne le saviez pas ? Prévenez tout de suite un administrateur.\n",
        ),
        Words(
            "Your address has changed",
            "Hello,\n\nyour account on {server} now has another address than this one. "
            "You did not know? Tell an administrator at once.\n",
        ),
    ),
    "password": (
        False,
        Words(
            "Votre mot de passe a changé",
            "Bonjour,\n\nle mot de passe de votre compte sur {server} vient de changer. "
            "Vous ne le saviez pas ? Prévenez tout de suite un administrateur.\n",
        ),
        Words(
            "Your password has changed",
            "Hello,\n\nthe password of your account on {server} has just changed. "
            "You did not know? Tell an administrator at once.\n",
        ),
    ),
}


def queue_letter(session: Session, settings: Settings, kind: str, email: str, actor_id: int | None = None) -> None:
    """A letter to be sent once this transaction is committed; the same again while it waits is the same."""
    if not settings.mail_url or not is_address(email):
        return
    waiting = select(Letter.id).where(Letter.kind == kind, Letter.email == email)
    if session.scalars(waiting).first() is None:
        session.add(Letter(kind=kind, email=email, actor_id=actor_id, created_at=now(), due_at=now()))


def send_letters(
    services: Services, server: str, deliver: Callable[[Settings, EmailMessage], None] | None = None
) -> int:
    """Send what is due; how many were. One that fails waits longer, and holds up no other."""
    sent = 0
    with services.database.reading() as session:
        due = list(session.scalars(select(Letter).where(Letter.due_at <= now()).order_by(Letter.due_at).limit(AT_ONCE)))
    for letter in due:
        try:
            (deliver or _deliver)(services.settings, _written(services, letter, server))
            sent += 1
        except Problem:
            # Whoever it was for is gone meanwhile.
            log.info("letter %s: nobody to send it to", letter.id)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("letter %s: not sent (%s)", letter.id, type(error).__name__)
            if _postpone(services, letter):
                continue
        with services.database.transaction() as session:
            session.execute(delete(Letter).where(Letter.id == letter.id))
    return sent


def _written(services: Services, letter: Letter, server: str) -> EmailMessage:
    with_link, french, english = KINDS[letter.kind]
    url = ""
    if with_link and letter.actor_id is not None:
        with services.database.transaction() as session:
            url = make_reset(session, get_account(session, letter.actor_id), by=None).url(server)
    words = english if services.settings.language == "en" else french
    message = EmailMessage()
    message["Subject"] = words.subject
    message["From"] = services.settings.mail_from
    message["To"] = letter.email
    message.set_content(words.body.format(server=server, url=url))
    return message


def _postpone(services: Services, letter: Letter) -> bool:
    """Try it again later; False when it is too old."""
    if now() - letter.created_at > LIFE:
        return False
    wait = min(FIRST_WAIT * 2 ** min(letter.attempts, 10), LONGEST_WAIT)
    with services.database.transaction() as session:
        row = session.get(Letter, letter.id)
        if row is not None:
            row.attempts, row.due_at = row.attempts + 1, now() + wait
    return True


def _deliver(settings: Settings, message: EmailMessage) -> None:
    place = urlsplit(settings.mail_url)
    host = place.hostname or "localhost"
    if place.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, place.port or 465, timeout=TIMEOUT)
    else:
        connection = smtplib.SMTP(host, place.port or 25, timeout=TIMEOUT)
    with connection:
        connection.ehlo()
        if place.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls()
            connection.ehlo()
        if place.username:
            connection.login(unquote(place.username), unquote(place.password or ""))
        connection.send_message(message)
