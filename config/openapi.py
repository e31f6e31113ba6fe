"""The OpenAPI 3.1 document, made from the routes, what is written beside their views (config.description), and marshmallow's
schemas. Pure: from a URL map to a dictionary."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, validate
from werkzeug.routing import Map, Rule

from config.description import Description, description_of

PREFIX = "/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Codes any operation may answer with: it could not be read, nobody was known, a right is missing, nothing is there.
EVERYWHERE = (400.1, 400.11, 400.22, 401.2, 401.3, 403.1, 404.1, 429)
OPEN_TO_ALL = (400.1, 400.11, 429)

_ARGUMENT = re.compile(r"<(?:(\w+)(?:\([^>]*\))?:)?(\w+)>")
_PLAIN: tuple[tuple[type[fields.Field[Any]], dict[str, Any]], ...] = (
    (fields.Integer, {"type": "integer"}),
    (fields.Float, {"type": "number"}),
    (fields.Boolean, {"type": "boolean"}),
    (fields.Url, {"type": "string", "format": "uri"}),
    (fields.String, {"type": "string"}),
)


@dataclass(frozen=True)
class Operation:
    """One method at one address."""

    method: str
    path: str
    name: str
    summary: str
    arguments: tuple[tuple[str, str], ...]
    description: Description
    repeatable: bool

    @property
    def group(self) -> str:
        """The kind of thing it is about: the last plain word of its address that names one."""
        words = [part for part in self.path.removeprefix(PREFIX).split("/") if part and not part.startswith(("{", "$"))]
        return next((GROUPS[word] for word in reversed(words) if word in GROUPS), "other")


# By the words of addresses, which are listed in the order of Central's manual.
GROUPS = {
    "sessions": "sessions",
    "users": "users",
    "user-preferences": "users",
    "roles": "roles and assignments",
    "assignments": "roles and assignments",
    "scopes": "roles and assignments",
    "projects": "projects",
    "app-users": "app users",
    "actor-properties": "app users",
    "key": "phones",
    "test": "phones",
    "formList": "phones",
    "submission": "phones",
    "forms": "forms",
    "draft": "drafts",
    "public-links": "public links",
    "submissions": "submissions",
    "comments": "submissions",
    "config": "the server",
    "audits": "the server",
    "analytics": "the server",
    "backup": "the server",
}


def operations(map_: Map, views: Mapping[str, Any]) -> list[Operation]:
    """Every described operation, by address."""
    found = []
    for rule in map_.iter_rules():
        description = description_of(views[rule.endpoint])
        if description is None or not rule.rule.startswith(PREFIX):
            continue
        view = views[rule.endpoint]
        summary = " ".join((view.__doc__ or "").split())
        for method in METHODS:
            if method in (rule.methods or ()):
                arguments = tuple((kind or "string", name) for kind, name in _ARGUMENT.findall(rule.rule))
                name = f"{rule.endpoint.replace('.', '_')}_{method.lower()}"
                repeatable = bool(getattr(view, "repeatable", False))
                found.append(Operation(method, address(rule), name, summary, arguments, description, repeatable))
    return sorted(found, key=lambda each: (each.path, METHODS.index(each.method)))


def address(rule: Rule) -> str:
    """A rule as OpenAPI writes addresses."""
    return _ARGUMENT.sub(r"{\2}", rule.rule)


def document(found: Iterable[Operation], *, server: str) -> dict[str, Any]:
    """The whole document."""
    schemas = _Components()
    paths: dict[str, dict[str, Any]] = {}
    names: dict[str, int] = {}
    for operation in found:
        names[operation.name] = names.get(operation.name, 0) + 1
        number = "" if names[operation.name] == 1 else f"_{names[operation.name]}"
        shown = _operation(operation, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = {
            "operationId": operation.name + number,
            **shown,
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Relais",
            "version": "1",
            "description": "ODK Central's REST API, and what Relais adds. Phones speak OpenRosa beside it.",
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}, {"basic": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.made, "Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
            },
        },
    }


_PROBLEM = {
    "type": "object",
    "description": "What went wrong: ODK Central's number, its sentence in English, facts for programs.",
    "required": ["code", "message"],
    "properties": {"code": {"type": "number"}, "message": {"type": "string"}, "details": {}},
}


def _operation(operation: Operation, schemas: "_Components") -> dict[str, Any]:
    description = operation.description
    shown: dict[str, Any] = {
        "summary": operation.summary.split(". ")[0].rstrip("."),
        "description": operation.summary,
        "tags": [operation.group],
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, schemas),
    }
    if description.body is not None:
        kind = description.body if isinstance(description.body, str) else "application/json"
        shown["requestBody"] = {"content": {kind: {"schema": schemas.of(description.body)}}}
    if description.public:
        shown["security"] = []
    return shown


def _parameters(operation: Operation, schemas: "_Components") -> list[dict[str, Any]]:
    description = operation.description
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer"} if kind == "int" else {"type": "string"},
        }
        for kind, name in operation.arguments
    ]
    for place, schema in (("query", description.query), ("header", description.headers)):
        if schema is not None:
            found += [
                {
                    "name": field.data_key or name,
                    "in": place,
                    "required": field.required,
                    "schema": schemas.field(field),
                }
                for name, field in schema.fields.items()
            ]
    if description.extended is not None:
        found.append(_header("X-Extended-Metadata", {"type": "string", "enum": ["true", "false"]}))
    if operation.method != "GET":
        found.append(_header("X-Action-Notes", {"type": "string"}))
    if operation.repeatable:
        found.append(_header("Idempotency-Key", {"type": "string", "maxLength": 255, "minLength": 1}))
    return found


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": schema}


def _responses(operation: Operation, schemas: "_Components") -> dict[str, Any]:
    description = operation.description
    codes = {*(OPEN_TO_ALL if description.public else EVERYWHERE), *description.problems}
    codes |= {400.6} if operation.method != "GET" else set()
    codes |= {400.36, 400.37} if operation.method in ("POST", "PUT", "PATCH") else set()
    codes |= {409.31, 409.32} if operation.repeatable else set()
    codes |= {404.1} if operation.arguments else set()
    found: dict[str, Any] = {str(description.status): _success(description, schemas)}
    if operation.method == "GET":
        found["304"] = {"description": "Not modified since the answer whose ETag came in If-None-Match."}
    for status in sorted({int(code) for code in codes}):
        listed = ", ".join(f"{code:g}" for code in sorted(codes) if int(code) == status)
        found[str(status)] = {"description": f"Problem {listed}.", "content": _problem_content(operation)}
    found["503"] = {
        "description": "The database is away, or the disk is full; it will pass.",
        "content": _problem_content(operation),
    }
    return found


def _problem_content(operation: Operation) -> dict[str, Any]:
    """JSON; where phones and OData programs ask for XML, XML."""
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    asks_xml = isinstance(operation.description.answer, str) and operation.description.answer.endswith("xml")
    if asks_xml or operation.path.startswith((PREFIX + "key/", PREFIX + "test/")):
        content["text/xml"] = {}
    return content


def _success(description: Description, schemas: "_Components") -> dict[str, Any]:
    if description.answer is None:
        return {"description": "Done."}
    kind = description.answer if isinstance(description.answer, str) else "application/json"
    shown = schemas.of(description.answer)
    if description.extended is not None:
        shown = {"anyOf": [shown, schemas.of(description.extended)]}
    return {"description": "OK", "content": {kind: {"schema": shown}}}


class _Components:
    """Schemas met so far, each once under its name."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def of(self, what: Schema | str) -> dict[str, Any]:
        """Where the schema of a body stands; content of a mere media type is anything."""
        if isinstance(what, str):
            return {}
        shown = self._reference(what)
        return {"type": "array", "items": shown} if what.many else shown

    def _reference(self, schema: Schema) -> dict[str, Any]:
        name = type(schema).__name__.removesuffix("Schema")
        if schema.only:
            name += "".join(sorted(part.title() for part in schema.only))
        if name not in self.made:
            # Named before its fields are read: a schema may hold itself.
            self.made[name] = {}
            self.made[name].update(self._object(schema))
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, schema: Schema) -> dict[str, Any]:
        shown: dict[str, Any] = {"type": "object", "description": " ".join((schema.__doc__ or "").split())}
        shown["properties"] = {field.data_key or name: self.field(field) for name, field in schema.fields.items()}
        required = [field.data_key or name for name, field in schema.fields.items() if field.required]
        return {**shown, "required": required} if required else shown

    def field(self, field: fields.Field[Any]) -> dict[str, Any]:
        """One field."""
        shown = self._kind(field)
        for rule in field.validators:
            if isinstance(rule, validate.OneOf):
                shown = {**shown, "enum": [*rule.choices, *([None] if field.allow_none else [])]}
        longest = getattr(field, "longest", None)
        if longest is not None and shown.get("type") == "string":
            shown = {**shown, "maxLength": longest}
        if field.allow_none and isinstance(shown.get("type"), str):
            shown = {**shown, "type": [shown["type"], "null"]}
        elif field.allow_none and "$ref" in shown:
            shown = {"anyOf": [shown, {"type": "null"}]}
        return shown

    def _kind(self, field: fields.Field[Any]) -> dict[str, Any]:
        own: dict[str, Any] | None = getattr(field, "openapi", None)
        if own is not None:
            return dict(own)
        special: tuple[tuple[type[fields.Field[Any]], Callable[[Any], dict[str, Any]]], ...] = (
            (fields.Nested, lambda nested: self.of(nested.schema)),
            (fields.List, lambda listed: {"type": "array", "items": self.field(listed.inner)}),
            (fields.Dict, self._dictionary),
            (fields.Constant, lambda constant: {"const": constant.constant}),
        )
        for kind, shown in special:
            if isinstance(field, kind):
                return shown(field)
        return next((dict(shown) for kind, shown in _PLAIN if isinstance(field, kind)), {})

    def _dictionary(self, field: fields.Dict) -> dict[str, Any]:
        values = field.value_field
        return {"type": "object", **({"additionalProperties": self.field(values)} if values is not None else {})}
