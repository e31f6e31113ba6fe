"""The query of an OData address, read and checked. Pure."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from collector.odata.errors import (
    bad_number,
    bad_token,
    select_inside_repeat,
    select_with_expand,
    unacceptable_format,
    unsupported_expand,
    unsupported_field,
)
from collector.odata.names import identifier, parent_key
from collector.odata.rows import Shape
from config.api_answers import is_true
from config.api_errors import not_implemented, property_not_found, wrong_type
from forms.xform import FormDefinition, Table

_KNOWN = (
    "$format",
    "$count",
    "$skip",
    "$top",
    "$filter",
    "$wkt",
    "$expand",
    "$select",
    "$skiptoken",
    "$orderby",
    "$search",
)
_JSON = re.compile(r"(^|,)(application/json|json)($|;|,)", re.IGNORECASE)
_XML = re.compile(r"(^|,)(application/(atom(svc)?\+)?xml|atom|xml)($|;|,)", re.IGNORECASE)
_FORMATS = {"json": ("application/json", "json"), "xml": ("application/xml", "atom")}
# One more of it still fits a database's counter.
_MOST = 2**62
_SYSTEM = {
    "__system",
    *(
        f"__system/{name}"
        for name in (
            *("submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent", "status"),
            *("attachmentsExpected", "reviewState", "deviceId", "edits", "formVersion", "deletedAt"),
        )
    ),
}


def refuse_unsupported(query: Mapping[str, str], accept: str, *, answers_in: str) -> None:
    """Problem 406.1, 501.1, 501.6 or 501.11 for what this server does not do; `answers_in` is json or xml."""
    asked = query.get("$format") or accept
    wrong = _XML if answers_in == "json" else _JSON
    if wrong.search(asked):
        raise unacceptable_format(_FORMATS[answers_in], asked)
    for name in query:
        if name not in _KNOWN:
            raise not_implemented(name)
    expand = query.get("$expand")
    if expand and expand != "*":
        raise unsupported_expand(expand)
    if expand and query.get("$select"):
        raise select_with_expand()


@dataclass(frozen=True, slots=True)
class Order:
    """One part of `$orderby`: a property and its direction."""

    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a table. `token` is what `$skiptoken` holds; it makes `skip` void."""

    top: int | None
    skip: int
    count: bool
    filter: str | None
    orders: tuple[Order, ...]
    token: Mapping[str, Any] | None
    expand: bool
    wkt: bool
    select: str | None


def read_options(query: Mapping[str, str]) -> Options:
    """Problem 400.8, 400.11, 400.35 or 501.1 for what cannot be."""
    token = _read_token(query["$skiptoken"]) if "$skiptoken" in query else None
    orders = tuple(_order(part) for part in query["$orderby"].split(",")) if query.get("$orderby") else ()
    if orders and token is not None and "skip" not in token:
        raise not_implemented("using $orderby and $skiptoken together")
    select = query.get("$select")
    return Options(
        top=_number(query, "$top"),
        skip=(_number(query, "$skip") or 0) if token is None else int(token.get("skip", 0)),
        count=is_true(query.get("$count")),
        filter=query.get("$filter"),
        orders=orders,
        token=token,
        expand=query.get("$expand") == "*",
        wkt=is_true(query.get("$wkt")),
        select=None if select == "*" else select or None,
    )


def _number(query: Mapping[str, str], name: str) -> int | None:
    """Read as JavaScript reads it in ODK Central: what follows the digits does not matter."""
    if name not in query:
        return None
    found = re.match(r"\s*([+-]?)([0-9]+)", query[name])
    if found is None:
        raise wrong_type("type bigint", value="NaN")
    digits = found[2].lstrip("0") or "0"
    if found[1] == "-" and digits != "0":
        raise bad_number(name, query[name])
    return _MOST if len(digits) > len(str(_MOST)) else min(int(digits), _MOST)


def _order(part: str) -> Order:
    name, _, direction = part.strip().partition(" ")
    direction = direction.strip()
    if direction.lower() not in ("", "asc", "desc"):
        raise unsupported_field(direction)
    return Order(name, direction.lower() == "desc")


# Central's form; what a token holds is nobody else's business, but its clients have stored some.
_TOKEN = "01"  # noqa: S105 - not a secret
# Ours, for pages of an order that no row's place tells: how many rows come before.
_COUNT_TOKEN = "02"  # noqa: S105 - not a secret


def write_token(holds: Mapping[str, Any]) -> str:
    """A `$skiptoken`."""
    version = _COUNT_TOKEN if "skip" in holds else _TOKEN
    return version + base64.b64encode(json.dumps(holds, separators=(",", ":"), ensure_ascii=False).encode()).decode()


def _read_token(token: str) -> Mapping[str, Any]:
    # A client that did not encode it loses its plus signs.
    version, encoded = token[:2], token[2:].strip().replace(" ", "+")
    try:
        holds = orjson.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except ValueError:
        raise bad_token() from None
    allowed = ("skip",) if version == _COUNT_TOKEN else ("instanceId", "repeatId") if version == _TOKEN else ()
    if not isinstance(holds, dict) or not any(name in holds for name in allowed):
        raise bad_token()
    if version == _COUNT_TOKEN:
        if not isinstance(holds["skip"], int) or not 0 <= holds["skip"] <= _MOST:
            raise bad_token()
    elif not all(isinstance(holds.get(name, ""), str) and "\0" not in holds.get(name, "") for name in allowed):
        raise bad_token()
    return holds


def shape_of(definition: FormDefinition, table: Table, options: Options) -> Shape:
    """What of the table is shown; Problem 400.23 or 400.24 for a `$select` of what it does not have."""
    if options.select is None:
        return Shape(expand=options.expand, wkt=options.wkt)
    names = [name.strip() for name in options.select.split(",")]
    own = {"__id", *(_SYSTEM if table.number == 0 else {parent_key(definition, table)})}
    fields = {table.path[:end] for end in _ends(table.path)}
    for name in names:
        if name not in own:
            fields |= _selected(definition, table, name)
    metadata = frozenset(name for name in names if name.startswith("__"))
    return Shape(frozenset(fields), metadata, options.expand, options.wkt)


def _selected(definition: FormDefinition, table: Table, name: str) -> set[str]:
    """The paths that a property brings: itself, the groups it lies in, what lies in it if it is a group."""
    named = {_identified(each.path): each for each in reversed(definition.fields)}
    field = named.get(f"{_identified(table.path)}/{name}")
    if field is None:
        raise property_not_found(name)
    above = {field.path[:end] for end in _ends(field.path) if len(table.path) < end < len(field.path)}
    if any(each.type == "repeat" for each in definition.fields if each.path in above):
        raise select_inside_repeat(name)
    paths = {*above, field.path}
    if field.type != "repeat" and field.column_no is None:
        paths |= {
            each.path
            for each in definition.fields
            if each.path.startswith(f"{field.path}/")
            and _table_around(definition, each.table_no, each.type) == field.table_no
        }
    return paths


def _identified(path: str) -> str:
    return "/".join(map(identifier, path.split("/")))


def _table_around(definition: FormDefinition, table_no: int, kind: str) -> int | None:
    """The table whose rows a field belongs to; a repeat belongs to those around it."""
    return definition.tables[table_no].parent if kind == "repeat" else table_no


def _ends(path: str) -> list[int]:
    return [*(place for place, mark in enumerate(path) if mark == "/" and place), len(path)]
