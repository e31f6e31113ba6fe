"""What can be wrong with an OData request; codes and English messages as ODK Central's."""

from config.problem import Problem

_FR_FILTER = "Le filtre de cette adresse n’est pas utilisable"


def unparseable_filter(reason: str) -> Problem:
    """400.18: not an expression."""
    return Problem(
        400.18,
        en=f"The filter in this address cannot be read: {reason}.",
        fr=f"Le filtre de cette adresse est illisible : {reason}.",
        message=f"The OData filter expression you provided could not be parsed: {reason}",
        details={"reason": reason},
    )


def select_inside_repeat(name: str) -> Problem:
    """400.24: `$select` names something inside a repeat of the table."""
    return Problem(
        400.24,
        en=f"“{name}” lies inside a repeat: select it in the repeat's own table.",
        fr=f"« {name} » est dans une répétition : choisissez-le dans la table de cette répétition.",
        message=f"The given OData select property '{name}' uses features not supported by this server.",
        details={"property": name},
    )


def token_row_gone() -> Problem:
    """400.34: the row that the next page begins after is not there any more."""
    return Problem(
        400.34,
        en="The row this page continues from is gone. Begin again with the first page.",
        fr="La ligne d’où cette page repart n’existe plus. Recommencez à la première page.",
        message="Record associated with the provided $skiptoken not found.",
    )


def bad_token() -> Problem:
    """400.35: not a `$skiptoken` of this server."""
    return Problem(
        400.35,
        en="The page mark in this address is not one of this server's. Begin again with the first page.",
        fr="La marque de page de cette adresse n’est pas de ce serveur. Recommencez à la première page.",
        message="Invalid $skiptoken",
    )


def bad_number(name: str, value: str) -> Problem:
    """400.8: `$top` or `$skip` is no number, or less than nothing."""
    return Problem(
        400.8,
        en=f"{name} must be a whole number from 0 on, not “{value}”.",
        fr=f"{name} doit être un nombre entier à partir de 0, et non « {value} ».",
        message=f"Unexpected {name} value {value}; it must be a non-negative integer",
        details={"field": name, "value": value, "reason": "it must be a non-negative integer"},
    )


def unacceptable_format(allowed: tuple[str, ...], got: str) -> Problem:
    """406.1: JSON was asked for where there is XML only, or the other way round."""
    names = ",".join(allowed)
    return Problem(
        406.1,
        en=f"This address answers in these formats only: {names}.",
        fr=f"Cette adresse ne répond que dans ces formats : {names}.",
        message=f"Requested format not acceptable; this resource allows: {names}.",
        details={"allowed": list(allowed), "got": got},
    )


def unsupported_expression(at: int, kind: str, text: str) -> Problem:
    """501.4: the filter uses a part of OData that is not done here."""
    return Problem(
        501.4,
        en=f"The filter uses something this server cannot do: “{text}”.",
        fr=f"{_FR_FILTER} : ce serveur ne sait pas faire « {text} ».",
        message=f'The given OData filter expression uses features not supported by this server: {kind} at {at} ("{text}")',
        details={"at": at, "type": kind, "text": text},
    )


def unsupported_field(text: str, at: int | None = None) -> Problem:
    """501.5: a filter or order names what cannot be filtered or ordered by."""
    place = "" if at is None else f" at {at}"
    details = {"text": text} if at is None else {"at": at, "text": text}
    return Problem(
        501.5,
        en=f"Rows cannot be chosen or ordered by “{text}”.",
        fr=f"On ne peut ni choisir ni trier les lignes par « {text} ».",
        message=f"The given OData filter expression references fields not supported by this server: {text}{place}",
        details=details,
    )


def unsupported_expand(text: str) -> Problem:
    """501.6: only everything can be expanded."""
    return Problem(
        501.6,
        en=f"“$expand={text}” is not possible here: only “$expand=*” is.",
        fr=f"« $expand={text} » n’est pas possible ici : seulement « $expand=* ».",
        message=(
            f'The given OData expand expression is not supported by this server: "{text}". '
            'Currently, only "$expand=*" is supported.'
        ),
        details={"text": text},
    )


def select_with_expand() -> Problem:
    """501.11"""
    return Problem(
        501.11,
        en="$select and $expand cannot be used together.",
        fr="$select et $expand ne vont pas ensemble.",
        message="This server doesn't support $select query parameter with $expand.",
    )
