"""Letters: queued where there is a mail server, sent through it, tried again, never with a link in the database."""

import re
import smtplib
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine

from accounts.letters import KINDS, LIFE, send_letters
from config.clock import now
from config.settings import Settings
from sync.jobs import send_mail
from tests.accounts.calling import Caller, administrator, stranger
from tests.installation import Installation, Template, copied

SERVER = "https://relais.example.org"


@pytest.fixture
def mailing(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a mail server that nobody answers at."""
    folder = tmp_path_factory.mktemp("mailing") / "data"
    yield from copied(
        sqlite_template, folder, mail_url="smtp://127.0.0.1:1", mail_from="relais@example.org", public_url=SERVER
    )


def delivered(relais: Installation) -> list[EmailMessage]:
    """What is sent now."""
    taken: list[EmailMessage] = []
    send_letters(relais.services, SERVER, lambda _, message: taken.append(message))
    return taken


def test_a_new_account_gets_a_link_that_works_once(mailing: Installation) -> None:
    admin = administrator(mailing)
    admin.done("POST", "/users", {"email": "anne@example.org"})
    assert "claim/" not in str(mailing.rows("SELECT * FROM letter"))
    (letter,) = delivered(mailing)
    assert (letter["To"], letter["From"], letter["Subject"]) == (
        "anne@example.org",
        "relais@example.org",
        "Votre compte Relais",
    )
    link = re.search(rf"{SERVER}/account/claim/(\S+)", letter.get_content())
    assert link is not None
    holder = Caller(mailing, {"Authorization": f"Bearer {link[1]}"})
    assert holder.done("POST", "/users/reset/verify", {"new": "four other words entirely"}) == {"success": True}
    assert delivered(mailing) == []


def test_each_occasion_has_its_letter_and_nothing_tells_who_exists(mailing: Installation) -> None:
    admin = administrator(mailing)
    made = admin.done("POST", "/users", {"email": "anne@example.org", "password": "three words together"})
    admin.done("PATCH", f"/users/{made['id']}", {"email": "bea@example.org"})
    assert [letter["To"] for letter in delivered(mailing)] == ["anne@example.org", "anne@example.org"]
    for _ in range(2):
        for email in ("bea@example.org", "unknown@example.org"):
            assert stranger(mailing).done("POST", "/users/reset/initiate", {"email": email}) == {"success": True}
    assert [letter["Subject"] for letter in delivered(mailing)] == ["Un nouveau mot de passe"]
    admin.done("DELETE", f"/users/{made['id']}")
    stranger(mailing).done("POST", "/users/reset/initiate", {"email": "bea@example.org"})
    (gone,) = delivered(mailing)
    assert "a été supprimé" in gone.get_content()


def test_without_a_mail_server_nothing_waits(post_node: Installation) -> None:
    administrator(post_node).done("POST", "/users", {"email": "anne@example.org"})
    assert post_node.rows("SELECT count(*) FROM letter") == [(0,)]
    assert send_mail(post_node.services) == 0


def test_a_letter_that_cannot_be_sent_is_tried_again_for_a_day(mailing: Installation) -> None:
    administrator(mailing).done("POST", "/users", {"email": "anne@example.org", "password": "three words together"})

    def refuse(_: Settings, __: EmailMessage) -> None:
        raise smtplib.SMTPServerDisconnected

    assert send_letters(mailing.services, SERVER, refuse) == 0
    assert delivered(mailing) == []
    with time_machine.travel(now() + timedelta(minutes=2)):
        assert send_mail(mailing.services) == 0
    ((attempts,),) = mailing.rows("SELECT attempts FROM letter")
    assert attempts == 2
    with time_machine.travel(now() + LIFE + timedelta(hours=1)):
        assert send_letters(mailing.services, SERVER, refuse) == 0
    assert mailing.rows("SELECT count(*) FROM letter") == [(0,)]


def test_every_kind_has_its_words_in_both_languages() -> None:
    for with_link, french, english in KINDS.values():
        for words in (french, english):
            assert ("{url}" in words.body) == with_link
            assert words.body.format(server="s", url="u")


class _Mailbox(socketserver.StreamRequestHandler):
    """A mail server as small as can be."""

    def handle(self) -> None:
        self.wfile.write(b"220 box\r\n")
        while line := self.rfile.readline():
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                text = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    text += part
                self.server.taken.append(text)  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 box\r\n")
            if verb == b"QUIT":
                return


def test_a_real_mail_server_takes_it(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox) as box:
        box.taken = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=box.serve_forever)
        thread.start()
        url = f"smtp://127.0.0.1:{box.server_address[1]}"
        for relais in copied(sqlite_template, tmp_path_factory.mktemp("mail") / "data", mail_url=url, language="en"):
            administrator(relais).done("POST", "/users", {"email": "anne@example.org"})
            assert send_mail(relais.services) == 1
        box.shutdown()
        thread.join(5)
        (text,) = box.taken  # type: ignore[attr-defined]
    assert b"Subject: Your Relais account" in text
    assert b"/account/claim/" in text
