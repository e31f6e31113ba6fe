"""What the API can do, for programs (/v1/openapi.json) and for people (/v1/docs): made from the routes of the running app."""

from itertools import groupby

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from config.address import base_url
from config.description import describe
from config.errors import page_not_found
from config.openapi import Operation, document, operations

api = Blueprint("api_docs", __name__, url_prefix="/v1", template_folder="templates")


def _all() -> list[Operation]:
    return operations(current_app.url_map, current_app.view_functions)


@api.get("/openapi.json")
@describe(answer="application/json", public=True)
def show_document() -> ResponseReturnValue:
    """This API as an OpenAPI 3.1 document."""
    return jsonify(document(_all(), server=base_url()))


@api.get("/docs")
@describe(answer="text/html", public=True)
def show_index() -> ResponseReturnValue:
    """What the API can do, on one page."""
    found = sorted(_all(), key=lambda each: each.group)
    groups = [(name, list(members)) for name, members in groupby(found, key=lambda each: each.group)]
    return Response(render_template("api/index.html", groups=groups), mimetype="text/html")


@api.get("/docs/<segment:group>")
@describe(answer="text/html", public=True)
def show_group(group: str) -> ResponseReturnValue:
    """One part of the API, operation by operation."""
    found = [each for each in _all() if each.group == group]
    if not found:
        raise page_not_found()
    whole = document(found, server=base_url())
    shown = [(each, whole["paths"][each.path][each.method.lower()]) for each in found]
    return Response(
        render_template("api/group.html", group=group, shown=shown, schemas=whole["components"]["schemas"]),
        mimetype="text/html",
    )
