"""What roles are called on pages."""

from flask_babel import gettext, pgettext

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


def role_meaning(system: str) -> str:
    """What a role lets do, in a sentence."""
    meanings = {
        "admin": gettext("Everything, everywhere: projects, people, settings."),
        "manager": gettext("Prepares forms and phones, decides about submissions, gives roles in the project."),
        "reviewer": gettext("Reads submissions, comments on them, decides about them."),
        "viewer": gettext("Reads submissions and takes data away."),
        "data-viewer": gettext("Takes data away without names and telephones; reads no single submission."),
        "formfill": gettext("Sends from a phone with an e-mail and a password; reads nothing."),
    }
    return meanings.get(system, "")
