"""What can be wrong with any request to the API; numbers and English messages are ODK Central's, character for character."""

from collections.abc import Iterable, Mapping
from typing import Any

from config.javascript import as_javascript, inspected
from config.problem import Problem


def unparseable(kind: str, length: int) -> Problem:
    """400.1: the bytes are not what they claim to be; `length` in characters."""
    return Problem(
        400.1,
        en=f"This is not readable {kind}. Check what was sent.",
        fr=f"Ceci n’est pas du {kind} lisible. Vérifiez l’envoi.",
        message=f"Could not parse the given data ({length} chars) as {kind}.",
        details={"format": kind, "rawLength": length},
    )


def missing_parameter(field: str) -> Problem:
    """400.2"""
    return Problem(
        400.2,
        en=f"“{field}” must not be empty.",
        fr=f"« {field} » ne doit pas être vide.",
        message=f"Required parameter {field} missing.",
        details={"field": field},
    )


class _Absent:
    """A key that was not sent: Central prints undefined for it, and leaves it out of JSON."""

    def __str__(self) -> str:
        return "undefined"


ABSENT = _Absent()


def missing_parameters(expected: Iterable[str], got: Mapping[str, Any]) -> Problem:
    """400.3; ABSENT stands for what was not sent."""
    names = list(expected)
    pairs = ", ".join(f"{key}: {inspected(value)}" for key, value in got.items())
    listed = ", ".join(names)
    return Problem(
        400.3,
        en=f"Some of these are missing: {listed}.",
        fr=f"Il en manque parmi : {listed}.",
        message=f"Required parameters missing. Expected ({listed}), got ({pairs}).",
        details={"expected": names, "got": {key: value for key, value in got.items() if value is not ABSENT}},
    )


def unexpected_attribute(field: str) -> Problem:
    """400.4"""
    return Problem(
        400.4,
        en=f"“{field}” cannot be given here.",
        fr=f"« {field} » ne peut pas être donné ici.",
        message=f"Passed parameter {field} was not expected.",
        details={"field": field},
    )


def invalid_header(field: str, value: str | _Absent | None = ABSENT) -> Problem:
    """400.6"""
    message = f"An expected header field ({field}) did not match the expected format"
    details: dict[str, Any] = {"field": field}
    if not isinstance(value, _Absent):
        details["value"] = value
        message += f" (got: {'[nothing]' if value is None else value})"
    return Problem(
        400.6,
        en=f"The header {field} is missing or not as expected.",
        fr=f"L’en-tête {field} manque ou n’est pas conforme.",
        message=message + ".",
        details=details,
    )


def unexpected_value(field: str, value: Any, reason: str, fr: str = "") -> Problem:
    """400.8: a value that cannot be; `fr` is the reason in French for people who read it."""
    return Problem(
        400.8,
        en=f"“{field}” cannot be {as_javascript(value)[:80]}: {reason}",
        fr=f"« {field} » ne peut pas être {as_javascript(value)[:80]} : {fr or reason}",
        message=f"Unexpected {field} value {as_javascript(value)}; {reason}",
        details={"field": field, **({} if value is ABSENT else {"value": value}), "reason": reason},
    )


def wrong_type(expected: str, *, field: str = "", value: Any = None) -> Problem:
    """400.11: named by its field, or shown by its value."""
    shown = f"({field})" if field else f'"{as_javascript(value)}"'
    named = {"field": field} if field else {} if value is ABSENT else {"value": value}
    return Problem(
        400.11,
        en=f"{shown} should be of the type {expected}.",
        fr=f"{shown} devrait être du type {expected}.",
        message=f"Invalid input data type: expected {shown} to be ({expected})",
        details={**named, "expected": expected},
    )


def value_too_long(longest: int) -> Problem:
    """400.13"""
    return Problem(
        400.13,
        en=f"A text is longer than {longest} characters. Shorten it.",
        fr=f"Un texte dépasse {longest} caractères. Raccourcissez-le.",
        message="Length of value too long for a field",
        details={"maxLength": str(longest)},
    )


def key_does_not_exist(field: str, value: Any, table: str) -> Problem:
    """400.14"""
    return Problem(
        400.14,
        en=f"There is no {field} {value}.",
        fr=f"Il n’y a pas de {field} {value}.",
        message=f"The given {field} {as_javascript(value)} for {table} does not exist.",
        details={"field": field, "value": value, "table": table},
    )


def out_of_range(value: str, kind: str = "integer") -> Problem:
    """400.22"""
    return Problem(
        400.22,
        en=f"{value[:40]} is too large a number.",
        fr=f"{value[:40]} est un nombre trop grand.",
        message=f"Provided value '{value}' is out of range for type '{kind}'",
        details={"value": value, "type": kind},
    )


def property_not_found(name: str) -> Problem:
    """400.23"""
    return Problem(
        400.23,
        en=f"“{name}” is missing.",
        fr=f"« {name} » manque.",
        message=f"Could not find a property named '{name}'",
        details={"property": name},
    )


def unexpected_attributes(expected: Iterable[str], actual: Iterable[str]) -> Problem:
    """400.31"""
    return _unexpected(400.31, "parameters", list(expected), list(actual))


def unexpected_properties(expected: Iterable[str], actual: Iterable[str]) -> Problem:
    """400.33"""
    return _unexpected(400.33, "properties", list(expected), list(actual))


def _unexpected(code: float, what: str, expected: list[str], actual: list[str]) -> Problem:
    return Problem(
        code,
        en=f"Only these can be given: {', '.join(expected)}.",
        fr=f"On ne peut donner que : {', '.join(expected)}.",
        message=f"Expected {what}: ({', '.join(expected)}). Got ({', '.join(actual)}).",
        details={"expected": expected, "actual": actual},
    )


def request_too_large() -> Problem:
    """400.36: a JSON body over the limit."""
    return Problem(
        400.36,
        en="This request is too large. Send less at once.",
        fr="Cette demande est trop volumineuse. Envoyez moins à la fois.",
        message="Request body too large.",
    )


def encoding_not_supported() -> Problem:
    """400.37"""
    return Problem(
        400.37,
        en="The request is encoded in a way that is not read here. Use UTF-8, as it is or with gzip.",
        fr="La demande est encodée d’une façon inconnue ici. Utilisez UTF-8, tel quel ou avec gzip.",
        message="Encoding not supported.",
    )


def invalid_range() -> Problem:
    """400.42"""
    return Problem(
        400.42,
        en="The end lies before the start. Swap them.",
        fr="La fin est avant le début. Inversez-les.",
        message="There is a problem with a range specification. Perhaps start and end have been swapped?",
    )


def https_only() -> Problem:
    """401.3"""
    return Problem(
        401.3,
        en="A password may not travel unprotected over this network. Use https, or sign in for a token.",
        fr="Un mot de passe ne peut pas circuler sans protection sur ce réseau. Utilisez https ou un jeton.",
        message="This authentication method is only available over HTTPS",
    )


def missing_version() -> Problem:
    """404.2"""
    return Problem(
        404.2,
        en="Addresses of the API begin with /v1/.",
        fr="Les adresses de l’API commencent par /v1/.",
        message="Expected an API version (eg /v1) at the start of the request URL.",
    )


def unexpected_version(got: str) -> Problem:
    """404.3"""
    return Problem(
        404.3,
        en=f"There is no version {got} of this API, only 1.",
        fr=f"Cette API n’a pas de version {got}, seulement la 1.",
        message=f"Unexpected an API version (accepts: 1) (got: {got}).",
        details={"got": got},
    )


def uniqueness_violation(fields: Iterable[str], values: Iterable[Any], table: str = "") -> Problem:
    """409.3"""
    names, given = list(fields), [as_javascript(value) for value in values]
    return Problem(
        409.3,
        en=f"“{', '.join(given)}” exists already. Choose another.",
        fr=f"« {', '.join(given)} » existe déjà. Choisissez-en un autre.",
        message=f"A resource already exists with {','.join(names)} value(s) of {','.join(given)}.",
        details={"fields": names, "values": given, **({"table": table} if table else {})},
    )


def already_active(feature: str) -> Problem:
    """409.4"""
    return Problem(
        409.4,
        en="This is switched on already.",
        fr="C’est déjà activé.",
        message=f"Could not activate feature ({feature}) as it was already activated",
        details={"feature": feature},
    )


def not_implemented(feature: str) -> Problem:
    """501.1: a part of a standard that no server of this kind answers."""
    return Problem(
        501.1,
        en=f"{feature} is not available here.",
        fr=f"{feature} n’est pas disponible ici.",
        message=f"The requested feature {feature} is not supported by this server.",
        details={"feature": feature},
    )


def unexpected_forms_list() -> Problem:
    """501.2"""
    return Problem(
        501.2,
        en="All forms of the project must be given, each once, and no others. Nothing was changed.",
        fr="Il faut donner tous les formulaires du projet, une fois chacun, et rien d’autre. Rien n’a été changé.",
        message="This endpoint does not allow creation or deletion of forms. Please check that you have sent the correct "
        "detail for all forms in this project.",
    )
