"""Giving an XForm a public key, so that phones encrypt what is filled in. Pure; no other byte of it changes."""

import base64
import time
from collections.abc import Sequence

from forms.errors import xform_unreadable
from forms.start_tag import find_tag, with_attribute

MARK = "[encrypted:"
_MODEL = ["html", "head", "model"]


def with_public_key(xform: bytes, public: str) -> bytes:
    """`xform` with `base64RsaPublicKey`; for a form without a key of its own. Problem 400.1 for what has no model."""
    submission = find_tag(xform, opening=lambda around, name: list(around) == _MODEL and name == "submission")
    if submission is not None:
        return with_attribute(xform, submission, "base64RsaPublicKey", public)
    end = find_tag(xform, closing=_is_model)
    if end is None:
        raise xform_unreadable(
            "This form has no model, so it cannot be encrypted.",
            "Ce formulaire n’a pas de modèle : il ne peut pas être chiffré.",
            len(xform),
        )
    return xform[:end] + b'<submission base64RsaPublicKey="%b"/>' % public.encode() + xform[end:]


def _is_model(around: Sequence[str], name: str) -> bool:
    return [*around, name] == _MODEL


def version_suffix() -> str:
    """What tells an encrypted version from its plain twin: phones must see that the form has changed. ODK Central's, but
    never with the `+` or `/` that addresses stumble over."""
    moment = int(time.time() * 1000)
    while True:
        text = base64.b64encode(moment.to_bytes(6, "big")).decode()
        if "+" not in text and "/" not in text:
            return f"{MARK}{text}]"
        moment += 1
