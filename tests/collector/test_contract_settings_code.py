"""docs/collect-contract.md, section 5: the code that sets up a phone, from the database to the phone. What
accounts/qr.py makes of given settings is held by tests/accounts/test_qr.py."""

import base64
import json
import zlib
from typing import Any

from accounts import app_users
from accounts.cli import key_url, qr_text
from tests.installation import Installation, instance, new_id
from tests.phone import Phone
from tests.served import Place


def settings_of(text: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return settings


def test_a_scanned_code_is_all_a_phone_needs_c60_c61_c62_c65(place: Place) -> None:
    phone = place.phone()
    assert phone.server_url == place.key_url
    assert phone.form_update_mode == "match_exactly"
    assert phone.refresh().downloaded == ["household"]
    assert phone.send(phone.finalize(instance(new_id()))).status == 201


def test_the_code_follows_the_server_and_sends_by_itself_c62_c63_c66(post_node: Installation) -> None:
    with post_node.services.database.reading() as session:
        text = qr_text(session, post_node.phone, "https://relais.example.org")
    assert settings_of(text) == {
        "general": {
            "server_url": f"https://relais.example.org{post_node.key_url}",
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            "app_language": "fr",
        },
        "project": {"name": "Frontières"},
        "admin": {},
    }


def test_the_code_drawn_again_is_the_same_to_the_letter_c65(relais: Installation) -> None:
    database, secret = relais.services.database, relais.services.secret
    with database.reading() as session:
        again = app_users.credential_of(session, secret, relais.project_id, relais.phone.actor_id)
        assert again == relais.phone
        assert qr_text(session, again, "http://a") == qr_text(session, relais.phone, "http://a")


def test_the_address_in_a_code_is_the_one_its_forms_are_at_c65_c96(place: Place) -> None:
    phone = place.phone()
    (entry,) = phone.form_list()
    assert entry.download_url.startswith(f"{phone.server_url}/forms/")
    assert key_url(place.credential, place.url) == phone.server_url


def test_the_longest_project_name_still_fits_c60(place: Place) -> None:
    with place.relais.services.database.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE project SET name = ? WHERE id = ?", ("É😀" * 127, place.relais.project_id)
        )
    assert isinstance(place.phone(), Phone)
