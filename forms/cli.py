"""Commands about forms."""

from pathlib import Path

import click

from accounts.projects import get_project
from config.commands import result
from config.database import reading, transaction
from config.problem import LANGUAGES
from config.services import services
from forms.bundled import files_beside, prepare_file
from forms.compiler import compile_form
from forms.lint import compare
from forms.publish import publish
from forms.queries import current_xform
from forms.xform import parse_xform


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


@form.command("check")
@click.argument("project_id", type=int)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--media", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the files the form names."
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the remarks; the installation's unless given.")
def form_check(project_id: int, file: Path, media: Path | None, language: str | None) -> None:
    """Say what is odd about a form, and what it would do to the data of the version before. Publishes nothing."""
    compiled = compile_form(file.read_bytes(), file.name)
    definition = parse_xform(compiled.xform)
    with reading() as session:
        get_project(session, project_id)
        previous = current_xform(session, project_id, definition.xml_form_id)
    files = files_beside(compiled.xform, media)
    findings = [*compiled.findings, *compare(compiled.xform, compiled.tables, files=files, previous=previous)]
    spoken = language or services().settings.language
    for finding in findings:
        click.echo(f"{finding.severity:<8} {finding.rule}: {finding.sentence(spoken)}", err=True)
    shown = [
        {
            "rule": finding.rule,
            "severity": finding.severity,
            "en": finding.en,
            "fr": finding.fr,
            "path": finding.path,
            **finding.place.known(),
        }
        for finding in findings
    ]
    missing = sorted({slot.name for slot in definition.slots} - files.keys() - {"itemsets.csv"})
    facts = {"xmlFormId": definition.xml_form_id, "version": definition.version, "missing": missing, "findings": shown}
    result(
        facts, f"“{definition.xml_form_id}” version “{definition.version}” can be published: {len(findings)} remarks."
    )
