"""What rights are given on and events are about, by the names ODK Central's wire uses (`acteeId`): UUIDs, and * for the site."""

from uuid import UUID, uuid5

EVERYTHING = "*"


def actee_of_form(project_uid: str, form_id: int) -> str:
    """A form's: made from its project's, so that no table of all actees is needed. A project's and an actor's is its uid."""
    return str(uuid5(UUID(project_uid), f"form {form_id}"))
