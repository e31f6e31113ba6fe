"""docs/collect-contract.md, section 8: addresses with a token, and what becomes of phones that lose their right."""

import pytest

from accounts import app_users
from tests.installation import instance, new_id
from tests.phone import FetchFailed
from tests.served import Place, ask, multipart


def test_a_token_nobody_has_is_told_apart_from_a_failure_c88(place: Place) -> None:
    url = f"{place.url}/v1/key/{'x' * 64}/projects/{place.relais.project_id}"
    body, kind = multipart(instance(new_id()))
    answers = [
        ask("GET", f"{url}/formList"),
        ask("HEAD", f"{url}/submission"),
        ask("POST", f"{url}/submission", body, {"Content-Type": kind}),
        ask("POST", f"{url}/submission", None, {"Content-Length": "500000000"}),
    ]
    assert [answer.status for answer in answers] == [403] * 4
    assert "Ce code ou ce compte n’y a pas droit" in answers[0].message


def test_a_token_may_come_percent_encoded(place: Place) -> None:
    encoded = "".join(f"%{ord(letter):02X}" for letter in place.credential.token)
    url = f"{place.url}/v1/key/{encoded}/projects/{place.relais.project_id}"
    body, kind = multipart(instance(new_id()))
    assert ask("POST", f"{url}/submission", body, {"Content-Type": kind}).status == 201


def test_a_revoked_phone_is_refused_at_once_and_a_retired_one_may_still_send(place: Place) -> None:
    credential = place.relais.new_phone()
    phones = [place.phone(credential), place.login_phone(credential)]
    for phone in phones:
        phone.refresh()
    database = place.relais.services.database
    with database.transaction() as session:
        app_users.set_state(session, place.relais.project_id, credential.actor_id, "retired")
    for phone in phones:
        assert phone.form_list() == []
        assert phone.send(phone.finalize(instance(new_id()))).status == 201
    key_url = f"{place.url}/v1/key/{credential.token}/projects/{place.relais.project_id}"
    assert ask("GET", f"{key_url}/forms/household.xml").status == 404
    with database.transaction() as session:
        app_users.set_state(session, place.relais.project_id, credential.actor_id, "revoked")
    statuses = [phone.send(phone.finalize(instance(new_id()))).status for phone in phones]
    assert statuses == [403, 401]


def test_a_renewed_code_makes_the_old_one_worthless(place: Place) -> None:
    old = place.relais.new_phone()
    with place.relais.services.database.transaction() as session:
        new = app_users.renew(session, place.relais.services.secret, place.relais.project_id, old.actor_id)
    assert ask("GET", f"{place.url}/v1/key/{old.token}/projects/1/formList").status == 403
    with pytest.raises(FetchFailed):
        place.login_phone(old).refresh()
    assert place.phone(new).refresh().downloaded == ["household"]
    assert place.login_phone(new).refresh().downloaded == ["household"]
