"""The settings QR: its text and what Collect makes of it (C60 to C66)."""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass

from tests.handset.contract import ContractBroken, demand

LONGEST = 4000
_UPDATE_MODES = {"manual", "previously_downloaded", "match_exactly"}


@dataclass(frozen=True)
class Settings:
    """The settings a phone acts on; the rest of the code is for people."""

    server_url: str
    username: str | None
    password: str | None
    form_update_mode: str
    project_name: str | None


def read_settings(text: str) -> Settings:
    """Decode the QR text; ContractBroken when Collect would refuse it or fall back to somebody else's server."""
    demand(len(text) <= LONGEST, "C60", f"the code has {len(text)} characters, Collect refuses more than {LONGEST}")
    try:
        content = json.loads(zlib.decompress(base64.b64decode(text, validate=True)).decode("utf-8"))
    except (binascii.Error, zlib.error, ValueError) as failure:
        raise ContractBroken("C60", f"the code is not Base64 of zlib of JSON: {failure}") from failure
    demand(isinstance(content, dict), "C61", "the code is not a JSON object")
    for name in ("general", "admin"):
        demand(isinstance(content.get(name), dict), "C61", f"no object {name!r}")
    project = content.get("project", {})
    demand(isinstance(project, dict), "C61", "project is not an object")
    for name, value in project.items():
        demand(isinstance(value, str), "C61", f"project.{name} is not a text")
    general = content["general"]
    for name in ("server_url", "username", "password", "form_update_mode", "autosend"):
        demand(isinstance(general.get(name, ""), str), "C61", f"general.{name} is not a text")
    demand(general.get("server_url"), "C65", "no server_url: the phone would use demo.getodk.org")
    mode = general.get("form_update_mode", "manual")
    return Settings(
        general["server_url"],
        general.get("username") or None,
        general.get("password") or None,
        mode if mode in _UPDATE_MODES else "manual",
        project.get("name"),
    )
