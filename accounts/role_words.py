"""What roles are called on pages."""

from flask_babel import pgettext

# Those people give by hand, the strongest first; links, phones and the system have their own.
GIVEN_BY_HAND = ("admin", "manager", "reviewer", "viewer", "data-viewer", "formfill")


def role_name(system: str) -> str:
    """The name of a role in the language of the page."""
    names = {
        "admin": pgettext("role", "Administrator"),
        "manager": pgettext("role", "Project manager"),
        "reviewer": pgettext("role", "Reviewer"),
        "viewer": pgettext("role", "Reader"),
        "data-viewer": pgettext("role", "Reader of data without names"),
        "formfill": pgettext("role", "Data collector"),
        "app-user": pgettext("role", "Phone"),
    }
    return names.get(system, system)
