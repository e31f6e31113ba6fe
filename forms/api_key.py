"""Encrypting a project, with ODK Central's address and fields."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from accounts.errors import password_too_short
from accounts.models import Project
from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing, demand
from config.api_errors import already_active, missing_parameter, wrong_type
from config.database import reading
from config.description import describe
from config.json_body import json_body
from forms.encryption import FEATURE, encrypt_project
from forms.schemas import PassphraseSchema

api = Blueprint("forms_key_api", __name__, url_prefix="/v1/projects/<int:project_id>/key")
SHORTEST = 10


@api.post("")
@describe(answer=SuccessSchema(), body=PassphraseSchema(), problems=(400.2, 400.11, 400.21, 409.4))
def encrypt(project_id: int) -> ResponseReturnValue:
    """Encrypt what is collected from now on; only this passphrase will open it, and there is no way back."""
    from forms.managed_key import make_managed_key

    person = api_caller()
    given = json_body()
    with reading() as session:
        demand(session, person, "project.update", project_id)
        if session.get_one(Project, project_id).key_id is not None:
            raise already_active(FEATURE)
    passphrase, hint = given.get("passphrase"), given.get("hint")
    if passphrase in (None, ""):
        raise missing_parameter("passphrase")
    for value in (passphrase, hint):
        if value is not None and not isinstance(value, str):
            raise wrong_type("string", value=value)
    if len(passphrase) < SHORTEST:
        raise password_too_short(SHORTEST)
    # Takes a fifth of a second: nobody waits for it.
    key = make_managed_key(passphrase)
    with changing() as session:
        demand(session, person, "project.update", project_id)
        encrypt_project(session, session.get_one(Project, project_id), key, hint, by=person.actor_id)
    return jsonify(success=True)
