"""Pages (being written)."""

from flask import Blueprint

pages = Blueprint(__name__.replace(".", "_"), __name__)
