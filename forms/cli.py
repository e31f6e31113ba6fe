"""Commands about forms."""

from pathlib import Path

import click

from accounts.projects import get_project
from config.commands import result
from config.database import reading, transaction
from forms.bundled import prepare_file
from forms.publish import publish


@click.group()
def form() -> None:
    """Form definitions."""


@form.command("publish")
@click.argument("project_id", type=int)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--media", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the files the form names."
)
def form_publish(project_id: int, file: Path, media: Path | None) -> None:
    """Publish an XLSForm or XForm. The same again changes nothing; the same version with other content is refused."""
    with reading() as session:
        get_project(session, project_id)
    prepared = prepare_file(file, media)
    with transaction() as session:
        done = publish(session, project_id, prepared)
    for warning in done.warnings:
        click.echo(warning, err=True)
    shown = {
        "xmlFormId": done.xml_form_id,
        "version": done.version,
        "changed": done.changed,
        "warnings": list(done.warnings),
    }
    words = "is published" if done.changed else "was published before with the same content: nothing to do"
    result(shown, f"“{done.xml_form_id}” version “{done.version}” {words}.")
